//! `POST /{tenant}/oauth2/v2.0/token`, for client credentials with a secret.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{Method, StatusCode};
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::emulated::Emulated;
use crate::seeded;
use crate::wire::{Answer, Call};

use super::issuer::Issuer;
use super::refusal::Refusal;

const OPERATIONS: &[&str] = &["token", "other"];

/// The endpoint; what it issues is kept by the issuer.
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

    fn token(&self, tenant: &str, call: &Call) -> Result<Value, Refusal> {
        if !tenant.eq_ignore_ascii_case(self.issuer.tenant()) {
            return Err(Refusal::UnknownTenant);
        }
        let form = form(call);
        let field = |name: &'static str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let grant = field("grant_type").ok_or(Refusal::Missing("grant_type"))?;
        if grant != "client_credentials" {
            return Err(Refusal::WrongGrant);
        }
        let client = field("client_id").ok_or(Refusal::Missing("client_id"))?;
        if !client.eq_ignore_ascii_case(self.issuer.client_id()) {
            return Err(Refusal::UnknownClient);
        }
        if field("client_secret").ok_or(Refusal::NoSecret)? != self.issuer.client_secret() {
            return Err(Refusal::WrongSecret);
        }
        let scope = field("scope").ok_or(Refusal::Missing("scope"))?;
        let resource = scope.strip_suffix("/.default").ok_or(Refusal::WrongScope)?;
        if resource.is_empty() || resource.contains(char::is_whitespace) {
            return Err(Refusal::WrongScope);
        }
        let (token, seconds) = self.issuer.issue(resource).ok_or(Refusal::UnknownResource)?;
        Ok(
            json!({ "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token }),
        )
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        let mut generator = self.generator.lock().unwrap_or_else(PoisonError::into_inner);
        let (trace, correlation) = (seeded::identifier(&mut generator), seeded::identifier(&mut generator));
        refusal.answer(self.clock.now(), &trace, &correlation)
    }
}

#[async_trait]
impl Emulated for Entra {
    fn operations(&self) -> &'static [&'static str] {
        OPERATIONS
    }

    fn operation(&self, call: &Call) -> &'static str {
        if tenant(call).is_some() { "token" } else { "other" }
    }

    async fn handle(&self, call: Call) -> Answer {
        let Some(tenant) = tenant(&call) else { return Answer::empty(StatusCode::NOT_FOUND) };
        let answer = match self.token(&tenant, &call) {
            Ok(body) => Answer::json(StatusCode::OK, &body),
            Err(refusal) => self.refuse(refusal),
        };
        answer.with(CACHE_CONTROL, "no-store, no-cache")
    }

    fn quota(&self, _operation: &str, _variant: Option<&str>) -> Answer {
        self.refuse(Refusal::TooMany)
    }

    fn state(&self) -> Value {
        json!({})
    }
}

/// The tenant whose token endpoint is called.
fn tenant(call: &Call) -> Option<String> {
    let segments = call.segments();
    let [tenant, oauth, version, token] = segments.as_slice() else { return None };
    let is_token = call.method == Method::POST && oauth == "oauth2" && version == "v2.0" && token == "token";
    is_token.then(|| tenant.clone())
}

/// The fields of a URL-encoded body; any other body has none.
fn form(call: &Call) -> BTreeMap<String, String> {
    let kind = call.header(CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return BTreeMap::new();
    }
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&call.body).unwrap_or_default();
    pairs.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VAULT: &str = "https://vault.azure.net";

    fn entra() -> (Entra, Arc<Issuer>) {
        let clock = Clock::new();
        let issuer = Issuer::new(clock.clone(), 42);
        issuer.admit_resource(VAULT);
        (Entra::new(clock, Arc::clone(&issuer), 42), issuer)
    }

    /// The pairs of a good request, with some of them replaced; an empty value takes a pair away.
    async fn asked(changes: &[(&str, &str)], tenant: Option<&str>) -> (StatusCode, Value, Arc<Issuer>) {
        let (entra, issuer) = entra();
        let mut pairs = BTreeMap::from([
            ("grant_type", "client_credentials"),
            ("client_id", issuer.client_id()),
            ("client_secret", issuer.client_secret()),
            ("scope", "https://vault.azure.net/.default"),
        ]);
        pairs.extend(changes.iter().copied());
        pairs.retain(|_, value| !value.is_empty());
        let path = format!("/{}/oauth2/v2.0/token", tenant.unwrap_or(issuer.tenant()));
        let body = serde_urlencoded::to_string(&pairs).unwrap();
        let call = Call::form(Method::POST, &path, &body);
        assert_eq!(entra.operation(&call), "token");
        let answer = entra.handle(call).await;
        (answer.status, serde_json::from_slice(&answer.body).unwrap(), issuer)
    }

    #[tokio::test]
    async fn the_client_gets_a_token_for_a_known_resource() {
        let (status, body, issuer) = asked(&[], None).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body["expires_in"], 3599);
        assert_eq!(body["token_type"], "Bearer");
        assert!(body.get("refresh_token").is_none());
        assert_eq!(issuer.check(body["access_token"].as_str().unwrap(), VAULT), Ok(()));
    }

    #[tokio::test]
    async fn every_refusal_has_its_status_and_code() {
        type Case = (&'static [(&'static str, &'static str)], u16, &'static str, u32);
        let cases: [Case; 9] = [
            (&[("client_secret", "wrong")], 401, "invalid_client", 7_000_215),
            (&[("client_secret", "")], 401, "invalid_client", 7_000_218),
            (&[("client_id", "7d5d6a3f-2c1b-4b7e-8a52-7b9f3e1f0a11")], 400, "unauthorized_client", 700_016),
            (&[("grant_type", "password")], 400, "unsupported_grant_type", 70003),
            (&[("grant_type", "")], 400, "invalid_request", 900_144),
            (&[("scope", "https://vault.azure.net")], 400, "invalid_scope", 70011),
            (&[("scope", "/.default")], 400, "invalid_scope", 70011),
            (&[("scope", "https://elsewhere.example/.default")], 400, "invalid_resource", 500_011),
            (&[("scope", "")], 400, "invalid_request", 900_144),
        ];
        for (changes, status, error, code) in cases {
            let (answered, body, _) = asked(changes, None).await;
            assert_eq!(
                (answered.as_u16(), &body["error"], &body["error_codes"]),
                (status, &json!(error), &json!([code]))
            );
            assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{code}: ")));
            assert!(
                body["trace_id"].is_string()
                    && body["correlation_id"].is_string()
                    && body["timestamp"].is_string()
            );
        }
    }

    #[tokio::test]
    async fn another_tenant_is_unknown() {
        let (status, body, _) = asked(&[], Some("3f2504e0-4f89-41d3-9a0c-0305e82c3301")).await;
        assert_eq!((status, &body["error_codes"]), (StatusCode::BAD_REQUEST, &json!([90002])));
    }

    #[tokio::test]
    async fn a_json_body_is_no_form() {
        let (entra, issuer) = entra();
        let path = format!("/{}/oauth2/v2.0/token", issuer.tenant());
        let body = json!({ "grant_type": "client_credentials" }).to_string();
        let answer = entra.handle(Call::json(Method::POST, &path, &body)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn other_paths_are_not_found_and_the_quota_is_429() {
        let (entra, _) = entra();
        let call = Call::form(Method::POST, "/common/oauth2/token", "");
        assert_eq!(entra.operation(&call), "other");
        assert_eq!(entra.handle(call).await.status, StatusCode::NOT_FOUND);
        let quota = entra.quota("token", None);
        assert_eq!(quota.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(quota.headers["retry-after"], "5");
    }
}
