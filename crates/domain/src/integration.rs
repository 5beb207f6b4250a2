//! An organization's integration: accepting the terms activates it, removing the credentials deactivates it.

use serde::{Deserialize, Serialize};

use crate::fact::{FactKind, NotAllowed, Step};

#[cfg(test)]
mod product;

/// A version of the terms: greater is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TermsVersion(pub u32);

/// Where an organization stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Integration {
    /// Nothing was accepted; nothing is read, stored or sent.
    Dormant,
    /// Terms are accepted, no credential is proven.
    AwaitingCredentials {
        /// The accepted terms.
        terms: TermsVersion,
    },
    /// At work.
    Active {
        /// The accepted terms.
        terms: TermsVersion,
        /// Newer terms that are not accepted yet; a grace period runs.
        newer: Option<TermsVersion>,
    },
    /// No new calls; running ones end within their deadline.
    Draining {
        /// The accepted terms.
        terms: TermsVersion,
        /// Newer terms that are not accepted yet.
        newer: Option<TermsVersion>,
        /// What follows.
        then: Then,
    },
    /// Newer terms must be accepted first.
    AwaitingTerms {
        /// Which.
        wanted: TermsVersion,
        /// Whether a credential is proven meanwhile.
        proven: bool,
    },
    /// Removed, its data key destroyed.
    Erased,
}

/// Where draining leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Then {
    /// Newer terms are awaited.
    Terms,
    /// Credentials are awaited.
    Credentials,
    /// Back to work.
    Active,
    /// The end.
    Nothing,
}

/// What can happen to an integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// Terms were accepted.
    TermsAccepted(TermsVersion),
    /// Newer terms came out.
    TermsSuperseded(TermsVersion),
    /// The grace period for newer terms is over.
    GraceEnded,
    /// A credential was proven.
    CredentialProven,
    /// The credential was removed or revoked.
    CredentialRemoved,
    /// The last running call ended.
    Drained,
    /// The organization is to be removed.
    Removed,
}

impl Integration {
    /// Whether work goes on: reading, storing, sending.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Active { .. })
    }

    /// The accepted terms, if any.
    pub const fn terms(self) -> Option<TermsVersion> {
        match self {
            Self::AwaitingCredentials { terms }
            | Self::Active { terms, .. }
            | Self::Draining { terms, .. } => Some(terms),
            Self::Dormant | Self::AwaitingTerms { .. } | Self::Erased => None,
        }
    }

    /// Whether what activation itself needs may be called: the probe of a credential, the check of names in the CRM.
    pub const fn may_probe(self) -> bool {
        !matches!(self, Self::Dormant | Self::Draining { then: Then::Nothing, .. } | Self::Erased)
    }

    /// Whether it is removed, or being removed.
    pub const fn is_ending(self) -> bool {
        matches!(self, Self::Draining { then: Then::Nothing, .. } | Self::Erased)
    }

    /// The state's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dormant => "dormant",
            Self::AwaitingCredentials { .. } => "awaiting credentials",
            Self::Active { .. } => "active",
            Self::Draining { .. } => "draining",
            Self::AwaitingTerms { .. } => "awaiting terms",
            Self::Erased => "erased",
        }
    }

    /// The next state, and the fact that explains it.
    pub fn on(self, input: Input) -> Result<Step<Self>, NotAllowed> {
        let moved = match input {
            Input::TermsAccepted(version) => self.accepted(version),
            Input::TermsSuperseded(version) => self.superseded(version),
            Input::GraceEnded => self.grace_ended(),
            Input::CredentialProven => self.proven(),
            Input::CredentialRemoved => self.credential_removed(),
            Input::Drained => self.drained(),
            Input::Removed => self.removed(),
        };
        let (next, fact) = moved.ok_or(NotAllowed { state: self.name(), input: input.name() })?;
        Ok(Step::Moved { next, fact })
    }

    fn accepted(self, version: TermsVersion) -> Option<(Self, FactKind)> {
        let next = match self {
            Self::Dormant => Self::AwaitingCredentials { terms: version },
            Self::AwaitingCredentials { terms } if version > terms => {
                Self::AwaitingCredentials { terms: version }
            }
            Self::Active { terms, newer } if version > terms => {
                Self::Active { terms: version, newer: newer.filter(|newer| *newer > version) }
            }
            Self::Draining { then: Then::Nothing, .. } => return None,
            Self::Draining { terms, newer, then } if version > terms => {
                // Terms that came out later still are not accepted by this.
                let newer = newer.filter(|newer| *newer > version);
                let then = if then == Then::Terms && newer.is_none() { Then::Active } else { then };
                Self::Draining { terms: version, newer, then }
            }
            Self::AwaitingTerms { wanted, proven } if version >= wanted => {
                if proven {
                    Self::Active { terms: version, newer: None }
                } else {
                    Self::AwaitingCredentials { terms: version }
                }
            }
            _ => return None,
        };
        Some((next, FactKind::TermsAccepted))
    }

    fn superseded(self, version: TermsVersion) -> Option<(Self, FactKind)> {
        let next = match self {
            Self::AwaitingCredentials { terms } if version > terms => {
                Self::AwaitingTerms { wanted: version, proven: false }
            }
            Self::Active { terms, newer } if version > newer.unwrap_or(terms) => {
                Self::Active { terms, newer: Some(version) }
            }
            Self::Draining { then: Then::Nothing, .. } => return None,
            Self::Draining { terms, newer, then } if version > newer.unwrap_or(terms) => {
                Self::Draining { terms, newer: Some(version), then }
            }
            Self::AwaitingTerms { wanted, proven } if version > wanted => {
                Self::AwaitingTerms { wanted: version, proven }
            }
            _ => return None,
        };
        Some((next, FactKind::TermsSuperseded))
    }

    const fn grace_ended(self) -> Option<(Self, FactKind)> {
        match self {
            Self::Active { terms, newer: Some(newer) } => {
                let next = Self::Draining { terms, newer: Some(newer), then: Then::Terms };
                Some((next, FactKind::DrainingBegun))
            }
            Self::Draining { terms, newer: Some(newer), then: Then::Active | Then::Credentials } => {
                let next = Self::Draining { terms, newer: Some(newer), then: Then::Terms };
                Some((next, FactKind::DrainingRedirected))
            }
            _ => None,
        }
    }

    const fn proven(self) -> Option<(Self, FactKind)> {
        match self {
            Self::AwaitingCredentials { terms } => {
                Some((Self::Active { terms, newer: None }, FactKind::IntegrationActivated))
            }
            Self::Draining { terms, newer, then: Then::Credentials } => {
                Some((Self::Draining { terms, newer, then: Then::Active }, FactKind::DrainingRedirected))
            }
            Self::AwaitingTerms { wanted, .. } => {
                Some((Self::AwaitingTerms { wanted, proven: true }, FactKind::CredentialNoted))
            }
            _ => None,
        }
    }

    const fn credential_removed(self) -> Option<(Self, FactKind)> {
        match self {
            Self::Active { terms, newer } => {
                Some((Self::Draining { terms, newer, then: Then::Credentials }, FactKind::DrainingBegun))
            }
            Self::Draining { terms, newer, then: Then::Active | Then::Terms } => {
                Some((Self::Draining { terms, newer, then: Then::Credentials }, FactKind::DrainingRedirected))
            }
            Self::AwaitingTerms { wanted, .. } => {
                Some((Self::AwaitingTerms { wanted, proven: false }, FactKind::CredentialNoted))
            }
            _ => None,
        }
    }

    fn drained(self) -> Option<(Self, FactKind)> {
        let Self::Draining { terms, newer, then } = self else { return None };
        let next = match (then, newer) {
            (Then::Nothing, _) => return Some((Self::Erased, FactKind::OrganizationErased)),
            (Then::Active, newer) => Self::Active { terms, newer },
            (Then::Credentials, None) => Self::AwaitingCredentials { terms },
            (Then::Credentials, Some(wanted)) => Self::AwaitingTerms { wanted, proven: false },
            (Then::Terms, newer) => Self::AwaitingTerms { wanted: newer?, proven: true },
        };
        Some((next, FactKind::IntegrationDrained))
    }

    const fn removed(self) -> Option<(Self, FactKind)> {
        match self {
            Self::Erased | Self::Draining { then: Then::Nothing, .. } => None,
            Self::Active { terms, newer } | Self::Draining { terms, newer, .. } => {
                Some((Self::Draining { terms, newer, then: Then::Nothing }, FactKind::RemovalBegun))
            }
            Self::Dormant | Self::AwaitingCredentials { .. } | Self::AwaitingTerms { .. } => {
                Some((Self::Erased, FactKind::OrganizationErased))
            }
        }
    }
}

impl Input {
    const fn name(self) -> &'static str {
        match self {
            Self::TermsAccepted(_) => "terms accepted",
            Self::TermsSuperseded(_) => "terms superseded",
            Self::GraceEnded => "grace ended",
            Self::CredentialProven => "credential proven",
            Self::CredentialRemoved => "credential removed",
            Self::Drained => "drained",
            Self::Removed => "organization removed",
        }
    }
}
