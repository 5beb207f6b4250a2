//! The board: which loop works, and which rests until when. It wakes loops, and tells when all is quiet.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use webinar_bridge_domain::flow::Rest;
use webinar_bridge_domain::port::Bell;

/// The loops' seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Walks organizations through their integration.
    Steward,
    /// Follows the CRM.
    Observe,
    /// Brings registrations to the provider.
    Deliver,
    /// Tells the CRM what became of them.
    Answer,
    /// Brings attendance home.
    Metrics,
    /// Compares with the provider, and releases what was held.
    Tasks,
}

impl Seat {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Steward, Self::Observe, Self::Deliver, Self::Answer, Self::Metrics, Self::Tasks];

    /// The seat's stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steward => "steward",
            Self::Observe => "observe",
            Self::Deliver => "deliver",
            Self::Answer => "answer",
            Self::Metrics => "metrics",
            Self::Tasks => "tasks",
        }
    }

    /// Whether what this loop did may be something to do for that one.
    const fn makes_work_for(self, other: Self) -> bool {
        match self {
            Self::Steward => !matches!(other, Self::Steward),
            Self::Observe => matches!(other, Self::Deliver | Self::Answer | Self::Metrics),
            Self::Deliver => matches!(other, Self::Answer),
            Self::Tasks => matches!(other, Self::Deliver),
            Self::Answer | Self::Metrics => false,
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Steward => 0,
            Self::Observe => 1,
            Self::Deliver => 2,
            Self::Answer => 3,
            Self::Metrics => 4,
            Self::Tasks => 5,
        }
    }
}

/// Who works, and who rests.
pub struct Board {
    seats: Mutex<[Option<Rest>; 6]>,
    wakes: [Notify; 6],
    changed: Notify,
}

impl Default for Board {
    fn default() -> Self {
        Self::new()
    }
}

impl Board {
    /// A board on which nobody rests yet.
    pub fn new() -> Self {
        Self { seats: Mutex::default(), wakes: Default::default(), changed: Notify::new() }
    }

    fn seats(&self) -> MutexGuard<'_, [Option<Rest>; 6]> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The seat's loop works.
    pub fn busy(&self, seat: Seat) {
        self.seats()[seat.index()] = None;
    }

    /// The seat's loop rests.
    pub fn resting(&self, seat: Seat, rest: Rest) {
        self.seats()[seat.index()] = Some(rest);
        self.changed.notify_waiters();
    }

    /// Wakes the loops that may have something to do after that one has done something. A loop that is woken counts as
    /// working from now on, so that nobody takes the moment before it opens its eyes for quiet.
    pub fn wake_after(&self, seat: Seat) {
        self.wake(|other| seat.makes_work_for(other));
    }

    /// Wakes every loop.
    pub fn wake_all(&self) {
        self.wake(|_| true);
    }

    fn wake(&self, whom: impl Fn(Seat) -> bool) {
        let mut seats = self.seats();
        for seat in Seat::ALL.into_iter().filter(|seat| whom(*seat)) {
            seats[seat.index()] = None;
            self.wakes[seat.index()].notify_one();
        }
    }

    /// Returns when somebody wakes the seat's loop.
    pub async fn woken(&self, seat: Seat) {
        self.wakes[seat.index()].notified().await;
    }

    /// When all loops rest: the shortest rest. `None`: somebody works.
    pub fn quiet(&self) -> Option<Rest> {
        let seats = *self.seats();
        seats.into_iter().try_fold(Rest::Idle, |rest, seat| Some(rest.or_sooner(seat?)))
    }

    /// Returns when all loops rest, with the shortest rest.
    pub async fn until_quiet(&self) -> Rest {
        loop {
            let changed = self.changed.notified();
            if let Some(rest) = self.quiet() {
                return rest;
            }
            changed.await;
        }
    }
}

impl Bell for Board {
    fn ring(&self) {
        self.wake_all();
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn it_is_quiet_when_all_rest_and_never_after_a_wake() {
        let board = Board::new();
        assert_eq!(board.quiet(), None, "nobody has rested yet");
        let at = Timestamp::from_second(7).unwrap();
        for seat in Seat::ALL {
            board.resting(seat, Rest::Idle);
        }
        assert_eq!(board.quiet(), Some(Rest::Idle));
        board.resting(Seat::Observe, Rest::Until(at));
        assert_eq!(board.quiet(), Some(Rest::Until(at)));
        board.wake_after(Seat::Observe);
        assert_eq!(board.quiet(), None, "woken loops work");
    }

    #[tokio::test]
    async fn a_wake_is_not_lost_on_a_loop_that_works() {
        let board = Board::new();
        board.wake_all();
        board.woken(Seat::Deliver).await;
    }
}
