use jiff::SignedDuration;
use serde_json::json;

use super::bench::{Bench, key, path_of, read};
use crate::emulated::Emulated;
use crate::keyvault::operation::PERMISSIONS;
use crate::wire::Call;

/// A client of its own with these permissions, whose token the bench uses from now on.
fn visit(bench: &mut Bench, permissions: &[&str]) -> String {
    let call = Call::json(http::Method::POST, "/_emulator/clients", "{}");
    let client = read(&bench.entra.control("clients", &call).unwrap()).body;
    let id = client["client_id"].as_str().unwrap().to_owned();
    let reply = bench.control("permissions", &json!({ "client_id": id, "permissions": permissions }));
    assert_eq!(reply.status, 200);
    let claims = json!({ "claims": { "appid": id, "oid": client["object_id"] } }).to_string();
    let call = Call::json(http::Method::POST, "/_emulator/token", &claims);
    let token = read(&bench.entra.control("token", &call).unwrap()).body;
    bench.token = token["access_token"].as_str().unwrap().to_owned();
    id
}

#[tokio::test]
async fn azure_14_a_key_is_used_only_for_what_it_is_meant() {
    let bench = Bench::new();
    let kid = bench.create("one-way", &json!({ "kty": "RSA", "key_ops": ["wrapKey"] })).await;
    let (_, wrapped) = bench.wrap(&format!("{}/wrapkey", path_of(&kid)), &[1; 32]).await;
    let reply = bench.unwrap(&kid, &wrapped).await;
    assert_eq!(reply.code(), (403, "Forbidden", "KeyOperationForbidden"));
    assert_eq!(reply.message(), "Operation unwrapKey is not permitted on this key.");
    let reply = bench.call("PATCH", path_of(&kid), &json!({ "key_ops": ["wrapKey", "unwrapKey"] })).await;
    assert_eq!(reply.body["key"]["key_ops"], json!(["wrapKey", "unwrapKey"]));
    assert_eq!(bench.unwrap(&kid, &wrapped).await.status, 200);
    let reply = bench.call("POST", "/keys/odd/create", &json!({ "kty": "RSA", "key_ops": ["fly"] })).await;
    assert_eq!(reply.status, 400);
    assert_eq!(bench.get("/keys/odd").await.status, 404);
}

#[tokio::test]
async fn azure_15_each_caller_has_permissions_of_its_own() {
    let mut bench = Bench::new();
    let seeded = bench.token.clone();
    let (kid, wrapped) = bench.wrap(&key("/wrapkey"), &[1; 32]).await;
    let id = visit(&mut bench, &["wrapKey", "unwrapKey"]);
    assert_eq!(bench.unwrap(&kid, &wrapped).await.status, 200);
    let reply = bench.get(&key("")).await;
    assert_eq!(reply.code(), (403, "Forbidden", "ForbiddenByRbac"));
    assert!(reply.message().contains(&format!("appid={id}")) && reply.message().contains("keys/read"));
    for (method, path) in [
        ("GET", "/keys"),
        ("GET", "/keys/tenant-kek/versions"),
        ("POST", "/keys/tenant-kek/create"),
        ("POST", "/keys/tenant-kek/rotate"),
        ("PATCH", "/keys/tenant-kek"),
        ("DELETE", "/keys/tenant-kek"),
        ("GET", "/keys/tenant-kek/rotationpolicy"),
        ("PUT", "/keys/tenant-kek/rotationpolicy"),
        ("GET", "/deletedkeys"),
        ("GET", "/deletedkeys/x"),
        ("POST", "/deletedkeys/x/recover"),
        ("DELETE", "/deletedkeys/x"),
        ("POST", "/keys/tenant-kek/1/encrypt"),
        ("POST", "/keys/tenant-kek/1/decrypt"),
        ("GET", "/keys/nobody-knows"),
    ] {
        assert_eq!(
            bench.call(method, path, &json!({})).await.code(),
            (403, "Forbidden", "ForbiddenByRbac"),
            "{path}"
        );
    }
    bench.token = seeded;
    assert_eq!(bench.get(&key("")).await.status, 200);
}

#[tokio::test]
async fn azure_15_a_refusal_names_roles_or_policies() {
    let mut bench = Bench::new();
    visit(&mut bench, &[]);
    assert_eq!(bench.get(&key("")).await.code(), (403, "Forbidden", "ForbiddenByRbac"));
    bench.set(&json!({ "authorization": "policy" }));
    let reply = bench.get(&key("")).await;
    assert_eq!(reply.code(), (403, "Forbidden", "ForbiddenByPolicy"));
    assert!(reply.message().contains("does not have keys get permission"));
}

#[tokio::test]
async fn azure_15_to_get_can_be_denied_alone_and_to_everyone() {
    let bench = Bench::new();
    for name in ["get", "getKey"] {
        assert_eq!(bench.control("key", &json!({ "denied": [name] })).status, 200);
        assert_eq!(bench.get(&key("")).await.code(), (403, "Forbidden", "ForbiddenByRbac"));
        let (kid, wrapped) = bench.wrap(&key("/wrapkey"), &[1; 32]).await;
        assert_eq!(bench.unwrap(&kid, &wrapped).await.status, 200);
    }
    assert_eq!(bench.show("permissions")["denied"], json!(["getKey"]));
    bench.vault.deny(Vec::new());
    assert_eq!(bench.get(&key("")).await.status, 200);
}

#[tokio::test]
async fn azure_15_a_client_without_permissions_may_nothing_and_all_is_everything() {
    let mut bench = Bench::new();
    let id = visit(&mut bench, &[]);
    assert_eq!(bench.get("/keys").await.status, 403);
    bench.control("permissions", &json!({ "client_id": id, "permissions": ["all"] }));
    assert_eq!(bench.get("/keys").await.status, 200);
    let shown = bench.show("permissions");
    assert_eq!(shown["permissions"][&id].as_array().unwrap().len(), PERMISSIONS.len());
    for body in [
        json!({}),
        json!({ "client_id": "x", "permissions": [] }),
        json!({ "client_id": id, "permissions": ["fly"] }),
    ] {
        let reply = bench.control("permissions", &body);
        assert_eq!(reply.status, 400);
        assert!(reply.body["error"].as_str().unwrap().contains("setrotationpolicy"));
    }
}

#[tokio::test]
async fn azure_16_a_disabled_key_does_nothing() {
    let bench = Bench::new();
    let (kid, wrapped) = bench.wrap(&key("/wrapkey"), &[5; 32]).await;
    let reply = bench.call("PATCH", path_of(&kid), &json!({ "attributes": { "enabled": false } })).await;
    assert_eq!((reply.status, &reply.body["attributes"]["enabled"]), (200, &json!(false)));
    let disabled = (403, "Forbidden", "KeyDisabled");
    assert_eq!(bench.unwrap(&kid, &wrapped).await.code(), disabled);
    assert_eq!(
        bench.post(&format!("{}/wrapkey", path_of(&kid)), "RSA-OAEP-256", "AAAA").await.code(),
        disabled
    );
    assert_eq!(bench.post(&key("/wrapkey"), "RSA-OAEP-256", "AAAA").await.code(), disabled);
    assert_eq!(bench.get(path_of(&kid)).await.status, 200);
    bench.vault.set_enabled(true);
    assert_eq!(bench.unwrap(&kid, &wrapped).await.status, 200);
}

#[tokio::test]
async fn azure_16_an_expired_key_still_unwraps() {
    let mut bench = Bench::new();
    let expires = bench.now() + 3600;
    let kid = bench.create("short", &json!({ "kty": "RSA", "attributes": { "exp": expires } })).await;
    let path = format!("{}/wrapkey", path_of(&kid));
    let (_, wrapped) = bench.wrap(&path, &[5; 32]).await;
    bench.advance(SignedDuration::from_hours(1));
    let reply = bench.post(&path, "RSA-OAEP-256", "AAAA").await;
    assert_eq!(reply.code(), (403, "Forbidden", "KeyExpired"));
    assert_eq!(bench.post("/keys/short/wrapkey", "RSA-OAEP-256", "AAAA").await.status, 403);
    assert_eq!(bench.unwrap(&kid, &wrapped).await.status, 200);
}

#[tokio::test]
async fn azure_16_a_key_does_not_wrap_before_its_time() {
    let mut bench = Bench::new();
    let (from, until) = (bench.now() + 3600, bench.now() + 7200);
    let kid =
        bench.create("early", &json!({ "kty": "RSA", "attributes": { "nbf": from, "exp": until } })).await;
    let path = format!("{}/wrapkey", path_of(&kid));
    assert_eq!(bench.post(&path, "RSA-OAEP-256", "AAAA").await.code(), (403, "Forbidden", "KeyNotYetValid"));
    bench.advance(SignedDuration::from_hours(1));
    bench.wrap(&path, &[5; 32]).await;
    let body = json!({ "kty": "RSA", "attributes": { "nbf": until, "exp": from } });
    assert_eq!(bench.call("POST", "/keys/never/create", &body).await.status, 400);
}
