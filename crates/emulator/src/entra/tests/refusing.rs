use http::{Method, StatusCode};
use serde_json::json;

use super::bench::{Bench, HOST};
use crate::emulated::Emulated;
use crate::wire::Call;

#[tokio::test]
async fn azure_27_only_a_form_is_read() {
    let bench = Bench::new();
    let fields = json!({
        "grant_type": "client_credentials",
        "client_id": bench.issuer.client_id(),
        "client_secret": bench.issuer.client_secret(),
        "scope": "https://vault.azure.net/.default",
    });
    let form = serde_urlencoded::to_string(&fields).unwrap();
    let json = bench.send(Call::json(Method::POST, &bench.path(), &fields.to_string())).await;
    assert_eq!(
        (json.status, &json.body["error"], json.code()),
        (400, &json!("invalid_request"), &json!(900_144))
    );
    let mut mistyped = Call::form(Method::POST, &bench.path(), &form);
    mistyped.headers.insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(bench.send(mistyped).await.status, 400);
    let mut charset = Call::form(Method::POST, &bench.path(), &form);
    charset
        .headers
        .insert("content-type", "application/x-www-form-urlencoded; charset=UTF-8".parse().unwrap());
    assert_eq!(bench.send(charset).await.status, 200);
}

type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str, u32, &'a str);

#[tokio::test]
async fn azure_29_every_refusal_has_its_status_its_error_and_its_codes() {
    let bench = Bench::new();
    let client = bench.issuer.client_id();
    let cases: [Case<'_>; 11] = [
        (&[("client_secret", "wrong")], 401, "invalid_client", 7_000_215, "Invalid client secret provided."),
        (&[("client_secret", "")], 401, "invalid_client", 7_000_218, "'client_assertion' or 'client_secret'"),
        (
            &[("client_id", "7d5d6a3f-2c1b-4b7e-8a52-7b9f3e1f0a11")],
            400,
            "unauthorized_client",
            700_016,
            "7d5d6a3f-2c1b",
        ),
        (&[("client_id", "")], 400, "invalid_request", 900_144, "'client_id'"),
        (&[("grant_type", "password")], 400, "unsupported_grant_type", 70003, "'password'"),
        (&[("grant_type", "")], 400, "invalid_request", 900_144, "'grant_type'"),
        (&[("scope", "https://vault.azure.net")], 400, "invalid_scope", 1_002_012, "/.default"),
        (&[("scope", "/.default")], 400, "invalid_scope", 70011, "'scope'"),
        (&[("scope", "a b/.default")], 400, "invalid_scope", 70011, "'scope'"),
        (
            &[("scope", "https://elsewhere.example/.default")],
            400,
            "invalid_resource",
            500_011,
            "https://elsewhere.example",
        ),
        (&[("scope", "")], 400, "invalid_request", 900_144, "'scope'"),
    ];
    for (changes, status, error, code, words) in cases {
        let reply = bench.ask(changes).await;
        assert_eq!((reply.status, &reply.body["error"]), (status, &json!(error)), "{changes:?}");
        assert_eq!(reply.body["error_codes"], json!([code]));
        let description = reply.body["error_description"].as_str().unwrap();
        assert!(
            description.starts_with(&format!("AADSTS{code}: ")) && description.contains(words),
            "{description}"
        );
        for id in ["trace_id", "correlation_id"] {
            assert!(description.contains(reply.body[id].as_str().unwrap()));
        }
        assert!(reply.body["timestamp"].as_str().unwrap().ends_with('Z'));
        assert_eq!(reply.headers["x-ms-request-id"], reply.body["trace_id"].as_str().unwrap());
        assert!(!description.contains(bench.issuer.client_secret()));
    }
    assert!(
        bench.ask(&[("client_secret", "wrong")]).await.body["error_description"]
            .as_str()
            .unwrap()
            .contains(client)
    );
}

#[tokio::test]
async fn azure_29_an_expired_secret_is_told_from_a_wrong_one() {
    let bench = Bench::new();
    let id = "5a3ac1e5-93fb-4f25-b2a6-5a1d5a3c2e10";
    let expires = (bench.clock.now() + jiff::SignedDuration::from_hours(1)).to_string();
    let secrets = json!([{ "secret": "old", "expires": expires }, { "secret": "new" }]);
    assert_eq!(bench.control("clients", &json!({ "client_id": id, "secrets": secrets })).status, 200);
    let ask = async |secret| bench.ask(&[("client_id", id), ("client_secret", secret)]).await;
    assert_eq!(ask("old").await.status, 200);
    bench.clock.advance(jiff::SignedDuration::from_hours(1));
    let stale = ask("old").await;
    assert_eq!((stale.status, stale.code()), (401, &json!(7_000_222)));
    assert_eq!(stale.body["error"], "invalid_client");
    assert_eq!(*ask("wrong").await.code(), 7_000_215);
    assert_eq!(ask("new").await.status, 200);
}

#[tokio::test]
async fn dynamics_2_what_stops_an_organization_is_told_apart() {
    let bench = Bench::new();
    bench.control(
        "clients",
        &json!({
            "client_id": bench.issuer.client_id(),
            "secrets": [{ "secret": "good" }, { "secret": "stale", "expires": "2020-01-01T00:00:00Z" }],
        }),
    );
    for (changes, status, code) in [
        (("client_secret", "wrong"), 401, 7_000_215),
        (("client_secret", "stale"), 401, 7_000_222),
        (("client_id", "7d5d6a3f-2c1b-4b7e-8a52-7b9f3e1f0a11"), 400, 700_016),
        (("scope", "https://gone.crm.dynamics.com/.default"), 400, 500_011),
    ] {
        let reply = bench.ask(&[("client_secret", "good"), changes]).await;
        assert_eq!((reply.status, &reply.body["error_codes"]), (status, &json!([code])));
    }
    let path = "/3f2504e0-4f89-41d3-9a0c-0305e82c3301/oauth2/v2.0/token";
    let reply = bench.send(Call::form(Method::POST, path, "")).await;
    assert_eq!((reply.status, &reply.body["error_codes"]), (400, &json!([90002])));
    assert_eq!(reply.body["error"], "invalid_request");
    assert!(reply.body["error_description"].as_str().unwrap().contains("3f2504e0"));
}

#[tokio::test]
async fn azure_29_a_correlation_id_of_the_client_s_own_comes_back() {
    let bench = Bench::new();
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let call = Call::form(Method::POST, &bench.path(), "").with("client-request-id", id);
    let reply = bench.send(call).await;
    assert_eq!(reply.body["correlation_id"], id);
    assert_eq!(reply.headers["client-request-id"], id);
    let call = Call::form(Method::POST, &bench.path(), "").with("client-request-id", "no id");
    assert_ne!(bench.send(call).await.body["correlation_id"], "no id");
}

#[tokio::test]
async fn azure_29_a_quota_and_a_failure_speak_as_the_directory_does() {
    let bench = Bench::new();
    let quota = bench.entra.quota("token", None);
    assert_eq!(quota.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(quota.headers["retry-after"], "5");
    let failure = bench.entra.failure(StatusCode::BAD_GATEWAY, None);
    assert_eq!(failure.status, StatusCode::BAD_GATEWAY);
    let body: serde_json::Value = serde_json::from_slice(&failure.body).unwrap();
    assert_eq!((&body["error"], &body["error_codes"]), (&json!("temporarily_unavailable"), &json!([90033])));
    let call = Call::form(Method::POST, "/common/oauth2/token", "").with("host", HOST);
    assert_eq!(bench.entra.operation(&call), "other");
    assert_eq!(bench.entra.handle(call).await.status, StatusCode::NOT_FOUND);
}
