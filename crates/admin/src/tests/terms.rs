use axum::http::StatusCode;
use serde_json::json;

use super::world::{World, dataverse, on24};

#[tokio::test]
async fn the_terms_in_force_are_shown_and_accepted_once() {
    let world = World::new().await;
    let organization = world.organization("Contoso").await;
    let terms = format!("{organization}/terms");
    let before = json!({ "version": 3, "text": "Be kind.", "accepted": null, "state": "dormant" });
    assert_eq!(world.get(&terms).await.json(), before);

    let accepted =
        json!({ "version": 3, "text": "Be kind.", "accepted": 3, "state": "awaiting credentials" });
    for _ in 0..2 {
        let answer = world.post(&terms, &json!({ "version": 3 })).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, accepted.clone()));
    }
    assert_eq!(world.get(&terms).await.json(), accepted);
    assert_eq!(world.get(&organization).await.json()["terms"], 3);
}

#[tokio::test]
async fn other_terms_than_those_in_force_are_not_accepted() {
    let world = World::new().await;
    let organization = world.organization("Contoso").await;
    let terms = format!("{organization}/terms");
    for version in [0, 2, 4] {
        let detail = world.post(&terms, &json!({ "version": version })).await.problem(409, "other_terms");
        assert!(detail.contains("accept version 3"), "says what to do: {detail}");
    }
    assert_eq!(world.get(&organization).await.json()["state"], "dormant");
}

#[tokio::test]
async fn terms_and_credentials_activate_in_whatever_order() {
    for terms_first in [true, false] {
        let world = World::new().await;
        let organization = world.organization("Contoso").await;
        if terms_first {
            world.accept_terms(&organization).await;
        }
        world.put(&format!("{organization}/credentials/dataverse"), &dataverse()).await;
        world.put(&format!("{organization}/credentials/on24"), &on24()).await;
        if !terms_first {
            world.accept_terms(&organization).await;
            assert_eq!(world.provider.probes(), 0, "nothing was called before the terms");
            for _ in 0..2 {
                world.admin.bridge.steward.step().await.unwrap();
            }
        }
        let state = world.get(&organization).await.json()["state"].clone();
        assert_eq!(state, "active", "terms first: {terms_first}");
    }
}

#[tokio::test]
#[should_panic(expected = "the terms shown are those in force")]
async fn terms_that_cannot_be_accepted_are_not_shown() {
    let mut world = World::new().await;
    let version = webinar_bridge_domain::integration::TermsVersion(4);
    world.admin.terms = std::sync::Arc::new(crate::Terms { version, text: String::new() });
    let _ = crate::public(&world.admin);
}
