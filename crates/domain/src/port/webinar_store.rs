use async_trait::async_trait;

use super::{Saved, StoreError};
use crate::fact::Fact;
use crate::id::{OrganizationId, Revision, Stored, WebinarId};
use crate::metrics::MetricsSync;
use crate::webinar::Webinar;

/// Where webinars stand.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait WebinarStore: Send + Sync {
    /// Webinars by id, in order.
    async fn find(
        &self,
        organization: &OrganizationId,
        ids: &[WebinarId],
    ) -> Result<Vec<Option<Stored<Webinar>>>, StoreError>;

    /// All webinars of an organization, the next to start first and foreign events left out.
    async fn list(&self, organization: &OrganizationId) -> Result<Vec<Webinar>, StoreError>;

    /// Stores a webinar, and its metrics sync if one is given, each if it is still as it was read. When a webinar's
    /// link changes, every CRM registration row of the event becomes a hint in the same transaction, so that what
    /// was excluded, or waited, is looked at again; when its start changes, so does the urgency of its registrations.
    async fn save(&self, change: &WebinarChange) -> Result<Saved<Webinar>, StoreError>;
}

/// A webinar's next state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebinarChange {
    /// The revision it was read at; `None`: it is new.
    pub expected: Option<Revision>,
    /// The next state.
    pub next: Webinar,
    /// Its sync's next state, with the revision that was read at.
    pub sync: Option<(Option<Revision>, MetricsSync)>,
    /// What explains it.
    pub facts: Vec<Fact>,
}
