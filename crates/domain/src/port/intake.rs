use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{BrakeChange, CrmRow, CrmTable, Cursor, StoreError};
use crate::balance::Exclusion;
use crate::fact::Fact;
use crate::id::{CrmRecordId, Epoch, OrganizationId, Revision, SourceId, Stored, Version, WebinarId};
use crate::registration::{Registration, RegistrationKey};
use crate::time::Timestamp;

/// Where what the CRM says is taken in.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Intake: Send + Sync {
    /// The place in a table's feed; `None`: it was never read.
    async fn place(
        &self,
        organization: &OrganizationId,
        table: CrmTable,
    ) -> Result<Option<FeedPlace>, StoreError>;

    /// Forgets the place in a table's feed and begins a snapshot of the table, under the next number.
    async fn begin(&self, organization: &OrganizationId, table: CrmTable) -> Result<FeedPlace, StoreError>;

    /// Stores hints; those for one row coalesce. On disk when it returns (rule D1).
    async fn hint(&self, hints: &[Hint]) -> Result<(), StoreError>;

    /// The oldest hints of an organization, at most `limit`. They stay until `record` finishes them.
    async fn hints(&self, organization: &OrganizationId, limit: u32) -> Result<Vec<PendingHint>, StoreError>;

    /// The registration rows that lean on these rows: on a contact, an account or an event.
    async fn touched(
        &self,
        organization: &OrganizationId,
        rows: &[CrmRow],
    ) -> Result<Vec<SourceId>, StoreError>;

    /// Where each source lives, and the registrations at those homes and under those keys.
    async fn known(&self, of: &Lookup) -> Result<Known, StoreError>;

    /// Takes readings in. One transaction: registrations (by revision), homes (by version), brakes (by revision), facts,
    /// finished hints and the place in the feed (rule D3). A group whose registrations are no longer as they were read is not taken: its sources
    /// become hints in the same transaction, so that the cursor never passes a row that was not taken. A home that
    /// has a newer version already stays as it is, and its group is not taken either; nor is a group at a webinar whose
    /// brake is not as it was read. If the organization is no longer active in this epoch, nothing is taken and the
    /// answer is [`Recorded::Inactive`].
    ///
    /// The place moves only from where the page was read, in the snapshot in which it was read. A page that ends a
    /// snapshot makes hints of all registration rows that are known, not gone, and were not seen in it: they are looked
    /// at one by one, for an absence alone says nothing (rule W8).
    async fn record(&self, batch: &IntakeBatch) -> Result<Recorded, StoreError>;
}

/// A place in a table's feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPlace {
    /// Where to read on; `None`: at the beginning.
    pub cursor: Option<Cursor>,
    /// Counts the snapshots of the table that were begun.
    pub snapshot: u64,
    /// Whether the last of them has not come to its end.
    pub whole: bool,
}

/// A page's step from one place in a feed to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedStep {
    /// Of which table.
    pub table: CrmTable,
    /// The place at which the page was read.
    pub from: FeedPlace,
    /// The place after it.
    pub to: Cursor,
    /// Whether nothing more is there just now; then a snapshot that was under way has come to its end.
    pub end: bool,
    /// The registration rows that the page named as being there.
    pub seen: Vec<SourceId>,
}

/// "This CRM row changed"; never more than that (rule W1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hint {
    /// Whose row.
    pub organization: OrganizationId,
    /// Which row.
    pub row: CrmRow,
}

/// A hint that is not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingHint {
    /// Which row.
    pub row: CrmRow,
    /// Rises each time the row is hinted at; a reader finishes only the hint that it has seen (rule W1).
    pub generation: u64,
}

/// What `known` is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Whose.
    pub organization: OrganizationId,
    /// Sources whose homes are wanted.
    pub sources: Vec<SourceId>,
    /// Registrations that are wanted beside those at the homes.
    pub keys: Vec<RegistrationKey>,
}

/// What is known of sources and registrations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The home of each source that has one.
    pub homes: BTreeMap<SourceId, Home>,
    /// The registrations that exist.
    pub registrations: BTreeMap<RegistrationKey, Stored<Registration>>,
}

/// The one place where a source's newest version is known; staleness is judged here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    /// The greatest version read.
    pub version: Version,
    /// Where the source feeds.
    pub place: Place,
    /// The event that the row names.
    pub event: WebinarId,
    /// The contact that the row names.
    pub contact: CrmRecordId,
    /// The contact's company.
    pub company: Option<CrmRecordId>,
}

/// Where a source feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A registration, of this address.
    Registration(RegistrationKey),
    /// None, for this reason.
    Excluded(Exclusion),
    /// The row is gone from the CRM; it last fed this registration, if any.
    Deleted(Option<RegistrationKey>),
}

/// Readings to take in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntakeBatch {
    /// Whose.
    pub organization: OrganizationId,
    /// The epoch in which they were read.
    pub epoch: Epoch,
    /// What they change.
    pub groups: Vec<IntakeGroup>,
    /// The hints that they finish.
    pub finished: Vec<PendingHint>,
    /// Rows that must be looked at again.
    pub again: Vec<CrmRow>,
    /// The place in a feed that they lead to.
    pub place: Option<FeedStep>,
    /// The brakes of the webinars that people vanished from.
    pub brakes: Vec<BrakeChange>,
    /// When.
    pub now: Timestamp,
}

/// Changes that are taken together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntakeGroup {
    /// The registrations' next states.
    pub registrations: Vec<RegistrationChange>,
    /// The sources' next homes.
    pub homes: Vec<(SourceId, Home)>,
}

/// A registration's next state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationChange {
    /// The revision it was read at; `None`: it is new.
    pub expected: Option<Revision>,
    /// The next state.
    pub next: Registration,
    /// When its webinar starts: its urgency.
    pub starts: Timestamp,
    /// Whether it may be delivered; `false` while its webinar has no provider event.
    pub deliverable: bool,
    /// What explains it.
    pub facts: Vec<Fact>,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Taken, but for this many groups, which became hints.
    Done {
        /// How many groups.
        conflicts: u32,
    },
    /// The organization is no longer active in that epoch; nothing was taken.
    Inactive,
}
