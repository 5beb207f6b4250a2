//! The clock that all emulators share: the machine's time, plus what it was moved on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// A clock that runs with the machine and can be moved on, never back. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_micros: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that shows the machine's time.
    pub fn new() -> Self {
        Self::default()
    }

    /// Now, in whole microseconds.
    pub fn now(&self) -> Timestamp {
        let ahead = self.ahead_micros.load(Ordering::SeqCst);
        Timestamp::from_microsecond(machine_micros().saturating_add(ahead)).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock on; a negative duration moves nothing.
    pub fn advance(&self, by: SignedDuration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX).max(0);
        self.ahead_micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// The machine's time, not moved on, in Unix milliseconds.
    pub(crate) fn machine_millis() -> i64 {
        machine_micros() / 1000
    }

    /// How far it is ahead of the machine.
    pub fn ahead(&self) -> SignedDuration {
        SignedDuration::from_micros(self.ahead_micros.load(Ordering::SeqCst))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the emulators' time comes from")]
fn machine_micros() -> i64 {
    Timestamp::now().as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_on_and_never_back() {
        let clock = Clock::new();
        let twin = clock.clone();
        let before = clock.now();
        clock.advance(SignedDuration::from_hours(2));
        clock.advance(SignedDuration::from_hours(-5));
        assert!(twin.now() >= before + SignedDuration::from_hours(2));
        assert_eq!(twin.ahead(), SignedDuration::from_hours(2));
    }
}
