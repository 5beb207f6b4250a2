use async_trait::async_trait;

use super::StoreError;
use crate::fact::Fact;
use crate::id::{OrganizationId, Revision, Stored};
use crate::task::{Task, TaskName};
use crate::time::{SignedDuration, Timestamp};

/// Where tasks stand, each under a lease while somebody is at it.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait TaskStore: Send + Sync {
    /// Every active organization, and when its next task is due; those under a lease count from the end of it.
    async fn ready(&self) -> Result<Vec<(OrganizationId, Option<Timestamp>)>, StoreError>;

    /// Leases an organization's longest due task, if it is active; every claim raises the fence.
    async fn claim(&self, order: &TaskClaim) -> Result<Option<LeasedTask>, StoreError>;

    /// Stores a task, in the place of one of its name; whoever is at that one ends no more than their lease.
    async fn plan(&self, task: &Task, facts: &[Fact]) -> Result<(), StoreError>;

    /// A task by its name.
    async fn find(
        &self,
        organization: &OrganizationId,
        name: &TaskName,
    ) -> Result<Option<Stored<Task>>, StoreError>;

    /// Ends work on a leased task and gives the lease back. [`TaskEnded::Moved`]: it was planned anew meanwhile, and stays as
    /// it was planned.
    async fn settle(&self, end: &TaskEnd) -> Result<TaskEnded, StoreError>;

    /// All tasks of an organization, by name.
    async fn list(&self, organization: &OrganizationId) -> Result<Vec<Task>, StoreError>;

    /// Takes tasks away that came to their end before a time; how many they were.
    async fn clear(&self, organization: &OrganizationId, before: Timestamp) -> Result<u64, StoreError>;
}

/// A wish for a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskClaim {
    /// Whose.
    pub organization: OrganizationId,
    /// The time.
    pub now: Timestamp,
    /// How long the lease is.
    pub lease: SignedDuration,
}

/// A task under a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasedTask {
    /// The task.
    pub task: Task,
    /// The revision at which it was claimed.
    pub revision: Revision,
    /// Rises with every claim.
    pub fence: u64,
}

/// The end of work on a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskEnd {
    /// The revision at which it was claimed.
    pub expected: Revision,
    /// The fence of the claim.
    pub fence: u64,
    /// The task from now on.
    pub next: Task,
    /// What explains it.
    pub facts: Vec<Fact>,
}

/// What became of the end of work on a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskEnded {
    /// Stored.
    Done,
    /// The lease is gone; nothing was written.
    Fenced,
    /// It was planned anew meanwhile: only the lease ended.
    Moved,
}
