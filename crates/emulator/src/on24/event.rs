//! One webinar and its people.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::crowd::Crowd;
use super::details::Details;
use super::page::Page;
use super::registrant::{Origin, Registrant, Standing};
use super::tally::Sums;

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

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Event {
    pub(super) id: i64,
    /// Whose it is: the account's own, or that of an account below it.
    pub(super) client: i64,
    pub(super) details: Details,
    pub(super) starts: Timestamp,
    pub(super) minutes: u32,
    pub(super) page: Page,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) active: bool,
    pub(super) deleted: bool,
    /// Whether those who register have to follow a link in a mail before they count.
    pub(super) double_opt_in: bool,
    pub(super) people: Crowd,
    /// Where in `people` somebody is, by the address as it is told apart; the forgotten are in none.
    places: HashMap<String, usize>,
    /// The same of those who came without being registered.
    guests: HashMap<String, usize>,
    /// Whether addresses that differ in letter case are different people.
    case_sensitive: bool,
    first_person: i64,
    /// The seeds with which later watching was added.
    pub(super) replayed: BTreeSet<u64>,
    /// Those of whom it is not decided whether they come, by their place.
    pub(super) undecided: Vec<usize>,
    pub(super) sums: Sums,
}

impl Event {
    /// `own` is the account, whose it is unless the webinar says otherwise.
    pub(super) fn new(id: i64, own: i64, first_person: i64, webinar: Webinar, now: Timestamp) -> Self {
        let Webinar { title, starts, minutes, required, options, client } = webinar;
        let mut page = Page::new(&required);
        for (name, options) in options {
            page.list(&name, options);
        }
        Self {
            id,
            client: client.unwrap_or(own),
            details: Details::new(title),
            starts,
            minutes,
            page,
            created: now,
            modified: now,
            active: true,
            deleted: false,
            double_opt_in: false,
            people: Crowd::default(),
            places: HashMap::new(),
            guests: HashMap::new(),
            case_sensitive: false,
            first_person,
            replayed: BTreeSet::new(),
            undecided: Vec::new(),
            sums: Sums::default(),
        }
    }

    /// Of webinars only: other kinds of content are not imitated.
    pub(super) fn is_of_content(&self, kind: &str) -> bool {
        match kind {
            "all" => true,
            "forum" => self.details.kind == "forum",
            "webcast" => self.details.kind != "forum",
            _ => false,
        }
    }

    /// The event without its people.
    pub(super) fn cover(&self) -> Self {
        Self {
            details: self.details.clone(),
            page: Page::default(),
            people: Crowd::default(),
            places: HashMap::new(),
            guests: HashMap::new(),
            replayed: BTreeSet::new(),
            undecided: Vec::new(),
            sums: Sums::default(),
            ..*self
        }
    }

    pub(super) fn has_started(&self, now: Timestamp) -> bool {
        self.starts <= now
    }

    pub(super) fn ends(&self) -> Timestamp {
        later(self.starts, i64::from(self.minutes))
    }

    pub(super) fn live_starts(&self) -> Timestamp {
        later(self.starts, -15)
    }

    pub(super) fn archive_starts(&self) -> Timestamp {
        later(self.ends(), 30)
    }

    pub(super) fn archive_ends(&self) -> Timestamp {
        later(self.archive_starts(), 365 * 24 * 60)
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
            let is_found = person.standing != Standing::Forgotten && person.origin != Origin::Guest;
            if is_found && !person.email.is_empty() {
                places.entry(self.key(&person.email).into_owned()).or_insert(position);
            }
        }
        self.places = places;
    }

    pub(super) fn position(&self, email: &str) -> Option<usize> {
        self.places.get(self.key(email).as_ref()).copied()
    }

    pub(super) fn find(&self, email: &str) -> Option<&Registrant> {
        self.position(email).and_then(|position| self.people.get(position))
    }

    /// Somebody who came without being registered.
    pub(super) fn find_guest(&self, email: &str) -> Option<&Registrant> {
        self.guests.get(&email.to_lowercase()).and_then(|position| self.people.get(*position))
    }

    pub(super) fn next_id(&self) -> i64 {
        self.first_person + i64::try_from(self.people.len()).unwrap_or_default()
    }

    /// Takes in somebody who registers; where the event asks for it, still to be confirmed.
    pub(super) fn add(&mut self, mut person: Registrant) -> usize {
        let position = self.people.len();
        person.confirmed = !self.double_opt_in;
        if !person.email.is_empty() {
            self.places.insert(self.key(&person.email).into_owned(), position);
        }
        self.people.push(person);
        self.undecided.push(position);
        position
    }

    /// Somebody follows the link of the mail; false when nobody has the address.
    pub(super) fn confirm(&mut self, email: &str) -> bool {
        let Some(position) = self.position(email) else { return false };
        self.people[position].confirmed = true;
        self.sums = Sums::default();
        true
    }

    /// Takes in somebody who comes without being registered.
    pub(super) fn add_guest(&mut self, person: Registrant) {
        let position = self.people.len();
        self.guests.insert(person.email.to_lowercase(), position);
        self.people.push(person);
        self.undecided.push(position);
    }

    /// The person there is no longer found by the address from now on; others who have it are.
    pub(super) fn release(&mut self, email: &str, position: usize) {
        let key = self.key(email).into_owned();
        if self.places.get(&key) == Some(&position) {
            self.places.remove(&key);
        }
        let key = email.to_lowercase();
        if self.guests.get(&key) == Some(&position) {
            self.guests.remove(&key);
        }
    }

    /// Gives the person another address.
    pub(super) fn readdress(&mut self, position: usize, email: &str) {
        let old = std::mem::replace(&mut self.people[position].email, email.to_owned());
        self.release(&old, position);
        self.places.insert(self.key(email).into_owned(), position);
    }
}

/// So many minutes later; no later than time goes.
fn later(at: Timestamp, minutes: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX)
}
