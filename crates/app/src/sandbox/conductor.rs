//! The conductor: one virtual clock for all, moved on to the next due time whenever nothing is in flight.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use webinar_bridge_domain::balance::{Balance, Scope};
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::flow::Rest;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{self, Lane, StoreError};
use webinar_bridge_domain::time::{SignedDuration, whole_micros};
use webinar_bridge_emulator::Clock;

use crate::exit::Failure;
use crate::pipeline::Board;
use crate::world::{Wait, pause};

/// The emulators' clock, as the bridge sees it.
pub(crate) struct VirtualClock {
    clock: Clock,
}

impl VirtualClock {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock }
    }

    pub(crate) fn move_to(&self, at: Timestamp) {
        self.clock.advance(at.duration_since(self.clock.now()));
    }
}

impl port::Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        whole_micros(self.clock.now())
    }
}

#[async_trait]
impl Wait for VirtualClock {
    async fn until(&self, at: Timestamp) {
        self.clock.reached(at).await;
    }
}

/// Moves time on and waits for quiet.
pub(crate) struct Conductor {
    clock: Arc<VirtualClock>,
    board: Arc<Board>,
    bridge: Bridge,
}

/// How far the clock may run for one scene before the story is given up.
const LONGEST_SCENE: SignedDuration = SignedDuration::from_hours(24 * 40);

/// How often the progress is looked at.
const LOOK: Duration = Duration::from_millis(100);

impl Conductor {
    pub(crate) fn new(clock: Arc<VirtualClock>, board: Arc<Board>, bridge: Bridge) -> Self {
        Self { clock, board, bridge }
    }

    pub(crate) fn now(&self) -> Timestamp {
        port::Clock::now(self.clock.as_ref())
    }

    /// Has the CRM looked at, and everything that rests.
    pub(crate) fn hurry(&self) {
        self.bridge.observe.hurry();
        self.board.wake_all();
    }

    pub(crate) async fn balance(&self, organization: OrganizationId) -> Result<Balance, StoreError> {
        self.bridge.desk.balance(organization, Scope::Organization).await
    }

    /// When attendance is asked for next, whatever webinar it is of.
    pub(crate) async fn next_pull(&self) -> Result<Option<Timestamp>, StoreError> {
        let ready = self.bridge.ports().ledger.ready(self.now()).await?;
        Ok(ready.into_iter().map(|(_, at)| at).min())
    }

    /// Whether nothing is left to be told to the CRM.
    pub(crate) async fn all_told(&self) -> Result<bool, StoreError> {
        Ok(self.bridge.ports().worklist.ready(Lane::Answer, self.now()).await?.is_empty())
    }

    /// Lets the bridge work, and moves the clock on when it rests, until `reached` says so at a quiet moment. `look` is
    /// called now and then.
    pub(crate) async fn until<R, L>(&self, scene: &str, mut reached: R, mut look: L) -> Result<(), Failure>
    where
        R: AsyncFnMut(&Self) -> Result<bool, StoreError>,
        L: AsyncFnMut(&Self),
    {
        let end = self.now() + LONGEST_SCENE;
        loop {
            let rest = self.quiet(&mut look).await;
            if reached(self).await.map_err(Failure::unexpected)? {
                look(self).await;
                return Ok(());
            }
            match rest {
                Rest::Now => {}
                Rest::Until(at) if at < end => self.clock.move_to(at),
                Rest::Until(_) | Rest::Idle => {
                    return Err(self.stuck(scene).await);
                }
            }
        }
    }

    /// Why the story does not get on, as far as the bridge knows.
    async fn stuck(&self, scene: &str) -> Failure {
        let notes = self.bridge.standing.notes();
        let troubles =
            notes.into_iter().map(|(_, topic, note)| format!("\n  {}: {}", topic.name(), note.what));
        let organizations = self.bridge.steward.list().await.unwrap_or_default();
        let states =
            organizations.iter().map(|one| format!("\n  the organization is {}", one.integration.name()));
        let why: String = states.chain(troubles).collect();
        Failure::unexpected(format!("the story does not get on: {scene}{why}"))
    }

    async fn quiet<L: AsyncFnMut(&Self)>(&self, look: &mut L) -> Rest {
        loop {
            tokio::select! {
                biased;
                rest = self.steadily_quiet() => return rest,
                () = pause(LOOK) => look(self).await,
            }
        }
    }

    /// Quiet that lasts while every task has had its turn.
    async fn steadily_quiet(&self) -> Rest {
        loop {
            self.board.until_quiet().await;
            tokio::task::yield_now().await;
            if let Some(rest) = self.board.quiet() {
                return rest;
            }
        }
    }

    /// Moves the clock to `at` in steps, and lets the bridge work at each, so that a feed's place does not grow old.
    pub(crate) async fn pass_time_to(&self, at: Timestamp) {
        let step = SignedDuration::from_hours(24);
        while self.now() < at {
            let next = self.now() + step;
            self.clock.move_to(next.min(at));
            self.hurry();
            self.steadily_quiet().await;
        }
    }
}
