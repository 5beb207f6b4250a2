use super::*;

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn the_answer_echoes_what_was_sent_and_the_identifiers() {
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
async fn the_same_address_is_the_same_registrant() {
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
async fn another_event_makes_another_registrant() {
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

/// Enough for every script, and for each field that people have at its limit.
const EVERYBODY: std::ops::Range<u32> = 0..160;

#[tokio::test]
async fn nobody_is_refused_and_every_script_comes_back_unchanged() {
    let desk = Desk::new();
    for index in EVERYBODY {
        let person = crate::person(42, index);
        let fields = [
            ("firstname", person.first_name.as_str()),
            ("lastname", &person.last_name),
            ("email", &person.email),
            ("company", &person.company),
            ("jobtitle", &person.job_title),
        ];
        for query in ["", "?honorrequired=N&honorvalidation=N"] {
            let (status, body) = desk.post(query, &fields).await;
            assert_eq!(status, 200, "{index}: {body}");
        }
        let path = percent_encoding::utf8_percent_encode(&person.email, percent_encoding::NON_ALPHANUMERIC);
        let (_, found) = desk.get(&desk.path(&format!("registrant/{path}"))).await;
        for (name, value) in fields {
            assert_eq!(found["registrant"][name], value);
        }
    }
}

#[tokio::test]
async fn amending_changes_what_is_sent_and_nothing_else() {
    let desk = Desk::new();
    let id = desk.register("ada@example.com").await;
    let fields = [
        ("email", "ADA@example.com"),
        ("company", "Engines"),
        ("lastname", ""),
        ("isdeleted", "Y"),
        ("partnerref", "x"),
    ];
    let (status, body) = desk.patch("", &fields).await;
    assert_eq!((status, &body["eventuserid"], &body["company"]), (200, &json!(id), &json!("Engines")));
    let record = desk.registrants("").await.remove(0);
    assert_eq!(
        (&record["firstname"], &record["company"], &record["userstatus"]),
        (&json!("Ada"), &json!("Engines"), &json!("active"))
    );
    assert!(record.get("lastname").is_none() && record.get("partnerref").is_none());
    assert_eq!(record["email"], "ada@example.com");
    desk.patch("", &[("email", "ada@example.com"), ("isblocked", "Y")]).await;
    assert_eq!(desk.registrants("").await[0]["isblocked"], "Y");
}

#[tokio::test]
async fn deletion_is_soft_and_can_be_taken_back() {
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
async fn nobody_unknown_can_be_deleted() {
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
async fn after_the_start_nobody_is_deleted_or_restored() {
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
}

#[tokio::test]
async fn forgetting_wipes_people_for_good() {
    let desk = Desk::new();
    let fields = [
        ("firstname", "Ada"),
        ("lastname", "L"),
        ("email", "ada@example.com"),
        ("company", "C"),
        ("std1", "s"),
        ("exteventusercd", "wb:1"),
        ("partnerref", "p"),
        ("other", "o"),
        ("notes", "n"),
        ("marketingemail", "Y"),
    ];
    let id = desk.post("", &fields).await.1["eventuserid"].as_i64().unwrap();
    let second = desk.register("bob@example.com").await;
    let (status, body) =
        desk.forget(&[("email", "ADA@example.com, bob@example.com,nobody@example.com")]).await;
    assert_eq!((status, body), (200, json!({ "deletedregistrants": { "eventuserids": [id, second] } })));
    let record = desk.registrants("?userstatus=forgotten").await.remove(0);
    for (name, value) in [
        ("email", format!("{id}-deleted")),
        ("firstname", "deleted".to_owned()),
        ("lastname", "deleted".to_owned()),
        ("marketingemail", "N".to_owned()),
        ("eventemail", "N".to_owned()),
        ("exteventusercd", "wb:1".to_owned()),
        ("partnerref", "p".to_owned()),
        ("other", "o".to_owned()),
        ("notes", "n".to_owned()),
        ("userstatus", "forgotten".to_owned()),
    ] {
        assert_eq!(record[name], value, "{name}");
    }
    assert!(record.get("company").is_none() && record.get("std1").is_none());
    assert_eq!(desk.state()[0]["email"], format!("{id}-deleted"));
    assert_eq!(desk.registrants("?userstatus=all").await.len(), 0);
    let gone = (404, message("No registrant was found for that email address"));
    assert_eq!(desk.forget(&[("email", "ada@example.com")]).await, gone);
    assert_eq!(desk.get(&desk.path("registrant/ada%40example.com")).await.0, 404);
    assert_ne!(desk.register("ada@example.com").await, id);
}

#[tokio::test]
async fn forgetting_can_be_kept_to_one_event() {
    let desk = Desk::new();
    desk.register("ada@example.com").await;
    let event = desk.event.to_string();
    let elsewhere = (404, message("No registrant was found for that email address and eventId combination"));
    assert_eq!(desk.forget(&[("email", "ada@example.com"), ("eventid", "1")]).await, elsewhere);
    assert_eq!(desk.forget(&[]).await, (400, message("The email parameter is missing.")));
    assert_eq!(desk.forget(&[("email", "")]).await, (400, message("The email parameter value is blank.")));
    assert_eq!(desk.forget(&[("email", "ada@example.com"), ("eventId", &event)]).await.0, 200);
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
