//! The clock that all emulators share: the machine's time, plus what it was moved on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

/// A clock that runs with the machine and can be moved on, never back. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_micros: Arc<AtomicI64>,
    moved: Arc<Notify>,
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

    /// Moves the clock on, at most to the end of the year 9999; a negative duration moves nothing.
    pub fn advance(&self, by: SignedDuration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX).max(0);
        self.ahead_micros.update(Ordering::SeqCst, Ordering::SeqCst, |ahead| ahead.saturating_add(micros));
        self.moved.notify_waiters();
    }

    /// Returns when the clock shows that time, because it ran or because it was moved on.
    pub async fn reached(&self, at: Timestamp) {
        loop {
            let moved = self.moved.notified();
            let left = at.duration_since(self.now());
            if !left.is_positive() {
                return;
            }
            tokio::select! {
                () = moved => {}
                () = pause(Duration::try_from(left).unwrap_or_default()) => {}
            }
        }
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

/// Lets so much of the machine's time go by.
#[expect(clippy::disallowed_methods, reason = "a server that is late takes the machine's time")]
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
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

    #[test]
    fn it_stays_at_the_end_of_time() {
        let clock = Clock::new();
        for _ in 0..3 {
            clock.advance(SignedDuration::MAX);
            assert_eq!(clock.now(), Timestamp::MAX);
        }
    }

    #[tokio::test]
    async fn who_waits_for_a_time_is_woken_when_it_is_moved_there() {
        let clock = Clock::new();
        let year = SignedDuration::from_hours(24 * 365);
        let waiting = tokio::spawn({
            let (clock, at) = (clock.clone(), clock.now() + year);
            async move { clock.reached(at).await }
        });
        clock.advance(year / 2);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(year / 2);
        waiting.await.unwrap();
    }
}
