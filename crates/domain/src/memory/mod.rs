//! Doubles that keep their promises: a store in memory, a clock set by hand, chance from a seed, and a privacy, a vault
//! and a house key that hide nothing.
//!
//! They are for tests and for trying things out, behind feature `testing`, and not covered by semver. The store passes
//! the same contract as the ones on disk; nothing in it outlives the process.

mod books;
mod brakes;
mod chronicle;
mod clock;
mod code;
mod credentials;
mod endpoints;
mod entropy;
mod gates;
mod intake;
mod key_wrap;
mod ledger;
mod mix;
mod organizations;
mod privacy;
mod row;
mod shelves;
mod tasks;
mod vault;
mod webinars;
mod worklist;

use core::fmt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use clock::ManualClock;
pub use entropy::SeededEntropy;
pub use key_wrap::PlainKeyWrap;
pub use privacy::PlainPrivacy;
pub use vault::PlainVault;

use crate::credential::{Credential, CredentialSlot, SealedSecret};
use crate::endpoint::Endpoint;
use crate::fact::Fact;
use crate::id::{Epoch, OrganizationId, Revision, SourceId, Stored, WebinarId};
use crate::metrics::{Attendance, AttendanceKey};
use crate::pace::Gate;
use crate::port::{CrmTable, Entry, FeedPlace, GateKey, Hint, Home, Organization, TokenDigest};
use crate::registration::{Brake, RegistrationKey};
use crate::task::TaskName;
use crate::time::Timestamp;
use crate::webinar::Webinar;
use row::{RegistrationRow, SyncRow};

/// Every store port, in memory. Clones share what is stored.
#[derive(Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("MemoryStore")
            .field("organizations", &state.organizations.len())
            .field("registrations", &state.registrations.len())
            .field("facts", &state.chronicle.len())
            .finish_non_exhaustive()
    }
}

/// Everything that is stored. One lock is one transaction.
#[derive(Default)]
struct State {
    organizations: BTreeMap<OrganizationId, Stored<Organization>>,
    credentials: BTreeMap<CredentialSlot, Stored<Credential>>,
    endpoints: BTreeMap<OrganizationId, Stored<Endpoint>>,
    gates: BTreeMap<GateKey, Gate>,
    webinars: BTreeMap<(OrganizationId, WebinarId), Stored<Webinar>>,
    registrations: BTreeMap<RegistrationKey, RegistrationRow>,
    homes: BTreeMap<(OrganizationId, SourceId), Home>,
    hints: BTreeMap<Hint, Hinted>,
    /// Counts hints over all rows: a hint that comes back never has a generation that a reader has seen before.
    generation: u64,
    feeds: BTreeMap<(OrganizationId, CrmTable), FeedPlace>,
    /// The snapshot in which each row was last seen.
    seen: BTreeMap<(OrganizationId, SourceId), u64>,
    brakes: BTreeMap<(OrganizationId, WebinarId), Stored<Brake>>,
    syncs: BTreeMap<(OrganizationId, WebinarId), SyncRow>,
    attendance: BTreeMap<AttendanceKey, Attendance>,
    tasks: BTreeMap<(OrganizationId, TaskName), tasks::TaskRow>,
    data_keys: BTreeMap<OrganizationId, SealedSecret>,
    tokens: BTreeMap<TokenDigest, Timestamp>,
    chronicle: Vec<Entry>,
}

/// A hint's place and generation.
struct Hinted {
    first: u64,
    generation: u64,
}

impl State {
    /// The epoch of an organization at work.
    fn active_epoch(&self, id: OrganizationId) -> Option<Epoch> {
        let organization = &self.organizations.get(&id)?.item;
        organization.integration.is_active().then_some(organization.epoch)
    }

    fn is_active_in(&self, id: OrganizationId, epoch: Epoch) -> bool {
        self.active_epoch(id) == Some(epoch)
    }

    fn tell(&mut self, facts: &[Fact]) {
        for fact in facts {
            let position = u64::try_from(self.chronicle.len()).unwrap_or(u64::MAX) + 1;
            self.chronicle.push(Entry { position, fact: fact.clone() });
        }
    }

    fn hint(&mut self, hint: Hint) {
        self.generation += 1;
        let generation = self.generation;
        let hinted = self.hints.entry(hint).or_insert(Hinted { first: generation, generation });
        hinted.generation = generation;
    }
}

/// The revision after that one; the first for what is new.
fn next_revision(now: Option<Revision>) -> Revision {
    Revision(now.unwrap_or_default().0 + 1)
}
