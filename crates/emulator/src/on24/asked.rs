//! What a handler is given, and what it gives.

use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use crate::wire::Answer;

use super::account::Account;
use super::books::Books;
use super::event::Event;
use super::form::Form;
use super::refusal::Refusal;
use super::registration::Echo;
use super::roll::Roll;
use super::route::Route;
use super::settings::Settings;

/// A call that has passed every check of what stands outside of its parameters and its body. `books` are locked while
/// a handler works: whatever can be done after it (writing JSON) is done by `Said::answer`.
pub(super) type Handler = for<'a> fn(&mut Books, &Asked<'a>) -> Result<Said<'a>, Refusal>;

pub(super) struct Asked<'a> {
    pub(super) route: &'static Route,
    pub(super) account: &'a Account,
    pub(super) settings: Arc<Settings>,
    pub(super) seed: u64,
    pub(super) now: Timestamp,
    /// The machine's time, in Unix milliseconds.
    pub(super) at: i64,
    /// The event that the path names, which exists; 0 when it names none.
    pub(super) event: i64,
    /// The address that the path names, decoded; or what else stands there.
    pub(super) subject: Cow<'a, str>,
    /// The fields of the body.
    pub(super) form: Form<'a>,
    /// The query, read like a form: names in any letter case.
    pub(super) query: Form<'a>,
}

impl Asked<'_> {
    /// The event that the path names.
    pub(super) fn event<'b>(&self, books: &'b mut Books) -> Result<&'b mut Event, Refusal> {
        let missing = || Refusal::UnknownEvent { words: self.route.words, event: self.subject.to_string() };
        books.event(self.event).ok_or_else(missing)
    }
}

/// What a handler answers with 200.
pub(super) enum Said<'a> {
    Json(Value),
    /// A list of an event, which can be long.
    Roll(Box<Roll>),
    Registrant(Echo<'a>),
}

impl From<Value> for Said<'_> {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

impl From<Roll> for Said<'_> {
    fn from(roll: Roll) -> Self {
        Self::Roll(Box::new(roll))
    }
}

impl Said<'_> {
    pub(super) fn answer(&self) -> Answer {
        match self {
            Self::Json(value) => Answer::json(StatusCode::OK, value),
            Self::Roll(roll) => Answer::json(StatusCode::OK, roll),
            Self::Registrant(echo) => Answer::json(StatusCode::OK, echo),
        }
    }
}
