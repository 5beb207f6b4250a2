use async_trait::async_trait;

use super::row::{Held, Work};
use super::{MemoryStore, State, next_revision};
use crate::id::{Epoch, OrganizationId, Stored};
use crate::port::{Organization, OrganizationChange, Organizations, Saved, StoreError};
use crate::time::Timestamp;

#[async_trait]
impl Organizations for MemoryStore {
    async fn load(&self, id: &OrganizationId) -> Result<Option<Stored<Organization>>, StoreError> {
        Ok(self.state().organizations.get(id).cloned())
    }

    async fn list(&self) -> Result<Vec<Stored<Organization>>, StoreError> {
        let mut all: Vec<_> = self.state().organizations.values().cloned().collect();
        all.sort_unstable_by(|one, other| one.item.name.cmp(&other.item.name));
        Ok(all)
    }

    async fn save(&self, change: &OrganizationChange) -> Result<Saved<Organization>, StoreError> {
        let mut state = self.state();
        let next = &change.next;
        let now = state.organizations.get(&next.id).cloned();
        if now.as_ref().map(|stored| stored.revision) != change.expected {
            return Ok(Saved::Moved(now));
        }
        if let Some(first) = state.namesake(next) {
            return Ok(Saved::Moved(Some(first)));
        }
        let epoch = Epoch(now.map_or(0, |stored| stored.item.epoch.0) + 1);
        let revision = next_revision(change.expected);
        let stored = Stored { item: Organization { epoch, ..next.clone() }, revision };
        state.organizations.insert(next.id, stored);
        state.tell(&change.facts);
        Ok(Saved::Done(revision))
    }

    async fn running(&self, organization: &OrganizationId, now: Timestamp) -> Result<u64, StoreError> {
        let state = self.state();
        let Some(stored) = state.organizations.get(organization) else { return Ok(0) };
        let epoch = stored.item.epoch;
        let old = |held: &Held| held.epoch < epoch && held.until > now;
        let count = state.works(*organization).filter_map(|work| work.held).filter(old).count();
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }
}

impl State {
    /// Another organization of the same name.
    fn namesake(&self, next: &Organization) -> Option<Stored<Organization>> {
        let mut others = self.organizations.values().filter(|one| one.item.id != next.id);
        others.find(|one| one.item.name == next.name).cloned()
    }

    /// Everything of an organization that can be worked on.
    fn works(&self, organization: OrganizationId) -> impl Iterator<Item = &Work> {
        let rows = self.registrations.iter().filter(move |(key, _)| key.organization == organization);
        let syncs = self.syncs.iter().filter(move |((owner, _), _)| *owner == organization);
        rows.flat_map(|(_, row)| [&row.deliver, &row.answer]).chain(syncs.map(|(_, row)| &row.work))
    }
}
