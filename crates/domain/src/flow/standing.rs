//! What keeps an organization from working just now: an outage holds the organization, never its rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::fault::{Fault, FaultKind, Missing, Peer};
use crate::id::OrganizationId;
use crate::time::Timestamp;

/// What can keep an organization from working.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Its secrets or its data key cannot be opened.
    Vault,
    /// The provider does not take its credential, or does not answer.
    Provider,
    /// The CRM does not take its credential, or does not answer.
    Crm,
    /// Names that are configured are not in the CRM.
    Names,
    /// Single rows of the CRM cannot be read; nobody rests for it.
    Rows,
    /// A webinar names a provider event that is not there, or that is another webinar's; nobody else rests for it.
    Links,
}

impl Topic {
    /// The topic that a fault belongs to.
    pub const fn of(fault: &Fault) -> Self {
        match fault.peer {
            Peer::Vault => Self::Vault,
            Peer::Provider => Self::Provider,
            Peer::Crm | Peer::Directory => Self::Crm,
        }
    }

    /// The topic of a peer, if a matter of the peer is one of its own.
    pub(crate) const fn of_peer(peer: Peer) -> Option<Self> {
        match peer {
            Peer::Provider => Some(Self::Provider),
            Peer::Crm => Some(Self::Crm),
            Peer::Directory | Peer::Vault => None,
        }
    }

    /// The topic's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Provider => "provider",
            Self::Crm => "crm",
            Self::Names => "names",
            Self::Rows => "rows",
            Self::Links => "links",
        }
    }
}

/// What is the matter, since when, and when it is looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What is the matter: a code or a sentence without secrets or personal data.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when the organization rests.
    pub until: Timestamp,
}

/// The notes of all organizations. They live in memory: after a restart each matter is found anew or is over.
#[derive(Debug, Default)]
pub struct Standing {
    notes: Mutex<BTreeMap<(OrganizationId, Topic), Note>>,
    /// Whose gates were told of a trouble, and not yet of its end.
    doubts: Mutex<BTreeSet<(OrganizationId, Peer)>>,
}

impl Standing {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(OrganizationId, Topic), Note>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A gate was told of a trouble.
    pub(crate) fn doubt(&self, organization: OrganizationId, peer: Peer) {
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner).insert((organization, peer));
    }

    /// Whether one was.
    pub(crate) fn is_in_doubt(&self, organization: OrganizationId, peer: Peer) -> bool {
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner).contains(&(organization, peer))
    }

    /// Whether it was; from now on it is not.
    pub(crate) fn was_in_doubt(&self, organization: OrganizationId, peer: Peer) -> bool {
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner).remove(&(organization, peer))
    }

    /// Something is the matter; the organization rests until `until`.
    pub fn note(
        &self,
        organization: OrganizationId,
        topic: Topic,
        what: String,
        now: Timestamp,
        until: Timestamp,
    ) {
        let mut notes = self.lock();
        let since = notes.get(&(organization, topic)).map_or(now, |note| note.since);
        notes.insert((organization, topic), Note { what, since, until });
    }

    /// Nothing is the matter any more.
    pub fn clear(&self, organization: OrganizationId, topic: Topic) {
        self.lock().remove(&(organization, topic));
    }

    /// Nothing is the matter any more with any of it.
    pub fn clear_all(&self, organization: OrganizationId) {
        self.lock().retain(|(id, _), _| *id != organization);
    }

    /// Until when work that leans on these rests; `None`: it may go on.
    pub fn rests(&self, organization: OrganizationId, topics: &[Topic], now: Timestamp) -> Option<Timestamp> {
        let notes = self.lock();
        let until = topics.iter().filter_map(|topic| notes.get(&(organization, *topic)));
        until.map(|note| note.until).filter(|until| *until > now).max()
    }

    /// Everything that is the matter.
    pub fn notes(&self) -> Vec<(OrganizationId, Topic, Note)> {
        self.lock().iter().map(|((id, topic), note)| (*id, *topic, note.clone())).collect()
    }
}

/// Whether a fault says something of the organization or of the peer rather than of the item: then the organization
/// rests. Whatever is wrong with a vault or a directory, no item is to blame for it.
pub(crate) const fn is_outage(fault: &Fault) -> bool {
    if matches!(fault.peer, Peer::Vault | Peer::Directory) {
        return true;
    }
    match fault.kind {
        FaultKind::Unauthorised { .. } | FaultKind::Denied { .. } => true,
        FaultKind::Gone { what } => matches!(what, Missing::Credential | Missing::Table),
        FaultKind::Transient
        | FaultKind::Ambiguous
        | FaultKind::Throttled { .. }
        | FaultKind::Invalid { .. } => false,
    }
}
