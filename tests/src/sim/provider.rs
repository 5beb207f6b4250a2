//! A provider in memory. What it is asked it does in its own time, whether or not anybody still waits for the answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Peer};
use webinar_bridge_domain::id::{OrganizationId, ProviderEventId, ProviderPersonId};
use webinar_bridge_domain::metrics::Watched;
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{
    Account, AttendancePage, AttendanceQuery, AttendanceSource, Attendee, Budget, Clock as _, PersonOrder,
    ProbeOrder, ProviderTraits, RegisterOrder, Registrant, RegistrantPage, RegistrantQuery, Registrar,
};
use webinar_bridge_domain::registration::{Outcome, Words};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};

use super::air::Air;
use super::life::Life;

/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How late a request may land after it was sent, at the most.
const LANDING: SignedDuration = SignedDuration::from_mins(10);
/// How many calls a minute it bears, which it tells nobody.
const A_MINUTE: u32 = 12;

/// Whose event, and which.
type EventKey = (OrganizationId, String);

/// The provider.
pub(super) struct Provider {
    air: Air,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    people: BTreeMap<EventKey, BTreeMap<String, Person>>,
    born: u64,
    minute: u64,
    calls: u32,
    out: u64,
    trouble: BTreeMap<OrganizationId, (Trouble, Timestamp)>,
    /// From when on an event's people cannot be cancelled, and from when on they have watched.
    starts: Option<Timestamp>,
    ended: Option<Timestamp>,
}

/// What is wrong with an organization's account for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Hangs,
    Down,
    Quota,
    Unauthorised,
}

/// One person at one event.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) id: ProviderPersonId,
    pub(super) details: Details,
    pub(super) correlation: String,
    pub(super) live: bool,
    pub(super) writes: u64,
}

fn fault(kind: FaultKind, operation: &'static str) -> Fault {
    Fault::new(kind, Peer::Provider, operation, Code::new("sim.provider"))
}

impl Provider {
    pub(super) fn new(air: &Air) -> Arc<Self> {
        Arc::new(Self { air: air.clone(), state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When all events start and end.
    pub(super) fn plan(&self, starts: Timestamp, ends: Timestamp) {
        let mut state = self.state();
        (state.starts, state.ended) = (Some(starts), Some(ends));
    }

    pub(super) fn trouble(&self, organization: OrganizationId, trouble: Trouble, until: Timestamp) {
        self.state().trouble.insert(organization, (trouble, until));
    }

    pub(super) fn untroubled(&self) {
        self.state().trouble.clear();
    }

    /// How many calls are out.
    pub(super) fn out(&self) -> u64 {
        self.state().out
    }

    /// Everybody at an event, by canonical address.
    pub(super) fn people(&self, organization: OrganizationId, event: &str) -> BTreeMap<String, Person> {
        self.state().people.get(&(organization, event.to_owned())).cloned().unwrap_or_default()
    }

    /// Somebody takes a registrant off, or brings one back; who it was.
    pub(super) fn meddle(&self, organization: OrganizationId) -> Option<String> {
        let mut state = self.state();
        let everybody = state.people.iter_mut().filter(|((owner, _), _)| *owner == organization);
        let everybody: Vec<_> = everybody.flat_map(|(_, people)| people.iter_mut()).collect();
        let n = usize::try_from(self.air.below(everybody.len().max(1) as u64)).unwrap_or(0);
        let (address, person) = everybody.into_iter().nth(n)?;
        person.live = !person.live;
        Some(address.clone())
    }

    /// What is wrong just now.
    fn troubled(&self, organization: OrganizationId) -> Option<Trouble> {
        let now = self.air.now();
        self.state().trouble.get(&organization).filter(|(_, until)| now < *until).map(|(trouble, _)| *trouble)
    }

    /// Counts a call; `false`: one too many in this minute.
    fn bears_another(&self) -> bool {
        let minute = self.air.age().as_secs() / 60;
        let mut state = self.state();
        if state.minute != minute {
            (state.minute, state.calls) = (minute, 0);
        }
        state.calls += 1;
        state.calls <= A_MINUTE || !self.air.storms()
    }

    /// What keeps a call from being done at all, after the time that this takes.
    async fn refuses(&self, organization: OrganizationId, operation: &'static str) -> Result<(), Fault> {
        if !self.bears_another() {
            self.air.count("calls beyond the quota");
            self.air.way().await;
            return Err(fault(FaultKind::Throttled { after: None }, operation));
        }
        let Some(trouble) = self.troubled(organization) else { return Ok(()) };
        let kind = match trouble {
            Trouble::Hangs => {
                self.air.pass(PATIENCE).await;
                FaultKind::Ambiguous
            }
            Trouble::Down => FaultKind::Transient,
            Trouble::Quota => FaultKind::Throttled { after: None },
            Trouble::Unauthorised => FaultKind::Unauthorised { version: 1 },
        };
        self.air.way().await;
        Err(fault(kind, operation))
    }
}

impl State {
    fn put(&mut self, order: &RegisterOrder, address: String) -> ProviderPersonId {
        let event = (order.organization, order.event.as_str().to_owned());
        let people = self.people.entry(event).or_default();
        let known = people.get(&address);
        if known.is_none() {
            self.born += 1;
        }
        let id = known.map_or_else(|| ProviderPersonId::new(self.born.to_string()), |known| known.id.clone());
        let writes = known.map_or(0, |known| known.writes) + 1;
        let (details, correlation) = (order.details.clone(), order.correlation.clone());
        people.insert(address, Person { id: id.clone(), details, correlation, live: true, writes });
        id
    }

    fn live(&mut self, order: &PersonOrder) -> Option<&mut Person> {
        let event = (order.organization, order.event.as_str().to_owned());
        let address = order.address.canonical()?;
        self.people.get_mut(&event)?.get_mut(&address).filter(|person| person.live)
    }
}

/// One process's way to the provider.
#[derive(Clone)]
pub(super) struct ProviderLine {
    pub(super) provider: Arc<Provider>,
    pub(super) life: Life,
}

impl ProviderLine {
    /// A write: it is done at some moment, or not, and its answer comes, or not.
    async fn write(
        &self,
        operation: &'static str,
        organization: OrganizationId,
        address: &Address,
        act: impl FnOnce(&mut State) -> Outcome + Send + 'static,
    ) -> Result<Outcome, Fault> {
        self.life.breathe().await;
        let air = &self.provider.air;
        let address = address.canonical().unwrap_or_default();
        self.provider.state().out += 1;
        let end = self.attempt(operation, organization, &address, act).await;
        self.provider.state().out -= 1;
        let how = match &end {
            Ok(outcome) => format!("{outcome:?}"),
            Err(fault) => format!("{:?}", fault.kind),
        };
        air.note(format_args!("{operation} {address}: {how}"));
        self.life.breathe().await;
        end
    }

    async fn attempt(
        &self,
        operation: &'static str,
        organization: OrganizationId,
        address: &str,
        act: impl FnOnce(&mut State) -> Outcome + Send + 'static,
    ) -> Result<Outcome, Fault> {
        let air = &self.provider.air;
        self.provider.refuses(organization, operation).await?;
        air.way().await;
        if air.strikes("write not sent", 60) {
            return Err(fault(FaultKind::Transient, operation));
        }
        if air.strikes("write failed, not done", 50) {
            return Err(fault(FaultKind::Ambiguous, operation));
        }
        if air.strikes("write denied in unknown words", 900) {
            return Err(fault(FaultKind::Denied { why: None }, operation));
        }
        let late = air.strikes("write done late", 50);
        let delay = if late {
            Duration::from_millis(air.between(31_000, 570_000))
        } else {
            Duration::from_micros(air.between(5_000, 250_000))
        };
        let lost = air.strikes("write's answer lost", 25);
        let (tell, told) = oneshot::channel();
        let (provider, about) = (Arc::clone(&self.provider), format!("{operation} {address}"));
        // The provider does it, whatever becomes of the caller.
        tokio::spawn(async move {
            provider.air.pass(delay).await;
            let outcome = act(&mut provider.state());
            provider.air.note(format_args!("done: {about}: {outcome:?}"));
            drop(tell.send(outcome));
        });
        if lost {
            air.way().await;
            return Err(fault(FaultKind::Ambiguous, operation));
        }
        tokio::select! {
            biased;
            outcome = told => outcome.map_err(|_| fault(FaultKind::Ambiguous, operation)),
            () = air.pass(PATIENCE) => Err(fault(FaultKind::Ambiguous, operation)),
        }
    }

    async fn read(&self, operation: &'static str, organization: OrganizationId) -> Result<(), Fault> {
        self.life.breathe().await;
        let air = &self.provider.air;
        let refused = self.provider.refuses(organization, operation).await;
        air.way().await;
        self.life.breathe().await;
        // Nothing happens by reading: what is not answered did not happen.
        refused.map_err(|f| {
            if f.kind == FaultKind::Ambiguous { fault(FaultKind::Transient, operation) } else { f }
        })?;
        if air.strikes("read failed", 30) {
            return Err(fault(FaultKind::Transient, operation));
        }
        air.note(format_args!("{operation}"));
        Ok(())
    }
}

/// Whom the provider never admits.
pub(super) fn is_refused(address: &str) -> bool {
    address.starts_with("unwelcome")
}

#[async_trait]
impl Registrar for ProviderLine {
    fn traits(&self) -> ProviderTraits {
        let [register, amend, forget] = ["register", "amend", "forget"].map(Budget::open);
        let [registrants, attendance] = ["registrants", "attendance"].map(Budget::open);
        let (landing, read_lag) = (LANDING, SignedDuration::from_mins(5));
        ProviderTraits { name: "sim", landing, read_lag, register, amend, forget, registrants, attendance }
    }

    async fn register(&self, order: &RegisterOrder) -> Result<Outcome, Fault> {
        let (order, address) = (order.clone(), order.details.address.clone());
        let organization = order.organization;
        self.write("register", organization, &address.clone(), move |state| {
            let address = address.canonical().unwrap_or_default();
            if is_refused(&address) {
                return Outcome::Refused(Words::new("not welcome"));
            }
            Outcome::Admitted(Some(state.put(&order, address)))
        })
        .await
    }

    async fn amend(&self, order: &RegisterOrder) -> Result<Outcome, Fault> {
        let (order, address) = (order.clone(), order.details.address.clone());
        let organization = order.organization;
        self.write("amend", organization, &address.clone(), move |state| {
            let (event, organization) = (order.event.clone(), order.organization);
            if state.live(&PersonOrder { organization, event, address: address.clone() }).is_none() {
                return Outcome::NotThere;
            }
            Outcome::Amended(Some(state.put(&order, address.canonical().unwrap_or_default())))
        })
        .await
    }

    async fn cancel(&self, order: &PersonOrder) -> Result<Outcome, Fault> {
        let (order, air) = (order.clone(), self.provider.air.clone());
        let organization = order.organization;
        self.write("cancel", organization, &order.address.clone(), move |state| {
            let started = state.starts.is_some_and(|starts| air.now() >= starts);
            let Some(person) = state.live(&order) else { return Outcome::NotThere };
            if started {
                return Outcome::TooLate;
            }
            person.live = false;
            person.writes += 1;
            Outcome::Cancelled
        })
        .await
    }

    async fn forget(&self, order: &PersonOrder) -> Result<Outcome, Fault> {
        let order = order.clone();
        let organization = order.organization;
        self.write("forget", organization, &order.address.clone(), move |state| {
            let event = (order.organization, order.event.as_str().to_owned());
            let address = order.address.canonical().unwrap_or_default();
            let gone = state.people.get_mut(&event).and_then(|people| people.remove(&address));
            gone.map_or(Outcome::NotThere, |_| Outcome::Forgotten)
        })
        .await
    }

    async fn registrants(&self, query: &RegistrantQuery) -> Result<RegistrantPage, Fault> {
        self.read("registrants", query.organization).await?;
        let people = self.provider.people(query.organization, query.event.as_str());
        let registrant = |person: Person| Registrant {
            person: person.id,
            correlation: Some(person.correlation),
            details: person.details,
            live: person.live,
        };
        Ok(RegistrantPage {
            registrants: people.into_values().map(registrant).collect(),
            next: None,
            complete: true,
        })
    }

    fn shows(&self, details: &Details, listed: &Details) -> bool {
        details == listed
    }
}

/// The minutes that somebody watches, which only their address decides.
pub(super) fn minutes_of(address: &str) -> u32 {
    let sum = address.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    sum % 61
}

#[async_trait]
impl AttendanceSource for ProviderLine {
    async fn attendance(&self, query: &AttendanceQuery) -> Result<AttendancePage, Fault> {
        self.read("attendance", query.organization).await?;
        let now = self.provider.air.now();
        let over = self.provider.state().ended.is_some_and(|ended| now >= ended);
        let people = self.provider.people(query.organization, query.event.as_str());
        let watched = |(address, person): (String, Person)| {
            let minutes = minutes_of(&address);
            let watched = Watched { live_minutes: minutes, ..Watched::default() };
            let (address, correlation) = (Some(person.details.address), Some(person.correlation));
            (over && person.live && minutes > 0).then_some(Attendee {
                person: person.id,
                correlation,
                address,
                watched,
            })
        };
        let attendees = people.into_iter().filter_map(watched).collect();
        Ok(AttendancePage { attendees, next: None, complete: true })
    }
}

#[async_trait]
impl Account for ProviderLine {
    async fn probe(&self, order: &ProbeOrder) -> Result<(), Fault> {
        self.read("probe", order.organization).await
    }
}

/// The provider's name of the event of that number.
pub(super) fn event_id(n: u8) -> ProviderEventId {
    ProviderEventId::new(n.to_string())
}
