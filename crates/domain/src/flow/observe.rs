//! Observe: what changed in the CRM, read whole, sealed, and taken in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::webinars::Unread;
use super::{Base, Rest, StepReport, Topic};
use crate::fault::{Fault, FaultKind, Missing, Verdict, Work, judge};
use crate::id::OrganizationId;
use crate::port::{CrmRow, CrmTable, Hint, Organization, PendingHint, StoreError};
use crate::time::{SignedDuration, Timestamp, later};

/// Follows the CRM.
#[derive(Clone)]
pub struct Observe {
    pub(super) base: Base,
    feeds: Arc<Mutex<BTreeMap<(OrganizationId, CrmTable), Feed>>>,
    pub(super) unreadable: Arc<Mutex<BTreeMap<(OrganizationId, CrmRow), Timestamp>>>,
}

/// One table's feed, as this process follows it.
#[derive(Clone, Copy, Default)]
struct Feed {
    /// When it is read next.
    next: Option<Timestamp>,
    /// Whether it begins anew, since its place was lost.
    anew: bool,
    /// How often its place was lost since its end was last seen.
    lost: u32,
    /// How often in a row it could not be read, and since when.
    failed: (u32, Option<Timestamp>),
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

impl Observe {
    pub(crate) fn new(base: Base) -> Self {
        Self { base, feeds: Arc::default(), unreadable: Arc::default() }
    }

    /// Reads the feeds whose time has come, and the hints. One page a feed, so that organizations share.
    pub async fn step(&self) -> Result<StepReport, StoreError> {
        let mut report = StepReport::idle(Rest::Idle);
        for organization in self.base.active().await? {
            report.add(self.follow(&organization).await?);
        }
        Ok(report)
    }

    /// Reads all feeds at the next step, as if their time had come.
    pub fn hurry(&self) {
        self.feeds().values_mut().for_each(|feed| feed.next = None);
    }

    async fn follow(&self, organization: &Organization) -> Result<StepReport, StoreError> {
        let mut report = StepReport::idle(Rest::Idle);
        for table in CrmTable::ALL {
            if let Some(rest) = self.rests(organization.id) {
                report.add(StepReport::idle(rest));
                return Ok(report);
            }
            let feed = self.feeds().get(&(organization.id, table)).copied().unwrap_or_default();
            match feed.next.map_or(Rest::Now, |next| Rest::until(next, self.base.now())) {
                Rest::Now => report.add(self.read(organization, table, feed).await?),
                rest => report.add(StepReport::idle(rest)),
            }
        }
        let heeded = match self.rests(organization.id) {
            Some(rest) => StepReport::idle(rest),
            None => self.heed(organization).await?,
        };
        report.add(heeded);
        Ok(report)
    }

    fn rests(&self, id: OrganizationId) -> Option<Rest> {
        self.base.standing.rests(id, &[Topic::Vault, Topic::Crm], self.base.now()).map(Rest::Until)
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
        let next = match self.page(organization, table, feed.anew).await {
            Ok((taken, more)) => {
                self.base.standing.clear(id, Topic::Crm);
                self.base.standing.clear(id, Topic::Vault);
                report.settled = taken;
                let (next, lost) =
                    if more { (None, feed.lost) } else { (Some(later(now, self.base.policies.poll)), 0) };
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

    /// The feed begins anew; at once, unless that was done already and did not lead to its end. What vanished while
    /// nobody looked is in no feed: what is known is looked at row by row.
    async fn after_loss(&self, id: OrganizationId, table: CrmTable, feed: Feed) -> Result<Feed, StoreError> {
        if feed.lost == 0 {
            self.look_at_all(id, table).await?;
        }
        let wait = later(self.base.now(), self.base.policies.poll);
        let next = (feed.lost > 0).then_some(wait);
        Ok(Feed { next, anew: true, lost: feed.lost.saturating_add(1), failed: feed.failed })
    }

    async fn look_at_all(&self, organization: OrganizationId, table: CrmTable) -> Result<(), StoreError> {
        let webinars = self.base.ports.webinars.list(&organization).await?;
        let events: Vec<CrmRow> =
            webinars.iter().map(|one| CrmRow { table: CrmTable::Webinars, id: one.id.into() }).collect();
        let rows = match table {
            CrmTable::Webinars => events,
            CrmTable::Registrations => {
                let sources = self.base.ports.intake.touched(&organization, &events).await?;
                sources.into_iter().map(|id| CrmRow { table, id: id.into() }).collect()
            }
            // What leans on these says itself when it is gone.
            CrmTable::Contacts | CrmTable::Accounts => vec![],
        };
        let hints: Vec<Hint> = rows.into_iter().map(|row| Hint { organization, row }).collect();
        self.base.ports.intake.hint(&hints).await
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

    /// Reads the rows that hints name.
    async fn heed(&self, organization: &Organization) -> Result<StepReport, StoreError> {
        let (id, now) = (organization.id, self.base.now());
        let aside = self.unreadable_rows(id);
        let limit = u32::try_from(HINTS_AT_ONCE + aside.len()).unwrap_or(u32::MAX);
        let hints = self.base.ports.intake.hints(&id, limit).await?;
        let waits = |hint: &PendingHint| aside.get(&hint.row).copied().filter(|until| *until > now);
        let rest = hints.iter().filter_map(waits).min().map_or(Rest::Idle, Rest::Until);
        let hints: Vec<PendingHint> = hints.into_iter().filter(|hint| waits(hint).is_none()).collect();
        if hints.is_empty() {
            return Ok(StepReport::idle(rest));
        }
        match self.heeded(organization, hints).await {
            Ok(taken) => Ok(StepReport { settled: taken, ..StepReport::idle(Rest::Now) }),
            Err(Stopped::Store(error)) => Err(error),
            Err(Stopped::Inactive) => Ok(StepReport::idle(Rest::Idle)),
            Err(Stopped::Fault(fault)) => {
                let until = self.base.trouble(id, &fault).await?;
                let soon = later(now, self.base.policies.outage_rest);
                Ok(StepReport { deferred: 1, ..StepReport::idle(Rest::Until(until.unwrap_or(soon))) })
            }
        }
    }

    fn feeds(&self) -> MutexGuard<'_, BTreeMap<(OrganizationId, CrmTable), Feed>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_lost(fault: &Fault) -> bool {
    fault.kind == FaultKind::Gone { what: Missing::Cursor }
}
