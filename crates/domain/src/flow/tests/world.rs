//! A small world: the memory store, a pretend CRM, a pretend provider, and a bridge over them.

use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;

use super::crm::PretendCrm;
use super::keys::{Seals, Secrets};
use super::provider::PretendProvider;
use crate::balance::{Balance, Scope};
use crate::bridge::Bridge;
use crate::credential::Purpose;
use crate::flow::{Keyholder, Policies, Ports, ProbeOutcome, Rest, StepReport};
use crate::id::{CrmRecordId, OrganizationId, SourceId, WebinarId};
use crate::integration::TermsVersion;
use crate::memory::{ManualClock, MemoryStore, PlainPrivacy, SeededEntropy};
use crate::person::{Address, EmailKey};
use crate::port::{
    Books as _, Chronicle as _, ChronicleQuery, Clock as _, Entry, Intake as _, KeysOrder, Lookup,
    OpenSecret, Place, Privacy as _, Silence, StoreError,
};
use crate::registration::{Registration, RegistrationKey};
use crate::time::{SignedDuration, Timestamp};

/// When everything begins.
pub(super) const START: Timestamp = Timestamp::constant(2_000_000, 0);

/// What a future answers at once: nothing here ever waits.
pub(super) fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("a flow over doubles waits for something"),
    }
}

pub(super) fn event(n: u8) -> WebinarId {
    uuid::Uuid::from_u128(0xE0_0000 + u128::from(n)).into()
}

pub(super) fn row(n: u8) -> SourceId {
    uuid::Uuid::from_u128(0xA0_0000 + u128::from(n)).into()
}

pub(super) fn record(n: u8) -> CrmRecordId {
    uuid::Uuid::from_u128(0xC0_0000 + u128::from(n)).into()
}

pub(super) const fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

pub(super) const fn seconds(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

pub(super) fn secret(text: &str) -> OpenSecret {
    OpenSecret::new(text.to_owned().into())
}

/// The world.
pub(super) struct World {
    pub(super) clock: ManualClock,
    pub(super) store: MemoryStore,
    pub(super) crm: Arc<PretendCrm>,
    pub(super) provider: Arc<PretendProvider>,
    pub(super) secrets: Arc<Secrets>,
    pub(super) seals: Arc<Seals>,
    pub(super) bridge: Bridge,
    pub(super) org: OrganizationId,
}

impl World {
    /// A world with one organization, of which only the name is known.
    pub(super) fn dormant() -> Self {
        Self::over(|_, _| {})
    }

    /// The same, with some of it replaced.
    pub(super) fn over(change: impl FnOnce(&mut Ports, &mut Policies)) -> Self {
        let (clock, store) = (ManualClock::at(START), MemoryStore::new());
        let (crm, provider) = (Arc::new(PretendCrm::default()), Arc::new(PretendProvider::default()));
        let (secrets, seals) = (Arc::new(Secrets::default()), Arc::new(Seals::default()));
        let mut ports = ports(&clock, &store, &crm, &provider, &secrets, &seals);
        let mut policies = policies();
        change(&mut ports, &mut policies);
        let bridge = bridge(ports, policies);
        let org = done(bridge.steward.found("Contoso", None)).unwrap().id;
        Self { clock, store, crm, provider, secrets, seals, bridge, org }
    }

    /// A world at work.
    pub(super) fn new() -> Self {
        Self::dormant().activated()
    }

    pub(super) fn activated(self) -> Self {
        done(self.bridge.steward.accept_terms(self.org, TermsVersion(1))).unwrap();
        self.enter(Purpose::Crm, "crm");
        self.enter(Purpose::Provider, "provider");
        assert!(self.organization().integration.is_active());
        self.crm.calls();
        self.provider.calls();
        self
    }

    /// A second process over the same world, with some of its ports replaced.
    pub(super) fn another(&self, change: impl FnOnce(&mut Ports)) -> Bridge {
        let mut ports = self.bridge.ports().clone();
        change(&mut ports);
        bridge(ports, policies())
    }

    pub(super) fn enter(&self, purpose: Purpose, text: &str) -> ProbeOutcome {
        done(self.bridge.steward.enter(self.org, purpose, &secret(text))).unwrap()
    }

    pub(super) fn organization(&self) -> crate::port::Organization {
        done(self.bridge.steward.load(self.org)).unwrap().item
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn pass(&self, time: SignedDuration) {
        self.clock.advance(time);
    }

    pub(super) fn observe(&self) -> StepReport {
        rested(|| done(self.bridge.observe.step()).unwrap())
    }

    /// Reads all feeds, whatever their time.
    pub(super) fn look(&self) -> StepReport {
        self.bridge.observe.hurry();
        self.observe()
    }

    pub(super) fn deliver(&self) -> StepReport {
        rested(|| done(self.bridge.deliver.step(20)).unwrap())
    }

    pub(super) fn answer(&self) -> StepReport {
        rested(|| done(self.bridge.answer.step()).unwrap())
    }

    pub(super) fn metrics(&self) -> StepReport {
        rested(|| done(self.bridge.metrics.step()).unwrap())
    }

    pub(super) fn tasks(&self) -> StepReport {
        rested(|| done(self.bridge.tasks.step()).unwrap())
    }

    pub(super) fn steward(&self) -> StepReport {
        rested(|| done(self.bridge.steward.step()).unwrap())
    }

    /// Everything that can be done now.
    pub(super) fn work(&self) {
        self.look();
        self.deliver();
        self.answer();
        // Our answers are changes of the CRM, too.
        self.look();
    }

    pub(super) fn key(&self, event_number: u8, address: &str) -> RegistrationKey {
        let order = KeysOrder { organization: self.org, addresses: vec![Address::new(address)] };
        let email: EmailKey = done(PlainPrivacy.keys(&order)).unwrap()[0].unwrap();
        RegistrationKey { organization: self.org, webinar: event(event_number), email }
    }

    pub(super) fn find(&self, event_number: u8, address: &str) -> Option<Registration> {
        let found = done(self.store.find_registrations(&[self.key(event_number, address)])).unwrap();
        found.into_iter().next().flatten()
    }

    pub(super) fn registration(&self, address: &str) -> Registration {
        self.find(1, address).unwrap()
    }

    pub(super) fn place(&self, n: u8) -> Option<Place> {
        let lookup = Lookup { organization: self.org, sources: vec![row(n)], keys: vec![] };
        done(self.store.known(&lookup)).unwrap().homes.get(&row(n)).map(|home| home.place)
    }

    pub(super) fn balance(&self) -> Balance {
        let balance = done(self.bridge.desk.balance(self.org, Scope::Organization)).unwrap();
        assert!(balance.registrations.adds_up(), "{balance:?}");
        assert!(balance.minutes.adds_up(), "{balance:?}");
        balance
    }

    pub(super) fn facts(&self) -> Vec<Entry> {
        let query = ChronicleQuery { organization: self.org, after: 0, limit: u32::MAX };
        done(self.store.since(&query)).unwrap()
    }

    /// How many facts of that name there are.
    pub(super) fn count(&self, name: &str) -> usize {
        self.facts().iter().filter(|entry| entry.fact.kind.name() == name).count()
    }

    pub(super) fn brake(&self, event_number: u8) -> crate::registration::Brake {
        let brakes: &dyn crate::port::Brakes = &self.store;
        let found = done(brakes.find(&self.org, &[event(event_number)])).unwrap();
        found.into_iter().next().flatten().unwrap().item
    }

    /// The notes on what is the matter, by topic.
    pub(super) fn notes(&self) -> Vec<&'static str> {
        self.bridge.standing.notes().into_iter().map(|(_, topic, _)| topic.name()).collect()
    }
}

/// Steps until the flow wants to rest; one that never does is a defect. The sums of all steps, and the last rest.
pub(super) fn rested(mut step: impl FnMut() -> StepReport) -> StepReport {
    let mut sum = StepReport::idle(Rest::Idle);
    for _ in 0..200 {
        let report = step();
        sum.settled += report.settled;
        sum.deferred += report.deferred;
        sum.held += report.held;
        sum.rest = report.rest;
        if report.rest != Rest::Now {
            return sum;
        }
    }
    panic!("it never rests");
}

impl MemoryStore {
    async fn find_registrations(
        &self,
        keys: &[RegistrationKey],
    ) -> Result<Vec<Option<Registration>>, StoreError> {
        Ok(self.find(keys).await?.into_iter().map(|found| found.map(|stored| stored.item)).collect())
    }
}

/// Nothing is gathered, polls come on time, and nobody shares, so that a step does what it can at once.
fn policies() -> Policies {
    let share = crate::share::SharePolicy::open();
    Policies { linger: SignedDuration::ZERO, poll_spread: 0, share, ..Policies::default() }
}

fn bridge(ports: Ports, policies: Policies) -> Bridge {
    let keyholder = Keyholder::new(
        ports.credentials.clone(),
        ports.vault.clone(),
        ports.clock.clone(),
        ports.entropy.clone(),
        Arc::new(policies.clone()),
    );
    Bridge::new(ports, Arc::new(keyholder), policies)
}

fn ports(
    clock: &ManualClock,
    store: &MemoryStore,
    crm: &Arc<PretendCrm>,
    provider: &Arc<PretendProvider>,
    secrets: &Arc<Secrets>,
    seals: &Arc<Seals>,
) -> Ports {
    let store = Arc::new(store.clone());
    Ports {
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SeededEntropy::new(7)),
        bell: Arc::new(Silence),
        feed: crm.clone(),
        answers: crm.clone(),
        check_ins: crm.clone(),
        crm_account: crm.clone(),
        registrar: provider.clone(),
        attendance: provider.clone(),
        provider_account: provider.clone(),
        vault: secrets.clone(),
        privacy: seals.clone(),
        intake: store.clone(),
        worklist: store.clone(),
        books: store.clone(),
        ledger: store.clone(),
        organizations: store.clone(),
        credentials: store.clone(),
        webinars: store.clone(),
        brakes: store.clone(),
        endpoints: store.clone(),
        tasks: store.clone(),
        gates: store.clone(),
        key_shelf: store.clone(),
        chronicle: store,
    }
}
