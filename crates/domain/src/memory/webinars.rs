use async_trait::async_trait;

use super::{MemoryStore, State, next_revision};
use crate::id::{OrganizationId, Stored, WebinarId};
use crate::port::{Place, Saved, StoreError, WebinarChange, WebinarStore};
use crate::webinar::Webinar;

#[async_trait]
impl WebinarStore for MemoryStore {
    async fn find(
        &self,
        organization: &OrganizationId,
        ids: &[WebinarId],
    ) -> Result<Vec<Option<Stored<Webinar>>>, StoreError> {
        let state = self.state();
        Ok(ids.iter().map(|id| state.webinars.get(&(*organization, *id)).cloned()).collect())
    }

    async fn list(&self, organization: &OrganizationId) -> Result<Vec<Webinar>, StoreError> {
        let state = self.state();
        let ours = state.webinars.values().map(|stored| &stored.item);
        let mut ours: Vec<_> =
            ours.filter(|one| one.organization == *organization && one.is_ours()).cloned().collect();
        ours.sort_unstable_by_key(|one| (one.starts, one.id));
        Ok(ours)
    }

    async fn save(&self, change: &WebinarChange) -> Result<Saved<Webinar>, StoreError> {
        let mut state = self.state();
        let next = &change.next;
        let now = state.webinars.get(&(next.organization, next.id)).cloned();
        let as_read = now.as_ref().map(|stored| stored.revision) == change.expected;
        if !as_read || !state.sync_is_as_read(change) {
            return Ok(Saved::Moved(now));
        }
        let revision = next_revision(change.expected);
        state.webinars.insert((next.organization, next.id), Stored { item: next.clone(), revision });
        if let Some((expected, sync)) = &change.sync {
            state.put_sync(*expected, sync);
        }
        state.follow(now.as_ref().map(|stored| &stored.item), next);
        state.tell(&change.facts);
        Ok(Saved::Done(revision))
    }
}

impl State {
    fn sync_is_as_read(&self, change: &WebinarChange) -> bool {
        change.sync.as_ref().is_none_or(|(expected, next)| {
            self.sync(next.organization, next.webinar).map(|stored| stored.revision) == *expected
        })
    }

    /// What follows from a webinar's change for the rows that lean on it.
    fn follow(&mut self, before: Option<&Webinar>, next: &Webinar) {
        if before.is_none_or(|before| before.link != next.link) {
            for source in self.rows_of(next) {
                self.look_at(next.organization, source);
            }
        }
        let of_it = self
            .registrations
            .iter_mut()
            .filter(|(key, _)| key.organization == next.organization && key.webinar == next.id);
        for (_, row) in of_it {
            (row.starts, row.deliverable) = (next.starts, next.target().is_some());
        }
    }

    fn rows_of(&self, webinar: &Webinar) -> Vec<crate::id::SourceId> {
        let here = self.homes.iter().filter(|((owner, _), _)| *owner == webinar.organization);
        here.filter(|(_, home)| home.event == webinar.id && !matches!(home.place, Place::Deleted(_)))
            .map(|((_, source), _)| *source)
            .collect()
    }
}
