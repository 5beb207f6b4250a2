use async_trait::async_trait;

use crate::fault::Fault;
use crate::id::{OrganizationId, ProviderEventId, ProviderPersonId};
use crate::metrics::{PageMark, Watched};
use crate::person::Address;

/// What people watched, as the provider counted it.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait AttendanceSource: Send + Sync {
    /// A page of it, which says whether the pull is complete with it.
    async fn attendance(&self, query: &AttendanceQuery) -> Result<AttendancePage, Fault>;
}

/// A page of attendance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttendanceQuery {
    /// Whose.
    pub organization: OrganizationId,
    /// Of which of the provider's events.
    pub event: ProviderEventId,
    /// Which page.
    pub page: PageMark,
}

/// A page of attendance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttendancePage {
    /// Who is on it.
    pub attendees: Vec<Attendee>,
    /// The next page, if there is one.
    pub next: Option<PageMark>,
    /// Whether the numbers on it are all there is, so that they may also shrink.
    pub complete: bool,
}

/// One person, as the provider counted them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendee {
    /// The provider's id of the person.
    pub person: ProviderPersonId,
    /// What we wrote there, if the registrant is ours.
    pub correlation: Option<String>,
    /// The address, if the provider told it.
    pub address: Option<Address>,
    /// What they watched and did.
    pub watched: Watched,
}
