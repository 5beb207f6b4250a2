//! What the vendor leaves open, or lets an administrator decide.

use serde::{Deserialize, Serialize};

/// `GET` and `POST /_emulator/settings`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// How a caller without a good token is told where to get one.
    pub(super) challenge: Challenge,
    /// How the identifiers of keys begin.
    pub(super) kid_scheme: KidScheme,
    /// Whether a token is good whose audience has a slash at its end.
    pub(super) audience_slash: Choice,
    /// By what the caller's permissions are kept, which is told when one is missing.
    pub(super) authorization: Authorization,
    /// Whether deleted keys stay until their time is over.
    pub(super) purge_protection: bool,
    /// How long deleted keys can be recovered.
    pub(super) recoverable_days: Days,
    /// How long it takes until a deletion has settled.
    pub(super) deletion_seconds: u32,
    /// Whether the published limits hold.
    pub(super) throttling: Throttling,
    /// How a 429 tells when to come back.
    pub(super) retry_after: RetryAfter,
    /// Whether answers have, at random, a member that no client knows.
    pub(super) unknown_members: UnknownMembers,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Challenge {
    #[default]
    Resource,
    Scope,
    /// As older deployments write it.
    AuthorizationUri,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KidScheme {
    /// With https, however the vault was called.
    #[default]
    Https,
    /// With the scheme by which it was called.
    Called,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Choice {
    #[default]
    Refused,
    Accepted,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Authorization {
    #[default]
    Rbac,
    Policy,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Throttling {
    #[default]
    None,
    Published,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RetryAfter {
    #[default]
    None,
    Seconds,
    Date,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UnknownMembers {
    #[default]
    Random,
    None,
}

/// From a week to 90 days.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "u16", into = "u16")]
pub(super) struct Days(u16);

impl Default for Days {
    fn default() -> Self {
        Self(90)
    }
}

impl TryFrom<u16> for Days {
    type Error = &'static str;

    fn try_from(days: u16) -> Result<Self, Self::Error> {
        if (7..=90).contains(&days) { Ok(Self(days)) } else { Err("recoverable_days lie between 7 and 90") }
    }
}

impl From<Days> for u16 {
    fn from(days: Days) -> Self {
        days.0
    }
}

impl Settings {
    /// What becomes of a deleted key, as its attributes tell it.
    pub(super) fn recovery_level(&self) -> &'static str {
        match (u16::from(self.recoverable_days), self.purge_protection) {
            (90.., false) => "Recoverable+Purgeable",
            (90.., true) => "Recoverable",
            (_, false) => "CustomizedRecoverable+Purgeable",
            (_, true) => "CustomizedRecoverable",
        }
    }
}
