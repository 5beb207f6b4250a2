//! Deliver: makes the provider equal to what the CRM wants, one call at a time and person.
//!
//! Four verbs: [`take`](Deliver::take) claims, [`begin`](Deliver::begin) journals (rule D2), [`send`](Deliver::send)
//! makes one call, [`finish`](Deliver::finish) settles. [`step`](Deliver::step) composes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::keyholder::slot;
use super::settle::work;
use super::{Base, Rest, StepReport, Topic, of_the_vault, registration_fact};
use crate::credential::Purpose;
use crate::fact::Step;
use crate::fault::{Code, Fault, FaultKind, Peer, unclear};
use crate::id::{OrganizationId, ProviderEventId, Revision, Stored, WebinarId};
use crate::pace::{Grant, Want, is_near};
use crate::person::{Details, SealedDetails};
use crate::port::{
    Budget, ClaimOrder, CredentialProvider as _, Deferral, Journalled, Lane, Lease, Leased, Opening,
    PersonOrder, ProviderTraits, Ready, RegisterOrder, RevealOrder, Settlement, StoreError,
};
use crate::registration::{Brake, Call, Input, Outcome, Registration};
use crate::share::{Claimant, Share};
use crate::time::{SignedDuration, Timestamp, later};
use crate::webinar::Webinar;

/// Brings registrations to the provider.
#[derive(Clone)]
pub struct Deliver {
    pub(super) base: Base,
    share: Arc<Mutex<Share>>,
}

/// A registration in hand, to be journalled.
#[derive(Clone, Debug)]
pub struct Delivery {
    leased: Leased,
    /// When the claim was about to be made, by the clock that cannot be set.
    claimed: SignedDuration,
    webinar: Webinar,
    event: ProviderEventId,
    /// `None`: they cannot be opened.
    details: Option<Details>,
}

/// A registration that is journalled: the call may go out.
#[derive(Clone, Debug)]
pub struct Sent {
    pub(super) registration: Registration,
    pub(super) lease: Lease,
    pub(super) revision: Revision,
    pub(super) call: Call,
    pub(super) webinar: Webinar,
    pub(super) event: ProviderEventId,
    details: Option<Details>,
}

/// A call with its end.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub(super) sent: Sent,
    pub(super) end: Result<Outcome, Fault>,
}

/// The code of the fault of somebody whose details do not open, although others' do.
pub(super) const UNREADABLE: Code = Code::new("bridge.details_unreadable");

/// What was claimed, with where it goes.
type Bound = (Leased, Webinar, ProviderEventId);

impl Sent {
    /// Whose it is.
    pub const fn organization(&self) -> OrganizationId {
        self.lease.key.organization
    }
}

impl Delivered {
    /// The fault, if the call ended in one.
    pub fn fault(&self) -> Option<&Fault> {
        self.end.as_ref().err()
    }
}

impl Deliver {
    pub(crate) fn new(base: Base) -> Self {
        Self { base, share: Arc::default() }
    }

    /// Delivers up to `limit` registrations, one call after another.
    pub async fn step(&self, limit: u32) -> Result<StepReport, StoreError> {
        let (deliveries, mut report) = self.take(limit.max(1), &BTreeMap::new()).await?;
        let mut ends = vec![];
        for sent in self.begin(deliveries).await? {
            ends.push(self.send(sent).await);
        }
        report.add(self.finish(ends).await?);
        Ok(report)
    }

    /// Claims what is due, the most urgent first, and opens the details. Attempts that somebody left open are turned
    /// into doubts. Organizations share `limit`; `in_hand` is what each has already. The report says when to come back if
    /// nothing was taken.
    pub async fn take(
        &self,
        limit: u32,
        in_hand: &BTreeMap<OrganizationId, u32>,
    ) -> Result<(Vec<Delivery>, StepReport), StoreError> {
        let mut report = StepReport::idle(Rest::Idle);
        let (mut taken, mut claimants) = (vec![], vec![]);
        let now = self.base.now();
        let ready = self.base.ports.worklist.ready(Lane::Deliver, now).await?;
        for ready in ready {
            let rest = match Rest::until(ready.at, now) {
                Rest::Now => {
                    let hurried = is_near(ready.starts, now, self.base.policies.retry.hurry);
                    self.may_work(ready.organization, hurried, now).await?
                }
                rest => rest,
            };
            if rest != Rest::Now {
                report.rest = report.rest.or_sooner(rest);
                continue;
            }
            let Ready { organization, starts, .. } = ready;
            let in_hand = in_hand.get(&organization).copied().unwrap_or(0);
            claimants.push(Claimant { organization, starts, in_hand });
        }
        for (organization, slots) in self.deal(&claimants, limit, now) {
            let (deliveries, some) = self.take_from(organization, slots).await?;
            taken.extend(deliveries);
            report.add(some);
        }
        Ok((taken, report))
    }

    fn deal(&self, claimants: &[Claimant], free: u32, now: Timestamp) -> Vec<(OrganizationId, u32)> {
        let mut share = self.share.lock().unwrap_or_else(PoisonError::into_inner);
        share.deal(claimants, free, now, &self.base.policies.share)
    }

    /// Whether an organization's vault and credential are at hand; else until when it rests.
    async fn may_work(&self, id: OrganizationId, hurried: bool, now: Timestamp) -> Result<Rest, StoreError> {
        if let Some(until) = self.base.standing.rests(id, &[Topic::Vault], now) {
            return Ok(Rest::Until(until));
        }
        if let Some(until) = self.base.gate_rests(id, Peer::Provider, hurried).await? {
            return Ok(Rest::Until(until));
        }
        match self.base.keyholder.current(&slot(id, Purpose::Provider)).await {
            Ok(_) => Ok(Rest::Now),
            Err(fault) => Ok(Rest::Until(self.base.trouble(id, &fault).await?.unwrap_or(self.soon()))),
        }
    }

    fn soon(&self) -> Timestamp {
        later(self.base.now(), self.base.policies.outage_rest)
    }

    async fn take_from(
        &self,
        organization: OrganizationId,
        limit: u32,
    ) -> Result<(Vec<Delivery>, StepReport), StoreError> {
        if limit == 0 {
            return Ok((vec![], StepReport::idle(Rest::Now)));
        }
        let (now, lease) = (self.base.now(), self.base.policies.lease);
        let steady = self.base.ports.clock.steady();
        let order = ClaimOrder { organization, lane: Lane::Deliver, limit, now, lease };
        let claimed = self.base.ports.worklist.claim(&order).await?;
        if claimed.is_empty() {
            // Somebody else was faster; should they fail, we are there again.
            return Ok((vec![], StepReport::idle(Rest::Until(self.soon()))));
        }
        let webinars = self.webinars(organization, &claimed).await?;
        let (found_open, closed): (Vec<Leased>, Vec<Leased>) =
            claimed.into_iter().partition(|leased| leased.registration.open.is_some());
        let mut report = self.interrupted(found_open, &webinars).await?;
        let (closed, braked) = self.braked(organization, closed).await?;
        report.add(braked);
        let (let_in, more_at) = self.let_in(organization, closed, &webinars).await?;
        if let (true, Some(at)) = (let_in.is_empty(), more_at) {
            report.rest = Rest::Until(at);
            return Ok((vec![], report));
        }
        let deliveries = self.opened(organization, let_in, &webinars, steady).await?;
        report.rest = if deliveries.is_none() { Rest::Until(self.soon()) } else { Rest::Now };
        Ok((deliveries.unwrap_or_default(), report))
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

    /// Holds removals of people who vanished where the brake is on (rule W8); the others go on.
    async fn braked(
        &self,
        organization: OrganizationId,
        leased: Vec<Leased>,
    ) -> Result<(Vec<Leased>, StepReport), StoreError> {
        let (vanished, mut others): (Vec<Leased>, Vec<Leased>) =
            leased.into_iter().partition(|leased| leased.registration.vanished());
        if vanished.is_empty() {
            return Ok((others, StepReport::idle(Rest::Idle)));
        }
        let mut ids: Vec<WebinarId> = vanished.iter().map(|leased| leased.registration.key.webinar).collect();
        ids.sort_unstable();
        ids.dedup();
        let brakes = self.base.ports.brakes.find(&organization, &ids).await?;
        let (now, policy) = (self.base.now(), &self.base.policies.brake);
        let is_on = |brake: &Option<Stored<Brake>>| brake.as_ref().is_some_and(|b| b.item.is_on(now, policy));
        let on: Vec<WebinarId> =
            ids.iter().zip(&brakes).filter(|(_, b)| is_on(b)).map(|(id, _)| *id).collect();
        let mut ends = vec![];
        for leased in vanished {
            if on.contains(&leased.registration.key.webinar) {
                let stored = Stored { item: leased.registration, revision: leased.revision };
                ends.push((leased.lease, stored, Input::Braked));
            } else {
                others.push(leased);
            }
        }
        Ok((others, self.settle(ends).await?))
    }

    /// Asks the gates for as many calls as are in hand. Those that are not let in go back and wait for their group's next
    /// call; the answer is what may go on, and when the first of the others may.
    async fn let_in(
        &self,
        organization: OrganizationId,
        leased: Vec<Leased>,
        webinars: &BTreeMap<WebinarId, Webinar>,
    ) -> Result<(Vec<Leased>, Option<Timestamp>), StoreError> {
        if leased.is_empty() {
            return Ok((vec![], None));
        }
        let (now, hurry) = (self.base.now(), self.base.policies.retry.hurry);
        let traits = self.base.ports.registrar.traits();
        let mut groups: BTreeMap<&'static str, (Option<u32>, Vec<Leased>)> = BTreeMap::new();
        for leased in leased {
            let budget = budget(&traits, leased.registration.next_call());
            groups.entry(budget.group).or_insert((budget.a_minute, vec![])).1.push(leased);
        }
        let near = |leased: &Leased| {
            let webinar = webinars.get(&leased.registration.key.webinar);
            webinar.is_some_and(|webinar| is_near(webinar.starts, now, hurry))
        };
        let want = |leased: &[Leased]| {
            let retries = leased.iter().filter(|leased| leased.tries.0 > 0).count();
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            Want {
                fresh: count(leased.len() - retries),
                retries: count(retries),
                hurried: leased.iter().any(near),
            }
        };
        let wants = groups.iter().map(|(group, (begins_at, leased))| (*group, want(leased), *begins_at));
        let grants = self.base.granted(organization, Peer::Provider, wants.collect()).await?;
        let (mut let_in, mut first) = (vec![], None::<Timestamp>);
        for ((_, leased), grant) in groups.into_values().zip(grants) {
            let (kept, back, more_at) = split(leased, grant);
            let_in.extend(kept);
            if !back.is_empty() {
                first = Some(first.map_or(more_at, |first| first.min(more_at)));
                // A group that rests lets others go first.
                let rests = matches!(grant, Grant::Rest(_)).then(|| more_at.duration_since(now));
                self.give_back(back, rests).await?;
            }
        }
        Ok((let_in, first))
    }

    /// Opens the details of what is in hand. `None`: they cannot be opened now, nothing is sent, the leases went back.
    async fn opened(
        &self,
        organization: OrganizationId,
        leased: Vec<Leased>,
        webinars: &BTreeMap<WebinarId, Webinar>,
        claimed: SignedDuration,
    ) -> Result<Option<Vec<Delivery>>, StoreError> {
        let mut order = RevealOrder { organization, sealed: vec![] };
        let (mut ready, mut stuck) = (vec![], vec![]);
        for leased in leased {
            let webinar = webinars.get(&leased.registration.key.webinar);
            let event = webinar.and_then(Webinar::target);
            match (webinar, event, sealed(&leased.registration)) {
                (Some(webinar), Some(event), Some(sealed)) => {
                    order.sealed.push(sealed);
                    ready.push((leased, webinar.clone(), event.clone()));
                }
                _ => stuck.push(leased),
            }
        }
        // Without an event or a person there is nothing to send, and looking again at once would change nothing.
        self.give_back(stuck, Some(self.base.policies.outage_rest)).await?;
        match self.revealed(order).await {
            Ok(details) => Ok(Some(with_details(ready, details, claimed))),
            Err(fault) => self.sealed_still(organization, ready, &fault).await.map(|()| None),
        }
    }

    /// Details, in order; `None`: these cannot be opened, although others can.
    async fn revealed(&self, order: RevealOrder) -> Result<Vec<Option<Details>>, Fault> {
        let organization = order.organization;
        if order.sealed.is_empty() {
            return Ok(vec![]);
        }
        let whole = match self.base.ports.privacy.reveal(&order).await {
            Ok(details) => {
                self.base.standing.clear(organization, Topic::Vault);
                return Ok(details.into_iter().map(Some).collect());
            }
            Err(fault) => fault,
        };
        if !is_of_a_row(&whole) {
            return Err(whole);
        }
        let mut all = vec![];
        for sealed in order.sealed {
            match self.base.ports.privacy.reveal(&RevealOrder { organization, sealed: vec![sealed] }).await {
                Ok(details) => all.extend(details.into_iter().map(Some)),
                Err(fault) if is_of_a_row(&fault) => all.push(None),
                Err(fault) => return Err(fault),
            }
        }
        // If none can be opened it is the key that is wrong, and nobody is to blame.
        if all.iter().all(Option::is_none) { Err(whole) } else { Ok(all) }
    }

    /// The leases go back, and the organization rests. What was not valid lets others go first.
    async fn sealed_still(
        &self,
        organization: OrganizationId,
        ready: Vec<Bound>,
        fault: &Fault,
    ) -> Result<(), StoreError> {
        self.base.trouble(organization, &of_the_vault(fault.clone())).await?;
        let aside = is_of_a_row(fault).then_some(self.base.policies.retry.credential_probe);
        self.give_back(ready.into_iter().map(|(leased, ..)| leased).collect(), aside).await
    }

    /// A clean release: nothing happened, nothing is counted.
    async fn give_back(&self, leased: Vec<Leased>, wait: Option<SignedDuration>) -> Result<(), StoreError> {
        if leased.is_empty() {
            return Ok(());
        }
        let now = self.base.now();
        let release = |leased: Leased| {
            let (tries, since) = leased.tries;
            let later =
                wait.map(|wait| Deferral { at: later(now, wait), tries, since: since.unwrap_or(now) });
            let (lease, expected) = (leased.lease, leased.revision);
            Settlement { lease, expected, next: None, facts: vec![], later }
        };
        let ends: Vec<Settlement> = leased.into_iter().map(release).collect();
        self.base.ports.worklist.settle(&ends).await.map(drop)
    }

    /// Gives back what will not be sent, when the process ends.
    pub async fn release(&self, deliveries: Vec<Delivery>) -> Result<(), StoreError> {
        self.give_back(deliveries.into_iter().map(|delivery| delivery.leased).collect(), None).await
    }

    /// Journals the attempts: what comes back is on disk, and may be sent.
    pub async fn begin(&self, deliveries: Vec<Delivery>) -> Result<Vec<Sent>, StoreError> {
        let now = self.base.now();
        let mut back = vec![];
        let mut opening = vec![];
        for delivery in deliveries {
            let late = self.base.is_late(delivery.claimed);
            match self.attempt(&delivery, now) {
                Some(open) if !late => opening.push((delivery, open)),
                _ => back.push(delivery.leased),
            }
        }
        self.give_back(back, None).await?;
        let orders: Vec<Opening> = opening.iter().map(|(_, (order, _))| order.clone()).collect();
        let journalled =
            if orders.is_empty() { vec![] } else { self.base.ports.worklist.journal(&orders).await? };
        let mut sent = vec![];
        let mut unsent = vec![];
        for ((delivery, (order, call)), answer) in opening.into_iter().zip(journalled) {
            match answer {
                Journalled::Open(revision) => sent.push(delivery.sent(order.next, revision, call)),
                // What is wanted changed under our hands: the next claim sees it as it is now.
                Journalled::Moved(stored) => {
                    unsent.push(Leased { revision: stored.revision, ..delivery.leased });
                }
                // The lease is over, which giving it back does not change; or the organization does not work any
                // more, and waits for its leases.
                Journalled::Fenced => unsent.push(delivery.leased),
            }
        }
        self.give_back(unsent, None).await?;
        Ok(sent)
    }

    fn attempt(&self, delivery: &Delivery, now: Timestamp) -> Option<(Opening, Call)> {
        let leased = &delivery.leased;
        let call = leased.registration.next_call();
        let step = leased.registration.on(Input::Opened(call), now, &self.base.policies.registration).ok()?;
        let Step::Moved { mut next, fact } = step else { return None };
        next.event = Some(delivery.event.clone());
        let facts = vec![registration_fact(&leased.registration.key, fact, now)];
        let opening = Opening { lease: leased.lease, expected: leased.revision, next, facts, now };
        Some((opening, call))
    }

    /// Makes the one call.
    pub async fn send(&self, sent: Sent) -> Delivered {
        let registrar = self.base.ports.registrar.as_ref();
        let key = &sent.registration.key;
        let (organization, event) = (key.organization, sent.event.clone());
        let Some(details) = sent.details.clone() else {
            let field = FaultKind::Invalid { field: UNREADABLE };
            return Delivered { sent, end: Err(Fault::new(field, Peer::Vault, "reveal", UNREADABLE)) };
        };
        let person = || PersonOrder { organization, event: event.clone(), address: details.address.clone() };
        let order = || RegisterOrder {
            organization,
            event: event.clone(),
            details: details.clone(),
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
}

impl Delivery {
    /// Whether the last ones to have this registration in hand never came back: it goes alone, so that no neighbour is
    /// taken along should it be to blame (rule R4).
    pub const fn goes_alone(&self) -> bool {
        self.leased.registration.takeovers > 0
    }

    /// Whose it is.
    pub const fn organization(&self) -> OrganizationId {
        self.leased.lease.key.organization
    }

    fn sent(self, registration: Registration, revision: Revision, call: Call) -> Sent {
        let Self { leased, webinar, event, details, .. } = self;
        Sent { registration, lease: leased.lease, revision, call, webinar, event, details }
    }
}

/// The budget that a call is of.
pub(super) const fn budget(traits: &ProviderTraits, call: Call) -> Budget {
    match call {
        Call::Register(_) | Call::Cancel => traits.register,
        Call::Amend(_) => traits.amend,
        Call::Forget => traits.forget,
    }
}

/// What a grant lets in, the most urgent first; the others, and when more may come.
fn split(leased: Vec<Leased>, grant: Grant) -> (Vec<Leased>, Vec<Leased>, Timestamp) {
    let (mut fresh, mut retries, more_at) = match grant {
        Grant::Calls { fresh, retries, more_at } => (fresh, retries, more_at),
        Grant::Rest(until) => (0, 0, until),
    };
    let (mut kept, mut back) = (vec![], vec![]);
    for leased in leased {
        let left = if leased.tries.0 > 0 { &mut retries } else { &mut fresh };
        if *left > 0 {
            *left -= 1;
            kept.push(leased);
        } else {
            back.push(leased);
        }
    }
    (kept, back, more_at)
}

/// The sealed details that the next call is about, with the row they are bound to.
fn sealed(registration: &Registration) -> Option<(uuid::Uuid, SealedDetails)> {
    registration.details().map(|(source, sealed)| (source.uuid(), sealed.clone()))
}

fn with_details(ready: Vec<Bound>, details: Vec<Option<Details>>, claimed: SignedDuration) -> Vec<Delivery> {
    let one = |((leased, webinar, event), details)| Delivery { leased, claimed, webinar, event, details };
    ready.into_iter().zip(details).map(one).collect()
}

const fn is_of_a_row(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Invalid { .. })
}
