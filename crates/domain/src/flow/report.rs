//! What one step of a flow did, and when it wants to be called again.

use crate::time::Timestamp;

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// How much work ended.
    pub settled: u32,
    /// How much is to be tried again.
    pub deferred: u32,
    /// How much was stopped, with a cause.
    pub held: u32,
    /// When to come back.
    pub rest: Rest,
}

impl StepReport {
    /// Nothing was done.
    pub const fn idle(rest: Rest) -> Self {
        Self { settled: 0, deferred: 0, held: 0, rest }
    }

    /// Takes another report in; of the two rests the shorter one counts.
    pub fn add(&mut self, other: Self) {
        self.settled += other.settled;
        self.deferred += other.deferred;
        self.held += other.held;
        self.rest = self.rest.or_sooner(other.rest);
    }
}

/// When a flow wants to be called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// At once: there is more.
    Now,
    /// Then; or earlier, when something changes.
    Until(Timestamp),
    /// When something changes.
    Idle,
}

impl Rest {
    /// The sooner of two.
    #[must_use]
    pub fn or_sooner(self, other: Self) -> Self {
        match (self, other) {
            (Self::Now, _) | (_, Self::Now) => Self::Now,
            (Self::Until(a), Self::Until(b)) => Self::Until(a.min(b)),
            (Self::Until(at), Self::Idle) | (Self::Idle, Self::Until(at)) => Self::Until(at),
            (Self::Idle, Self::Idle) => Self::Idle,
        }
    }

    /// Until `at`, which may have come already.
    pub fn until(at: Timestamp, now: Timestamp) -> Self {
        if at <= now { Self::Now } else { Self::Until(at) }
    }
}
