//! The machine's time and chance, and waiting.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom as _, SystemRandom};
use webinar_bridge_domain::port::{Clock, Entropy};
use webinar_bridge_domain::time::whole_micros;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    began: Instant,
}

impl SystemClock {
    /// The clock of this machine.
    #[expect(clippy::disallowed_methods, reason = "this is where the program's time comes from")]
    pub fn new() -> Self {
        Self { began: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the program's time comes from")]
    fn now(&self) -> Timestamp {
        whole_micros(Timestamp::now())
    }

    fn steady(&self) -> SignedDuration {
        SignedDuration::try_from(self.began.elapsed()).unwrap_or(SignedDuration::MAX)
    }
}

/// The machine's randomness.
pub struct SystemEntropy(SystemRandom);

impl SystemEntropy {
    /// Asks the operating system.
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, into: &mut [u8]) {
        // A machine without randomness cannot keep a secret: nothing may go on.
        assert!(self.0.fill(into).is_ok(), "the machine gives no randomness");
    }
}

/// Waits by a clock.
#[async_trait]
pub trait Wait: Send + Sync {
    /// Returns when the clock shows `at`.
    async fn until(&self, at: Timestamp);
}

#[async_trait]
impl Wait for SystemClock {
    async fn until(&self, at: Timestamp) {
        let left = Duration::try_from(at.duration_since(self.now())).unwrap_or_default();
        pause(left).await;
    }
}

/// Real waiting, for whoever waits on the machine and not on a flow.
#[expect(clippy::disallowed_methods, reason = "this is where the program waits")]
pub async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
