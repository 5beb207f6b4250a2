//! One webinar, its people, and how the reads show it.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::seeded;

use super::account::Account;
use super::books::Books;
use super::pacific::{self, Window};
use super::page::Page;
use super::reads::parameter;
use super::refusal::Refusal;
use super::registrant::{Registrant, Standing};

/// An event to be added.
#[derive(Clone, Debug)]
pub struct Webinar {
    pub title: String,
    /// The advertised start; the lobby opens a quarter of an hour before.
    pub starts: Timestamp,
    /// How long it lasts, in minutes.
    pub minutes: u32,
    /// The fields that its registration page requires, such as `firstname`.
    pub required: Vec<String>,
    /// Fields in which only certain values can be chosen, and these; every page has the countries.
    pub options: Vec<(String, Vec<String>)>,
    /// The sub-client whose event it is; `None` is the account itself.
    pub client: Option<i64>,
}

impl Webinar {
    /// A webinar whose registration page requires first name, last name and e-mail address.
    pub fn new(title: &str, starts: Timestamp, minutes: u32) -> Self {
        let required = ["firstname", "lastname", "email"].map(str::to_owned).to_vec();
        Self { title: title.to_owned(), starts, minutes, required, options: Vec::new(), client: None }
    }
}

pub(super) struct Event {
    pub(super) id: i64,
    /// The sub-client whose event it is; `None` is the account itself.
    pub(super) client: Option<i64>,
    title: String,
    pub(super) starts: Timestamp,
    pub(super) minutes: u32,
    pub(super) page: Page,
    pub(super) created: Timestamp,
    pub(super) active: bool,
    pub(super) people: Vec<Registrant>,
    /// Where in `people` somebody is, by the address as it is told apart; the forgotten are in none.
    places: HashMap<String, usize>,
    /// Whether addresses that differ in letter case are different people.
    case_sensitive: bool,
    first_person: i64,
    /// The seeds with which later watching was added.
    pub(super) replayed: BTreeSet<u64>,
}

impl Event {
    pub(super) fn new(id: i64, first_person: i64, webinar: Webinar, now: Timestamp) -> Self {
        let Webinar { title, starts, minutes, required, options, client } = webinar;
        let mut page = Page::new(&required);
        for (name, options) in options {
            page.list(&name, options);
        }
        Self {
            id,
            client,
            title,
            starts,
            minutes,
            page,
            created: now,
            active: true,
            people: Vec::new(),
            places: HashMap::new(),
            case_sensitive: false,
            first_person,
            replayed: BTreeSet::new(),
        }
    }

    pub(super) fn has_started(&self, now: Timestamp) -> bool {
        self.starts <= now
    }

    pub(super) fn ends(&self) -> Timestamp {
        self.starts + SignedDuration::from_mins(self.minutes.into())
    }

    /// The address as people are told apart by it.
    fn key<'a>(&self, email: &'a str) -> Cow<'a, str> {
        let is_folded = email.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
        if self.case_sensitive || is_folded { email.into() } else { email.to_lowercase().into() }
    }

    /// Where people meet who were two before, the first of them is found.
    pub(super) fn tell_cases_apart(&mut self, case_sensitive: bool) {
        self.case_sensitive = case_sensitive;
        let mut places = HashMap::with_capacity(self.people.len());
        for (position, person) in self.people.iter().enumerate() {
            if !person.email.is_empty() && person.standing != Standing::Forgotten {
                places.entry(self.key(&person.email).into_owned()).or_insert(position);
            }
        }
        self.places = places;
    }

    pub(super) fn position(&self, email: &str) -> Option<usize> {
        self.places.get(self.key(email).as_ref()).copied()
    }

    pub(super) fn find(&self, email: &str) -> Option<&Registrant> {
        self.position(email).map(|position| &self.people[position])
    }

    pub(super) fn next_id(&self) -> i64 {
        self.first_person + i64::try_from(self.people.len()).unwrap_or_default()
    }

    pub(super) fn add(&mut self, person: Registrant) -> usize {
        let position = self.people.len();
        if !person.email.is_empty() {
            self.places.insert(self.key(&person.email).into_owned(), position);
        }
        self.people.push(person);
        position
    }

    /// Where the person is, who is no longer found by the address from now on.
    pub(super) fn release(&mut self, email: &str) -> Option<usize> {
        self.places.remove(self.key(email).as_ref())
    }

    /// Gives the person another address.
    pub(super) fn readdress(&mut self, position: usize, email: &str) {
        let old = std::mem::replace(&mut self.people[position].email, email.to_owned());
        self.release(&old);
        self.places.insert(self.key(email).into_owned(), position);
    }

    /// The object of `GET event/{id}`.
    pub(super) fn metadata(&self, account: &Account) -> Value {
        let mut object = self.object(account);
        object.insert("eventname".to_owned(), json!(self.title));
        object.insert("eventduration".to_owned(), json!(self.minutes));
        object.insert("goodtill".to_owned(), json!(pacific::stamp(self.archive_ends())));
        let tally = self.tally();
        let registrants = i64::try_from(self.people.len()).unwrap_or(i64::MAX);
        let came = i64::try_from(tally.attendees).unwrap_or(i64::MAX);
        if let Some(analytics) = object.get_mut("eventanalytics").and_then(Value::as_object_mut) {
            analytics.insert("noshowcount".to_owned(), json!(registrants - came));
        }
        Value::Object(object)
    }

    /// The object of the list of events, which the metadata extend.
    fn object(&self, account: &Account) -> Map<String, Value> {
        let stamp = pacific::stamp;
        let key = self.audience_key(account);
        let tally = self.tally();
        let object = json!({
            "eventid": self.id,
            "clientid": self.client.unwrap_or(account.client_id()),
            "goodafter": stamp(self.starts),
            "isactive": self.active,
            "ishybridevent": false,
            "regrequired": true,
            "description": self.title,
            "regnotificationrequired": true,
            "displaytimezonecd": "America/Los_Angeles",
            "eventtype": "Live Video and Audio",
            "createdby": "emulator",
            "createtimestamp": stamp(self.created),
            "localelanguagecd": "en",
            "lastmodified": stamp(self.created),
            "lastupdated": stamp(self.last_updated()),
            "iseliteexpired": "N",
            "livestart": stamp(self.live_starts()),
            "liveend": stamp(self.ends()),
            "archivestart": stamp(self.archive_starts()),
            "archiveend": stamp(self.archive_ends()),
            "audienceurl": format!("https://event.on24.example/wcc/r/{}/{key}", self.id),
            "scheduledeventduration": self.minutes,
            "eventprofile": "Standard (918)",
            "streamtype": "video",
            "audiencekey": key,
            "reporturl": format!("https://data.on24.example/webcast/report?e={}&k={key}", self.id),
            "uploadurl": "https://wcc.on24.example/webcast/login",
            "pmurl": format!("https://wcc.on24.example/webcast/present?e={}&k={key}", self.id),
            "previewurl": format!("https://event.on24.example/webcast/previewlobby?e={}&k={key}", self.id),
            "contenttype": "webcast",
            "istestevent": false,
            "speakers": [{ "name": "Ada Example", "title": "Host", "company": "Example & Co." }],
            "eventanalytics": tally.analytics(self.people.len()),
        });
        object.as_object().cloned().unwrap_or_default()
    }

    fn audience_key(&self, account: &Account) -> String {
        let seed = account.client_id().unsigned_abs();
        seeded::hex(seed, &format!("on24/audience/{}", self.id), 32).to_ascii_uppercase()
    }

    fn live_starts(&self) -> Timestamp {
        self.starts - SignedDuration::from_mins(15)
    }

    pub(super) fn archive_starts(&self) -> Timestamp {
        self.ends() + SignedDuration::from_mins(30)
    }

    fn archive_ends(&self) -> Timestamp {
        self.archive_starts() + SignedDuration::from_hours(365 * 24)
    }

    fn last_updated(&self) -> Timestamp {
        self.people.iter().map(|person| person.last_activity).max().unwrap_or(self.created)
    }

    /// The date by which the list of events filters in this mode; an unknown mode is that of the start.
    fn date(&self, mode: &str) -> Timestamp {
        match mode.to_ascii_lowercase().as_str() {
            "creation" | "modified" => self.created,
            "updated" => self.last_updated(),
            "livestart" => self.live_starts(),
            "liveend" => self.ends(),
            "archivestart" => self.archive_starts(),
            "archiveend" => self.archive_ends(),
            _ => self.starts,
        }
    }
}

impl Books {
    /// `GET event`: of the last 90 days, unless the query says otherwise.
    pub(super) fn list(
        &self,
        query: &[(String, String)],
        now: Timestamp,
        account: &Account,
    ) -> Result<Value, Refusal> {
        let window = Window::of(query, now).map_err(Refusal::Dates)?.unwrap_or(Window::last_days(90, now));
        let mode = parameter(query, "datefiltermode").unwrap_or("goodafter");
        let inactive =
            parameter(query, "includeinactive").is_some_and(|value| value.eq_ignore_ascii_case("y"));
        let kind = parameter(query, "contenttype").unwrap_or("all").to_ascii_lowercase();
        let listed = self.events.values().filter(|event| {
            ["all", "webcast"].contains(&kind.as_str())
                && (inactive || event.active)
                && window.contains(event.date(mode))
        });
        let mut events: Vec<&Event> = listed.collect();
        events.sort_by_key(|event| event.date(mode));
        if parameter(query, "filterorder").is_some_and(|order| order.eq_ignore_ascii_case("desc")) {
            events.reverse();
        }
        let events: Vec<Value> =
            events.into_iter().map(|event| Value::Object(event.object(account))).collect();
        Ok(json!({ "totalevents": events.len(), "events": events }))
    }
}
