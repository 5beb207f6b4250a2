//! What the vendor leaves open, or lets an administrator decide.

use serde::{Deserialize, Serialize};

/// `GET` and `POST /_emulator/settings`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// How long the tokens live that are issued from now on.
    pub(super) token_lifetime_seconds: u32,
    /// What becomes of the id (`jti`) of an assertion that a certificate has signed.
    pub(super) assertion_ids: AssertionIds,
    /// How the identity endpoint of Service Fabric writes `expires_on`.
    pub(super) fabric_expires_on: Seconds,
    /// Whether the identity endpoint of Service Fabric fails when the resource ends with a slash.
    pub(super) fabric_slash_fails: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token_lifetime_seconds: 3599,
            assertion_ids: AssertionIds::Required,
            fabric_expires_on: Seconds::Number,
            fabric_slash_fails: true,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum AssertionIds {
    /// It may be missing.
    Ignored,
    /// It must be there, and may come again.
    Required,
    /// It must be there, and is taken only once.
    Once,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Seconds {
    Number,
    Text,
}
