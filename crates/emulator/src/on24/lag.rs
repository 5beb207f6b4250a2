//! How long ON24 takes to show what has happened.

use jiff::{SignedDuration, Timestamp};

/// Whether answers show everything at once, or only after the time that ON24 says it needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Delay {
    documented: bool,
}

impl Delay {
    pub(super) fn documented() -> Self {
        Self { documented: true }
    }

    pub(super) fn is_none(self) -> bool {
        !self.documented
    }

    /// A registration is seen a quarter of an hour after it was made.
    pub(super) fn registration(self) -> SignedDuration {
        self.minutes(15)
    }

    /// Half an hour to two hours after the end of the event; each person has a time of their own.
    pub(super) fn live(self, person: i64) -> SignedDuration {
        self.minutes(30 + spread(person, 37, 91))
    }

    /// Four to twelve hours after the watching.
    pub(super) fn on_demand(self, person: i64) -> SignedDuration {
        self.minutes(240 + spread(person, 53, 481))
    }

    /// Two to twelve hours, until activity moves an event's `lastupdated`.
    pub(super) fn last_updated(self, event: i64) -> SignedDuration {
        self.minutes(120 + spread(event, 101, 601))
    }

    fn minutes(self, minutes: i64) -> SignedDuration {
        SignedDuration::from_mins(if self.documented { minutes } else { 0 })
    }

    /// Whether something that happened then is seen now.
    pub(super) fn shows(self, happened: Timestamp, takes: SignedDuration, now: Timestamp) -> bool {
        !self.documented || happened.checked_add(takes).is_ok_and(|seen| seen <= now)
    }
}

/// A number below `range` that differs from id to id and is the same in every run.
fn spread(id: i64, step: i64, range: i64) -> i64 {
    (id % range * step).rem_euclid(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_delay_lies_in_its_documented_range() {
        let delay = Delay::documented();
        for id in 0..5000 {
            assert!((30..=120).contains(&delay.live(id).as_mins()));
            assert!((240..=720).contains(&delay.on_demand(id).as_mins()));
            assert!((120..=720).contains(&delay.last_updated(id).as_mins()));
        }
        let differing: std::collections::BTreeSet<i64> = (0..91).map(|id| delay.live(id).as_mins()).collect();
        assert_eq!(differing.len(), 91);
        assert_eq!(Delay::default().live(7), SignedDuration::ZERO);
    }
}
