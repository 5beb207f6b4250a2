//! The ends of deliveries: what a reply or a fault makes of a registration, stored with the lease it was made under.

use std::collections::BTreeMap;

use super::deliver::{Deliver, Delivered, Sent, UNREADABLE, budget};
use super::gates::{is_carried, met};
use super::{Rest, StepReport, Topic, registration_fact};
use crate::fact::{FactKind, Step};
use crate::fault::{Code, Fault, FaultKind, Missing, Peer, Verdict, Work, judge, unclear};
use crate::id::OrganizationId;
use crate::id::Stored;
use crate::pace::Met;
use crate::port::{Amendment, GateKey, Lease, PutOff, Settled, Settlement, StoreError};
use crate::registration::{Cause, Effect, Input, Outcome, Phase, Registration, RegistrationKey};
use crate::time::{Timestamp, later};
use crate::webinar::Webinar;

/// An input for a registration that is leased.
pub(super) type End = (Lease, Stored<Registration>, Input);

impl Deliver {
    /// Settles ends: state, facts and leases together.
    pub async fn finish(&self, ends: Vec<Delivered>) -> Result<StepReport, StoreError> {
        if ends.is_empty() {
            return Ok(StepReport::idle(Rest::Idle));
        }
        let mut inputs = vec![];
        let mut met = Meetings::default();
        let traits = self.base.ports.registrar.traits();
        for Delivered { sent, end } in ends {
            let group = budget(&traits, sent.call).group;
            let organization = sent.registration.key.organization;
            let input = match end {
                Ok(outcome) => {
                    self.base.standing.clear(organization, Topic::Provider);
                    met.passed(organization, group);
                    self.fitting(&sent, outcome)
                }
                Err(fault) => {
                    if fault.kind == (FaultKind::Gone { what: Missing::Webinar }) {
                        self.unknown_event(&sent).await?;
                    }
                    let rests = self.base.trouble(organization, &fault).await?.is_some();
                    if rests || !matches!(fault.kind, FaultKind::Unauthorised { .. }) {
                        met.failed(organization, group, &fault);
                    }
                    Input::Faulted { verdict: self.verdict(&sent, &fault, rests) }
                }
            };
            let stored = Stored { item: sent.registration, revision: sent.revision };
            inputs.push((sent.lease, stored, input));
        }
        self.base.met(met.into_reports()).await?;
        self.settle(inputs).await
    }

    /// The provider does not know the event that the CRM names: everybody waits for its next look, and somebody must
    /// correct it.
    async fn unknown_event(&self, sent: &Sent) -> Result<(), StoreError> {
        let (event, webinar) = (sent.event.as_str(), sent.webinar.id);
        let what = format!("the provider does not know the event {event} that the event {webinar} names");
        let now = self.base.now();
        self.base.standing.note(sent.webinar.organization, Topic::Links, what, now, now);
        let fault = FaultKind::Gone { what: Missing::Webinar };
        let fault = Fault::new(fault, Peer::Provider, "deliver", Code::new("bridge.event_missing"));
        let work = work(&sent.registration, Some(&sent.webinar), now);
        if let Verdict::Again { at, .. } =
            judge(&fault, &work, now, self.base.jitter(), &self.base.policies.retry)
        {
            let put_off = PutOff { organization: sent.webinar.organization, webinar, until: at };
            self.base.ports.worklist.put_off(&put_off).await?;
        }
        Ok(())
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

    /// `rests`: the fault keeps the whole organization from working.
    fn verdict(&self, sent: &Sent, fault: &Fault, rests: bool) -> Verdict {
        let now = self.base.now();
        if fault.code == UNREADABLE {
            return Verdict::Hold(Cause::Invalid(UNREADABLE));
        }
        let unsent = fault.peer != Peer::Provider
            || fault.kind == FaultKind::Gone { what: Missing::Credential }
            || fault.code == super::keyholder::CREDENTIAL;
        // A newer credential is in use already.
        let outdated = matches!(fault.kind, FaultKind::Unauthorised { .. }) && !rests;
        // The call was not made, or not as it would be now: the row is not to blame.
        if unsent || outdated {
            return Verdict::Again { at: later(now, self.base.policies.outage_rest), counted: false };
        }
        // The gate carries the wait, for all rows at once.
        if self.base.policies.pace.paced && is_carried(fault) {
            return Verdict::Again { at: now, counted: false };
        }
        let work = work(&sent.registration, Some(&sent.webinar), now);
        judge(fault, &work, now, self.base.jitter(), &self.base.policies.retry)
    }

    /// Applies each input and stores the result; to the newer state, where the row changed meanwhile; as a stray, where
    /// the lease is gone.
    pub(super) async fn settle(&self, mut todo: Vec<End>) -> Result<StepReport, StoreError> {
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
        let (next, fact) = match step {
            Ok(Step::Moved { next, fact }) => (Some(next), Some(fact)),
            Ok(Step::Noted { next }) => (Some(next), None),
            // Nothing to store: the lease goes back, and the next claim looks again.
            Ok(Step::Ignored(_)) | Err(_) => (None, None),
        };
        let facts = fact.map(|kind| registration_fact(&stored.item.key, kind, now)).into_iter().collect();
        let kind = fact.unwrap_or(FactKind::AttemptDeferred);
        (Settlement { lease, expected: stored.revision, next, facts, later: None }, kind)
    }

    /// An answer came after its lease was gone: it is evidence all the same.
    async fn strayed(&self, key: RegistrationKey, effect: Effect) -> Result<(), StoreError> {
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

/// What the calls of one batch met, by gate.
#[derive(Default)]
struct Meetings(BTreeMap<(OrganizationId, &'static str), (u32, Vec<Met>)>);

impl Meetings {
    fn passed(&mut self, organization: OrganizationId, group: &'static str) {
        self.0.entry((organization, group)).or_default().0 += 1;
    }

    fn failed(&mut self, organization: OrganizationId, group: &'static str, fault: &Fault) {
        self.0.entry((organization, group)).or_default().1.extend(met(fault));
    }

    /// What passed comes first: of a batch in which some passed and some did not, the peer's last word counts.
    fn into_reports(self) -> Vec<(GateKey, Met)> {
        let mut all = vec![];
        for ((organization, group), (passed, troubles)) in self.0 {
            let key = GateKey { organization, peer: Peer::Provider, group: group.to_owned() };
            let passed = (passed > 0).then_some(Met::Passed(passed));
            all.extend(passed.into_iter().chain(troubles).map(|met| (key.clone(), met)));
        }
        all
    }
}

pub(super) fn work(registration: &Registration, webinar: Option<&Webinar>, now: Timestamp) -> Work {
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
        FactKind::RegistrationHeld | FactKind::CancelBraked => report.held += 1,
        FactKind::AttemptDeferred | FactKind::OutcomeUnknown => report.deferred += 1,
        _ => report.settled += 1,
    }
}
