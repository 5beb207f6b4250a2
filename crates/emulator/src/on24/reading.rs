//! What a read knows beside the account's books: its query, the time, and the settings.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::account::Account;
use super::asked::Asked;
use super::form::Form;
use super::lag::Delay;
use super::pacific::{self, DATE_FORMATS};
use super::read_settings::ReadSettings;
use super::record::Record;
use super::refusal::Refusal;
use super::registrant::Registrant;
use super::window::{BACKWARDS, Window};

pub(super) struct Reading<'a> {
    pub(super) account: &'a Account,
    pub(super) now: Timestamp,
    pub(super) query: &'a Form<'a>,
    pub(super) settings: &'a ReadSettings,
    pub(super) delay: Delay,
}

impl<'a> Reading<'a> {
    pub(super) fn of(asked: &'a Asked<'_>) -> Self {
        let settings = &asked.settings.reads;
        Self {
            account: asked.account,
            now: asked.now,
            query: &asked.query,
            settings,
            delay: settings.delay(),
        }
    }
}

impl Reading<'_> {
    /// The client that is asked for.
    pub(super) fn client(&self) -> i64 {
        self.account.client_id()
    }

    /// A query parameter, its name in any letter case; an empty value is none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.query.filled(name)
    }

    /// Whether a parameter says `Y`.
    pub(super) fn says_yes(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("y"))
    }

    /// The dates that the query asks for; without any, the last so many days, or all time.
    pub(super) fn window(&self, days: Option<i64>) -> Result<Window, Refusal> {
        Window::of(|name| self.get(name), self.now, days).map_err(|words| Refusal::Dates(words.to_owned()))
    }

    /// The same, but without a start it begins so many minutes ago, and dates need their offset.
    pub(super) fn window_of_minutes(&self, minutes: i64) -> Result<Window, Refusal> {
        let bounds = ["startdate", "enddate"].into_iter().filter_map(|name| self.get(name));
        if !bounds.into_iter().all(pacific::has_offset) {
            return Err(Refusal::Dates(DATE_FORMATS.to_owned()));
        }
        let window = self.window(None)?;
        if self.get("startdate").is_some() {
            return Ok(window);
        }
        let from = self.now.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MIN);
        let until = window.until.min(self.now);
        if from <= until { Ok(Window { from, until }) } else { Err(Refusal::Dates(BACKWARDS.to_owned())) }
    }

    /// Whether lists have somebody as registered: confirmed, and registered long enough ago.
    pub(super) fn shows_registrant(&self, person: &Registrant) -> bool {
        let takes = self.delay.registration();
        person.is_registered() && self.delay.shows(person.created, takes, self.now)
    }

    pub(super) fn record(&self) -> Record {
        Record::new(self.settings.missing_values)
    }

    /// Puts the rows of a list into its envelope; a setting lets a list without rows be missing.
    pub(super) fn rows(&self, envelope: &mut Record, name: &str, rows: Vec<Value>) {
        if !rows.is_empty() || !self.settings.omit_empty_lists {
            envelope.set(name, rows);
        }
    }
}
