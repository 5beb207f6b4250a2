//! What is around everybody in a run: time, chance, the weather, and the record of what happened.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use webinar_bridge_app::world::Wait;
use webinar_bridge_domain::port::Clock;
use webinar_bridge_domain::time::{SignedDuration, Timestamp};

/// When every run begins.
pub(super) const START: Timestamp = Timestamp::constant(1_900_000_000, 0);

/// How often everything happened that a run is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures(pub BTreeMap<&'static str, u64>);

impl Figures {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        for (name, n) in &other.0 {
            *self.0.entry(name).or_default() += n;
        }
    }
}

/// Shared by everybody in a run.
#[derive(Clone)]
pub(super) struct Air(Arc<Within>);

struct Within {
    began: Instant,
    chance: Mutex<fastrand::Rng>,
    storm: AtomicBool,
    figures: Mutex<Figures>,
    record: Mutex<Record>,
}

/// What happened, as a hash of all of it and the last of it in words.
struct Record {
    hash: u64,
    last: std::collections::VecDeque<String>,
    kept: usize,
}

impl Air {
    /// `kept`: how many of the last happenings are kept in words.
    pub(super) fn new(seed: u64, kept: usize) -> Self {
        let record = Record { hash: 0xcbf2_9ce4_8422_2325, last: std::collections::VecDeque::new(), kept };
        Self(Arc::new(Within {
            began: Instant::now(),
            chance: Mutex::new(fastrand::Rng::with_seed(seed)),
            storm: AtomicBool::new(true),
            figures: Mutex::default(),
            record: Mutex::new(record),
        }))
    }

    fn chance(&self) -> MutexGuard<'_, fastrand::Rng> {
        self.0.chance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number below `n`.
    pub(super) fn below(&self, n: u64) -> u64 {
        self.chance().u64(0..n.max(1))
    }

    /// A number from there to there.
    pub(super) fn between(&self, from: u64, to: u64) -> u64 {
        self.chance().u64(from..=to)
    }

    /// One of them.
    pub(super) fn pick<'a, T>(&self, some: &'a [T]) -> Option<&'a T> {
        some.get(usize::try_from(self.below(some.len() as u64)).unwrap_or(0))
    }

    /// Whether it storms, and one in `n` times this trouble comes; counted by its name.
    pub(super) fn strikes(&self, trouble: &'static str, n: u64) -> bool {
        let strikes = self.storms() && self.below(n) == 0;
        if strikes {
            self.count(trouble);
        }
        strikes
    }

    pub(super) fn storms(&self) -> bool {
        self.0.storm.load(Ordering::Relaxed)
    }

    pub(super) fn storm(&self, on: bool) {
        self.0.storm.store(on, Ordering::Relaxed);
    }

    pub(super) fn count(&self, what: &'static str) {
        *self.0.figures.lock().unwrap_or_else(PoisonError::into_inner).0.entry(what).or_default() += 1;
    }

    pub(super) fn figures(&self) -> Figures {
        self.0.figures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes down that something happened.
    pub(super) fn note(&self, what: std::fmt::Arguments<'_>) {
        let line = format!("{:>12.3} {what}", self.0.began.elapsed().as_secs_f64());
        let mut record = self.0.record.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in line.bytes() {
            record.hash = (record.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if record.kept > 0 {
            if record.last.len() == record.kept {
                record.last.pop_front();
            }
            record.last.push_back(line);
        }
    }

    /// The hash of all that happened, and the last of it in words.
    pub(super) fn record(&self) -> (u64, Vec<String>) {
        let record = self.0.record.lock().unwrap_or_else(PoisonError::into_inner);
        (record.hash, record.last.iter().cloned().collect())
    }

    /// Lets time pass.
    #[expect(clippy::disallowed_methods, reason = "this is where the simulation's time passes")]
    pub(super) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// A way over the network.
    pub(super) async fn way(&self) {
        let micros = self.between(2_000, 60_000);
        self.pass(Duration::from_micros(micros)).await;
    }

    /// How long after the beginning it is.
    pub(super) fn age(&self) -> Duration {
        self.0.began.elapsed()
    }
}

impl Clock for Air {
    fn now(&self) -> Timestamp {
        let micros = i64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(i64::MAX);
        START + SignedDuration::from_micros(micros)
    }
}

#[async_trait]
impl Wait for Air {
    async fn until(&self, at: Timestamp) {
        // Timers go by milliseconds, and must not come early.
        let left = at.duration_since(self.now()) + SignedDuration::from_millis(1);
        self.pass(Duration::try_from(left).unwrap_or_default()).await;
    }
}
