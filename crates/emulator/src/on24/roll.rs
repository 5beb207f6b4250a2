//! The lists of one event, which come whole: picked while its books are locked, and written when others may go on.

use std::borrow::Cow;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::attendance::Attendance;
use super::event::Event;
use super::filter::PeopleFilter;
use super::reading::Reading;
use super::record::Missing;
use super::refusal::Refusal;
use super::registrant::{RecordKind, Registrant};
use super::roster::Dates;

/// Everybody who is to be listed.
pub(super) struct Roll {
    /// The event, without its people.
    event: Event,
    rows: Vec<Row>,
    /// What the number of rows and the list are called.
    names: (&'static str, &'static str),
    missing: Missing,
    omits_empty: bool,
}

enum Row {
    Registrant(Arc<Registrant>),
    /// With what is shown of the attendance, if that is not all.
    Attendee(Arc<Registrant>, Option<Box<Attendance>>),
}

impl Event {
    /// Everybody at once: there is no paging here.
    pub(super) fn list_registrants(&self, reading: &Reading<'_>) -> Result<Roll, Refusal> {
        let filter = PeopleFilter::of(reading, "any");
        let dates = Dates::of(reading, None).map_err(Refusal::in_words_of_registrants)?;
        let email = reading.get("email").map(str::to_lowercase);
        let no_show = reading.says_yes("noshow");
        let listed = self.people.shared().filter(|person| {
            reading.shows_registrant(person)
                && filter.admits(person)
                && dates.admit_registrant(person)
                && email.as_ref().is_none_or(|email| person.email.to_lowercase() == *email)
                && !(no_show && person.attended(self, reading).is_some())
        });
        let rows = listed.map(|person| Row::Registrant(Arc::clone(person))).collect();
        Ok(self.roll(reading, ("totalregistrants", "registrants"), rows))
    }

    /// Everybody who came, at once.
    pub(super) fn list_attendees(&self, reading: &Reading<'_>) -> Result<Roll, Refusal> {
        let filter = PeopleFilter::of(reading, "any");
        let dates = Dates::of(reading, None)?;
        let came = self.people.shared().filter_map(|person| {
            let came = person.attended(self, reading)?;
            let listed = filter.admits(person) && dates.admit_attendee(&came);
            listed.then(|| Row::attendee(person, came))
        });
        Ok(self.roll(reading, ("totalattendees", "attendees"), came.collect()))
    }

    fn roll(&self, reading: &Reading<'_>, names: (&'static str, &'static str), rows: Vec<Row>) -> Roll {
        let missing = reading.settings.missing_values;
        Roll { event: self.cover(), rows, names, missing, omits_empty: reading.settings.omit_empty_lists }
    }
}

impl Row {
    fn attendee(person: &Arc<Registrant>, came: Cow<'_, Attendance>) -> Self {
        let partial = match came {
            Cow::Borrowed(_) => None,
            Cow::Owned(partial) => Some(Box::new(partial)),
        };
        Self::Attendee(Arc::clone(person), partial)
    }

    fn write(&self, event: &Event, missing: Missing) -> Option<Value> {
        let record = match self {
            Self::Registrant(person) => person.record(event, missing, RecordKind::OfEvent),
            Self::Attendee(person, partial) => {
                let came = partial.as_deref().or(person.attendance.as_deref())?;
                person.attendee(event, came, missing, RecordKind::OfEvent)
            }
        };
        Some(record.into_value())
    }
}

/// One row after the other, so that the list is never in memory as objects.
impl Serialize for Roll {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (total, list) = self.names;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("eventid", &self.event.id)?;
        map.serialize_entry(total, &self.rows.len())?;
        if !self.rows.is_empty() || !self.omits_empty {
            map.serialize_entry(list, &Rows(self))?;
        }
        map.end()
    }
}

struct Rows<'a>(&'a Roll);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Roll { event, rows, missing, .. } = self.0;
        serializer.collect_seq(rows.iter().filter_map(|row| row.write(event, *missing)))
    }
}
