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
    pub(super) fn tell(&self, news: &[News], rules: &WebhookRules) {
        let steps = self.steps();
        let (many, one): (Vec<_>, Vec<_>) =
            steps.iter().filter(|step| step.is_asynchronous()).partition(|step| step.many);
        let now = self.clock.now();
        for News { change, circumstances } in
            news.iter().filter(|news| !news.circumstances.bypass.asynchronous)
        {
            for step in one.iter().filter(|step| step.hears(change)) {
                self.outbox.put(self.delivery(step, change.clone(), circumstances, now), rules);
            }
        }
        for step in many {
            self.tell_together(step, news, rules);
        }
    }

    /// Puts the rows of each bulk message on their way to a step that is told of them together.
    fn tell_together(&self, step: &Arc<Step>, news: &[News], rules: &WebhookRules) {
        for request in news.chunk_by(|one, next| Arc::ptr_eq(&one.circumstances, &next.circumstances)) {
            let Some(News { circumstances, .. }) = request.first() else { continue };
            if !circumstances.bulk || circumstances.bypass.asynchronous {
                continue;
            }
            let mut heard =
                request.iter().filter(|news| step.hears(&news.change)).map(|news| news.change.clone());
            // A step of any table is told of the message's own table; nothing else changes in these.
            let Some(first) = heard.next() else { continue };
            let rest = heard.filter(|change| change.table == first.table).collect();
            let delivery = self.delivery(step, first, circumstances, self.clock.now());
            self.outbox.put(Delivery { rest, ..delivery }, rules);
        }
    }

    fn delivery(
        &self,
        step: &Arc<Step>,
        change: Change,
        circumstances: &Arc<Circumstances>,
        now: Timestamp,
    ) -> Delivery {
        Delivery {
            step: Arc::clone(step),
            change,
            rest: Vec::new(),
            circumstances: Arc::clone(circumstances),
            operation: self.outbox.operation(&self.organization.id),
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
