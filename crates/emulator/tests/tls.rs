//! Plain HTTP, TLS, and both at once.

#![expect(clippy::unwrap_used, reason = "what fails in a step of a test fails the test")]

use reqwest::{Certificate, Client};
use serde_json::Value;
use webinar_bridge_emulator::{Clock, Emulators, Options, Ready, Scheme};

fn trusting(ca: Option<&str>) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = ca.map(|pem| Certificate::from_pem(pem.as_bytes()).unwrap());
    Client::builder().no_proxy().tls_certs_only(roots).build().unwrap()
}

async fn start(scheme: Scheme) -> (Emulators, Ready) {
    let emulators = Emulators::start(Options { scheme, ..Options::default() }, Clock::new()).await.unwrap();
    let ready = emulators.ready().clone();
    (emulators, ready)
}

fn origins(ready: &Ready) -> [String; 4] {
    let on24 = ready.on24.base_url.trim_end_matches("/v2").to_owned();
    let crm = &ready.dataverse;
    [on24, crm.base_url.clone(), crm.authority.clone(), ready.key_vault.base_url.clone()]
}

async fn answers(http: &Client, origin: &str) -> bool {
    let Ok(response) = http.get(format!("{origin}/_emulator/state")).send().await else { return false };
    response.json::<Value>().await.unwrap()["calls"].is_object()
}

#[tokio::test]
async fn by_tls_alone_every_server_is_reached_by_each_name_of_this_machine_and_not_in_plain() {
    let (emulators, ready) = start(Scheme::Https).await;
    let http = trusting(ready.ca.as_deref());
    for origin in origins(&ready) {
        assert!(origin.starts_with("https://127.0.0.1:"), "{origin}");
        assert!(answers(&http, &origin).await);
        assert!(answers(&http, &origin.replace("127.0.0.1", "localhost")).await);
        assert!(!answers(&http, &origin.replace("https", "http")).await);
        assert!(
            !answers(&trusting(None), &origin).await,
            "whoever does not trust the authority does not connect"
        );
    }
    emulators.stop().await;
}

#[tokio::test]
async fn every_start_has_an_authority_of_its_own() {
    let (one, other) = (start(Scheme::Https).await, start(Scheme::Https).await);
    assert_ne!(one.1.ca, other.1.ca);
    assert!(!answers(&trusting(one.1.ca.as_deref()), &origins(&other.1)[0]).await);
}

#[tokio::test]
async fn azure_33_one_process_speaks_plain_http_and_tls_on_the_same_port() {
    let (emulators, ready) = start(Scheme::Either).await;
    let http = trusting(ready.ca.as_deref());
    for origin in origins(&ready) {
        assert!(origin.starts_with("http://"), "{origin}");
        assert!(answers(&http, &origin).await);
        assert!(answers(&http, &origin.replace("http:", "https:")).await);
    }
    emulators.stop().await;
}

#[tokio::test]
async fn the_vault_can_be_called_by_a_name_of_azure() {
    let (emulators, ready) = start(Scheme::Https).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ca = Certificate::from_pem(ready.ca.unwrap().as_bytes()).unwrap();
    let http = Client::builder().no_proxy().tls_certs_only([ca]);
    let http = http.resolve("demo.vault.azure.net", ([127, 0, 0, 1], 0).into()).build().unwrap();
    let origin = ready.key_vault.base_url.replace("127.0.0.1", "demo.vault.azure.net");
    assert!(answers(&http, &origin).await);
    emulators.stop().await;
}

#[tokio::test]
async fn plain_servers_have_no_authority() {
    let (emulators, ready) = start(Scheme::Http).await;
    assert_eq!(ready.ca, None);
    assert!(serde_json::to_value(&ready).unwrap().get("ca").is_none());
    emulators.stop().await;
}
