use async_trait::async_trait;

use super::{Saved, StoreError};
use crate::endpoint::{Endpoint, EndpointId};
use crate::id::{OrganizationId, Revision, Stored};

/// The doors at which CRMs say that rows changed; an organization has one or none.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Endpoints: Send + Sync {
    /// The endpoint of that name.
    async fn find(&self, id: &EndpointId) -> Result<Option<Stored<Endpoint>>, StoreError>;

    /// An organization's endpoint.
    async fn of(&self, organization: &OrganizationId) -> Result<Option<Stored<Endpoint>>, StoreError>;

    /// Stores the next state of an organization's endpoint, if it is still as it was read. A name that another
    /// organization's endpoint has is answered with [`Saved::Moved`] and that one.
    async fn save(&self, change: &EndpointChange) -> Result<Saved<Endpoint>, StoreError>;

    /// Takes an organization's endpoint away; `false`: there was none.
    async fn close(&self, organization: &OrganizationId) -> Result<bool, StoreError>;
}

/// An endpoint's next state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointChange {
    /// The revision it was read at; `None`: it is new.
    pub expected: Option<Revision>,
    /// The next state.
    pub next: Endpoint,
}
