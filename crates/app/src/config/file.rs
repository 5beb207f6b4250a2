//! The file's shape: everything may be missing, nothing may be misspelt.

use std::path::PathBuf;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;
use webinar_bridge_dynamics::DynamicsSettings;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) storage: Storage,
    pub(crate) server: Server,
    pub(crate) log: Log,
    pub(crate) api: Api,
    pub(crate) terms: Terms,
    pub(crate) http: Http,
    pub(crate) vault: Vault,
    pub(crate) on24: On24,
    pub(crate) dynamics: DynamicsSettings,
    pub(crate) workers: Workers,
    pub(crate) timing: Timing,
    pub(crate) intake: Intake,
    pub(crate) brake: Brake,
    pub(crate) night: Night,
    pub(crate) held: Held,
    pub(crate) webhooks: Webhooks,
    pub(crate) pace: Pace,
    pub(crate) organization: Vec<Organization>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Storage {
    pub(crate) url: Option<String>,
    pub(crate) max_pages: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) public: Option<String>,
    pub(crate) private: Option<String>,
    pub(crate) drain: Option<SignedDuration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) filter: Option<String>,
    pub(crate) format: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Api {
    pub(crate) bootstrap_token: Option<SecretString>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Terms {
    pub(crate) version: Option<u32>,
    pub(crate) text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Vault {
    pub(crate) kind: Option<String>,
    pub(crate) path: Option<PathBuf>,
    pub(crate) base_url: Option<String>,
    pub(crate) key_name: Option<String>,
    pub(crate) authority: Option<String>,
    pub(crate) tenant_id: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) installation_key: Option<SecretString>,
    pub(crate) allow_insecure_loopback: Option<bool>,
    pub(crate) grace: Option<SignedDuration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct On24 {
    pub(crate) base_url: Option<String>,
    pub(crate) honor_required: Option<bool>,
    pub(crate) honor_validation: Option<bool>,
    pub(crate) event_email: Option<bool>,
    pub(crate) restore: Option<bool>,
    pub(crate) published_pace: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Workers {
    pub(crate) deliver: Option<u32>,
    pub(crate) organization: Option<u32>,
    pub(crate) percent: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Timing {
    pub(crate) poll: Option<SignedDuration>,
    pub(crate) pause: Option<SignedDuration>,
    pub(crate) landing: Option<SignedDuration>,
    pub(crate) read_lag: Option<SignedDuration>,
    pub(crate) retry_waits: Option<Vec<SignedDuration>>,
    pub(crate) longest_wait: Option<SignedDuration>,
    pub(crate) blind_quota: Option<SignedDuration>,
    pub(crate) credential_probe: Option<SignedDuration>,
    pub(crate) permission_probe: Option<SignedDuration>,
    pub(crate) outage_rest: Option<SignedDuration>,
    pub(crate) attendance_waits: Option<Vec<SignedDuration>>,
    pub(crate) attendance_every: Option<SignedDuration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Intake {
    pub(crate) poll_spread: Option<u32>,
    pub(crate) linger: Option<SignedDuration>,
    pub(crate) reads_a_minute: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Brake {
    pub(crate) few: Option<u32>,
    pub(crate) percent: Option<u32>,
    pub(crate) window: Option<SignedDuration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Night {
    pub(crate) every: Option<SignedDuration>,
    pub(crate) after_midnight: Option<SignedDuration>,
    pub(crate) after_end: Option<SignedDuration>,
    pub(crate) keep: Option<SignedDuration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Held {
    pub(crate) release_pause: Option<SignedDuration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Pace {
    pub(crate) enabled: Option<bool>,
    pub(crate) patience: Option<SignedDuration>,
    pub(crate) outage_after: Option<u32>,
    pub(crate) retries_a_minute: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Webhooks {
    pub(crate) header: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OrganizationWebhook {
    pub(crate) endpoint: Option<String>,
    pub(crate) secret: Option<SecretString>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Organization {
    pub(crate) name: Option<String>,
    pub(crate) terms_accepted: Option<u32>,
    pub(crate) on24: Option<OrganizationOn24>,
    pub(crate) dataverse: Option<OrganizationDataverse>,
    pub(crate) webhook: Option<OrganizationWebhook>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OrganizationOn24 {
    pub(crate) base_url: Option<String>,
    pub(crate) client_id: Option<ClientId>,
    pub(crate) access_token_key: Option<SecretString>,
    pub(crate) access_token_secret: Option<SecretString>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OrganizationDataverse {
    pub(crate) base_url: Option<String>,
    pub(crate) authority: Option<String>,
    pub(crate) tenant_id: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<SecretString>,
}

/// ON24's account number, as a number or as its digits.
#[derive(Debug)]
pub(crate) struct ClientId(pub(crate) String);

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl serde::de::Visitor<'_> for Digits {
            type Value = ClientId;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the number of an ON24 account")
            }

            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<ClientId, E> {
                Ok(ClientId(n.to_string()))
            }

            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<ClientId, E> {
                Ok(ClientId(n.to_string()))
            }

            fn visit_str<E: serde::de::Error>(self, digits: &str) -> Result<ClientId, E> {
                Ok(ClientId(digits.to_owned()))
            }
        }
        deserializer.deserialize_any(Digits)
    }
}

/// The names of settings that hold secrets: what stands behind them is never shown.
pub(crate) const SECRETS: [&str; 6] = [
    "bootstrap_token",
    "client_secret",
    "installation_key",
    "access_token_key",
    "access_token_secret",
    "secret",
];
