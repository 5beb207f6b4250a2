//! What each caller may do.

use std::collections::{BTreeMap, BTreeSet};

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control;
use crate::wire::{Answer, Call};

use super::operation::{Operation, PERMISSIONS};

/// How many callers are kept.
const MOST: usize = 10_000;

pub(super) struct Permissions {
    /// By the id of the application, in lower case.
    granted: BTreeMap<String, BTreeSet<&'static str>>,
    /// What nobody may do, by names of permissions or of operations.
    pub(super) denied: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    client_id: uuid::Uuid,
    permissions: Vec<String>,
}

impl Permissions {
    /// These applications may do everything, any other nothing.
    pub(super) fn new(seeded_callers: &[String]) -> Self {
        let all = || PERMISSIONS.iter().copied().collect();
        let granted = seeded_callers.iter().map(|id| (id.to_ascii_lowercase(), all())).collect();
        Self { granted, denied: Vec::new() }
    }

    pub(super) fn allow(&self, client_id: &str, operation: Operation) -> bool {
        let is_denied = |name: &String| {
            name.eq_ignore_ascii_case(operation.name()) || name.eq_ignore_ascii_case(operation.permission())
        };
        let granted = self.granted.get(&client_id.to_ascii_lowercase());
        granted.is_some_and(|granted| granted.contains(operation.permission()))
            && !self.denied.iter().any(is_denied)
    }

    /// `POST` says what an application may do from now on, `GET` shows it for all.
    pub(super) fn control(&mut self, call: &Call) -> Answer {
        match call.method {
            Method::GET => {}
            Method::POST if self.change(&call.body).is_some() => {}
            Method::POST => {
                let words = format!(
                    "expected {{\"client_id\":UUID,\"permissions\":[…]}} with all or any of {}",
                    PERMISSIONS.join(", ")
                );
                return control::refusal(StatusCode::BAD_REQUEST, &words);
            }
            _ => return control::not_allowed(),
        }
        Answer::json(StatusCode::OK, &json!({ "permissions": self.granted, "denied": self.denied }))
    }

    fn change(&mut self, body: &[u8]) -> Option<()> {
        let change: Change = serde_json::from_slice(body).ok()?;
        let mut permissions = BTreeSet::new();
        for name in &change.permissions {
            if name == "all" {
                permissions.extend(PERMISSIONS);
            } else {
                permissions.insert(*PERMISSIONS.iter().find(|known| known.eq_ignore_ascii_case(name))?);
            }
        }
        let id = change.client_id.to_string();
        if self.granted.len() >= MOST && !self.granted.contains_key(&id) {
            return None;
        }
        self.granted.insert(id, permissions);
        Some(())
    }

    pub(super) fn show_denied(&self) -> Value {
        json!(self.denied)
    }
}
