//! The data plane of Azure Key Vault, as far as it is about RSA keys.

mod audit;
mod body;
mod control;
mod key;
mod operation;
mod permissions;
mod policy;
mod refusal;
mod reply;
mod ring;
mod route;
mod settings;
#[cfg(test)]
mod tests;
mod throttle;
mod work;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderName, WWW_AUTHENTICATE};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::emulated::Emulated;
use crate::entra::{Caller, Issuer, TokenFault};
use crate::wire::{Answer, Call};
use crate::{seeded, weather};
use audit::{Entry, Log};
use operation::Operation;
use permissions::Permissions;
use refusal::Refusal;
use reply::{Place, Reply};
use ring::KeyRing;
use route::Route;
use settings::{Authorization, Challenge, Choice, RetryAfter, Settings, Throttling, UnknownMembers};
use throttle::Throttle;

pub(crate) use ring::NAME as KEY_NAME;

/// The resource that tokens for a vault are asked for.
pub(crate) const RESOURCE: &str = "https://vault.azure.net";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");

/// One vault, with one key from the start.
pub(crate) struct KeyVault {
    clock: Clock,
    issuer: Arc<Issuer>,
    authority: String,
    ring: Mutex<KeyRing>,
    permissions: Mutex<Permissions>,
    throttle: Mutex<Throttle>,
    settings: Mutex<Settings>,
    log: Mutex<Log>,
    /// Where request ids and the padding of what is wrapped come from.
    generator: Mutex<StdRng>,
}

impl KeyVault {
    /// Makes the key, which takes a good part of a second. `authority` is the origin that issues tokens.
    pub(crate) fn new(clock: Clock, issuer: Arc<Issuer>, authority: String, seed: u64) -> Self {
        issuer.admit_resource(RESOURCE);
        let mut ring = KeyRing::new(seed);
        ring.found(clock.now().as_second());
        let vault = Self {
            permissions: Mutex::new(Permissions::new(&issuer.seeded_callers())),
            clock,
            issuer,
            authority,
            ring: Mutex::new(ring),
            throttle: Mutex::default(),
            settings: Mutex::default(),
            log: Mutex::default(),
            generator: Mutex::new(seeded::generator(seed, "keyvault/requests")),
        };
        vault.forge();
        vault
    }

    /// Makes a new version of the key that is always there; the older ones stay usable. It takes a good part of a
    /// second.
    pub(crate) fn rotate(&self) {
        // The ring is free while the key is made, so that calls are answered.
        let _ = self.ring().rotate(KEY_NAME, self.now());
        self.forge();
    }

    /// Makes what the newest version needs, so that no call has to wait for it.
    fn forge(&self) {
        let newest = self.ring().find(KEY_NAME).and_then(|key| key.version(None).cloned());
        let _ = newest.map(|newest| newest.material.private().is_ok());
    }

    /// From now on the published limits hold.
    pub(crate) fn limit(&self) {
        self.settings().throttling = Throttling::Published;
    }

    /// Disables or enables every version of the key that is always there.
    pub(crate) fn set_enabled(&self, enabled: bool) {
        self.ring().set_enabled(None, enabled);
    }

    /// From now on nobody may do these: names of permissions, or of operations as the call counts use them.
    pub(crate) fn deny(&self, operations: Vec<String>) {
        self.permissions().denied = operations;
    }

    fn admit(&self, call: &Call) -> Result<Arc<Caller>, Refusal> {
        let token = call.bearer().ok_or(Refusal::NoToken)?;
        let caller = self.issuer.check(token, RESOURCE).map_err(|fault| match fault {
            TokenFault::Unknown => Refusal::UnknownToken,
            TokenFault::Expired => Refusal::ExpiredToken,
            TokenFault::NotYet => Refusal::EarlyToken,
            TokenFault::WrongIssuer(found) => Refusal::WrongIssuer(found),
            TokenFault::WrongAudience(found) => Refusal::WrongAudience(found),
        })?;
        if caller.audience.ends_with('/') && self.settings().audience_slash == Choice::Refused {
            return Err(Refusal::WrongAudience(caller.audience.clone()));
        }
        Ok(caller)
    }

    /// Admits the call and finds out what is to be done; `entry` learns of it as far as it gets.
    fn prepare(&self, call: &Call, entry: &mut Entry) -> Result<Reply, Refusal> {
        let caller = self.admit(call)?;
        entry.caller = Some(caller.client_id.clone());
        body::check_version(call)?;
        let route = Route::of(call).ok_or(Refusal::NoSuchPath)?;
        route.check_name()?;
        self.permit(&caller, route.operation)?;
        self.settle();
        let place = Place::of(call, &self.settings());
        if !route.name.is_empty() {
            entry.kid = Some(place.key(&route.name));
        }
        let reply = self.carry_out(&route, call, &place)?;
        if let Some(kid) = reply.kid() {
            entry.kid = Some(kid.to_owned());
        }
        Ok(reply)
    }

    fn permit(&self, caller: &Caller, operation: Operation) -> Result<(), Refusal> {
        if self.permissions().allow(&caller.client_id, operation) {
            return Ok(());
        }
        let caller = format!("appid={};oid={}", caller.client_id, caller.object_id);
        Err(match self.settings().authorization {
            Authorization::Rbac => Refusal::ForbiddenByRbac { caller, action: operation.action() },
            Authorization::Policy => {
                Refusal::ForbiddenByPolicy { caller, permission: operation.permission() }
            }
        })
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        let answer = refusal.answer();
        match refusal {
            Refusal::Throttled(wait) => self.come_back(answer, *wait),
            _ if answer.status == StatusCode::UNAUTHORIZED => {
                answer.with(WWW_AUTHENTICATE, &self.challenge())
            }
            _ => answer,
        }
    }

    fn challenge(&self) -> String {
        let authority = format!("{}/{}", self.authority, self.issuer.tenant());
        match self.settings().challenge {
            Challenge::Resource => format!("Bearer authorization=\"{authority}\", resource=\"{RESOURCE}\""),
            Challenge::Scope => {
                format!("Bearer authorization=\"{authority}\", scope=\"{RESOURCE}/.default\"")
            }
            Challenge::AuthorizationUri => {
                format!("Bearer authorization_uri=\"{authority}\", resource=\"{RESOURCE}\"")
            }
        }
    }

    /// Says when to come back, in the form that is set.
    fn come_back(&self, answer: Answer, seconds: u32) -> Answer {
        match self.settings().retry_after {
            RetryAfter::None => answer,
            RetryAfter::Seconds => weather::RetryAfter::Seconds(seconds).on(answer, self.clock.now()),
            RetryAfter::Date => weather::RetryAfter::Date(seconds).on(answer, self.clock.now()),
        }
    }

    /// Members come in time that no client knows yet.
    fn with_unknown_member(&self, answer: Answer) -> Answer {
        let mut generator = self.generator();
        let is_struck =
            self.settings().unknown_members == UnknownMembers::Random && generator.random_bool(0.5);
        if !is_struck {
            return answer;
        }
        let Ok(Value::Object(mut members)) = serde_json::from_slice(&answer.body) else { return answer };
        let name = format!("x_{}", seeded::draw_hex(&mut generator, 8));
        members.insert(name, json!({ "of": "a later version" }));
        Answer { body: Value::Object(members).to_string().into(), ..answer }
    }

    fn identifier(&self) -> String {
        seeded::identifier(&mut self.generator())
    }

    /// What happens by itself has happened.
    fn settle(&self) {
        self.ring().settle(self.now());
    }

    fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    fn ring(&self) -> MutexGuard<'_, KeyRing> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn permissions(&self) -> MutexGuard<'_, Permissions> {
        self.permissions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn generator(&self) -> MutexGuard<'_, StdRng> {
        self.generator.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Emulated for KeyVault {
    fn operations(&self) -> &'static [&'static str] {
        operation::NAMES
    }

    fn operation(&self, call: &Call) -> &'static str {
        Route::of(call).map_or("other", |route| route.operation.name())
    }

    async fn handle(&self, call: Call) -> Answer {
        let mut entry = Entry {
            time: self.clock.now(),
            operation: self.operation(&call),
            request_id: self.identifier(),
            client_request_id: call.header(CLIENT_REQUEST_ID.as_str()).map(str::to_owned),
            ..Entry::default()
        };
        let written = match self.prepare(&call, &mut entry) {
            Ok(reply) => write(reply).await,
            Err(refusal) => Err(refusal),
        };
        let answer = match written {
            Ok(answer) => self.with_unknown_member(answer),
            Err(refusal) => self.refuse(&refusal),
        };
        let answer = self.echoed(&call, dressed(answer, &entry.request_id));
        entry.status = answer.status;
        tracing::debug!(
            operation = entry.operation,
            kid = entry.kid,
            status = entry.status.as_u16(),
            "key vault"
        );
        self.log().record(entry);
        answer
    }

    fn echoed(&self, call: &Call, answer: Answer) -> Answer {
        match call.header(CLIENT_REQUEST_ID.as_str()) {
            Some(id) => answer.with(CLIENT_REQUEST_ID, id),
            None => answer,
        }
    }

    fn quota(&self, _operation: &str, _variant: Option<&str>) -> Answer {
        dressed(self.refuse(&Refusal::Throttled(10)), &self.identifier())
    }

    fn state(&self) -> Value {
        json!({})
    }

    fn controls(&self) -> &'static [&'static str] {
        &["settings", "key", "permissions", "audit"]
    }

    fn control(&self, name: &str, call: &Call) -> Option<Answer> {
        control::answer(self, name, call)
    }

    fn failure(&self, status: StatusCode, _variant: Option<&str>) -> Answer {
        dressed(self.refuse(&Refusal::Failure(status)), &self.identifier())
    }
}

/// What every answer carries.
fn dressed(answer: Answer, request: &str) -> Answer {
    answer.with(REQUEST_ID, request).with(CACHE_CONTROL, "no-cache")
}

/// Work for a key is done on a thread of its own, so that other calls are answered meanwhile.
async fn write(reply: Reply) -> Result<Answer, Refusal> {
    if !reply.is_slow() {
        return reply.write();
    }
    let failed = Refusal::Failure(StatusCode::INTERNAL_SERVER_ERROR);
    tokio::task::spawn_blocking(move || reply.write()).await.unwrap_or(Err(failed))
}
