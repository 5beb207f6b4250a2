//! What is told of gates.

use axum::http::StatusCode;
use serde_json::json;
use webinar_bridge_domain::fault::Peer;
use webinar_bridge_domain::pace::{Met, PacePolicy};
use webinar_bridge_domain::port::{Clock as _, GateKey, GateReport, Gates as _};

use super::world::World;

#[tokio::test]
async fn a_shut_gate_says_why_since_when_and_when_it_is_tried() {
    let world = World::new().await;
    let organization = world.organization("Contoso").await;
    let id: uuid::Uuid = organization.rsplit('/').next().unwrap().parse().unwrap();
    let path = format!("{organization}/gates");
    assert_eq!(world.get(&path).await.json(), json!([]));
    let key = GateKey { organization: id.into(), peer: Peer::Provider, group: "register".to_owned() };
    let report =
        |met| GateReport { key: key.clone(), met, policy: PacePolicy::default(), now: world.clock.now() };
    world.store.report(&[report(Met::Passed(40)), report(Met::Throttled(None))]).await.unwrap();
    let answer = world.get(&path).await;
    assert_eq!(answer.status, StatusCode::OK);
    let open = json!({ "peer": "provider", "calls": "", "a_minute": null, "shut": null, "since": null, "next_probe": null });
    let shut = json!({ "peer": "provider", "calls": "register", "a_minute": 40, "shut": "quota",
        "since": "2026-07-01T10:00:00Z", "next_probe": "2026-07-01T10:01:00Z" });
    assert_eq!(answer.json(), json!([open, shut]));
}
