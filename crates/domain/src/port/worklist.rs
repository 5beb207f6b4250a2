use async_trait::async_trait;

use super::StoreError;
use crate::fact::Fact;
use crate::id::{Epoch, OrganizationId, Revision, Stored, WebinarId};
use crate::registration::{Registration, RegistrationKey};
use crate::time::{SignedDuration, Timestamp};

/// What is to be done, in two lanes, each with leases of its own.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Worklist: Send + Sync {
    /// Per active organization with something to do in the lane: when its first item is due.
    /// Items under a lease count from the end of it; a cancel that waits for somebody does not count.
    async fn ready(&self, lane: Lane, now: Timestamp) -> Result<Vec<Ready>, StoreError>;

    /// Leases due items, the most urgent first. No item goes to two claimers; none of an organization that is not
    /// active; none that waits for another registration that is still due; in the deliver lane none whose webinar has
    /// no provider event. Every claim raises the item's fence (rule L5).
    async fn claim(&self, order: &ClaimOrder) -> Result<Vec<Leased>, StoreError>;

    /// Opens attempts: on disk when it returns, before anything is sent (rule D2). Fence and epoch are checked.
    async fn journal(&self, openings: &[Opening]) -> Result<Vec<Journalled>, StoreError>;

    /// Ends work on leased items, in order: state, facts and the release of the lease in one transaction. A lease that
    /// is gone is [`Settled::Fenced`]; an item that changed meanwhile is [`Settled::Moved`] and keeps its lease.
    async fn settle(&self, ends: &[Settlement]) -> Result<Vec<Settled>, StoreError>;

    /// Has the deliver lane look at nothing of a webinar before a time: one statement, however many there are. What is
    /// taken in or amended later is looked at anew.
    async fn put_off(&self, order: &PutOff) -> Result<(), StoreError>;

    /// Changes items that nobody needs to have leased, by revision: a stray answer, a release.
    async fn amend(&self, changes: &[Amendment]) -> Result<Vec<Settled>, StoreError>;
}

/// A webinar whose items wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PutOff {
    /// Whose.
    pub organization: OrganizationId,
    /// Which.
    pub webinar: WebinarId,
    /// Not before.
    pub until: Timestamp,
}

/// A lane of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Towards the provider.
    Deliver,
    /// Back to the CRM.
    Answer,
}

/// An organization with something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Which.
    pub organization: OrganizationId,
    /// When its first item is due; may be in the future.
    pub at: Timestamp,
    /// When the webinar of its most urgent item starts that is due now, or first.
    pub starts: Timestamp,
}

/// A wish for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimOrder {
    /// Of which organization.
    pub organization: OrganizationId,
    /// In which lane.
    pub lane: Lane,
    /// How many items at the most.
    pub limit: u32,
    /// The time.
    pub now: Timestamp,
    /// How long the lease is.
    pub lease: SignedDuration,
}

/// An item under a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// The item.
    pub registration: Registration,
    /// The lease.
    pub lease: Lease,
    /// The revision at which it was claimed.
    pub revision: Revision,
    /// Tries in this lane so far, and the first of them; in the deliver lane the registration itself knows better.
    pub tries: (u32, Option<Timestamp>),
}

/// The right to work on an item, until it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which item.
    pub key: RegistrationKey,
    /// In which lane.
    pub lane: Lane,
    /// Rises with every claim; an older one may not settle.
    pub fence: u64,
    /// The organization's epoch when it was claimed.
    pub epoch: Epoch,
    /// When it ends.
    pub until: Timestamp,
}

/// An attempt to journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The lease under which it is made.
    pub lease: Lease,
    /// The revision from which it comes.
    pub expected: Revision,
    /// The registration with the attempt open.
    pub next: Registration,
    /// What explains it.
    pub facts: Vec<Fact>,
    /// The time; a lease that is over by then does not open.
    pub now: Timestamp,
}

/// What became of an opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Journalled {
    /// On disk; send.
    Open(Revision),
    /// The lease is gone, or the organization is no longer active in its epoch: do not send.
    Fenced,
    /// The item changed meanwhile; this is what it is now. Do not send.
    Moved(Box<Stored<Registration>>),
}

/// The end of work on an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The lease under which it was made.
    pub lease: Lease,
    /// The revision from which it comes.
    pub expected: Revision,
    /// The next state; `None`: nothing changed, and only the lease is released.
    pub next: Option<Registration>,
    /// What explains it.
    pub facts: Vec<Fact>,
    /// When the lane looks at the item again, with the tries so far; `None`: when it is due by itself.
    pub later: Option<Deferral>,
}

/// A lane's own next try of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deferral {
    /// Not before.
    pub at: Timestamp,
    /// Tries so far.
    pub tries: u32,
    /// The first of them.
    pub since: Timestamp,
}

/// What became of a settlement or an amendment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Done, under this revision.
    Done(Revision),
    /// The lease is gone; nothing was written.
    Fenced,
    /// The item changed meanwhile; this is what it is now.
    Moved(Box<Stored<Registration>>),
}

/// A change without a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// The revision from which it comes.
    pub expected: Revision,
    /// The next state.
    pub next: Registration,
    /// What explains it.
    pub facts: Vec<Fact>,
}
