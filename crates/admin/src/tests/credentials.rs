use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use axum::http::StatusCode;
use serde_json::{Value, json};
use webinar_bridge_domain::fault::{FaultKind, Peer};
use webinar_bridge_domain::memory::PlainVault;
use webinar_bridge_domain::port::{MockVault, Vault as _};

use super::world::{BASE_URL, KEY, SECRET, World, dataverse, fault, on24};

async fn contoso(world: &World) -> (String, String) {
    let organization = world.organization("Contoso").await;
    let on24 = format!("{organization}/credentials/on24");
    (organization, on24)
}

async fn states(world: &World, organization: &str) -> [Value; 2] {
    let all = world.get(&format!("{organization}/credentials")).await.json();
    assert_eq!((&all[0]["purpose"], &all[1]["purpose"]), (&json!("on24"), &json!("dataverse")));
    [all[0]["state"].clone(), all[1]["state"].clone()]
}

#[tokio::test]
async fn before_the_terms_a_secret_is_stored_and_nobody_is_called() {
    let world = World::new().await;
    let (organization, path) = contoso(&world).await;
    assert_eq!(states(&world, &organization).await, ["missing", "missing"]);
    let answer = world.put(&path, &on24()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let credential = json!({ "purpose": "on24", "state": "unproven", "version": 1,
        "entered": "2026-07-01T10:00:00Z", "last_success": null });
    assert_eq!(answer.json(), json!({ "outcome": "stored", "detail": null, "credential": credential }));
    world.put(&format!("{organization}/credentials/dataverse"), &dataverse()).await;
    assert_eq!(states(&world, &organization).await, ["unproven", "unproven"]);
    assert_eq!((world.provider.probes(), world.crm.probes()), (0, 0));
}

#[tokio::test]
async fn after_the_terms_a_secret_is_tried_at_once() {
    let world = World::new().await;
    let (organization, path) = contoso(&world).await;
    world.accept_terms(&organization).await;

    world.provider.says(fault(FaultKind::Unauthorised { version: 1 }, Peer::Provider, "on24.unauthorised"));
    let refused = world.put(&path, &on24()).await;
    assert_eq!((refused.status, &refused.json()["outcome"]), (StatusCode::OK, &json!("refused")));
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("on24.unauthorised"), "names the code: {detail}");
    assert_eq!(refused.json()["credential"]["state"], "refused");
    assert_eq!(world.get(&organization).await.json()["troubles"][0]["with"], "provider");

    world.provider.says(fault(FaultKind::Transient, Peer::Provider, "on24.unreachable"));
    let untried = world.put(&path, &on24()).await.json();
    assert_eq!((&untried["outcome"], &untried["credential"]["version"]), (&json!("untried"), &json!(2)));

    let accepted = world.put(&path, &on24()).await.json();
    assert_eq!((&accepted["outcome"], &accepted["detail"]), (&json!("accepted"), &Value::Null));
    assert_eq!(accepted["credential"]["state"], "active");
    assert_eq!(accepted["credential"]["last_success"], "2026-07-01T10:00:00Z");
    assert_eq!((world.provider.probes(), world.crm.probes()), (3, 0));
    assert_eq!(world.get(&organization).await.json()["troubles"], json!([]));

    let crm = world.put(&format!("{organization}/credentials/dataverse"), &dataverse()).await.json();
    assert_eq!((&crm["outcome"], world.crm.probes()), (&json!("accepted"), 1));
    assert_eq!(world.get(&organization).await.json()["state"], "active");
}

#[tokio::test]
async fn a_newer_secret_that_is_refused_leaves_the_one_in_use_alone() {
    let world = World::new().await;
    let (organization, path) = contoso(&world).await;
    world.accept_terms(&organization).await;
    world.put(&path, &on24()).await;
    world.provider.says(fault(FaultKind::Unauthorised { version: 2 }, Peer::Provider, "on24.unauthorised"));
    let answer = world.put(&path, &on24()).await.json();
    assert_eq!((&answer["outcome"], &answer["credential"]["state"]), (&json!("refused"), &json!("active")));
}

#[tokio::test]
async fn a_vault_that_is_down_keeps_nothing() {
    let down = || fault(FaultKind::Transient, Peer::Vault, "vault.unreachable");
    let mut vault = MockVault::new();
    vault.expect_seal().returning(move |_, _| Err(down()));
    let world = World::with(|ports| ports.vault = Arc::new(vault)).await;
    let (organization, path) = contoso(&world).await;
    world.accept_terms(&organization).await;
    let detail = world.put(&path, &on24()).await.problem(503, "unavailable");
    assert!(detail.contains("was not kept") && detail.contains("vault.unreachable"), "{detail}");
    assert_eq!(states(&world, &organization).await, ["missing", "missing"]);
    assert_eq!(world.provider.probes(), 0);
}

#[tokio::test]
async fn a_vault_that_goes_down_after_sealing_leaves_the_secret_untried() {
    let mut vault = MockVault::new();
    vault.expect_seal().returning(|bond, plain| {
        let sealed = PlainVault.seal(bond, plain);
        let mut sealed = std::pin::pin!(sealed);
        let mut context = Context::from_waker(Waker::noop());
        match sealed.as_mut().poll(&mut context) {
            Poll::Ready(sealed) => sealed,
            Poll::Pending => panic!("it never waits"),
        }
    });
    vault.expect_open().returning(|_, _| Err(fault(FaultKind::Transient, Peer::Vault, "vault.unreachable")));
    let world = World::with(|ports| ports.vault = Arc::new(vault)).await;
    let (organization, path) = contoso(&world).await;
    world.accept_terms(&organization).await;
    let answer = world.put(&path, &on24()).await.json();
    assert_eq!((&answer["outcome"], &answer["credential"]["state"]), (&json!("untried"), &json!("unproven")));
    assert_eq!(world.get(&organization).await.json()["troubles"][0]["with"], "vault");
}

#[tokio::test]
async fn a_credential_is_removed_once() {
    let world = World::new().await;
    let (organization, path) = contoso(&world).await;
    let crm = format!("{organization}/credentials/dataverse");
    for path in [&path, &crm] {
        world.delete(path).await.problem(404, "not_found");
    }
    world.accept_terms(&organization).await;
    world.put(&path, &on24()).await;
    world.put(&crm, &dataverse()).await;

    let removed = world.delete(&path).await;
    assert_eq!((removed.status, removed.text.as_str()), (StatusCode::NO_CONTENT, ""));
    world.delete(&path).await.problem(404, "not_found");
    assert_eq!(states(&world, &organization).await, ["revoked", "active"]);
    assert_eq!(world.get(&organization).await.json()["state"], "draining");
    world.admin.bridge.steward.step().await.unwrap();
    assert_eq!(world.get(&organization).await.json()["state"], "awaiting credentials");

    let again = world.put(&path, &on24()).await.json();
    assert_eq!((&again["outcome"], &again["credential"]["version"]), (&json!("accepted"), &json!(2)));
    assert_eq!(world.get(&organization).await.json()["state"], "active");
    assert_eq!(world.delete(&crm).await.status, StatusCode::NO_CONTENT);
    world.delete(&crm).await.problem(404, "not_found");
}

#[tokio::test]
async fn the_number_of_an_account_is_a_number_or_its_digits() {
    let world = World::new().await;
    let (_, path) = contoso(&world).await;
    let with = |client_id: Value| json!({ "client_id": client_id, "access_token_key": KEY, "access_token_secret": SECRET });
    for good in [json!(0), json!(22355), json!(u64::MAX), json!("22355"), json!("007")] {
        assert_eq!(world.put(&path, &with(good.clone())).await.status, StatusCode::OK, "{good}");
    }
    let huge = "9".repeat(21);
    let bad = [json!(-1), json!(1.5), json!(1e300), json!(null), json!(true), json!([1]), json!({ "n": 1 })];
    let text = ["", " 1", "1 ", "-1", "1.0", "0x10", "٣", "one", &huge].map(|text| json!(text));
    for bad in bad.into_iter().chain(text) {
        let detail = world.put(&path, &with(bad.clone())).await.problem(422, "invalid");
        assert!(detail.starts_with("`client_id` must be a whole number"), "{bad}: {detail}");
    }
}

#[tokio::test]
async fn a_caller_cannot_have_credentials_sent_elsewhere() {
    let world = World::new().await;
    let (organization, path) = contoso(&world).await;
    world.accept_terms(&organization).await;
    let mut body = on24();
    body["base_url"] = json!("https://evil.example/v2");
    let detail = world.put(&path, &body).await.problem(422, "invalid");
    assert!(detail.contains("base_url") && !detail.contains("evil"), "{detail}");
    assert_eq!(
        (states(&world, &organization).await[0].clone(), world.provider.probes()),
        (json!("missing"), 0)
    );
    body["base_url"] = json!(BASE_URL);
    assert_eq!(world.put(&path, &body).await.json()["outcome"], "accepted");
    body["base_url"] = Value::Null;
    assert_eq!(world.put(&path, &body).await.json()["outcome"], "accepted");
}

#[tokio::test]
async fn a_caller_who_hangs_up_stops_nothing_half_way() {
    let world = World::new().await;
    let (organization, path) = contoso(&world).await;
    world.accept_terms(&organization).await;
    let shut = world.provider.door.lock().await;
    let mut call = Box::pin(async { world.put(&path, &on24()).await });
    let mut turns = 0..100;
    while world.provider.probes() == 0 {
        assert!(turns.next().is_some(), "the probe never begins");
        let answered =
            std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_ready())).await;
        assert!(!answered, "not before the probe");
        tokio::task::yield_now().await;
    }
    drop(call);
    drop(shut);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(states(&world, &organization).await[0], "active");
    assert_eq!(world.provider.probes(), 1, "what proved it is the call that was hung up on");
}
