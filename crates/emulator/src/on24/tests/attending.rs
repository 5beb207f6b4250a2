use super::*;

fn minutes(attendees: &[Value], name: &str) -> u64 {
    attendees.iter().map(|attendee| attendee[name].as_u64().unwrap()).sum()
}

fn share(attendees: &[Value], of: usize, wanted: fn(&Value) -> bool) -> usize {
    attendees.iter().filter(|attendee| wanted(attendee)).count() * 100 / of
}

#[tokio::test]
async fn people_come_as_if_it_were_over() {
    let desk = Desk::new();
    desk.register_crowd(1000).await;
    assert!(desk.attendees().await.is_empty());
    let (status, sums) = desk.hold(&json!({ "event_id": desk.event, "seed": 7 }));
    let came = desk.attendees().await;
    assert_eq!(status, 200);
    assert_eq!(sums["attendees"], came.len());
    assert_eq!(sums["live_minutes"], minutes(&came, "cumulativeliveminutes"));
    assert_eq!(sums["ondemand_minutes"], minutes(&came, "cumulativearchiveminutes"));
    let live = share(&came, 1000, |one| one["liveviewed"] != 0);
    let later_only = share(&came, 1000, |one| one["liveviewed"] == 0);
    let both = share(&came, 1000, |one| one["liveviewed"] != 0 && one["archiveviewed"] != 0);
    assert!((55..=65).contains(&live) && (7..=13).contains(&later_only) && (6..=18).contains(&both));
    assert!(came.iter().any(|one| one["liveviewed"] == 1 && one["liveminutes"] == 0));
    assert!(came.iter().any(|one| one["liveviewed"].as_u64() > Some(1)));
    assert!(came.iter().any(|one| one["cumulativeliveminutes"].as_u64() > one["liveminutes"].as_u64()));
    assert!(came.iter().all(|one| one["cumulativeliveminutes"].as_u64() <= Some(60)));
    assert!(share(&came, came.len(), |one| one["cumulativeliveminutes"].as_u64() >= Some(42)) > 40);
}

#[tokio::test]
async fn an_attendee_has_no_name_and_no_keys_for_what_did_not_happen() {
    let desk = Desk::new();
    desk.register_crowd(300).await;
    desk.post(
        "",
        &[("firstname", "A"), ("lastname", "B"), ("email", "guest1@example.com"), ("exteventusercd", "wb:9")],
    )
    .await;
    desk.hold(&json!({ "event_id": desk.event, "seed": 7 }));
    let came = desk.attendees().await;
    for one in &came {
        for name in ["firstname", "lastname", "company", "eventid", "clientid"] {
            assert!(one.get(name).is_none());
        }
        assert!(one["email"].is_string() && one["eventuserid"].is_i64() && one["userstatus"] == "active");
        let score = one["engagementscore"].as_f64().unwrap();
        assert!((0.0..=10.0).contains(&score));
        for (mode, viewed) in [("live", "liveviewed"), ("archive", "archiveviewed")] {
            for end in ["first", "last"] {
                let time = one.get(format!("{end}{mode}activity")).map(|time| time.as_str().unwrap());
                assert_eq!(time.is_some(), one[viewed] != 0);
                assert!(time.is_none_or(|time| time.len() == 25 && !time.ends_with('Z')));
            }
        }
        for (count, list) in [
            ("askedquestions", "questions"),
            ("answeredpolls", "polls"),
            ("resourcesdownloaded", "resources"),
        ] {
            assert_eq!(
                one[count].as_u64().unwrap(),
                one.get(list).map_or(0, |list| list.as_array().unwrap().len() as u64)
            );
        }
        assert!(!one.as_object().unwrap().values().any(Value::is_null));
    }
    for list in ["questions", "polls", "resources"] {
        assert!(came.iter().any(|one| one.get(list).is_some()), "{list}");
    }
    let answered = came.iter().filter_map(|one| one["questions"].as_array()).flatten();
    assert!(answered.clone().any(|question| question.get("answer").is_some()));
}

#[tokio::test]
async fn the_same_seed_changes_nothing_and_the_order_of_registering_neither() {
    let (desk, other) = (Desk::new(), Desk::new());
    for number in 0..60 {
        desk.register(&format!("guest{number}@example.com")).await;
        other.register(&format!("GUEST{}@example.com", 59 - number)).await;
    }
    let sums = desk.hold(&json!({ "event_id": desk.event, "seed": 7 }));
    let came = desk.attendees().await;
    assert_eq!(desk.hold(&json!({ "event_id": desk.event, "seed": 7 })), sums);
    assert_eq!(desk.attendees().await, came);
    assert_eq!(other.hold(&json!({ "event_id": other.event, "seed": 7 })), sums);
    let third = Desk::new();
    third.register_crowd(60).await;
    assert_ne!(third.hold(&json!({ "event_id": third.event, "seed": 8 })), sums);
}

#[tokio::test]
async fn later_minutes_come_on_top_once() {
    let desk = Desk::new();
    desk.register_crowd(200).await;
    let (_, before) = desk.hold(&json!({ "event_id": desk.event, "seed": 7 }));
    let (_, after) = desk.hold(&json!({ "event_id": desk.event, "seed": 7, "ondemand": true }));
    assert_eq!(before["live_minutes"], after["live_minutes"]);
    assert!(after["ondemand_minutes"].as_u64() > before["ondemand_minutes"].as_u64());
    assert!(after["attendees"].as_u64() > before["attendees"].as_u64());
    assert_eq!(desk.hold(&json!({ "event_id": desk.event, "seed": 7, "ondemand": true })).1, after);
    let (_, more) = desk.hold(&json!({ "event_id": desk.event, "seed": 8, "ondemand": true }));
    assert!(more["ondemand_minutes"].as_u64() > after["ondemand_minutes"].as_u64());
}

#[tokio::test]
async fn strangers_come_only_when_asked_for() {
    let desk = Desk::new();
    desk.register_crowd(20).await;
    desk.hold(&json!({ "event_id": desk.event, "seed": 7 }));
    assert_eq!(desk.state().len(), 20);
    let (_, sums) = desk.hold(&json!({ "event_id": desk.event, "seed": 7, "strangers": 5 }));
    let strangers: Vec<Value> =
        desk.state().into_iter().filter(|person| person["origin"] == "on24").collect();
    assert_eq!(strangers.len(), 5);
    let came = desk.attendees().await;
    for stranger in &strangers {
        assert_eq!((&stranger["writes"], &stranger["first_at"]), (&json!(0), &Value::Null));
        assert!(came.iter().any(|one| one["email"] == stranger["email"]));
    }
    assert_eq!(desk.registrants("").await.len(), 25);
    assert_eq!(desk.hold(&json!({ "event_id": desk.event, "seed": 7, "strangers": 5 })).1, sums);
}

#[tokio::test]
async fn only_the_live_come_and_the_forgotten_stay_nameless() {
    let desk = Desk::new();
    desk.register_crowd(80).await;
    for number in 0..40 {
        desk.post("", &[("email", &format!("guest{number}@example.com")), ("isDeleted", "Y")]).await;
    }
    desk.hold(&json!({ "event_id": desk.event, "seed": 7 }));
    let came = desk.attendees().await;
    let number =
        |one: &Value| one["email"].as_str().unwrap()[5..].split('@').next().unwrap().parse::<u32>().unwrap();
    assert!(!came.is_empty() && came.iter().all(|one| number(one) >= 40));
    let email = came[0]["email"].as_str().unwrap();
    desk.forget(&[("email", email)]).await;
    let nameless = desk.attendees().await.remove(0);
    let id = came[0]["eventuserid"].as_i64().unwrap();
    assert_eq!(
        (&nameless["email"], &nameless["userstatus"]),
        (&json!(format!("{id}-deleted")), &json!("forgotten"))
    );
    let (_, rest) = desk.get(&desk.event_path("attendee?userstatus=all")).await;
    assert_eq!(rest["totalattendees"], came.len() - 1);
}

#[tokio::test]
async fn the_passing_of_the_end_brings_the_people() {
    let desk = Desk::new();
    desk.register_crowd(100).await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24));
    assert!(desk.attendees().await.is_empty(), "it has only begun");
    desk.clock.advance(SignedDuration::from_hours(2));
    let (_, event) = desk.get(&desk.path(&format!("event/{}", desk.event))).await;
    let came = desk.attendees().await;
    assert!((50..90).contains(&came.len()));
    assert_eq!(event["eventanalytics"]["totalattendees"], came.len());
    assert_eq!(
        event["eventanalytics"]["totalcumulativeliveminutes"],
        minutes(&came, "cumulativeliveminutes")
    );
    assert_eq!(desk.registrants("?noshow=Y").await.len(), 100 - came.len());
    let email = came[0]["email"].as_str().unwrap().replace('@', "%40");
    let (_, bare) = desk.get(&desk.path(&format!("attendee/{email}"))).await;
    assert_eq!((&bare["eventuserid"], &bare["eventid"]), (&came[0]["eventuserid"], &json!(desk.event)));
    for number in 0..100 {
        desk.register(&format!("late{number}@example.com")).await;
    }
    let late: Vec<Value> = desk
        .attendees()
        .await
        .into_iter()
        .filter(|one| one["email"].as_str().unwrap().starts_with("late"))
        .collect();
    assert!(!late.is_empty() && late.iter().all(|one| one["liveviewed"] == 0));
}

#[tokio::test]
async fn the_last_activity_of_an_event_is_never_still_to_come() {
    let desk = Desk::new();
    desk.register_crowd(100).await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    assert!(desk.attendees().await.iter().any(|one| one["archiveviewed"] != 0));
    let event = desk.read(&format!("event/{}", desk.event)).await;
    let updated: jiff::Timestamp = event["lastupdated"].as_str().unwrap().parse().unwrap();
    assert!(updated <= desk.clock.now());
    assert_eq!(desk.events("?datefiltermode=updated").await.len(), 1, "it has just been updated");
}

#[tokio::test]
async fn a_guest_who_registers_afterwards_has_attended_all_the_same() {
    let desk = Desk::new();
    desk.hold(&json!({ "event_id": desk.event, "seed": 7, "guests": 1 }));
    let guest = desk.attendees().await.remove(0);
    let email = guest["email"].as_str().unwrap();
    desk.register(email).await;
    let path = email.replace('+', "%2B").replace('@', "%40");
    let found = desk.read(&format!("attendee/{path}")).await;
    assert_eq!(found["eventuserid"], guest["eventuserid"]);
}

#[test]
fn the_endpoint_refuses_what_it_does_not_understand() {
    let desk = Desk::new();
    assert_eq!(desk.hold(&json!({ "event_id": 1, "seed": 7 })).0, 404);
    assert_eq!(desk.hold(&json!({ "seed": 7 })).0, 400);
    assert_eq!(desk.hold(&json!({ "event_id": desk.event, "minutes_more": 3 })).0, 400);
    let get = desk.on24.control("attendance", &Call::bare(Method::GET, "/_emulator/attendance")).unwrap();
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(desk.on24.control("key", &Call::bare(Method::GET, "/_emulator/key")).is_none());
}
