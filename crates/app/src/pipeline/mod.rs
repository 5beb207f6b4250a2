//! The loops: each calls one flow, honours the rest it asks for, and wakes the others when it has done something.

mod board;
mod deliveries;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webinar_bridge_admin::Meters;
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::flow::{Rest, StepReport};
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

/// How many items one step takes.
const AT_ONCE: u32 = 100;

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
        let tasks = TaskTracker::new();
        let bridge = &self.bridge;
        let steward = bridge.steward.clone();
        self.spawn(&tasks, Seat::Steward, move || {
            let steward = steward.clone();
            async move { steward.step().await }
        });
        let observe = bridge.observe.clone();
        self.spawn(&tasks, Seat::Observe, move || {
            let observe = observe.clone();
            async move { observe.step().await }
        });
        let answer = bridge.answer.clone();
        self.spawn(&tasks, Seat::Answer, move || {
            let answer = answer.clone();
            async move { answer.step(AT_ONCE).await }
        });
        let metrics = bridge.metrics.clone();
        self.spawn(&tasks, Seat::Metrics, move || {
            let metrics = metrics.clone();
            async move { metrics.step(8).await }
        });
        let deliveries = deliveries::Deliveries::new(self.clone(), deliver_workers);
        self.watched(&tasks, Seat::Deliver, deliveries.run());
        tasks.close();
        tasks
    }

    fn spawn<F, S>(&self, tasks: &TaskTracker, seat: Seat, step: F)
    where
        F: Fn() -> S + Send + 'static,
        S: Future<Output = Result<StepReport, StoreError>> + Send,
    {
        let loops = self.clone();
        self.watched(tasks, seat, async move { loops.run(seat, step).await });
    }

    /// Runs a loop; one that ends in a panic ends the process, since nobody else would do its work.
    fn watched(&self, tasks: &TaskTracker, seat: Seat, run: impl Future<Output = ()> + Send + 'static) {
        let (meters, fatal) = (self.meters.clone(), self.fatal.clone());
        let task = tasks.spawn(run);
        tasks.spawn(async move {
            if task.await.is_err_and(|error| error.is_panic()) {
                meters.panicked();
                tracing::error!(code = "panic", flow = seat.name(), "a loop ended in a panic");
                fatal.cancel();
            }
        });
    }

    async fn run<F, S>(&self, seat: Seat, step: F)
    where
        F: Fn() -> S,
        S: Future<Output = Result<StepReport, StoreError>>,
    {
        while !self.stop.is_cancelled() {
            self.board.busy(seat);
            let report = self.judged(seat, step().await);
            self.meters.count(seat.name(), &report);
            if report.settled > 0 {
                self.board.wake_all_but(seat);
            }
            self.rest(seat, report.rest).await;
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

    /// Waits until the time has come, somebody wakes the loop, or the process ends.
    async fn rest(&self, seat: Seat, rest: Rest) {
        if rest == Rest::Now {
            tokio::task::yield_now().await;
            return;
        }
        self.board.resting(seat, rest);
        let time = async {
            match rest {
                Rest::Until(at) => self.wait.until(at).await,
                Rest::Now | Rest::Idle => std::future::pending().await,
            }
        };
        tokio::select! {
            () = time => {}
            () = self.board.woken(seat) => {}
            () = self.stop.cancelled() => {}
        }
        self.board.busy(seat);
    }
}

/// How long running calls may take to end when the process stops.
pub const CALLS_END: Duration = Duration::from_secs(12);
