use std::sync::{Arc, Mutex, PoisonError};

use crate::port::Clock;
use crate::time::{SignedDuration, Timestamp, later, whole_micros};

/// A clock that stands still until it is moved. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// A clock that shows `at`.
    pub fn at(at: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(whole_micros(at))))
    }

    /// Moves it to `at`, be it back.
    pub fn set(&self, at: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = whole_micros(at);
    }

    /// Moves it on, and says what it shows then.
    pub fn advance(&self, by: SignedDuration) -> Timestamp {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = whole_micros(later(*shown, by));
        *shown
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_by_hand_and_for_all_its_clones() {
        let clock = ManualClock::at(Timestamp::constant(7, 999));
        let other = clock.clone();
        assert_eq!(clock.now(), Timestamp::constant(7, 0), "in whole microseconds");
        assert_eq!(clock.advance(SignedDuration::from_secs(3)), Timestamp::constant(10, 0));
        assert_eq!(other.now(), Timestamp::constant(10, 0));
        other.set(Timestamp::constant(1, 0));
        assert_eq!(clock.now(), Timestamp::constant(1, 0));
    }
}
