use async_trait::async_trait;

use super::{Saved, StoreError};
use crate::fact::Fact;
use crate::id::{Epoch, OrganizationId, ProviderPersonId, Revision, Stored, WebinarId};
use crate::metrics::{Attendance, AttendanceKey, MetricsSync, Watched};
use crate::person::EmailKey;
use crate::registration::Registration;
use crate::time::{SignedDuration, Timestamp};

/// Metrics on their way home: syncs under lease, and attendance.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait SyncLedger: Send + Sync {
    /// When each active organization's next sync is due, the soonest first; those under a lease count from the end of it.
    async fn ready(&self, now: Timestamp) -> Result<Vec<(OrganizationId, Timestamp)>, StoreError>;

    /// Leases due syncs of an organization that is active, the longest due first; every claim raises the fence.
    async fn claim(&self, order: &SyncClaim) -> Result<Vec<LeasedSync>, StoreError>;

    /// A webinar's sync.
    async fn find(
        &self,
        organization: &OrganizationId,
        webinar: &WebinarId,
    ) -> Result<Option<Stored<MetricsSync>>, StoreError>;

    /// Whose attendance these clues are, in order: by the provider's id of the person, then by our correlation, then by
    /// address.
    async fn recognise(&self, clues: &CluesQuery) -> Result<Vec<Option<Registration>>, StoreError>;

    /// Attendance that is known already, in order.
    async fn attendance(&self, keys: &[AttendanceKey]) -> Result<Vec<Option<Attendance>>, StoreError>;

    /// Attendance of a webinar that the CRM does not have yet, at most `limit`.
    async fn unwritten(
        &self,
        organization: &OrganizationId,
        webinar: &WebinarId,
        limit: u32,
    ) -> Result<Vec<Attendance>, StoreError>;

    /// Ends work on a leased sync: its next state, the attendance that was pulled or written, and facts, in one
    /// transaction, with the release of the lease if it is to be released. Attendance that was written meanwhile with
    /// other numbers stays unwritten.
    async fn settle(&self, end: &SyncEnd) -> Result<SyncSettled, StoreError>;

    /// Changes a sync that nobody needs to have leased.
    async fn amend(&self, change: &SyncChange) -> Result<Saved<MetricsSync>, StoreError>;
}

/// A wish for syncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncClaim {
    /// Whose.
    pub organization: OrganizationId,
    /// How many at the most.
    pub limit: u32,
    /// The time.
    pub now: Timestamp,
    /// How long the lease is.
    pub lease: SignedDuration,
}

/// A sync under a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasedSync {
    /// The sync.
    pub sync: MetricsSync,
    /// The revision at which it was claimed.
    pub revision: Revision,
    /// The lease.
    pub lease: SyncLease,
}

/// The right to work on a sync, until it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncLease {
    /// Whose.
    pub organization: OrganizationId,
    /// Of which webinar.
    pub webinar: WebinarId,
    /// Rises with every claim.
    pub fence: u64,
    /// The organization's epoch when it was claimed.
    pub epoch: Epoch,
    /// When it ends.
    pub until: Timestamp,
}

/// People to recognise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CluesQuery {
    /// Whose.
    pub organization: OrganizationId,
    /// At which webinar.
    pub webinar: WebinarId,
    /// What is known of each.
    pub clues: Vec<Clue>,
}

/// What is known of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clue {
    /// The provider's id of the person.
    pub person: ProviderPersonId,
    /// What we wrote at the provider.
    pub correlation: Option<String>,
    /// The key of the address.
    pub email: Option<EmailKey>,
}

/// The end of work on a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncEnd {
    /// The lease under which it was made.
    pub lease: SyncLease,
    /// The revision from which it comes.
    pub expected: Revision,
    /// The next state.
    pub next: MetricsSync,
    /// Attendance as it is now.
    pub seen: Vec<Attendance>,
    /// What the CRM has now.
    pub written: Vec<(AttendanceKey, Watched)>,
    /// What explains it.
    pub facts: Vec<Fact>,
    /// Whether the work is over; `false` keeps the lease for what comes next.
    pub release: bool,
}

/// What became of the end of work on a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncSettled {
    /// Done, under this revision.
    Done(Revision),
    /// The lease is gone; nothing was written.
    Fenced,
    /// The sync changed meanwhile; this is what it is now.
    Moved(Box<Stored<MetricsSync>>),
}

/// A change without a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncChange {
    /// The revision from which it comes; `None`: it is new.
    pub expected: Option<Revision>,
    /// The next state.
    pub next: MetricsSync,
    /// What explains it.
    pub facts: Vec<Fact>,
}
