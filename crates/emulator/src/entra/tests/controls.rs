use http::Method;
use serde_json::json;

use super::bench::{Bench, VAULT};
use crate::emulated::Emulated;
use crate::wire::Call;

#[tokio::test]
async fn a_client_that_is_registered_gets_tokens_of_its_own_and_none_once_it_is_forgotten() {
    let bench = Bench::new();
    let reply = bench.control("clients", &json!({}));
    assert_eq!(reply.status, 200);
    let text = |name: &str| reply.body[name].as_str().unwrap();
    let (id, secret) = (text("client_id"), text("client_secret"));
    let granted = bench.ask(&[("client_id", id), ("client_secret", secret)]).await;
    let caller = bench.issuer.check(granted.token(), VAULT).unwrap();
    assert_eq!((caller.client_id.as_str(), caller.object_id.as_str()), (id, text("object_id")));
    let shown = bench.show("clients").to_string();
    assert!(shown.contains(id) && !shown.contains(secret) && !shown.contains(bench.issuer.client_secret()));
    let gone = Call::json(Method::DELETE, "/_emulator/clients", &json!({ "client_id": id }).to_string());
    assert_eq!(bench.entra.control("clients", &gone).unwrap().status, 204);
    assert_eq!(bench.entra.control("clients", &gone).unwrap().status, 400);
    assert_eq!(*bench.ask(&[("client_id", id), ("client_secret", secret)]).await.code(), 700_016);
}

#[tokio::test]
async fn what_is_not_named_of_a_client_stays() {
    let bench = Bench::new();
    let id = bench.issuer.client_id();
    assert_eq!(bench.control("clients", &json!({ "client_id": id, "federated": [] })).status, 200);
    assert_eq!(bench.ask(&[]).await.status, 200);
    assert_eq!(bench.control("clients", &json!({ "client_id": id, "secrets": [] })).status, 200);
    assert_eq!(*bench.ask(&[]).await.code(), 7_000_215);
}

#[test]
fn wrong_controls_are_refused_with_what_is_allowed() {
    let bench = Bench::new();
    for (name, body) in [
        ("clients", json!({ "client_id": "no uuid" })),
        ("clients", json!({ "certificates": ["no certificate"] })),
        ("clients", json!({ "secrets": [{ "secret": "x", "expires": "soon" }] })),
        ("issuers", json!({ "issuer": "x", "keys": [{ "n": "AQAB", "e": "?" }] })),
        ("issuers", json!({})),
        ("token", json!({ "claim": {} })),
        ("settings", json!({ "token_lifetime_seconds": -1 })),
        ("settings", json!({ "assertion_ids": "twice" })),
        ("settings", json!({ "colour": "red" })),
    ] {
        let reply = bench.control(name, &body);
        assert_eq!(reply.status, 400, "{name} {body}");
        assert!(reply.body["error"].as_str().unwrap().contains("expected") || name == "clients");
    }
    for name in ["clients", "issuers", "token", "settings", "identity"] {
        let call = Call::bare(Method::PUT, "/");
        assert_eq!(bench.entra.control(name, &call).unwrap().status, 405, "{name}");
    }
    assert!(bench.entra.control("weather", &Call::bare(Method::GET, "/")).is_none());
}
