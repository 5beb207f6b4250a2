//! API tokens: what they may do, and how they end.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::{Answer, Call};
use crate::{control, seeded};

use super::gate::Gate;
use super::refusal::Refusal;
use super::route::{self, Group, Route};

/// How many there can be at once.
const MOST: usize = 1000;
/// The logins of the tokens are numbered from here.
const FIRST_ADMIN: i64 = 300_101;

/// What a token may do.
enum Permits {
    Everything,
    /// Groups and operations by their names.
    Only(BTreeSet<&'static str>),
}

pub(super) struct Token {
    pub(super) secret: String,
    pub(super) number: usize,
    permits: Permits,
    enabled: bool,
    /// Whether the login to which the token belongs is active.
    admin_active: bool,
    pub(super) last_use: Timestamp,
}

impl Token {
    pub(super) fn new(secret: String, number: usize, now: Timestamp) -> Self {
        Self {
            secret,
            number,
            permits: Permits::Everything,
            enabled: true,
            admin_active: true,
            last_use: now,
        }
    }

    /// A token that was idle for too long is disabled, until somebody enables it by hand.
    pub(super) fn wake(&mut self, now: Timestamp, idle: Option<SignedDuration>) -> Result<(), Refusal> {
        if idle.is_some_and(|idle| now.duration_since(self.last_use) >= idle) {
            self.enabled = false;
        }
        if !self.enabled {
            return Err(Refusal::Deactivated);
        }
        if self.admin_active { Ok(()) } else { Err(Refusal::InactiveAdmin(self.admin())) }
    }

    pub(super) fn permits(&self, route: &Route) -> bool {
        match &self.permits {
            Permits::Everything => true,
            Permits::Only(names) => names.contains(route.group.name()) || names.contains(route.operation),
        }
    }

    fn admin(&self) -> i64 {
        FIRST_ADMIN.saturating_add(i64::try_from(self.number).unwrap_or(i64::MAX))
    }

    fn change(&mut self, change: &Change, permits: Option<Permits>, now: Timestamp) {
        if let Some(permits) = permits {
            self.permits = permits;
        }
        if let Some(active) = change.admin_active {
            self.admin_active = active;
        }
        if let Some(enabled) = change.enabled {
            self.enabled = enabled;
            if enabled {
                self.last_use = now;
            }
        }
    }

    fn show(&self, key: &str) -> Value {
        let permits = match &self.permits {
            Permits::Everything => json!(["all"]),
            Permits::Only(names) => json!(names),
        };
        json!({ "key": key, "secret": self.secret, "permits": permits, "enabled": self.enabled,
                "admin_id": self.admin(), "admin_active": self.admin_active, "last_use": self.last_use.to_string() })
    }
}

/// Of the token with that key; without a key, of a new one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    key: Option<String>,
    permits: Option<Vec<String>>,
    enabled: Option<bool>,
    admin_active: Option<bool>,
}

/// `GET` and `POST /_emulator/tokens`.
pub(super) fn control(gate: &mut Gate, call: &Call, now: Timestamp) -> Answer {
    match call.method {
        Method::GET => {
            let tokens: Value = gate.tokens.iter().map(|(key, token)| token.show(key)).collect();
            Answer::json(StatusCode::OK, &json!({ "tokens": tokens }))
        }
        Method::POST => match gate.change_token(&call.body, now) {
            Ok(token) => Answer::json(StatusCode::OK, &token),
            Err((status, error)) => control::refusal(status, &error),
        },
        _ => control::not_allowed(),
    }
}

impl Gate {
    fn change_token(&mut self, body: &[u8], now: Timestamp) -> Result<Value, (StatusCode, String)> {
        let expected = |error: serde_json::Error| {
            let words = "expected some of \"key\", \"permits\", \"enabled\", \"admin_active\"";
            (StatusCode::BAD_REQUEST, format!("{words}: {error}"))
        };
        let change: Change = serde_json::from_slice(body).map_err(expected)?;
        let permits = change.permits.as_deref().map(known).transpose();
        let permits = permits.map_err(|error| (StatusCode::BAD_REQUEST, error))?;
        let key = match &change.key {
            Some(key) => key.clone(),
            None => self.mint(now).ok_or((StatusCode::CONFLICT, "too many tokens".to_owned()))?,
        };
        let unknown = || (StatusCode::NOT_FOUND, "there is no token of that key".to_owned());
        let token = self.tokens.get_mut(&key).ok_or_else(unknown)?;
        token.change(&change, permits, now);
        Ok(token.show(&key))
    }

    fn mint(&mut self, now: Timestamp) -> Option<String> {
        let number = self.tokens.len();
        let part =
            |name, digits| seeded::hex(self.seed, &self.region.purpose(&format!("{name}/{number}")), digits);
        let key = part("key", 32).to_ascii_uppercase();
        let free = number < MOST && !self.tokens.contains_key(&key);
        free.then(|| self.tokens.insert(key.clone(), Token::new(part("secret", 128), number, now)))?;
        Some(key)
    }
}

/// The groups and operations of those names, of which `all` is one.
fn known(names: &[String]) -> Result<Permits, String> {
    if names.iter().any(|name| name == "all") {
        return Ok(Permits::Everything);
    }
    let groups = Group::ALL.map(Group::name);
    let operations = route::operations().iter().filter(|name| **name != route::OTHER);
    let all: Vec<&'static str> = groups.into_iter().chain(operations.copied()).collect();
    let found = names.iter().map(|name| all.iter().find(|known| *known == name).copied());
    let found: Option<BTreeSet<&'static str>> = found.collect();
    found.map(Permits::Only).ok_or_else(|| format!("permits are of all, {}", all.join(", ")))
}
