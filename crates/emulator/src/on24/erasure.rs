//! Forgetting people, for good.

use jiff::Timestamp;
use serde_json::json;

use super::asked::{Asked, Said};
use super::books::Books;
use super::event::Event;
use super::refusal::Refusal;
use super::registrant::{Registrant, Standing};

/// The fields that stay when a person is forgotten.
const SURVIVORS: [&str; 4] = ["exteventusercd", "partnerref", "other", "notes"];

/// `POST forget`: wipes the people with these addresses, at one event or at all.
pub(super) fn forget<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    let addresses = asked.form.get("email").ok_or(Refusal::EmailMissing)?;
    if addresses.trim().is_empty() {
        return Err(Refusal::EmailBlank);
    }
    let only = asked.form.filled("eventid");
    let mut forgotten = Vec::new();
    for event in books.events.values_mut() {
        if only.is_none_or(|only| only.trim().parse() == Ok(event.id)) {
            let emails = addresses.split(',').map(str::trim);
            forgotten.extend(emails.filter_map(|email| event.forget(email, asked.now, asked.at)));
        }
    }
    if forgotten.is_empty() {
        return Err(Refusal::NobodyToForget { in_event: only.is_some() });
    }
    Ok(json!({ "deletedregistrants": { "eventuserids": forgotten } }).into())
}

impl Event {
    fn forget(&mut self, email: &str, now: Timestamp, at: i64) -> Option<i64> {
        let position = self.release(email)?;
        let person = &mut self.people[position];
        person.wipe();
        person.written(now, at);
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
