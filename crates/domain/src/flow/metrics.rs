//! Metrics: attendance, from the provider to the CRM, one webinar's page at a time.

use async_trait::async_trait;

use super::{Base, Rest, Rounds, StepReport, Topic, fact};
use crate::fact::{FactKind, Step, Subject};
use crate::fault::{Fault, Peer, Verdict, Work, judge};
use crate::id::{OrganizationId, Stored};
use crate::metrics::{Attendance, AttendanceKey, Input, MetricsSync, SyncState, Watched};
use crate::port::{LeasedSync, StoreError, SyncClaim, SyncEnd, SyncSettled};
use crate::time::later;
use crate::webinar::Webinar;

/// Brings attendance home.
#[derive(Clone)]
pub struct Metrics {
    pub(super) base: Base,
}

/// What a pull or a write changed beside the sync.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) seen: Vec<Attendance>,
    pub(super) written: Vec<(AttendanceKey, Watched)>,
}

#[async_trait]
impl Rounds for Metrics {
    async fn due(&self) -> Result<Vec<(OrganizationId, Rest)>, StoreError> {
        let now = self.base.now();
        let ready = self.base.ports.ledger.ready(now).await?;
        Ok(ready.into_iter().map(|(organization, at)| (organization, Rest::until(at, now))).collect())
    }

    async fn round(&self, organization: OrganizationId) -> Result<StepReport, StoreError> {
        let (now, lease) = (self.base.now(), self.base.policies.lease);
        // One page, claimed just before its call, so that all of the lease is left for it (rule L1).
        let order = SyncClaim { organization, limit: 1, now, lease };
        let Some(leased) = self.base.ports.ledger.claim(&order).await?.pop() else {
            // Somebody else was faster; should they fail, we are there again.
            return Ok(StepReport::idle(Rest::Until(later(now, self.base.policies.outage_rest))));
        };
        let mut report = self.one(leased).await?;
        report.rest = Rest::Now;
        Ok(report)
    }
}

impl Metrics {
    pub(crate) const fn new(base: Base) -> Self {
        Self { base }
    }

    /// Pulls or writes a page of every organization's webinars that are due.
    pub async fn step(&self) -> Result<StepReport, StoreError> {
        self.all().await
    }

    async fn one(&self, leased: LeasedSync) -> Result<StepReport, StoreError> {
        let id = leased.sync.organization;
        let found = self.base.ports.webinars.find(&id, &[leased.sync.webinar]).await?;
        let webinar = found.into_iter().next().flatten().map(|stored| stored.item);
        let topics = [Topic::Vault, Topic::Provider, Topic::Crm];
        if let Some(until) = self.base.standing.rests(id, &topics, self.base.now()) {
            let verdict = Verdict::Again { at: until, counted: false };
            return self.end(&leased, &Input::Faulted { verdict }, Changes::default()).await;
        }
        match &leased.sync.state {
            SyncState::Staged { .. } => self.push(&leased, webinar.as_ref()).await,
            SyncState::Scheduled { page, .. } => {
                let page = page.clone();
                self.pull(&leased, webinar.as_ref(), page).await
            }
            SyncState::Suspended { .. } | SyncState::Closed { .. } => {
                self.keep(&leased, Changes::default()).await
            }
        }
    }

    /// What a fault means for a whole page.
    pub(super) async fn failed(
        &self,
        leased: &LeasedSync,
        webinar: Option<&Webinar>,
        fault: &Fault,
        changes: Changes,
    ) -> Result<StepReport, StoreError> {
        let id = leased.sync.organization;
        let verdict = match self.base.trouble(id, fault).await? {
            Some(until) if fault.peer != Peer::Provider || fault.code == super::keyholder::CREDENTIAL => {
                Verdict::Again { at: until, counted: false }
            }
            _ => self.judged(leased, webinar, fault),
        };
        self.end(leased, &Input::Faulted { verdict }, changes).await
    }

    /// As long as the archive is open, attendance is not given up: its waits grow to an hour and stay there.
    fn judged(&self, leased: &LeasedSync, webinar: Option<&Webinar>, fault: &Fault) -> Verdict {
        let (now, policies) = (self.base.now(), &self.base.policies);
        let (tries, since) = leased.sync.tries();
        let ends = policies.cadence.closes(webinar.map_or(leased.sync.ends, |webinar| webinar.ends));
        let work = Work { tries, since, starts: ends, ends };
        match judge(fault, &work, now, self.base.jitter(), &policies.retry) {
            Verdict::Hold(_) | Verdict::Ambiguous { last: true, .. } if now < ends => {
                Verdict::Again { at: later(now, policies.retry.permission_probe), counted: true }
            }
            verdict => verdict,
        }
    }

    /// Ends the work on a sync with an input to its machine.
    pub(super) async fn end(
        &self,
        leased: &LeasedSync,
        input: &Input,
        mut changes: Changes,
    ) -> Result<StepReport, StoreError> {
        let mut stored = Stored { item: leased.sync.clone(), revision: leased.revision };
        loop {
            let now = self.base.now();
            let (next, kind) = match stored.item.on(input, now, &self.base.policies.cadence) {
                Ok(Step::Moved { next, fact }) => (next, Some(fact)),
                Ok(Step::Noted { next }) => (next, None),
                Ok(Step::Ignored(_)) | Err(_) => (stored.item.clone(), None),
            };
            if kind.is_none() && matches!(input, Input::Pulled { .. }) {
                // Closed meanwhile: nobody would write what was pulled.
                changes.seen.clear();
            }
            match self.store(leased, &stored, next, kind, &changes).await? {
                SyncSettled::Done(_) => return Ok(counted(kind)),
                SyncSettled::Fenced => return Ok(StepReport::idle(Rest::Now)),
                SyncSettled::Moved(current) => stored = *current,
            }
        }
    }

    /// Ends the work on a sync without a change of its state: there is more of the same to do.
    pub(super) async fn keep(&self, leased: &LeasedSync, changes: Changes) -> Result<StepReport, StoreError> {
        let mut stored = Stored { item: leased.sync.clone(), revision: leased.revision };
        loop {
            let next = stored.item.clone();
            match self.store(leased, &stored, next, None, &changes).await? {
                SyncSettled::Done(_) | SyncSettled::Fenced => return Ok(StepReport::idle(Rest::Now)),
                SyncSettled::Moved(current) => stored = *current,
            }
        }
    }

    async fn store(
        &self,
        leased: &LeasedSync,
        stored: &Stored<MetricsSync>,
        next: MetricsSync,
        kind: Option<FactKind>,
        changes: &Changes,
    ) -> Result<SyncSettled, StoreError> {
        let subject = Subject::Webinar(next.webinar);
        let now = self.base.now();
        let facts = kind.map(|kind| fact(next.organization, subject, kind, now)).into_iter().collect();
        let end = SyncEnd {
            lease: leased.lease,
            expected: stored.revision,
            next,
            seen: changes.seen.clone(),
            written: changes.written.clone(),
            facts,
            release: true,
        };
        self.base.ports.ledger.settle(&end).await
    }
}

const fn counted(kind: Option<FactKind>) -> StepReport {
    let mut report = StepReport::idle(Rest::Now);
    match kind {
        Some(FactKind::SyncDeferred) => report.deferred = 1,
        Some(FactKind::SyncSuspended) => report.held = 1,
        _ => report.settled = 1,
    }
    report
}
