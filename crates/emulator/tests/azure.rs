//! The vault and the tenant over a socket, in bad weather, by TLS, and with somebody who reads the logs.

#![expect(clippy::unwrap_used, reason = "what fails in a step of a test fails the test")]

mod grant;

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grant::token;
use reqwest::tls::TlsInfo;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use webinar_bridge_emulator::{Clock, Emulators, Options, Quotas, Ready, Scheme};

const VERSION: &str = "api-version=2025-07-01";

/// Running servers with a client whose calls carry a token for the vault.
struct Bench {
    emulators: Emulators,
    http: reqwest::Client,
    token: String,
}

impl Bench {
    async fn start(options: Options) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let emulators = Emulators::start(options, Clock::new()).await.unwrap();
        let ready = emulators.ready();
        let roots = ready.ca.as_ref().map(|pem| reqwest::Certificate::from_pem(pem.as_bytes()).unwrap());
        let http =
            reqwest::Client::builder().no_proxy().tls_info(true).tls_certs_only(roots).build().unwrap();
        let token = token(ready, "https://vault.azure.net").await;
        Self { emulators, http, token }
    }

    fn ready(&self) -> &Ready {
        self.emulators.ready()
    }

    fn vault(&self) -> &str {
        &self.ready().key_vault.base_url
    }

    fn get(&self) -> reqwest::RequestBuilder {
        let url = format!("{}/keys/tenant-kek?{VERSION}", self.vault());
        self.http.get(url).bearer_auth(&self.token)
    }

    fn wrap(&self) -> reqwest::RequestBuilder {
        let url = format!("{}/keys/tenant-kek/wrapkey?{VERSION}", self.vault());
        let body = json!({ "alg": "RSA-OAEP-256", "value": URL_SAFE_NO_PAD.encode([7; 32]) });
        self.http.post(url).bearer_auth(&self.token).json(&body)
    }

    async fn control(&self, name: &str, body: &Value) -> Value {
        let url = format!("{}/_emulator/{name}", self.vault());
        let answer = self.http.post(url).json(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// The next call of this operation meets this.
    async fn weather(&self, mut rule: Value) {
        rule["count"] = json!(1);
        self.control("weather", &json!({ "rules": [rule] })).await;
    }

    async fn logged(&self) -> usize {
        let url = format!("{}/_emulator/audit", self.vault());
        let log: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        log["entries"].as_array().unwrap().len()
    }
}

#[tokio::test]
async fn azure_21_calls_are_throttled_by_count_with_and_without_a_time_to_come_back() {
    let bench = Bench::start(Options::default()).await;
    for (retry_after, said) in [("none", None), ("7", Some("7")), ("date:7", Some("GMT"))] {
        bench.weather(json!({ "operation": "wrapKey", "effect": "quota", "retry_after": retry_after })).await;
        let busy = bench.wrap().send().await.unwrap();
        assert_eq!(busy.status(), 429);
        let header = busy.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header.is_some(), said.is_some());
        assert!(header.unwrap_or_default().ends_with(said.unwrap_or_default()));
        assert_eq!(busy.json::<Value>().await.unwrap()["error"]["code"], "Throttled");
        assert_eq!(bench.wrap().send().await.unwrap().status(), 200);
    }
    bench.emulators.stop().await;
}

#[tokio::test]
async fn azure_21_the_published_limits_are_off_unless_they_are_wanted() {
    for (quotas, throttling) in [(Quotas::None, "none"), (Quotas::Published, "published")] {
        let bench = Bench::start(Options { quotas, ..Options::default() }).await;
        let shown = bench.control("settings", &json!({})).await;
        assert_eq!(shown["throttling"], throttling);
        bench.emulators.stop().await;
    }
}

#[tokio::test]
async fn azure_22_the_vault_fails_in_every_way() {
    let bench = Bench::start(Options::default()).await;
    let rule = |effect: &str| json!({ "operation": "getKey", "effect": effect });
    for status in [500, 503] {
        bench.weather(rule(&format!("status:{status}"))).await;
        let answer = bench.get().header("x-ms-client-request-id", "call-17").send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["x-ms-client-request-id"], "call-17", "as in every answer");
        assert!(answer.json::<Value>().await.unwrap()["error"]["code"].is_string());
    }
    let mut page = rule("status:502");
    page["variant"] = json!("html");
    bench.weather(page).await;
    let answer = bench.get().send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (502, &"text/html".parse().unwrap())
    );
    assert_eq!(bench.logged().await, 0);

    bench.weather(rule("reset")).await;
    assert!(bench.get().send().await.is_err());
    assert_eq!(bench.logged().await, 0);
    bench.weather(rule("drop_after_accept")).await;
    assert!(bench.get().send().await.is_err());
    assert_eq!(bench.logged().await, 1);
    bench.weather(rule("hang")).await;
    assert!(bench.get().timeout(Duration::from_millis(50)).send().await.unwrap_err().is_timeout());
    bench.weather(rule("delay:30ms")).await;
    assert_eq!(bench.get().send().await.unwrap().status(), 200);

    bench.weather(rule("truncate")).await;
    let answer = bench.get().send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(serde_json::from_str::<Value>(&answer.text().await.unwrap()).is_err());
    bench.weather(rule("cut")).await;
    assert!(bench.get().send().await.unwrap().bytes().await.is_err());
    bench.weather(rule("wrong_type")).await;
    let answer = bench.get().send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/html");
    assert!(answer.json::<Value>().await.unwrap()["key"].is_object());
    bench.weather(rule("garbage")).await;
    assert!(bench.get().send().await.unwrap().text().await.unwrap().starts_with("<html>"));
    assert_eq!(bench.get().send().await.unwrap().status(), 200);
    bench.emulators.stop().await;
}

#[tokio::test]
async fn azure_32_the_identity_endpoint_is_served_with_the_certificate_whose_thumbprint_is_told() {
    let bench = Bench::start(Options { scheme: Scheme::Https, ..Options::default() }).await;
    let authority = &bench.ready().dataverse.authority;
    let told = bench.http.get(format!("{authority}/_emulator/identity")).send().await.unwrap();
    let told: Value = told.json().await.unwrap();
    let variable = |name: &str| told[name].as_str().unwrap().to_owned();
    let endpoint = variable("IDENTITY_ENDPOINT");
    assert_eq!(endpoint, format!("{authority}/metadata/identity/oauth2/token"));
    let ask = |resource: &str| {
        let url = format!("{endpoint}?api-version={}&resource={resource}", variable("IDENTITY_API_VERSION"));
        bench.http.get(url).header("secret", variable("IDENTITY_HEADER")).send()
    };
    let answer = ask("https://vault.azure.net").await.unwrap();
    let peer = answer.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap().to_owned();
    let mut thumbprint = String::new();
    for byte in Sha1::digest(peer) {
        write!(thumbprint, "{byte:02X}").unwrap();
    }
    assert_eq!(variable("IDENTITY_SERVER_THUMBPRINT"), thumbprint);
    let grant: Value = answer.json().await.unwrap();
    let token = grant["access_token"].as_str().unwrap();
    let url = format!("{}/keys/tenant-kek?{VERSION}", bench.vault());
    assert_eq!(bench.http.get(&url).bearer_auth(token).send().await.unwrap().status(), 200);
    let crm = bench.ready().dataverse.base_url.clone();
    let grant: Value = ask(&crm).await.unwrap().json().await.unwrap();
    let token = grant["access_token"].as_str().unwrap();
    assert_eq!(bench.http.get(&url).bearer_auth(token).send().await.unwrap().status(), 401);
    let whoami = format!("{crm}/api/data/v9.2/WhoAmI");
    assert_eq!(bench.http.get(whoami).bearer_auth(token).send().await.unwrap().status(), 200);
    bench.emulators.stop().await;
}

/// Writes down whatever is logged, fields of spans included.
#[derive(Clone, Default)]
struct Scribe(Arc<Mutex<String>>);

impl Visit for Scribe {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Scribe {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn azure_34_secrets_reach_no_log_and_no_refusal() {
    let scribe = Scribe::default();
    let _guard = tracing::subscriber::set_default(scribe.clone());
    let bench = Bench::start(Options::default()).await;
    let crm = bench.ready().dataverse.clone();
    let wrapped: Value = bench.wrap().send().await.unwrap().json().await.unwrap();
    let url = format!("{}/{}/oauth2/v2.0/token", crm.authority, crm.tenant_id);
    let mut answers = String::new();
    for (id, secret) in [(crm.client_id.as_str(), "a-wrong-secret"), ("nobody", crm.client_secret.as_str())] {
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        answers += &bench.http.post(&url).form(&form).send().await.unwrap().text().await.unwrap();
        let scope = [("client_assertion_type", "x"), ("client_assertion", secret)];
        answers += &bench.http.post(&url).form(&scope).send().await.unwrap().text().await.unwrap();
    }
    let identity = format!("{}/metadata/identity/oauth2/token?api-version=2020-05-01", crm.authority);
    let identity = bench.http.get(identity).header("secret", "a-wrong-secret");
    answers += &identity.send().await.unwrap().text().await.unwrap();
    let forged = format!("{}/keys/tenant-kek?{VERSION}", bench.vault());
    answers +=
        &bench.http.get(forged).bearer_auth("a-wrong-secret").send().await.unwrap().text().await.unwrap();
    let rules = json!({ "rules": [{ "operation": "*", "effect": "status:500" }] });
    bench.control("weather", &rules).await;
    answers += &bench.wrap().send().await.unwrap().text().await.unwrap();
    let wrapped = wrapped["value"].as_str().unwrap().to_owned();
    let plain = URL_SAFE_NO_PAD.encode([7; 32]);
    let log = scribe.0.lock().unwrap().clone();
    assert!(log.contains("wrapKey"), "the log says what was done: {log}");
    for secret in ["a-wrong-secret", &crm.client_secret, &bench.token, &wrapped, &plain] {
        assert!(!log.contains(secret) && !answers.contains(secret));
    }
    bench.emulators.stop().await;
}
