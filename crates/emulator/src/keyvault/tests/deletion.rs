use jiff::SignedDuration;
use serde_json::{Value, json};

use super::bench::{Bench, HOST, key, path_of};

#[tokio::test]
async fn azure_20_a_deleted_key_is_gone_until_it_is_recovered() {
    let bench = Bench::new();
    let (old, wrapped) = bench.wrap(&key("/wrapkey"), &[5; 32]).await;
    bench.vault.rotate();
    let before = bench.now();
    let deleted = bench.call("DELETE", &key(""), &Value::Null).await;
    let date = deleted.body["deletedDate"].as_i64().unwrap();
    assert!(deleted.status == 200 && (before..=bench.now()).contains(&date), "{}", deleted.body);
    assert_eq!(deleted.body["recoveryId"], format!("https://{HOST}/deletedkeys/tenant-kek"));
    assert_eq!(deleted.body["scheduledPurgeDate"], date + 90 * 24 * 3600);
    assert!(deleted.body["key"]["n"].is_string() && deleted.body["attributes"]["enabled"].is_boolean());
    for reply in
        [bench.get(&key("")).await, bench.unwrap(&old, &wrapped).await, bench.get(&key("/versions")).await]
    {
        assert_eq!(reply.code(), (404, "KeyNotFound", ""));
    }
    let again = bench.call("POST", &key("/create"), &json!({ "kty": "RSA" })).await;
    assert_eq!(again.code(), (409, "Conflict", "ObjectIsDeletedButRecoverable"));
    let shown = bench.get("/deletedkeys/tenant-kek").await;
    assert_eq!(shown.body["recoveryId"], deleted.body["recoveryId"]);
    let list = bench.get("/deletedkeys").await.body;
    assert_eq!(list["value"][0]["kid"], format!("https://{HOST}/keys/tenant-kek"));
    assert_eq!(list["value"][0]["recoveryId"], deleted.body["recoveryId"]);
    let recovered = bench.call("POST", "/deletedkeys/tenant-kek/recover", &Value::Null).await;
    assert_eq!((recovered.status, &recovered.body["key"]["kid"]), (200, &deleted.body["key"]["kid"]));
    assert_eq!(bench.unwrap(&old, &wrapped).await.status, 200);
    assert_eq!(bench.get(&key("/versions")).await.body["value"].as_array().unwrap().len(), 2);
    assert_eq!(bench.get("/deletedkeys/tenant-kek").await.code(), (404, "KeyNotFound", ""));
    assert_eq!(bench.get("/deletedkeys").await.body["value"], json!([]));
    let nothing = bench.call("POST", "/deletedkeys/tenant-kek/recover", &Value::Null).await;
    assert_eq!(nothing.status, 404);
}

#[tokio::test]
async fn azure_20_a_purged_key_is_gone_for_good() {
    let bench = Bench::new();
    let (old, wrapped) = bench.wrap(&key("/wrapkey"), &[5; 32]).await;
    bench.call("DELETE", &key(""), &Value::Null).await;
    let purged = bench.call("DELETE", "/deletedkeys/tenant-kek", &Value::Null).await;
    assert_eq!((purged.status, &purged.body), (204, &Value::Null));
    assert_eq!(bench.get("/deletedkeys/tenant-kek").await.status, 404);
    let new = bench.create("tenant-kek", &json!({ "kty": "RSA" })).await;
    assert_ne!(new, old);
    assert_eq!(bench.unwrap(&old, &wrapped).await.status, 404);
    assert_eq!(bench.unwrap(&new, &wrapped).await.status, 400);
}

#[tokio::test]
async fn azure_20_purge_protection_forbids_it_and_shows_in_the_attributes() {
    let bench = Bench::new();
    bench.set(&json!({ "purge_protection": true }));
    assert_eq!(bench.get(&key("")).await.body["attributes"]["recoveryLevel"], "Recoverable");
    bench.call("DELETE", &key(""), &Value::Null).await;
    let refused = bench.call("DELETE", "/deletedkeys/tenant-kek", &Value::Null).await;
    assert_eq!(refused.code(), (403, "Forbidden", "ForbiddenByPolicy"));
    assert_eq!(bench.get("/deletedkeys/tenant-kek").await.status, 200);
    bench.set(&json!({ "purge_protection": false }));
    assert_eq!(bench.call("DELETE", "/deletedkeys/tenant-kek", &Value::Null).await.status, 204);
}

#[tokio::test]
async fn azure_20_deleted_keys_stay_for_as_many_days_as_are_set() {
    let mut bench = Bench::new();
    for (days, protected, level) in [
        (7, false, "CustomizedRecoverable+Purgeable"),
        (89, true, "CustomizedRecoverable"),
        (90, false, "Recoverable+Purgeable"),
    ] {
        bench.set(&json!({ "recoverable_days": days, "purge_protection": protected }));
        let attributes = bench.get(&key("")).await.body["attributes"].clone();
        assert_eq!(
            (&attributes["recoveryLevel"], &attributes["recoverableDays"]),
            (&json!(level), &json!(days))
        );
    }
    for days in [6, 91] {
        assert_eq!(bench.control("settings", &json!({ "recoverable_days": days })).status, 400);
    }
    bench.set(&json!({ "recoverable_days": 7 }));
    bench.call("DELETE", &key(""), &Value::Null).await;
    bench.advance(SignedDuration::from_hours(7 * 24 - 1));
    assert_eq!(bench.get("/deletedkeys/tenant-kek").await.status, 200);
    bench.advance(SignedDuration::from_hours(1));
    assert_eq!(bench.get("/deletedkeys/tenant-kek").await.status, 404);
    bench.create("tenant-kek", &json!({ "kty": "RSA" })).await;
}

#[tokio::test]
async fn azure_20_a_deletion_takes_time_to_settle_where_that_is_set() {
    let mut bench = Bench::new();
    bench.set(&json!({ "deletion_seconds": 20 }));
    let kid = bench.get(&key("")).await.body["key"]["kid"].as_str().unwrap().to_owned();
    assert_eq!(bench.call("DELETE", &key(""), &Value::Null).await.status, 200);
    let being = (409, "Conflict", "ObjectIsBeingDeleted");
    assert_eq!(bench.get("/deletedkeys/tenant-kek").await.status, 404);
    assert_eq!(bench.call("POST", &key("/create"), &json!({ "kty": "RSA" })).await.code(), being);
    assert_eq!(bench.call("POST", "/deletedkeys/tenant-kek/recover", &Value::Null).await.code(), being);
    assert_eq!(bench.call("DELETE", "/deletedkeys/tenant-kek", &Value::Null).await.code(), being);
    bench.advance(SignedDuration::from_secs(20));
    assert_eq!(bench.get("/deletedkeys/tenant-kek").await.status, 200);
    assert_eq!(bench.call("POST", "/deletedkeys/tenant-kek/recover", &Value::Null).await.status, 200);
    assert_eq!(bench.get(path_of(&kid)).await.status, 200);
}
