//! The emulators as a program of their own, and the SDK's clients for them.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientOptions, Transport};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use azure_security_keyvault_keys::{KeyClient, KeyClientOptions};
use reqwest::{Certificate, Client, Method, Url};
use serde_json::Value;

/// A vault's name as Azure gives it. It leads to the emulator, whose certificate is good for it.
const VAULT_HOST: &str = "conformance.vault.azure.net";

/// Running emulators. Dropping them ends the program.
pub struct Emulators {
    program: Child,
    ready: Value,
    http: Client,
}

impl Emulators {
    /// Starts the program that `WEBINAR_BRIDGE` names, and waits until it listens.
    pub fn start() -> Self {
        let binary = env::var_os("WEBINAR_BRIDGE")
            .expect("WEBINAR_BRIDGE must be the path of the program webinar-bridge");
        let mut program = Command::new(&binary)
            .args(["emulate", "--tls", "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", binary.display()));
        let mut line = String::new();
        let output = program.stdout.take().expect("the output is piped");
        BufReader::new(output).read_line(&mut line).expect("the output can be read");
        let ready: Value = serde_json::from_str(&line).expect("the first line is JSON");
        let http = trusting(&ready);
        Self { program, ready, http }
    }

    /// The vault by a name of Azure, with every rule of production: the challenge must be for the vault's domain.
    pub fn vault(&self) -> KeyClient {
        self.vault_for(self.credential())
    }

    /// The same for somebody else.
    pub fn vault_for(&self, credential: Arc<dyn TokenCredential>) -> KeyClient {
        let mut url = self.url("/key_vault/base_url");
        url.set_host(Some(VAULT_HOST)).expect("a host can be named");
        self.client(&url, credential, true)
    }

    /// The vault by its loopback address, with or without the check of the challenge.
    pub fn vault_on_loopback(&self, verify: bool) -> KeyClient {
        self.client(&self.url("/key_vault/base_url"), self.credential(), verify)
    }

    fn client(&self, url: &Url, credential: Arc<dyn TokenCredential>, verify: bool) -> KeyClient {
        let options = KeyClientOptions {
            client_options: self.options(),
            verify_challenge_resource: Some(verify),
            ..KeyClientOptions::default()
        };
        KeyClient::new(url.as_str(), credential, Some(options)).expect("a client can be made")
    }

    /// The client of the emulators' tenant, known to Entra by its secret.
    pub fn credential(&self) -> Arc<ClientSecretCredential> {
        self.credential_with(self.text("/dataverse/client_secret"))
    }

    /// The same client with another secret.
    pub fn credential_with(&self, secret: &str) -> Arc<ClientSecretCredential> {
        let mut cloud = CustomConfiguration::default();
        self.text("/dataverse/authority").clone_into(&mut cloud.authority_host);
        let client_options = ClientOptions { cloud: Some(Arc::new(cloud.into())), ..self.options() };
        let (tenant, client) = (self.text("/dataverse/tenant_id"), self.text("/dataverse/client_id"));
        let secret = Secret::new(secret.to_owned());
        let options = ClientSecretCredentialOptions { client_options };
        ClientSecretCredential::new(tenant, client.to_owned(), secret, Some(options))
            .expect("a credential can be made")
    }

    fn options(&self) -> ClientOptions {
        ClientOptions {
            transport: Some(Transport::new(Arc::new(self.http.clone()))),
            ..ClientOptions::default()
        }
    }

    /// The name of the key that is always there.
    pub fn key_name(&self) -> &str {
        self.text("/key_vault/key_name")
    }

    /// What tokens for Dataverse are asked for.
    pub fn dataverse(&self) -> &str {
        self.text("/dataverse/base_url")
    }

    /// Calls a control endpoint of the vault.
    pub async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/_emulator/{path}", self.text("/key_vault/base_url"));
        let request =
            self.http.request(method, url).body(body.map(|body| body.to_string()).unwrap_or_default());
        let answer = request.send().await.expect("the control endpoint answers");
        let (status, text) = (answer.status(), answer.text().await.expect("the answer can be read"));
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// How often an operation was called.
    pub async fn calls(&self, operation: &str) -> u64 {
        let state = self.control(Method::GET, "state", None).await;
        state["calls"][operation].as_u64().unwrap_or_default()
    }

    fn url(&self, pointer: &str) -> Url {
        self.text(pointer).parse().expect("an address is a URL")
    }

    fn text(&self, pointer: &str) -> &str {
        let value = self.ready.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("the ready line has no {pointer}"))
    }
}

impl Drop for Emulators {
    fn drop(&mut self) {
        // The program may have ended by itself; then there is nothing to end.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Trusts the emulators' authority and no other, and finds the vault of Azure's name on this machine.
fn trusting(ready: &Value) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let path = ready["ca"].as_str().expect("under --tls the ready line has a ca");
    let pem = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let ca = Certificate::from_pem(&pem).expect("the authority is a certificate");
    let loopback = ([127, 0, 0, 1], 0).into();
    let client = Client::builder().no_proxy().tls_certs_only([ca]).resolve(VAULT_HOST, loopback);
    client.build().expect("an HTTP client can be made")
}
