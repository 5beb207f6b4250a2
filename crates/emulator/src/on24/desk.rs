//! Control endpoints for events and for people who have yet to confirm.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::control;
use crate::wire::{Answer, Call};

use super::account::Account;
use super::books::Books;
use super::event::Webinar;

/// An event to be added.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Addition {
    title: String,
    starts: String,
    minutes: u32,
    client_id: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    event_id: i64,
    email: String,
}

/// The longest event, in minutes.
const LONGEST: u32 = 480;

/// `/_emulator/events`: `GET` lists them, `POST` adds one.
pub(super) fn events(books: &mut Books, account: &Account, now: Timestamp, call: &Call) -> Answer {
    match call.method {
        Method::GET => {
            let events: serde_json::Value = books.events.values().map(super::event::Event::entry).collect();
            Answer::json(StatusCode::OK, &json!({ "events": events }))
        }
        Method::POST => match serde_json::from_slice::<Addition>(&call.body) {
            Ok(addition) => added(books, account, now, &addition),
            Err(_) => control::refusal(
                StatusCode::BAD_REQUEST,
                "expected {\"title\":\"…\",\"starts\":\"…Z\",\"minutes\":60}, and \"client_id\":N if wanted",
            ),
        },
        _ => control::not_allowed(),
    }
}

fn added(books: &mut Books, account: &Account, now: Timestamp, addition: &Addition) -> Answer {
    let Ok(starts) = addition.starts.parse() else {
        return control::refusal(
            StatusCode::BAD_REQUEST,
            "the start is no time such as 2027-01-31T09:00:00Z",
        );
    };
    let is_ours = |client: i64| client == account.client_id() || account.has_child(client);
    if !addition.client_id.is_none_or(is_ours) || !(1..=LONGEST).contains(&addition.minutes) {
        let words = "client_id is neither the account nor one below it, or minutes not from 1 to 480";
        return control::refusal(StatusCode::BAD_REQUEST, words);
    }
    let webinar = Webinar::new(&addition.title, starts, addition.minutes);
    let id = books.add_event(Webinar { client: addition.client_id, ..webinar }, now);
    let entry = books.event(id).map(|event| event.entry());
    entry.map_or_else(unknown, |entry| Answer::json(StatusCode::OK, &entry))
}

/// `POST /_emulator/confirm`: somebody follows the link of the mail.
pub(super) fn confirm(books: &mut Books, call: &Call) -> Answer {
    if call.method != Method::POST {
        return control::not_allowed();
    }
    let Ok(Confirmation { event_id, email }) = serde_json::from_slice(&call.body) else {
        return control::refusal(StatusCode::BAD_REQUEST, "expected {\"event_id\":N,\"email\":\"…\"}");
    };
    let Some(event) = books.event(event_id) else { return unknown() };
    if !event.confirm(&email) {
        return control::refusal(StatusCode::NOT_FOUND, "nobody is registered with that address");
    }
    Answer::json(StatusCode::OK, &json!({ "confirmed": email }))
}

fn unknown() -> Answer {
    control::refusal(StatusCode::NOT_FOUND, "there is no such event")
}
