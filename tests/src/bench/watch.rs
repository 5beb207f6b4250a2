//! A worklist that notes when each registration was claimed, and how long it took to settle; an intake that notes when
//! its change was seen.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::Notify;
use webinar_bridge_domain::id::{OrganizationId, SourceId};
use webinar_bridge_domain::port::{
    Amendment, ClaimOrder, CrmRow, CrmTable, FeedPlace, Hint, Intake, IntakeBatch, Journalled, Known, Lane,
    Leased, Lookup, Opening, PendingHint, PutOff, Ready, Recorded, Settled, Settlement, StoreError, Worklist,
};
use webinar_bridge_domain::registration::{Phase, RegistrationKey};
use webinar_bridge_domain::time::Timestamp;

use super::now;

/// Watches what goes through a worklist towards the provider.
pub struct Watched {
    within: Arc<dyn Worklist>,
    seen: Mutex<Seen>,
    settled: Notify,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// When the first claim was made.
    pub first: Option<Instant>,
    /// When the last settlement came back.
    pub last: Option<Instant>,
    /// From claim to settlement, of each that was settled for good.
    pub times: Vec<Duration>,
    /// How many registrations a claim, a journal entry and a settlement carried, in all, and how many there were of each.
    pub batches: [(usize, usize); 3],
    /// From the reading of a change in the CRM to the settlement of what it asks for.
    pub whole: Vec<(OrganizationId, Duration)>,
    claimed: HashMap<RegistrationKey, Instant>,
    read: HashMap<RegistrationKey, Instant>,
}

impl Seen {
    /// How many registrations one claim, journal entry and settlement carried on average.
    pub fn batch_sizes(&self) -> [usize; 3] {
        self.batches.map(|(all, of)| all / of.max(1))
    }

    fn batch(&mut self, which: usize, size: usize) {
        if let Some((all, of)) = self.batches.get_mut(which) {
            (*all, *of) = (*all + size, *of + 1);
        }
    }
}

impl Watched {
    /// Watches `within`.
    pub fn new(within: Arc<dyn Worklist>) -> Self {
        Self { within, seen: Mutex::default(), settled: Notify::new() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when so many were settled, with all that was seen until then.
    pub async fn until(&self, settled: usize) -> Seen {
        loop {
            let more = self.settled.notified();
            if self.seen().times.len() >= settled {
                return std::mem::take(&mut *self.seen());
            }
            more.await;
        }
    }

    /// Returns when so many of an organization that were seen to come in are settled, with how long each took.
    pub async fn until_whole(&self, of: OrganizationId, settled: usize) -> Vec<Duration> {
        loop {
            let more = self.settled.notified();
            {
                let mut seen = self.seen();
                if seen.whole.iter().filter(|(owner, _)| *owner == of).count() >= settled {
                    let whole = std::mem::take(&mut seen.whole);
                    return whole
                        .into_iter()
                        .filter(|(owner, _)| *owner == of)
                        .map(|(_, time)| time)
                        .collect();
                }
            }
            more.await;
        }
    }
}

#[async_trait]
impl Worklist for Watched {
    async fn ready(&self, lane: Lane, now: Timestamp) -> Result<Vec<Ready>, StoreError> {
        self.within.ready(lane, now).await
    }

    async fn claim(&self, order: &ClaimOrder) -> Result<Vec<Leased>, StoreError> {
        let before = now();
        let claimed = self.within.claim(order).await?;
        if order.lane == Lane::Deliver {
            let mut seen = self.seen();
            seen.first.get_or_insert(before);
            seen.batch(0, claimed.len());
            seen.claimed.extend(claimed.iter().map(|leased| (leased.registration.key, before)));
        }
        Ok(claimed)
    }

    async fn journal(&self, openings: &[Opening]) -> Result<Vec<Journalled>, StoreError> {
        self.seen().batch(1, openings.len());
        self.within.journal(openings).await
    }

    async fn settle(&self, ends: &[Settlement]) -> Result<Vec<Settled>, StoreError> {
        let settled = self.within.settle(ends).await?;
        let at = now();
        {
            let mut seen = self.seen();
            seen.batch(2, ends.len());
            for (end, settled) in ends.iter().zip(&settled) {
                let for_good = end.next.as_ref().is_some_and(|next| next.phase == Phase::Settled);
                if let (true, Settled::Done(_)) = (for_good, settled)
                    && let Some(claimed) = seen.claimed.remove(&end.lease.key)
                {
                    seen.times.push(at.duration_since(claimed));
                    if let Some(read) = seen.read.remove(&end.lease.key) {
                        seen.whole.push((end.lease.key.organization, at.duration_since(read)));
                    }
                }
            }
            seen.last = Some(at);
        }
        self.settled.notify_waiters();
        Ok(settled)
    }

    async fn put_off(&self, order: &PutOff) -> Result<(), StoreError> {
        self.within.put_off(order).await
    }

    async fn amend(&self, changes: &[Amendment]) -> Result<Vec<Settled>, StoreError> {
        self.within.amend(changes).await
    }
}

/// Notes in a [`Watched`] when changes come in.
pub struct WatchedIntake {
    /// The intake that does the work.
    pub within: Arc<dyn Intake>,
    /// Where it is noted.
    pub notes: Arc<Watched>,
}

#[async_trait]
impl Intake for WatchedIntake {
    async fn place(
        &self,
        organization: &OrganizationId,
        table: CrmTable,
    ) -> Result<Option<FeedPlace>, StoreError> {
        self.within.place(organization, table).await
    }

    async fn begin(&self, organization: &OrganizationId, table: CrmTable) -> Result<FeedPlace, StoreError> {
        self.within.begin(organization, table).await
    }

    async fn hint(&self, hints: &[Hint]) -> Result<(), StoreError> {
        self.within.hint(hints).await
    }

    async fn hints(&self, organization: &OrganizationId, limit: u32) -> Result<Vec<PendingHint>, StoreError> {
        self.within.hints(organization, limit).await
    }

    async fn touched(
        &self,
        organization: &OrganizationId,
        rows: &[CrmRow],
    ) -> Result<Vec<SourceId>, StoreError> {
        self.within.touched(organization, rows).await
    }

    async fn known(&self, of: &Lookup) -> Result<Known, StoreError> {
        self.within.known(of).await
    }

    async fn record(&self, batch: &IntakeBatch) -> Result<Recorded, StoreError> {
        let before = now();
        {
            let mut seen = self.notes.seen();
            for change in batch.groups.iter().flat_map(|group| &group.registrations) {
                seen.read.entry(change.next.key).or_insert(before);
            }
        }
        self.within.record(batch).await
    }
}
