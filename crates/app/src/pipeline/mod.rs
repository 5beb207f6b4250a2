//! The loops: each calls one flow, honours the rest it asks for, and wakes the others when it has done something.

mod board;
mod deliveries;
mod rounds;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webinar_bridge_admin::Meters;
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::flow::{self, Rest, StepReport};
use webinar_bridge_domain::port::StoreError;
use webinar_bridge_domain::time::later;

pub use board::{Board, Seat};

use crate::world::Wait;

/// What every loop holds.
#[derive(Clone)]
pub struct Loops {
    /// The flows.
    pub bridge: Bridge,
    /// Counts what they did.
    pub meters: Meters,
    /// Waits by the clock that the bridge asks.
    pub wait: Arc<dyn Wait>,
    /// Who works, and who rests.
    pub board: Arc<Board>,
    /// Asks the loops to end.
    pub stop: CancellationToken,
    /// Told when the process must end: the store failed for good.
    pub fatal: CancellationToken,
}

/// How long a loop rests when the store cannot serve it.
const STORE_REST: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);

impl Loops {
    /// The loops of `bridge`; nothing runs yet.
    pub fn new(
        bridge: Bridge,
        meters: Meters,
        board: Arc<Board>,
        wait: Arc<dyn Wait>,
        stop: CancellationToken,
    ) -> Self {
        Self { bridge, meters, wait, board, stop, fatal: CancellationToken::new() }
    }

    /// Starts all loops; the tracker ends when they have ended.
    pub fn start(&self, deliver_workers: u32) -> TaskTracker {
        self.start_some(&Seat::ALL, deliver_workers)
    }

    /// Starts the loops of some seats, for whoever measures one of them; the tracker ends when they have ended.
    pub fn start_some(&self, seats: &[Seat], deliver_workers: u32) -> TaskTracker {
        let tasks = TaskTracker::new();
        let bridge = &self.bridge;
        for seat in seats {
            match seat {
                Seat::Steward => self.go_round(&tasks, *seat, bridge.steward.clone()),
                Seat::Observe => self.go_round(&tasks, *seat, bridge.observe.clone()),
                Seat::Answer => self.go_round(&tasks, *seat, bridge.answer.clone()),
                Seat::Metrics => self.go_round(&tasks, *seat, bridge.metrics.clone()),
                Seat::Tasks => self.go_round(&tasks, *seat, bridge.tasks.clone()),
                Seat::Deliver => {
                    let deliveries = deliveries::Deliveries::new(self.clone(), deliver_workers);
                    self.watched(&tasks, *seat, deliveries.run());
                }
            }
        }
        tasks.close();
        tasks
    }

    fn go_round(&self, tasks: &TaskTracker, seat: Seat, flow: impl flow::Rounds + 'static) {
        self.watched(tasks, seat, rounds::Rounds::new(self.clone(), seat, flow).run());
    }

    /// Runs a loop; one that ends in a panic ends the process, since nobody else would do its work.
    fn watched(&self, tasks: &TaskTracker, seat: Seat, run: impl Future<Output = ()> + Send + 'static) {
        let loops = self.clone();
        let task = tasks.spawn(run);
        tasks.spawn(async move {
            if let Err(error) = task.await {
                loops.ended_in(seat, &error);
            }
        });
    }

    /// A panic in a flow is a mistake in it, and trying again might do harm: the process ends.
    fn ended_in(&self, seat: Seat, error: &JoinError) {
        if error.is_panic() {
            self.meters.panicked();
            tracing::error!(code = "panic", flow = seat.name(), "a loop ended in a panic");
            self.fatal.cancel();
        }
    }

    /// What a step said; a store that cannot serve is asked again after a while, one that failed for good ends all.
    fn judged(&self, seat: Seat, outcome: Result<StepReport, StoreError>) -> StepReport {
        outcome.unwrap_or_else(|error| {
            tracing::error!(code = "store", flow = seat.name(), %error, "the store could not serve a step");
            if matches!(error, StoreError::Fatal(_)) {
                self.fatal.cancel();
            }
            let again = later(self.bridge.ports().clock.now(), STORE_REST);
            StepReport::idle(Rest::Until(again))
        })
    }

    /// Waits until the time has come, somebody wakes the loop, or the process ends. Whether it was woken.
    async fn rest(&self, seat: Seat, rest: Rest) -> bool {
        if rest == Rest::Now {
            tokio::task::yield_now().await;
            return false;
        }
        self.board.resting(seat, rest);
        let woken = tokio::select! {
            biased;
            () = self.time(rest) => false,
            () = self.board.woken(seat) => true,
            () = self.stop.cancelled() => false,
        };
        self.board.busy(seat);
        woken
    }

    /// Returns when the time has come that somebody rests until.
    async fn time(&self, rest: Rest) {
        match rest {
            Rest::Now => tokio::task::yield_now().await,
            Rest::Until(at) => self.wait.until(at).await,
            Rest::Idle => std::future::pending().await,
        }
    }
}

/// How long running calls may take to end when the process stops.
pub const CALLS_END: Duration = Duration::from_secs(12);
