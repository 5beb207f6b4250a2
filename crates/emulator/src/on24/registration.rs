//! Writing one person: register, delete softly, restore, amend.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::event::Event;
use super::field::{Field, Form, yes_or_no};
use super::reads::parameter;
use super::refusal::Refusal;
use super::registrant::{Origin, Registrant, Standing};
use super::settings::Settings;

/// What a write knows beside its form.
pub(super) struct Write<'a> {
    pub(super) now: Timestamp,
    /// The machine's time, in Unix milliseconds.
    pub(super) at: i64,
    pub(super) query: &'a [(String, String)],
    pub(super) settings: Arc<Settings>,
}

impl Write<'_> {
    /// Whether one of the `honor…` parameters is on; it is unless it says `N`.
    fn honors(&self, name: &'static str) -> Result<bool, Refusal> {
        let value = parameter(self.query, name).unwrap_or("Y");
        yes_or_no(value).map_err(|()| Refusal::NotYesOrNo(name))
    }

    fn bad_field(&self) -> Refusal {
        Refusal::Data(self.settings.field_text.clone())
    }

    fn fields(
        &self,
        form: &Form,
        limit: fn(&Field) -> usize,
    ) -> Result<Vec<(&'static str, String)>, Refusal> {
        form.fields(limit).map_err(|()| self.bad_field())
    }
}

impl Event {
    /// Creates the person, or merges the fields into the one with that address.
    pub(super) fn register(&mut self, form: &Form, write: &Write<'_>) -> Result<Value, Refusal> {
        let required = write.honors("honorrequired")?;
        write.honors("honorvalidation")?;
        let deleted = form.yes_or_no("isdeleted").map_err(|()| write.bad_field())?;
        let known = form.filled("email").and_then(|email| self.position(email));
        if required && self.lacks_field(form, deleted, known.is_some()) {
            return Err(Refusal::Data(write.settings.required_text.clone()));
        }
        let mut fields = write.fields(form, |field| field.on_post)?;
        fields.retain(|(name, _)| *name != "isblocked");
        match deleted {
            Some(true) => self.delete(known, &fields, write),
            _ => self.admit(known, fields, deleted == Some(false), form.filled("email"), write),
        }
    }

    /// Deletion and restoring need the address only; everything else needs what the registration page requires.
    fn lacks_field(&self, form: &Form, deleted: Option<bool>, known: bool) -> bool {
        if deleted == Some(true) || (deleted == Some(false) && known) {
            return form.filled("email").is_none();
        }
        self.required.iter().any(|name| form.filled(name).is_none())
    }

    fn delete(
        &mut self,
        known: Option<usize>,
        fields: &[(&'static str, String)],
        write: &Write<'_>,
    ) -> Result<Value, Refusal> {
        let position = known.ok_or(Refusal::NothingToDelete)?;
        if self.has_started(write.now) {
            return Err(Refusal::TooLate(write.settings.late_text.clone()));
        }
        self.people[position].standing = Standing::Deleted;
        Ok(self.put(position, fields.to_vec(), false, write))
    }

    fn admit(
        &mut self,
        known: Option<usize>,
        fields: Vec<(&'static str, String)>,
        restored: bool,
        email: Option<&str>,
        write: &Write<'_>,
    ) -> Result<Value, Refusal> {
        if email.is_some_and(|email| write.settings.blocks(email)) {
            return Err(Refusal::Data(write.settings.blocked_text.clone()));
        }
        let Some(position) = known else {
            let id = self.next_id();
            let email = email.unwrap_or_default().to_owned();
            let position = self.add(Registrant::new(id, email, Origin::Api, write.now));
            return Ok(self.put(position, fields, true, write));
        };
        if restored && self.people[position].standing == Standing::Deleted {
            if self.has_started(write.now) {
                return Err(Refusal::TooLate(write.settings.late_text.clone()));
            }
            self.people[position].standing = Standing::Live;
        }
        Ok(self.put(position, fields, false, write))
    }

    /// Changes the fields that are sent, of somebody who is registered.
    pub(super) fn amend(&mut self, form: &Form, write: &Write<'_>) -> Result<Value, Refusal> {
        write.honors("honorrequired")?;
        write.honors("honorvalidation")?;
        let email = form.get("email").ok_or(Refusal::EmailMissing)?;
        if email.trim().is_empty() {
            return Err(Refusal::EmailBlank);
        }
        form.yes_or_no("isblocked").map_err(|()| Refusal::NotYesOrNo("inBlocked"))?;
        let fields = write.fields(form, |field| field.on_patch)?;
        let position = self.position(email).ok_or(Refusal::EmailNotFound)?;
        Ok(self.put(position, fields, false, write))
    }

    /// Merges the fields and answers with those that were sent, and the identifiers.
    fn put(
        &mut self,
        position: usize,
        fields: Vec<(&'static str, String)>,
        fresh: bool,
        write: &Write<'_>,
    ) -> Value {
        let sent = fields.iter().filter(|(_, value)| !value.is_empty());
        let mut echo: Map<String, Value> =
            sent.map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let person = &mut self.people[position];
        person.merge(fields, fresh);
        person.written(write.now, write.at);
        echo.insert("eventid".to_owned(), json!(self.id));
        echo.insert("eventuserid".to_owned(), json!(person.id));
        Value::Object(echo)
    }
}
