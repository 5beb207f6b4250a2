use crate::options::Lag;

use super::*;

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn slow() -> Desk {
    Desk::in_centre(Centre { seed: 42, lag: Lag::Documented, ..Centre::default() })
}

async fn total(desk: &Desk, rest: &str, name: &str) -> u64 {
    desk.read_event(rest).await[name].as_u64().unwrap()
}

#[tokio::test]
async fn on24_22_a_registration_is_not_read_back_for_a_quarter_of_an_hour() {
    let desk = slow();
    desk.register("ada@example.com").await;
    assert!(desk.registrants("").await.is_empty());
    assert_eq!(desk.get(&desk.path("registrant/ada%40example.com")).await.0, 404);
    assert_eq!(desk.read("registrant").await["totalregistrants"], 0);
    let event = desk.read(&format!("event/{}", desk.event)).await;
    assert_eq!(event["eventanalytics"]["totalregistrants"], 0);
    desk.clock.advance(minutes(14));
    assert!(desk.registrants("").await.is_empty());
    desk.clock.advance(minutes(1));
    assert_eq!(desk.registrants("").await.len(), 1);
    assert_eq!(desk.get(&desk.path("registrant/ada%40example.com")).await.0, 200);
    let event = desk.read(&format!("event/{}", desk.event)).await;
    assert_eq!(event["eventanalytics"]["totalregistrants"], 1);
    assert_eq!(desk.patch("", &[("email", "ada@example.com"), ("company", "Engines")]).await.0, 200);
    assert_eq!(desk.registrants("").await[0]["company"], "Engines", "changes are not held back");
}

#[tokio::test]
async fn on24_22_live_attendance_comes_within_two_hours_and_on_demand_within_twelve() {
    let desk = slow();
    desk.register_crowd(200).await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24) + minutes(60));
    assert_eq!(total(&desk, "attendee", "totalattendees").await, 0, "it has only just ended");
    desk.clock.advance(minutes(29));
    assert_eq!(total(&desk, "attendee", "totalattendees").await, 0);
    desk.clock.advance(minutes(31));
    let some = total(&desk, "attendee", "totalattendees").await;
    desk.clock.advance(minutes(60));
    let live = total(&desk, "attendee", "totalattendees").await;
    assert!(0 < some && some < live && live < 150, "{some} {live}");
    let came = desk.attendees().await;
    assert!(came.iter().all(|one| one["liveviewed"] != 0 && one["archiveviewed"] == 0));
    let polls = desk.read_event("poll").await;
    assert!(polls["polls"][0]["totalvotes"].as_u64() > Some(0));
    desk.clock.advance(SignedDuration::from_hours(72 + 1 + 4 + 12));
    let came = desk.attendees().await;
    assert!(came.len() as u64 > live && came.iter().any(|one| one["archiveviewed"] != 0));
    desk.set(&json!({ "reads": { "documented_lag": false } }));
    assert_eq!(desk.attendees().await, came, "everything has got through");
}

#[tokio::test]
async fn on24_22_on_demand_watching_is_seen_four_to_twelve_hours_later() {
    let desk = slow();
    desk.register_crowd(60).await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    desk.attendees().await;
    let before = |one: &Value, hours: i64, now: jiff::Timestamp| {
        let last: jiff::Timestamp = one["lastarchiveactivity"].as_str().unwrap().parse().unwrap();
        now.duration_since(last) >= SignedDuration::from_hours(hours)
    };
    for _ in 0..100 {
        desk.clock.advance(SignedDuration::from_hours(1));
        let now = desk.clock.now();
        let came = desk.attendees().await;
        let watched: Vec<&Value> = came.iter().filter(|one| one["archiveviewed"] != 0).collect();
        assert!(watched.iter().all(|one| before(one, 4, now)));
    }
}

#[tokio::test]
async fn on24_22_activity_moves_an_event_s_last_update_hours_later() {
    let desk = slow();
    let updated = async || {
        let event = desk.read(&format!("event/{}", desk.event)).await;
        event["lastupdated"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap()
    };
    let created = updated().await;
    desk.clock.advance(SignedDuration::from_hours(24));
    let registered = desk.clock.now();
    desk.register("ada@example.com").await;
    desk.clock.advance(minutes(119));
    assert_eq!(updated().await, created);
    desk.clock.advance(minutes(601 + 1));
    let moved = updated().await;
    assert!(moved.duration_since(registered).abs() < SignedDuration::from_secs(2), "{moved} {registered}");
}

#[tokio::test]
async fn on24_22_without_lag_everything_is_read_at_once() {
    let desk = Desk::new();
    desk.register_crowd(50).await;
    assert_eq!(desk.registrants("").await.len(), 50);
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    assert!(desk.attendees().await.len() > 25);
    desk.set(&json!({ "reads": { "documented_lag": true } }));
    assert!(desk.attendees().await.is_empty());
}

#[tokio::test]
async fn on24_23_who_has_not_confirmed_is_nowhere() {
    let desk = Desk::new();
    let (status, event) = desk.control("event", &json!({ "event_id": desk.event, "double_opt_in": true }));
    assert_eq!((status, &event["double_opt_in"]), (200, &json!(true)));
    let id = desk.register("ada@example.com").await;
    desk.register("bea@example.com").await;
    assert_eq!(desk.register("ADA@example.com").await, id, "registering again is still the same person");
    assert!(desk.registrants("?userstatus=any").await.is_empty());
    for rest in
        ["registrant/ada%40example.com", "registrant/ada%40example.com/allevents", "lead/ada%40example.com"]
    {
        assert_eq!(desk.get(&desk.path(rest)).await.0, 404, "{rest}");
    }
    for (rest, total) in [("registrant", "totalregistrants"), ("lead", "totalleads")] {
        assert_eq!(desk.read(rest).await[total], 0);
    }
    let counted = async || desk.read(&format!("event/{}", desk.event)).await["eventanalytics"].clone();
    assert_eq!(
        (&counted().await["totalregistrants"], &counted().await["noshowcount"]),
        (&json!(0), &json!(0))
    );

    let confirm = json!({ "event_id": desk.event, "email": "Ada@example.com" });
    assert_eq!(desk.control("confirm", &confirm).0, 200);
    let people = desk.registrants("").await;
    assert_eq!((people.len(), &people[0]["eventuserid"]), (1, &json!(id)));
    assert_eq!(counted().await["totalregistrants"], 1);
    desk.hold(&json!({ "event_id": desk.event, "seed": 1, "strangers": 3 }));
    assert!(desk.attendees().await.iter().all(|one| one["email"] != "bea@example.com"));
    assert_eq!(desk.registrants("").await.len(), 4, "who registers on ON24's page has confirmed");
    assert_eq!(desk.control("confirm", &json!({ "event_id": desk.event, "email": "no@example.com" })).0, 404);
    assert_eq!(desk.control("confirm", &json!({ "event_id": 1, "email": "ada@example.com" })).0, 404);
    assert_eq!(desk.control("confirm", &json!({ "event_id": desk.event })).0, 400);
}
