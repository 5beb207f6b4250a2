//! `/_emulator/event`: changing an event as a person does in ON24's own tools.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control;
use crate::wire::{Answer, Call};

use super::account::Account;
use super::books::Books;
use super::event::Event;

/// What is named changes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    event_id: i64,
    active: Option<bool>,
    /// The fields that its registration page requires, and no others.
    required: Option<Vec<String>>,
    /// Fields in which only these values can be chosen; an empty list lets anything be typed.
    options: Option<BTreeMap<String, Vec<String>>>,
    /// The client whose event it is: the account or one of its sub-clients.
    client_id: Option<i64>,
    /// Whether those who register have to follow a link in a mail before they count.
    double_opt_in: Option<bool>,
    tags: Option<Vec<String>>,
}

pub(super) fn control(books: &mut Books, account: &Account, call: &Call) -> Answer {
    if call.method != Method::POST {
        return control::not_allowed();
    }
    let change = match serde_json::from_slice::<Change>(&call.body) {
        Ok(change) => change,
        Err(error) => {
            let words = "expected \"event_id\" and some of \"active\", \"required\", \"options\", \"client_id\", \
                 \"double_opt_in\", \"tags\"";
            return control::refusal(StatusCode::BAD_REQUEST, &format!("{words}: {error}"));
        }
    };
    let own = account.client_id();
    if change.client_id.is_some_and(|client| client != own && !account.has_child(client)) {
        return control::refusal(
            StatusCode::BAD_REQUEST,
            "client_id is neither the account nor one below it",
        );
    }
    match books.event(change.event_id) {
        Some(event) => Answer::json(StatusCode::OK, &event.change(change)),
        None => control::refusal(StatusCode::NOT_FOUND, "there is no such event"),
    }
}

impl Event {
    fn change(&mut self, change: Change) -> Value {
        if let Some(active) = change.active {
            self.active = active;
        }
        if let Some(required) = change.required {
            self.page.require(&required);
        }
        for (name, options) in change.options.unwrap_or_default() {
            self.page.list(&name, options);
        }
        self.double_opt_in = change.double_opt_in.unwrap_or(self.double_opt_in);
        self.details.tags = change.tags.unwrap_or(std::mem::take(&mut self.details.tags));
        if let Some(client) = change.client_id {
            self.client = client;
        }
        let required = self.page.fields.iter().filter(|field| field.required);
        let required: Vec<&str> = required.map(|field| field.name).collect();
        json!({ "event_id": self.id, "active": self.active, "required": required,
                "client_id": self.client, "double_opt_in": self.double_opt_in, "tags": self.details.tags })
    }
}
