use async_trait::async_trait;

use super::StoreError;
use crate::fact::Fact;
use crate::id::OrganizationId;

/// The facts, in the order in which they were stored; written only inside the other ports.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Chronicle: Send + Sync {
    /// The facts of an organization after a position, at most `limit`.
    async fn since(&self, query: &ChronicleQuery) -> Result<Vec<Entry>, StoreError>;
}

/// A stretch of the chronicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChronicleQuery {
    /// Whose.
    pub organization: OrganizationId,
    /// After this position; 0: from the beginning.
    pub after: u64,
    /// How many at the most.
    pub limit: u32,
}

/// A fact with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Rises with every fact; gaps mean nothing.
    pub position: u64,
    /// The fact.
    pub fact: Fact,
}
