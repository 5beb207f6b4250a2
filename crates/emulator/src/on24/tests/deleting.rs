use super::*;

async fn delete(desk: &Desk, event: i64) -> (u16, Value) {
    desk.send(Call::bare(Method::DELETE, &desk.path(&format!("event/{event}")))).await
}

#[tokio::test]
async fn on24_39_an_event_is_deleted_once() {
    let desk = Desk::new();
    desk.register("ada@example.com").await;
    assert_eq!(delete(&desk, desk.event).await, (200, message("Event Successfully Deleted.")));
    assert_eq!(delete(&desk, desk.event).await, (410, message("Event has already been deleted")));
    assert_eq!(delete(&desk, 1).await, (404, message("Event not found for this client or its children")));
    let unknown = (404, message(&format!("The event {} doesn't exist.", desk.event)));
    assert_eq!(desk.get(&desk.path(&format!("event/{}", desk.event))).await, unknown);
    assert_eq!(desk.get(&desk.event_path("registrant")).await, unknown);
    assert_eq!(desk.post("", &[("email", "bea@example.com")]).await, unknown);
    assert_eq!(desk.get(&desk.path("registrant/ada%40example.com")).await.0, 404);
    assert_eq!(desk.read("registrant").await["totalregistrants"], 0);
    assert!(desk.events("?datefiltermode=creation&includeinactive=Y").await.is_empty());
}

#[tokio::test]
async fn on24_39_what_has_started_is_not_deleted_unless_told_otherwise() {
    let desk = Desk::new();
    desk.clock.advance(SignedDuration::from_hours(7 * 24));
    let refused = (412, message("Event does not meet criteria for deletion"));
    assert_eq!(delete(&desk, desk.event).await, refused);
    assert_eq!(desk.read(&format!("event/{}", desk.event)).await["isactive"], true);
    desk.set(&json!({ "management": { "delete_started": true } }));
    assert_eq!(delete(&desk, desk.event).await.0, 200);
}

#[tokio::test]
async fn events_are_added_and_listed_beside_the_api() {
    let desk = Desk::new();
    let child = desk.read("").await["subclients"][0]["id"].as_i64().unwrap();
    let (status, added) = desk.control(
        "events",
        &json!({ "title": "Next", "starts": "2027-01-31T09:00:00Z", "minutes": 45, "client_id": child }),
    );
    assert_eq!((status, &added["client_id"], &added["minutes"]), (200, &json!(child), &json!(45)));
    let shown = desk.on24.control("events", &Call::bare(Method::GET, "/_emulator/events")).unwrap();
    let shown: Value = serde_json::from_slice(&shown.body).unwrap();
    assert_eq!(shown["events"].as_array().unwrap().len(), 2);
    assert_eq!(shown["events"][1], added);
    for wrong in [
        json!({ "title": "Next", "starts": "soon", "minutes": 45 }),
        json!({ "title": "Next", "starts": "2027-01-31T09:00:00Z", "minutes": 481 }),
        json!({ "title": "Next", "starts": "2027-01-31T09:00:00Z", "minutes": 45, "client_id": 7 }),
        json!({ "title": "Next" }),
    ] {
        assert_eq!(desk.control("events", &wrong).0, 400, "{wrong}");
    }
    let delete = desk.on24.control("events", &Call::bare(Method::DELETE, "/_emulator/events")).unwrap();
    assert_eq!(delete.status, StatusCode::METHOD_NOT_ALLOWED);
}
