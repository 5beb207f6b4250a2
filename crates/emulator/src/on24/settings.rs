//! Where ON24 is silent, or a test wants another word.

use serde::{Deserialize, Serialize};

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
    /// How the reads behave.
    pub reads: ReadSettings,
}

/// Where ON24 is silent about its reads.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadSettings {}

impl Default for Settings {
    fn default() -> Self {
        Self {
            required_text: "A required registration field is missing.".to_owned(),
            field_text: "The value of a registration field is not valid.".to_owned(),
            late_text: "The event has already started.".to_owned(),
            blocked_domains: vec!["blocked.example".to_owned()],
            blocked_text: "The email domain is not allowed for this event.".to_owned(),
            reads: ReadSettings::default(),
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
