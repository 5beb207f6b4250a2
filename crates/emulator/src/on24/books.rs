//! Everything the account holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rand::RngExt;
use serde_json::{Value, json};

use crate::seeded;

use super::asked::Asked;
use super::centre::Region;
use super::event::{Event, Webinar};
use super::refusal::Refusal;
use super::words::Words;

/// The person-in-event ids of one event lie this far from those of the next.
const PEOPLE_APART: i64 = 10_000_000;

pub(super) struct Books {
    /// Whose they are, unless they are of an account below it.
    client: i64,
    pub(super) events: BTreeMap<i64, Event>,
    first_event: i64,
    first_person: i64,
    case_sensitive: bool,
}

impl Books {
    pub(super) fn new(client: i64, region: Region, seed: u64) -> Self {
        let mut generator = seeded::generator(seed, &region.purpose("ids"));
        Self {
            client,
            events: BTreeMap::new(),
            first_event: generator.random_range(2_000_000..5_000_000),
            first_person: generator.random_range(150_000_000..400_000_000),
            case_sensitive: false,
        }
    }

    pub(super) fn add_event(&mut self, webinar: Webinar, now: Timestamp) -> i64 {
        let number = i64::try_from(self.events.len()).unwrap_or(i64::MAX);
        let id = self.first_event + number * 17;
        let first_person = self.first_person + number.saturating_mul(PEOPLE_APART);
        let mut event = Event::new(id, self.client, first_person, webinar, now);
        event.tell_cases_apart(self.case_sensitive);
        self.events.insert(id, event);
        id
    }

    /// Whether addresses that differ in letter case are different people, from now on.
    pub(super) fn tell_cases_apart(&mut self, case_sensitive: bool) {
        if self.case_sensitive != case_sensitive {
            self.case_sensitive = case_sensitive;
            self.events.values_mut().for_each(|event| event.tell_cases_apart(case_sensitive));
        }
    }

    pub(super) fn event(&mut self, id: i64) -> Option<&mut Event> {
        self.events.get_mut(&id)
    }

    /// The id of the event that the call's path names, if the operation may work on it.
    pub(super) fn open(&self, asked: &Asked<'_>) -> Result<i64, Refusal> {
        let words = asked.route.words;
        let event = asked.subject.parse().ok().and_then(|id| self.events.get(&id));
        // Only deleting knows what has been deleted.
        let event = event.filter(|event| !event.deleted || words == Words::Deletion);
        let event = event.ok_or_else(|| Refusal::UnknownEvent { words, event: asked.subject.to_string() })?;
        if event.active || asked.route.even_inactive {
            Ok(event.id)
        } else {
            Err(Refusal::InactiveEvent { words, event: event.id })
        }
    }

    /// Lets everything happen that is due by now.
    pub(super) fn settle(&mut self, now: Timestamp, seed: u64) -> &mut Self {
        for event in self.events.values_mut() {
            event.settle(now, seed);
        }
        self
    }

    pub(super) fn state(&self) -> Value {
        let events = self.events.values().map(|event| {
            let registrants: Vec<Value> =
                event.people.iter().map(super::registrant::Registrant::state).collect();
            json!({ "event_id": event.id, "registrants": registrants })
        });
        events.collect()
    }
}
