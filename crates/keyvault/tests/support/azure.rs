//! A key vault and a directory played by one server.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Value, json};
use webinar_bridge_keyvault::{AzureSettings, CacheSettings};
use webinar_bridge_transport::{ClientSettings, HttpClient, Url};
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub const VERSION: &str = "3f0c0000000000000000000000000001";

pub fn client() -> HttpClient {
    static TLS: Once = Once::new();
    TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    HttpClient::new(&ClientSettings::default()).unwrap()
}

pub fn settings(base: &str) -> AzureSettings {
    AzureSettings {
        base_url: Url::parse(base).unwrap(),
        key_name: "tenant-kek".to_owned(),
        authority: Url::parse(base).unwrap(),
        tenant_id: "contoso".to_owned(),
        client_id: "bridge".to_owned(),
        client_secret: SecretString::from("open sesame"),
        installation: None,
        installation_key: SecretString::from(base64url(&[1; 32])),
        retired_installation_keys: Vec::new(),
        allow_insecure_loopback: true,
        api_version: AzureSettings::API_VERSION.to_owned(),
        cache: CacheSettings::default(),
    }
}

pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The identifier of a version of the key in the vault that this server plays.
pub fn key_id(server: &MockServer, version: &str) -> String {
    format!("{}/keys/tenant-kek/{version}", server.uri())
}

pub fn answer(kid: &str, value: &[u8]) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "kid": kid, "value": base64url(value) }))
}

pub fn error(status: u16, code: &str, inner: Option<&str>) -> ResponseTemplate {
    let mut error = json!({ "code": code, "message": "AKV10000: words that nobody reads" });
    if let Some(inner) = inner {
        error["innererror"] = json!({ "code": inner });
    }
    ResponseTemplate::new(status).set_body_json(json!({ "error": error }))
}

/// A server whose directory gives out tokens.
pub async fn server() -> MockServer {
    let server = MockServer::start().await;
    give_tokens(&server).await;
    server
}

/// From now on there are tokens, each with a number.
pub async fn give_tokens(server: &MockServer) {
    let count = AtomicU32::new(0);
    let token = move |_: &wiremock::Request| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        let body =
            json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": format!("token-{number}") });
        ResponseTemplate::new(200).set_body_json(body)
    };
    Mock::given(method("POST"))
        .and(path_regex("/oauth2/v2.0/token$"))
        .respond_with(token)
        .mount(server)
        .await;
}

/// From now on every call about a key is answered like this.
pub async fn keys_say(server: &MockServer, response: ResponseTemplate) {
    Mock::given(method("POST")).and(path_regex("^/keys/")).respond_with(response).mount(server).await;
}

/// A vault that turns every bit, under its newest version or the one that is named.
pub async fn keys_work(server: &MockServer) {
    let uri = server.uri();
    let turn = move |request: &wiremock::Request| {
        let body: Value = request.body_json().unwrap();
        let value = URL_SAFE_NO_PAD.decode(body["value"].as_str().unwrap()).unwrap();
        let turned: Vec<u8> = value.iter().map(|byte| !byte).collect();
        answer(&format!("{uri}/keys/tenant-kek/{VERSION}"), &turned)
    };
    Mock::given(method("POST")).and(path_regex("^/keys/")).respond_with(turn).mount(server).await;
}

/// The calls about keys, in order.
pub async fn key_calls(server: &MockServer) -> Vec<wiremock::Request> {
    let calls = server.received_requests().await.unwrap();
    calls.into_iter().filter(|call| call.url.path().starts_with("/keys/")).collect()
}
