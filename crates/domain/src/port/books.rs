use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::balance::{Balance, Scope};
use crate::id::{OrganizationId, Stored, WebinarId};
use crate::metrics::Attendance;
use crate::person::EmailKey;
use crate::registration::{Registration, RegistrationKey};
use crate::time::Timestamp;

/// The read side. Counts are kept, never counted anew.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Books: Send + Sync {
    /// The balance, both lines from one snapshot.
    async fn balance(&self, organization: &OrganizationId, scope: &Scope) -> Result<Balance, StoreError>;

    /// The balance of each webinar that has one.
    async fn balances(&self, organization: &OrganizationId) -> Result<Vec<(WebinarId, Balance)>, StoreError>;

    /// Registrations by key, in order.
    async fn find(&self, keys: &[RegistrationKey]) -> Result<Vec<Option<Stored<Registration>>>, StoreError>;

    /// Held registrations that a filter names, the longest held first, a page at a time.
    async fn held(&self, query: &HeldQuery) -> Result<Vec<Stored<Registration>>, StoreError>;

    /// How many held registrations a filter names.
    async fn count(&self, organization: &OrganizationId, filter: &HeldFilter) -> Result<u64, StoreError>;

    /// The registrations of a webinar, a page at a time, each once, in an order of the store's own.
    async fn roll(&self, query: &RollQuery) -> Result<Vec<Stored<Registration>>, StoreError>;

    /// Attendance of nobody in the CRM, a page at a time.
    async fn unmatched(&self, page: &PageRequest) -> Result<Vec<Attendance>, StoreError>;
}

/// A page of a webinar's registrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollQuery {
    /// Whose.
    pub organization: OrganizationId,
    /// Of which webinar.
    pub webinar: WebinarId,
    /// The last one of the page before; `None`: the first page.
    pub after: Option<EmailKey>,
    /// How many at the most.
    pub limit: u32,
}

/// Which held registrations: all of them that fit everything that is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldFilter {
    /// These, by what names them to people: [`RegistrationKey::correlation`]; empty: whichever.
    pub people: Vec<String>,
    /// Held for this cause, by its name.
    pub cause: Option<String>,
    /// At this webinar.
    pub webinar: Option<WebinarId>,
    /// Held since then or later.
    pub from: Option<Timestamp>,
    /// Held before then.
    pub to: Option<Timestamp>,
}

/// Held registrations by a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldQuery {
    /// Whose.
    pub organization: OrganizationId,
    /// Which.
    pub filter: HeldFilter,
    /// How many come before them.
    pub skip: u32,
    /// How many at the most.
    pub limit: u32,
}

/// A page of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Whose.
    pub organization: OrganizationId,
    /// How many come before it.
    pub skip: u32,
    /// How many are on it.
    pub limit: u32,
}
