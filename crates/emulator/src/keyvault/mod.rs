//! The data plane of Azure Key Vault, as far as wrapping keys needs it.

mod key;
mod refusal;
mod request;
mod ring;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::emulated::Emulated;
use crate::entra::{Issuer, TokenFault};
use crate::wire::{Answer, Call};
use crate::{control, seeded, wire};
use key::KeyVersion;
use refusal::Refusal;
use request::{Asked, KeyPath};
use ring::KeyRing;

pub(crate) use ring::NAME as KEY_NAME;

/// The resource that tokens for a vault are asked for.
pub(crate) const RESOURCE: &str = "https://vault.azure.net";

const OPERATIONS: &[&str] = &["wrapKey", "unwrapKey", "getKey", "other"];
const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");

/// One vault with one key of one or more versions.
pub(crate) struct KeyVault {
    clock: Clock,
    seed: u64,
    issuer: Arc<Issuer>,
    authority: String,
    ring: Mutex<KeyRing>,
    /// Where request ids come from.
    generator: Mutex<StdRng>,
}

impl KeyVault {
    /// Makes the key, which takes a good part of a second. `authority` is the origin that issues tokens.
    pub(crate) fn new(clock: Clock, issuer: Arc<Issuer>, authority: String, seed: u64) -> Self {
        issuer.admit_resource(RESOURCE);
        let ring = Mutex::new(KeyRing::new(seed));
        let generator = Mutex::new(seeded::generator(seed, "keyvault/requests"));
        let vault = Self { clock, seed, issuer, authority, ring, generator };
        vault.rotate();
        vault
    }

    /// Makes a new version; the older ones stay usable. It takes a good part of a second.
    pub(crate) fn rotate(&self) {
        // The ring is free in between, so that calls are answered while the key is made.
        let number = self.ring().order();
        if let Some(key) = KeyVersion::forge(self.seed, number, self.clock.now()) {
            self.ring().add(key);
        }
    }

    /// Disables or enables every version.
    pub(crate) fn set_enabled(&self, enabled: bool) {
        self.ring().set_enabled(None, enabled);
    }

    /// From now on the client may not do these: operations by the names of the call counts.
    pub(crate) fn deny(&self, operations: Vec<String>) {
        self.ring().deny(operations);
    }

    fn admit(&self, call: &Call) -> Result<(), Refusal> {
        let bearer = call.header(AUTHORIZATION.as_str()).ok_or(Refusal::NoToken)?;
        self.issuer.check(bearer, RESOURCE).map(|_| ()).map_err(|fault| match fault {
            TokenFault::Unknown | TokenFault::WrongIssuer(_) => Refusal::UnknownToken,
            TokenFault::Expired | TokenFault::NotYet => Refusal::ExpiredToken,
            TokenFault::WrongAudience(_) => Refusal::WrongAudience,
        })
    }

    fn carry_out(&self, call: &Call) -> Result<Value, Refusal> {
        self.admit(call)?;
        request::check_version(call)?;
        let path = KeyPath::of(call).ok_or(Refusal::NoSuchPath)?;
        let origin = call.origin().unwrap_or_else(|| wire::origin(call.secure, "localhost"));
        let (key, kid) = self.ring().open(&path, &origin)?;
        tracing::debug!(operation = path.asked.operation(), kid, "key vault");
        match path.asked {
            Asked::Get => Ok(key.bundle(&kid)),
            Asked::Wrap => {
                let (algorithm, value) = request::value(call)?;
                let wrapped = self.ring().encrypt(&key, algorithm, &value)?;
                Ok(json!({ "kid": kid, "value": request::encoded(&wrapped) }))
            }
            Asked::Unwrap => {
                let (algorithm, value) = request::value(call)?;
                Ok(json!({ "kid": kid, "value": request::encoded(&key.decrypt(algorithm, &value)?) }))
            }
        }
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        let answer = refusal.answer();
        if answer.status != StatusCode::UNAUTHORIZED {
            return answer;
        }
        let tenant = self.issuer.tenant();
        let challenge =
            format!("Bearer authorization=\"{}/{tenant}\", resource=\"{RESOURCE}\"", self.authority);
        answer.with(WWW_AUTHENTICATE, &challenge)
    }

    fn dressed(&self, answer: Answer) -> Answer {
        let mut generator = self.generator.lock().unwrap_or_else(PoisonError::into_inner);
        answer.with(REQUEST_ID, &seeded::identifier(&mut generator)).with(CACHE_CONTROL, "no-cache")
    }

    fn ring(&self) -> MutexGuard<'_, KeyRing> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Emulated for KeyVault {
    fn operations(&self) -> &'static [&'static str] {
        OPERATIONS
    }

    fn operation(&self, call: &Call) -> &'static str {
        KeyPath::of(call).map_or("other", |path| path.asked.operation())
    }

    async fn handle(&self, call: Call) -> Answer {
        let answer = match self.carry_out(&call) {
            Ok(body) => Answer::json(StatusCode::OK, &body),
            Err(refusal) => self.refuse(refusal),
        };
        let answer = self.dressed(answer);
        match call.header(CLIENT_REQUEST_ID.as_str()) {
            Some(id) => answer.with(CLIENT_REQUEST_ID, id),
            None => answer,
        }
    }

    fn quota(&self, _operation: &str, _variant: Option<&str>) -> Answer {
        self.dressed(Refusal::Throttled.answer())
    }

    fn state(&self) -> Value {
        json!({})
    }

    fn control(&self, name: &str, call: &Call) -> Option<Answer> {
        (name == "key").then(|| control_key(&mut self.ring(), call))
    }

    fn failure(&self, status: StatusCode, _variant: Option<&str>) -> Answer {
        self.dressed(Refusal::Failure(status).answer())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyChange {
    enabled: Option<bool>,
    version: Option<String>,
    denied: Option<Vec<String>>,
}

/// `POST /_emulator/key` disables or enables the key, or one version of it, and says what is denied; `GET` shows it.
fn control_key(ring: &mut KeyRing, call: &Call) -> Answer {
    match call.method {
        Method::GET => {}
        Method::POST => {
            let Ok(change) = serde_json::from_slice::<KeyChange>(&call.body) else {
                let words = "expected an object with \"enabled\":true|false, \"version\":\"…\" or \"denied\":[\"wrapKey\"]";
                return control::refusal(StatusCode::BAD_REQUEST, words);
            };
            if let Some(enabled) = change.enabled {
                ring.set_enabled(change.version.as_deref(), enabled);
            }
            if let Some(denied) = change.denied {
                ring.deny(denied);
            }
        }
        _ => return control::not_allowed(),
    }
    Answer::json(StatusCode::OK, &ring.show())
}

#[cfg(test)]
mod tests;
