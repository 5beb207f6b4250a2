use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use webinar_bridge_domain::port::RegisterOrder;
use webinar_bridge_domain::time::{SignedDuration, Timestamp, later};

/// How long ON24's word is believed: long enough for the next try, too short for a cancel to have come between.
const KEEP: SignedDuration = SignedDuration::from_mins(10);
/// More are not remembered; whoever is forgotten is merely refused once more.
const MOST: usize = 10_000;

/// People of whom ON24 said just now that there is nobody to restore. Known by keyed hashes, so nobody is told.
#[derive(Default)]
pub(crate) struct Newcomers {
    hasher: RandomState,
    until: Mutex<HashMap<u64, Timestamp>>,
}

impl Newcomers {
    pub(crate) fn note(&self, order: &RegisterOrder, now: Timestamp) {
        let mut until = self.until();
        if until.len() >= MOST {
            until.retain(|_, until| *until > now);
        }
        if until.len() < MOST {
            until.insert(self.name(order), later(now, KEEP));
        }
    }

    pub(crate) fn has(&self, order: &RegisterOrder, now: Timestamp) -> bool {
        self.until().get(&self.name(order)).is_some_and(|until| *until > now)
    }

    pub(crate) fn clear(&self, order: &RegisterOrder) {
        self.until().remove(&self.name(order));
    }

    fn name(&self, order: &RegisterOrder) -> u64 {
        self.hasher.hash_one((order.organization, &order.event, order.details.address.canonical()))
    }

    fn until(&self) -> MutexGuard<'_, HashMap<u64, Timestamp>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
