//! How webhooks are sent, as the settings say.

use serde::{Deserialize, Serialize};

/// The switches of the sender.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in super::super) struct WebhookRules {
    /// How likely a delivery is made twice.
    pub(super) duplicates: f64,
    /// How likely a delivery is overtaken by the next.
    pub(super) overtaken: f64,
    /// How long an endpoint has to answer, in milliseconds of the machine.
    pub(super) timeout_ms: u64,
    /// Whether a delivery that met no connection, or a broken one, is tried once more; the platform promises that for
    /// 502, 503 and 504 alone.
    pub(super) retry_network_failure: bool,
    /// Whether endpoints must have port 80 or 443, as those of the platform must.
    pub(super) published_ports_only: bool,
    /// How many deliveries are under way at once, at most 64.
    pub(super) parallelism: u32,
    /// The zone of the sending server, which some dates of an execution context hint at.
    pub(super) utc_offset_minutes: i32,
}

impl Default for WebhookRules {
    fn default() -> Self {
        Self {
            duplicates: 0.0,
            overtaken: 0.0,
            timeout_ms: 60_000,
            retry_network_failure: false,
            published_ports_only: false,
            parallelism: 4,
            utc_offset_minutes: 0,
        }
    }
}

impl WebhookRules {
    /// What is wrong with the values, in words for whoever set them.
    pub(in super::super) fn mistake(&self) -> Option<String> {
        let chance = |value: f64| (0.0..=1.0).contains(&value);
        if !chance(self.duplicates) || !chance(self.overtaken) {
            return Some("a probability must lie between 0 and 1".to_owned());
        }
        (self.utc_offset_minutes.unsigned_abs() > 14 * 60)
            .then(|| "utc_offset_minutes lies between -840 and 840".to_owned())
    }
}
