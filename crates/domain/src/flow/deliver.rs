//! Deliver: makes the provider equal to what the CRM wants, one call at a time and person.
//!
//! Four verbs: [`take`](Deliver::take) claims, [`begin`](Deliver::begin) journals (rule D2), [`send`](Deliver::send)
//! makes one call, [`finish`](Deliver::finish) settles. [`step`](Deliver::step) composes them.

use std::collections::BTreeMap;

use super::keyholder::slot;
use super::{Base, Rest, StepReport, Topic, registration_fact};
use crate::credential::Purpose;
use crate::fact::{FactKind, Step};
use crate::fault::{Code, Fault, FaultKind, Missing, Peer, Verdict, Work, judge, unclear};
use crate::id::{OrganizationId, ProviderEventId, Revision, Stored, WebinarId};
use crate::person::{Details, SealedDetails};
use crate::port::{
    Amendment, ClaimOrder, CredentialProvider as _, Journalled, Lane, Lease, Leased, Opening, PersonOrder,
    RegisterOrder, RevealOrder, Settled, Settlement, StoreError,
};
use crate::registration::{Call, Effect, Input, Outcome, Phase, Registration};
use crate::time::{Timestamp, later};
use crate::webinar::Webinar;

/// Brings registrations to the provider.
#[derive(Clone)]
pub struct Deliver {
    base: Base,
}

/// A registration in hand, to be journalled.
#[derive(Clone, Debug)]
pub struct Delivery {
    leased: Leased,
    webinar: Webinar,
    event: ProviderEventId,
    details: Details,
}

/// A registration that is journalled: the call may go out.
#[derive(Clone, Debug)]
pub struct Sent {
    registration: Registration,
    lease: Lease,
    revision: Revision,
    call: Call,
    webinar: Webinar,
    event: ProviderEventId,
    details: Details,
}

/// A call with its end.
#[derive(Clone, Debug)]
pub struct Delivered {
    sent: Sent,
    end: Result<Outcome, Fault>,
}

impl Delivered {
    /// The fault, if the call ended in one.
    pub fn fault(&self) -> Option<&Fault> {
        self.end.as_ref().err()
    }
}

impl Deliver {
    pub(crate) const fn new(base: Base) -> Self {
        Self { base }
    }

    /// Delivers up to `limit` registrations, one call after another.
    pub async fn step(&self, limit: u32) -> Result<StepReport, StoreError> {
        let (deliveries, mut report) = self.take(limit).await?;
        let mut ends = vec![];
        for sent in self.begin(deliveries).await? {
            ends.push(self.send(sent).await);
        }
        report.add(self.finish(ends).await?);
        Ok(report)
    }

    /// Claims what is due, the most urgent first, and opens the details. Attempts that somebody left open are turned
    /// into doubts. The report says when to come back if nothing was taken.
    pub async fn take(&self, limit: u32) -> Result<(Vec<Delivery>, StepReport), StoreError> {
        let mut report = StepReport::idle(Rest::Idle);
        let mut taken = vec![];
        let now = self.base.now();
        let ready = self.base.ports.worklist.ready(Lane::Deliver, now).await?;
        let share = limit.div_ceil(u32::try_from(ready.len().max(1)).unwrap_or(u32::MAX)).max(1);
        for ready in ready {
            let rest = match Rest::until(ready.at, now) {
                Rest::Now => self.may_work(ready.organization, now).await?,
                rest => rest,
            };
            if rest != Rest::Now {
                report.rest = report.rest.or_sooner(rest);
                continue;
            }
            let left = limit.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX));
            let (deliveries, some) = self.take_from(ready.organization, share.min(left)).await?;
            taken.extend(deliveries);
            report.add(some);
        }
        Ok((taken, report))
    }

    /// Whether an organization's vault and credential are at hand; else until when it rests.
    async fn may_work(&self, id: OrganizationId, now: Timestamp) -> Result<Rest, StoreError> {
        if let Some(until) = self.base.standing.rests(id, &[Topic::Vault, Topic::Provider], now) {
            return Ok(Rest::Until(until));
        }
        match self.base.keyholder.current(&slot(id, Purpose::Provider)).await {
            Ok(_) => {
                self.base.standing.clear(id, Topic::Vault);
                self.base.standing.clear(id, Topic::Provider);
                Ok(Rest::Now)
            }
            Err(fault) => {
                let soon = later(now, self.base.policies.outage_rest);
                Ok(Rest::Until(self.base.trouble(id, &fault).await?.unwrap_or(soon)))
            }
        }
    }

    async fn take_from(
        &self,
        organization: OrganizationId,
        limit: u32,
    ) -> Result<(Vec<Delivery>, StepReport), StoreError> {
        let mut report = StepReport::idle(Rest::Idle);
        if limit == 0 {
            return Ok((vec![], StepReport::idle(Rest::Now)));
        }
        let (now, lease) = (self.base.now(), self.base.policies.lease);
        let order = ClaimOrder { organization, lane: Lane::Deliver, limit, now, lease };
        let claimed = self.base.ports.worklist.claim(&order).await?;
        if !claimed.is_empty() {
            report.rest = Rest::Now;
        }
        let webinars = self.webinars(organization, &claimed).await?;
        let (found_open, closed): (Vec<Leased>, Vec<Leased>) =
            claimed.into_iter().partition(|leased| leased.registration.open.is_some());
        report.add(self.interrupted(found_open, &webinars).await?);
        let (deliveries, some) = self.opened(organization, closed, &webinars).await?;
        report.add(some);
        Ok((deliveries, report))
    }

    async fn webinars(
        &self,
        organization: OrganizationId,
        claimed: &[Leased],
    ) -> Result<BTreeMap<WebinarId, Webinar>, StoreError> {
        let mut ids: Vec<WebinarId> = claimed.iter().map(|leased| leased.registration.key.webinar).collect();
        ids.sort_unstable();
        ids.dedup();
        let found = self.base.ports.webinars.find(&organization, &ids).await?;
        Ok(found.into_iter().flatten().map(|stored| (stored.item.id, stored.item)).collect())
    }

    /// Nobody will report the end of these attempts any more: they are ambiguous (rules L4, A1).
    async fn interrupted(
        &self,
        found: Vec<Leased>,
        webinars: &BTreeMap<WebinarId, Webinar>,
    ) -> Result<StepReport, StoreError> {
        let ends = found.into_iter().map(|leased| {
            let webinar = webinars.get(&leased.registration.key.webinar);
            let now = self.base.now();
            let work = work(&leased.registration, webinar, now);
            let verdict = unclear(&work, now, self.base.jitter(), &self.base.policies.retry);
            let stored = Stored { item: leased.registration, revision: leased.revision };
            (leased.lease, stored, Input::Interrupted { verdict })
        });
        self.settle(ends.collect()).await
    }

    /// Opens the details of what is in hand; without them nothing is sent, and the leases go back.
    async fn opened(
        &self,
        organization: OrganizationId,
        leased: Vec<Leased>,
        webinars: &BTreeMap<WebinarId, Webinar>,
    ) -> Result<(Vec<Delivery>, StepReport), StoreError> {
        let mut order = RevealOrder { organization, sealed: vec![] };
        let mut ready = vec![];
        let mut back = vec![];
        for leased in leased {
            let webinar = webinars.get(&leased.registration.key.webinar);
            let event = webinar.and_then(Webinar::target);
            match (webinar, event, sealed(&leased.registration)) {
                (Some(webinar), Some(event), Some(sealed)) => {
                    order.sealed.push(sealed);
                    ready.push((leased, webinar.clone(), event.clone()));
                }
                _ => back.push(leased),
            }
        }
        let revealed =
            if ready.is_empty() { Ok(vec![]) } else { self.base.ports.privacy.reveal(&order).await };
        let mut report = StepReport::idle(Rest::Idle);
        let deliveries = match revealed {
            Ok(details) => {
                let one = |((leased, webinar, event), details)| Delivery { leased, webinar, event, details };
                ready.into_iter().zip(details).map(one).collect()
            }
            Err(fault) => {
                let soon = later(self.base.now(), self.base.policies.outage_rest);
                self.base.trouble(organization, &fault).await?;
                let what = fault.to_string();
                self.base.standing.note(organization, Topic::Vault, what, self.base.now(), soon);
                back.extend(ready.into_iter().map(|(leased, ..)| leased));
                report.rest = Rest::Until(soon);
                vec![]
            }
        };
        self.give_back(back).await?;
        Ok((deliveries, report))
    }

    /// A clean release: nothing happened, nothing is counted.
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

    /// Gives back what will not be sent, when the process ends.
    pub async fn release(&self, deliveries: Vec<Delivery>) -> Result<(), StoreError> {
        self.give_back(deliveries.into_iter().map(|delivery| delivery.leased).collect()).await
    }

    /// Journals the attempts: what comes back is on disk, and may be sent.
    pub async fn begin(&self, deliveries: Vec<Delivery>) -> Result<Vec<Sent>, StoreError> {
        let now = self.base.now();
        let mut back = vec![];
        let mut opening = vec![];
        for delivery in deliveries {
            // Too little of the lease is left for a whole call (rule L1).
            let late = delivery.leased.lease.until < later(now, self.base.policies.call_room);
            match self.attempt(&delivery, now) {
                Some(open) if !late => opening.push((delivery, open)),
                _ => back.push(delivery.leased),
            }
        }
        self.give_back(back).await?;
        let orders: Vec<Opening> = opening.iter().map(|(_, (order, _))| order.clone()).collect();
        let journalled =
            if orders.is_empty() { vec![] } else { self.base.ports.worklist.journal(&orders).await? };
        let mut sent = vec![];
        let mut moved = vec![];
        for ((delivery, (order, call)), answer) in opening.into_iter().zip(journalled) {
            match answer {
                Journalled::Open(revision) => sent.push(delivery.sent(order.next, revision, call)),
                // What is wanted changed under our hands: the next claim sees it as it is now.
                Journalled::Moved(stored) => {
                    moved.push(Leased { revision: stored.revision, ..delivery.leased });
                }
                Journalled::Fenced => {}
            }
        }
        self.give_back(moved).await?;
        Ok(sent)
    }

    fn attempt(&self, delivery: &Delivery, now: Timestamp) -> Option<(Opening, Call)> {
        let leased = &delivery.leased;
        let call = leased.registration.next_call();
        let step = leased.registration.on(Input::Opened(call), now, &self.base.policies.registration).ok()?;
        let Step::Moved { next, fact } = step else { return None };
        let facts = vec![registration_fact(&leased.registration.key, fact, now)];
        let opening = Opening { lease: leased.lease, expected: leased.revision, next, facts, now };
        Some((opening, call))
    }

    /// Makes the one call.
    pub async fn send(&self, sent: Sent) -> Delivered {
        let registrar = self.base.ports.registrar.as_ref();
        let key = &sent.registration.key;
        let person = || PersonOrder {
            organization: key.organization,
            event: sent.event.clone(),
            address: sent.details.address.clone(),
        };
        let order = || RegisterOrder {
            organization: key.organization,
            event: sent.event.clone(),
            details: sent.details.clone(),
            correlation: key.correlation(),
        };
        let end = match sent.call {
            Call::Register(_) => registrar.register(&order()).await,
            Call::Amend(_) => registrar.amend(&order()).await,
            Call::Cancel => registrar.cancel(&person()).await,
            Call::Forget => registrar.forget(&person()).await,
        };
        Delivered { sent, end }
    }

    /// The call was given up: it may have happened.
    pub fn abandoned(&self, sent: Sent) -> Delivered {
        let code = Code::new("bridge.abandoned");
        let fault = Fault::new(FaultKind::Ambiguous, Peer::Provider, "deliver", code);
        Delivered { sent, end: Err(fault) }
    }

    /// Settles ends: state, facts and leases together.
    pub async fn finish(&self, ends: Vec<Delivered>) -> Result<StepReport, StoreError> {
        let mut inputs = vec![];
        for Delivered { sent, end } in ends {
            let input = match end {
                Ok(outcome) => self.fitting(&sent, outcome),
                Err(fault) => {
                    self.base.trouble(sent.registration.key.organization, &fault).await?;
                    Input::Faulted { verdict: self.verdict(&sent, &fault) }
                }
            };
            let stored = Stored { item: sent.registration, revision: sent.revision };
            inputs.push((sent.lease, stored, input));
        }
        self.settle(inputs).await
    }

    /// An answer that does not fit its call says nothing: the outcome is unclear.
    fn fitting(&self, sent: &Sent, outcome: Outcome) -> Input {
        let now = self.base.now();
        let input = Input::Replied(outcome);
        if sent.registration.on(input.clone(), now, &self.base.policies.registration).is_ok() {
            return input;
        }
        let work = work(&sent.registration, Some(&sent.webinar), now);
        Input::Faulted { verdict: unclear(&work, now, self.base.jitter(), &self.base.policies.retry) }
    }

    fn verdict(&self, sent: &Sent, fault: &Fault) -> Verdict {
        let now = self.base.now();
        let work = work(&sent.registration, Some(&sent.webinar), now);
        // A peer on the way to the provider was in trouble: the call was not made, and the row is not to blame.
        let elsewhere = fault.peer != Peer::Provider;
        let unsent = fault.kind == FaultKind::Gone { what: Missing::Credential };
        if elsewhere || unsent || fault.code == super::keyholder::CREDENTIAL {
            return Verdict::Again { at: later(now, self.base.policies.outage_rest), counted: false };
        }
        judge(fault, &work, now, self.base.jitter(), &self.base.policies.retry)
    }

    /// Applies each input and stores the result; to the newer state, where the row changed meanwhile; as a stray, where
    /// the lease is gone.
    async fn settle(
        &self,
        mut todo: Vec<(Lease, Stored<Registration>, Input)>,
    ) -> Result<StepReport, StoreError> {
        let mut report = StepReport::idle(Rest::Idle);
        let mut strays = vec![];
        while !todo.is_empty() {
            let now = self.base.now();
            let ends: Vec<(Settlement, FactKind)> =
                todo.iter().map(|(lease, stored, input)| self.end(*lease, stored, input, now)).collect();
            let settlements: Vec<Settlement> = ends.iter().map(|(end, _)| end.clone()).collect();
            let answers = self.base.ports.worklist.settle(&settlements).await?;
            let mut again = vec![];
            for (((lease, stored, input), (_, kind)), answer) in todo.into_iter().zip(ends).zip(answers) {
                match answer {
                    Settled::Done(_) => count(&mut report, kind),
                    Settled::Moved(current) => again.push((lease, *current, input)),
                    Settled::Fenced => {
                        strays.extend(stray(&stored.item, &input).map(|e| (stored.item.key, e)));
                    }
                }
            }
            todo = again;
        }
        for (key, effect) in strays {
            self.strayed(key, effect).await?;
        }
        Ok(report)
    }

    fn end(
        &self,
        lease: Lease,
        stored: &Stored<Registration>,
        input: &Input,
        now: Timestamp,
    ) -> (Settlement, FactKind) {
        let step = stored.item.on(input.clone(), now, &self.base.policies.registration);
        let (next, kind) = match step {
            Ok(Step::Moved { next, fact }) => (Some(next), fact),
            Ok(Step::Noted { next }) => (Some(next), FactKind::AttemptDeferred),
            // Nothing to store: the lease goes back, and the next claim looks again.
            Ok(Step::Ignored(_)) | Err(_) => (None, FactKind::AttemptDeferred),
        };
        let facts =
            if next.is_some() { vec![registration_fact(&stored.item.key, kind, now)] } else { vec![] };
        (Settlement { lease, expected: stored.revision, next, facts, later: None }, kind)
    }

    /// An answer came after its lease was gone: it is evidence all the same.
    async fn strayed(
        &self,
        key: crate::registration::RegistrationKey,
        effect: Effect,
    ) -> Result<(), StoreError> {
        loop {
            let found = self.base.ports.books.find(&[key]).await?.into_iter().next().flatten();
            let Some(Stored { item, revision }) = found else { return Ok(()) };
            let now = self.base.now();
            let step = item.on(Input::Strayed(effect), now, &self.base.policies.registration);
            let Ok(Step::Moved { next, fact }) = step else { return Ok(()) };
            let facts = vec![registration_fact(&key, fact, now)];
            let change = Amendment { expected: revision, next, facts };
            match self.base.ports.worklist.amend(&[change]).await?.into_iter().next() {
                Some(Settled::Moved(_)) => {}
                Some(Settled::Done(_) | Settled::Fenced) | None => return Ok(()),
            }
        }
    }
}

impl Delivery {
    fn sent(self, registration: Registration, revision: Revision, call: Call) -> Sent {
        let Self { leased, webinar, event, details } = self;
        Sent { registration, lease: leased.lease, revision, call, webinar, event, details }
    }
}

/// The sealed details that the next call is about, with the row they are bound to.
fn sealed(registration: &Registration) -> Option<(uuid::Uuid, SealedDetails)> {
    registration.details().map(|(source, sealed)| (source.uuid(), sealed.clone()))
}

fn work(registration: &Registration, webinar: Option<&Webinar>, now: Timestamp) -> Work {
    let (tries, since) = match registration.phase {
        Phase::Due { tries, since, .. } => (tries, since),
        Phase::Settled | Phase::Held { .. } | Phase::Erased => (0, None),
    };
    let (starts, ends) = webinar.map_or((now, now), |webinar| (webinar.starts, webinar.ends));
    Work { tries, since, starts, ends }
}

/// What may have landed although nobody could settle it.
fn stray(registration: &Registration, input: &Input) -> Option<Effect> {
    let landed = match input {
        Input::Replied(Outcome::Refused(_) | Outcome::TooLate) => false,
        Input::Replied(_) => true,
        Input::Faulted { verdict } => matches!(verdict, Verdict::Ambiguous { .. }),
        _ => false,
    };
    registration.open.filter(|_| landed).map(|attempt| attempt.call.effect())
}

const fn count(report: &mut StepReport, kind: FactKind) {
    match kind {
        FactKind::RegistrationHeld => report.held += 1,
        FactKind::AttemptDeferred | FactKind::OutcomeUnknown => report.deferred += 1,
        _ => report.settled += 1,
    }
}
