//! Writing one person: register, delete softly, restore, amend.

use http::StatusCode;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::asked::{Asked, Said};
use super::books::Books;
use super::event::Event;
use super::field::{Field, Fields, Limits};
use super::form::yes_or_no;
use super::refusal::Refusal;
use super::registrant::{Origin, Registrant, Standing};

/// `POST event/{event}/registrant`: creates the person, or merges the fields into the one with that address.
pub(super) fn register<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    asked.event(books)?.register(asked).map(Said::Registrant)
}

/// `PATCH event/{event}/registrant`: changes the fields that are sent, of somebody who is registered.
pub(super) fn amend<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    asked.event(books)?.amend(asked).map(Said::Registrant)
}

impl<'a> Asked<'a> {
    /// Whether one of the `honor…` parameters is on; it is unless it says `N`.
    fn honors(&self, name: &'static str) -> Result<bool, Refusal> {
        let value = self.query.get(name).unwrap_or("Y");
        yes_or_no(value).map_err(|()| Refusal::NotYesOrNo(name))
    }

    pub(super) fn bad_field(&self) -> Refusal {
        Refusal::Chosen { status: self.settings.field_status.into(), text: self.settings.field_text.clone() }
    }

    fn missing_field(&self) -> Refusal {
        Refusal::Chosen {
            status: self.settings.required_status.into(),
            text: self.settings.required_text.clone(),
        }
    }

    fn blocked(&self) -> Refusal {
        Refusal::Chosen { status: StatusCode::BAD_REQUEST, text: self.settings.blocked_text.clone() }
    }

    fn fields(&self, of: fn(&Field) -> usize) -> Result<Fields<'a>, Refusal> {
        let limits = Limits { of, cuts: self.settings.cuts_long_values };
        self.form.fields(limits).map_err(|()| self.bad_field())
    }
}

impl Event {
    fn register<'a>(&mut self, asked: &Asked<'a>) -> Result<Echo<'a>, Refusal> {
        let required = asked.honors("honorrequired")?;
        let validated = asked.honors("honorvalidation")?;
        let deleted = asked.form.yes_or_no("isdeleted").map_err(|()| asked.bad_field())?;
        let known = asked.form.filled("email").and_then(|email| self.position(email));
        if required && self.lacks_field(asked, deleted, known.is_some()) {
            return Err(asked.missing_field());
        }
        if validated && self.page.disallows(&asked.form) {
            return Err(asked.bad_field());
        }
        let mut fields = asked.fields(|field| field.on_post)?;
        fields.retain(|(name, _)| *name != "isblocked");
        match deleted {
            Some(true) => self.delete(known, fields, asked),
            _ => self.admit(known, fields, deleted == Some(false), asked),
        }
    }

    /// Deletion and restoring need the address only; everything else needs what the registration page requires.
    fn lacks_field(&self, asked: &Asked<'_>, deleted: Option<bool>, known: bool) -> bool {
        if deleted == Some(true) || (deleted == Some(false) && known) {
            return asked.form.filled("email").is_none();
        }
        self.page.misses(&asked.form)
    }

    /// Whether people can still be deleted and restored.
    fn in_time(&self, asked: &Asked<'_>) -> Result<(), Refusal> {
        let settings = &asked.settings;
        if !self.has_started(asked.now) || settings.late_deletion {
            return Ok(());
        }
        Err(Refusal::Chosen { status: settings.late_status.into(), text: settings.late_text.clone() })
    }

    fn delete<'a>(
        &mut self,
        known: Option<usize>,
        fields: Fields<'a>,
        asked: &Asked<'a>,
    ) -> Result<Echo<'a>, Refusal> {
        let position = known.ok_or(Refusal::NothingToDelete)?;
        self.in_time(asked)?;
        self.people[position].standing = Standing::Deleted;
        Ok(self.put(position, fields, false, asked))
    }

    fn admit<'a>(
        &mut self,
        known: Option<usize>,
        fields: Fields<'a>,
        restored: bool,
        asked: &Asked<'a>,
    ) -> Result<Echo<'a>, Refusal> {
        let email = asked.form.filled("email");
        if email.is_some_and(|email| asked.settings.blocks(email)) {
            return Err(asked.blocked());
        }
        let management = &asked.settings.management;
        if known.is_none() && !self.details.takes_registrations && management.refuse_when_disabled {
            return Err(Refusal::Chosen {
                status: StatusCode::FORBIDDEN,
                text: management.disabled_text.clone(),
            });
        }
        let Some(position) = known else {
            let email = email.unwrap_or_default().to_owned();
            let position = self.add(Registrant::new(self.next_id(), email, Origin::Api, asked.now));
            return Ok(self.put(position, fields, true, asked));
        };
        if restored && self.people[position].standing == Standing::Deleted {
            self.in_time(asked)?;
            self.people[position].standing = Standing::Live;
        }
        Ok(self.put(position, fields, false, asked))
    }

    fn amend<'a>(&mut self, asked: &Asked<'a>) -> Result<Echo<'a>, Refusal> {
        let required = asked.honors("honorrequired")?;
        let validated = asked.honors("honorvalidation")?;
        let email = asked.form.get("email").ok_or(Refusal::EmailMissing)?;
        if email.trim().is_empty() {
            return Err(Refusal::EmailBlank);
        }
        asked.form.yes_or_no("isblocked").map_err(|()| Refusal::NotYesOrNo("inBlocked"))?;
        if required && self.page.is_emptied(&asked.form) {
            return Err(asked.missing_field());
        }
        if validated && self.page.disallows(&asked.form) {
            return Err(asked.bad_field());
        }
        let fields = asked.fields(|field| field.on_patch)?;
        let position = self.position(email).ok_or(Refusal::EmailNotFound)?;
        Ok(self.put(position, fields, false, asked))
    }

    /// Merges the fields, and answers with those that were sent and the identifiers.
    fn put<'a>(&mut self, position: usize, fields: Fields<'a>, fresh: bool, asked: &Asked<'a>) -> Echo<'a> {
        let person = &mut self.people[position];
        person.merge(&fields, fresh);
        person.written(asked.now, asked.at);
        let fields = if asked.settings.answers_whole { person.whole() } else { person.kept(fields) };
        Echo { fields, event: self.id, person: person.id }
    }
}

/// The answer to a registration: what was sent, as it is kept, and the identifiers.
pub(super) struct Echo<'a> {
    fields: Fields<'a>,
    event: i64,
    person: i64,
}

impl Serialize for Echo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.fields.iter().filter(|(_, value)| !value.is_empty()) {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("eventid", &self.event)?;
        map.serialize_entry("eventuserid", &self.person)?;
        map.end()
    }
}
