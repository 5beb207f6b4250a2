//! Azure Key Vault: the exact requests, and a fault for every answer.
#![expect(clippy::unwrap_used, reason = "a test that cannot arrange its world has failed")]

mod support;

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use support::azure::{
    VERSION, answer, base64url, client, error, give_tokens, key_calls, key_id, keys_say, server, settings,
};
use support::{Hands, code, data_key};
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Peer};
use webinar_bridge_domain::port::{DataKey, KeyWrap, WrappedKey};
use webinar_bridge_domain::time::SignedDuration;
use webinar_bridge_keyvault::azure::KeyVault;
use webinar_bridge_keyvault::{AzureSettings, SettingsError};
use webinar_bridge_transport::Url;
use wiremock::{MockServer, ResponseTemplate};

fn vault_with(settings: &AzureSettings) -> Result<KeyVault, SettingsError> {
    KeyVault::new(settings, client(), Arc::new(Hands::default()))
}

fn vault(server: &MockServer) -> KeyVault {
    vault_with(&settings(&server.uri())).unwrap()
}

async fn wrap(server: &MockServer) -> Result<WrappedKey, Fault> {
    vault(server).wrap(&data_key([7; 32])).await
}

async fn unwrap(server: &MockServer) -> Result<DataKey, Fault> {
    let wrapped = WrappedKey { key_id: key_id(server, VERSION), bytes: vec![9; 256] };
    vault(server).unwrap(&wrapped).await
}

#[tokio::test]
async fn wrapping_names_no_version_and_keeps_the_one_that_is_answered() {
    let server = server().await;
    keys_say(&server, answer(&key_id(&server, VERSION), &[9; 256])).await;
    let wrapped = wrap(&server).await.unwrap();
    assert_eq!(wrapped, WrappedKey { key_id: key_id(&server, VERSION), bytes: vec![9; 256] });
    let calls = key_calls(&server).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].url.path(), "/keys/tenant-kek/wrapkey");
    assert_eq!(calls[0].url.query(), Some("api-version=2025-07-01"));
    assert_eq!(calls[0].headers["authorization"], "Bearer token-1");
    let body: Value = calls[0].body_json().unwrap();
    assert_eq!(body, json!({ "alg": "RSA-OAEP-256", "value": base64url(&[7; 32]) }));
}

#[tokio::test]
async fn unwrapping_names_the_version_that_wrapped() {
    let server = server().await;
    keys_say(&server, answer(&key_id(&server, VERSION), &[7; 32])).await;
    assert_eq!(unwrap(&server).await.unwrap().reveal().expose_secret(), &[7; 32]);
    let calls = key_calls(&server).await;
    assert_eq!(calls[0].url.path(), format!("/keys/tenant-kek/{VERSION}/unwrapkey"));
    assert_eq!(calls[0].url.query(), Some("api-version=2025-07-01"));
    let body: Value = calls[0].body_json().unwrap();
    assert_eq!(body, json!({ "alg": "RSA-OAEP-256", "value": base64url(&[9; 256]) }));
}

#[tokio::test]
async fn the_token_is_for_the_vault() {
    let server = server().await;
    keys_say(&server, answer(&key_id(&server, VERSION), &[7; 32])).await;
    unwrap(&server).await.unwrap();
    let calls = server.received_requests().await.unwrap();
    assert_eq!(calls[0].url.path(), "/contoso/oauth2/v2.0/token");
    let form = String::from_utf8(calls[0].body.clone()).unwrap();
    assert!(form.contains("scope=https%3A%2F%2Fvault.azure.net%2F.default"), "another scope");
    assert!(form.contains("client_id=bridge"), "another client");
}

#[tokio::test]
async fn a_key_of_another_house_is_refused_without_a_call() {
    let server = server().await;
    keys_say(&server, answer(&key_id(&server, VERSION), &[7; 32])).await;
    let vault = vault(&server);
    let base = server.uri();
    let authority = base.strip_prefix("http://").unwrap();
    let foreign = [
        String::new(),
        "tenant-kek".to_owned(),
        VERSION.to_owned(),
        format!("https://evil.example/keys/tenant-kek/{VERSION}"),
        format!("https://contoso.vault.azure.net/keys/tenant-kek/{VERSION}"),
        format!("http://user@{authority}/keys/tenant-kek/{VERSION}"),
        format!("http://{authority}@evil.example/keys/tenant-kek/{VERSION}"),
        format!("ftp://{authority}/keys/tenant-kek/{VERSION}"),
        format!("{base}/keys/other-kek/{VERSION}"),
        format!("{base}/secrets/tenant-kek/{VERSION}"),
        format!("{base}/keys/tenant-kek"),
        format!("{base}/keys/tenant-kek/"),
        format!("{base}/keys/tenant-kek/{VERSION}/more"),
        format!("{base}/keys/tenant-kek/{VERSION}?x=1"),
        format!("{base}/keys/tenant-kek/{VERSION}#x"),
        format!("{base}/keys/tenant-kek/..%2f..%2fadmin"),
        format!("{base}/keys/tenant-kek/{}", "a".repeat(65)),
        format!("keyring:{VERSION}/1"),
    ];
    for key_id in foreign {
        let wrapped = WrappedKey { key_id: key_id.clone(), bytes: vec![9; 256] };
        let fault = vault.unwrap(&wrapped).await.unwrap_err();
        assert_eq!(code(&fault), "envelope.invalid", "{key_id}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[test]
fn a_port_is_part_of_a_public_vault() {
    let settings = settings("https://contoso.vault.azure.net");
    let vault = vault_with(&settings).unwrap();
    let refused = |key_id: &str| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let wrapped = WrappedKey { key_id: key_id.to_owned(), bytes: vec![9; 256] };
        code(&runtime.block_on(vault.unwrap(&wrapped)).unwrap_err()) == "envelope.invalid"
    };
    assert!(refused(&format!("https://contoso.vault.azure.net:444/keys/tenant-kek/{VERSION}")));
    assert!(refused(&format!("http://contoso.vault.azure.net/keys/tenant-kek/{VERSION}")));
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_replaced_once() {
    use wiremock::matchers::header;
    use wiremock::{Mock, matchers::path_regex};
    let server = server().await;
    let good = answer(&key_id(&server, VERSION), &[7; 32]);
    let second = Mock::given(path_regex("^/keys/")).and(header("authorization", "Bearer token-2"));
    second.respond_with(good).mount(&server).await;
    keys_say(&server, error(401, "Unauthorized", None)).await;
    assert!(unwrap(&server).await.is_ok());
    assert_eq!(key_calls(&server).await.len(), 2);
}

#[tokio::test]
async fn a_client_that_is_not_taken_is_told_after_two_tokens() {
    let server = server().await;
    keys_say(&server, error(401, "Unauthorized", None)).await;
    let fault = unwrap(&server).await.unwrap_err();
    assert_eq!(
        (fault.kind.clone(), code(&fault)),
        (FaultKind::Unauthorised { version: 1 }, "vault.unauthorised")
    );
    assert_eq!(key_calls(&server).await.len(), 2);
}

fn denied(why: &'static str) -> FaultKind {
    FaultKind::Denied { why: Some(Code::new(why)) }
}

fn throttled(after: Option<i64>) -> FaultKind {
    FaultKind::Throttled { after: after.map(SignedDuration::from_secs) }
}

#[tokio::test]
async fn every_no_has_its_fault() {
    let invalid = || FaultKind::Invalid { field: Code::new("envelope.invalid") };
    let later = |status| error(status, "Throttled", None).insert_header("retry-after", "7");
    let table = [
        (error(400, "BadParameter", None), denied("vault.key_unusable"), invalid()),
        (
            error(403, "Forbidden", Some("ForbiddenByRbac")),
            denied("vault.forbidden"),
            denied("vault.forbidden"),
        ),
        (error(403, "Forbidden", Some("AccessDenied")), denied("vault.forbidden"), denied("vault.forbidden")),
        (error(403, "Forbidden", None), denied("vault.forbidden"), denied("vault.forbidden")),
        (
            ResponseTemplate::new(403).set_body_string("<html>"),
            denied("vault.forbidden"),
            denied("vault.forbidden"),
        ),
        (
            ResponseTemplate::new(403).set_body_string("{\"error\":7}"),
            denied("vault.forbidden"),
            denied("vault.forbidden"),
        ),
        (
            error(403, "Forbidden", Some("KeyDisabled")),
            denied("vault.key_disabled"),
            denied("vault.key_disabled"),
        ),
        (error(403, "KeyDisabled", None), denied("vault.key_disabled"), denied("vault.key_disabled")),
        (
            error(403, "Forbidden", Some("KeyExpired")),
            denied("vault.key_unusable"),
            denied("vault.key_unusable"),
        ),
        (error(404, "KeyNotFound", None), denied("vault.key_missing"), denied("vault.key_missing")),
        (error(409, "Conflict", None), FaultKind::Denied { why: None }, FaultKind::Denied { why: None }),
        (error(408, "Timeout", None), FaultKind::Transient, FaultKind::Transient),
        (error(429, "Throttled", None), throttled(None), throttled(None)),
        (later(429), throttled(Some(7)), throttled(Some(7))),
        (later(503), throttled(Some(7)), throttled(Some(7))),
        (error(500, "InternalServerError", None), FaultKind::Transient, FaultKind::Transient),
        (error(503, "Unavailable", None), FaultKind::Transient, FaultKind::Transient),
    ];
    for (response, wrapping, unwrapping) in table {
        let server = server().await;
        keys_say(&server, response).await;
        let (wrapped, unwrapped) = (wrap(&server).await.unwrap_err(), unwrap(&server).await.unwrap_err());
        assert_eq!((wrapped.kind, wrapped.peer), (wrapping, Peer::Vault));
        assert_eq!((unwrapped.kind, unwrapped.peer), (unwrapping, Peer::Vault));
        assert_eq!(key_calls(&server).await.len(), 2, "nothing is tried twice");
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_as_good_as_none() {
    let server = server().await;
    let (ours, value) = (key_id(&server, VERSION), base64url(&[7; 32]));
    let bodies = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "<html>a proxy</html>".to_owned(),
        "{\"kid\":".to_owned(),
        json!({}).to_string(),
        json!({ "kid": ours }).to_string(),
        json!({ "value": value }).to_string(),
        json!({ "kid": 7, "value": value }).to_string(),
        json!({ "kid": ours, "value": [7] }).to_string(),
        json!({ "kid": ours, "value": "" }).to_string(),
        json!({ "kid": ours, "value": "+/+/" }).to_string(),
        json!({ "kid": ours, "value": base64url(&[7; 1025]) }).to_string(),
        json!({ "kid": "", "value": value }).to_string(),
        json!({ "kid": "https://evil.example/keys/tenant-kek/1", "value": value }).to_string(),
        json!({ "kid": format!("{ours}/1"), "value": value }).to_string(),
        json!({ "kid": ours, "value": value, "more": "x".repeat(70_000) }).to_string(),
    ];
    for body in bodies {
        let start: String = body.chars().take(60).collect();
        server.reset().await;
        give_tokens(&server).await;
        keys_say(&server, ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
        for fault in [wrap(&server).await.unwrap_err(), unwrap(&server).await.unwrap_err()] {
            assert_eq!((code(&fault), &fault.kind), ("vault.unreadable", &FaultKind::Transient), "{start}");
        }
    }
}

#[tokio::test]
async fn an_unwrapped_key_has_32_bytes_and_is_of_the_version_asked_for() {
    let server = server().await;
    let other = key_id(&server, "00000000000000000000000000000002");
    for (kid, length) in [(key_id(&server, VERSION), 31), (key_id(&server, VERSION), 33), (other, 32)] {
        server.reset().await;
        give_tokens(&server).await;
        keys_say(&server, answer(&kid, &vec![7; length])).await;
        assert_eq!(code(&unwrap(&server).await.unwrap_err()), "vault.unreadable");
    }
}

#[tokio::test]
async fn a_vault_that_is_not_there_is_an_outage() {
    let server = server().await;
    let mut settings = settings(&server.uri());
    settings.base_url = url("http://127.0.0.1:1");
    let fault = vault_with(&settings).unwrap().wrap(&data_key([7; 32])).await.unwrap_err();
    assert_eq!((fault.kind.clone(), code(&fault)), (FaultKind::Transient, "transport.connect"));
}

#[tokio::test]
async fn a_directory_that_refuses_is_heard_and_the_vault_is_not_asked() {
    let server = MockServer::start().await;
    let refusal = json!({ "error": "invalid_client", "error_codes": [7_000_215] });
    let response = ResponseTemplate::new(401).set_body_json(refusal);
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(response).mount(&server).await;
    let fault = unwrap(&server).await.unwrap_err();
    assert_eq!(fault.peer, Peer::Directory);
    assert!(key_calls(&server).await.is_empty());
}

#[test]
fn nothing_prints_a_secret() {
    let settings = settings("https://contoso.vault.azure.net");
    let printed = format!("{settings:?} {:?}", vault_with(&settings).unwrap());
    for secret in ["sesame", settings.installation_key.expose_secret()] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn settings_that_would_leak_or_fail_are_refused() {
    let public = || settings("https://contoso.vault.azure.net");
    let with = |change: fn(&mut AzureSettings)| {
        let mut settings = public();
        change(&mut settings);
        vault_with(&settings).err()
    };
    let insecure = |setting| Some(SettingsError::Insecure { setting });
    let not_bare = |setting| Some(SettingsError::NotBare { setting });
    assert_eq!(with(|_| ()), None);
    assert_eq!(with(|s| s.base_url = url("http://127.0.0.1:8080")), None);
    assert_eq!(with(|s| s.base_url = url("http://[::1]:8080")), None);
    assert_eq!(with(|s| s.authority = url("http://localhost")), None);
    assert_eq!(with(|s| s.base_url = url("http://contoso.vault.azure.net")), insecure("base_url"));
    assert_eq!(with(|s| s.base_url = url("http://127.0.0.1.evil.example")), insecure("base_url"));
    assert_eq!(with(|s| s.authority = url("http://10.0.0.1")), insecure("authority"));
    assert_eq!(with(|s| s.authority = url("file:///etc")), insecure("authority"));
    let forbidden = |s: &mut AzureSettings| {
        s.allow_insecure_loopback = false;
        s.base_url = url("http://127.0.0.1:8080");
    };
    assert_eq!(with(forbidden), insecure("base_url"));
    assert_eq!(with(|s| s.base_url = url("https://contoso.vault.azure.net/keys")), not_bare("base_url"));
    assert_eq!(with(|s| s.base_url = url("https://user@contoso.vault.azure.net")), not_bare("base_url"));
    assert_eq!(with(|s| s.authority = url("https://login.example/?x=1")), not_bare("authority"));
    assert_eq!(with(|s| s.key_name = String::new()), Some(SettingsError::KeyName));
    assert_eq!(with(|s| s.key_name = "../x".to_owned()), Some(SettingsError::KeyName));
    assert_eq!(with(|s| s.client_id = " ".to_owned()), Some(SettingsError::Empty { setting: "client_id" }));
    assert_eq!(with(|s| s.tenant_id.clear()), Some(SettingsError::Empty { setting: "tenant_id" }));
}
