//! What is on its way to endpoints: a bounded queue whose order and duplicates can be disturbed on purpose.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::sync::Notify;
use uuid::Uuid;

use super::super::change::Change;
use super::circumstances::Circumstances;
use super::rules::WebhookRules;
use super::step::Step;
use crate::seeded;

/// The most deliveries that wait; what comes beyond is lost and counted.
const CAPACITY: usize = 10_000;
/// How long a delivery that is to be overtaken waits for another, in the machine's time.
const PATIENCE: Duration = Duration::from_millis(250);

/// One event for one step.
#[derive(Clone)]
pub(super) struct Delivery {
    pub(super) step: Arc<Step>,
    pub(super) change: Change,
    /// The further changes of an event of many rows.
    pub(super) rest: Vec<Change>,
    pub(super) circumstances: Arc<Circumstances>,
    /// The id of the system job.
    pub(super) operation: Uuid,
    pub(super) at: Timestamp,
}

pub(super) struct Outbox {
    state: Mutex<State>,
    arrived: Notify,
}

struct State {
    queue: VecDeque<Delivery>,
    /// Waits to be overtaken.
    held: Option<Delivery>,
    lost: u64,
    operations: u64,
    generator: StdRng,
}

impl Outbox {
    pub(super) fn new(seed: u64) -> Self {
        let generator = seeded::generator(seed, "dataverse/webhooks");
        let state = State { queue: VecDeque::new(), held: None, lost: 0, operations: 0, generator };
        Self { state: Mutex::new(state), arrived: Notify::new() }
    }

    /// The id of the next system job.
    pub(super) fn operation(&self, organization: &Uuid) -> Uuid {
        let mut state = self.state();
        state.operations += 1;
        Uuid::new_v5(organization, format!("operation/{}", state.operations).as_bytes())
    }

    /// Takes a delivery in, as the rules disturb it.
    pub(super) fn put(&self, delivery: Delivery, rules: &WebhookRules) {
        let mut state = self.state();
        let again = state.falls(rules.duplicates);
        let later = state.falls(rules.overtaken);
        if later && state.held.is_none() {
            if again {
                state.push(delivery.clone());
            }
            state.held = Some(delivery);
        } else {
            if again {
                state.push(delivery.clone());
            }
            state.push(delivery);
            state.release();
        }
        drop(state);
        self.arrived.notify_one();
    }

    /// The next delivery, once there is one.
    pub(super) async fn next(&self) -> Delivery {
        loop {
            let held = {
                let mut state = self.state();
                if let Some(delivery) = state.queue.pop_front() {
                    return delivery;
                }
                state.held.is_some()
            };
            let arrived = self.arrived.notified();
            if !held {
                arrived.await;
            } else if tokio::time::timeout(PATIENCE, arrived).await.is_err() {
                self.state().release();
            }
        }
    }

    /// How many deliveries wait and how many were lost.
    pub(super) fn counts(&self) -> (usize, u64) {
        let state = self.state();
        (state.queue.len() + usize::from(state.held.is_some()), state.lost)
    }

    /// Forgets what has not begun.
    pub(super) fn clear(&self) {
        let mut state = self.state();
        state.queue.clear();
        state.held = None;
        state.lost = 0;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn falls(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.generator.random_bool(probability.min(1.0))
    }

    fn push(&mut self, delivery: Delivery) {
        if self.queue.len() < CAPACITY {
            self.queue.push_back(delivery);
        } else {
            self.lost += 1;
        }
    }

    fn release(&mut self) {
        if let Some(delivery) = self.held.take() {
            self.push(delivery);
        }
    }
}
