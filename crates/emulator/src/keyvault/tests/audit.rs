use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use serde_json::json;

use super::bench::{Bench, key};
use crate::emulated::Emulated;
use crate::keyvault::audit::{Entry, Log};
use crate::wire::Call;

#[tokio::test]
async fn azure_26_who_did_what_with_which_key_is_written_down_without_values() {
    let bench = Bench::new();
    let plain = [0x5a; 32];
    let (kid, wrapped) = bench.wrap(&key("/wrapkey"), &plain).await;
    bench.unwrap(&kid, &wrapped).await;
    let call =
        Call::bare(Method::GET, "/keys/nobody?api-version=7.4").with("x-ms-client-request-id", "call-17");
    let missing = bench.send(call).await;
    bench.vault.handle(Call::bare(Method::GET, "/keys/tenant-kek")).await;
    let log = bench.show("audit");
    let shown: Vec<_> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| json!([entry["operation"], entry["caller"], entry["kid"], entry["status"]]))
        .collect();
    let client = bench.issuer.client_id();
    let other = "https://vault.example:8443/keys/nobody";
    assert_eq!(
        shown,
        [
            json!(["wrapKey", client, kid, 200]),
            json!(["unwrapKey", client, kid, 200]),
            json!(["getKey", client, other, 404]),
            json!(["getKey", null, null, 401]),
        ]
    );
    let entry = &log["entries"][2];
    assert_eq!(entry["client_request_id"], "call-17");
    assert_eq!(entry["request_id"], missing.headers["x-ms-request-id"].to_str().unwrap());
    assert!(entry["time"].as_str().unwrap().ends_with('Z'));
    let text = log.to_string();
    assert!(
        !text.contains(&wrapped)
            && !text.contains(&URL_SAFE_NO_PAD.encode(plain))
            && !text.contains(&bench.token)
    );
    let cleared = bench.vault.control("audit", &Call::bare(Method::DELETE, "/")).unwrap();
    assert_eq!(cleared.status, StatusCode::OK);
    assert_eq!(bench.show("audit"), json!({ "entries": [] }));
}

#[test]
fn azure_26_the_log_keeps_the_newest_calls() {
    let mut log = Log::default();
    for number in 0..10_007 {
        log.record(Entry { request_id: number.to_string(), ..Entry::default() });
    }
    let answer = log.control(&Call::bare(Method::GET, "/"));
    let shown: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let entries = shown["entries"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["request_id"]), (10_000, &json!("7")));
}
