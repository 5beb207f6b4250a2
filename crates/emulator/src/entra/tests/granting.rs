use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::json;

use super::bench::{Bench, VAULT};
use crate::wire::Call;

#[tokio::test]
async fn azure_28_the_client_gets_a_token_for_a_known_resource() {
    let bench = Bench::new();
    let reply = bench.ask(&[]).await;
    let caller = bench.issuer.check(reply.token(), VAULT).unwrap();
    assert_eq!(caller.client_id, bench.issuer.client_id());
    assert_eq!((&reply.body["expires_in"], &reply.body["ext_expires_in"]), (&json!(3599), &json!(3599)));
    assert_eq!(reply.body["token_type"], "Bearer");
    assert!(reply.body.get("refresh_token").is_none());
    assert_eq!(reply.headers["cache-control"], "no-store, no-cache");
}

#[tokio::test]
async fn azure_28_a_lifetime_can_be_short() {
    let bench = Bench::new();
    assert_eq!(bench.control("settings", &json!({ "token_lifetime_seconds": 5 })).status, 200);
    let reply = bench.ask(&[]).await;
    assert_eq!(reply.body["expires_in"], 5);
    assert!(bench.issuer.check(reply.token(), VAULT).is_ok());
    bench.clock.advance(jiff::SignedDuration::from_secs(5));
    assert_eq!(bench.issuer.check(reply.token(), VAULT), Err(crate::entra::TokenFault::Expired));
}

#[tokio::test]
async fn azure_28_a_client_may_name_itself_in_the_header() {
    let bench = Bench::new();
    let ask = async |secret: &str| {
        let form = "grant_type=client_credentials&scope=https%3A%2F%2Fvault.azure.net%2F.default";
        let basic = STANDARD.encode(format!("{}:{secret}", bench.issuer.client_id()));
        let call = Call::form(Method::POST, &bench.path(), form);
        bench.send(call.with("authorization", &format!("Basic {basic}"))).await
    };
    assert!(bench.issuer.check(ask(bench.issuer.client_secret()).await.token(), VAULT).is_ok());
    assert_eq!(*ask("wrong").await.code(), 7_000_215);
}

#[tokio::test]
async fn dynamics_1_the_token_endpoint_has_a_path_of_its_own_for_the_organization_s_scope() {
    let bench = Bench::new();
    let reply = bench.ask(&[("scope", "http://127.0.0.1:4711/.default")]).await;
    assert!(bench.issuer.check(reply.token(), "http://127.0.0.1:4711").is_ok());
    for (changes, code) in [
        (("grant_type", "password"), 70003),
        (("client_secret", "wrong"), 7_000_215),
        (("scope", "http://127.0.0.1:4711"), 1_002_012),
    ] {
        assert_eq!(*bench.ask(&[changes]).await.code(), code);
    }
    let elsewhere = Call::form(Method::POST, &format!("/{}/oauth2/token", bench.issuer.tenant()), "");
    assert_eq!(bench.send(elsewhere).await.status, 404);
}
