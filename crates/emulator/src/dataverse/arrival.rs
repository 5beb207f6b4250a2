//! A request comes in, is under way and is answered: what limits and locks see of it.

use std::sync::{Arc, Mutex};

use http::Method;
use http::header::{HeaderName, SET_COOKIE};

use super::access::Access;
use super::limits::{self, Limits};
use super::locks::{self, Locks};
use super::settings::Settings;
use super::webhook::Trial;
use super::{Dataverse, lock};
use crate::emulated::{Emulated, Presence};
use crate::wire::{Answer, Call};

/// The cookie by which a client would stay with one web server.
const AFFINITY: &str = "ARRAffinity=0123456789abcdef; HttpOnly; Path=/";

impl Dataverse {
    /// Lets a user's request in, within the limits and past the row that it updates.
    pub(super) fn arrived(&self, call: &Call, settings: &Settings) -> Result<Presence, Box<Answer>> {
        let mut stay = Stay::new(self);
        let rules = &settings.limits;
        if rules.enforced {
            let entered = lock(&self.limits).enter(rules, self.clock.now());
            entered.map_err(|(facet, wait_s)| self.refused(facet.answer(rules, wait_s), settings))?;
            stay.counted = true;
        }
        if let Some((window_ms, key)) = settings.deadlock_ms.zip(Locks::key(call)) {
            let taken = lock(&self.locks).take(key, window_ms, self.clock.now());
            taken.map_err(|refusal| self.refused(refusal.answer(), settings))?;
            stay.row = Some(key);
        }
        Ok(Presence::of(stay))
    }

    fn refused(&self, answer: Answer, settings: &Settings) -> Box<Answer> {
        let answer = self.world().dressed(answer);
        Box::new(self.parted(answer, settings))
    }

    /// Puts the system jobs of ended deliveries among the rows, before anybody asks for them.
    pub(super) fn file(&self) {
        let jobs = self.webhooks.jobs();
        if !jobs.is_empty() {
            let (mut world, now) = (self.world(), self.clock.now());
            for job in jobs {
                job.file(&mut world.store, now);
            }
        }
    }

    /// Whether a request may write rows while there are synchronous steps. Metadata has none, and is not written twice.
    pub(super) fn concerns_steps(&self, call: &Call, settings: &Settings) -> bool {
        call.method != Method::GET
            && settings.access.user == Access::Granted
            && self.webhooks.has_synchronous()
            && self.operation(call) != "metadata"
    }

    /// Answers a write once every synchronous step has been told; other writes wait for their turn meanwhile.
    pub(super) async fn confirmed(&self, call: &Call, settings: &Settings) -> Answer {
        let _turn = self.turn.lock().await;
        let steps = self.webhooks.steps();
        let mut verdicts = Vec::new();
        loop {
            let trial = Trial::new(&steps, verdicts.clone());
            let open = self.world().rehearse(call, trial);
            if open.is_empty() {
                return self.answer(call, settings, Some(Trial::new(&steps, verdicts)));
            }
            for question in open {
                let verdict = self.webhooks.ask(question, &settings.webhooks).await;
                let refused = verdict.is_err();
                verdicts.push(verdict);
                if refused {
                    break;
                }
            }
        }
    }

    /// Answers a user's request, charges what it cost and tells whom it concerns.
    pub(super) fn answer(&self, call: &Call, settings: &Settings, trial: Option<Trial>) -> Answer {
        let mut world = self.world();
        world.flow.trial = trial;
        if let Some(refusal) = settings.access.user.refusal() {
            return world.dressed(refusal.answer());
        }
        let (answer, changes) = world.outer(call);
        world.flow.trial = None;
        let spent = world.flow.spent();
        if settings.limits.enforced {
            lock(&self.limits).charge(spent);
        }
        self.webhooks.learn(&world.store, &changes);
        let news = world.flow.news(changes);
        self.webhooks.tell(&news, &settings.webhooks);
        answer
    }

    /// With what every answer says about the rest of the limits, and to what the platform would like it to stick.
    pub(super) fn parted(&self, answer: Answer, settings: &Settings) -> Answer {
        let rules = &settings.limits;
        let left = if rules.enforced {
            lock(&self.limits).left(rules, self.clock.now())
        } else {
            (rules.requests.saturating_sub(1), rules.execution_ms)
        };
        let answer = limits::tell(answer, left).with(SET_COOKIE, AFFINITY);
        match settings.dop_hint {
            Some(hint) => answer.with(HeaderName::from_static("x-ms-dop-hint"), &hint.to_string()),
            None => answer,
        }
    }
}

/// A request that is under way, as far as limits and locks know of it.
struct Stay {
    limits: Arc<Mutex<Limits>>,
    locks: Arc<Mutex<Locks>>,
    counted: bool,
    row: Option<locks::Key>,
}

impl Stay {
    fn new(dataverse: &Dataverse) -> Self {
        let (limits, locks) = (Arc::clone(&dataverse.limits), Arc::clone(&dataverse.locks));
        Self { limits, locks, counted: false, row: None }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        if self.counted {
            lock(&self.limits).leave();
        }
        if let Some(row) = self.row {
            lock(&self.locks).release(row);
        }
    }
}
