use std::collections::BTreeMap;
use std::sync::Arc;

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::base64url;
use crate::clock::Clock;
use crate::emulated::Emulated;
use crate::entra::{Entra, Issuer};
use crate::wire::{Answer, Call};

pub(super) const VAULT: &str = "https://vault.azure.net";
pub(super) const CRM: &str = "http://127.0.0.1:4711";
pub(super) const HOST: &str = "localhost:8443";

/// A tenant with its clock.
pub(super) struct Bench {
    pub(super) entra: Entra,
    pub(super) issuer: Arc<Issuer>,
    pub(super) clock: Clock,
}

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) headers: HeaderMap,
}

impl Bench {
    pub(super) fn new() -> Self {
        let clock = Clock::new();
        let issuer = Issuer::new(clock.clone(), 42);
        issuer.admit_resource(VAULT);
        issuer.admit_resource(CRM);
        Self { entra: Entra::new(clock.clone(), Arc::clone(&issuer), 42), issuer, clock }
    }

    pub(super) async fn send(&self, call: Call) -> Reply {
        let answer = self.entra.handle(call.with("host", HOST)).await;
        read(&answer)
    }

    /// The pairs of a good request, with some of them replaced; an empty value takes a pair away.
    pub(super) async fn ask(&self, changes: &[(&str, &str)]) -> Reply {
        let mut pairs = BTreeMap::from([
            ("grant_type", "client_credentials"),
            ("client_id", self.issuer.client_id()),
            ("client_secret", self.issuer.client_secret()),
            ("scope", "https://vault.azure.net/.default"),
        ]);
        pairs.extend(changes.iter().copied());
        pairs.retain(|_, value| !value.is_empty());
        let call = Call::form(Method::POST, &self.path(), &serde_urlencoded::to_string(&pairs).unwrap());
        assert_eq!(self.entra.operation(&call), "token");
        self.send(call).await
    }

    pub(super) fn path(&self) -> String {
        format!("/{}/oauth2/v2.0/token", self.issuer.tenant())
    }

    pub(super) fn control(&self, name: &str, body: &Value) -> Reply {
        let call = Call::json(Method::POST, &format!("/_emulator/{name}"), &body.to_string());
        read(&self.entra.control(name, &call.with("host", HOST)).unwrap())
    }

    pub(super) fn show(&self, name: &str) -> Value {
        let call = Call::bare(Method::GET, &format!("/_emulator/{name}")).with("host", HOST);
        read(&self.entra.control(name, &call).unwrap()).body
    }

    /// A token with these claims in place of the usual ones.
    pub(super) fn minted(&self, claims: &Value) -> String {
        let reply = self.control("token", &json!({ "claims": claims }));
        reply.body["access_token"].as_str().unwrap().to_owned()
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.now().as_second()
    }
}

impl Reply {
    /// The token of a good answer.
    pub(super) fn token(&self) -> &str {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["access_token"].as_str().unwrap()
    }

    pub(super) fn code(&self) -> &Value {
        &self.body["error_codes"][0]
    }
}

fn read(answer: &Answer) -> Reply {
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    Reply { status: answer.status.as_u16(), body, headers: answer.headers.clone() }
}

/// Header and claims of a token.
pub(super) fn parts(token: &str) -> (Value, Value) {
    let part = |text: &str| serde_json::from_slice(&base64url::decode(text).unwrap()).unwrap();
    let mut texts = token.split('.');
    (part(texts.next().unwrap()), part(texts.next().unwrap()))
}
