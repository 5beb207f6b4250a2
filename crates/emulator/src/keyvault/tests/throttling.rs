use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;

use super::bench::{Bench, key, read};
use crate::emulated::Emulated;
use crate::keyvault::key::Kind;
use crate::keyvault::throttle::{Charge, Throttle};

#[tokio::test]
async fn azure_21_a_429_says_when_to_come_back_or_not() {
    let bench = Bench::new();
    let quota = || read(&bench.vault.quota("wrapKey", None));
    let reply = quota();
    assert_eq!(reply.code(), (429, "Throttled", ""));
    assert!(!reply.headers.contains_key("retry-after"));
    bench.set(&json!({ "retry_after": "seconds" }));
    assert_eq!(quota().headers["retry-after"], "10");
    bench.set(&json!({ "retry_after": "date" }));
    let date = quota().headers["retry-after"].to_str().unwrap().to_owned();
    let then = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&date).unwrap();
    assert!((8..=10).contains(&(then.as_second() - bench.now())), "{date}");
}

#[test]
fn azure_21_weights_are_added_up_in_ten_seconds() {
    let mut throttle = Throttle::default();
    let (small, large) = (Charge::Software { weight: 1 }, Charge::Software { weight: 8 });
    for _ in 0..250 {
        assert_eq!(throttle.charge(large, 0), Ok(()));
    }
    for _ in 0..2000 {
        assert_eq!(throttle.charge(small, 4_000), Ok(()));
    }
    assert_eq!(throttle.charge(small, 4_001), Err(6));
    assert_eq!(throttle.charge(small, 9_999), Err(1));
    // The large ones leave the window first, and leave room for as much.
    for _ in 0..250 {
        assert_eq!(throttle.charge(large, 10_000), Ok(()));
    }
    assert_eq!(throttle.charge(small, 10_001), Err(4));
    assert_eq!(throttle.charge(Charge::Hardware { weight: 4 }, 10_001), Ok(()));
    assert_eq!(throttle.charge(small, 14_000), Ok(()));
}

#[test]
fn azure_21_making_keys_has_limits_of_its_own() {
    for (kind, limit) in [(Kind::Software, 20), (Kind::Hardware, 10)] {
        let mut throttle = Throttle::default();
        for _ in 0..limit {
            assert_eq!(throttle.charge(Charge::create(kind), 0), Ok(()));
        }
        assert_eq!(throttle.charge(Charge::create(kind), 5_000), Err(5));
        assert_eq!(throttle.charge(Charge::create(kind), 10_000), Ok(()));
    }
}

#[tokio::test]
async fn azure_21_the_published_limits_hold_once_they_are_wanted() {
    let mut bench = Bench::new();
    bench.set(&json!({ "throttling": "published", "retry_after": "seconds" }));
    for _ in 0..20 {
        bench.vault.charge(Charge::CreateSoftware).unwrap();
    }
    let refused = bench.call("POST", "/keys/many/create", &json!({ "kty": "RSA" })).await;
    assert_eq!(refused.code(), (429, "Throttled", ""));
    assert!((1..=10).contains(&refused.headers["retry-after"].to_str().unwrap().parse::<i64>().unwrap()));
    assert_eq!(bench.call("POST", &key("/rotate"), &json!(null)).await.status, 429);
    assert_eq!(bench.get("/keys/many").await.status, 404);
    assert_eq!(bench.get(&key("/versions")).await.body["value"].as_array().unwrap().len(), 1);
    bench.advance(SignedDuration::from_secs(10));
    assert_eq!(bench.call("POST", &key("/rotate"), &json!(null)).await.status, 200);
}

#[tokio::test]
async fn azure_21_calls_weigh_by_the_size_of_the_key() {
    let mut bench = Bench::new();
    bench.create("wide", &json!({ "kty": "RSA", "key_size": 3072 })).await;
    bench.set(&json!({ "throttling": "published" }));
    bench.vault.charge(Charge::Software { weight: 3994 }).unwrap();
    assert_eq!(bench.get("/keys/wide").await.status, 200);
    assert_eq!(bench.get("/keys/wide").await.code(), (429, "Throttled", ""));
    assert_eq!(bench.get(&key("")).await.status, 200);
    assert_eq!(bench.get("/keys").await.status, 200);
    assert_eq!(bench.get(&key("")).await.status, 429);
    bench.advance(SignedDuration::from_secs(10));
    assert_eq!(bench.get("/keys/wide").await.status, 200);
    bench.vault.charge(Charge::Software { weight: 3996 }).unwrap();
    bench.set(&json!({ "throttling": "none" }));
    assert_eq!(bench.get("/keys/wide").await.status, 200);
}

#[test]
fn azure_22_failures_have_the_vault_s_shape() {
    let bench = Bench::new();
    for (status, code) in [
        (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
        (StatusCode::FORBIDDEN, "Forbidden"),
        (StatusCode::UNAUTHORIZED, "Unauthorized"),
    ] {
        let reply = read(&bench.vault.failure(status, None));
        assert_eq!(reply.code(), (status.as_u16(), code, ""));
        assert!(reply.headers.contains_key("x-ms-request-id"));
        assert_eq!(reply.headers.contains_key("www-authenticate"), status == StatusCode::UNAUTHORIZED);
    }
}
