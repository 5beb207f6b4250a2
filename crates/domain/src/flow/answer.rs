//! Answer: tells the CRM what became of its registrations, in batches.

use async_trait::async_trait;

use super::{Base, Rest, Rounds, StepReport, Topic, registration_fact};
use crate::fact::{Fact, Step};
use crate::fault::{Code, Fault, FaultKind, Peer, Verdict, Work, judge};
use crate::id::{OrganizationId, SourceId, Stored};
use crate::port::{
    AnswerBatch, AnswerItem, ClaimOrder, Deferral, ItemOutcome, Journalled, Lane, Lease, Leased, Opening,
    Settled, Settlement, StoreError,
};
use crate::registration::{Answer, Input, Registration};
use crate::time::{SignedDuration, Timestamp, later};

/// Tells the CRM.
#[derive(Clone)]
pub struct Answering {
    base: Base,
}

/// What became of the answers of one registration.
struct Told {
    lease: Lease,
    stored: Stored<Registration>,
    written: Vec<(SourceId, Answer)>,
    later: Option<Deferral>,
}

/// How many registrations' answers one round writes; with two sources each they fill half a batch.
const AT_ONCE: u32 = 100;

#[async_trait]
impl Rounds for Answering {
    async fn due(&self) -> Result<Vec<(OrganizationId, Rest)>, StoreError> {
        let now = self.base.now();
        let ready = self.base.ports.worklist.ready(Lane::Answer, now).await?;
        Ok(ready.into_iter().map(|ready| (ready.organization, Rest::until(ready.at, now))).collect())
    }

    async fn round(&self, organization: OrganizationId) -> Result<StepReport, StoreError> {
        match self.rests(organization, self.base.now()).await? {
            Some(until) => Ok(StepReport::idle(Rest::Until(until))),
            None => self.tell(organization).await,
        }
    }
}

impl Answering {
    pub(crate) const fn new(base: Base) -> Self {
        Self { base }
    }

    /// Writes answers of every organization that has some.
    pub async fn step(&self) -> Result<StepReport, StoreError> {
        self.all().await
    }

    async fn rests(&self, id: OrganizationId, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        match self.base.standing.rests(id, &[Topic::Crm, Topic::Vault], now) {
            Some(until) => Ok(Some(until)),
            None => self.base.may_ask(id, Peer::Crm).await,
        }
    }

    async fn tell(&self, organization: OrganizationId) -> Result<StepReport, StoreError> {
        let (now, lease) = (self.base.now(), self.base.policies.lease);
        let steady = self.base.ports.clock.steady();
        let order = ClaimOrder { organization, lane: Lane::Answer, limit: AT_ONCE, now, lease };
        let mut claimed = self.base.ports.worklist.claim(&order).await?;
        if claimed.is_empty() {
            // Somebody else was faster; should they fail, we are there again.
            let soon = later(now, self.base.policies.outage_rest);
            return Ok(StepReport::idle(Rest::Until(soon)));
        }
        let mut report = StepReport::idle(Rest::Now);
        while !claimed.is_empty() {
            let (some, rest) = one_batch(claimed);
            claimed = rest;
            report.add(self.tell_batch(organization, some, steady).await?);
        }
        Ok(report)
    }

    async fn tell_batch(
        &self,
        organization: OrganizationId,
        leased: Vec<Leased>,
        claimed: SignedDuration,
    ) -> Result<StepReport, StoreError> {
        let leased = self.begin(leased, claimed).await?;
        let due: Vec<Vec<(SourceId, Answer)>> =
            leased.iter().map(|leased| due(&leased.registration)).collect();
        let item =
            |(source, answer): &(SourceId, Answer)| AnswerItem { source: *source, answer: answer.clone() };
        let items: Vec<AnswerItem> = due.iter().flatten().map(item).collect();
        let outcomes = self.outcomes(organization, items).await?;
        let mut outcomes = outcomes.into_iter();
        let mut told = vec![];
        for (leased, due) in leased.into_iter().zip(due) {
            let outcomes: Vec<ItemOutcome> = outcomes.by_ref().take(due.len()).collect();
            told.push(self.told(leased, due, outcomes));
        }
        self.settle(told).await
    }

    /// Journals that answers are about to be written (rule D2): a write whose end is never recorded leaves them unsure,
    /// and they are written again. What changed meanwhile goes back; the next claim sees it as it is now.
    async fn begin(&self, leased: Vec<Leased>, claimed: SignedDuration) -> Result<Vec<Leased>, StoreError> {
        let now = self.base.now();
        let (mut begun, mut opening, mut back) = (vec![], vec![], vec![]);
        for leased in leased {
            let late = self.base.is_late(claimed);
            match self.opening(&leased, now) {
                _ if late => back.push(leased),
                Some(order) => opening.push((leased, order)),
                None => begun.push(leased),
            }
        }
        let orders: Vec<Opening> = opening.iter().map(|(_, order)| order.clone()).collect();
        let journalled =
            if orders.is_empty() { vec![] } else { self.base.ports.worklist.journal(&orders).await? };
        for ((leased, order), answer) in opening.into_iter().zip(journalled) {
            match answer {
                Journalled::Open(revision) => {
                    begun.push(Leased { registration: order.next, revision, ..leased });
                }
                Journalled::Moved(stored) => back.push(Leased { revision: stored.revision, ..leased }),
                Journalled::Fenced => back.push(leased),
            }
        }
        self.give_back(back).await?;
        Ok(begun)
    }

    /// The journal entry of a registration's answers; `None`: it stands in the journal already.
    fn opening(&self, leased: &Leased, now: Timestamp) -> Option<Opening> {
        let mut next = leased.registration.clone();
        let mut changed = false;
        for (source, _) in due(&leased.registration) {
            let input = Input::Answering { source };
            if let Ok(Step::Noted { next: noted }) = next.on(input, now, &self.base.policies.registration) {
                (next, changed) = (noted, true);
            }
        }
        let (lease, expected) = (leased.lease, leased.revision);
        changed.then_some(Opening { lease, expected, next, facts: vec![], now })
    }

    /// A clean release: nothing was written, nothing is counted.
    async fn give_back(&self, leased: Vec<Leased>) -> Result<(), StoreError> {
        if leased.is_empty() {
            return Ok(());
        }
        let release = |leased: Leased| Settlement {
            lease: leased.lease,
            expected: leased.revision,
            next: None,
            facts: vec![],
            later: None,
        };
        let ends: Vec<Settlement> = leased.into_iter().map(release).collect();
        self.base.ports.worklist.settle(&ends).await.map(drop)
    }

    /// One outcome per item, whatever the CRM did.
    async fn outcomes(
        &self,
        organization: OrganizationId,
        items: Vec<AnswerItem>,
    ) -> Result<Vec<ItemOutcome>, StoreError> {
        if items.is_empty() {
            return Ok(vec![]);
        }
        let wanted = items.len();
        let failed = |fault: Fault| vec![ItemOutcome::Failed(fault); wanted];
        match self.base.ports.answers.answer(&AnswerBatch { organization, items }).await {
            Ok(outcomes) if outcomes.len() == wanted => {
                self.base.answered(organization, Peer::Crm).await?;
                Ok(outcomes)
            }
            Ok(_) => {
                let code = Code::new("crm.batch_mismatch");
                Ok(failed(Fault::new(FaultKind::Ambiguous, Peer::Crm, "answer", code)))
            }
            Err(fault) => {
                self.base.trouble(organization, &fault).await?;
                Ok(failed(fault))
            }
        }
    }

    fn told(&self, leased: Leased, due: Vec<(SourceId, Answer)>, outcomes: Vec<ItemOutcome>) -> Told {
        let (mut written, mut failed) = (vec![], None);
        for (item, outcome) in due.into_iter().zip(outcomes) {
            match outcome {
                // Where nobody is left to tell, nothing is left to be told; the feed brings the deletion.
                ItemOutcome::Done | ItemOutcome::Absent => written.push(item),
                ItemOutcome::Failed(fault) => failed = Some(fault),
            }
        }
        let later = failed.map(|fault| self.deferral(&leased, &fault));
        let stored = Stored { item: leased.registration, revision: leased.revision };
        Told { lease: leased.lease, stored, written, later }
    }

    /// An answer is never given up: its waits grow to an hour and stay there.
    fn deferral(&self, leased: &Leased, fault: &Fault) -> Deferral {
        let now = self.base.now();
        let (tries, since) = leased.tries;
        let work = Work { tries, since, starts: Timestamp::MAX, ends: Timestamp::MAX };
        let policy = &self.base.policies.retry;
        let at = match judge(fault, &work, now, self.base.jitter(), policy) {
            Verdict::Again { at, .. } | Verdict::Ambiguous { at, .. } => at,
            Verdict::Hold(_) => later(now, policy.permission_probe),
        };
        Deferral { at, tries: tries + 1, since: since.unwrap_or(now) }
    }

    async fn settle(&self, mut todo: Vec<Told>) -> Result<StepReport, StoreError> {
        let mut report = StepReport::idle(Rest::Idle);
        while !todo.is_empty() {
            let ends: Vec<Settlement> = todo.iter().map(|told| self.end(told)).collect();
            let answers = self.base.ports.worklist.settle(&ends).await?;
            let mut again = vec![];
            for (told, answer) in todo.into_iter().zip(answers) {
                match answer {
                    Settled::Done(_) if told.later.is_some() => report.deferred += 1,
                    Settled::Done(_) => report.settled += 1,
                    Settled::Moved(current) => again.push(Told { stored: *current, ..told }),
                    // Whoever has it now writes the same answer again, which changes nothing.
                    Settled::Fenced => {}
                }
            }
            todo = again;
        }
        Ok(report)
    }

    fn end(&self, told: &Told) -> Settlement {
        let now = self.base.now();
        let mut next = told.stored.item.clone();
        let mut facts: Vec<Fact> = vec![];
        for (source, answer) in &told.written {
            let input = Input::Answered { source: *source, answer: answer.clone() };
            if let Ok(Step::Moved { next: moved, fact }) =
                next.on(input, now, &self.base.policies.registration)
            {
                next = moved;
                facts.push(registration_fact(&told.stored.item.key, fact, now));
            }
        }
        let next = (!facts.is_empty()).then_some(next);
        Settlement { lease: told.lease, expected: told.stored.revision, next, facts, later: told.later }
    }
}

/// The answers of one registration, no more than fit into a batch; what is left stays due.
fn due(registration: &Registration) -> Vec<(SourceId, Answer)> {
    let mut due = registration.answers_due();
    due.truncate(AnswerBatch::LARGEST);
    due
}

/// As many registrations as fit into one batch, and the rest.
fn one_batch(leased: Vec<Leased>) -> (Vec<Leased>, Vec<Leased>) {
    let (mut some, mut rest, mut items) = (vec![], vec![], 0);
    for leased in leased {
        items += due(&leased.registration).len();
        if items <= AnswerBatch::LARGEST || some.is_empty() {
            some.push(leased);
        } else {
            rest.push(leased);
        }
    }
    (some, rest)
}
