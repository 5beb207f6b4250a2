use async_trait::async_trait;

use super::{Saved, StoreError};
use crate::fact::Fact;
use crate::id::{OrganizationId, Revision, Stored, WebinarId};
use crate::registration::Brake;

/// Where the brakes of webinars stand. They are counted up with the readings that say that rows vanished
/// ([`Intake::record`](super::Intake::record)), and set back here.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Brakes: Send + Sync {
    /// The brakes of webinars, in order; `None`: nothing ever vanished from it.
    async fn find(
        &self,
        organization: &OrganizationId,
        webinars: &[WebinarId],
    ) -> Result<Vec<Option<Stored<Brake>>>, StoreError>;

    /// All brakes of an organization that have tripped, by webinar.
    async fn tripped(&self, organization: &OrganizationId) -> Result<Vec<(WebinarId, Brake)>, StoreError>;

    /// Stores a brake's next state, if it is still as it was read.
    async fn save(&self, change: &BrakeChange) -> Result<Saved<Brake>, StoreError>;
}

/// A brake's next state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrakeChange {
    /// Whose.
    pub organization: OrganizationId,
    /// Of which webinar.
    pub webinar: WebinarId,
    /// The revision it was read at; `None`: it is new.
    pub expected: Option<Revision>,
    /// The next state.
    pub next: Brake,
    /// What explains it.
    pub facts: Vec<Fact>,
}
