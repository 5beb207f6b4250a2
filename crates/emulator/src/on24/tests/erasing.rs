use super::*;

#[tokio::test]
async fn on24_20_forgetting_wipes_people_for_good() {
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
async fn on24_20_forgetting_can_be_kept_to_one_event() {
    let desk = Desk::new();
    desk.register("ada@example.com").await;
    let event = desk.event.to_string();
    let elsewhere = (404, message("No registrant was found for that email address and eventId combination"));
    assert_eq!(desk.forget(&[("email", "ada@example.com"), ("eventid", "1")]).await, elsewhere);
    assert_eq!(desk.forget(&[]).await, (400, message("The email parameter is missing.")));
    assert_eq!(desk.forget(&[("email", "")]).await, (400, message("The email parameter value is blank.")));
    assert_eq!(desk.forget(&[("email", "ada@example.com"), ("eventId", &event)]).await.0, 200);
}

/// Two more events, the second of them of a sub-client.
fn more_events(desk: &Desk) -> (i64, i64) {
    let starts = desk.clock.now() + SignedDuration::from_hours(24);
    let second = desk.on24.add_event(Webinar::new("Second", starts, 30));
    let child = Some(desk.on24.account().client_id() + 103);
    (second, desk.on24.add_event(Webinar { client: child, ..Webinar::new("Third", starts, 30) }))
}

impl Desk {
    async fn register_at(&self, event: i64, email: &str) -> i64 {
        let path = self.path(&format!("event/{event}/registrant"));
        let fields = form(&[("firstname", "Ada"), ("lastname", "Lovelace"), ("email", email)]);
        let (status, body) = self.send(Call::form(Method::POST, &path, &fields)).await;
        assert_eq!(status, 200, "{body}");
        body["eventuserid"].as_i64().unwrap()
    }

    async fn amend_everywhere(&self, email: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let path = self.path(&format!("registrant/{}", email.replace('@', "%40")));
        self.send(Call::form(Method::PATCH, &path, &form(fields))).await
    }

    /// Everybody at every event, without the machine's times.
    fn everybody(&self) -> Value {
        let mut state = self.on24.state();
        for event in state["events"].as_array_mut().unwrap() {
            for person in event["registrants"].as_array_mut().unwrap() {
                person["first_at"] = Value::Null;
            }
        }
        state
    }

    /// The addresses at each event, in the order of the events.
    fn addresses(&self) -> Vec<Vec<String>> {
        let text = |person: &Value| person["email"].as_str().unwrap().to_owned();
        let people = |event: &Value| event["registrants"].as_array().unwrap().iter().map(text).collect();
        self.on24.state()["events"].as_array().unwrap().iter().map(people).collect()
    }
}

#[tokio::test]
async fn on24_19_a_person_is_changed_at_every_event_of_the_client_and_those_below() {
    let desk = Desk::new();
    let (second, third) = more_events(&desk);
    let mut ids = Vec::new();
    for event in [desk.event, second, third] {
        ids.push(desk.register_at(event, "Ada@Example.com").await);
        desk.register_at(event, "bob@example.com").await;
    }
    let before = desk.registrants("").await.remove(0);
    desk.clock.advance(SignedDuration::from_hours(2));
    let fields = [
        ("email", "countess@example.com"),
        ("Company", "A & B"),
        ("lastname", ""),
        ("country", "Atlantis"),
        ("workphone", "123"),
        ("marketingemail", "perhaps"),
        ("partnerref", "new"),
        ("isdeleted", "Y"),
        ("isblocked", "Y"),
        ("emailformat", "html"),
    ];
    let answer = desk.amend_everywhere("ada@example.com", &fields).await;
    assert_eq!(answer, (200, json!({ "updatedregistrants": ids })));
    let after = desk.registrants("").await.remove(0);
    assert_eq!(
        (&after["email"], &after["company"], &after["country"], &after["firstname"], &after["workphone"]),
        (&json!("countess@example.com"), &json!("A & B"), &json!("Atlantis"), &json!("Ada"), &json!("123"))
    );
    for name in ["lastname", "partnerref", "isblocked", "emailformat"] {
        assert!(desk.state()[0]["fields"].get(name).is_none(), "{name}");
    }
    assert_eq!((&after["marketingemail"], &after["userstatus"]), (&json!("N"), &json!("active")));
    assert_ne!(after["lastactivity"], before["lastactivity"]);
    assert_eq!(after["createtimestamp"], before["createtimestamp"]);
    assert_eq!(desk.addresses(), vec![["countess@example.com", "bob@example.com"]; 3]);
    let nobody = (404, message("No registrant was found for that email address"));
    assert_eq!(desk.amend_everywhere("ada@example.com", &fields).await, nobody);
    assert_eq!(desk.register_at(second, "COUNTESS@example.com").await, ids[1]);
    let json = Call::json(Method::PATCH, &desk.path("registrant/bob%40example.com"), r#"{"company":"X"}"#);
    assert_eq!(desk.send(json).await.0, 200);
    assert!(desk.registrants("").await[1].get("company").is_none(), "a JSON body has no fields");
}

#[tokio::test]
async fn on24_19_an_address_that_is_taken_at_one_event_changes_nothing_at_any() {
    let desk = Desk::new();
    let (second, third) = more_events(&desk);
    for event in [desk.event, second, third] {
        desk.register_at(event, "ada@example.com").await;
    }
    desk.register_at(third, "bob@example.com").await;
    let whole = desk.everybody();
    let fields = [("email", "Bob@example.com"), ("company", "New")];
    let taken = (400, message("New email address matches other registant's email address"));
    assert_eq!(desk.amend_everywhere("ada@example.com", &fields).await, taken);
    assert_eq!(desk.everybody(), whole);
    let same = [("email", "ADA@example.com")];
    assert_eq!(desk.amend_everywhere("ada@example.com", &same).await.0, 200, "oneself is no other");
    assert_eq!(desk.addresses()[0], ["ADA@example.com"]);
    let long = format!("{}@example.com", "a".repeat(89));
    let refused = (400, message(&Settings::default().field_text));
    assert_eq!(desk.amend_everywhere("ada@example.com", &[("email", &long)]).await, refused);
    let blank = [("email", " "), ("company", "New")];
    assert_eq!(desk.amend_everywhere("ada@example.com", &blank).await.0, 200);
    assert_eq!(desk.addresses()[0], ["ADA@example.com"]);
    desk.forget(&[("email", "bob@example.com")]).await;
    assert_eq!(
        desk.amend_everywhere("ada@example.com", &fields).await.0,
        200,
        "the forgotten hold no address"
    );
}

#[tokio::test]
async fn on24_20_everybody_at_an_event_is_forgotten() {
    let desk = Desk::new();
    let (second, _) = more_events(&desk);
    let ada = desk.register("ada@example.com").await;
    let bob = desk.register("bob@example.com").await;
    let (_, nameless) = desk.post("?honorrequired=N", &[]).await;
    desk.post("", &[("email", "bob@example.com"), ("isDeleted", "Y")]).await;
    desk.register_at(second, "ada@example.com").await;
    let forget = async || desk.send(Call::bare(Method::POST, &desk.event_path("forgetall"))).await;
    let ids = |ids: &[i64]| (200, json!({ "deletedregistrants": { "eventuserids": ids } }));
    let everybody = [ada, bob, nameless["eventuserid"].as_i64().unwrap()];
    assert_eq!(forget().await, ids(&everybody));
    assert!(desk.registrants("").await.iter().all(|person| person["userstatus"] == "forgotten"));
    assert_eq!(desk.addresses()[1], ["ada@example.com"]);
    assert_eq!(forget().await, ids(&[]));
    assert_eq!(desk.state()[0]["writes"], 2, "nobody is forgotten twice");
}

#[tokio::test]
async fn on24_20_everybody_of_the_client_and_those_below_is_forgotten() {
    let desk = Desk::new();
    let (second, third) = more_events(&desk);
    let mut ids = Vec::new();
    for event in [desk.event, second, third] {
        ids.push(desk.register_at(event, "ada@example.com").await);
    }
    desk.on24.set_event_active(second, false);
    let call = Call::bare(Method::POST, &desk.path("forgetall"));
    let forgotten = json!({ "deletedregistrants": { "eventuserids": ids } });
    assert_eq!(desk.send(call.clone()).await, (200, forgotten));
    assert_eq!(desk.addresses(), ids.iter().map(|id| vec![format!("{id}-deleted")]).collect::<Vec<_>>());
    assert_eq!(desk.send(call).await, (200, json!({ "deletedregistrants": { "eventuserids": [] } })));
}

#[tokio::test]
async fn on24_20_too_many_people_are_not_forgotten_at_once() {
    let desk = Desk::new();
    let (second, _) = more_events(&desk);
    desk.register_crowd(3).await;
    desk.register_at(second, "guest0@example.com").await;
    desk.set(&json!({ "forget_limit": 1 }));
    let whole = desk.everybody();
    let refused = (400, message("You have exceeded the maximum number of user to be deleted (100,000)"));
    assert_eq!(desk.send(Call::bare(Method::POST, &desk.event_path("forgetall"))).await, refused);
    assert_eq!(desk.send(Call::bare(Method::POST, &desk.path("forgetall"))).await, refused);
    assert_eq!(desk.forget(&[("email", "guest0@example.com")]).await, refused);
    assert_eq!(desk.forget(&[("email", "guest0@example.com,guest1@example.com")]).await, refused);
    assert_eq!(desk.everybody(), whole);
    let many = "x,".repeat(100_001) + "guest1@example.com";
    assert_eq!(desk.forget(&[("email", &many)]).await, refused);
    let twice = [("email", "guest1@example.com,GUEST1@example.com")];
    assert_eq!(desk.forget(&twice).await.0, 200, "one person is one");
    let there = second.to_string();
    assert_eq!(desk.forget(&[("email", "guest0@example.com"), ("eventid", &there)]).await.0, 200);
    assert_eq!(desk.addresses()[0][0], "guest0@example.com");
}

#[tokio::test]
async fn on24_20_devices_and_addresses_of_the_forgotten_are_gone() {
    let desk = Desk::new();
    desk.hold(&json!({ "event_id": desk.event, "seed": 7, "strangers": 1, "guests": 1 }));
    let sessions = async || desk.read_event("attendeesession").await["attendeesession"].clone();
    let of_device = ["os", "browser", "ipaddress"];
    let before = sessions().await.as_array().unwrap().clone();
    assert!(before.iter().all(|session| of_device.iter().all(|name| session[name].is_string())));
    let came = desk.attendees().await;
    assert_eq!(came.len(), 2);
    assert_eq!(desk.send(Call::bare(Method::POST, &desk.path("forgetall"))).await.0, 200);
    let after = sessions().await.as_array().unwrap().clone();
    assert_eq!(after.len(), before.len());
    assert!(after.iter().all(|session| of_device.iter().all(|name| session.get(name).is_none())));
    for one in came {
        let email = one["email"].as_str().unwrap().replace('+', "%2B").replace('@', "%40");
        assert_eq!(desk.get(&desk.path(&format!("attendee/{email}"))).await.0, 404, "{email}");
    }
}
