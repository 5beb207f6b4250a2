//! Which people a list is asked for.

use std::borrow::Cow;

use super::attendance::Attendance;
use super::event::Event;
use super::reading::Reading;
use super::registrant::{Registrant, Standing};

/// The filters that every list of people has.
pub(super) struct PeopleFilter {
    status: Status,
    /// The older filter: only the forgotten, or everybody else.
    forgotten: Option<bool>,
    code: Option<String>,
    named: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Any,
    /// An older word that leaves out the forgotten.
    All,
    Regular,
    Deleted,
    Forgotten,
}

impl PeopleFilter {
    /// `usual` is the status that the list has without being asked: `any` or `all`.
    pub(super) fn of(reading: &Reading<'_>, usual: &str) -> Self {
        let asked = reading.get("userstatus").map(str::to_ascii_lowercase);
        let forgotten = reading.get("filterforgotten").map(|value| value.eq_ignore_ascii_case("y"));
        Self {
            status: match asked.as_deref().unwrap_or(usual) {
                _ if asked.is_none() && reading.settings.regular_users_unless_asked => Status::Regular,
                "deleted" => Status::Deleted,
                "forgotten" => Status::Forgotten,
                "all" => Status::All,
                _ => Status::Any,
            },
            forgotten,
            code: reading.get("partnerref").map(str::to_owned),
            named: reading.says_yes("excludeanonymous"),
        }
    }

    pub(super) fn admits(&self, person: &Registrant) -> bool {
        let standing = person.standing;
        let status = match self.status {
            Status::Any => true,
            Status::All => standing != Standing::Forgotten,
            Status::Regular => standing == Standing::Live,
            Status::Deleted => standing == Standing::Deleted,
            Status::Forgotten => standing == Standing::Forgotten,
        };
        let code = |code: &String| person.fields.get("partnerref").is_some_and(|value| value == code);
        status
            && self.forgotten.is_none_or(|only| only == (standing == Standing::Forgotten))
            && self.code.as_ref().is_none_or(code)
            && !(self.named && person.email.is_empty())
    }
}

impl Event {
    /// Those whom ON24 shows as registered by now: confirmed, and registered long enough ago.
    pub(super) fn registered<'a>(&'a self, reading: &'a Reading<'_>) -> impl Iterator<Item = &'a Registrant> {
        self.people.iter().filter(|person| reading.shows_registrant(person))
    }

    /// Those whom ON24 shows as attendees by now, with what it shows.
    pub(super) fn attendees<'a>(
        &'a self,
        reading: &'a Reading<'_>,
    ) -> impl Iterator<Item = (&'a Registrant, Cow<'a, Attendance>)> {
        self.people.iter().filter_map(|person| Some((person, person.attended(self, reading)?)))
    }
}
