use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::bench::{Bench, Reply, VAULT, parts};
use crate::wire::Call;

const FABRIC: &str =
    "/metadata/identity/oauth2/token?api-version=2019-07-01-preview&resource=https://vault.azure.net";
const MACHINE: &str =
    "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net";

async fn fabric(bench: &Bench, path: &str) -> Reply {
    bench.send(Call::bare(Method::GET, path).with("secret", bench.issuer.identity_header())).await
}

async fn machine(bench: &Bench, path: &str) -> Reply {
    bench.send(Call::bare(Method::GET, path).with("metadata", "true")).await
}

#[tokio::test]
async fn azure_32_a_fabric_application_gets_a_token_of_its_identity() {
    let bench = Bench::new();
    let reply = fabric(&bench, FABRIC).await;
    let caller = bench.issuer.check(reply.token(), VAULT).unwrap();
    assert_eq!(caller.client_id, bench.show("identity")["client_id"]);
    assert_ne!(caller.client_id, bench.issuer.client_id());
    assert_eq!(parts(reply.token()).1["appidacr"], "2");
    assert_eq!((&reply.body["token_type"], &reply.body["resource"]), (&json!("Bearer"), &json!(VAULT)));
    let expires = reply.body["expires_on"].as_i64().unwrap();
    assert!((3590..=3599).contains(&(expires - bench.now())));
    assert_eq!(fabric(&bench, &FABRIC.replace("2019-07-01-preview", "2020-05-01")).await.status, 200);
}

#[tokio::test]
async fn azure_32_expires_on_is_a_number_or_a_text() {
    let bench = Bench::new();
    bench.control("settings", &json!({ "fabric_expires_on": "text" }));
    let expires = fabric(&bench, FABRIC).await.body["expires_on"].clone();
    assert!(expires.as_str().unwrap().parse::<i64>().unwrap() > bench.now());
    bench.control("settings", &json!({ "fabric_expires_on": "number" }));
    assert!(fabric(&bench, FABRIC).await.body["expires_on"].is_i64());
}

#[tokio::test]
async fn azure_32_every_fabric_refusal_has_its_code() {
    let bench = Bench::new();
    let check = |reply: Reply, status: u16, code: &str| {
        assert_eq!((reply.status, &reply.body["error"]["code"]), (status, &json!(code)), "{}", reply.body);
        assert!(
            reply.body["error"]["message"].is_string() && reply.body["error"]["correlationId"].is_string()
        );
    };
    check(bench.send(Call::bare(Method::GET, FABRIC)).await, 400, "SecretHeaderNotFound");
    let wrong = Call::bare(Method::GET, FABRIC).with("secret", "wrong");
    check(bench.send(wrong).await, 404, "ManagedIdentityNotFound");
    check(fabric(&bench, &FABRIC.replace("2019", "2010")).await, 400, "InvalidApiVersion");
    check(fabric(&bench, "/metadata/identity/oauth2/token?resource=x").await, 400, "InvalidApiVersion");
    let (bare, _) = FABRIC.split_once('&').unwrap();
    check(fabric(&bench, bare).await, 400, "ArgumentNullOrEmpty");
    check(fabric(&bench, &format!("{bare}&resource=")).await, 400, "ArgumentNullOrEmpty");
    check(fabric(&bench, &format!("{bare}&resource=https://x.example")).await, 500, "InternalServerError");
}

#[tokio::test]
async fn azure_32_a_slash_at_the_end_of_the_resource_fails_or_not() {
    let bench = Bench::new();
    let path = format!("{FABRIC}/");
    let failed = fabric(&bench, &path).await;
    assert_eq!((failed.status, &failed.body["error"]["code"]), (500, &json!("InternalServerError")));
    bench.control("settings", &json!({ "fabric_slash_fails": false }));
    assert_eq!(parts(fabric(&bench, &path).await.token()).1["aud"], "https://vault.azure.net/");
}

#[tokio::test]
async fn azure_32_programs_are_told_of_the_endpoint_by_their_environment() {
    let bench = Bench::new();
    let shown = bench.show("identity");
    assert_eq!(shown["IDENTITY_ENDPOINT"], "http://localhost:8443/metadata/identity/oauth2/token");
    assert_eq!(shown["IDENTITY_HEADER"], bench.issuer.identity_header());
    assert_eq!(shown["IDENTITY_API_VERSION"], "2020-05-01");
    assert_eq!(shown["IDENTITY_SERVER_THUMBPRINT"], Value::Null);
    bench.issuer.set_thumbprint(Some("AB12"));
    let shown = bench.show("identity");
    assert_eq!(shown["IDENTITY_ENDPOINT"], "https://localhost:8443/metadata/identity/oauth2/token");
    assert_eq!(shown["IDENTITY_SERVER_THUMBPRINT"], "AB12");
}

#[tokio::test]
async fn a_machine_gets_a_token_whose_numbers_are_texts() {
    let bench = Bench::new();
    let reply = machine(&bench, MACHINE).await;
    assert!(bench.issuer.check(reply.token(), VAULT).is_ok());
    assert_eq!((&reply.body["expires_in"], &reply.body["resource"]), (&json!("3599"), &json!(VAULT)));
    for time in ["expires_on", "not_before"] {
        assert!(reply.body[time].as_str().unwrap().parse::<i64>().unwrap() >= bench.now() - 1);
    }
    bench.clock.advance(SignedDuration::from_hours(1));
    assert!(bench.issuer.check(reply.token(), VAULT).is_err());
    let own = format!("{MACHINE}&client_id={}", reply.body["client_id"].as_str().unwrap());
    assert_eq!(machine(&bench, &own).await.status, 200);
}

#[tokio::test]
async fn a_machine_that_asks_wrongly_is_refused() {
    let bench = Bench::new();
    let check = |reply: Reply, error: &str, words: &str| {
        assert_eq!((reply.status, &reply.body["error"]), (400, &json!(error)));
        assert_eq!(reply.body["error_description"], words);
    };
    let bare = bench.send(Call::bare(Method::GET, MACHINE)).await;
    check(bare, "bad_request_102", "Required metadata header not specified");
    let forwarded =
        Call::bare(Method::GET, MACHINE).with("metadata", "true").with("x-forwarded-for", "10.0.0.1");
    check(bench.send(forwarded).await, "bad_request_102", "Required metadata header not specified");
    let path = "/metadata/identity/oauth2/token";
    check(machine(&bench, path).await, "invalid_request", "Required query variable 'api-version' is missing");
    let version = format!("{path}?api-version=2018-02-01");
    check(
        machine(&bench, &version).await,
        "invalid_request",
        "Required query variable 'resource' is missing",
    );
    for other in ["client_id=7d5d6a3f-2c1b-4b7e-8a52-7b9f3e1f0a11", "object_id=x", "mi_res_id=/x"] {
        check(machine(&bench, &format!("{MACHINE}&{other}")).await, "invalid_request", "Identity not found");
    }
}
