//! Dataverse with the tables of event management: the Web API of one organization.
//!
//! The answers follow the platform's documented behaviour, its refusals included, down to codes and words where they
//! are known.

mod actions;
mod alternate;
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
mod fetch;
mod filter;
mod key;
mod link;
mod listing;
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
mod world;
mod write;
mod xml;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::StatusCode;
use http::header::{HeaderName, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::clock::Clock;
use crate::emulated::Emulated;
use crate::entra::Issuer;
use crate::wire::{Answer, Call};
use change::Change;
use error::Refusal;
use schema::Schema;
pub(crate) use seed::Seed;
use store::Store;
use target::Target;
use world::World;

const OPERATIONS: &[&str] =
    &["changes", "list", "read", "create", "update", "delete", "batch", "metadata", "whoami", "other"];

/// One organization's Web API.
pub(crate) struct Dataverse {
    issuer: Arc<Issuer>,
    origin: String,
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
        let world = World {
            store,
            origin: origin.clone(),
            clock,
            organization,
            answered: 0,
            batched: BTreeMap::new(),
        };
        Self { issuer, origin, world: Mutex::new(world) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admits(&self, call: &Call) -> bool {
        let token = call.header("authorization").and_then(|value| value.trim().split_once(' '));
        let Some((scheme, token)) = token else { return false };
        let admits = |audience: &str| self.issuer.check(token.trim(), audience).is_ok();
        scheme.eq_ignore_ascii_case("bearer")
            && (admits(&self.origin) || call.origin().is_some_and(|called| admits(&called)))
    }

    /// How an expired, foreign or missing token is answered: no words, but where to get one.
    fn stranger(&self, call: &Call) -> Answer {
        let challenge = format!(
            "Bearer authorization_uri=https://login.microsoftonline.com/{}/oauth2/authorize, resource_id={}/",
            self.issuer.tenant(),
            call.origin().as_ref().unwrap_or(&self.origin)
        );
        Answer::empty(StatusCode::UNAUTHORIZED).with(WWW_AUTHENTICATE, &challenge)
    }
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
            .with(HeaderName::from_static("x-ms-dop-hint"), "16")
            .with(HeaderName::from_static("x-ms-ratelimit-burst-remaining-xrm-requests"), "5999")
            .with(HeaderName::from_static("x-ms-ratelimit-time-remaining-xrm-requests"), "1,200.00")
            .with(SET_COOKIE, "ARRAffinity=0123456789abcdef; HttpOnly; Path=/")
    }

    /// Answers a request as a whole, with all changes that it made and that stay.
    fn outer(&mut self, call: &Call) -> (Answer, Vec<Change>) {
        let outcome = match Target::of(call, None) {
            Ok(Target::Batch) => batch::answer(self, call),
            _ => self.respond(call, None).map(|reply| reply.answer),
        };
        let answer = outcome.unwrap_or_else(|refusal| refusal.answer());
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

    async fn handle(&self, call: Call) -> Answer {
        if !self.admits(&call) {
            return self.stranger(&call);
        }
        let (answer, changes) = self.world().outer(&call);
        for change in &changes {
            let gone = change.after.is_none();
            tracing::trace!(operation = ?change.operation(), columns = change.columns.len(), gone, "a row changed");
        }
        answer
    }

    fn quota(&self, _operation: &str, _variant: Option<&str>) -> Answer {
        let message = "Number of requests exceeded the limit of 6000 over time window of 300 seconds.";
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "0x80072322", message).answer().with(RETRY_AFTER, "1")
    }

    /// `tables` has the number of rows of each entity set, `calls` the requests inside of batches.
    fn state(&self) -> Json {
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

    fn control(&self, name: &str, call: &Call) -> Option<Answer> {
        controls::answer(&mut self.world().store, name, call)
    }

    fn failure(&self, status: StatusCode, _variant: Option<&str>) -> Answer {
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            return Refusal::new(status, "0x80040216", "An unexpected error occurred.").answer();
        }
        Answer::empty(status)
    }
}
