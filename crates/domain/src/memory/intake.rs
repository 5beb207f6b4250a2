use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::row::RegistrationRow;
use super::{MemoryStore, State, next_revision};
use crate::id::{OrganizationId, SourceId, Stored};
use crate::port::{
    CrmRow, CrmTable, FeedPlace, FeedStep, Hint, Home, Intake, IntakeBatch, IntakeGroup, Known, Lookup,
    PendingHint, Place, Recorded, RegistrationChange, StoreError,
};
use crate::registration::{Registration, RegistrationKey};

#[async_trait]
impl Intake for MemoryStore {
    async fn place(
        &self,
        organization: &OrganizationId,
        table: CrmTable,
    ) -> Result<Option<FeedPlace>, StoreError> {
        Ok(self.state().feeds.get(&(*organization, table)).cloned())
    }

    async fn begin(&self, organization: &OrganizationId, table: CrmTable) -> Result<FeedPlace, StoreError> {
        let mut state = self.state();
        let known = state.feeds.get(&(*organization, table)).map_or(0, |place| place.snapshot);
        let place = FeedPlace { cursor: None, snapshot: known + 1, whole: true };
        state.feeds.insert((*organization, table), place.clone());
        Ok(place)
    }

    async fn hint(&self, hints: &[Hint]) -> Result<(), StoreError> {
        let mut state = self.state();
        for hint in hints {
            state.hint(*hint);
        }
        Ok(())
    }

    async fn hints(&self, organization: &OrganizationId, limit: u32) -> Result<Vec<PendingHint>, StoreError> {
        let state = self.state();
        let mut here: Vec<_> =
            state.hints.iter().filter(|(hint, _)| hint.organization == *organization).collect();
        here.sort_unstable_by_key(|(_, hinted)| hinted.first);
        here.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let pending = |(hint, hinted): (&Hint, &super::Hinted)| PendingHint {
            row: hint.row,
            generation: hinted.generation,
        };
        Ok(here.into_iter().map(pending).collect())
    }

    async fn touched(
        &self,
        organization: &OrganizationId,
        rows: &[CrmRow],
    ) -> Result<Vec<SourceId>, StoreError> {
        let state = self.state();
        let here = state.homes.iter().filter(|((owner, _), _)| owner == organization);
        let leaning = here.filter(|(_, home)| rows.iter().any(|row| leans_on(home, *row)));
        Ok(leaning.map(|((_, source), _)| *source).collect())
    }

    async fn known(&self, of: &Lookup) -> Result<Known, StoreError> {
        let state = self.state();
        let home = |source: &SourceId| Some((*source, *state.homes.get(&(of.organization, *source))?));
        let homes: BTreeMap<_, _> = of.sources.iter().filter_map(home).collect();
        let lived_in = homes.values().filter_map(|home| registration_at(home.place));
        let keys: BTreeSet<_> = lived_in.chain(of.keys.iter().copied()).collect();
        let stored = |key| Some((key, state.registrations.get(&key)?.stored.clone()));
        Ok(Known { homes, registrations: keys.into_iter().filter_map(stored).collect() })
    }

    async fn record(&self, batch: &IntakeBatch) -> Result<Recorded, StoreError> {
        let mut state = self.state();
        if !state.is_active_in(batch.organization, batch.epoch) {
            return Ok(Recorded::Inactive);
        }
        state.finish(batch.organization, &batch.finished);
        let mut conflicts = 0;
        let outdated: BTreeSet<_> =
            batch.brakes.iter().filter(|brake| !state.brake_is_as_read(brake)).map(|b| b.webinar).collect();
        for group in &batch.groups {
            let braked = group.registrations.iter().any(|change| outdated.contains(&change.next.key.webinar));
            if !braked && state.is_current(batch.organization, group) {
                state.take(batch.organization, group);
            } else {
                conflicts += 1;
                state.look_again(batch.organization, group);
            }
        }
        for row in &batch.again {
            state.hint(Hint { organization: batch.organization, row: *row });
        }
        for brake in batch.brakes.iter().filter(|brake| !outdated.contains(&brake.webinar)) {
            state.put_brake(brake);
        }
        if let Some(step) = &batch.place {
            state.move_on(batch.organization, step);
        }
        Ok(Recorded::Done { conflicts })
    }
}

/// Whether the row of `home` points to `row`. A row that is gone points nowhere.
fn leans_on(home: &Home, row: CrmRow) -> bool {
    let there = !matches!(home.place, Place::Deleted(_));
    there
        && match row.table {
            CrmTable::Webinars => row.id == home.event.into(),
            CrmTable::Contacts => row.id == home.contact,
            CrmTable::Accounts => Some(row.id) == home.company,
            CrmTable::Registrations => false,
        }
}

const fn registration_at(place: Place) -> Option<RegistrationKey> {
    match place {
        Place::Registration(key) | Place::Deleted(Some(key)) => Some(key),
        Place::Excluded(_) | Place::Deleted(None) => None,
    }
}

/// Whether a home may take the place of another: a newer version may, and the same version may when only our own
/// knowledge of its event changed. A row that is gone stays gone.
fn follows(next: &Home, now: &Home) -> bool {
    match (now.place, next.place) {
        (Place::Deleted(_), Place::Deleted(_)) => next.version >= now.version,
        (Place::Deleted(_), _) => false,
        (Place::Registration(here), Place::Registration(there)) if here != there => {
            next.version > now.version
        }
        _ => next.version >= now.version,
    }
}

impl State {
    fn finish(&mut self, organization: OrganizationId, finished: &[PendingHint]) {
        for PendingHint { row, generation } in finished {
            let hint = Hint { organization, row: *row };
            if self.hints.get(&hint).is_some_and(|hinted| hinted.generation == *generation) {
                self.hints.remove(&hint);
            }
        }
    }

    fn move_on(&mut self, organization: OrganizationId, step: &FeedStep) {
        for source in &step.seen {
            self.seen.insert((organization, *source), step.from.snapshot);
        }
        let Some(place) = self.feeds.get_mut(&(organization, step.table)) else { return };
        if *place != step.from {
            return;
        }
        place.cursor = Some(step.to.clone());
        if place.whole && step.end {
            place.whole = false;
            if step.table == CrmTable::Registrations {
                self.miss(organization, step.from.snapshot);
            }
        }
    }

    /// Rows that are known and were not seen in a snapshot are looked at.
    fn miss(&mut self, organization: OrganizationId, snapshot: u64) {
        let unseen = |(key, home): (&(OrganizationId, SourceId), &Home)| {
            let gone = matches!(home.place, Place::Deleted(_));
            let seen = self.seen.get(key).is_some_and(|seen| *seen >= snapshot);
            (key.0 == organization && !gone && !seen).then_some(key.1)
        };
        let missed: Vec<SourceId> = self.homes.iter().filter_map(unseen).collect();
        for source in missed {
            self.look_at(organization, source);
        }
    }

    /// Whether everything that a group changes is still as it was when it was read.
    fn is_current(&self, organization: OrganizationId, group: &IntakeGroup) -> bool {
        let registration = |change: &RegistrationChange| {
            let now = self.registrations.get(&change.next.key);
            now.map(|row| row.stored.revision) == change.expected
        };
        let home = |(source, next): &(SourceId, Home)| {
            self.homes.get(&(organization, *source)).is_none_or(|now| follows(next, now))
        };
        group.registrations.iter().all(registration) && group.homes.iter().all(home)
    }

    fn take(&mut self, organization: OrganizationId, group: &IntakeGroup) {
        for change in &group.registrations {
            self.put(change);
        }
        for (source, home) in &group.homes {
            self.homes.insert((organization, *source), *home);
        }
    }

    fn put(&mut self, change: &RegistrationChange) {
        let stored = Stored { item: change.next.clone(), revision: next_revision(change.expected) };
        let key = change.next.key;
        // What is stored of the webinar is newer than what the reader knew of it.
        let webinar = self.webinars.get(&(key.organization, key.webinar)).map(|stored| &stored.item);
        let starts = webinar.map_or(change.starts, |webinar| webinar.starts);
        let deliverable = webinar.map_or(change.deliverable, |webinar| webinar.target().is_some());
        if let Some(row) = self.registrations.get_mut(&key) {
            (row.stored, row.starts, row.deliverable) = (stored, starts, deliverable);
            row.deliver.later = None;
        } else {
            let row = RegistrationRow::new(starts, deliverable, stored);
            self.registrations.insert(key, row);
        }
        self.tell(&change.facts);
    }

    /// The rows of a group that was not taken; one that changes no home speaks for all rows of its registrations.
    fn look_again(&mut self, organization: OrganizationId, group: &IntakeGroup) {
        let mut sources: BTreeSet<SourceId> = group.homes.iter().map(|(source, _)| *source).collect();
        if sources.is_empty() {
            let all = |registration: &Registration| registration.sources.keys().copied().collect::<Vec<_>>();
            sources = group.registrations.iter().flat_map(|change| all(&change.next)).collect();
        }
        for source in sources {
            self.look_at(organization, source);
        }
    }

    pub(super) fn look_at(&mut self, organization: OrganizationId, source: SourceId) {
        self.hint(Hint { organization, row: CrmRow { table: CrmTable::Registrations, id: source.into() } });
    }
}
