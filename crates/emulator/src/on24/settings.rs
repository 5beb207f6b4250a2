//! Where ON24 is silent, or a test wants another word.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::control;
use crate::wire::{Answer, Call};

/// Texts of refusals that ON24 does not document, and whom an event does not take.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// 400, when a field that the registration page requires is missing.
    pub required_text: String,
    /// 400, when a value is longer than its field, or no value for it.
    pub field_text: String,
    /// 403, when somebody is to be deleted or restored after the event's start.
    pub late_text: String,
    /// People with addresses of these domains are refused with 400.
    pub blocked_domains: Vec<String>,
    /// 400, for those people.
    pub blocked_text: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            required_text: "A required registration field is missing.".to_owned(),
            field_text: "The value of a registration field is not valid.".to_owned(),
            late_text: "The event has already started.".to_owned(),
            blocked_domains: vec!["blocked.example".to_owned()],
            blocked_text: "The email domain is not allowed for this event.".to_owned(),
        }
    }
}

impl Settings {
    /// Whether the address is of a blocked domain; letter case does not matter.
    pub(super) fn blocks(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain.trim());
        self.blocked_domains.iter().any(|blocked| blocked.eq_ignore_ascii_case(domain))
    }
}

/// `GET` shows the settings, `POST` replaces the members that it names.
pub(super) fn control(settings: &mut Arc<Settings>, call: &Call) -> Answer {
    match call.method {
        Method::GET => {}
        Method::POST => {
            let Some(changed) = merged(settings, &call.body) else {
                let words = format!("expected an object with some of {}", json!(Settings::default()));
                return control::refusal(StatusCode::BAD_REQUEST, &words);
            };
            *settings = Arc::new(changed);
        }
        _ => return control::not_allowed(),
    }
    Answer::json(StatusCode::OK, &json!(**settings))
}

fn merged(settings: &Settings, body: &[u8]) -> Option<Settings> {
    let Value::Object(changes) = serde_json::from_slice(body).ok()? else { return None };
    let mut members = json!(settings);
    members.as_object_mut()?.extend(changes);
    serde_json::from_value(members).ok()
}
