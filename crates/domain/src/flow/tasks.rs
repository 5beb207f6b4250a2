//! Tasks: what comes with the night, and what people asked for, a helping at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use super::{Base, Rest, Rounds, StepReport, fact};
use crate::fact::{Fact, FactKind, Subject};
use crate::fault::{Fault, FaultKind, Missing, Verdict, Work, judge};
use crate::id::OrganizationId;
use crate::port::{HeldFilter, HeldQuery, LeasedTask, Settled, StoreError, TaskClaim, TaskEnd, TaskEnded};
use crate::task::{Findings, Job, Task, TaskName};
use crate::time::{SignedDuration, Timestamp, later};

/// Does tasks.
#[derive(Clone)]
pub struct Tasks {
    pub(super) base: Base,
    drift: Arc<AtomicU64>,
}

/// Why a task did not come to its end.
pub(super) enum Stopped {
    /// The store did not serve it.
    Store(StoreError),
    /// Something does not answer as it should.
    Fault(Fault),
    /// It may not ask before then.
    Wait(Timestamp),
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

/// How long somebody may be at a task before somebody else may be. It costs work done twice, never more.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// How many held registrations one transaction releases.
const RELEASED_AT_ONCE: u32 = 200;

#[async_trait]
impl Rounds for Tasks {
    async fn due(&self) -> Result<Vec<(OrganizationId, Rest)>, StoreError> {
        let now = self.base.now();
        let rest = |at: Option<Timestamp>| at.map_or(Rest::Now, |at| Rest::until(at, now));
        let ready = self.base.ports.tasks.ready().await?;
        Ok(ready.into_iter().map(|(organization, at)| (organization, rest(at))).collect())
    }

    async fn round(&self, organization: OrganizationId) -> Result<StepReport, StoreError> {
        let now = self.base.now();
        let claimed = self.base.ports.tasks.claim(&TaskClaim { organization, now, lease: LEASE }).await?;
        match claimed {
            Some(leased) => self.one(leased).await,
            None => self.begin(organization).await,
        }
    }
}

impl Tasks {
    pub(crate) fn new(base: Base) -> Self {
        Self { base, drift: Arc::default() }
    }

    /// Does a helping of every organization's task that is due.
    pub async fn step(&self) -> Result<StepReport, StoreError> {
        self.all().await
    }

    /// How many differences from the provider's lists were mended, since the process started.
    pub fn drift(&self) -> u64 {
        self.drift.load(Ordering::Relaxed)
    }

    /// An organization that never had a night gets its first.
    async fn begin(&self, organization: OrganizationId) -> Result<StepReport, StoreError> {
        let now = self.base.now();
        let name = TaskName::nightly();
        if self.base.ports.tasks.find(&organization, &name).await?.is_none() {
            let due = Some(self.base.policies.night.next(now));
            let task = Task { due, ..Task::new(organization, name, Job::Nightly, now) };
            self.base.ports.tasks.plan(&task, &[]).await?;
            return Ok(StepReport::idle(Rest::Now));
        }
        // Somebody else was faster; should they fail, we are there again.
        Ok(StepReport::idle(Rest::Until(later(now, self.base.policies.outage_rest))))
    }

    async fn one(&self, leased: LeasedTask) -> Result<StepReport, StoreError> {
        let task = &leased.task;
        let done = match &task.job {
            Job::Nightly => self.night(task).await,
            Job::Reconcile { webinar, dry_run, .. } => {
                let found = self.compare(task.organization, *webinar, *dry_run).await;
                found.map(|found| self.compared(task, found))
            }
            Job::Release { filter, released, .. } => {
                let helping = self.release(task.organization, filter).await;
                helping.map(|helping| self.released(task, *released, helping)).map_err(Stopped::Store)
            }
        };
        let mut report = StepReport::idle(Rest::Now);
        let (next, facts) = match done {
            Ok(done) => {
                report.settled = 1;
                done
            }
            Err(Stopped::Store(error)) => return Err(error),
            Err(Stopped::Wait(until)) => (Task { due: Some(until), ..task.clone() }, vec![]),
            Err(Stopped::Fault(fault)) => {
                report.deferred = 1;
                (self.after_fault(task, &fault).await?, vec![])
            }
        };
        let end = TaskEnd { expected: leased.revision, fence: leased.fence, next, facts };
        match self.base.ports.tasks.settle(&end).await? {
            TaskEnded::Done | TaskEnded::Moved | TaskEnded::Fenced => Ok(report),
        }
    }

    /// A webinar that the provider does not know is one without a list; everything else passes.
    async fn after_fault(&self, task: &Task, fault: &Fault) -> Result<Task, StoreError> {
        let now = self.base.now();
        if fault.kind == (FaultKind::Gone { what: Missing::Webinar }) {
            return Ok(self.compared(task, Findings::default()).0);
        }
        let rests = self.base.trouble(task.organization, fault).await?;
        let (tries, since) = task.failed;
        let work = Work { tries, since, starts: Timestamp::MAX, ends: Timestamp::MAX };
        let at = match judge(fault, &work, now, self.base.jitter(), &self.base.policies.retry) {
            Verdict::Again { at, .. } | Verdict::Ambiguous { at, .. } => at,
            Verdict::Hold(_) => later(now, self.base.policies.retry.permission_probe),
        };
        let at = at.max(rests.unwrap_or_else(|| later(now, SHORTEST_WAIT)));
        let failed = (tries.saturating_add(1), since.or(Some(now)));
        Ok(Task { due: Some(at), failed, ..task.clone() })
    }

    fn compared(&self, task: &Task, found: Findings) -> (Task, Vec<Fact>) {
        let now = self.base.now();
        let Job::Reconcile { webinar, dry_run, .. } = task.job else { return (task.clone(), vec![]) };
        if !dry_run {
            self.drift.fetch_add(found.drift(), Ordering::Relaxed);
        }
        let told = fact(task.organization, Subject::Webinar(webinar), FactKind::WebinarReconciled, now);
        let facts = if dry_run { vec![] } else { vec![told] };
        (task.over(Job::Reconcile { webinar, dry_run, found: Some(found) }, now), facts)
    }

    /// Has every webinar that takes place compared, and clears away what is long over.
    async fn night(&self, task: &Task) -> Result<(Task, Vec<Fact>), Stopped> {
        let (now, policy) = (self.base.now(), &self.base.policies.night);
        let organization = task.organization;
        for webinar in self.base.ports.webinars.list(&organization).await? {
            if webinar.target().is_some() && now < later(webinar.ends, policy.after_end) {
                self.base.plan_reconcile(organization, webinar.id, false).await?;
            }
        }
        let before = now.checked_sub(policy.keep).unwrap_or(Timestamp::MIN);
        self.base.ports.tasks.clear(&organization, before).await?;
        Ok((
            Task { due: Some(policy.next(now)), ended: Some(now), failed: (0, None), ..task.clone() },
            vec![],
        ))
    }

    /// Releases a helping; `None`: nobody is left.
    async fn release(
        &self,
        organization: OrganizationId,
        filter: &HeldFilter,
    ) -> Result<Option<u64>, StoreError> {
        let filter = filter.clone();
        let query = HeldQuery { organization, filter, skip: 0, limit: RELEASED_AT_ONCE };
        let held = self.base.ports.books.held(&query).await?;
        if held.is_empty() {
            return Ok(None);
        }
        let now = self.base.now();
        let changes: Vec<_> = held.iter().filter_map(|held| self.base.released(held, now)).collect();
        let ends = self.base.ports.worklist.amend(&changes).await?;
        let done = ends.iter().filter(|end| matches!(end, Settled::Done(_))).count();
        Ok(Some(u64::try_from(done).unwrap_or(u64::MAX)))
    }

    fn released(&self, task: &Task, before: u64, helping: Option<u64>) -> (Task, Vec<Fact>) {
        let now = self.base.now();
        let Job::Release { filter, reason, expected, .. } = task.job.clone() else {
            return (task.clone(), vec![]);
        };
        let job = Job::Release { filter, reason, expected, released: before + helping.unwrap_or(0) };
        if helping.is_some() {
            let due = Some(later(now, self.base.policies.release_pause));
            return (Task { job, due, failed: (0, None), ..task.clone() }, vec![]);
        }
        let told = fact(task.organization, Subject::Organization, FactKind::ReleaseCompleted, now);
        (task.over(job, now), vec![told])
    }
}

/// The shortest wait after a task could not go on.
const SHORTEST_WAIT: SignedDuration = SignedDuration::from_secs(1);
