//! A pretend provider: people by address, attendance by page, and ends on order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use crate::fault::{Code, Fault, FaultKind, Peer};
use crate::id::{ProviderEventId, ProviderPersonId};
use crate::metrics::{PageMark, Watched};
use crate::person::{Address, Details};
use crate::port::{
    Account, AttendancePage, AttendanceQuery, AttendanceSource, Attendee, Budget, MockRegistrar, PersonOrder,
    ProbeOrder, ProviderTraits, RegisterOrder, Registrant, RegistrantPage, RegistrantQuery, Registrar,
};
use crate::registration::{Outcome, Words};
use crate::time::SignedDuration;

#[derive(Default)]
pub(super) struct PretendProvider(Mutex<People>);

#[derive(Default)]
struct People {
    /// By event and address.
    registered: BTreeMap<(String, String), Person>,
    born: u32,
    ends: VecDeque<Result<Outcome, Fault>>,
    refuses: BTreeMap<String, String>,
    probes: VecDeque<Fault>,
    pulls: VecDeque<Fault>,
    pages: Vec<Vec<Attendee>>,
    incomplete: bool,
    /// Whom the list does not show, although they are there.
    hidden: Vec<String>,
    lists: VecDeque<Fault>,
    calls: Vec<String>,
}

/// One registrant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) id: ProviderPersonId,
    pub(super) name: String,
    pub(super) company: String,
    pub(super) correlation: String,
    pub(super) details: Details,
    pub(super) live: bool,
}

pub(super) fn provider_fault(kind: FaultKind) -> Fault {
    Fault::new(kind, Peer::Provider, "register", Code::new("provider.test"))
}

/// Somebody who watched for so many minutes.
pub(super) fn watcher(person: &str, address: Option<&str>, minutes: u32) -> Attendee {
    Attendee {
        person: ProviderPersonId::new(person),
        correlation: None,
        address: address.map(Address::new),
        watched: Watched { live_minutes: minutes, ..Watched::default() },
    }
}

/// A registrar that knows its budgets, and is asked for nothing.
pub(super) fn registrar() -> MockRegistrar {
    let mut registrar = MockRegistrar::new();
    registrar.expect_traits().returning(|| PretendProvider::default().traits());
    registrar
}

impl PretendProvider {
    fn lock(&self) -> MutexGuard<'_, People> {
        self.0.lock().unwrap()
    }

    /// How the next calls end, whatever they ask.
    pub(super) fn ends(&self, ends: impl IntoIterator<Item = Result<Outcome, Fault>>) {
        self.lock().ends.extend(ends);
    }

    pub(super) fn fails(&self, kind: FaultKind) {
        self.ends([Err(provider_fault(kind))]);
    }

    /// Nobody of that address may come; `None`: anybody may.
    pub(super) fn refuses(&self, address: &str, words: Option<&str>) {
        let mut people = self.lock();
        match words {
            Some(words) => drop(people.refuses.insert(address.to_owned(), words.to_owned())),
            None => drop(people.refuses.remove(address)),
        }
    }

    pub(super) fn fails_probes(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().probes.extend(faults);
    }

    pub(super) fn fails_pulls(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().pulls.extend(faults);
    }

    /// Everything goes well from now on.
    pub(super) fn works(&self) {
        let mut people = self.lock();
        people.ends.clear();
        people.refuses.clear();
        people.pulls.clear();
    }

    /// What people watched, as complete pages.
    pub(super) fn watched(&self, pages: Vec<Vec<Attendee>>) {
        let mut people = self.lock();
        (people.pages, people.incomplete) = (pages, false);
    }

    pub(super) fn watched_at_least(&self, pages: Vec<Vec<Attendee>>) {
        self.watched(pages);
        self.lock().incomplete = true;
    }

    /// Whether the list shows somebody.
    pub(super) fn hides(&self, address: &str, hides: bool) {
        let mut people = self.lock();
        people.hidden.retain(|hidden| hidden != address);
        people.hidden.extend(hides.then(|| address.to_owned()));
    }

    /// Somebody changes a registrant past the bridge.
    pub(super) fn meddles(&self, event: u8, address: &str, change: impl FnOnce(&mut Person)) {
        change(self.lock().registered.get_mut(&(event.to_string(), address.to_owned())).unwrap());
    }

    /// Somebody registers past the bridge.
    pub(super) fn walks_in(&self, event: u8, address: &str) {
        let mut people = self.lock();
        let details = Details {
            address: Address::new(address),
            first_name: "Walk".to_owned(),
            last_name: "In".to_owned(),
            company: String::new(),
            job_title: String::new(),
            more: BTreeMap::new(),
        };
        let order = RegisterOrder {
            organization: uuid::Uuid::nil().into(),
            event: ProviderEventId::new(event.to_string()),
            details,
            correlation: String::new(),
        };
        people.put(&order);
    }

    /// The list cannot be had, or not all of it.
    pub(super) fn fails_lists(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().lists.extend(faults);
    }

    pub(super) fn lists_at_least(&self) {
        self.lock().incomplete = true;
    }

    /// The calls since this was asked last.
    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().calls)
    }

    pub(super) fn person(&self, event: u8, address: &str) -> Option<Person> {
        self.lock().registered.get(&(event.to_string(), address.to_owned())).cloned()
    }

    /// The addresses of everybody who is registered, event by event.
    pub(super) fn live(&self) -> Vec<(String, String)> {
        let people = self.lock();
        people.registered.iter().filter(|(_, person)| person.live).map(|(key, _)| key.clone()).collect()
    }
}

impl People {
    fn called(&mut self, call: &str, address: &Address) -> Option<Result<Outcome, Fault>> {
        let address = address.canonical().unwrap();
        self.calls.push(format!("{call} {address}"));
        let refused = self.refuses.get(&address).map(|words| Ok(Outcome::Refused(Words::new(words))));
        self.ends.pop_front().or(refused)
    }

    fn put(&mut self, order: &RegisterOrder) -> ProviderPersonId {
        let key = place(&order.event, &order.details.address);
        self.born += 1;
        let id = self
            .registered
            .get(&key)
            .map_or(ProviderPersonId::new(format!("p{}", self.born)), |known| known.id.clone());
        let person = Person {
            id: id.clone(),
            name: order.details.first_name.clone(),
            company: order.details.company.clone(),
            correlation: order.correlation.clone(),
            details: order.details.clone(),
            live: true,
        };
        self.registered.insert(key, person);
        id
    }

    fn there(&mut self, order: &PersonOrder) -> Option<&mut Person> {
        self.registered.get_mut(&place(&order.event, &order.address)).filter(|person| person.live)
    }
}

/// By what the provider finds somebody.
fn place(event: &ProviderEventId, address: &Address) -> (String, String) {
    (event.as_str().to_owned(), address.canonical().unwrap())
}

#[async_trait]
impl Registrar for PretendProvider {
    fn traits(&self) -> ProviderTraits {
        let (landing, read_lag) = (SignedDuration::from_mins(10), SignedDuration::from_mins(5));
        let [register, amend, forget] = ["register", "amend", "forget"].map(Budget::open);
        let [registrants, attendance] = ["registrants", "attendance"].map(Budget::open);
        ProviderTraits {
            name: "pretend",
            landing,
            read_lag,
            register,
            amend,
            forget,
            registrants,
            attendance,
        }
    }

    async fn register(&self, order: &RegisterOrder) -> Result<Outcome, Fault> {
        let mut people = self.lock();
        if let Some(end) = people.called("register", &order.details.address) {
            return end;
        }
        Ok(Outcome::Admitted(Some(people.put(order))))
    }

    async fn amend(&self, order: &RegisterOrder) -> Result<Outcome, Fault> {
        let mut people = self.lock();
        if let Some(end) = people.called("amend", &order.details.address) {
            return end;
        }
        let (organization, event) = (order.organization, order.event.clone());
        let address = order.details.address.clone();
        if people.there(&PersonOrder { organization, event, address }).is_none() {
            return Ok(Outcome::NotThere);
        }
        Ok(Outcome::Amended(Some(people.put(order))))
    }

    async fn cancel(&self, order: &PersonOrder) -> Result<Outcome, Fault> {
        let mut people = self.lock();
        if let Some(end) = people.called("cancel", &order.address) {
            return end;
        }
        let Some(person) = people.there(order) else { return Ok(Outcome::NotThere) };
        person.live = false;
        Ok(Outcome::Cancelled)
    }

    async fn forget(&self, order: &PersonOrder) -> Result<Outcome, Fault> {
        let mut people = self.lock();
        if let Some(end) = people.called("forget", &order.address) {
            return end;
        }
        people.registered.remove(&place(&order.event, &order.address));
        Ok(Outcome::Forgotten)
    }

    /// Two people a page.
    async fn registrants(&self, query: &RegistrantQuery) -> Result<RegistrantPage, Fault> {
        let mut people = self.lock();
        people.calls.push("registrants".to_owned());
        if let Some(fault) = people.lists.pop_front() {
            return Err(fault);
        }
        let skip: usize = query.page.as_ref().map_or(0, |page| page.parse().unwrap());
        let shown = people.registered.iter().filter(|((event, address), _)| {
            event == query.event.as_str() && !people.hidden.contains(address)
        });
        let shown: Vec<Registrant> = shown
            .map(|(_, person)| Registrant {
                person: person.id.clone(),
                correlation: Some(person.correlation.clone()),
                details: person.details.clone(),
                live: person.live,
            })
            .collect();
        let next = (skip + 2 < shown.len()).then(|| (skip + 2).to_string());
        let registrants = shown.into_iter().skip(skip).take(2).collect();
        Ok(RegistrantPage { registrants, next, complete: !people.incomplete })
    }

    /// Nobody here tells capital letters from others.
    fn shows(&self, details: &Details, listed: &Details) -> bool {
        let plain = |details: &Details| {
            [&details.first_name, &details.last_name, &details.company].map(|text| text.to_lowercase())
        };
        plain(details) == plain(listed)
    }
}

#[async_trait]
impl AttendanceSource for PretendProvider {
    async fn attendance(&self, query: &AttendanceQuery) -> Result<AttendancePage, Fault> {
        let mut people = self.lock();
        people.calls.push("attendance".to_owned());
        if let Some(fault) = people.pulls.pop_front() {
            return Err(fault);
        }
        let page: usize = query.page.as_str().map_or(0, |mark| mark.parse().unwrap());
        let attendees = people.pages.get(page).cloned().unwrap_or_default();
        let next = (page + 1 < people.pages.len()).then(|| PageMark::at((page + 1).to_string()));
        Ok(AttendancePage { attendees, next, complete: !people.incomplete })
    }
}

#[async_trait]
impl Account for PretendProvider {
    async fn probe(&self, _: &ProbeOrder) -> Result<(), Fault> {
        let mut people = self.lock();
        people.calls.push("probe".to_owned());
        people.probes.pop_front().map_or(Ok(()), Err)
    }
}
