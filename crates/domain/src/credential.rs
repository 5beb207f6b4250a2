//! A credential: one sealed secret of an organization, with versions.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::fact::{FactKind, NotAllowed, Step, Why};
use crate::id::{CredentialId, OrganizationId};
use crate::time::{SignedDuration, Timestamp, later};

#[cfg(test)]
mod product;

/// Which secret of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CredentialSlot {
    /// Whose it is.
    pub organization: OrganizationId,
    /// For whom it is.
    pub purpose: Purpose,
}

/// What a secret is for; part of what it is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// The webinar provider's API.
    Provider,
    /// Dynamics 365.
    Crm,
    /// The key that details are sealed under.
    DataKey,
}

impl Purpose {
    /// The purpose as it is bound into an envelope; stable.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "on24.api",
            Self::Crm => "dataverse.client",
            Self::DataKey => "organization.data-key",
        }
    }
}

/// Ciphertext of a secret; which format is the vault's business.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedSecret(#[serde(with = "base64_text")] Vec<u8>);

impl SealedSecret {
    /// Takes what a vault sealed.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The sealed bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedSecret({} bytes)", self.0.len())
    }
}

mod base64_text {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(de::Error::custom)
    }
}

/// One version of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretVersion {
    /// Counts the secrets of the slot; part of what the ciphertext is bound to.
    pub version: u64,
    /// The ciphertext.
    pub sealed: SealedSecret,
    /// When it was entered.
    pub entered: Timestamp,
}

/// A credential of one slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Names its row; part of what the ciphertext is bound to.
    pub id: CredentialId,
    /// Whose, and for what.
    pub slot: CredentialSlot,
    /// Where it stands.
    pub state: CredentialState,
    /// The highest version ever entered, whatever became of it.
    pub highest: u64,
    /// When it was last accepted.
    pub last_success: Option<Timestamp>,
    /// The version before the current one, for a way back, and until when it is kept.
    pub previous: Option<(SecretVersion, Timestamp)>,
}

/// Where a credential stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CredentialState {
    /// Entered, not tried.
    Unproven(SecretVersion),
    /// Accepted.
    Active {
        /// The version in use.
        current: SecretVersion,
        /// Since when.
        since: Timestamp,
    },
    /// A newer one is tried beside the one in use.
    Rotating {
        /// The version in use.
        current: SecretVersion,
        /// The version that is tried.
        candidate: SecretVersion,
    },
    /// No longer accepted; tried again.
    Suspect {
        /// The version in question.
        current: SecretVersion,
        /// How often it was not accepted in a row.
        strikes: u32,
    },
    /// Not accepted; out of use until a probe is accepted.
    Refused {
        /// The version in question.
        current: SecretVersion,
        /// Since when.
        at: Timestamp,
    },
    /// Removed, its ciphertext erased.
    Revoked {
        /// When.
        at: Timestamp,
        /// The last version there was; a new credential begins with the next.
        version: u64,
    },
}

/// What can happen to a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A secret was entered, sealed under the next version.
    Entered(SecretVersion),
    /// A call or probe with this version was accepted.
    Accepted(u64),
    /// A call or probe with this version was not.
    Unauthorised(u64),
    /// The version was sealed again, under a newer vault key.
    Resealed(SecretVersion),
    /// Long without a success.
    Idle,
    /// Removed.
    Revoked,
}

/// The limits of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialPolicy {
    /// How often in a row a credential may not be accepted before it is refused.
    pub strikes: u32,
    /// How long the version before the current one is kept.
    pub keeps_previous: SignedDuration,
}

impl Default for CredentialPolicy {
    fn default() -> Self {
        Self { strikes: 3, keeps_previous: SignedDuration::from_hours(24) }
    }
}

type Moves = Result<Step<Credential>, NotAllowed>;

impl Credential {
    /// A credential begins with its first secret.
    pub const fn entered(id: CredentialId, slot: CredentialSlot, secret: SecretVersion) -> Self {
        let highest = secret.version;
        let state = CredentialState::Unproven(secret);
        Self { id, slot, state, highest, last_success: None, previous: None }
    }

    /// The version that calls use; `None` when there is none to use.
    pub const fn current(&self) -> Option<&SecretVersion> {
        match &self.state {
            CredentialState::Unproven(current)
            | CredentialState::Active { current, .. }
            | CredentialState::Rotating { current, .. }
            | CredentialState::Suspect { current, .. }
            | CredentialState::Refused { current, .. } => Some(current),
            CredentialState::Revoked { .. } => None,
        }
    }

    /// The version that a probe should try next.
    pub const fn to_probe(&self) -> Option<&SecretVersion> {
        match &self.state {
            CredentialState::Rotating { candidate, .. } => Some(candidate),
            _ => self.current(),
        }
    }

    /// The highest version ever entered.
    pub const fn newest(&self) -> u64 {
        self.highest
    }

    /// The state's name.
    pub const fn state_name(&self) -> &'static str {
        match self.state {
            CredentialState::Unproven(_) => "unproven",
            CredentialState::Active { .. } => "active",
            CredentialState::Rotating { .. } => "rotating",
            CredentialState::Suspect { .. } => "suspect",
            CredentialState::Refused { .. } => "refused",
            CredentialState::Revoked { .. } => "revoked",
        }
    }

    /// The next state, and the fact that explains it.
    pub fn on(&self, input: Input, now: Timestamp, policy: &CredentialPolicy) -> Moves {
        if matches!(self.state, CredentialState::Revoked { .. }) {
            return self.refuse(&input);
        }
        match input {
            Input::Entered(secret) if secret.version <= self.newest() => self.refuse(&Input::Entered(secret)),
            Input::Entered(secret) => Ok(self.enter(secret)),
            Input::Accepted(version) => self.accepted(version, now, policy),
            Input::Unauthorised(version) => self.unauthorised(version, now, policy),
            Input::Resealed(secret) => Ok(self.resealed(secret)),
            Input::Idle => Ok(self.idle()),
            Input::Revoked => {
                let state = CredentialState::Revoked { at: now, version: self.newest() };
                let next = Self { state, previous: None, ..self.clone() };
                Ok(Step::Moved { next, fact: FactKind::CredentialRevoked })
            }
        }
    }

    fn refuse(&self, input: &Input) -> Moves {
        Err(NotAllowed { state: self.state_name(), input: input.name() })
    }

    fn to(&self, state: CredentialState, fact: FactKind) -> Step<Self> {
        Step::Moved { next: Self { state, ..self.clone() }, fact }
    }

    fn enter(&self, secret: SecretVersion) -> Step<Self> {
        let highest = secret.version;
        let (state, fact) = match &self.state {
            CredentialState::Active { current, .. } | CredentialState::Rotating { current, .. } => {
                let state = CredentialState::Rotating { current: current.clone(), candidate: secret };
                (state, FactKind::RotationBegun)
            }
            _ => (CredentialState::Unproven(secret), FactKind::CredentialEntered),
        };
        Step::Moved { next: Self { state, highest, ..self.clone() }, fact }
    }

    /// The version before the current one, as long as it is kept.
    fn kept(&self, now: Timestamp) -> Option<(SecretVersion, Timestamp)> {
        self.previous.clone().filter(|(_, until)| now < *until)
    }

    fn accepted(&self, version: u64, now: Timestamp, policy: &CredentialPolicy) -> Moves {
        let proven = |current: &SecretVersion, fact| {
            let state = CredentialState::Active { current: current.clone(), since: now };
            let next = Self { state, last_success: Some(now), previous: self.kept(now), ..self.clone() };
            Step::Moved { next, fact }
        };
        Ok(match &self.state {
            CredentialState::Unproven(current)
            | CredentialState::Suspect { current, .. }
            | CredentialState::Refused { current, .. }
                if current.version == version =>
            {
                proven(current, FactKind::CredentialProven)
            }
            CredentialState::Rotating { current, candidate } if candidate.version == version => {
                let state = CredentialState::Active { current: candidate.clone(), since: now };
                let previous = Some((current.clone(), later(now, policy.keeps_previous)));
                let next = Self { state, last_success: Some(now), previous, ..self.clone() };
                Step::Moved { next, fact: FactKind::RotationCompleted }
            }
            CredentialState::Active { current, .. } | CredentialState::Rotating { current, .. }
                if current.version == version =>
            {
                let previous = self.kept(now);
                Step::Noted { next: Self { last_success: Some(now), previous, ..self.clone() } }
            }
            _ if version <= self.newest() => Step::Ignored(Why::Stale),
            _ => return self.refuse(&Input::Accepted(version)),
        })
    }

    fn unauthorised(&self, version: u64, now: Timestamp, policy: &CredentialPolicy) -> Moves {
        Ok(match &self.state {
            CredentialState::Unproven(current) if current.version == version => {
                let state = CredentialState::Refused { current: current.clone(), at: now };
                self.to(state, FactKind::CredentialRefused)
            }
            CredentialState::Active { current, .. } if current.version == version => {
                let state = CredentialState::Suspect { current: current.clone(), strikes: 1 };
                self.to(state, FactKind::CredentialSuspected)
            }
            CredentialState::Rotating { current, candidate } if candidate.version == version => {
                let state = CredentialState::Active { current: current.clone(), since: now };
                self.to(state, FactKind::RotationAbandoned)
            }
            CredentialState::Rotating { current, candidate } if current.version == version => {
                self.to(CredentialState::Unproven(candidate.clone()), FactKind::RotationForced)
            }
            CredentialState::Suspect { current, strikes } if current.version == version => {
                if strikes + 1 >= policy.strikes {
                    let state = CredentialState::Refused { current: current.clone(), at: now };
                    self.to(state, FactKind::CredentialRefused)
                } else {
                    let state = CredentialState::Suspect { current: current.clone(), strikes: strikes + 1 };
                    self.to(state, FactKind::CredentialSuspected)
                }
            }
            CredentialState::Refused { current, .. } if current.version == version => {
                Step::Ignored(Why::AlreadySo)
            }
            _ if version <= self.newest() => Step::Ignored(Why::Stale),
            _ => return self.refuse(&Input::Unauthorised(version)),
        })
    }

    fn resealed(&self, secret: SecretVersion) -> Step<Self> {
        let mut next = self.clone();
        let mut versions = match &mut next.state {
            CredentialState::Unproven(current)
            | CredentialState::Active { current, .. }
            | CredentialState::Suspect { current, .. }
            | CredentialState::Refused { current, .. } => vec![current],
            CredentialState::Rotating { current, candidate } => vec![current, candidate],
            CredentialState::Revoked { .. } => vec![],
        };
        versions.extend(next.previous.as_mut().map(|(previous, _)| previous));
        let Some(same) = versions.into_iter().find(|known| known.version == secret.version) else {
            return Step::Ignored(Why::Stale);
        };
        same.sealed = secret.sealed;
        Step::Moved { next, fact: FactKind::EnvelopeResealed }
    }

    fn idle(&self) -> Step<Self> {
        match self.state {
            CredentialState::Active { .. } => {
                Step::Moved { next: self.clone(), fact: FactKind::CredentialIdle }
            }
            _ => Step::Ignored(Why::NotConcerned),
        }
    }
}

impl Input {
    const fn name(&self) -> &'static str {
        match self {
            Self::Entered(_) => "entered",
            Self::Accepted(_) => "accepted",
            Self::Unauthorised(_) => "unauthorised",
            Self::Resealed(_) => "resealed",
            Self::Idle => "idle",
            Self::Revoked => "revoked",
        }
    }
}
