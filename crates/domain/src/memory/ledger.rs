use std::collections::BTreeMap;

use async_trait::async_trait;

use super::row::{SyncRow, Work};
use super::{MemoryStore, State, next_revision};
use crate::id::{OrganizationId, Revision, Stored, WebinarId};
use crate::metrics::{Attendance, AttendanceKey, MetricsSync};
use crate::port::{
    Clue, CluesQuery, LeasedSync, Saved, StoreError, SyncChange, SyncClaim, SyncEnd, SyncLease, SyncLedger,
    SyncSettled,
};
use crate::registration::{Registration, RegistrationKey};
use crate::time::{Timestamp, later};

#[async_trait]
impl SyncLedger for MemoryStore {
    async fn ready(&self, _: Timestamp) -> Result<Vec<(OrganizationId, Timestamp)>, StoreError> {
        let state = self.state();
        let mut soonest: BTreeMap<OrganizationId, Timestamp> = BTreeMap::new();
        for ((organization, _), row) in &state.syncs {
            if let (Some(_), Some(at)) = (state.active_epoch(*organization), row.free_at()) {
                soonest.entry(*organization).and_modify(|first| *first = at.min(*first)).or_insert(at);
            }
        }
        let mut ready: Vec<_> = soonest.into_iter().collect();
        ready.sort_by_key(|(organization, at)| (*at, *organization));
        Ok(ready)
    }

    async fn claim(&self, order: &SyncClaim) -> Result<Vec<LeasedSync>, StoreError> {
        let mut state = self.state();
        let until = later(order.now, order.lease);
        let due = state.due_syncs(order);
        Ok(due.into_iter().filter_map(|key| state.lease_sync(key, until)).collect())
    }

    async fn find(
        &self,
        organization: &OrganizationId,
        webinar: &WebinarId,
    ) -> Result<Option<Stored<MetricsSync>>, StoreError> {
        Ok(self.state().sync(*organization, *webinar))
    }

    async fn recognise(&self, query: &CluesQuery) -> Result<Vec<Option<Registration>>, StoreError> {
        let state = self.state();
        Ok(query.clues.iter().map(|clue| state.recognise(query, clue).cloned()).collect())
    }

    async fn attendance(&self, keys: &[AttendanceKey]) -> Result<Vec<Option<Attendance>>, StoreError> {
        let state = self.state();
        Ok(keys.iter().map(|key| state.attendance.get(key).cloned()).collect())
    }

    async fn unwritten(
        &self,
        organization: &OrganizationId,
        webinar: &WebinarId,
        limit: u32,
    ) -> Result<Vec<Attendance>, StoreError> {
        let state = self.state();
        let here = state
            .attendance
            .values()
            .filter(|one| one.key.organization == *organization && one.key.webinar == *webinar);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(here.filter(|one| one.is_unwritten()).take(limit).cloned().collect())
    }

    async fn settle(&self, end: &SyncEnd) -> Result<SyncSettled, StoreError> {
        let mut state = self.state();
        let SyncLease { organization, webinar, fence, .. } = end.lease;
        let Some(row) = state.syncs.get_mut(&(organization, webinar)) else { return Ok(SyncSettled::Fenced) };
        if !row.work.is_held_under(fence) {
            return Ok(SyncSettled::Fenced);
        }
        if row.stored.revision != end.expected {
            return Ok(SyncSettled::Moved(Box::new(row.stored.clone())));
        }
        let revision = next_revision(Some(end.expected));
        row.stored = Stored { item: end.next.clone(), revision };
        if end.release {
            row.work.release(None);
        }
        state.stage(end);
        state.tell(&end.facts);
        Ok(SyncSettled::Done(revision))
    }

    async fn amend(&self, change: &SyncChange) -> Result<Saved<MetricsSync>, StoreError> {
        let mut state = self.state();
        let now = state.sync(change.next.organization, change.next.webinar);
        if now.as_ref().map(|stored| stored.revision) != change.expected {
            return Ok(Saved::Moved(now));
        }
        let revision = state.put_sync(change.expected, &change.next);
        state.tell(&change.facts);
        Ok(Saved::Done(revision))
    }
}

impl SyncRow {
    /// When somebody can have it next; `None`: never, as things stand.
    fn free_at(&self) -> Option<Timestamp> {
        self.stored.item.due().map(|due| self.work.free_at(due))
    }
}

impl State {
    pub(super) fn sync(
        &self,
        organization: OrganizationId,
        webinar: WebinarId,
    ) -> Option<Stored<MetricsSync>> {
        self.syncs.get(&(organization, webinar)).map(|row| row.stored.clone())
    }

    pub(super) fn put_sync(&mut self, expected: Option<Revision>, next: &MetricsSync) -> Revision {
        let revision = next_revision(expected);
        let stored = Stored { item: next.clone(), revision };
        let row = self.syncs.entry((next.organization, next.webinar));
        row.and_modify(|row| row.stored = stored.clone())
            .or_insert_with(|| SyncRow { stored, work: Work::default() });
        revision
    }

    fn due_syncs(&self, order: &SyncClaim) -> Vec<(OrganizationId, WebinarId)> {
        let mut due: Vec<_> = self
            .syncs
            .iter()
            .filter(|((owner, _), _)| *owner == order.organization && self.active_epoch(*owner).is_some())
            .filter(|(_, row)| row.free_at().is_some_and(|at| at <= order.now))
            .map(|(key, row)| (row.stored.item.due(), *key))
            .collect();
        due.sort_unstable();
        due.truncate(usize::try_from(order.limit).unwrap_or(usize::MAX));
        due.into_iter().map(|(_, key)| key).collect()
    }

    fn lease_sync(&mut self, key: (OrganizationId, WebinarId), until: Timestamp) -> Option<LeasedSync> {
        let (organization, webinar) = key;
        let epoch = self.active_epoch(organization)?;
        let row = self.syncs.get_mut(&key)?;
        let fence = row.work.take(epoch, until);
        Some(LeasedSync {
            sync: row.stored.item.clone(),
            revision: row.stored.revision,
            lease: SyncLease { organization, webinar, fence, epoch, until },
        })
    }

    fn stage(&mut self, end: &SyncEnd) {
        for seen in &end.seen {
            self.attendance.insert(seen.key.clone(), seen.clone());
        }
        for (key, watched) in &end.written {
            if let Some(one) = self.attendance.get_mut(key) {
                one.written = Some(*watched);
            }
        }
    }

    fn recognise(&self, query: &CluesQuery, clue: &Clue) -> Option<&Registration> {
        let CluesQuery { organization, webinar, .. } = *query;
        let here = || {
            let all = self.registrations.values().map(|row| &row.stored.item);
            all.filter(move |one| one.key.organization == organization && one.key.webinar == webinar)
        };
        let by_person = here().find(|one| one.person.as_ref() == Some(&clue.person));
        let by_correlation = || {
            let correlation = clue.correlation.as_ref()?;
            here().find(|one| one.key.correlation() == *correlation)
        };
        let by_address = || {
            let key = RegistrationKey { organization, webinar, email: clue.email? };
            self.registrations.get(&key).map(|row| &row.stored.item)
        };
        by_person.or_else(by_correlation).or_else(by_address)
    }
}
