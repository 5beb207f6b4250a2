//! Everything the account holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rand::RngExt;
use serde_json::{Value, json};

use crate::seeded;

use super::event::{Event, Webinar};
use super::refusal::Refusal;
use super::settings::Settings;

/// The person-in-event ids of one event lie this far from those of the next.
const PEOPLE_APART: i64 = 10_000_000;

pub(super) struct Books {
    pub(super) events: BTreeMap<i64, Event>,
    pub(super) settings: Arc<Settings>,
    first_event: i64,
    first_person: i64,
}

impl Books {
    pub(super) fn new(seed: u64) -> Self {
        let mut generator = seeded::generator(seed, "on24/ids");
        Self {
            events: BTreeMap::new(),
            settings: Arc::default(),
            first_event: generator.random_range(2_000_000..5_000_000),
            first_person: generator.random_range(150_000_000..400_000_000),
        }
    }

    pub(super) fn add_event(&mut self, webinar: Webinar, now: Timestamp) -> i64 {
        let number = i64::try_from(self.events.len()).unwrap_or(i64::MAX);
        let id = self.first_event + number * 17;
        let first_person = self.first_person + number.saturating_mul(PEOPLE_APART);
        self.events.insert(id, Event::new(id, first_person, webinar, now));
        id
    }

    pub(super) fn event(&mut self, id: i64) -> Option<&mut Event> {
        self.events.get_mut(&id)
    }

    /// The event that a path names, if it exists and is active.
    pub(super) fn open(&mut self, event: &str) -> Result<&mut Event, Refusal> {
        let known = event.parse().ok().and_then(|id| self.events.get_mut(&id));
        let open = known.ok_or_else(|| Refusal::UnknownEvent(event.to_owned()))?;
        if open.active { Ok(open) } else { Err(Refusal::InactiveEvent(open.id)) }
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
