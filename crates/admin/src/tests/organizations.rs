use axum::http::StatusCode;
use serde_json::json;
use webinar_bridge_domain::flow::Topic;
use webinar_bridge_domain::time::{SignedDuration, later};

use super::world::{NOBODY, World};

const ALL: &str = "/api/v1/organizations";

#[tokio::test]
async fn an_organization_is_found_dormant_and_shown_where_it_was_said_to_be() {
    let world = World::new().await;
    let made = world.post(ALL, &json!({ "name": "  Contoso  " })).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let shown = world.get(made.header("location")).await;
    assert_eq!(shown.json(), made.json());
    let id = made.header("location").strip_prefix("/api/v1/organizations/").unwrap();
    let expected = json!({ "id": id, "name": "Contoso", "state": "dormant", "terms": null, "troubles": [] });
    assert_eq!(made.json(), expected);
    world.organization("Adventure Works").await;
    let names = world.get(ALL).await.json();
    assert_eq!((&names[0]["name"], &names[1]["name"]), (&json!("Adventure Works"), &json!("Contoso")));
}

#[tokio::test]
async fn a_name_belongs_to_one_organization() {
    let world = World::new().await;
    world.organization("Contoso").await;
    world.post(ALL, &json!({ "name": "Contoso" })).await.problem(409, "name_taken");
    assert_eq!(world.get(ALL).await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_name_can_be_read_by_people() {
    let world = World::new().await;
    let long = "ü".repeat(101);
    for name in ["", "   ", "a\nb", "a\u{0}b", "a\u{202e}b", "a\u{2066}b", &long] {
        world.post(ALL, &json!({ "name": name })).await.problem(422, "invalid");
    }
    for name in ["ü".repeat(100).as_str(), "Ελλάδα ☂ 日本 \u{1f469}\u{200d}\u{1f4bb}"] {
        world.organization(name).await;
    }
}

#[tokio::test]
async fn an_id_that_nobody_has_or_could_have_is_not_found() {
    let world = World::new().await;
    for id in [NOBODY, "7", "not-a-uuid", "%FF", "00000000-0000-7000-8000-00000000000g"] {
        for rest in ["", "/terms", "/credentials", "/balance", "/webinars", "/held", "/unmatched"] {
            world.get(&format!("{ALL}/{id}{rest}")).await.problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn what_keeps_an_organization_from_working_is_told_with_it_alone() {
    let world = World::new().await;
    let (one, other) = (world.organization("Contoso").await, world.organization("Fabrikam").await);
    let id = world.admin.bridge.steward.list().await.unwrap()[0].id;
    let now = world.admin.bridge.ports().clock.now();
    let until = later(now, SignedDuration::from_secs(30));
    world.admin.bridge.standing.note(id, Topic::Vault, "vault.key_disabled".to_owned(), now, until);
    let troubles = world.get(&one).await.json()["troubles"].clone();
    assert_eq!(
        troubles,
        json!([{ "with": "vault", "what": "vault.key_disabled", "since": now.to_string() }])
    );
    assert_eq!(world.get(&other).await.json()["troubles"], json!([]));
}
