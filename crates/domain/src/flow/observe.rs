//! Observe: what changed in the CRM, read whole, sealed, and taken in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::readings::ROWS_AT_ONCE;
use super::webinars::Unread;
use super::{Base, Rest, Rounds, StepReport, Topic};
use crate::fault::{Fault, FaultKind, Missing, Peer, Verdict, Work, judge};
use crate::id::OrganizationId;
use crate::port::{CrmRow, CrmTable, Organization, PendingHint, StoreError};
use crate::schedule::Allowance;
use crate::time::{SignedDuration, Timestamp, later};

/// Follows the CRM.
#[derive(Clone)]
pub struct Observe {
    pub(super) base: Base,
    feeds: Arc<Mutex<BTreeMap<(OrganizationId, CrmTable), Feed>>>,
    hinted: Arc<Mutex<BTreeMap<OrganizationId, Hinted>>>,
    pub(super) missed: Arc<AtomicU64>,
    pub(super) unreadable: Arc<Mutex<BTreeMap<(OrganizationId, CrmRow), Timestamp>>>,
}

/// One table's feed, as this process follows it.
#[derive(Clone, Copy, Default)]
struct Feed {
    /// When it is read next.
    next: Option<Timestamp>,
    /// How often its place was lost since its end was last seen.
    lost: u32,
    /// How often in a row it could not be read, and since when.
    failed: (u32, Option<Timestamp>),
}

/// How an organization's hints are read.
#[derive(Clone, Copy)]
struct Hinted {
    /// What reads are left.
    allowance: Allowance,
    /// When the hints that wait now were first seen.
    first: Option<Timestamp>,
}

/// Why a table was not followed to its end.
pub(super) enum Stopped {
    Fault(Fault),
    Store(StoreError),
    Inactive,
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Unread> for Stopped {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Crm(fault) => Self::Fault(fault),
            Unread::Store(error) => Self::Store(error),
        }
    }
}

/// How many hints are read at once.
const HINTS_AT_ONCE: usize = 200;

/// The shortest wait after a feed could not be read.
const SHORTEST_WAIT: SignedDuration = SignedDuration::from_secs(1);

#[async_trait]
impl Rounds for Observe {
    async fn due(&self) -> Result<Vec<(OrganizationId, Rest)>, StoreError> {
        let active = self.base.active().await?;
        Ok(active.into_iter().map(|organization| (organization.id, Rest::Now)).collect())
    }

    async fn round(&self, id: OrganizationId) -> Result<StepReport, StoreError> {
        let known = self.base.ports.organizations.load(&id).await?.map(|stored| stored.item);
        match known.filter(|organization| organization.integration.is_active()) {
            Some(organization) => self.follow(&organization).await,
            None => Ok(StepReport::idle(Rest::Idle)),
        }
    }
}

impl Observe {
    pub(crate) fn new(base: Base) -> Self {
        let (feeds, hinted, missed, unreadable) = Default::default();
        Self { base, feeds, hinted, missed, unreadable }
    }

    /// Reads the feeds whose time has come, and the hints. One page a feed, so that organizations share.
    pub async fn step(&self) -> Result<StepReport, StoreError> {
        self.all().await
    }

    /// Reads all feeds at the next step, as if their time had come.
    pub fn hurry(&self) {
        self.feeds().values_mut().for_each(|feed| feed.next = None);
    }

    /// Reads all tables of an organization whole, as if every place in them had been lost.
    pub async fn resync(&self, id: OrganizationId) -> Result<(), StoreError> {
        for table in CrmTable::ALL {
            self.base.ports.intake.begin(&id, table).await?;
        }
        self.feeds().retain(|(owner, _), _| *owner != id);
        self.base.ports.bell.ring();
        Ok(())
    }

    /// How many changes a poll found that no webhook had told of, since the process started.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    async fn follow(&self, organization: &Organization) -> Result<StepReport, StoreError> {
        let mut report = StepReport::idle(Rest::Idle);
        for table in CrmTable::ALL {
            if let Some(rest) = self.rests(organization.id).await? {
                report.add(StepReport::idle(rest));
                return Ok(report);
            }
            let feed = self.feeds().get(&(organization.id, table)).copied().unwrap_or_default();
            match feed.next.map_or(Rest::Now, |next| Rest::until(next, self.base.now())) {
                Rest::Now => report.add(self.read(organization, table, feed).await?),
                rest => report.add(StepReport::idle(rest)),
            }
        }
        let heeded = match self.rests(organization.id).await? {
            Some(rest) => StepReport::idle(rest),
            None => self.heed(organization).await?,
        };
        report.add(heeded);
        Ok(report)
    }

    async fn rests(&self, id: OrganizationId) -> Result<Option<Rest>, StoreError> {
        let rests = self.base.standing.rests(id, &[Topic::Vault, Topic::Crm], self.base.now());
        let rests = match rests {
            Some(until) => Some(until),
            None => self.base.may_ask(id, Peer::Crm).await?,
        };
        Ok(rests.map(Rest::Until))
    }

    /// Reads one page of a table's feed.
    async fn read(
        &self,
        organization: &Organization,
        table: CrmTable,
        feed: Feed,
    ) -> Result<StepReport, StoreError> {
        let (id, now) = (organization.id, self.base.now());
        let mut report = StepReport::idle(Rest::Idle);
        let next = match self.page(organization, table).await {
            Ok((taken, more)) => {
                self.base.answered(id, Peer::Crm).await?;
                self.base.standing.clear(id, Topic::Vault);
                report.settled = taken;
                let poll = self.base.jitter().sway(self.base.policies.poll, self.base.policies.poll_spread);
                let (next, lost) = if more { (None, feed.lost) } else { (Some(later(now, poll)), 0) };
                Feed { next, lost, ..Feed::default() }
            }
            Err(Stopped::Store(error)) => return Err(error),
            Err(Stopped::Inactive) => return Ok(report),
            Err(Stopped::Fault(fault)) if is_lost(&fault) => self.after_loss(id, table, feed).await?,
            Err(Stopped::Fault(fault)) => {
                report.deferred = 1;
                self.after_fault(id, feed, &fault).await?
            }
        };
        self.feeds().insert((id, table), next);
        report.rest = next.next.map_or(Rest::Now, |next| Rest::until(next, self.base.now()));
        Ok(report)
    }

    /// The table is read whole (rule W8); at once, unless that was done already and did not lead to its end.
    async fn after_loss(&self, id: OrganizationId, table: CrmTable, feed: Feed) -> Result<Feed, StoreError> {
        self.base.ports.intake.begin(&id, table).await?;
        let wait = later(self.base.now(), self.base.policies.poll);
        let next = (feed.lost > 0).then_some(wait);
        Ok(Feed { next, lost: feed.lost.saturating_add(1), failed: feed.failed })
    }

    async fn after_fault(&self, id: OrganizationId, feed: Feed, fault: &Fault) -> Result<Feed, StoreError> {
        let now = self.base.now();
        let rests = self.base.trouble(id, fault).await?;
        let (tries, since) = feed.failed;
        let work = Work { tries, since, starts: Timestamp::MAX, ends: Timestamp::MAX };
        let at = match judge(fault, &work, now, self.base.jitter(), &self.base.policies.retry) {
            Verdict::Again { at, .. } | Verdict::Ambiguous { at, last: false } => at,
            // A feed is never given up: it is read again like any other time.
            Verdict::Ambiguous { last: true, .. } | Verdict::Hold(_) => later(now, self.base.policies.poll),
        };
        let at = at.max(rests.unwrap_or_else(|| later(now, SHORTEST_WAIT)));
        Ok(Feed { next: Some(at), failed: (tries.saturating_add(1), since.or(Some(now))), ..feed })
    }

    /// Reads the rows that hints name, as many as the allowance bears.
    async fn heed(&self, organization: &Organization) -> Result<StepReport, StoreError> {
        let (id, now) = (organization.id, self.base.now());
        let (hints, rest) = self.waiting(id, now).await?;
        if hints.is_empty() {
            self.lock_hinted().entry(id).and_modify(|hinted| hinted.first = None);
            return Ok(StepReport::idle(rest));
        }
        let at_once = match self.bears(id, hints.len(), now) {
            Ok(rows) => rows,
            Err(until) => return Ok(StepReport::idle(rest.or_sooner(Rest::Until(until)))),
        };
        let hints = hints.into_iter().take(at_once).collect();
        let heeded = self.heeded(organization, hints).await;
        self.spend(id, heeded.as_ref().copied().unwrap_or(0), now);
        match heeded {
            Ok(taken) => {
                self.base.answered(id, Peer::Crm).await?;
                Ok(StepReport { settled: taken, ..StepReport::idle(Rest::Now) })
            }
            Err(Stopped::Store(error)) => Err(error),
            Err(Stopped::Inactive) => Ok(StepReport::idle(Rest::Idle)),
            Err(Stopped::Fault(fault)) => {
                let until = self.base.trouble(id, &fault).await?;
                let soon = later(now, self.base.policies.outage_rest);
                Ok(StepReport { deferred: 1, ..StepReport::idle(Rest::Until(until.unwrap_or(soon))) })
            }
        }
    }

    /// The hints that can be read now, and until when the others wait.
    async fn waiting(
        &self,
        id: OrganizationId,
        now: Timestamp,
    ) -> Result<(Vec<PendingHint>, Rest), StoreError> {
        let aside = self.unreadable_rows(id);
        let limit = u32::try_from(HINTS_AT_ONCE + aside.len()).unwrap_or(u32::MAX);
        let hints = self.base.ports.intake.hints(&id, limit).await?;
        let waits = |hint: &PendingHint| aside.get(&hint.row).copied().filter(|until| *until > now);
        let rest = hints.iter().filter_map(waits).min().map_or(Rest::Idle, Rest::Until);
        Ok((hints.into_iter().filter(|hint| waits(hint).is_none()).collect(), rest))
    }

    /// How many rows may be read for hints now; else when: hints are gathered for a moment, so that a storm becomes few
    /// reads (rule W2), and reads have a budget, so that a stolen key costs no more than that (rule W6).
    fn bears(&self, id: OrganizationId, waiting: usize, now: Timestamp) -> Result<usize, Timestamp> {
        let (linger, a_minute) = (self.base.policies.linger, self.base.policies.reads_a_minute);
        let mut all = self.lock_hinted();
        let fresh = || Hinted { allowance: Allowance::full(now, a_minute), first: None };
        let hinted = all.entry(id).or_insert_with(fresh);
        let gathered = later(*hinted.first.get_or_insert(now), linger);
        if waiting < ROWS_AT_ONCE && gathered > now {
            return Err(gathered);
        }
        match usize::try_from(hinted.allowance.bears(now, a_minute)).unwrap_or(usize::MAX) {
            0 => Err(hinted.allowance.next(now, a_minute)),
            reads => Ok(reads.saturating_mul(ROWS_AT_ONCE)),
        }
    }

    /// A hint at a company may have led to many rows: what was read is paid for, not what was asked.
    fn spend(&self, id: OrganizationId, rows: u32, now: Timestamp) {
        let at_once = u32::try_from(ROWS_AT_ONCE).unwrap_or(u32::MAX);
        let (reads, a_minute) = (rows.div_ceil(at_once).max(1), self.base.policies.reads_a_minute);
        let spent = |hinted: &mut Hinted| {
            hinted.allowance = hinted.allowance.spent(reads, now, a_minute);
            hinted.first = None;
        };
        self.lock_hinted().entry(id).and_modify(spent);
    }

    fn lock_hinted(&self) -> MutexGuard<'_, BTreeMap<OrganizationId, Hinted>> {
        self.hinted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn feeds(&self) -> MutexGuard<'_, BTreeMap<(OrganizationId, CrmTable), Feed>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_lost(fault: &Fault) -> bool {
    fault.kind == FaultKind::Gone { what: Missing::Cursor }
}
