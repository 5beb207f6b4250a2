//! Tokens, as every client gets them.

use reqwest::{Certificate, Client};
use serde_json::Value;
use webinar_bridge_emulator::Ready;

/// A token of the seeded client for this resource.
pub(crate) async fn token(ready: &Ready, resource: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = ready.ca.as_ref().map(|pem| Certificate::from_pem(pem.as_bytes()).unwrap());
    let http = Client::builder().no_proxy().tls_certs_only(roots).build().unwrap();
    let crm = &ready.dataverse;
    let scope = format!("{resource}/.default");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &crm.client_id),
        ("client_secret", &crm.client_secret),
        ("scope", &scope),
    ];
    let url = format!("{}/{}/oauth2/v2.0/token", crm.authority, crm.tenant_id);
    let grant: Value = http.post(url).form(&form).send().await.unwrap().json().await.unwrap();
    grant["access_token"].as_str().unwrap().to_owned()
}
