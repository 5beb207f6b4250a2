//! The arithmetic of a gate: how many calls a peer is asked just now, and when it is asked nothing.
//!
//! A gate has a *pace*, which finds how many calls a minute a peer bears that never says so, and a *circuit*, which stops
//! calls that would be refused. Both are pure: a store keeps a gate, so that all processes share one truth.

use serde::{Deserialize, Serialize};

use crate::schedule::Allowance;
use crate::time::{SignedDuration, Timestamp, earlier, later};

#[cfg(test)]
mod quota;

/// The figures of gates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacePolicy {
    /// Whether calls are paced and counted at all.
    pub paced: bool,
    /// How long a pace must hold before a faster one is tried; doubles each time that was refused.
    pub patience: SignedDuration,
    /// The longest patience.
    pub longest_patience: SignedDuration,
    /// The wait before a peer is asked again that refused a pace which was only tried: its minute is nearly over.
    pub overshoot_wait: SignedDuration,
    /// The waits before a peer is asked again after a quota without a figure; the last goes on.
    pub quota_probes: Vec<SignedDuration>,
    /// The wait before a credential that was not accepted is tried again.
    pub credential_probe: SignedDuration,
    /// The wait before something that was not permitted is tried again.
    pub permission_probe: SignedDuration,
    /// The waits before a peer that does not answer is asked again; the last goes on.
    pub outage_probes: Vec<SignedDuration>,
    /// So many failures in a row are an outage.
    pub outage_after: u32,
    /// How long a probe may be out before another is sent.
    pub probe_room: SignedDuration,
    /// The shortest wait that a peer's own figure is taken for.
    pub shortest_wait: SignedDuration,
    /// How long any wait is at the most.
    pub longest_wait: SignedDuration,
    /// How long any wait is at the most shortly before a webinar.
    pub hurried_wait: SignedDuration,
    /// How many second tries a minute are let through beside those that first tries earn.
    pub retries_a_minute: u32,
}

impl Default for PacePolicy {
    fn default() -> Self {
        let (seconds, minutes) = (SignedDuration::from_secs, SignedDuration::from_mins);
        Self {
            paced: true,
            patience: minutes(15),
            longest_patience: minutes(6 * 60),
            overshoot_wait: seconds(10),
            quota_probes: [1, 5, 15, 30, 60].map(minutes).into(),
            credential_probe: minutes(5),
            permission_probe: minutes(60),
            outage_probes: [5, 15, 30, 60].map(seconds).into(),
            outage_after: 10,
            probe_room: seconds(75),
            shortest_wait: seconds(1),
            longest_wait: minutes(60),
            hurried_wait: minutes(5),
            retries_a_minute: 60,
        }
    }
}

/// Why a gate is shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Shut {
    /// Too many calls, and the peer did not say how long to wait.
    Quota,
    /// Too many calls, and the peer said how long to wait.
    Asked,
    /// The credential was not accepted.
    Credential,
    /// Something is not permitted, or not there.
    Denied,
    /// The peer does not answer.
    Outage,
}

impl Shut {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quota => "quota",
            Self::Asked => "asked_to_wait",
            Self::Credential => "credential",
            Self::Denied => "denied",
            Self::Outage => "outage",
        }
    }
}

/// What calls met at a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// So many were answered.
    Passed(u32),
    /// So many were not, or nobody knows.
    Failed(u32),
    /// Too many calls, in the peer's opinion; with the wait that it asked for.
    Throttled(Option<SignedDuration>),
    /// The credential was not accepted.
    Unauthorised,
    /// Something is not permitted, or not there.
    Denied,
}

/// How many calls may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// So many, of first and of second tries; the others wait until then.
    Calls {
        /// First tries.
        fresh: u32,
        /// Second and later tries.
        retries: u32,
        /// When more may be made, if these were not all.
        more_at: Timestamp,
    },
    /// None, until then.
    Rest(Timestamp),
}

/// What is wanted of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// First tries.
    pub fresh: u32,
    /// Second and later tries.
    pub retries: u32,
    /// Whether a webinar begins soon.
    pub hurried: bool,
}

/// One gate: of an organization, towards one group of calls of one peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    pace: Pace,
    circuit: Circuit,
    retries: Allowance,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Circuit {
    Open {
        failures: u32,
    },
    Shut {
        why: Shut,
        since: Timestamp,
        last: Timestamp,
        until: Timestamp,
        tries: u32,
        probing: bool,
        /// Whether its first wait was not one of the list.
        soft: bool,
    },
}

/// How many calls a minute are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pace {
    /// Calls a minute; `None`: as many as there are.
    limit: Option<u32>,
    /// What is saved up, in millionths of a call.
    saved: i64,
    at: Timestamp,
    /// Calls that passed in each second of the last minute.
    recent: Recent,
    /// Since when the limit holds.
    since: Timestamp,
    /// How long it must hold before a faster one is tried.
    patience: SignedDuration,
    /// By how many hundredths the next one is faster.
    step: u32,
}

impl Gate {
    /// An open gate that begins at a pace; `None`: as fast as it goes, until the peer objects.
    pub fn new(limit: Option<u32>, now: Timestamp, policy: &PacePolicy) -> Self {
        let pace = Pace {
            limit,
            saved: limit.map_or(0, |limit| i64::from(burst(limit)) * CALL),
            at: now,
            recent: Recent::default(),
            since: now,
            patience: policy.patience,
            step: FIRST_STEP,
        };
        let retries = Allowance::full(now, policy.retries_a_minute);
        Self { pace, circuit: Circuit::Open { failures: 0 }, retries }
    }

    /// The pace, in calls a minute; `None`: it is not bound.
    pub const fn limit(&self) -> Option<u32> {
        self.pace.limit
    }

    /// Why it is shut, since when, and when it is tried next.
    pub const fn shut(&self) -> Option<(Shut, Timestamp, Timestamp)> {
        match self.circuit {
            Circuit::Open { .. } => None,
            Circuit::Shut { why, since, until, .. } => Some((why, since, until)),
        }
    }

    /// Until when nothing is let through; `None`: something is.
    pub fn rests(&self, hurried: bool, now: Timestamp, policy: &PacePolicy) -> Option<Timestamp> {
        let Circuit::Shut { last, until, probing, .. } = self.circuit else { return None };
        let sooner = if hurried && !probing { until.min(later(last, policy.hurried_wait)) } else { until };
        (now < sooner).then_some(sooner)
    }

    /// How many calls may be made now; they count as made. A gate that is shut lets one through when its time has come,
    /// to see.
    pub fn grant(&mut self, want: Want, now: Timestamp, policy: &PacePolicy) -> Grant {
        if let Some(until) = self.rests(want.hurried, now, policy) {
            return Grant::Rest(until);
        }
        if let Circuit::Shut { until, probing, .. } = &mut self.circuit {
            (*until, *probing) = (later(now, policy.probe_room), true);
            let (fresh, retries) = if want.retries > 0 { (0, 1) } else { (want.fresh.min(1), 0) };
            return Grant::Calls { fresh, retries, more_at: *until };
        }
        let again = self.retries.bears(now, policy.retries_a_minute).min(want.retries);
        let calls = self.pace.take(want.fresh.saturating_add(again), now);
        let retries = again.min(calls);
        let fresh = calls - retries;
        // A tenth of a second try is earned by each first one.
        self.retries =
            self.retries.spent(retries, now, policy.retries_a_minute).earned(fresh, 10, MOST_RETRIES);
        let paced = if calls < want.fresh.saturating_add(again) { self.pace.next(now) } else { now };
        let budget = self.retries.next(now, policy.retries_a_minute);
        let more_at = if retries < want.retries { paced.max(budget) } else { paced };
        if calls == 0 {
            Grant::Rest(more_at.max(later(now, SHORTEST)))
        } else {
            Grant::Calls { fresh, retries, more_at }
        }
    }

    /// Learns what calls met.
    pub fn report(&mut self, met: Met, now: Timestamp, policy: &PacePolicy) {
        match met {
            Met::Passed(0) | Met::Failed(0) => {}
            Met::Passed(calls) => {
                self.pace.passed(calls, now, policy);
                self.circuit = Circuit::Open { failures: 0 };
            }
            Met::Failed(calls) => self.failed(calls, now, policy),
            Met::Throttled(Some(wait)) => {
                let wait = wait.max(policy.shortest_wait);
                self.shut_until(Shut::Asked, now, policy, |_| wait);
            }
            Met::Throttled(None) => {
                let news = !matches!(self.circuit, Circuit::Shut { probing: false, .. });
                let overshot = news && self.pace.refused(now, policy);
                let wait = |tries| match tries {
                    0 if overshot => policy.overshoot_wait,
                    _ => nth(&policy.quota_probes, tries),
                };
                self.shut_until(Shut::Quota, now, policy, wait);
                if let (true, Circuit::Shut { soft, .. }) = (overshot, &mut self.circuit) {
                    *soft = true;
                }
            }
            Met::Unauthorised => {
                self.shut_until(Shut::Credential, now, policy, |_| policy.credential_probe);
            }
            Met::Denied => self.shut_until(Shut::Denied, now, policy, |_| policy.permission_probe),
        }
    }

    /// Opens it, whatever it was shut for: the credential is another, or a person said so.
    pub fn open(&mut self) {
        self.circuit = Circuit::Open { failures: 0 };
    }

    fn failed(&mut self, calls: u32, now: Timestamp, policy: &PacePolicy) {
        match &mut self.circuit {
            Circuit::Open { failures } => {
                *failures = failures.saturating_add(calls);
                if *failures < policy.outage_after {
                    return;
                }
            }
            // Calls that were out when it shut say nothing new.
            Circuit::Shut { probing: false, .. } => return,
            Circuit::Shut { .. } => {}
        }
        self.shut_until(Shut::Outage, now, policy, |tries| nth(&policy.outage_probes, tries));
    }

    /// Shuts it, or keeps it shut after a probe; calls that were out when it shut change nothing but a longer wait.
    fn shut_until(
        &mut self,
        why: Shut,
        now: Timestamp,
        policy: &PacePolicy,
        wait: impl Fn(u32) -> SignedDuration,
    ) {
        let wait = |tries| later(now, wait(tries).min(policy.longest_wait));
        self.circuit = match self.circuit {
            Circuit::Shut { why: before, since, tries, probing: true, soft, .. } => {
                let next = if soft { 0 } else { tries.saturating_add(1) };
                let (since, tries) = if before == why { (since, next) } else { (now, 0) };
                Circuit::Shut {
                    why,
                    since,
                    last: now,
                    until: wait(tries),
                    tries,
                    probing: false,
                    soft: false,
                }
            }
            Circuit::Shut { why: before, since, last, until, tries, probing: false, soft } => {
                let until = if before == why && why != Shut::Asked { until } else { until.max(wait(0)) };
                Circuit::Shut { why: before, since, last, until, tries, probing: false, soft }
            }
            Circuit::Open { .. } => {
                let (since, last, until) = (now, now, wait(0));
                Circuit::Shut { why, since, last, until, tries: 0, probing: false, soft: false }
            }
        };
    }
}

/// A call, in the unit of what is saved up.
const CALL: i64 = 1_000_000;

/// By how many hundredths the first faster pace is faster.
const FIRST_STEP: u32 = 2;

/// By how many hundredths a faster pace is faster at the most.
const LONGEST_STEP: u32 = 32;

/// How many second tries are saved up at the most.
const MOST_RETRIES: u32 = 100;

/// So few calls before a refusal do not tell what a peer bears: nobody publishes less.
const TELLING: u32 = 10;

/// The pace at which one goes on after a refusal that did not tell.
const UNTOLD: u32 = 60;

/// The shortest rest.
const SHORTEST: SignedDuration = SignedDuration::from_millis(1);

/// How many calls may be made at once at a pace: what is saved up, at the most. The pace itself is slower by as much, so
/// that no minute, wherever it begins, has more calls than the limit.
fn burst(limit: u32) -> u32 {
    (limit / 100).clamp(1, 64)
}

fn nth(waits: &[SignedDuration], n: u32) -> SignedDuration {
    let last = waits.len().saturating_sub(1);
    waits.get(usize::try_from(n).unwrap_or(last).min(last)).copied().unwrap_or(SHORTEST)
}

impl Pace {
    /// What flows in a minute, in calls: a limit of one call still lets one through.
    fn flow(limit: u32) -> i64 {
        i64::from(limit.saturating_sub(burst(limit))).max(1)
    }

    fn refill(&mut self, limit: u32, now: Timestamp) {
        let passed = now.duration_since(self.at).as_micros().max(0);
        let flowed = passed.saturating_mul(i128::from(Self::flow(limit))) / 60;
        let full = i128::from(burst(limit)) * i128::from(CALL);
        let saved = (i128::from(self.saved) + flowed).min(full);
        self.saved = i64::try_from(saved).unwrap_or(CALL);
        self.at = self.at.max(now);
    }

    fn take(&mut self, calls: u32, now: Timestamp) -> u32 {
        let Some(limit) = self.limit else { return calls };
        self.refill(limit, now);
        let there = u32::try_from(self.saved / CALL).unwrap_or(0);
        let taken = calls.min(there);
        self.saved -= i64::from(taken) * CALL;
        taken
    }

    /// When the next call is saved up.
    fn next(&self, now: Timestamp) -> Timestamp {
        let Some(limit) = self.limit else { return now };
        let lacking = (CALL - self.saved).max(0);
        let micros = i128::from(lacking) * 60 / i128::from(Self::flow(limit)) + 1;
        later(self.at.max(now), SignedDuration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)))
    }

    /// A pace that was used whole for long enough without a refusal is tried faster.
    fn passed(&mut self, calls: u32, now: Timestamp, policy: &PacePolicy) {
        self.recent.add(calls, now);
        let Some(limit) = self.limit else { return };
        let used = i64::from(self.recent.sum(now)) * 10 >= Self::flow(limit) * 9;
        let proven = self.step > FIRST_STEP;
        let wait = if proven { policy.patience } else { self.patience };
        if now < later(self.since, wait) || !used {
            return;
        }
        if proven {
            // A faster one held: the refusals before were of another day.
            self.patience = policy.patience;
        }
        let more = (u64::from(limit) * u64::from(self.step) / 100).max(1);
        self.limit = Some(limit.saturating_add(u32::try_from(more).unwrap_or(u32::MAX)));
        self.step = (self.step * 2).min(LONGEST_STEP);
        self.since = now;
    }

    /// What passed in the minute before a refusal is what the peer bears. Whether that was a pace that was only tried.
    fn refused(&mut self, now: Timestamp, policy: &PacePolicy) -> bool {
        let bears = self.recent.sum(now);
        let raised = self.limit.is_some() && self.step > FIRST_STEP;
        self.limit = Some(match self.limit {
            // Somebody else used the quota up: what passed of ours says nothing.
            Some(limit) if bears < TELLING && limit > 2 * TELLING => (limit / 2).max(TELLING),
            None if bears < TELLING => UNTOLD,
            Some(limit) => limit.saturating_sub((limit / 50).max(1)).min(bears).max(1),
            None => bears,
        });
        if raised {
            let doubled = self.patience.checked_mul(2).unwrap_or(policy.longest_patience);
            self.patience = doubled.min(policy.longest_patience);
        }
        (self.step, self.since, self.saved, self.at) = (FIRST_STEP, now, 0, now);
        self.recent = Recent::default();
        raised
    }
}

/// Calls by second, of the last minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Recent {
    /// The newest second.
    second: i64,
    /// Calls in it, and in those before it.
    calls: Vec<u32>,
}

impl Recent {
    /// One more than a minute has: the oldest of them has passed only in part.
    const SECONDS: usize = 61;

    fn turn(&mut self, now: Timestamp) {
        let passed = usize::try_from(now.as_second() - self.second).unwrap_or(0);
        if passed > 0 {
            let fresh = passed.min(Self::SECONDS);
            self.calls.splice(0..0, std::iter::repeat_n(0, fresh));
            self.calls.truncate(Self::SECONDS);
            self.second = now.as_second();
        }
    }

    fn add(&mut self, calls: u32, now: Timestamp) {
        self.turn(now);
        if self.calls.is_empty() {
            self.calls.push(0);
        }
        self.calls[0] = self.calls[0].saturating_add(calls);
    }

    fn sum(&mut self, now: Timestamp) -> u32 {
        self.turn(now);
        self.calls.iter().fold(0, |sum: u32, calls| sum.saturating_add(*calls))
    }
}

/// Asks for calls that go through the gate of a whole peer, and through that of a group if there is one.
pub fn through(
    whole: &mut Gate,
    group: Option<&mut Gate>,
    want: Want,
    now: Timestamp,
    policy: &PacePolicy,
) -> Grant {
    let Some(group) = group else { return whole.grant(want, now, policy) };
    let rests = [whole.rests(want.hurried, now, policy), group.rests(want.hurried, now, policy)];
    if let Some(until) = rests.into_iter().flatten().max() {
        return Grant::Rest(until);
    }
    match whole.grant(want, now, policy) {
        Grant::Calls { fresh, retries, more_at } => {
            let granted = group.grant(Want { fresh, retries, ..want }, now, policy);
            match granted {
                Grant::Calls { fresh, retries, more_at: other } => {
                    Grant::Calls { fresh, retries, more_at: more_at.max(other) }
                }
                rest @ Grant::Rest(_) => rest,
            }
        }
        rest @ Grant::Rest(_) => rest,
    }
}

/// Has both gates learn what calls met: a quota is the group's, everything else is the whole peer's.
pub fn learn(whole: &mut Gate, group: Option<&mut Gate>, met: Met, now: Timestamp, policy: &PacePolicy) {
    let Some(group) = group else { return whole.report(met, now, policy) };
    match met {
        Met::Throttled(_) => group.report(met, now, policy),
        Met::Passed(_) => {
            whole.report(met, now, policy);
            group.report(met, now, policy);
        }
        Met::Failed(_) | Met::Unauthorised | Met::Denied => whole.report(met, now, policy),
    }
}

/// Whether a webinar that begins then is near enough to hurry.
pub fn is_near(starts: Timestamp, now: Timestamp, hurry: SignedDuration) -> bool {
    now >= earlier(starts, hurry) && now < starts
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_000_000, 0);
    const SOME: Want = Want { fresh: 8, retries: 0, hurried: false };

    fn at(seconds: i64) -> Timestamp {
        later(NOW, SignedDuration::from_secs(seconds))
    }

    fn gate() -> Gate {
        Gate::new(None, NOW, &PacePolicy::default())
    }

    fn grant(gate: &mut Gate, seconds: i64) -> Grant {
        gate.grant(SOME, at(seconds), &PacePolicy::default())
    }

    fn report(gate: &mut Gate, met: Met, seconds: i64) {
        gate.report(met, at(seconds), &PacePolicy::default());
    }

    fn calls(fresh: u32, more_at: i64) -> Grant {
        Grant::Calls { fresh, retries: 0, more_at: at(more_at) }
    }

    #[test]
    fn an_open_gate_lets_everything_through() {
        assert_eq!(grant(&mut gate(), 0), calls(8, 0));
    }

    #[test]
    fn each_reason_has_its_probes() {
        let table: [(Met, Shut, &[i64]); 5] = [
            (Met::Throttled(None), Shut::Quota, &[60, 300, 900, 1800, 3600, 3600]),
            (Met::Throttled(Some(SignedDuration::from_secs(7))), Shut::Asked, &[7, 7]),
            (Met::Unauthorised, Shut::Credential, &[300, 300]),
            (Met::Denied, Shut::Denied, &[3600, 3600]),
            (Met::Failed(10), Shut::Outage, &[5, 15, 30, 60, 60]),
        ];
        for (met, why, waits) in table {
            let (mut gate, mut now) = (gate(), 0);
            report(&mut gate, met, now);
            for wait in waits {
                assert_eq!(gate.shut(), Some((why, NOW, at(now + wait))), "{why:?}");
                assert_eq!(grant(&mut gate, now + wait - 1), Grant::Rest(at(now + wait)), "{why:?}");
                now += wait;
                assert_eq!(grant(&mut gate, now), calls(1, now + 75), "one goes to see");
                assert_eq!(grant(&mut gate, now), Grant::Rest(at(now + 75)), "and the others wait for it");
                report(&mut gate, met, now);
            }
            report(&mut gate, Met::Passed(1), now + 1);
            assert_eq!(gate.shut(), None);
        }
    }

    #[test]
    fn calls_that_were_out_when_it_shut_do_not_count_as_probes() {
        let mut gate = gate();
        (0..30).for_each(|_| report(&mut gate, Met::Throttled(None), 0));
        assert_eq!(gate.shut(), Some((Shut::Quota, NOW, at(60))));
        report(&mut gate, Met::Failed(30), 1);
        assert_eq!(gate.shut(), Some((Shut::Quota, NOW, at(60))));
        report(&mut gate, Met::Throttled(Some(SignedDuration::from_secs(500))), 1);
        assert_eq!(gate.shut(), Some((Shut::Quota, NOW, at(501))), "what a peer asks for is heeded");
    }

    #[test]
    fn failures_are_an_outage_only_in_a_row() {
        let mut gate = gate();
        for _ in 0..9 {
            report(&mut gate, Met::Failed(9), 0);
            report(&mut gate, Met::Passed(1), 0);
        }
        assert_eq!(gate.shut(), None);
        report(&mut gate, Met::Failed(4), 0);
        report(&mut gate, Met::Failed(6), 0);
        assert_eq!(gate.shut(), Some((Shut::Outage, NOW, at(5))));
    }

    #[test]
    fn a_probe_that_never_came_back_is_followed_by_another() {
        let mut gate = gate();
        report(&mut gate, Met::Denied, 0);
        assert_eq!(grant(&mut gate, 3600), calls(1, 3675));
        assert_eq!(grant(&mut gate, 3675), calls(1, 3750));
    }

    #[test]
    fn shortly_before_a_webinar_nothing_waits_long() {
        let mut gate = gate();
        let hurried = Want { hurried: true, ..SOME };
        report(&mut gate, Met::Denied, 0);
        assert_eq!(gate.grant(hurried, at(299), &PacePolicy::default()), Grant::Rest(at(300)));
        assert_eq!(gate.grant(hurried, at(300), &PacePolicy::default()), calls(1, 375));
    }

    #[test]
    fn second_tries_have_a_budget() {
        let policy = PacePolicy::default();
        let mut gate = gate();
        let storm = Want { fresh: 0, retries: 500, hurried: false };
        assert_eq!(
            gate.grant(storm, NOW, &policy),
            Grant::Calls { fresh: 0, retries: 60, more_at: later(at(1), SignedDuration::from_micros(1)) }
        );
        assert_eq!(
            gate.grant(storm, NOW, &policy),
            Grant::Rest(later(at(1), SignedDuration::from_micros(1)))
        );
        let mixed = Want { fresh: 30, retries: 500, hurried: false };
        let Grant::Calls { fresh: 30, retries: 0, .. } = gate.grant(mixed, NOW, &policy) else {
            panic!("first tries go")
        };
        let Grant::Calls { retries: 3, .. } = gate.grant(storm, NOW, &policy) else {
            panic!("they earn second ones")
        };
        assert_eq!(
            gate.grant(Want { retries: 5, ..storm }, at(2), &policy),
            Grant::Calls { fresh: 0, retries: 2, more_at: later(at(3), SignedDuration::from_micros(1)) }
        );
    }

    #[test]
    fn a_quota_that_somebody_else_used_up_does_not_make_us_crawl() {
        let mut gate = Gate::new(Some(1000), NOW, &PacePolicy::default());
        report(&mut gate, Met::Passed(3), 0);
        report(&mut gate, Met::Throttled(None), 1);
        assert_eq!(gate.limit(), Some(500));
        let mut unbound = Gate::new(None, NOW, &PacePolicy::default());
        report(&mut unbound, Met::Throttled(None), 1);
        assert_eq!(unbound.limit(), Some(60));
        let mut told = Gate::new(Some(1000), NOW, &PacePolicy::default());
        report(&mut told, Met::Passed(120), 0);
        report(&mut told, Met::Throttled(None), 30);
        assert_eq!(told.limit(), Some(120));
    }

    #[test]
    fn an_opened_gate_forgets_why_it_was_shut() {
        let mut gate = gate();
        report(&mut gate, Met::Unauthorised, 0);
        gate.open();
        assert_eq!(grant(&mut gate, 0), calls(8, 0));
    }
}
