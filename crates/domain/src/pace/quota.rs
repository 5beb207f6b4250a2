//! Gates against peers that count in secret, by a clock of their own.

use std::collections::VecDeque;

use super::*;

const START: Timestamp = Timestamp::constant(1_000_000, 0);

/// How a peer counts.
#[derive(Clone, Copy, Debug)]
enum Counts {
    /// Whole minutes of its own clock, so many seconds beside ours.
    Minutes(i64),
    /// A minute that begins with the first call in it.
    FromFirst,
    /// The last sixty seconds, at any time.
    Sliding,
}

struct Peer {
    counts: Counts,
    limit: usize,
    window: Timestamp,
    calls: VecDeque<Timestamp>,
}

impl Peer {
    fn new(counts: Counts, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap();
        Self { counts, limit, window: Timestamp::MIN, calls: VecDeque::new() }
    }

    fn takes(&mut self, now: Timestamp) -> bool {
        let minute = SignedDuration::from_mins(1);
        match self.counts {
            Counts::Sliding => {
                while self.calls.front().is_some_and(|first| now.duration_since(*first) >= minute) {
                    self.calls.pop_front();
                }
            }
            Counts::Minutes(beside) => {
                let begins = (now.as_second() + beside).div_euclid(60) * 60 - beside;
                self.begin(Timestamp::from_second(begins).unwrap());
            }
            Counts::FromFirst => {
                if now >= later(self.window, minute) {
                    self.begin(now);
                }
            }
        }
        let takes = self.calls.len() < self.limit;
        if takes {
            self.calls.push_back(now);
        }
        takes
    }

    fn begin(&mut self, at: Timestamp) {
        if self.window < at {
            self.window = at;
            self.calls.clear();
        }
    }
}

/// What came of a run.
#[derive(Debug)]
struct Run {
    passed: u32,
    refused: u32,
    minutes: u32,
}

impl Run {
    fn share_of(&self, limit: u32) -> f64 {
        f64::from(self.passed) / (f64::from(limit) * f64::from(self.minutes))
    }

    fn refusals(&self) -> f64 {
        f64::from(self.refused) / f64::from(self.passed + self.refused)
    }
}

/// Claimers that always have more to do, four calls at a time each, over one gate.
fn run(gate: &mut Gate, peer: &mut Peer, from: Timestamp, minutes: u32, claimers: usize) -> Run {
    let policy = PacePolicy::default();
    let end = later(from, SignedDuration::from_mins(i64::from(minutes)));
    let mut rests = vec![from; claimers];
    let mut run = Run { passed: 0, refused: 0, minutes };
    loop {
        let (who, now) = rests.iter().copied().enumerate().min_by_key(|(_, at)| *at).unwrap();
        if now >= end {
            return run;
        }
        let want = Want { fresh: 4, retries: 0, hurried: false };
        // The answers come a twentieth of a second later, all at once.
        let answered = later(now, SignedDuration::from_millis(50));
        rests[who] = match gate.grant(want, now, &policy) {
            Grant::Rest(until) => until,
            Grant::Calls { fresh, .. } => {
                let passed = (0..fresh).filter(|_| peer.takes(now)).count();
                let passed = u32::try_from(passed).unwrap();
                run.passed += passed;
                run.refused += fresh - passed;
                gate.report(Met::Passed(passed), answered, &policy);
                (passed..fresh).for_each(|_| gate.report(Met::Throttled(None), answered, &policy));
                answered
            }
        };
    }
}

const KINDS: [Counts; 5] =
    [Counts::Minutes(0), Counts::Minutes(17), Counts::Minutes(59), Counts::FromFirst, Counts::Sliding];

#[test]
fn a_hidden_limit_is_found_and_kept() {
    let (mut runs, mut least, mut most) = (0, f64::INFINITY, 0.0_f64);
    for counts in KINDS {
        for limit in [30, 100, 300, 1000] {
            for begins_at in [Some(1000), None, Some(20)] {
                if limit > 100 && begins_at != Some(1000) {
                    continue;
                }
                let mut gate = Gate::new(begins_at, START, &PacePolicy::default());
                let mut peer = Peer::new(counts, limit);
                // From too slow a beginning the pace has to climb first.
                let warm = if begins_at == Some(20) { 600 } else { 0 };
                run(&mut gate, &mut peer, START, warm, 1);
                let from = later(START, SignedDuration::from_mins(i64::from(warm)));
                let run = run(&mut gate, &mut peer, from, 6 * 60, 1);
                let text = format!("{counts:?} {limit} from {begins_at:?}: {run:?} {:?}", gate.limit());
                assert!(run.share_of(limit) >= 0.95, "{} {text}", run.share_of(limit));
                assert!(run.refusals() < 0.005, "{} {text}", run.refusals());
                (runs, least, most) = (runs + 1, least.min(run.share_of(limit)), most.max(run.refusals()));
            }
        }
    }
    println!(
        "{runs} hidden quotas: at least {least:.3} of what they bear, at most {:.2} % refused",
        most * 1e2
    );
}

#[test]
fn several_claimers_share_one_pace() {
    for counts in [Counts::Minutes(17), Counts::FromFirst, Counts::Sliding] {
        let mut gate = Gate::new(Some(1000), START, &PacePolicy::default());
        let run = run(&mut gate, &mut Peer::new(counts, 200), START, 6 * 60, 5);
        assert!(run.share_of(200) >= 0.95 && run.refusals() < 0.005, "{counts:?} {run:?}");
    }
}

#[test]
fn a_limit_that_falls_or_rises_is_found_again() {
    for counts in [Counts::Minutes(17), Counts::FromFirst, Counts::Sliding] {
        let mut gate = Gate::new(Some(100), START, &PacePolicy::default());
        let mut peer = Peer::new(counts, 100);
        let (hours, day) = (6 * 60, 24 * 60);
        let at = |hours: i64| later(START, SignedDuration::from_hours(hours));
        run(&mut gate, &mut peer, START, hours, 1);
        peer.limit = 40;
        let low = run(&mut gate, &mut peer, at(6), hours, 1);
        assert!(low.share_of(40) >= 0.93 && low.refusals() < 0.005, "{counts:?} {low:?}");
        peer.limit = 200;
        run(&mut gate, &mut peer, at(12), day, 1);
        let high = run(&mut gate, &mut peer, at(36), hours, 1);
        assert!(high.share_of(200) >= 0.95, "{counts:?} {high:?} {:?}", gate.limit());
    }
}

#[test]
fn no_minute_has_more_calls_than_the_pace() {
    for limit in [1, 2, 7, 30, 100, 1000] {
        let mut gate = Gate::new(Some(limit), START, &PacePolicy::default());
        let mut peer = Peer::new(Counts::Sliding, limit);
        let run = run(&mut gate, &mut peer, START, 14, 3);
        assert_eq!(run.refused, 0, "{limit}");
    }
}
