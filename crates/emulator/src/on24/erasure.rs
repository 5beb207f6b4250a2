//! Forgetting people, for good.

use std::collections::BTreeSet;

use serde_json::json;

use super::asked::{Asked, Said};
use super::books::Books;
use super::event::Event;
use super::refusal::Refusal;
use super::registrant::{Registrant, Standing};

/// More addresses are not looked up in one call.
const MOST_ADDRESSES: usize = 100_000;

/// The fields that stay when a person is forgotten.
const SURVIVORS: [&str; 4] = ["exteventusercd", "partnerref", "other", "notes"];

/// `POST forget`: wipes the people with these addresses, at one event or at all.
pub(super) fn forget<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    let addresses = asked.form.get("email").ok_or(Refusal::EmailMissing)?;
    if addresses.trim().is_empty() {
        return Err(Refusal::EmailBlank);
    }
    if addresses.split(',').nth(MOST_ADDRESSES).is_some() {
        return Err(Refusal::TooMany);
    }
    let only = asked.form.filled("eventid").map(str::trim);
    let events = books.events.values().filter(|event| only.is_none_or(|only| only.parse() == Ok(event.id)));
    let mut found = BTreeSet::new();
    for event in events {
        let positions = addresses.split(',').filter_map(|email| event.position(email.trim()));
        found.extend(positions.map(|position| (event.id, position)));
    }
    if found.is_empty() {
        return Err(Refusal::Nobody { in_event: only.is_some() });
    }
    books.wipe(&found, asked)
}

/// `POST forgetall`: wipes everybody, those of the sub-clients included.
pub(super) fn forget_everybody<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    let found = books.events.values().flat_map(Event::remembered).collect();
    books.wipe(&found, asked)
}

/// `POST event/{event}/forgetall`: wipes everybody at the event.
pub(super) fn forget_event<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    let found = asked.event(books)?.remembered().collect();
    books.wipe(&found, asked)
}

impl Books {
    /// Wipes the people at these positions of their events, if they are not too many.
    fn wipe<'a>(&mut self, found: &BTreeSet<(i64, usize)>, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
        if found.len() > asked.settings.forget_limit {
            return Err(Refusal::TooMany);
        }
        let mut ids = Vec::with_capacity(found.len());
        for (event, position) in found {
            let event = self.event(*event);
            ids.extend(event.and_then(|event| event.forget(*position, asked)));
        }
        Ok(json!({ "deletedregistrants": { "eventuserids": ids } }).into())
    }
}

impl Event {
    /// Where those are who are not forgotten yet.
    fn remembered(&self) -> impl Iterator<Item = (i64, usize)> {
        let people = self.people.iter().enumerate();
        let remembered = people.filter(|(_, person)| person.standing != Standing::Forgotten);
        remembered.map(|(position, _)| (self.id, position))
    }

    fn forget(&mut self, position: usize, asked: &Asked<'_>) -> Option<i64> {
        let email = std::mem::take(&mut self.people.get_mut(position)?.email);
        self.release(&email, position);
        let person = self.people.get_mut(position)?;
        person.wipe();
        person.written(asked.now, asked.at);
        Some(person.id)
    }
}

impl Registrant {
    fn wipe(&mut self) {
        self.standing = Standing::Forgotten;
        self.email = format!("{}-deleted", self.id);
        self.fields.retain(|name, _| SURVIVORS.contains(name));
        for (name, value) in
            [("firstname", "deleted"), ("lastname", "deleted"), ("eventemail", "N"), ("marketingemail", "N")]
        {
            self.fields.insert(name, value.to_owned());
        }
    }
}
