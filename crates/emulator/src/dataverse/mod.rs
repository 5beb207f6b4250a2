//! Dataverse with the tables of event management: the Web API of one organization.
//!
//! The answers follow the platform's documented behaviour, its refusals included, down to codes and words where they
//! are known.

mod access;
mod actions;
mod alternate;
mod arrival;
mod batch;
mod bulk;
mod change;
mod choices;
mod controls;
mod cookie;
mod csdl;
mod deed;
mod description;
mod draft;
mod error;
mod failure;
mod fetch;
mod filter;
mod flow;
mod key;
mod limits;
mod link;
mod listing;
mod locks;
mod metadata;
mod multipart;
mod period;
mod preference;
mod query;
mod render;
mod row;
mod scene;
mod schema;
mod seed;
mod settings;
mod sql;
mod store;
mod syntax;
mod tables;
mod target;
#[cfg(test)]
mod tests;
mod tracking;
mod upsert;
mod value;
mod webhook;
mod world;
mod write;
mod xml;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::header::HeaderName;
use http::{Method, StatusCode};
use serde_json::{Map, Value as Json, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::clock::Clock;
use crate::control;
use crate::emulated::{Emulated, Presence};
use crate::entra::Issuer;
use crate::wire::{Answer, Call};
use change::Change;
use error::Outcome;
use flow::Flow;
use limits::{Facet, Limits};
use locks::Locks;
use schema::Schema;
pub(crate) use seed::Seed;
use settings::Settings;
use store::Store;
use target::Target;
use webhook::{Organization, Webhooks};
use world::World;

const OPERATIONS: &[&str] =
    &["changes", "list", "read", "create", "update", "delete", "batch", "metadata", "whoami", "other"];

/// One organization's Web API.
pub(crate) struct Dataverse {
    issuer: Arc<Issuer>,
    origin: String,
    clock: Clock,
    settings: Arc<Mutex<Arc<Settings>>>,
    limits: Arc<Mutex<Limits>>,
    locks: Arc<Mutex<Locks>>,
    webhooks: Arc<Webhooks>,
    /// Held by a write that synchronous steps are being told of.
    turn: tokio::sync::Mutex<()>,
    world: Mutex<World>,
}

impl Dataverse {
    /// An organization with its seeded rows; many of them keep a processor busy. Tokens of the issuer are admitted for
    /// the seed's origin and for the one that a request names in its `Host` header.
    pub(crate) fn new(clock: Clock, issuer: Arc<Issuer>, seed: Seed) -> Self {
        let mut store = Store::new(Schema::standard());
        seed::plant(&mut store, &seed, clock.now());
        let organization = seed::id(seed.seed, "organization");
        let mut origin = seed.origin;
        while origin.ends_with('/') {
            origin.pop();
        }
        let sender = Organization::of(organization, &origin);
        let world = World {
            store,
            origin: origin.clone(),
            clock: clock.clone(),
            organization,
            answered: 0,
            batched: BTreeMap::new(),
            flow: Flow::default(),
        };
        Self {
            issuer,
            origin,
            clock: clock.clone(),
            settings: Arc::default(),
            limits: Arc::default(),
            locks: Arc::default(),
            webhooks: Webhooks::new(sender, clock, seed.seed),
            turn: tokio::sync::Mutex::default(),
            world: Mutex::new(world),
        }
    }

    /// Switches the service-protection limits on or off.
    pub(crate) fn set_limits(&self, limits: bool) {
        let mut settings = (*self.settings()).clone();
        settings.limits.enforced = limits;
        self.adopt(settings);
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&lock(&self.settings))
    }

    fn adopt(&self, settings: Settings) {
        let settings = Arc::new(settings);
        lock(&self.limits).forget();
        self.world().adopt(Arc::clone(&settings));
        *lock(&self.settings) = settings;
    }

    fn admits(&self, call: &Call) -> bool {
        let Some(token) = call.bearer() else { return false };
        let admits = |audience: &str| self.issuer.check(token, audience).is_ok();
        admits(&self.origin) || call.origin().is_some_and(|called| admits(&called))
    }

    fn stranger(&self, call: &Call) -> Answer {
        let called = call.origin();
        let origin = called.as_ref().unwrap_or(&self.origin);
        access::stranger(self.settings().access.unauthorized, self.issuer.tenant(), origin)
    }

    /// `GET` shows the settings, `POST` replaces the members that it names.
    fn set(&self, call: &Call) -> Answer {
        let mut changed = (*self.settings()).clone();
        let answer = control::settings(&mut changed, call);
        if let Some(mistake) = changed.mistake() {
            return control::refusal(StatusCode::BAD_REQUEST, &mistake);
        }
        if call.method == Method::POST && answer.status.is_success() {
            self.adopt(changed);
        }
        answer
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// The next id of an answer or of a boundary.
    fn identifier(&mut self) -> Uuid {
        self.answered += 1;
        Uuid::new_v5(&self.organization, &self.answered.to_be_bytes())
    }

    /// The headers that every answer carries.
    fn dressed(&mut self, answer: Answer) -> Answer {
        let id = self.identifier().to_string();
        answer
            .with(HeaderName::from_static("odata-version"), "4.0")
            .with(HeaderName::from_static("req_id"), &id)
            .with(HeaderName::from_static("x-ms-service-request-id"), &id)
    }

    /// Carries a request out; its changes can still be taken back.
    fn outcome(&mut self, call: &Call) -> Outcome<Answer> {
        match Target::of(call, None) {
            Ok(Target::Batch) => batch::answer(self, call),
            _ => self.respond(call, None).map(|reply| reply.answer),
        }
    }

    /// Answers a request as a whole, with all changes that it made and that stay.
    fn outer(&mut self, call: &Call) -> (Answer, Vec<Change>) {
        let answer = self.outcome(call).unwrap_or_else(|refusal| refusal.answer());
        let changes = self.store.settle();
        (self.dressed(answer), changes)
    }
}

#[async_trait]
impl Emulated for Dataverse {
    fn operations(&self) -> &'static [&'static str] {
        OPERATIONS
    }

    fn operation(&self, call: &Call) -> &'static str {
        world::operation(call, None)
    }

    fn arrive(&self, call: &Call) -> Result<Presence, Box<Answer>> {
        let settings = self.settings();
        let free = !settings.limits.enforced && settings.deadlock_ms.is_none();
        // The limits are a user's, and a stranger is none.
        if free || !self.admits(call) {
            return Ok(Presence::default());
        }
        self.arrived(call, &settings)
    }

    fn begin(&self, tasks: &TaskTracker, closing: &CancellationToken) {
        let settings = Arc::clone(&self.settings);
        let ask = Arc::new(move || lock(&settings).webhooks.clone());
        self.webhooks.begin(ask, tasks, closing);
    }

    async fn handle(&self, call: Call) -> Answer {
        if !self.admits(&call) {
            return self.stranger(&call);
        }
        let settings = self.settings();
        self.file();
        let answer = if self.concerns_steps(&call, &settings) {
            self.confirmed(&call, &settings).await
        } else {
            self.answer(&call, &settings, None)
        };
        self.parted(answer, &settings)
    }

    fn variants(&self) -> &'static [&'static str] {
        failure::VARIANTS
    }

    fn quota(&self, _operation: &str, variant: Option<&str>) -> Answer {
        let facet = variant.and_then(Facet::named).unwrap_or(Facet::Requests);
        facet.answer(&self.settings().limits, 1)
    }

    /// `tables` has the number of rows of each entity set, `calls` the requests inside of batches.
    fn state(&self) -> Json {
        self.file();
        let world = self.world();
        let tables: Map<String, Json> = world
            .store
            .schema
            .tables
            .iter()
            .enumerate()
            .map(|(place, table)| (table.set.to_owned(), world.store.count(schema::TableId(place)).into()))
            .collect();
        json!({"tables": tables, "calls": world.batched})
    }

    fn controls(&self) -> &'static [&'static str] {
        &["settings", "keys", "tracking", "webhooks"]
    }

    fn control(&self, name: &str, call: &Call) -> Option<Answer> {
        match name {
            "settings" => Some(self.set(call)),
            "webhooks" => Some(self.webhooks.control(&mut self.world(), call)),
            _ => controls::answer(&mut self.world().store, name, call),
        }
    }

    fn failure(&self, status: StatusCode, variant: Option<&str>) -> Answer {
        failure::answer(status, variant)
    }
}
