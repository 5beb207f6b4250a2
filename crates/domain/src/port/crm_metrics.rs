use async_trait::async_trait;

use super::ItemOutcome;
use crate::fault::Fault;
use crate::id::{CrmRecordId, OrganizationId, SourceId, WebinarId};
use crate::metrics::{AttendanceId, Watched};

/// Writing attendance to the CRM, keyed by a deterministic id: one check-in per registration and webinar, whatever is
/// repeated.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait CrmMetrics: Send + Sync {
    /// One outcome per item, in order, also in a partial failure. `Absent`: the registration is gone from the CRM.
    async fn upsert(&self, batch: &CheckInBatch) -> Result<Vec<ItemOutcome>, Fault>;
}

/// Check-ins to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckInBatch {
    /// Whose.
    pub organization: OrganizationId,
    /// Which; at most [`CheckInBatch::LARGEST`].
    pub items: Vec<CheckIn>,
}

impl CheckInBatch {
    /// How many items a batch has at the most.
    pub const LARGEST: usize = 100;
}

/// One person's attendance, as the CRM keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckIn {
    /// The id of the row.
    pub id: AttendanceId,
    /// At which event.
    pub webinar: WebinarId,
    /// The registration.
    pub source: SourceId,
    /// Its contact.
    pub contact: CrmRecordId,
    /// What was watched.
    pub watched: Watched,
}
