use std::collections::BTreeMap;

use async_trait::async_trait;

use super::row::RegistrationRow;
use super::{MemoryStore, State, next_revision};
use crate::fact::Fact;
use crate::id::{Epoch, OrganizationId, Revision, Stored};
use crate::port::{
    Amendment, ClaimOrder, Deferral, Journalled, Lane, Lease, Leased, Opening, PutOff, Ready, Settled,
    Settlement, StoreError, Worklist,
};
use crate::registration::{Phase, Registration, RegistrationKey};
use crate::time::{Timestamp, later};

#[async_trait]
impl Worklist for MemoryStore {
    async fn ready(&self, lane: Lane, now: Timestamp) -> Result<Vec<Ready>, StoreError> {
        let state = self.state();
        let mut first: BTreeMap<OrganizationId, (Timestamp, bool, Timestamp)> = BTreeMap::new();
        for (key, row) in &state.registrations {
            let Some(due) = state.due(row, lane, now) else { continue };
            let at = row.work(lane).free_at(due);
            let this = (at, at > now, row.starts);
            let known = first.entry(key.organization).or_insert(this);
            // Of those that are due, and else of all, the one whose webinar starts first.
            *known = (at.min(known.0), this.1 && known.1, (known.1, known.2).min((this.1, this.2)).1);
        }
        first.retain(|organization, _| state.active_epoch(*organization).is_some());
        let ready = |(organization, (at, _, starts))| Ready { organization, at, starts };
        Ok(first.into_iter().map(ready).collect())
    }

    async fn claim(&self, order: &ClaimOrder) -> Result<Vec<Leased>, StoreError> {
        let mut state = self.state();
        let Some(epoch) = state.active_epoch(order.organization) else { return Ok(vec![]) };
        let keys = state.most_urgent(order);
        let until = later(order.now, order.lease);
        let lease = |key| state.lease(key, order.lane, epoch, until);
        Ok(keys.into_iter().filter_map(lease).collect())
    }

    async fn journal(&self, openings: &[Opening]) -> Result<Vec<Journalled>, StoreError> {
        let mut state = self.state();
        Ok(openings.iter().map(|opening| state.open(opening)).collect())
    }

    async fn settle(&self, ends: &[Settlement]) -> Result<Vec<Settled>, StoreError> {
        let mut state = self.state();
        Ok(ends.iter().map(|end| state.settle(end)).collect())
    }

    async fn put_off(&self, order: &PutOff) -> Result<(), StoreError> {
        let PutOff { organization, webinar, until } = *order;
        let mut state = self.state();
        let of_it = state.registrations.iter_mut().filter(|(key, row)| {
            let here = key.organization == organization && key.webinar == webinar;
            here && row.is_due_some_time() && row.deliver.held.is_none()
        });
        of_it.for_each(|(_, row)| row.deliver.later = Some(Deferral { at: until, tries: 0, since: until }));
        Ok(())
    }

    async fn amend(&self, changes: &[Amendment]) -> Result<Vec<Settled>, StoreError> {
        let mut state = self.state();
        Ok(changes.iter().map(|change| state.amend(change)).collect())
    }
}

impl State {
    /// When the lane has something to do with a row, and may.
    fn due(&self, row: &RegistrationRow, lane: Lane, now: Timestamp) -> Option<Timestamp> {
        let due = row.due(lane, now)?;
        let registration = &row.stored.item;
        let waits = lane == Lane::Deliver && registration.open.is_none() && self.waits(registration);
        (!waits).then_some(due)
    }

    fn waits(&self, registration: &Registration) -> bool {
        let whom = registration.waits_for().and_then(|key| self.registrations.get(&key));
        whom.is_some_and(RegistrationRow::is_due_some_time)
    }

    fn most_urgent(&self, order: &ClaimOrder) -> Vec<RegistrationKey> {
        let here = self.registrations.iter().filter(|(key, _)| key.organization == order.organization);
        let mut due: Vec<_> = here
            .filter_map(|(key, row)| {
                let due = self.due(row, order.lane, order.now)?;
                let free = row.work(order.lane).free_at(due) <= order.now;
                free.then_some((row.starts, due, *key))
            })
            .collect();
        due.sort_unstable();
        due.truncate(usize::try_from(order.limit).unwrap_or(usize::MAX));
        due.into_iter().map(|(_, _, key)| key).collect()
    }

    fn lease(&mut self, key: RegistrationKey, lane: Lane, epoch: Epoch, until: Timestamp) -> Option<Leased> {
        let row = self.registrations.get_mut(&key)?;
        let work = row.work_mut(lane);
        let fence = work.take(epoch, until);
        let put_off = work.later.map_or((0, None), |later| (later.tries, Some(later.since)));
        let tries = match (lane, &row.stored.item.phase) {
            (Lane::Answer, _) => put_off,
            (Lane::Deliver, Phase::Due { tries, since, .. }) => (*tries, *since),
            (Lane::Deliver, _) => (0, None),
        };
        Some(Leased {
            registration: row.stored.item.clone(),
            lease: Lease { key, lane, fence, epoch, until },
            revision: row.stored.revision,
            tries,
        })
    }

    fn open(&mut self, opening: &Opening) -> Journalled {
        let lease = opening.lease;
        let active = self.is_active_in(lease.key.organization, lease.epoch);
        let Some(row) = self.registrations.get(&lease.key) else { return Journalled::Fenced };
        let work = row.work(lease.lane);
        let runs = work.held.is_some_and(|held| held.until > opening.now);
        if !active || !runs || !work.is_held_under(lease.fence) {
            return Journalled::Fenced;
        }
        match self.change(lease.key, opening.expected, Some(&opening.next), &opening.facts) {
            Ok(revision) => Journalled::Open(revision),
            Err(now) => Journalled::Moved(now),
        }
    }

    fn settle(&mut self, end: &Settlement) -> Settled {
        let lease = end.lease;
        let row = self.registrations.get(&lease.key);
        if !row.is_some_and(|row| row.work(lease.lane).is_held_under(lease.fence)) {
            return Settled::Fenced;
        }
        match self.change(lease.key, end.expected, end.next.as_ref(), &end.facts) {
            Ok(revision) => {
                if let Some(row) = self.registrations.get_mut(&lease.key) {
                    row.work_mut(lease.lane).release(end.later);
                }
                Settled::Done(revision)
            }
            Err(now) => Settled::Moved(now),
        }
    }

    fn amend(&mut self, change: &Amendment) -> Settled {
        if !self.registrations.contains_key(&change.next.key) {
            return Settled::Fenced;
        }
        match self.change(change.next.key, change.expected, Some(&change.next), &change.facts) {
            Ok(revision) => {
                if let Some(row) = self.registrations.get_mut(&change.next.key) {
                    row.deliver.later = None;
                }
                Settled::Done(revision)
            }
            Err(now) => Settled::Moved(now),
        }
    }

    /// Stores a registration that is there and still as it was read; else tells what it is now.
    fn change(
        &mut self,
        key: RegistrationKey,
        expected: Revision,
        next: Option<&Registration>,
        facts: &[Fact],
    ) -> Result<Revision, Box<Stored<Registration>>> {
        let Some(row) = self.registrations.get_mut(&key) else { return Ok(expected) };
        if row.stored.revision != expected {
            return Err(Box::new(row.stored.clone()));
        }
        if let Some(next) = next {
            row.stored = Stored { item: next.clone(), revision: next_revision(Some(expected)) };
        }
        let revision = row.stored.revision;
        self.tell(facts);
        Ok(revision)
    }
}
