//! Changing a person at every event at once.

use serde_json::json;

use super::asked::{Asked, Said};
use super::books::Books;
use super::event::Event;
use super::field::Limits;
use super::refusal::Refusal;

/// What can be changed at one event only.
const ELSEWHERE: [&str; 2] = ["isblocked", "emailformat"];

/// `PATCH registrant/{email}`: changes the fields that are sent, the address included, wherever somebody of this
/// address is registered; at one event not without the others.
pub(super) fn amend<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    let events: Vec<(i64, usize)> =
        books.events.values().filter_map(|event| Some((event.id, event.position(&asked.subject)?))).collect();
    if events.is_empty() {
        return Err(Refusal::Nobody { in_event: false });
    }
    let limits = Limits { of: |field| field.on_patch, cuts: asked.settings.cuts_long_values };
    let mut fields = asked.form.loose_fields(limits);
    fields.retain(|(name, _)| !ELSEWHERE.contains(name));
    let email = asked.form.filled("email").map(str::trim);
    if email.is_some() && fields.iter().all(|(name, _)| *name != "email") {
        return Err(asked.bad_field());
    }
    let taken = |email| events.iter().any(|(event, position)| books.has_taken(*event, email, *position));
    if email.is_some_and(taken) {
        return Err(Refusal::EmailTaken);
    }
    let mut updated = Vec::new();
    for (event, position) in events {
        if let Some(event) = books.event(event) {
            let person = &mut event.people[position];
            person.merge(&fields, false);
            person.written(asked.now, asked.at);
            updated.push(person.id);
            if let Some(email) = email {
                event.readdress(position, email);
            }
        }
    }
    Ok(json!({ "updatedregistrants": updated }).into())
}

impl Books {
    /// Whether somebody else at the event has that address.
    fn has_taken(&self, event: i64, email: &str, position: usize) -> bool {
        let other = |event: &Event| event.position(email).is_some_and(|other| other != position);
        self.events.get(&event).is_some_and(other)
    }
}
