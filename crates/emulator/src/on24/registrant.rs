//! One person at one event.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::attendance::Attendance;
use super::field::{FIELDS, Fields};
use super::pacific;

/// What a registration has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Live,
    /// Softly: it stays listed, and can be restored.
    Deleted,
    Forgotten,
}

impl Standing {
    /// The word of the emulator's state.
    pub(super) fn state(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Deleted => "deleted",
            Self::Forgotten => "forgotten",
        }
    }

    /// ON24's word.
    pub(super) fn user_status(self) -> &'static str {
        match self {
            Self::Live => "active",
            other => other.state(),
        }
    }
}

/// Where a registration was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Api,
    /// On ON24's own registration page.
    Page,
}

pub(super) struct Registrant {
    pub(super) id: i64,
    /// As it was typed when the person was first registered; empty when there was none.
    pub(super) email: String,
    /// Without the e-mail address; empty values are not kept.
    pub(super) fields: BTreeMap<&'static str, String>,
    pub(super) standing: Standing,
    pub(super) origin: Origin,
    /// Every accepted call that writes the person.
    pub(super) writes: u64,
    /// The machine's time of the first of them, in Unix milliseconds.
    pub(super) first_at: Option<i64>,
    pub(super) created: Timestamp,
    pub(super) last_activity: Timestamp,
    /// `None` until it is decided whether the person comes.
    pub(super) attendance: Option<Attendance>,
}

impl Registrant {
    pub(super) fn new(id: i64, email: String, origin: Origin, now: Timestamp) -> Self {
        Self {
            id,
            email,
            fields: BTreeMap::new(),
            standing: Standing::Live,
            origin,
            writes: 0,
            first_at: None,
            created: now,
            last_activity: now,
            attendance: None,
        }
    }

    /// Takes the fields over; an empty value takes one away. The address stays as it was
    /// first typed, and `partnerref` as it was when the person was `fresh`.
    pub(super) fn merge(&mut self, fields: &Fields<'_>, fresh: bool) {
        for (name, value) in fields {
            if *name == "email" || (*name == "partnerref" && !fresh) {
                continue;
            }
            if value.is_empty() {
                self.fields.remove(name);
            } else {
                self.fields.insert(name, value.clone().into_owned());
            }
        }
    }

    pub(super) fn written(&mut self, now: Timestamp, at: i64) {
        self.writes += 1;
        self.first_at.get_or_insert(at);
        self.last_activity = now;
    }

    /// The attendance of somebody who came.
    pub(super) fn attended(&self) -> Option<&Attendance> {
        self.attendance.as_ref().filter(|attendance| attendance.came())
    }

    /// The record of the reads, without the client's id.
    pub(super) fn record(&self, event: i64) -> Map<String, Value> {
        let mut record = Map::new();
        record.insert("eventuserid".to_owned(), json!(self.id));
        record.insert("eventid".to_owned(), json!(event));
        record.insert("sourceeventid".to_owned(), json!(event));
        for field in FIELDS {
            if let Some(value) = self.value(field.name) {
                record.insert(field.name.to_owned(), json!(value));
            }
        }
        for flag in ["marketingemail", "eventemail"] {
            record.entry(flag).or_insert_with(|| json!("N"));
        }
        record.insert("createtimestamp".to_owned(), json!(pacific::stamp(self.created)));
        record.insert("lastactivity".to_owned(), json!(pacific::stamp(self.last_activity)));
        record.insert("userstatus".to_owned(), json!(self.standing.user_status()));
        record.insert("attendeetype".to_owned(), json!("Virtual"));
        record
    }

    /// The entry of the emulator's state.
    pub(super) fn state(&self) -> Value {
        let origin = match self.origin {
            Origin::Api => "api",
            Origin::Page => "on24",
        };
        json!({ "email": self.email, "state": self.standing.state(), "writes": self.writes,
                "first_at": self.first_at, "event_user_id": self.id, "origin": origin, "fields": self.fields })
    }

    /// Everything that is known of the person.
    pub(super) fn whole(&self) -> Fields<'static> {
        let known = FIELDS.iter().filter_map(|field| Some((field.name, self.value(field.name)?)));
        known.map(|(name, value)| (name, value.to_owned().into())).collect()
    }

    fn value(&self, field: &str) -> Option<&str> {
        match field {
            "email" => Some(self.email.as_str()).filter(|email| !email.is_empty()),
            field => self.fields.get(field).map(String::as_str),
        }
    }
}
