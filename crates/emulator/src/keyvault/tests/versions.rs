use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::bench::{Bench, HOST, key, path_of};
use crate::wire::Call;

const DAY: i64 = 24 * 3600;

async fn versions(bench: &Bench, query: &str) -> Vec<Value> {
    let (mut path, mut all) = (key(&format!("/versions{query}")), Vec::new());
    loop {
        let page = bench.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let items = page.body["value"].as_array().unwrap();
        assert!(!items.is_empty() && items.len() <= 25);
        all.extend(items.clone());
        match page.body["nextLink"].as_str() {
            // The link has the version of the interface already; a second one does no harm.
            Some(next) => next.strip_prefix(&format!("http://{HOST}")).unwrap().clone_into(&mut path),
            None => return all,
        }
    }
}

#[tokio::test]
async fn azure_17_without_a_version_the_newest_that_is_enabled_wraps() {
    let bench = Bench::new();
    let (old, _) = bench.wrap(&key("/wrapkey"), &[5; 32]).await;
    bench.vault.rotate();
    let (new, wrapped) = bench.wrap(&key("/wrapkey"), &[5; 32]).await;
    assert_ne!(old, new);
    let version = new.rsplit_once('/').unwrap().1;
    let reply = bench.control("key", &json!({ "enabled": false, "version": version }));
    assert_eq!(reply.body["versions"][1], json!({ "version": version, "enabled": false }));
    assert_eq!(bench.wrap(&key("/wrapkey"), &[5; 32]).await.0, old);
    assert_eq!(
        bench.post(&key("/unwrapkey"), "RSA-OAEP-256", &wrapped).await.code(),
        (400, "BadParameter", "")
    );
    assert_eq!(bench.get(&key("")).await.body["key"]["kid"], new);
    bench.vault.set_enabled(false);
    assert_eq!(bench.post(&key("/wrapkey"), "RSA-OAEP-256", "AAAA").await.status, 403);
}

#[test]
fn a_wrong_change_of_the_key_is_refused_and_changes_nothing() {
    let bench = Bench::new();
    let before = bench.control("key", &json!({})).body;
    for (wrong, words) in [
        (json!({ "enabled": false, "version": "nope" }), "no such version"),
        (json!({ "enabled": false, "denied": ["fly"] }), "unwrapKey"),
        (json!({ "enabled": "no" }), "true|false"),
        (json!({ "disabled": true }), "enabled"),
    ] {
        let reply = bench.control("key", &wrong);
        assert_eq!(reply.status, 400, "{wrong}");
        assert!(reply.body["error"].as_str().unwrap().contains(words), "{wrong}: {}", reply.body);
    }
    assert_eq!(bench.control("key", &json!({})).body, before);
    assert_eq!(bench.control("key", &json!({ "denied": ["GetKey", "purge"] })).status, 200);
}

#[tokio::test]
async fn azure_18_a_rotation_makes_a_version_and_the_old_one_still_unwraps() {
    let bench = Bench::new();
    let (old, wrapped) = bench.wrap(&key("/wrapkey"), &[5; 32]).await;
    let rotated = bench.call("POST", &key("/rotate"), &Value::Null).await;
    assert_eq!(rotated.status, 200);
    let kid = rotated.body["key"]["kid"].as_str().unwrap();
    assert_ne!(kid, old);
    assert_eq!(rotated.body["key"]["key_ops"], json!(["wrapKey", "unwrapKey"]));
    assert_eq!(bench.wrap(&key("/wrapkey"), &[5; 32]).await.0, kid);
    assert_eq!(bench.unwrap(&old, &wrapped).await.status, 200);
    let (one, other) = (bench.get(path_of(&old)).await, bench.get(path_of(kid)).await);
    assert_ne!(one.body["key"]["n"], other.body["key"]["n"]);
    assert_eq!(
        bench.call("POST", "/keys/nobody/rotate", &Value::Null).await.code(),
        (404, "KeyNotFound", "")
    );
}

#[tokio::test]
async fn azure_18_versions_are_listed_in_pages_of_25_at_most() {
    let bench = Bench::new();
    for _ in 0..52 {
        // The numbers of a version are made only when they are needed.
        bench.vault.ring().rotate("tenant-kek", bench.now()).unwrap();
    }
    let all = versions(&bench, "").await;
    let kids: BTreeSet<&str> = all.iter().map(|item| item["kid"].as_str().unwrap()).collect();
    assert_eq!((all.len(), kids.len()), (53, 53));
    assert_eq!(all[0]["attributes"]["recoveryLevel"], "Recoverable+Purgeable");
    assert!(all[0].get("key").is_none() && all[0].get("n").is_none());
    let first = bench.get(&key("/versions")).await.body;
    assert_eq!(first["value"].as_array().unwrap().len(), 25);
    assert_eq!(versions(&bench, "?maxresults=7").await, all);
    assert_eq!(bench.get(&key("/versions?maxresults=7")).await.body["value"].as_array().unwrap().len(), 7);
    for query in ["?maxresults=0", "?maxresults=26", "?maxresults=x", "?$skiptoken=!", "?$skiptoken=AAAA"] {
        assert_eq!(
            bench.get(&key(&format!("/versions{query}"))).await.code(),
            (400, "BadParameter", ""),
            "{query}"
        );
    }
    assert_eq!(bench.get("/keys/nobody/versions").await.status, 404);
}

#[tokio::test]
async fn azure_18_keys_are_listed_by_name_without_versions() {
    let bench = Bench::new();
    for number in 0..30 {
        let order = || {
            crate::keyvault::body::order(&Call::json(http::Method::POST, "/", r#"{"kty":"RSA"}"#)).unwrap()
        };
        bench.vault.ring().create(&format!("Key-{number:02}"), order(), bench.now()).unwrap();
    }
    let first = bench.get("/keys").await.body;
    assert_eq!(first["value"][0]["kid"], format!("https://{HOST}/keys/Key-00"));
    let next = first["nextLink"].as_str().unwrap().strip_prefix(&format!("http://{HOST}")).unwrap();
    let second = bench.get(next).await.body;
    assert_eq!(
        (first["value"].as_array().unwrap().len(), second["value"].as_array().unwrap().len()),
        (25, 6)
    );
    assert_eq!(second["nextLink"], Value::Null);
    assert_eq!(second["value"][5]["kid"], format!("https://{HOST}/keys/tenant-kek"));
}

#[tokio::test]
async fn azure_18_a_key_is_made_as_its_owner_orders_it() {
    let bench = Bench::new();
    let (from, until) = (bench.now() - 5, bench.now() + 3600);
    let body = json!({ "kty": "RSA-HSM", "key_size": 2048, "key_ops": ["unwrapKey", "wrapKey"],
                       "attributes": { "enabled": true, "nbf": from, "exp": until }, "tags": { "for": "tests" }, "later": 1 });
    let kid = bench.create("Mine", &body).await;
    let shown = bench.get("/keys/mine").await.body;
    assert_eq!(shown["key"]["kid"], kid);
    assert!(kid.starts_with(&format!("https://{HOST}/keys/Mine/")));
    assert_eq!((&shown["key"]["kty"], &shown["key"]["e"]), (&json!("RSA-HSM"), &json!("AQAB")));
    assert_eq!(shown["key"]["n"].as_str().unwrap().len(), 342);
    assert_eq!((&shown["attributes"]["nbf"], &shown["attributes"]["exp"]), (&json!(from), &json!(until)));
    assert_eq!(shown["tags"], json!({ "for": "tests" }));
    let second = bench.create("MINE", &json!({ "kty": "RSA" })).await;
    assert_ne!(second, kid);
    assert_eq!(bench.get(path_of(&kid)).await.body["attributes"]["exp"], until);
    for body in [
        json!({}),
        json!({ "kty": "EC" }),
        json!({ "kty": "oct-HSM" }),
        json!({ "kty": "RSA", "key_size": 1024 }),
        json!({ "kty": "RSA", "key_size": -1 }),
        json!({ "kty": "RSA", "tags": { "a": 1 } }),
    ] {
        let reply = bench.call("POST", "/keys/odd/create", &body).await;
        assert_eq!(reply.code(), (400, "BadParameter", ""), "{body}");
    }
}

#[tokio::test]
async fn azure_19_a_policy_is_shown_set_and_checked() {
    let bench = Bench::new();
    let path = key("/rotationpolicy");
    let usual = bench.get(&path).await.body;
    assert_eq!(usual["id"], format!("https://{HOST}/keys/tenant-kek/rotationpolicy"));
    let notify = json!([{ "trigger": { "timeBeforeExpiry": "P30D" }, "action": { "type": "Notify" } }]);
    assert_eq!((&usual["lifetimeActions"], &usual["attributes"]["expiryTime"]), (&notify, &Value::Null));
    let wanted = json!({
        "lifetimeActions": [
            { "trigger": { "timeAfterCreate": "P90D" }, "action": { "type": "rotate" } },
            { "trigger": { "timeBeforeExpiry": "P30D" }, "action": { "type": "Notify" } },
        ],
        "attributes": { "expiryTime": "P1Y" },
    });
    let set = bench.call("PUT", &path, &wanted).await;
    assert_eq!(set.status, 200);
    assert_eq!(set.body["lifetimeActions"][0]["action"]["type"], "Rotate");
    assert_eq!(set.body["attributes"]["expiryTime"], "P1Y");
    let rotate = |trigger: Value| json!([{ "trigger": trigger, "action": { "type": "Rotate" } }]);
    for body in [
        json!({ "attributes": { "expiryTime": "P27D" } }),
        json!({ "attributes": { "expiryTime": "one year" } }),
        json!({ "attributes": { "expiryTime": "-P1Y" } }),
        json!({ "attributes": { "expiryTime": "PT900H" } }),
        json!({ "lifetimeActions": rotate(json!({ "timeAfterCreate": "P6D" })) }),
        json!({ "lifetimeActions": rotate(json!({ "timeBeforeExpiry": "P30D" })) }),
        json!({ "lifetimeActions": rotate(json!({ "timeBeforeExpiry": "P6D" })), "attributes": { "expiryTime": "P1Y" } }),
        json!({ "lifetimeActions": rotate(json!({ "timeAfterCreate": "P25D" })), "attributes": { "expiryTime": "P28D" } }),
        json!({ "lifetimeActions": rotate(json!({ "timeAfterCreate": "P90D", "timeBeforeExpiry": "P30D" })) }),
        json!({ "lifetimeActions": rotate(json!({})) }),
        json!({ "lifetimeActions": [{ "trigger": { "timeAfterCreate": "P90D" }, "action": { "type": "Notify" } }] }),
        json!({ "lifetimeActions": [{ "trigger": { "timeAfterCreate": "P90D" }, "action": { "type": "Explode" } }] }),
        json!([]),
    ] {
        assert_eq!(bench.call("PUT", &path, &body).await.code(), (400, "BadParameter", ""), "{body}");
    }
    assert_eq!(bench.get(&path).await.body["lifetimeActions"], set.body["lifetimeActions"]);
    assert_eq!(
        bench.call("PUT", &path, &json!({ "attributes": { "expiryTime": "P28D" } })).await.status,
        200
    );
    assert_eq!(bench.get(&path).await.body["lifetimeActions"], notify);
    assert_eq!(bench.get("/keys/nobody/rotationpolicy").await.status, 404);
}

#[tokio::test]
async fn azure_19_the_clock_moves_on_and_the_key_has_rotated() {
    let mut bench = Bench::new();
    let (old, wrapped) = bench.wrap(&key("/wrapkey"), &[5; 32]).await;
    let born = bench.get(&key("")).await.body["attributes"]["created"].as_i64().unwrap();
    let body = json!({
        "lifetimeActions": [{ "trigger": { "timeAfterCreate": "P90D" }, "action": { "type": "Rotate" } }],
        "attributes": { "expiryTime": "P1Y" },
    });
    assert_eq!(bench.call("PUT", &key("/rotationpolicy"), &body).await.status, 200);
    bench.advance(SignedDuration::from_hours(89 * 24));
    assert_eq!(bench.wrap(&key("/wrapkey"), &[5; 32]).await.0, old);
    bench.advance(SignedDuration::from_hours(2 * 24));
    assert_ne!(bench.wrap(&key("/wrapkey"), &[5; 32]).await.0, old);
    bench.advance(SignedDuration::from_hours(274 * 24));
    let all = versions(&bench, "").await;
    let created: Vec<i64> = all.iter().map(|item| item["attributes"]["created"].as_i64().unwrap()).collect();
    assert_eq!(created, [0, 90, 180, 270, 360].map(|days| born + days * DAY));
    let expires = all[4]["attributes"]["exp"].as_i64().unwrap();
    assert!((expires - created[4]) / DAY >= 365);
    assert_eq!(bench.unwrap(&old, &wrapped).await.status, 200);
}

#[tokio::test]
async fn azure_19_a_key_rotates_before_it_expires() {
    let mut bench = Bench::new();
    let body = json!({
        "lifetimeActions": [{ "trigger": { "timeBeforeExpiry": "P7D" }, "action": { "type": "Rotate" } }],
        "attributes": { "expiryTime": "P28D" },
    });
    assert_eq!(bench.call("PUT", &key("/rotationpolicy"), &body).await.status, 200);
    // The first version was made before, and expires never.
    bench.advance(SignedDuration::from_hours(365 * 24));
    assert_eq!(versions(&bench, "").await.len(), 1);
    assert_eq!(bench.call("POST", &key("/rotate"), &Value::Null).await.status, 200);
    bench.advance(SignedDuration::from_hours(22 * 24));
    assert_eq!(versions(&bench, "").await.len(), 3);
    // A century is made up for without anybody waiting for it.
    bench.advance(SignedDuration::from_hours(36_500 * 24));
    assert!(versions(&bench, "").await.len() > 1000);
}

#[tokio::test]
async fn azure_24_what_is_unknown_is_not_found_and_what_no_key_can_be_called_is_wrong() {
    let bench = Bench::new();
    let missing = (404, "KeyNotFound", "");
    let version = "0123456789abcdef0123456789abcdef";
    for (method, path) in [
        ("GET", "/keys/other-kek".to_owned()),
        ("GET", key(&format!("/{version}"))),
        ("POST", "/keys/other-kek/wrapkey".to_owned()),
        ("POST", key(&format!("/{version}/unwrapkey"))),
        ("PATCH", key(&format!("/{version}"))),
        ("DELETE", "/keys/other-kek".to_owned()),
        ("GET", "/deletedkeys/tenant-kek".to_owned()),
    ] {
        let reply = bench.call(method, &path, &json!({ "alg": "RSA-OAEP-256", "value": "AAAA" })).await;
        assert_eq!(reply.code(), missing, "{method} {path}");
    }
    let long = "a".repeat(128);
    for name in ["tenant_kek", "tenant%20kek", "a.b", "%2e%2e", "k%C3%A4se", long.as_str()] {
        assert_eq!(bench.get(&format!("/keys/{name}")).await.code(), (400, "BadParameter", ""), "{name}");
    }
    assert_eq!(bench.get(&format!("/keys/{}", "a".repeat(127))).await.code(), missing);
}
