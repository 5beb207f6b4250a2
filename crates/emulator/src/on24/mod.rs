//! ON24's REST API, version 2: registration, the reads, and attendance.

mod account;
mod asked;
mod attendance;
mod attendee;
mod books;
mod brief;
mod centre;
mod chat;
mod countries;
mod crowd;
mod desk;
mod details;
mod device;
mod engagement;
mod erasure;
mod event;
mod event_control;
mod everywhere;
mod field;
mod filter;
mod form;
mod gate;
mod helpers;
mod lag;
mod lead;
mod library;
mod listing;
mod management;
mod members;
mod metadata;
mod multipart;
mod notice;
mod pacific;
mod page;
mod paging;
mod programme;
mod read_settings;
mod reading;
mod reads;
mod record;
mod refusal;
mod regfield;
mod registrant;
mod registration;
mod results;
mod roll;
mod roster;
mod route;
mod sessions;
mod settings;
mod tally;
mod throttle;
mod token;
mod turnout;
mod types;
mod viewing;
mod wccevent;
mod widget;
mod window;
mod words;
mod zones;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use async_trait::async_trait;
use http::StatusCode;
use serde_json::{Value, json};

pub(crate) use account::Account;
pub(crate) use centre::{Centre, Region};
pub use event::Webinar;
pub use read_settings::{ManagementSettings, ReadSettings};
pub use record::Missing;
pub use settings::{RefusalStatus, Settings};

use crate::clock::Clock;
use crate::control;
use crate::emulated::Emulated;
use crate::wire::{Answer, Call};
use asked::Asked;
use books::Books;
use form::Form;
use gate::{Gate, Knock};
use refusal::Refusal;
use route::Target;
use words::Words;

/// One data centre of ON24 with one account and its events. It holds everything in memory and answers from there at
/// once.
pub(crate) struct On24 {
    clock: Clock,
    seed: u64,
    account: Account,
    settings: RwLock<Arc<Settings>>,
    gate: Mutex<Gate>,
    books: Mutex<Books>,
}

impl On24 {
    /// An account without events; its id and token follow from the seed.
    pub(crate) fn new(clock: Clock, centre: Centre) -> Self {
        let Centre { seed, region, .. } = centre;
        let account = Account::new(region, seed);
        let gate = Mutex::new(Gate::new(&account, centre, clock.now()));
        let settings = RwLock::new(Arc::new(Settings::of(centre)));
        let books = Mutex::new(Books::new(account.client_id(), region, seed));
        Self { clock, seed, account, settings, gate, books }
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// Adds an event and says its id.
    pub(crate) fn add_event(&self, webinar: Webinar) -> i64 {
        let now = self.clock.now();
        self.books().add_event(webinar, now)
    }

    /// Switches an event off or on; an inactive one refuses every call. False when there is no such event.
    pub(crate) fn set_event_active(&self, event: i64, active: bool) -> bool {
        self.books().event(event).map(|event| event.active = active).is_some()
    }

    pub(crate) fn set_settings(&self, settings: Settings) {
        self.books().tell_cases_apart(settings.case_sensitive_emails);
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    fn change_settings(&self, call: &Call) -> Answer {
        let mut settings = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        let answer = control::settings(Arc::make_mut(&mut settings), call);
        self.books().tell_cases_apart(settings.case_sensitive_emails);
        answer
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The checks in their order: the path; headers, token, permission, quota, client; event; and then the handler's
    /// own, parameters before body.
    fn answer(&self, call: &Call) -> Result<Answer, Refusal> {
        let settings = self.settings();
        let Target { route, client, subject } = Target::of(call).map_err(|stray| stray.refusal(&settings))?;
        let (now, account) = (self.clock.now(), &self.account);
        let knock = Knock { call, route, client: &client, account, settings: &settings, now };
        self.gate().admit(&knock)?;
        let mut asked = Asked {
            route,
            account,
            seed: self.seed,
            now,
            at: Clock::machine_millis(),
            event: 0,
            subject,
            form: Form::read(call, settings.json_bodies),
            query: Form::query(call),
            settings,
        };
        let mut books = self.books();
        if route.names_event() {
            asked.event = books.open(&asked)?;
        }
        let said = (route.handler)(&mut books, &asked)?;
        drop(books);
        Ok(said.answer())
    }
}

#[async_trait]
impl Emulated for On24 {
    fn operations(&self) -> &'static [&'static str] {
        route::operations()
    }

    fn operation(&self, call: &Call) -> &'static str {
        Target::of(call).map_or(route::OTHER, |target| target.route.operation)
    }

    async fn handle(&self, call: Call) -> Answer {
        self.answer(&call).unwrap_or_else(|refusal| refusal.answer())
    }

    /// Both wordings, whatever the endpoint.
    fn variants(&self) -> &'static [&'static str] {
        &["api", "endpoint"]
    }

    fn quota(&self, operation: &str, variant: Option<&str>) -> Answer {
        let words = match variant {
            Some("api") => Words::Usual,
            Some("endpoint") => Words::Helper,
            _ => route::named(operation).map_or(Words::Usual, |route| route.words),
        };
        Refusal::Quota(words).answer()
    }

    fn state(&self) -> Value {
        json!({ "events": self.books().state() })
    }

    fn controls(&self) -> &'static [&'static str] {
        &["settings", "events", "event", "confirm", "attendance", "account", "tokens"]
    }

    fn control(&self, name: &str, call: &Call) -> Option<Answer> {
        match name {
            "attendance" => Some(turnout::control(&mut self.books(), call)),
            "settings" => Some(self.change_settings(call)),
            "account" => Some(control::settings(&mut self.gate().membership, call)),
            "tokens" => Some(token::control(&mut self.gate(), call, self.clock.now())),
            "events" => Some(desk::events(&mut self.books(), &self.account, self.clock.now(), call)),
            "confirm" => Some(desk::confirm(&mut self.books(), call)),
            "event" => Some(event_control::control(&mut self.books(), &self.account, call)),
            _ => None,
        }
    }

    fn failure(&self, status: StatusCode, _variant: Option<&str>) -> Answer {
        Answer::json(status, &json!({ "message": status.canonical_reason().unwrap_or("Error") }))
    }
}

#[cfg(test)]
mod tests;
