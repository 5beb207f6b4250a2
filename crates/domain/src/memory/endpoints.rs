use async_trait::async_trait;

use super::{MemoryStore, next_revision};
use crate::endpoint::{Endpoint, EndpointId};
use crate::id::{OrganizationId, Stored};
use crate::port::{EndpointChange, Endpoints, Saved, StoreError};

#[async_trait]
impl Endpoints for MemoryStore {
    async fn find(&self, id: &EndpointId) -> Result<Option<Stored<Endpoint>>, StoreError> {
        Ok(self.state().endpoints.values().find(|stored| stored.item.id == *id).cloned())
    }

    async fn of(&self, organization: &OrganizationId) -> Result<Option<Stored<Endpoint>>, StoreError> {
        Ok(self.state().endpoints.get(organization).cloned())
    }

    async fn save(&self, change: &EndpointChange) -> Result<Saved<Endpoint>, StoreError> {
        let mut state = self.state();
        let owner = change.next.organization;
        let namesake = state
            .endpoints
            .values()
            .find(|stored| stored.item.id == change.next.id && stored.item.organization != owner);
        if let Some(namesake) = namesake {
            return Ok(Saved::Moved(Some(namesake.clone())));
        }
        let now = state.endpoints.get(&owner);
        if now.map(|stored| stored.revision) != change.expected {
            return Ok(Saved::Moved(now.cloned()));
        }
        let revision = next_revision(change.expected);
        state.endpoints.insert(owner, Stored { item: change.next.clone(), revision });
        Ok(Saved::Done(revision))
    }

    async fn close(&self, organization: &OrganizationId) -> Result<bool, StoreError> {
        Ok(self.state().endpoints.remove(organization).is_some())
    }
}
