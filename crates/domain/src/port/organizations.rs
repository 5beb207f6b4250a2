use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Saved, StoreError};
use crate::fact::Fact;
use crate::id::{Epoch, OrganizationId, Revision, Stored};
use crate::integration::Integration;
use crate::time::Timestamp;

/// Where organizations stand.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Organizations: Send + Sync {
    /// One of them.
    async fn load(&self, id: &OrganizationId) -> Result<Option<Stored<Organization>>, StoreError>;

    /// All of them, by name.
    async fn list(&self) -> Result<Vec<Stored<Organization>>, StoreError>;

    /// Stores the next state with its facts, if it is still as it was read. The epoch rises with every save, so that
    /// work which began before goes out no more. A name belongs to one organization: a second of that name is
    /// answered with [`Saved::Moved`] and the first.
    async fn save(&self, change: &OrganizationChange) -> Result<Saved<Organization>, StoreError>;

    /// How many leases of epochs before `organization`'s own are not over at `now`.
    async fn running(&self, organization: &OrganizationId, now: Timestamp) -> Result<u64, StoreError>;
}

/// One Dynamics 365 environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Names it.
    pub id: OrganizationId,
    /// Its name, for people.
    pub name: String,
    /// Counts its changes; set by the store.
    pub epoch: Epoch,
    /// Where it stands.
    pub integration: Integration,
    /// The digest of the declaration last applied to it, if it was declared in a file.
    pub declared: Option<String>,
    /// When the terms were accepted last.
    pub accepted: Option<Timestamp>,
}

/// An organization's next state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationChange {
    /// The revision it was read at; `None`: it is new.
    pub expected: Option<Revision>,
    /// The next state.
    pub next: Organization,
    /// What explains it.
    pub facts: Vec<Fact>,
}
