use async_trait::async_trait;

use super::{MemoryStore, State, next_revision};
use crate::id::{OrganizationId, Revision, Stored, WebinarId};
use crate::port::{BrakeChange, Brakes, Saved, StoreError};
use crate::registration::Brake;

#[async_trait]
impl Brakes for MemoryStore {
    async fn find(
        &self,
        organization: &OrganizationId,
        webinars: &[WebinarId],
    ) -> Result<Vec<Option<Stored<Brake>>>, StoreError> {
        let state = self.state();
        Ok(webinars.iter().map(|id| state.brakes.get(&(*organization, *id)).cloned()).collect())
    }

    async fn tripped(&self, organization: &OrganizationId) -> Result<Vec<(WebinarId, Brake)>, StoreError> {
        let state = self.state();
        let here = state.brakes.iter().filter(|((owner, _), _)| owner == organization);
        let tripped = here.filter(|(_, stored)| stored.item.tripped.is_some());
        Ok(tripped.map(|((_, webinar), stored)| (*webinar, stored.item.clone())).collect())
    }

    async fn save(&self, change: &BrakeChange) -> Result<Saved<Brake>, StoreError> {
        let mut state = self.state();
        if !state.brake_is_as_read(change) {
            return Ok(Saved::Moved(state.brakes.get(&(change.organization, change.webinar)).cloned()));
        }
        Ok(Saved::Done(state.put_brake(change)))
    }
}

impl State {
    pub(super) fn brake_is_as_read(&self, change: &BrakeChange) -> bool {
        let now = self.brakes.get(&(change.organization, change.webinar));
        now.map(|stored| stored.revision) == change.expected
    }

    pub(super) fn put_brake(&mut self, change: &BrakeChange) -> Revision {
        let revision = next_revision(change.expected);
        let stored = Stored { item: change.next.clone(), revision };
        self.brakes.insert((change.organization, change.webinar), stored);
        self.tell(&change.facts);
        revision
    }
}
