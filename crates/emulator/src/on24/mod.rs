//! ON24's REST API, version 2: registration, the reads, and attendance.

mod account;
mod attendance;
mod attendee;
mod books;
mod erasure;
mod event;
mod field;
mod pacific;
mod reads;
mod refusal;
mod registrant;
mod registration;
mod route;
mod settings;
mod turnout;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::StatusCode;
use serde_json::{Value, json};

pub(crate) use account::Account;
pub use event::Webinar;
pub use settings::Settings;

use crate::clock::Clock;
use crate::control;
use crate::emulated::Emulated;
use crate::wire::{Answer, Call};
use books::Books;
use field::Form;
use refusal::Refusal;
use registration::Write;
use route::{Route, Target};

/// One ON24 account with its events. It holds everything in memory and answers from there at once.
pub(crate) struct On24 {
    clock: Clock,
    seed: u64,
    account: Account,
    books: Mutex<Books>,
}

impl On24 {
    /// An account without events; its id and token follow from the seed.
    pub(crate) fn new(clock: Clock, seed: u64) -> Self {
        let account = Account::new(seed);
        Self { clock, seed, account, books: Mutex::new(Books::new(seed)) }
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
        self.books().settings = Arc::new(settings);
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, call: &Call) -> Result<Value, Refusal> {
        let Some(Route { client, target }) = Route::of(call) else { return Err(Refusal::NoSuchPath) };
        self.account.admit(call, &client, target.is_desk())?;
        let mut books = self.books();
        let query = call.parameters();
        let now = self.clock.now();
        match &target {
            Target::Register(event) => {
                let write = self.write(&books, &query);
                books.open(event)?.register(&Form::read(call), &write)
            }
            Target::Amend(event) => {
                let write = self.write(&books, &query);
                books.open(event)?.amend(&Form::read(call), &write)
            }
            Target::Forget => books.forget(&Form::read(call), now, Clock::machine_millis()),
            Target::Registrants(event) => Ok(books.open(event)?.settle(now, self.seed).registrants(&query)),
            Target::Attendees(event) => Ok(books.open(event)?.settle(now, self.seed).attendees(&query)),
            Target::Event(event) => Ok(books.open(event)?.settle(now, self.seed).metadata(&self.account)),
            Target::Registrant(email) => books.registrant(email, &query, &self.account),
            Target::Attendee(email) => books.settle(now, self.seed).attendee(email, &self.account),
            Target::Events => books.settle(now, self.seed).list(&query, now, &self.account),
            Target::Languages => Ok(reads::languages()),
        }
    }

    fn write<'a>(&self, books: &Books, query: &'a [(String, String)]) -> Write<'a> {
        Write {
            now: self.clock.now(),
            at: Clock::machine_millis(),
            query,
            settings: Arc::clone(&books.settings),
        }
    }
}

#[async_trait]
impl Emulated for On24 {
    fn operations(&self) -> &'static [&'static str] {
        route::OPERATIONS
    }

    fn operation(&self, call: &Call) -> &'static str {
        Route::of(call).map_or(route::OTHER, |route| route.target.operation())
    }

    async fn handle(&self, call: Call) -> Answer {
        match self.answer(&call) {
            Ok(body) => Answer::json(StatusCode::OK, &body),
            Err(refusal) => refusal.answer(),
        }
    }

    fn quota(&self, operation: &str, _variant: Option<&str>) -> Answer {
        Refusal::Quota { desk: ["forget", "languages"].contains(&operation) }.answer()
    }

    fn state(&self) -> Value {
        json!({ "events": self.books().state() })
    }

    fn control(&self, name: &str, call: &Call) -> Option<Answer> {
        match name {
            "attendance" => Some(turnout::control(&mut self.books(), call)),
            "settings" => Some(control::settings(Arc::make_mut(&mut self.books().settings), call)),
            _ => None,
        }
    }

    fn failure(&self, status: StatusCode, _variant: Option<&str>) -> Answer {
        Answer::json(status, &json!({ "message": status.canonical_reason().unwrap_or("Error") }))
    }
}

#[cfg(test)]
mod tests;
