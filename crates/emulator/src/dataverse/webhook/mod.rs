//! Webhooks: the execution context of each event that a step is registered for, posted to a service endpoint.

mod circumstances;
mod context;
mod control;
mod endpoint;
mod entity;
mod job;
mod log;
mod outbox;
mod registration;
mod rules;
mod sender;
mod step;
mod tables;
mod trial;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(super) use circumstances::Circumstances;
pub(super) use context::Organization;
pub(super) use registration::{check, plant};
pub(super) use rules::WebhookRules;
pub(super) use step::Step;
pub(super) use tables::all as tables;
pub(super) use trial::{Question, Trial};

use super::change::Change;
use super::error::Outcome;
use super::store::Store;
use crate::clock::Clock;
use job::Job;
use log::{Ending, Log};
use outbox::{Delivery, Outbox};

/// A change with the request that made it.
pub(super) struct News {
    pub(super) change: Change,
    pub(super) circumstances: Arc<Circumstances>,
}

/// The steps of an organization, what is on its way to their endpoints, and what became of it.
pub(super) struct Webhooks {
    organization: Organization,
    clock: Clock,
    steps: RwLock<Arc<[Arc<Step>]>>,
    outbox: Outbox,
    log: Mutex<Log>,
    /// Ended deliveries whose system jobs are not among the rows yet.
    jobs: Mutex<Vec<Job>>,
    /// Made when something is sent for the first time.
    client: OnceLock<Option<reqwest::Client>>,
}

impl Webhooks {
    pub(super) fn new(organization: Organization, clock: Clock, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            organization,
            clock,
            steps: RwLock::new(Arc::from([])),
            outbox: Outbox::new(seed),
            log: Mutex::default(),
            jobs: Mutex::default(),
            client: OnceLock::new(),
        })
    }

    /// The steps as they stand.
    pub(super) fn steps(&self) -> Arc<[Arc<Step>]> {
        Arc::clone(&self.steps.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the steps again, if one of these changes is about them.
    pub(super) fn learn(&self, store: &Store, changes: &[Change]) {
        if changes.iter().any(|change| registration::concerns(store.table(change.table))) {
            let steps = registration::steps(store);
            *self.steps.write().unwrap_or_else(PoisonError::into_inner) = steps;
        }
    }

    /// Puts what has happened on its way to every asynchronous step that it concerns.
    pub(super) fn tell(&self, news: Vec<News>, rules: &WebhookRules) {
        let steps = self.steps();
        if steps.is_empty() {
            return;
        }
        let now = self.clock.now();
        for News { change, circumstances } in news {
            let heard =
                steps.iter().filter(|step| step.is_asynchronous() && !circumstances.bypass_asynchronous);
            for step in heard.filter(|step| step.hears(&change)) {
                let delivery = self.delivery(step, change.clone(), &circumstances, now);
                self.outbox.put(delivery, rules);
            }
        }
    }

    fn delivery(
        &self,
        step: &Arc<Step>,
        change: Change,
        circumstances: &Arc<Circumstances>,
        now: Timestamp,
    ) -> Delivery {
        let operation = self.outbox.operation(&self.organization.id);
        Delivery {
            step: Arc::clone(step),
            change,
            circumstances: Arc::clone(circumstances),
            operation,
            at: now,
        }
    }

    /// Whether a write must be put to a step before it stays.
    pub(super) fn has_synchronous(&self) -> bool {
        self.steps().iter().any(|step| step.synchronous)
    }

    /// Tells a synchronous step of an event, and says whether the request may stay.
    pub(super) async fn ask(&self, question: Question, rules: &WebhookRules) -> Outcome<()> {
        let Question { step, change, circumstances } = question;
        let delivery = self.delivery(&step, change, &circumstances, self.clock.now());
        trial::verdict(sender::deliver(self, &delivery, rules).await)
    }

    /// Begins to deliver; it ends with the server.
    pub(super) fn begin(
        self: &Arc<Self>,
        ask: sender::Ask,
        tasks: &TaskTracker,
        closing: &CancellationToken,
    ) {
        tasks.spawn(sender::run(Arc::clone(self), ask, tasks.clone(), closing.clone()));
    }

    /// Takes the system jobs that are to be put among the rows.
    pub(super) fn jobs(&self) -> Vec<Job> {
        std::mem::take(&mut *self.jobs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn ended(&self, delivery: &Delivery, ending: Ending) {
        if let Some(job) = Job::of(delivery, ending, self.clock.now()) {
            self.jobs.lock().unwrap_or_else(PoisonError::into_inner).push(job);
        }
    }

    fn client(&self) -> Option<&reqwest::Client> {
        self.client.get_or_init(sender::client).as_ref()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
