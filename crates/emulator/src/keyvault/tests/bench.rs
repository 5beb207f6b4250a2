use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Method};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::emulated::Emulated;
use crate::entra::{Entra, Issuer};
use crate::keyvault::{KEY_NAME, KeyVault, RESOURCE};
use crate::wire::{Answer, Call};

pub(super) const HOST: &str = "vault.example:8443";
pub(super) const AUTHORITY: &str = "http://127.0.0.1:9000";

/// A vault with the token of its first client.
pub(super) struct Bench {
    pub(super) vault: KeyVault,
    pub(super) issuer: Arc<Issuer>,
    pub(super) entra: Entra,
    pub(super) clock: Clock,
    pub(super) token: String,
}

#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) headers: HeaderMap,
}

impl Bench {
    pub(super) fn new() -> Self {
        let clock = Clock::new();
        let issuer = Issuer::new(clock.clone(), 42);
        let vault = KeyVault::new(clock.clone(), Arc::clone(&issuer), AUTHORITY.to_owned(), 42);
        let entra = Entra::new(clock.clone(), Arc::clone(&issuer), 42);
        let (token, _) = issuer.issue(RESOURCE).unwrap();
        let bench = Self { vault, issuer, entra, clock, token };
        bench.set(&json!({ "unknown_members": "none" }));
        bench
    }

    /// Moves the clock on, and gets a token for the time after.
    pub(super) fn advance(&mut self, by: SignedDuration) {
        self.clock.advance(by);
        self.token = self.issuer.issue(RESOURCE).unwrap().0;
    }

    pub(super) async fn send(&self, call: Call) -> Reply {
        let call = call.with("host", HOST).with("authorization", &format!("Bearer {}", self.token));
        read(&self.vault.handle(call).await)
    }

    pub(super) async fn call(&self, method: &str, path: &str, body: &Value) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let target = versioned(path);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(Call::json(method, &target, &body)).await
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send(Call::bare(Method::GET, &versioned(path))).await
    }

    /// A key operation with a value that is base64url already.
    pub(super) async fn post(&self, path: &str, alg: &str, value: &str) -> Reply {
        self.call("POST", path, &json!({ "alg": alg, "value": value, "later": "ignored" })).await
    }

    /// The identifier and the wrapped value.
    pub(super) async fn wrap(&self, path: &str, plain: &[u8]) -> (String, String) {
        let reply = self.post(path, "RSA-OAEP-256", &URL_SAFE_NO_PAD.encode(plain)).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let member = |name: &str| reply.body[name].as_str().unwrap().to_owned();
        (member("kid"), member("value"))
    }

    pub(super) async fn unwrap(&self, kid: &str, wrapped: &str) -> Reply {
        self.post(&format!("{}/unwrapkey", path_of(kid)), "RSA-OAEP-256", wrapped).await
    }

    /// Makes a key, or a version of one, and says its identifier.
    pub(super) async fn create(&self, name: &str, body: &Value) -> String {
        let reply = self.call("POST", &format!("/keys/{name}/create"), body).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body["key"]["kid"].as_str().unwrap().to_owned()
    }

    pub(super) fn control(&self, name: &str, body: &Value) -> Reply {
        let call = Call::json(Method::POST, &format!("/_emulator/{name}"), &body.to_string());
        read(&self.vault.control(name, &call).unwrap())
    }

    pub(super) fn set(&self, settings: &Value) {
        assert_eq!(self.control("settings", settings).status, 200, "{settings}");
    }

    pub(super) fn show(&self, name: &str) -> Value {
        read(&self.vault.control(name, &Call::bare(Method::GET, "/")).unwrap()).body
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.now().as_second()
    }
}

impl Reply {
    pub(super) fn code(&self) -> (u16, &str, &str) {
        let error = &self.body["error"];
        let inner = error["innererror"]["code"].as_str().unwrap_or_default();
        (self.status, error["code"].as_str().unwrap_or_default(), inner)
    }

    pub(super) fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap()
    }
}

pub(super) fn read(answer: &Answer) -> Reply {
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    Reply { status: answer.status.as_u16(), body, headers: answer.headers.clone() }
}

/// The path of an identifier.
pub(super) fn path_of(kid: &str) -> &str {
    kid.split_once(HOST).unwrap().1
}

pub(super) fn key(rest: &str) -> String {
    format!("/keys/{KEY_NAME}{rest}")
}

fn versioned(path: &str) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{path}{mark}api-version=2025-07-01")
}
