//! One person at one event.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::attendance::Attendance;
use super::device::{Device, profile_url};
use super::event::Event;
use super::field::{FIELDS, Fields, is_flag};
use super::pacific;
use super::reading::Reading;
use super::record::{Missing, Record};

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
    /// Nowhere: somebody who came by another one's link. Such people are attendees, not registrants.
    Guest,
}

#[derive(Clone)]
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
    /// Whether the person followed the link of the mail, where the event asks for that.
    pub(super) confirmed: bool,
    /// `None` until it is decided whether the person comes.
    pub(super) attendance: Option<Box<Attendance>>,
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
            confirmed: true,
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

    /// Whether the lists of registrants have the person at all.
    pub(super) fn is_registered(&self) -> bool {
        self.confirmed && self.origin != Origin::Guest
    }

    /// Whether the person is let in at all.
    pub(super) fn may_come(&self) -> bool {
        self.confirmed && self.standing == Standing::Live
    }

    /// The attendance of somebody who came, as far as ON24 shows it by now.
    pub(super) fn attended(&self, event: &Event, reading: &Reading<'_>) -> Option<Cow<'_, Attendance>> {
        self.attendance.as_ref()?.shown(reading.delay, self.id, event.ends(), reading.now)
    }

    /// The record of the reads. Only those of one client's many events say whose event it is, and the one by address
    /// says nothing of when.
    pub(super) fn record(&self, event: &Event, missing: Missing, kind: RecordKind) -> Record {
        let mut record = Record::new(missing);
        record.set("eventuserid", self.id).set("eventid", event.id);
        if kind != RecordKind::OfEvent {
            record.set("clientid", event.client);
        }
        record.set("sourceeventid", event.id);
        for field in FIELDS.iter().filter(|field| !kind.hides(field.name)) {
            let flag = is_flag(field).then_some("N");
            record.maybe(field.name, self.value(field.name).or(flag));
        }
        if kind != RecordKind::ByAddress {
            record.set("createtimestamp", pacific::stamp(self.created));
            record.set("lastactivity", pacific::stamp(self.last_activity));
            record.maybe("engagementprediction", self.prediction());
        }
        self.insert_origin(&mut record, event);
        record
    }

    /// Where the registration came from.
    fn insert_origin(&self, record: &mut Record, event: &Event) {
        let device = (self.standing != Standing::Forgotten).then(|| Device::of(self.id));
        record.maybe("browser", device.as_ref().map(|device| device.browser));
        record.maybe("os", device.as_ref().map(|device| device.system));
        record.maybe("ipaddress", device.as_ref().map(|device| device.address.as_str()));
        record.set("userprofileurl", profile_url(self.id));
        let code = event.details.campaign_code.as_deref();
        record.maybe("campaigncode", code).maybe("sourcecampaigncode", code);
        for (name, value) in [
            ("utmsource", "newsletter"),
            ("utmmedium", "email"),
            ("utmcampaign", "autumn"),
            ("utmterm", "webinar"),
            ("utmcontent", "button"),
        ] {
            record.maybe(name, (self.origin == Origin::Page).then_some(value));
        }
        record.set("userstatus", self.standing.user_status());
        record.set("attendeetype", "Virtual");
    }

    /// How likely the person is to take part; ON24 does not know it of everybody.
    pub(super) fn prediction(&self) -> Option<&'static str> {
        [Some("HIGH"), Some("MEDIUM"), Some("LOW"), None][usize::try_from(self.id % 4).unwrap_or_default()]
    }

    /// The entry of the emulator's state.
    pub(super) fn state(&self) -> Value {
        let origin = match self.origin {
            Origin::Api => "api",
            Origin::Page => "on24",
            Origin::Guest => "guest",
        };
        json!({ "email": self.email, "state": self.standing.state(), "writes": self.writes,
                "first_at": self.first_at, "event_user_id": self.id, "origin": origin, "fields": self.fields })
    }

    /// Everything that is known of the person.
    pub(super) fn whole(&self) -> Fields<'static> {
        let known = FIELDS.iter().filter_map(|field| Some((field.name, self.value(field.name)?)));
        known.map(|(name, value)| (name, value.to_owned().into())).collect()
    }

    /// The same fields with the values that the person has: some are never replaced.
    pub(super) fn kept<'a>(&self, mut fields: Fields<'a>) -> Fields<'a> {
        for (name, value) in &mut fields {
            let kept = self.value(name).unwrap_or_default();
            if kept != value.as_ref() {
                *value = kept.to_owned().into();
            }
        }
        fields
    }

    pub(super) fn value(&self, field: &str) -> Option<&str> {
        match field {
            "email" => Some(self.email.as_str()).filter(|email| !email.is_empty()),
            field => self.fields.get(field).map(String::as_str),
        }
    }
}

/// Which read a record is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordKind {
    /// The lists of one event.
    OfEvent,
    /// The lists of a client's many events.
    OfClient,
    /// One person, by address.
    ByAddress,
}

impl RecordKind {
    fn hides(self, field: &str) -> bool {
        field == "isblocked" || (field == "emailformat" && self == Self::ByAddress)
    }
}
