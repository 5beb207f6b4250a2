//! What the tenant answers: tokens for client credentials, documents, and tokens for identities.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderName};
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::emulated::Emulated;
use crate::seeded;
use crate::wire::{self, Answer, Call};

use super::assertion::Presented;
use super::directory::Application;
use super::discovery::{self, Version};
use super::issuer::{Issuer, Proof};
use super::refusal::Refusal;
use super::{control, identity};

const OPERATIONS: &[&str] = &["token", "configuration", "keys", "instance", "fabric", "machine", "other"];
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a call is for. Each but the last three names its tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    Token(String),
    Configuration(String, Version),
    Keys(String),
    Instance,
    Fabric,
    Machine,
}

impl Route {
    fn of(call: &Call) -> Option<Self> {
        let segments = call.segments();
        let words: Vec<&str> = segments.iter().map(String::as_str).collect();
        let route = match (&call.method, words.as_slice()) {
            (&Method::POST, [tenant, "oauth2", "v2.0", "token"]) => Self::Token((*tenant).to_owned()),
            (&Method::GET, [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
                Self::Configuration((*tenant).to_owned(), Version::Two)
            }
            (&Method::GET, [tenant, ".well-known", "openid-configuration"]) => {
                Self::Configuration((*tenant).to_owned(), Version::One)
            }
            (&Method::GET, [_, "discovery", "instance"]) => Self::Instance,
            (&Method::GET, [tenant, "discovery", "v2.0", "keys"] | [tenant, "discovery", "keys"]) => {
                Self::Keys((*tenant).to_owned())
            }
            (&Method::GET, ["metadata", "identity", "oauth2", "token"]) => {
                if identity::is_fabric(call) {
                    Self::Fabric
                } else {
                    Self::Machine
                }
            }
            _ => return None,
        };
        Some(route)
    }

    fn operation(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Configuration(..) => "configuration",
            Self::Keys(_) => "keys",
            Self::Instance => "instance",
            Self::Fabric => "fabric",
            Self::Machine => "machine",
        }
    }
}

/// The endpoints; what they issue is kept by the issuer.
pub(crate) struct Entra {
    clock: Clock,
    issuer: Arc<Issuer>,
    /// Where trace and correlation ids come from.
    generator: Mutex<StdRng>,
}

impl Entra {
    pub(crate) fn new(clock: Clock, issuer: Arc<Issuer>, seed: u64) -> Self {
        Self { clock, issuer, generator: Mutex::new(seeded::generator(seed, "entra/traces")) }
    }

    fn answer(&self, route: &Route, call: &Call) -> Answer {
        let origin = call.origin().unwrap_or_else(|| wire::origin(call.secure, "localhost"));
        match route {
            Route::Token(tenant) => match self.token(tenant, call) {
                Ok(body) => Answer::json(StatusCode::OK, &body),
                Err(refusal) => self.refuse(&refusal, Some(call)),
            },
            Route::Configuration(tenant, _) | Route::Keys(tenant)
                if !discovery::is_known(tenant, self.issuer.tenant()) =>
            {
                self.refuse(&Refusal::UnknownTenant(tenant.clone()), Some(call))
            }
            Route::Configuration(tenant, version) => {
                Answer::json(StatusCode::OK, &discovery::configuration(&origin, tenant, *version))
            }
            Route::Keys(_) => {
                let keys: Vec<_> =
                    self.issuer.key().map(super::token::SigningKey::public).into_iter().collect();
                Answer::json(StatusCode::OK, &json!({ "keys": keys }))
            }
            Route::Instance => {
                let asked = call.parameters().into_iter().find(|(name, _)| name == "authorization_endpoint");
                let asked = asked.map(|(_, value)| value).unwrap_or_default();
                Answer::json(StatusCode::OK, &discovery::instance(&origin, &asked))
            }
            Route::Fabric => identity::fabric(&self.issuer, call, &self.identifier()),
            Route::Machine => identity::machine(&self.issuer, call),
        }
    }

    fn token(&self, tenant: &str, call: &Call) -> Result<Value, Refusal> {
        if !tenant.eq_ignore_ascii_case(self.issuer.tenant()) {
            return Err(Refusal::UnknownTenant(tenant.to_owned()));
        }
        let form = Form::of(call);
        let grant = form.required("grant_type")?;
        if grant != "client_credentials" {
            return Err(Refusal::WrongGrant(grant.to_owned()));
        }
        let (application, proof) = self.client(&form, call)?;
        let scope = form.required("scope")?;
        let resource = resource(scope)?;
        let grant =
            self.issuer.grant(&application, resource, proof).ok_or_else(|| Refusal::UnknownResource {
                resource: resource.to_owned(),
                tenant: self.issuer.tenant().to_owned(),
            })?;
        let seconds = grant.expires - grant.issued;
        Ok(json!({ "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds,
                   "access_token": grant.token }))
    }

    /// The application that asks, if it shows that it is the one.
    fn client(&self, form: &Form, call: &Call) -> Result<(Application, Proof), Refusal> {
        let client = form.required("client_id")?;
        let mut directory = self.issuer.directory();
        let application = directory.application(client).cloned().ok_or_else(|| Refusal::UnknownClient {
            client: client.to_owned(),
            tenant: self.issuer.tenant().to_owned(),
        })?;
        if let Some(assertion) = form.field("client_assertion") {
            if form.required("client_assertion_type")? != ASSERTION_TYPE {
                return Err(Refusal::Missing("client_assertion_type"));
            }
            let presented = Presented {
                application: &application,
                host: call.header(HOST.as_str()).unwrap_or_default(),
                path: call.path.trim_end_matches('/'),
                now: self.clock.now(),
                ids: self.issuer.settings().assertion_ids,
            };
            presented.check(assertion, &mut directory).map_err(Refusal::Assertion)?;
            return Ok((application, Proof::Assertion));
        }
        let secret = form.field("client_secret").ok_or(Refusal::NoSecret)?;
        let id = application.client_id.clone();
        let known = application.secrets.iter().find(|known| known.secret == secret);
        let known = known.ok_or(Refusal::WrongSecret(id.clone()))?;
        if known.expires.is_some_and(|expires| expires <= self.clock.now()) {
            return Err(Refusal::ExpiredSecret(id));
        }
        Ok((application, Proof::Secret))
    }

    /// The correlation id is the client's own, where it sends one.
    fn refuse(&self, refusal: &Refusal, call: Option<&Call>) -> Answer {
        let sent = call.and_then(|call| call.header("client-request-id"));
        let sent = sent.and_then(|id| uuid::Uuid::try_parse(id).ok()).map(|id| id.to_string());
        let (trace, correlation) = (self.identifier(), sent.unwrap_or_else(|| self.identifier()));
        refusal.answer(self.clock.now(), &trace, &correlation)
    }

    fn identifier(&self) -> String {
        seeded::identifier(&mut self.generator.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Emulated for Entra {
    fn operations(&self) -> &'static [&'static str] {
        OPERATIONS
    }

    fn operation(&self, call: &Call) -> &'static str {
        Route::of(call).map_or("other", |route| route.operation())
    }

    async fn handle(&self, call: Call) -> Answer {
        let Some(route) = Route::of(&call) else { return Answer::empty(StatusCode::NOT_FOUND) };
        let answer = self.answer(&route, &call);
        let answer = match route {
            Route::Configuration(..) | Route::Keys(_) | Route::Instance => answer,
            _ => answer.with(CACHE_CONTROL, "no-store, no-cache"),
        };
        self.echoed(&call, answer)
    }

    fn echoed(&self, call: &Call, answer: Answer) -> Answer {
        match call.header("client-request-id") {
            Some(id) => answer.with(HeaderName::from_static("client-request-id"), id),
            None => answer,
        }
    }

    fn quota(&self, operation: &str, _variant: Option<&str>) -> Answer {
        match operation {
            "fabric" | "machine" => identity::too_many(operation == "fabric", &self.identifier()),
            _ => self.refuse(&Refusal::TooMany, None),
        }
    }

    fn state(&self) -> Value {
        json!({})
    }

    fn controls(&self) -> &'static [&'static str] {
        &["settings", "clients", "issuers", "token", "identity"]
    }

    fn control(&self, name: &str, call: &Call) -> Option<Answer> {
        control::answer(&self.issuer, name, call)
    }

    fn failure(&self, status: StatusCode, _variant: Option<&str>) -> Answer {
        if status.is_server_error() {
            Answer { status, ..self.refuse(&Refusal::Transient, None) }
        } else {
            Answer::empty(status)
        }
    }
}

/// The resource of a scope; the rest of the scope asks for all that was granted beforehand.
fn resource(scope: &str) -> Result<&str, Refusal> {
    if scope.contains(char::is_whitespace) || scope.starts_with('/') {
        return Err(Refusal::MalformedScope(scope.to_owned()));
    }
    scope.strip_suffix("/.default").ok_or_else(|| Refusal::NotDefault(scope.to_owned()))
}

/// The fields of a URL-encoded body that are not empty; any other body has none.
struct Form(BTreeMap<String, String>);

impl Form {
    /// Id and secret of a client may stand in the header instead, as HTTP knows it.
    fn of(call: &Call) -> Self {
        let kind = call.header(CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
        if kind.split(';').next().unwrap_or_default().trim() != "application/x-www-form-urlencoded" {
            return Self(BTreeMap::new());
        }
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&call.body).unwrap_or_default();
        let mut fields: BTreeMap<_, _> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        if let Some((client, secret)) = basic(call) {
            fields.entry("client_id".to_owned()).or_insert(client);
            fields.entry("client_secret".to_owned()).or_insert(secret);
        }
        Self(fields)
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.field(name).ok_or(Refusal::Missing(name))
    }
}

fn basic(call: &Call) -> Option<(String, String)> {
    let (scheme, text) = call.header(AUTHORIZATION.as_str())?.split_once(' ')?;
    let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
    let (client, secret) = text.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let decoded = |text| percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    Some((decoded(client)?, decoded(secret)?))
}
