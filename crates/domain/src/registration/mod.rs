//! A registration: one canonical e-mail at one webinar, fed by one or more CRM rows (its *sources*).
//!
//! It is level-triggered: `desired` is derived from the sources, `applied` is what the provider is known to have, and
//! delivery makes one equal to the other. Four small questions answer everything; the machine only combines them.

mod answer;
mod brake;
mod machine;
#[cfg(test)]
mod product;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
pub(crate) mod worlds;

use core::fmt;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::fault::Code;
use crate::id::{
    CrmRecordId, OrganizationId, ProviderEventId, ProviderPersonId, SourceId, Version, WebinarId,
};
use crate::person::{Digest, EmailKey, SealedDetails};
use crate::time::{SignedDuration, Timestamp};

pub use answer::{Answer, Told};
pub use brake::{Brake, BrakePolicy};
pub(crate) use machine::left;
pub use machine::{Input, Observation, Outcome};

/// Names a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RegistrationKey {
    /// Whose it is.
    pub organization: OrganizationId,
    /// At which webinar.
    pub webinar: WebinarId,
    /// Of whom.
    pub email: EmailKey,
}

impl RegistrationKey {
    /// What we write into the provider's field for a foreign id, so that a row can be proven to be ours (rule O8):
    /// `wb:` and a UUID version 5 of the key.
    pub fn correlation(&self) -> String {
        let mut name = Vec::with_capacity(64);
        name.extend_from_slice(self.organization.uuid().as_bytes());
        name.extend_from_slice(self.webinar.uuid().as_bytes());
        name.extend_from_slice(self.email.as_bytes());
        format!("wb:{}", Uuid::new_v5(&CORRELATION, &name))
    }
}

/// The namespace of correlations: a random constant of this product.
const CORRELATION: Uuid = Uuid::from_u128(0x6f0c_5a1e_93d7_4b82_a1f4_0d2b_7c9e_5513);

/// One person at one webinar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Names it.
    pub key: RegistrationKey,
    /// The CRM rows that feed it.
    pub sources: BTreeMap<SourceId, Source>,
    /// What the provider is known to have.
    pub applied: Applied,
    /// The provider's event that the last call went to: what is applied, is applied there.
    pub event: Option<ProviderEventId>,
    /// The provider's own id of the person, once it told us.
    pub person: Option<ProviderPersonId>,
    /// The call that is out, if any.
    pub open: Option<Attempt>,
    /// What may still land late, and until when.
    pub doubt: Option<Doubt>,
    /// How many open attempts next claimers found, in a row (rule R4).
    pub takeovers: u32,
    /// How many calls were opened in all.
    pub attempts: u32,
    /// When calls were made for what is wanted now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Tried>,
    /// The difference that a reconciliation found and had mended, until what is wanted changes or it is seen no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Sighting>,
    /// How often the erasure was confirmed, while the person is being erased.
    pub erasing: Option<u32>,
    /// Where it stands.
    pub phase: Phase,
}

/// One CRM row, as this registration knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The greatest version seen.
    pub version: Version,
    /// The version at which the content last differed; our own answers raise `version`, never this.
    pub changed: Version,
    /// What the row says.
    pub stance: Stance,
    /// The details last read, kept for the cancel; `stance` carries their digest while the row is active.
    pub details: SealedDetails,
    /// The contact the row points to.
    pub contact: CrmRecordId,
    /// What is known of the answer in the row.
    pub answered: Told,
}

/// What a CRM row says of a person at a webinar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stance {
    /// Wanted, with these details.
    Active(Digest),
    /// No longer wanted.
    Cancelled,
    /// The row is gone; ids are not used again.
    Deleted,
    /// The row has another address now.
    Left {
        /// Where it feeds now.
        to: RegistrationKey,
        /// Whether the person is wanted there.
        live: bool,
    },
    /// The row has no usable address any more, or its event is not ours any more.
    Excluded,
}

impl Stance {
    /// Whether the row is no longer one of this person at this webinar.
    pub const fn is_elsewhere(&self) -> bool {
        match self {
            Self::Left { .. } | Self::Excluded | Self::Deleted => true,
            Self::Active(_) | Self::Cancelled => false,
        }
    }
}

/// What the provider is known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Applied {
    /// Nothing was ever sent.
    Never,
    /// This.
    Known(Effect),
    /// Something was sent, and it is not known what became of it.
    Unknown,
}

/// A state at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Registered with these details.
    Present(Digest),
    /// Not registered.
    Absent,
    /// Forgotten, with all that was known.
    Forgotten,
}

/// One call to the provider, journalled before it is sent (rule D2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts the attempts of this registration, from one.
    pub number: u32,
    /// What is asked.
    pub call: Call,
    /// When it was journalled.
    pub opened: Timestamp,
}

/// The first and the last call for what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// When the first was opened.
    pub first: Timestamp,
    /// When the last was opened, or answered with a yes.
    pub last: Timestamp,
}

/// How the provider's list shows a person (rule A4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sighting {
    /// As is known.
    AsKnown,
    /// Not at all, although registered. It proves nothing: some providers hide who has not confirmed.
    Missing,
    /// As somebody who is no longer registered.
    Gone,
    /// With other details.
    Other(Digest),
    /// As registered, although cancelled.
    There,
}

/// What can be asked of the provider for one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// Create or replace.
    Register(Digest),
    /// Change who is there.
    Amend(Digest),
    /// Take off the list.
    Cancel,
    /// Erase.
    Forget,
}

impl Call {
    /// What the provider has once the call has landed.
    pub const fn effect(self) -> Effect {
        match self {
            Self::Register(digest) | Self::Amend(digest) => Effect::Present(digest),
            Self::Cancel => Effect::Absent,
            Self::Forget => Effect::Forgotten,
        }
    }
}

/// A request without a known outcome that may still land (rule A3). It is about a request, not about a kind of one:
/// an old name may land after a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// What it would do; `None`: several different things.
    pub of: Option<Effect>,
    /// When it arose.
    pub since: Timestamp,
    /// Until when it may land.
    pub until: Timestamp,
}

/// Where a registration stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Something is to be done.
    Due {
        /// From when on.
        at: Timestamp,
        /// Counted tries so far.
        tries: u32,
        /// The first of them.
        since: Option<Timestamp>,
    },
    /// The provider has what the CRM wants.
    Settled,
    /// Stopped, until something or someone releases it.
    Held {
        /// Why.
        cause: Cause,
        /// Since when.
        since: Timestamp,
    },
    /// Erased for good.
    Erased,
}

/// Why a registration is held.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// The provider said no to the person, in these words.
    Refused(Words),
    /// The cancel came after the webinar had started.
    TooLate,
    /// A field is wrong and stays wrong.
    Invalid(Code),
    /// Tried until its horizon.
    Exhausted,
    /// Asserted until its horizon, and still nobody knows.
    Unresolved,
    /// Three workers in a row died over it.
    Poison,
    /// Too many cancels came at once.
    Brake,
}

impl Cause {
    /// The cause's stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::TooLate => "too_late",
            Self::Invalid(_) => "invalid",
            Self::Exhausted => "exhausted",
            Self::Unresolved => "unresolved",
            Self::Poison => "poison",
            Self::Brake => "brake",
        }
    }

    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Refused(_) => {
                "change the person's details in the CRM, or the rules of the event at the provider"
            }
            Self::TooLate => "the webinar has started; block the person at the provider by hand if needed",
            Self::Invalid(_) => "correct the field in the CRM",
            Self::Exhausted => {
                "mend the connection to the provider; a change of the row in the CRM has it sent again"
            }
            Self::Unresolved => {
                "look the person up at the provider; a change of the row in the CRM has it sent again"
            }
            Self::Poison => {
                "look at the logs of the crashes; a change of the row in the CRM has it sent again"
            }
            Self::Brake => "check in the CRM that so many cancels are meant",
        }
    }
}

/// The provider's own words, shortened, without the person's address in them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(String);

impl Words {
    /// The longest that is kept, in characters.
    pub const LONGEST: usize = 300;

    /// Takes the provider's words, with control characters as blanks; the adapter has taken personal data out.
    pub fn new(words: &str) -> Self {
        Self(words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(Self::LONGEST).collect())
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The waits and limits of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationPolicy {
    /// How late a request may land at the provider (rule A3).
    pub landing: SignedDuration,
    /// How long a different request waits after an unclear one (rule A3).
    pub pause: SignedDuration,
    /// How many take-overs in a row make a row poison (rule R4).
    pub takeovers: u32,
    /// The waits between the confirmations of an erasure; one more confirmation than waits ends it.
    pub erase_checks: Vec<SignedDuration>,
}

impl Default for RegistrationPolicy {
    fn default() -> Self {
        Self {
            landing: SignedDuration::from_mins(10),
            pause: SignedDuration::from_secs(60),
            takeovers: 3,
            erase_checks: vec![SignedDuration::from_mins(10), SignedDuration::from_hours(24)],
        }
    }
}

impl Registration {
    /// A registration that nobody asked for yet.
    pub const fn new(key: RegistrationKey) -> Self {
        Self {
            key,
            sources: BTreeMap::new(),
            applied: Applied::Never,
            event: None,
            person: None,
            open: None,
            doubt: None,
            takeovers: 0,
            attempts: 0,
            tried: None,
            difference: None,
            erasing: None,
            phase: Phase::Settled,
        }
    }

    /// What the CRM wants of the provider: derived from the sources, never edited.
    pub fn desired(&self) -> Effect {
        if self.erasing.is_some() {
            return Effect::Forgotten;
        }
        self.leading().map_or(Effect::Absent, |(_, digest)| Effect::Present(digest))
    }

    /// The details behind `desired`: those of the active source whose content changed last; without one, those of the
    /// source that spoke last, so that a cancel knows whom it is about.
    pub fn details(&self) -> Option<(SourceId, &SealedDetails)> {
        let newest =
            || self.sources.iter().max_by_key(|(id, source)| (source.changed, **id)).map(|(id, _)| *id);
        let id = self.leading().map(|(id, _)| id).or_else(newest)?;
        self.sources.get(&id).map(|source| (id, &source.details))
    }

    /// The source that speaks for the person: the active one whose content changed last (rule O4).
    fn leading(&self) -> Option<(SourceId, Digest)> {
        let active = self.sources.iter().filter_map(|(id, source)| match source.stance {
            Stance::Active(digest) => Some((source.changed, *id, digest)),
            Stance::Cancelled | Stance::Deleted | Stance::Left { .. } | Stance::Excluded => None,
        });
        active.max_by_key(|(changed, id, _)| (*changed, *id)).map(|(_, id, digest)| (id, digest))
    }

    /// The CRM row that attendance is written for: the one that speaks for the person, else the newest that is still
    /// there.
    pub fn spokesman(&self) -> Option<(SourceId, CrmRecordId)> {
        let here = |source: &&Source| matches!(source.stance, Stance::Active(_) | Stance::Cancelled);
        let newest = || {
            let here = self.sources.iter().filter(|(_, source)| here(source));
            here.max_by_key(|(id, source)| (source.changed, **id)).map(|(id, _)| *id)
        };
        let id = self.leading().map(|(id, _)| id).or_else(newest)?;
        self.sources.get(&id).map(|source| (id, source.contact))
    }

    /// Whether something else than what is wanted may still land.
    pub fn contested(&self) -> bool {
        self.doubt.is_some_and(|doubt| doubt.of != Some(self.desired()))
    }

    /// What the provider's list says of this person, were the details right, if that can be compared: of nobody whose call
    /// is out, due or held. `listed`: whether the person is listed as registered.
    pub fn sighting(&self, listed: Option<bool>) -> Option<Sighting> {
        if self.phase != Phase::Settled {
            return None;
        }
        Some(match (self.desired(), listed) {
            (Effect::Present(_), None) => Sighting::Missing,
            (Effect::Present(_), Some(false)) => Sighting::Gone,
            (Effect::Absent, Some(true)) => Sighting::There,
            (Effect::Present(_) | Effect::Absent | Effect::Forgotten, _) => Sighting::AsKnown,
        })
    }

    /// Whether the provider is known to have what is wanted.
    pub fn reached(&self) -> bool {
        match self.applied {
            Applied::Known(effect) => effect == self.desired(),
            Applied::Never => self.desired() == Effect::Absent,
            Applied::Unknown => false,
        }
    }

    /// Whether nothing is left to be done.
    pub fn covers(&self, policy: &RegistrationPolicy) -> bool {
        self.reached() && !self.contested() && self.open.is_none() && self.erasure_confirmed(policy)
    }

    fn erasure_confirmed(&self, policy: &RegistrationPolicy) -> bool {
        self.erasing.is_none_or(|checks| usize::try_from(checks).is_ok_and(|n| n > policy.erase_checks.len()))
    }

    /// The call that makes `applied` equal to `desired`.
    pub fn next_call(&self) -> Call {
        match self.desired() {
            Effect::Present(digest) => {
                let there = matches!(self.applied, Applied::Known(Effect::Present(_)));
                if there && !self.contested() { Call::Amend(digest) } else { Call::Register(digest) }
            }
            Effect::Absent => Call::Cancel,
            Effect::Forgotten => Call::Forget,
        }
    }

    /// Whom the cancel of an old address waits for: somebody still wanted whose move is the newest word here
    /// (rule O5).
    pub fn waits_for(&self) -> Option<RegistrationKey> {
        if self.desired() != Effect::Absent {
            return None;
        }
        match self.sources.values().max_by_key(|source| source.changed)?.stance {
            Stance::Left { to, live: true } => Some(to),
            Stance::Left { .. }
            | Stance::Active(_)
            | Stance::Cancelled
            | Stance::Deleted
            | Stance::Excluded => None,
        }
    }

    /// Whether nobody is wanted because the newest row vanished from the CRM, rather than saying so (rule W8).
    pub fn vanished(&self) -> bool {
        let newest = self.sources.iter().max_by_key(|(id, source)| (source.changed, **id));
        self.desired() == Effect::Absent && newest.is_some_and(|(_, source)| source.stance == Stance::Deleted)
    }

    /// Whether somebody is to be, or may be, at the provider because of this registration.
    pub fn is_wanted(&self) -> bool {
        matches!(self.desired(), Effect::Present(_))
    }
}
