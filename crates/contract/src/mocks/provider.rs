use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use uuid::Uuid;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Missing, Peer};
use webinar_bridge_domain::id::{ProviderEventId, ProviderPersonId};
use webinar_bridge_domain::metrics::{PageMark, Watched};
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{
    AttendancePage, AttendanceQuery, Attendee, Budget, MockAccount, MockAttendanceSource, MockRegistrar,
    PersonOrder, ProbeOrder, ProviderTraits, RegisterOrder, Registrant, RegistrantPage, RegistrantQuery,
};
use webinar_bridge_domain::registration::{Outcome, Words};
use webinar_bridge_domain::time::SignedDuration;

use super::{Call, Shared};
use crate::world::{KeyState, NOW, ProviderStage, ProviderWorld, Weather, named};

/// How many are on a page of the lists.
const PAGE: usize = 50;

/// The version of the credential that the mocks use.
const VERSION: u64 = 3;

/// The mocks of a provider, and the world behind them.
pub struct ProviderMocks {
    /// The registrants' side.
    pub registrar: MockRegistrar,
    /// The attendance side.
    pub attendance: MockAttendanceSource,
    /// The account side.
    pub account: MockAccount,
    /// What the world chose.
    pub stage: ProviderStage,
    event: Shared<Event>,
}

impl ProviderMocks {
    /// Changes the weather.
    pub fn weather(&self, weather: Weather) {
        self.event.lock().weather = weather;
    }
}

/// Mocks of a provider in which the world is so.
pub fn provider_in(world: &ProviderWorld) -> ProviderMocks {
    let stage = stage(world);
    let event = Shared::new(Event::new(world, &stage));
    ProviderMocks {
        registrar: registrar(&event),
        attendance: attendance(&event),
        account: account(&event),
        stage,
        event,
    }
}

fn stage(world: &ProviderWorld) -> ProviderStage {
    let watched =
        (1..).zip(&world.attended).filter_map(|(n, who)| Some((who.address.canonical()?, watched(n))));
    ProviderStage {
        organization: Uuid::from_u128(0x0195_5000_0000_7000_8000_0000_0000_0001).into(),
        event: ProviderEventId::new("2845013"),
        nowhere: ProviderEventId::new("9999999"),
        version: VERSION,
        secret: "the-secret".to_owned(),
        refused: Some(named("No", "Body", "refused@example.com", "")),
        watched: watched.collect(),
    }
}

fn watched(n: u32) -> Watched {
    let at = |minutes: u32| Some(NOW + SignedDuration::from_mins(i64::from(minutes)));
    let (first, last) = (at(n), at(2 * n + 1));
    Watched { live_minutes: n, ondemand_minutes: n % 7, interactions: n % 3, first, last }
}

fn registrar(event: &Shared<Event>) -> MockRegistrar {
    let mut mock = MockRegistrar::new();
    let traits = ProviderTraits {
        name: "mock",
        landing: SignedDuration::from_mins(10),
        read_lag: SignedDuration::ZERO,
        register: Budget::open("register"),
        amend: Budget::open("amend"),
        forget: Budget::open("forget"),
        registrants: Budget::open("registrants"),
        attendance: Budget::open("attendance"),
    };
    mock.expect_traits().returning(move || traits.clone());
    let it = event.clone();
    mock.expect_register().returning(move |order| it.lock().register(order));
    let it = event.clone();
    mock.expect_amend().returning(move |order| it.lock().amend(order));
    let it = event.clone();
    mock.expect_cancel().returning(move |order| it.lock().cancel(order));
    let it = event.clone();
    mock.expect_forget().returning(move |order| it.lock().forget(order));
    let it = event.clone();
    mock.expect_shows().returning(|details, listed| details == listed);
    mock.expect_registrants().returning(move |query| it.lock().registrants(query));
    mock
}

fn attendance(event: &Shared<Event>) -> MockAttendanceSource {
    let mut mock = MockAttendanceSource::new();
    let it = event.clone();
    mock.expect_attendance().returning(move |query| it.lock().attendance(query));
    mock
}

fn account(event: &Shared<Event>) -> MockAccount {
    let mut mock = MockAccount::new();
    let it = event.clone();
    mock.expect_probe().returning(move |order| it.lock().probe(order));
    mock
}

/// The one event of the account.
struct Event {
    id: ProviderEventId,
    started: bool,
    key: KeyState,
    secret: String,
    weather: Weather,
    refused: Option<String>,
    /// By canonical address.
    people: BTreeMap<String, Registrant>,
    watched: BTreeMap<String, Watched>,
}

impl Event {
    fn new(world: &ProviderWorld, stage: &ProviderStage) -> Self {
        let mut event = Self {
            id: stage.event.clone(),
            started: world.started,
            key: world.key,
            secret: stage.secret.clone(),
            weather: Weather::Calm,
            refused: stage.refused.as_ref().and_then(|refused| refused.address.canonical()),
            people: BTreeMap::new(),
            watched: stage.watched.clone(),
        };
        for details in world.registered.iter().chain(&world.attended) {
            event.put(details, None);
        }
        event
    }

    fn put(&mut self, details: &Details, correlation: Option<String>) -> Option<ProviderPersonId> {
        let next = ProviderPersonId::new((305_148_000 + self.people.len()).to_string());
        let person = self.people.entry(details.address.canonical()?).or_insert_with(|| Registrant {
            person: next,
            correlation: None,
            details: details.clone(),
            live: true,
        });
        // The address stays as it was typed first.
        let address = person.details.address.clone();
        person.details = Details { address, ..details.clone() };
        person.correlation = correlation.or_else(|| person.correlation.take());
        person.live = true;
        Some(person.person.clone())
    }

    /// Lets a call happen as weather, credential and event allow.
    fn answer<T>(
        &mut self,
        (operation, writes): (&'static str, bool),
        event: &ProviderEventId,
        then: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, Fault> {
        let call = Call { peer: Peer::Provider, operation, writes };
        call.arrives(self.weather)?;
        self.admits(call, self.key == KeyState::Wrong, VERSION)?;
        if *event != self.id {
            return Err(call.fault(FaultKind::Gone { what: Missing::Webinar }));
        }
        let answer = then(self);
        call.returns(self.weather)?;
        Ok(answer)
    }

    fn admits(&self, call: Call, wrong: bool, version: u64) -> Result<(), Fault> {
        let powerless = self.key == KeyState::Powerless;
        let kind = match (wrong, powerless) {
            (true, _) => FaultKind::Unauthorised { version },
            (false, true) => FaultKind::Denied { why: Some(Code::new("mock.permission")) },
            (false, false) => return Ok(()),
        };
        Err(call.fault(kind))
    }

    fn register(&mut self, order: &RegisterOrder) -> Result<Outcome, Fault> {
        self.answer(("register", true), &order.event, |event| {
            let address = order.details.address.canonical();
            if address.is_none() || address == event.refused {
                return Outcome::Refused(Words::new("this person cannot be registered"));
            }
            Outcome::Admitted(event.put(&order.details, Some(order.correlation.clone())))
        })
    }

    fn amend(&mut self, order: &RegisterOrder) -> Result<Outcome, Fault> {
        self.answer(("amend", true), &order.event, |event| match event.live(&order.details.address) {
            None => Outcome::NotThere,
            Some(_) => Outcome::Amended(event.put(&order.details, Some(order.correlation.clone()))),
        })
    }

    fn cancel(&mut self, order: &PersonOrder) -> Result<Outcome, Fault> {
        self.answer(("cancel", true), &order.event, |event| {
            match (event.started, event.live(&order.address)) {
                (_, None) => Outcome::NotThere,
                (true, Some(_)) => Outcome::TooLate,
                (false, Some(person)) => {
                    person.live = false;
                    Outcome::Cancelled
                }
            }
        })
    }

    fn forget(&mut self, order: &PersonOrder) -> Result<Outcome, Fault> {
        self.answer(("forget", true), &order.event, |event| {
            let gone = order.address.canonical().and_then(|address| event.people.remove(&address));
            gone.map_or(Outcome::NotThere, |_| Outcome::Forgotten)
        })
    }

    fn live(&mut self, address: &Address) -> Option<&mut Registrant> {
        self.people.get_mut(&address.canonical()?).filter(|person| person.live)
    }

    fn registrants(&mut self, query: &RegistrantQuery) -> Result<RegistrantPage, Fault> {
        self.answer(("registrants", false), &query.event, |event| {
            let skip = place(query.page.as_deref());
            let registrants: Vec<_> = event.people.values().skip(skip).take(PAGE).cloned().collect();
            let next = (skip + PAGE < event.people.len()).then(|| (skip + PAGE).to_string());
            RegistrantPage { registrants, next, complete: true }
        })
    }

    fn attendance(&mut self, query: &AttendanceQuery) -> Result<AttendancePage, Fault> {
        self.answer(("attendance", false), &query.event, |event| {
            let skip = place(query.page.as_str());
            let attendee = |(address, watched): (&String, &Watched)| {
                let person = event.people.get(address)?;
                Some(Attendee {
                    person: person.person.clone(),
                    correlation: person.correlation.clone(),
                    address: Some(person.details.address.clone()),
                    watched: *watched,
                })
            };
            let attendees = event.watched.iter().skip(skip).take(PAGE).filter_map(attendee).collect();
            let next = (skip + PAGE < event.watched.len()).then(|| PageMark::at((skip + PAGE).to_string()));
            AttendancePage { attendees, complete: next.is_none(), next }
        })
    }

    fn probe(&self, order: &ProbeOrder) -> Result<(), Fault> {
        let call = Call { peer: Peer::Provider, operation: "probe", writes: false };
        call.arrives(self.weather)?;
        let wrong = self.key == KeyState::Wrong || order.secret.reveal().expose_secret() != self.secret;
        self.admits(call, wrong, order.version)?;
        call.returns(self.weather)
    }
}

fn place(page: Option<&str>) -> usize {
    page.and_then(|page| page.parse().ok()).unwrap_or(0)
}
