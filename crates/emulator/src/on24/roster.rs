//! The lists of people of a client, and of one address.

use std::borrow::Cow;

use serde_json::Value;

use super::attendance::Attendance;
use super::attendee::WAREHOUSE;
use super::books::Books;
use super::event::Event;
use super::filter::PeopleFilter;
use super::lag::Delay;
use super::members::Members;
use super::paging::Paging;
use super::reading::Reading;
use super::record::Record;
use super::refusal::Refusal;
use super::registrant::{RecordKind, Registrant};
use super::window::Window;

/// Rows of a page in the lists of people; ON24 never gives more.
const PAGE: usize = 100;
/// The lists of a client show so many days, unless the query says otherwise.
const DAYS: i64 = 30;

type Attendee<'a> = (&'a Event, &'a Registrant, Cow<'a, Attendance>);

/// By which date a list of registrants or attendees is narrowed.
pub(super) struct Dates {
    window: Window,
    by_activity: bool,
}

impl Dates {
    pub(super) fn of(reading: &Reading<'_>, days: Option<i64>) -> Result<Self, Refusal> {
        let mode = reading.get("datefiltermode").unwrap_or_default();
        Ok(Self { window: reading.window(days)?, by_activity: mode.eq_ignore_ascii_case("lastactivity") })
    }

    pub(super) fn admit_registrant(&self, person: &Registrant) -> bool {
        self.window.contains(if self.by_activity { person.last_activity } else { person.created })
    }

    pub(super) fn admit_attendee(&self, attendance: &Attendance) -> bool {
        if self.by_activity {
            return attendance.last_activity().is_some_and(|at| self.window.contains(at));
        }
        attendance.sessions().any(|(_, session)| self.window.touches(session.start, session.end()))
    }
}

impl Books {
    /// Of the last thirty days, those of sub-accounts included.
    pub(super) fn list_registrants(&self, reading: &Reading<'_>) -> Result<Value, Refusal> {
        let members = Members::all_unless_excluded(reading)?;
        let filter = PeopleFilter::of(reading, "all");
        let dates = Dates::of(reading, Some(DAYS))?;
        let in_time = reading.says_yes("excludelive");
        let events = self.shown(&members);
        let listed = events.flat_map(|event| {
            let people = event.registered(reading).filter(|person| {
                filter.admits(person)
                    && dates.admit_registrant(person)
                    && !(in_time && person.created >= event.ends())
            });
            people.map(move |person| (event, person))
        });
        registrant_page(listed.collect(), reading)
    }

    /// Of the last thirty days, those of sub-accounts included.
    pub(super) fn list_attendees(&self, reading: &Reading<'_>) -> Result<Value, Refusal> {
        let members = Members::all_unless_excluded(reading)?;
        let filter = PeopleFilter::of(reading, "any");
        let dates = Dates::of(reading, Some(DAYS))?;
        let reading = &at_once(reading);
        let later_only = reading.says_yes("excludelive");
        let events = self.shown(&members);
        let listed = events.flat_map(|event| {
            let people = event.attendees(reading).filter(|(person, came)| {
                filter.admits(person) && dates.admit_attendee(came) && !(later_only && came.live.is_some())
            });
            people.map(move |(person, came)| (event, person, came))
        });
        let hidden: &[&str] = if reading.says_yes("realtimeonly") { &WAREHOUSE } else { &[] };
        attendee_page(listed.collect(), hidden, reading)
    }

    /// Everything that one address is registered for.
    pub(super) fn registrations_of(&self, email: &str, reading: &Reading<'_>) -> Result<Value, Refusal> {
        let members = Members::all_unless_excluded(reading)?;
        let listed: Vec<_> = self.registered_as(email, &members, reading).collect();
        if listed.is_empty() {
            return Err(Refusal::UnknownRegistrant(email.to_owned()));
        }
        registrant_page(listed, reading)
    }

    /// Everything that one address attended.
    pub(super) fn attendances_of(&self, email: &str, reading: &Reading<'_>) -> Result<Value, Refusal> {
        let members = Members::all_unless_excluded(reading)?;
        let listed: Vec<_> = self.attended_as(email, &members, reading).collect();
        if listed.is_empty() {
            return Err(Refusal::UnknownAttendee(email.to_owned()));
        }
        attendee_page(listed, &[], reading)
    }

    /// The most recent registration with this address, or that of one event.
    pub(super) fn registrant(&self, email: &str, reading: &Reading<'_>) -> Result<Value, Refusal> {
        let only = reading.get("eventid");
        let code = reading.get("partnerref");
        let members = Members::all(reading);
        let found = self.registered_as(email, &members, reading).filter(|(event, person)| {
            only.is_none_or(|only| only.trim().parse() == Ok(event.id))
                && code.is_none_or(|code| person.value("partnerref") == Some(code))
        });
        let latest = found.max_by_key(|(_, person)| person.created);
        let (event, person) = latest.ok_or(Refusal::Nobody { in_event: only.is_some() })?;
        let mut envelope = reading.record();
        envelope.set(
            "registrant",
            person.record(event, reading.settings.missing_values, RecordKind::ByAddress).into_value(),
        );
        Ok(envelope.into_value())
    }

    /// The most recent attendance of this address, bare.
    pub(super) fn attendee(&self, email: &str, reading: &Reading<'_>) -> Result<Value, Refusal> {
        let members = Members::all(reading);
        let latest = self.attended_as(email, &members, reading).max_by_key(|(event, ..)| event.starts);
        let (event, person, came) = latest.ok_or_else(|| Refusal::UnknownAttendee(email.to_owned()))?;
        Ok(person.attendee(event, &came, reading.settings.missing_values, RecordKind::ByAddress).into_value())
    }

    /// The registrations with this address that reads of the client show.
    pub(super) fn registered_as<'a>(
        &'a self,
        email: &'a str,
        members: &'a Members,
        reading: &'a Reading<'_>,
    ) -> impl Iterator<Item = (&'a Event, &'a Registrant)> {
        let (delay, now) = (reading.delay, reading.now);
        self.shown(members).filter_map(move |event| {
            let person = event.find(email).filter(|person| person.is_registered())?;
            delay.shows(person.created, delay.registration(), now).then_some((event, person))
        })
    }

    pub(super) fn attended_as<'a>(
        &'a self,
        email: &'a str,
        members: &'a Members,
        reading: &'a Reading<'_>,
    ) -> impl Iterator<Item = Attendee<'a>> {
        self.shown(members).filter_map(move |event| {
            // Who came as a guest can have registered since.
            let people = [event.find(email), event.find_guest(email)].into_iter().flatten();
            people.into_iter().find_map(|person| Some((event, person, person.attended(event, reading)?)))
        })
    }
}

/// What is known at once needs no warehouse, and so no delay.
fn at_once<'a>(reading: &Reading<'a>) -> Reading<'a> {
    let delay = if reading.says_yes("realtimeonly") { Delay::default() } else { reading.delay };
    Reading { delay, ..*reading }
}

fn registrant_page(listed: Vec<(&Event, &Registrant)>, reading: &Reading<'_>) -> Result<Value, Refusal> {
    let page = Paging::of(reading, PAGE).cut(listed, reading)?;
    let mut envelope = client_envelope(reading);
    page.count(&mut envelope, "totalregistrants");
    let missing = reading.settings.missing_values;
    let rows = page.rows.into_iter();
    let rows = rows.map(|(event, person)| person.record(event, missing, RecordKind::OfClient).into_value());
    reading.rows(&mut envelope, "registrants", rows.collect());
    Ok(envelope.into_value())
}

/// `hidden` are the members that rows are to be without.
fn attendee_page(
    listed: Vec<Attendee<'_>>,
    hidden: &[&str],
    reading: &Reading<'_>,
) -> Result<Value, Refusal> {
    let page = Paging::of(reading, PAGE).cut(listed, reading)?;
    let mut envelope = client_envelope(reading);
    page.count(&mut envelope, "totalattendees");
    let rows = page.rows.into_iter().map(|(event, person, came)| {
        let missing = reading.settings.missing_values;
        let mut record = person.attendee(event, &came, missing, RecordKind::OfClient);
        record.without(hidden);
        record.into_value()
    });
    reading.rows(&mut envelope, "attendees", rows.collect());
    Ok(envelope.into_value())
}

fn client_envelope(reading: &Reading<'_>) -> Record {
    let mut envelope = reading.record();
    envelope.set("clientid", reading.client());
    envelope
}
