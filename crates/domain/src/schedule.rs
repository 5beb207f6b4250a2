//! When something is tried again (rule R1), and when a webinar's attendance is asked for (rule R6).

use serde::{Deserialize, Serialize};

use crate::fault::Work;
use crate::port::Entropy;
use crate::time::{SignedDuration, Timestamp, earlier, later};

/// The waits after a failure, and where they end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The wait before each next try; the last one goes on.
    pub waits: Vec<SignedDuration>,
    /// How long after its first counted try work is given up.
    pub horizon: SignedDuration,
    /// How long after the end of its webinar work is given up.
    pub after_end: SignedDuration,
    /// How long a refusal in unknown words is tried again.
    pub unknown_denial: SignedDuration,
    /// How long before the start of a webinar waits become short.
    pub hurry: SignedDuration,
    /// How long a wait is then, at the most.
    pub hurried_wait: SignedDuration,
    /// The wait after a quota that did not say how long.
    pub blind_quota: SignedDuration,
    /// The shortest wait that a peer's own figure is taken for.
    pub shortest_wait: SignedDuration,
    /// The longest wait that a peer's own figure is taken for.
    pub longest_wait: SignedDuration,
    /// The wait after a credential was not accepted.
    pub credential_probe: SignedDuration,
    /// The wait after something was not permitted, or not there.
    pub permission_probe: SignedDuration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let minutes = SignedDuration::from_mins;
        Self {
            waits: vec![
                SignedDuration::ZERO,
                SignedDuration::from_secs(5),
                SignedDuration::from_secs(30),
                minutes(2),
                minutes(5),
                minutes(15),
                minutes(30),
                minutes(60),
            ],
            horizon: SignedDuration::from_hours(72),
            after_end: SignedDuration::from_hours(24),
            unknown_denial: SignedDuration::from_hours(1),
            hurry: SignedDuration::from_hours(2),
            hurried_wait: minutes(5),
            blind_quota: minutes(1),
            shortest_wait: SignedDuration::from_secs(1),
            longest_wait: minutes(60),
            credential_probe: minutes(5),
            permission_probe: minutes(60),
        }
    }
}

/// A draw that spreads waits by up to half of them, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(u16);

impl Jitter {
    /// Leaves every wait as it is.
    pub const NONE: Self = Self(1 << 15);

    /// Draws one.
    pub fn draw(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 2];
        entropy.fill(&mut bytes);
        Self(u16::from_le_bytes(bytes))
    }

    /// `wait`, longer or shorter by up to so many hundredths of it.
    pub fn sway(self, wait: SignedDuration, percent: u32) -> SignedDuration {
        let (micros, most) = (wait.as_micros(), wait.as_micros() * i128::from(percent.min(100)) / 100);
        let moved = micros - most + 2 * most * i128::from(self.0) / (1 << 16);
        SignedDuration::from_micros(i64::try_from(moved).unwrap_or(i64::MAX))
    }

    /// `wait`, between half of it and one and a half of it.
    pub fn stretch(self, wait: SignedDuration) -> SignedDuration {
        let micros = wait.as_micros();
        let moved = micros / 2 + micros * i128::from(self.0) / (1 << 16);
        SignedDuration::from_micros(i64::try_from(moved).unwrap_or(i64::MAX))
    }
}

/// When work that failed is tried next, and whether that would be beyond its end.
pub fn next_try(
    work: &Work,
    now: Timestamp,
    jitter: Jitter,
    policy: &RetryPolicy,
    horizon: SignedDuration,
) -> (Timestamp, bool) {
    let end = limit(work, now, policy, horizon);
    (later(now, wait(work, now, jitter, policy)), now >= end)
}

/// When work is given up: some time after its first counted try, or after the end of its webinar.
fn limit(work: &Work, now: Timestamp, policy: &RetryPolicy, horizon: SignedDuration) -> Timestamp {
    let since = work.since.unwrap_or(now);
    // What is tried for the first time after that end still has its first tries.
    let after_end = later(work.ends, policy.after_end).max(later(since, policy.hurried_wait));
    later(since, horizon).min(after_end)
}

fn wait(work: &Work, now: Timestamp, jitter: Jitter, policy: &RetryPolicy) -> SignedDuration {
    let last = policy.waits.len().saturating_sub(1);
    let step = usize::try_from(work.tries).unwrap_or(last).min(last);
    let wait = jitter.stretch(policy.waits.get(step).copied().unwrap_or_default());
    hurried(wait, work, now, policy)
}

/// The wait, shortened in the last hours before a start.
pub(crate) fn hurried(
    wait: SignedDuration,
    work: &Work,
    now: Timestamp,
    policy: &RetryPolicy,
) -> SignedDuration {
    let soon = now >= earlier(work.starts, policy.hurry) && now < work.starts;
    if soon { wait.min(policy.hurried_wait) } else { wait }
}

/// A budget of calls: so many a minute, saved up for a minute at the most, and paid back when it was overdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// What is left, in millionths of a call; below nothing when overdrawn.
    left: i64,
    at: Timestamp,
}

impl Allowance {
    const CALL: i64 = 1_000_000;

    /// A full allowance.
    pub fn full(now: Timestamp, a_minute: u32) -> Self {
        Self { left: i64::from(a_minute) * Self::CALL, at: now }
    }

    /// How many calls it bears now.
    pub fn bears(&self, now: Timestamp, a_minute: u32) -> u32 {
        u32::try_from(self.refilled(now, a_minute).left / Self::CALL).unwrap_or(0)
    }

    /// When it bears the next call.
    pub fn next(&self, now: Timestamp, a_minute: u32) -> Timestamp {
        let lacking = (Self::CALL - self.refilled(now, a_minute).left).max(0);
        let micros = i128::from(lacking) * 60 / i128::from(a_minute.max(1));
        later(now, SignedDuration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX) + 1))
    }

    /// With so many calls made.
    #[must_use]
    pub fn spent(&self, calls: u32, now: Timestamp, a_minute: u32) -> Self {
        let refilled = self.refilled(now, a_minute);
        Self { left: refilled.left.saturating_sub(i64::from(calls) * Self::CALL), ..refilled }
    }

    /// With a call more for every so many calls of another kind, beyond what is saved up by itself, but at most `most`.
    #[must_use]
    pub fn earned(&self, calls: u32, for_each: u32, most: u32) -> Self {
        let more = i64::from(calls) * Self::CALL / i64::from(for_each.max(1));
        let most = (i64::from(most) * Self::CALL).max(self.left);
        Self { left: self.left.saturating_add(more).min(most), ..*self }
    }

    fn refilled(&self, now: Timestamp, a_minute: u32) -> Self {
        let passed = now.duration_since(self.at).as_micros().max(0);
        let more = passed * i128::from(a_minute) / 60;
        let full = i128::from(a_minute) * i128::from(Self::CALL);
        let left = (i128::from(self.left) + more).min(full.max(i128::from(self.left)));
        Self { left: i64::try_from(left).unwrap_or(0), at: now.max(self.at) }
    }
}

/// When attendance is asked for after a webinar (rule R6), and when its numbers are final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// The pulls after the end of the webinar, ascending.
    pub after_end: Vec<SignedDuration>,
    /// The wait between pulls after the last of those.
    pub then_every: SignedDuration,
    /// How long after the end the provider keeps its archive open.
    pub archive: SignedDuration,
    /// How long after the end numbers are provisional.
    pub settles: SignedDuration,
}

impl Default for Cadence {
    fn default() -> Self {
        let hours = SignedDuration::from_hours;
        Self {
            after_end: vec![
                SignedDuration::from_mins(15),
                hours(1),
                hours(6),
                hours(24),
                hours(72),
                hours(7 * 24),
            ],
            then_every: hours(7 * 24),
            archive: hours(365 * 24),
            settles: hours(7 * 24),
        }
    }
}

impl Cadence {
    /// The first pull after `after` of a webinar that ends at `ends`; `None` once its archive is closed.
    pub fn next(&self, ends: Timestamp, after: Timestamp) -> Option<Timestamp> {
        let fixed = self.after_end.iter().map(|wait| later(ends, *wait)).find(|at| *at > after);
        let at = fixed.unwrap_or_else(|| self.repeated(ends, after));
        (at <= self.closes(ends)).then_some(at)
    }

    /// The pull that is due first for a webinar that nobody asked about yet, `now` included.
    pub fn first(&self, ends: Timestamp, now: Timestamp) -> Timestamp {
        let first = self.after_end.first().copied().unwrap_or_default();
        later(ends, first).max(now)
    }

    /// When the archive closes and nobody watches any more.
    pub fn closes(&self, ends: Timestamp) -> Timestamp {
        later(ends, self.archive)
    }

    /// Whether a number pulled at `pulled` may still grow.
    pub fn is_provisional(&self, ends: Timestamp, pulled: Timestamp) -> bool {
        pulled < later(ends, self.settles)
    }

    fn repeated(&self, ends: Timestamp, after: Timestamp) -> Timestamp {
        let last = later(ends, self.after_end.last().copied().unwrap_or_default());
        let every = self.then_every.max(SignedDuration::from_secs(1));
        let passed = after.duration_since(last).as_micros().max(0) / every.as_micros();
        let steps = i32::try_from(passed + 1).unwrap_or(i32::MAX);
        every.checked_mul(steps).map_or(Timestamp::MAX, |wait| later(last, wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

    fn work(tries: u32) -> Work {
        let starts = NOW + SignedDuration::from_hours(100);
        Work { tries, since: None, starts, ends: starts + SignedDuration::from_hours(1) }
    }

    fn secs(work: &Work, jitter: Jitter) -> i64 {
        let policy = RetryPolicy::default();
        next_try(work, NOW, jitter, &policy, policy.horizon).0.duration_since(NOW).as_secs()
    }

    #[test]
    fn waits_grow_to_an_hour() {
        let waits: Vec<i64> = (0..10).map(|tries| secs(&work(tries), Jitter::NONE)).collect();
        assert_eq!(waits, [0, 5, 30, 120, 300, 900, 1800, 3600, 3600, 3600]);
    }

    #[test]
    fn jitter_spreads_by_half() {
        assert_eq!(secs(&work(3), Jitter(0)), 60);
        assert_eq!(secs(&work(3), Jitter(u16::MAX)), 179);
    }

    #[test]
    fn a_poll_sways_by_its_hundredths() {
        let minute = SignedDuration::from_secs(100);
        assert_eq!(Jitter(0).sway(minute, 20).as_secs(), 80);
        assert_eq!(Jitter::NONE.sway(minute, 20).as_secs(), 100);
        assert_eq!(Jitter(u16::MAX).sway(minute, 20).as_secs(), 119);
        assert_eq!(Jitter(u16::MAX).sway(minute, 0), minute);
    }

    #[test]
    fn shortly_before_the_start_nobody_waits_long() {
        let soon = Work { starts: NOW + SignedDuration::from_mins(90), ..work(8) };
        assert_eq!(secs(&soon, Jitter::NONE), 300);
        let started = Work { starts: NOW - SignedDuration::from_mins(1), ..work(8) };
        assert_eq!(secs(&started, Jitter::NONE), 3600);
    }

    #[test]
    fn work_ends_with_its_horizon_or_a_day_after_its_webinar() {
        let policy = RetryPolicy::default();
        let last = |since: i64, ends: i64| {
            let at = |hours| NOW + SignedDuration::from_hours(hours);
            let work = Work { tries: 5, since: Some(at(since)), starts: at(ends - 1), ends: at(ends) };
            next_try(&work, NOW, Jitter::NONE, &policy, policy.horizon).1
        };
        assert!(last(-72, 5));
        assert!(!last(-71, 5));
        assert!(last(-3, -24));
        assert!(!last(-3, -23));
    }

    #[test]
    fn what_begins_late_still_has_its_first_tries() {
        let policy = RetryPolicy::default();
        let old = NOW - SignedDuration::from_hours(1_000);
        let work = Work { tries: 0, since: None, starts: old, ends: old };
        assert!(!next_try(&work, NOW, Jitter::NONE, &policy, policy.horizon).1);
    }

    #[test]
    fn an_allowance_bears_its_number_a_minute_and_no_more() {
        let mut allowance = Allowance::full(NOW, 120);
        assert_eq!(allowance.bears(NOW, 120), 120);
        allowance = allowance.spent(120, NOW, 120);
        assert_eq!(
            (allowance.bears(NOW, 120), allowance.next(NOW, 120).duration_since(NOW).as_millis()),
            (0, 500)
        );
        let half = NOW + SignedDuration::from_secs(30);
        assert_eq!(allowance.bears(half, 120), 60);
        assert_eq!(allowance.bears(NOW + SignedDuration::from_hours(9), 120), 120, "it is not saved up");
    }

    #[test]
    fn an_overdrawn_allowance_is_paid_back_first() {
        let allowance = Allowance::full(NOW, 60).spent(180, NOW, 60);
        let next = allowance.next(NOW, 60);
        assert_eq!(next.duration_since(NOW).as_secs(), 121);
        assert_eq!(
            (allowance.bears(next - SignedDuration::from_millis(1), 60), allowance.bears(next, 60)),
            (0, 1)
        );
    }

    #[test]
    fn a_clock_that_goes_back_gives_and_takes_nothing() {
        let allowance = Allowance::full(NOW, 60).spent(60, NOW, 60);
        let back = NOW - SignedDuration::from_hours(1);
        assert_eq!(allowance.bears(back, 60), 0);
        assert_eq!(allowance.spent(0, back, 60).bears(NOW, 60), 0);
    }

    #[test]
    fn attendance_is_asked_for_often_then_weekly_then_never() {
        let cadence = Cadence::default();
        let hours = |at: Timestamp| at.duration_since(NOW).as_mins();
        let mut asked = vec![];
        let mut after = NOW;
        while let Some(at) = cadence.next(NOW, after) {
            asked.push(hours(at));
            after = at;
        }
        assert_eq!(asked[..8], [15, 60, 360, 1440, 4320, 10080, 20160, 30240]);
        assert_eq!(*asked.last().unwrap(), 52 * 7 * 1440);
        assert!(after <= cadence.closes(NOW));
    }

    #[test]
    fn a_late_pull_does_not_make_up_for_the_missed_ones() {
        let cadence = Cadence::default();
        let late = NOW + SignedDuration::from_hours(24 * 20);
        assert_eq!(cadence.next(NOW, late), Some(NOW + SignedDuration::from_hours(24 * 21)));
        assert_eq!(cadence.first(NOW, late), late);
    }

    #[test]
    fn numbers_settle_after_a_week() {
        let cadence = Cadence::default();
        assert!(cadence.is_provisional(NOW, NOW + SignedDuration::from_hours(167)));
        assert!(!cadence.is_provisional(NOW, NOW + SignedDuration::from_hours(168)));
    }
}
