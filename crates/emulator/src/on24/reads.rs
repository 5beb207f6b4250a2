//! The reads, as handlers.

use serde_json::Value;

use super::asked::{Asked, Said};
use super::books::Books;
use super::event::Event;
use super::library;
use super::reading::Reading;
use super::refusal::Refusal;

type Answer<'a> = Result<Said<'a>, Refusal>;

/// Reads one event, after everything has happened there that is due.
fn of_event<'a>(
    books: &mut Books,
    asked: &Asked<'a>,
    read: impl FnOnce(&Event, &Reading<'_>) -> Result<Value, Refusal>,
) -> Answer<'a> {
    let reading = Reading::of(asked);
    let event = asked.event(books)?.settle(asked.now, asked.seed);
    read(event, &reading).map(Said::Json)
}

/// Reads everything of the client, after everything has happened that is due.
fn of_client<'a>(
    books: &mut Books,
    asked: &Asked<'a>,
    read: impl FnOnce(&Books, &Reading<'_>) -> Result<Value, Refusal>,
) -> Answer<'a> {
    let reading = Reading::of(asked);
    read(books.settle(asked.now, asked.seed), &reading).map(Said::Json)
}

pub(super) fn event<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, reading| Ok(event.metadata(reading)))
}

pub(super) fn registrants<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    let event = asked.event(books)?.settle(asked.now, asked.seed);
    event.list_registrants(&Reading::of(asked)).map(Said::from)
}

pub(super) fn attendees<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    let event = asked.event(books)?.settle(asked.now, asked.seed);
    event.list_attendees(&Reading::of(asked)).map(Said::from)
}

pub(super) fn sessions<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, Event::list_sessions)
}

pub(super) fn polls<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, reading| Ok(event.polls(reading)))
}

pub(super) fn surveys<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, reading| Ok(event.surveys(reading)))
}

pub(super) fn resources<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, reading| Ok(event.resources(reading)))
}

pub(super) fn calls_to_action<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, reading| Ok(event.calls_to_action(reading)))
}

pub(super) fn group_chat<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, reading| Ok(event.group_chat(reading)))
}

pub(super) fn event_presenters<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, reading| Ok(event.presenters(reading)))
}

pub(super) fn presenter_chat<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, reading| Ok(event.presenter_chat(reading)))
}

pub(super) fn mails<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, _| Ok(event.mails()))
}

pub(super) fn mail_statistics<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, reading| Ok(event.mail_statistics(reading)))
}

pub(super) fn calendar_reminder<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, _| Ok(event.calendar_reminder()))
}

pub(super) fn certifications<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, _| Ok(library::certifications(event.id)))
}

pub(super) fn engaged_accounts<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_client(books, asked, Books::engaged_accounts)
}

pub(super) fn registration_fields<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_event(books, asked, |event, _| Ok(event.registration_fields()))
}

pub(super) fn events<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_client(books, asked, Books::list_events)
}

pub(super) fn client_registrants<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_client(books, asked, Books::list_registrants)
}

pub(super) fn client_attendees<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_client(books, asked, Books::list_attendees)
}

pub(super) fn registrant<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_client(books, asked, |books, reading| books.registrant(&asked.subject, reading))
}

pub(super) fn registrant_events<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_client(books, asked, |books, reading| books.registrations_of(&asked.subject, reading))
}

pub(super) fn attendee<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_client(books, asked, |books, reading| books.attendee(&asked.subject, reading))
}

pub(super) fn attendee_events<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_client(books, asked, |books, reading| books.attendances_of(&asked.subject, reading))
}

pub(super) fn leads<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_client(books, asked, Books::leads)
}

pub(super) fn lead<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_client(books, asked, |books, reading| books.lead(&asked.subject, reading))
}

pub(super) fn user_questions<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_client(books, asked, Books::questions)
}

pub(super) fn presenters<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    of_client(books, asked, Books::presenters)
}
