use super::*;

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn on24_13_the_answer_echoes_what_was_sent_and_the_identifiers() {
    let desk = Desk::new();
    let fields = [
        ("FirstName", "Grace"),
        ("LASTNAME", "O'Neill & Sons"),
        ("email", "Grace+rust@Example.com"),
        ("workPhone", "123 456 7890"),
        ("fax", "456.7891"),
        ("extEventUserCd", "wb:1"),
        ("jobtitle", ""),
        ("unheardof", "x"),
    ];
    let (status, body) = desk.post("?honorrequired=N&honorvalidation=N", &fields).await;
    let id = body["eventuserid"].as_i64().unwrap();
    let echo = json!({
        "firstname": "Grace", "lastname": "O'Neill & Sons", "email": "Grace+rust@Example.com",
        "workphone": "(123)-456-7890", "fax": "456-7891", "exteventusercd": "wb:1",
        "eventid": desk.event, "eventuserid": id,
    });
    assert_eq!((status, body), (200, echo));
}

#[tokio::test]
async fn on24_14_the_same_address_is_the_same_registrant() {
    let desk = Desk::new();
    let fields =
        [("firstname", "Ada"), ("lastname", "L"), ("email", "Ada@Example.com"), ("partnerref", "one")];
    let id = desk.post("", &fields).await.1["eventuserid"].as_i64().unwrap();
    let before = desk.registrants("").await.remove(0);
    desk.clock.advance(DAY);
    let fields = [
        ("firstname", "Ada"),
        ("lastname", "M"),
        ("email", "ADA@example.COM"),
        ("company", "A & B"),
        ("partnerref", "two"),
    ];
    let (_, body) = desk.post("", &fields).await;
    assert_eq!(body["eventuserid"], id);
    assert_eq!(
        (&body["lastname"], &body["partnerref"], &body["email"]),
        (&json!("M"), &json!("one"), &json!("Ada@Example.com")),
        "the answer has what is kept"
    );
    let after = desk.registrants("").await;
    assert_eq!(after.len(), 1);
    let after = &after[0];
    assert_eq!(
        (&after["lastname"], &after["company"], &after["partnerref"]),
        (&json!("M"), &json!("A & B"), &json!("one"))
    );
    assert_eq!(
        (&after["createtimestamp"], &after["email"]),
        (&before["createtimestamp"], &json!("Ada@Example.com"))
    );
    assert_ne!(after["lastactivity"], before["lastactivity"]);
}

#[tokio::test]
async fn on24_13_every_documented_field_is_taken_kept_and_echoed() {
    let desk = Desk::new();
    let texts = "firstName lastName company jobTitle addressStreet1 addressStreet2 city state zip jobFunction \
        companyIndustry companySize userName extEventUserCd partnerRef other notes emailformat std1 std2 std3 std4 \
        std5 std6 std7 std8 std9 std10";
    let mut fields: Vec<(String, &str)> =
        texts.split_whitespace().map(|name| (name.to_owned(), "Ä & 1")).collect();
    for (name, value) in [
        ("email", "ada@example.com"),
        ("country", "Japan"),
        ("homePhone", "(123)-456-7890"),
        ("workPhone", "765-4321"),
        ("fax", "456-7891"),
        ("marketingEmail", "N"),
        ("eventEmail", "Y"),
    ] {
        fields.push((name.to_owned(), value));
    }
    let sent: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let mut expected: serde_json::Map<String, Value> =
        fields.iter().map(|(name, value)| (name.to_lowercase(), json!(value))).collect();
    let (status, echo) = desk.post("", &sent).await;
    expected.insert("eventid".to_owned(), json!(desk.event));
    expected.insert("eventuserid".to_owned(), echo["eventuserid"].clone());
    assert_eq!((status, echo), (200, Value::Object(expected.clone())));
    assert_eq!(desk.patch("", &sent).await, (200, Value::Object(expected.clone())));
    for name in ["eventid", "eventuserid", "email"] {
        expected.remove(name);
    }
    assert_eq!(desk.state()[0]["fields"], Value::Object(expected));
}

#[tokio::test]
async fn on24_13_phones_are_set_in_groups_and_short_ones_refused() {
    let desk = Desk::new();
    let path = desk.event_path("registrant");
    for (typed, kept) in [
        ("765-4321", "765-4321"),
        ("+1 (23) 456 7890", "(123)-456-7890"),
        ("123 456 7890", "(123)-456-7890"),
        ("+49 30 1234567", "49301234567"),
    ] {
        let fields = [("firstname", "A"), ("lastname", "B"), ("email", "a@b.example"), ("homePhone", typed)];
        let answer = desk.on24.handle(desk.signed(Call::form(Method::POST, &path, &form(&fields)))).await;
        assert_eq!(
            (answer.status.as_u16(), answer.headers["content-type"].to_str().unwrap()),
            (200, "application/json; charset=utf-8")
        );
        let echo: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(echo["homephone"], kept, "{typed}");
        assert!(echo["eventid"].is_i64() && echo["eventuserid"].is_i64());
    }
    let fields = [("firstname", "A"), ("lastname", "B"), ("email", "a@b.example"), ("homephone", "12345")];
    assert_eq!(desk.post("", &fields).await.0, 400);
}

#[tokio::test]
async fn on24_13_by_switch_the_answer_shows_all_that_is_known() {
    let desk = Desk::new();
    desk.register("ada@example.com").await;
    let company = [("email", "ADA@example.com"), ("company", "Engines")];
    let (_, echo) = desk.patch("", &company).await;
    assert!(echo.get("firstname").is_none() && echo["email"] == "ada@example.com");
    desk.set(&json!({ "answers_whole": true }));
    let (_, echo) = desk.patch("", &company).await;
    assert_eq!(
        (&echo["firstname"], &echo["lastname"], &echo["email"], &echo["company"], &echo["eventid"]),
        (&json!("Ada"), &json!("Lovelace"), &json!("ada@example.com"), &json!("Engines"), &json!(desk.event))
    );
}

#[tokio::test]
async fn on24_14_by_switch_letter_case_tells_people_apart() {
    let desk = Desk::new();
    desk.set(&json!({ "case_sensitive_emails": true }));
    let lower = desk.register("ada@example.com").await;
    let upper = desk.register("ADA@example.com").await;
    assert_ne!(lower, upper);
    assert_eq!(desk.register("ADA@example.com").await, upper);
    desk.forget(&[("email", "ada@example.com")]).await;
    desk.set(&json!({ "case_sensitive_emails": false }));
    assert_eq!(desk.register("Ada@Example.com").await, upper, "the one who is still there");
    assert_eq!(desk.state().len(), 2);
}

#[tokio::test]
async fn on24_14_another_event_makes_another_registrant() {
    let desk = Desk::new();
    let other = desk.on24.add_event(Webinar::new("Second", desk.clock.now() + DAY, 30));
    let id = desk.register("ada@example.com").await;
    let path = desk.path(&format!("event/{other}/registrant"));
    let (status, body) =
        desk.send(Call::form(Method::POST, &path, "email=ada%40example.com&firstname=A&lastname=B")).await;
    assert_eq!((status, &body["eventid"]), (200, &json!(other)));
    assert_ne!(body["eventuserid"], id);
    let (_, latest) = desk.get(&desk.path("registrant/ada%40example.com")).await;
    assert_eq!(
        (&latest["registrant"]["eventid"], &latest["registrant"]["clientid"]),
        (&json!(other), &json!(desk.on24.account().client_id()))
    );
    let (_, first) =
        desk.get(&desk.path(&format!("registrant/ADA%40example.com?eventid={}", desk.event))).await;
    assert_eq!(first["registrant"]["eventuserid"], id);
}

#[tokio::test]
async fn on24_18_amending_changes_what_is_sent_and_nothing_else() {
    let desk = Desk::new();
    let id = desk.register("ada@example.com").await;
    let fields = [
        ("email", "ADA@example.com"),
        ("company", "Engines"),
        ("lastname", ""),
        ("isdeleted", "Y"),
        ("partnerref", "x"),
    ];
    let emptied = (400, message(&Settings::default().required_text));
    assert_eq!(desk.patch("", &fields).await, emptied, "the last name is required");
    assert_eq!(desk.registrants("").await[0]["lastname"], "Lovelace");
    let (status, body) = desk.patch("?honorrequired=N", &fields).await;
    assert_eq!((status, &body["eventuserid"], &body["company"]), (200, &json!(id), &json!("Engines")));
    let record = desk.registrants("").await.remove(0);
    assert_eq!(
        (&record["firstname"], &record["company"], &record["userstatus"]),
        (&json!("Ada"), &json!("Engines"), &json!("active"))
    );
    assert!(record.get("lastname").is_none() && record.get("partnerref").is_none());
    assert_eq!(record["email"], "ada@example.com");
    desk.patch("", &[("email", "ada@example.com"), ("isblocked", "Y")]).await;
    assert_eq!(desk.state()[0]["fields"]["isblocked"], "Y");
}

#[tokio::test]
async fn on24_17_deletion_is_soft_and_can_be_taken_back() {
    let desk = Desk::new();
    let id = desk.register("ada@example.com").await;
    let status = async |query| {
        desk.registrants(query).await.iter().map(|person| person["userstatus"].clone()).collect::<Vec<_>>()
    };
    let (code, body) = desk.post("", &[("email", "Ada@example.com"), ("isDeleted", "Y")]).await;
    assert_eq!((code, &body["eventuserid"]), (200, &json!(id)));
    assert_eq!(desk.post("", &[("email", "ada@example.com"), ("isDeleted", "Y")]).await.0, 200);
    for (query, shown) in
        [("", 1), ("?userstatus=deleted", 1), ("?userstatus=all", 1), ("?userstatus=forgotten", 0)]
    {
        assert_eq!(status(query).await, vec![json!("deleted"); shown], "{query}");
    }
    desk.register("ada@example.com").await;
    assert_eq!(status("").await, ["deleted"], "registering again without the flag does not restore");
    assert_eq!(desk.post("", &[("email", "ada@example.com"), ("isDeleted", "N")]).await.0, 200);
    assert_eq!(status("?userstatus=any").await, ["active"]);
    assert_eq!(desk.state()[0]["state"], "live");
}

#[tokio::test]
async fn on24_17_nobody_unknown_can_be_deleted() {
    let desk = Desk::new();
    let refused = (412, message("You're trying to soft delete the registrant you're creating."));
    let fields = [("firstname", "A"), ("lastname", "B"), ("email", "nobody@example.com"), ("isDeleted", "Y")];
    assert_eq!(desk.post("", &fields).await, refused);
    assert_eq!(desk.post("?honorrequired=N", &fields[2..]).await, refused);
    assert!(desk.state().is_empty());
    let new = [("firstname", "A"), ("lastname", "B"), ("email", "new@example.com"), ("isDeleted", "N")];
    assert_eq!(desk.post("", &new).await.0, 200);
    assert_eq!(desk.state().len(), 1);
}

#[tokio::test]
async fn on24_17_after_the_start_nobody_is_deleted_or_restored() {
    let desk = Desk::new();
    desk.register("ada@example.com").await;
    desk.register("bob@example.com").await;
    assert_eq!(desk.post("", &[("email", "bob@example.com"), ("isDeleted", "Y")]).await.0, 200);
    desk.clock.advance(DAY * 7);
    let refused = (403, message(&Settings::default().late_text));
    assert_eq!(desk.post("", &[("email", "ada@example.com"), ("isDeleted", "Y")]).await, refused);
    assert_eq!(desk.post("", &[("email", "bob@example.com"), ("isDeleted", "N")]).await, refused);
    assert_eq!(desk.post("", &[("email", "ada@example.com"), ("isDeleted", "N")]).await.0, 200);
    desk.register("late@example.com").await;
    let states: Vec<_> = desk.state().iter().map(|person| person["state"].clone()).collect();
    assert_eq!(states, ["live", "deleted", "live"]);
    desk.set(&json!({ "late_status": 412, "late_text": "Too late." }));
    let refused = (412, message("Too late."));
    assert_eq!(desk.post("", &[("email", "ada@example.com"), ("isDeleted", "Y")]).await, refused);
    desk.set(&json!({ "late_deletion": true }));
    assert_eq!(desk.post("", &[("email", "ada@example.com"), ("isDeleted", "Y")]).await.0, 200);
    assert_eq!(desk.post("", &[("email", "bob@example.com"), ("isDeleted", "N")]).await.0, 200);
    let states: Vec<_> = desk.state().iter().map(|person| person["state"].clone()).collect();
    assert_eq!(states, ["deleted", "live", "live"]);
}

#[tokio::test]
async fn the_state_counts_accepted_writes_by_the_machine_s_clock() {
    let desk = Desk::new();
    desk.clock.advance(DAY * 3);
    let before = Clock::machine_millis();
    desk.register("Ada@example.com").await;
    desk.patch("", &[("email", "ada@example.com"), ("company", "C")]).await;
    desk.post("", &[("email", "ada@example.com"), ("isDeleted", "Y")]).await;
    desk.post("", &[("email", "ada@example.com"), ("isDeleted", "perhaps")]).await;
    let person = desk.state().remove(0);
    assert_eq!(
        (&person["email"], &person["writes"], &person["state"]),
        (&json!("Ada@example.com"), &json!(3), &json!("deleted"))
    );
    assert_eq!((&person["fields"]["company"], &person["origin"]), (&json!("C"), &json!("api")));
    let first = person["first_at"].as_i64().unwrap();
    assert!((before..=Clock::machine_millis()).contains(&first));
}
