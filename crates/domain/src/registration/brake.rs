//! The brake on removals that nobody may have meant (rule W8): rows that *vanished* from the CRM, rather than being cancelled
//! in it, take no more than a few people off a webinar before a person says that it is meant.

use serde::{Deserialize, Serialize};

use crate::time::{SignedDuration, Timestamp, later};

/// From when on the brake holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrakePolicy {
    /// So many people may vanish from a webinar in one window, whatever its size.
    pub few: u32,
    /// So many in a hundred may vanish from it, whatever their number.
    pub percent: u32,
    /// How long vanishings are counted together.
    pub window: SignedDuration,
}

impl Default for BrakePolicy {
    fn default() -> Self {
        Self { few: 50, percent: 10, window: SignedDuration::from_hours(24) }
    }
}

/// What vanished from one webinar lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brake {
    /// When the window began.
    pub since: Timestamp,
    /// How many people vanished in it.
    pub vanished: u32,
    /// When there were too many of them.
    pub tripped: Option<Timestamp>,
}

impl Brake {
    /// Nothing vanished yet.
    pub const fn new(now: Timestamp) -> Self {
        Self { since: now, vanished: 0, tripped: None }
    }

    /// `people` more have vanished, and `live` are left.
    #[must_use]
    pub fn vanish(&self, people: u32, live: u64, now: Timestamp, policy: &BrakePolicy) -> Self {
        let over = now >= later(self.since, policy.window);
        let window = if over { Self::new(now) } else { self.clone() };
        let vanished = window.vanished.saturating_add(people);
        let there_were = live.saturating_add(vanished.into());
        let many = u64::from(vanished) * 100 > there_were.saturating_mul(policy.percent.into());
        let trips = vanished > policy.few && many;
        let tripped = window.tripped.or(trips.then_some(now));
        Self { vanished, tripped, ..window }
    }

    /// Whether people who vanish are held.
    pub fn is_on(&self, now: Timestamp, policy: &BrakePolicy) -> bool {
        self.tripped.is_some() && now < later(self.since, policy.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

    fn brake(people: u32, live: u64) -> Brake {
        Brake::new(NOW).vanish(people, live, NOW, &BrakePolicy::default())
    }

    #[test]
    fn a_few_may_vanish_from_a_small_webinar_and_a_tenth_from_a_large_one() {
        // 50 of 60 are few; 51 of 60 are not. 100 of 1000 are a tenth; 101 are more.
        let cases = [(50, 10, false), (51, 9, true), (100, 900, false), (101, 899, true), (51, 459, false)];
        for (people, live, trips) in cases {
            assert_eq!(
                brake(people, live).tripped.is_some(),
                trips,
                "{people} of {}",
                live + u64::from(people)
            );
        }
    }

    #[test]
    fn small_steps_are_one_accident() {
        let policy = BrakePolicy::default();
        let mut brake = Brake::new(NOW);
        for n in 1..=100_u64 {
            let now = NOW + SignedDuration::from_mins(i64::try_from(n).unwrap());
            brake = brake.vanish(1, 200 - n, now, &policy);
            assert_eq!(brake.is_on(now, &policy), n > 50, "after {n}");
        }
    }

    #[test]
    fn another_day_is_another_window() {
        let policy = BrakePolicy::default();
        let tomorrow = NOW + policy.window;
        let on = brake(60, 0);
        assert!(on.is_on(tomorrow - SignedDuration::from_secs(1), &policy) && !on.is_on(tomorrow, &policy));
        let next = on.vanish(50, 0, tomorrow, &policy);
        assert_eq!((next.vanished, next.tripped), (50, None));
    }
}
