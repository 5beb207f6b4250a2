use http::Method;
use serde_json::json;

use super::bench::{Bench, key, read};
use crate::emulated::Emulated;
use crate::wire::Call;

#[tokio::test]
async fn azure_23_every_answer_has_the_usual_headers() {
    let bench = Bench::new();
    let get = |path: &str| Call::bare(Method::GET, path).with("x-ms-client-request-id", "call-17");
    let good = bench.send(get("/keys/tenant-kek?api-version=7.4")).await;
    let missing = bench.send(get("/keys/nobody?api-version=7.4")).await;
    let stranger = read(&bench.vault.handle(get("/keys/tenant-kek")).await);
    assert_eq!([good.status, missing.status, stranger.status], [200, 404, 401]);
    for reply in [&good, &missing, &stranger] {
        assert_eq!(reply.headers["x-ms-client-request-id"], "call-17");
        assert_eq!(reply.headers["x-ms-request-id"].to_str().unwrap().len(), 36);
        assert_eq!(reply.headers["content-type"], "application/json; charset=utf-8");
        assert_eq!(reply.headers["cache-control"], "no-cache");
    }
    assert_ne!(good.headers["x-ms-request-id"], missing.headers["x-ms-request-id"]);
    let plain = bench.get(&key("")).await;
    assert!(!plain.headers.contains_key("x-ms-client-request-id"));
    assert!(read(&bench.vault.quota("wrapKey", None)).headers.contains_key("x-ms-request-id"));
}

#[tokio::test]
async fn azure_25_unknown_members_are_ignored_and_sent_at_random() {
    let bench = Bench::new();
    let body = json!({ "alg": "RSA-OAEP-256", "value": "AAAA", "later": { "deep": [1] }, "aad": null });
    assert_eq!(bench.call("POST", &key("/wrapkey"), &body).await.status, 200);
    let members = async || bench.get(&key("")).await.body.as_object().unwrap().len();
    let mut counts = Vec::new();
    for _ in 0..40 {
        counts.push(members().await);
    }
    assert!(counts.iter().all(|count| *count == 3));
    bench.set(&json!({ "unknown_members": "random" }));
    counts.clear();
    for _ in 0..40 {
        counts.push(members().await);
    }
    assert!(counts.contains(&3) && counts.contains(&4), "{counts:?}");
    let refused = bench.get("/keys/nobody").await;
    assert_eq!(refused.body.as_object().unwrap().len(), 1);
}

#[test]
fn wrong_controls_are_refused() {
    let bench = Bench::new();
    for (name, body) in [
        ("key", json!("off")),
        ("key", json!({ "enable": true })),
        ("settings", json!({ "challenge": "riddle" })),
        ("settings", json!({ "colour": "red" })),
    ] {
        let reply = bench.control(name, &body);
        assert_eq!(reply.status, 400, "{name} {body}");
        assert!(reply.body["error"].as_str().unwrap().contains("expected"));
    }
    for name in ["key", "permissions", "audit", "settings"] {
        let answer = bench.vault.control(name, &Call::bare(Method::PUT, "/")).unwrap();
        assert_eq!(answer.status, 405, "{name}");
    }
    assert!(bench.vault.control("weather", &Call::bare(Method::GET, "/")).is_none());
    assert_eq!(bench.show("settings")["retry_after"], "none");
}
