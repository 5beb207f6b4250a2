//! An organization as its Web API shows it: every single request and its answer.

use std::collections::BTreeMap;

use http::header::{HeaderName, LOCATION};
use http::{Method, StatusCode};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::cookie::{Cookie, TRACKING};
use super::deed::{self, USER};
use super::error::{Outcome, Refusal};
use super::flow::{self, Flow};
use super::metadata;
use super::preference::Preferences;
use super::query::{Query, Shape};
use super::render::{self, Annotations};
use super::row::Row;
use super::scene::{PREFERENCE_APPLIED, Scene, reply, root};
use super::schema::{Kind, TableId};
use super::settings::{AbsentRow, Depth};
use super::store::Store;
use super::target::{References, Target};
use super::write::Changes;
use super::{actions, bulk, csdl, fetch, listing, sql, tracking};
use crate::clock::Clock;
use crate::wire::{Answer, Call};

pub(super) const ENTITY_ID: HeaderName = HeaderName::from_static("odata-entityid");
const ETAG: HeaderName = http::header::ETAG;

/// An organization's rows, and what it counts.
pub(super) struct World {
    pub(super) store: Store,
    /// The origin for requests that do not say by which they came.
    pub(super) origin: String,
    pub(super) clock: Clock,
    pub(super) organization: Uuid,
    /// How many answers were given; ids of answers are made from it.
    pub(super) answered: u64,
    /// How often each operation was called inside of batches.
    pub(super) batched: BTreeMap<&'static str, u64>,
    /// What surrounds the request that is being answered.
    pub(super) flow: Flow,
}

/// An answer, and the row that the request made or named.
pub(super) struct Reply {
    pub(super) answer: Answer,
    pub(super) row: Option<(TableId, Uuid)>,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self { answer, row: None }
    }
}

/// The operation that a request is, by the names of weather rules.
pub(super) fn operation(call: &Call, references: Option<&References>) -> &'static str {
    let Ok(target) = Target::of(call, references) else { return "other" };
    match (target, &call.method) {
        (Target::WhoAmI, _) => "whoami",
        (Target::Batch, _) => "batch",
        (Target::Metadata(_) | Target::Document | Target::MessageFilters, _) => "metadata",
        (Target::Set(_) | Target::Count(_), &Method::GET) if is_tracked(call) => "changes",
        (Target::Set(_) | Target::Count(_), &Method::GET) => "list",
        (Target::Unbound(name), _) => actions::operation(&name),
        (Target::Bulk(_, message), _) => bulk::operation(message),
        (Target::Set(_), &Method::POST) => "create",
        (Target::Row(..) | Target::Part(..) | Target::Link(..) | Target::Keyed(..), &Method::GET) => "read",
        (Target::Row(..), &Method::DELETE) => "delete",
        (Target::Keyed(_, rest), &Method::DELETE) if rest.is_empty() => "delete",
        (Target::Row(..), &Method::PATCH)
        | (Target::Keyed(..), &Method::PATCH | &Method::PUT | &Method::POST | &Method::DELETE)
        | (Target::Part(..), &Method::PUT | &Method::DELETE)
        | (Target::Link(..), &Method::PUT | &Method::POST | &Method::DELETE) => "update",
        _ => "other",
    }
}

fn is_tracked(call: &Call) -> bool {
    Preferences::of(call).track
        || call
            .parameters()
            .iter()
            .any(|(name, value)| name == "$deltatoken" || (name == "$skiptoken" && value.contains(TRACKING)))
}

impl World {
    /// Answers one request; one that is refused leaves no trace.
    pub(super) fn respond(&mut self, call: &Call, references: Option<&References>) -> Outcome<Reply> {
        let mark = self.store.mark();
        self.store.now = self.clock.now();
        self.flow.spend(flow::cost(&self.store.settings.limits, call));
        let preferences = Preferences::of(call);
        let outcome = Target::of(call, references)
            .and_then(|target| self.reach(call, &preferences, target, references))
            .and_then(|reply| self.admitted(call, mark).map(|()| reply));
        if outcome.is_err() {
            self.store.roll_back(mark);
        }
        outcome.map_err(|refusal| refusal.coded(self.store.settings.query_error_code))
    }

    pub(super) fn reach(
        &mut self,
        call: &Call,
        preferences: &Preferences,
        target: Target,
        references: Option<&References>,
    ) -> Outcome<Reply> {
        self.flow.denied.check(&self.store, call, &target)?;
        match (target, &call.method) {
            (Target::Service, &Method::GET) => Ok(self.service(call).into()),
            (Target::WhoAmI, &Method::GET) => Ok(self.who_am_i(call).into()),
            (Target::Metadata(segments), &Method::GET) => {
                metadata::answer(&self.scene(call, preferences), &segments).map(Reply::from)
            }
            (Target::Metadata(segments), _) => self.change_metadata(call, &segments),
            (Target::Document, &Method::GET) => Ok(csdl::answer(&self.store).into()),
            (Target::MessageFilters, &Method::GET) => {
                metadata::message_filters(&self.scene(call, preferences)).map(Reply::from)
            }
            (Target::Unbound(name), _) => actions::answer(self, call, &name),
            (Target::Bulk(table, message), &Method::POST) => bulk::answer(self, call, table, message),
            (Target::Keyed(named, rest), _) => self.keyed(call, preferences, (&named, &rest), references),
            (Target::Set(table), &Method::GET) => set(&self.scene(call, preferences), table).map(Reply::from),
            (Target::Count(table), &Method::GET) => {
                count(&self.scene(call, preferences), table).map(Reply::from)
            }
            (Target::Set(table), &Method::POST) => {
                let changes = Changes::read(&self.store, table, &call.body, references)?;
                self.create(call, preferences, table, changes)
            }
            (Target::Row(table, id), &Method::GET) => {
                one(&self.scene(call, preferences), table, id).map(Reply::from)
            }
            (Target::Row(table, id), &Method::PATCH) => {
                let changes = Changes::read(&self.store, table, &call.body, references)?;
                self.patch(call, preferences, (table, id), changes)
            }
            (Target::Row(table, id), &Method::DELETE) => self.delete(call, table, id),
            (Target::Part(table, id, name), &Method::GET) => {
                part(&self.scene(call, preferences), (table, id), &name).map(Reply::from)
            }
            (Target::Part(table, id, name), &Method::PUT | &Method::DELETE) => {
                self.set_column(call, (table, id), &name)
            }
            (Target::Link(table, id, name), _) => self.link(call, (table, id), &name, references),
            (Target::Batch, _) => Err(Refusal::batch("A batch cannot be part of a batch.")),
            (_, method) => Err(Refusal::verb(method)),
        }
    }

    pub(super) fn scene<'a>(&'a self, call: &'a Call, preferences: &'a Preferences) -> Scene<'a> {
        Scene { store: &self.store, origin: &self.origin, now: self.clock.now(), call, preferences }
    }

    fn service(&self, call: &Call) -> Answer {
        let root = root(&self.origin, call);
        let sets = self.store.schema.tables.iter();
        let sets: Vec<Json> =
            sets.map(|table| json!({"name": table.set, "kind": "EntitySet", "url": table.set})).collect();
        reply(StatusCode::OK, &json!({"@odata.context": format!("{root}/$metadata"), "value": sets}))
    }

    fn who_am_i(&self, call: &Call) -> Answer {
        let root = root(&self.origin, call);
        let body = json!({
            "@odata.context": format!("{root}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse"),
            "BusinessUnitId": Uuid::new_v5(&self.organization, b"business unit").to_string(),
            "UserId": USER.to_string(),
            "OrganizationId": self.organization.to_string(),
        });
        reply(StatusCode::OK, &body)
    }

    fn create(
        &mut self,
        call: &Call,
        preferences: &Preferences,
        table: TableId,
        changes: Changes,
    ) -> Outcome<Reply> {
        let id = deed::create(&mut self.store, table, changes, self.clock.now())?;
        self.written(call, preferences, (table, id), true)
    }

    /// Update, or create when there is no such row and no condition against it.
    fn patch(
        &mut self,
        call: &Call,
        preferences: &Preferences,
        (table, id): (TableId, Uuid),
        mut changes: Changes,
    ) -> Outcome<Reply> {
        let found = self.store.row(table, id);
        if found.is_some() && call.header("if-none-match").is_some_and(|tag| tag.trim() == "*") {
            return Err(Refusal::taken());
        }
        matches(call, &self.store, (table, id), found)?;
        let created = found.is_none();
        if created {
            if changes.id.is_some_and(|named| named != id) {
                return Err(Refusal::argument(
                    "The primary key in the body differs from the one in the URL.",
                ));
            }
            changes.id = Some(id);
            deed::create(&mut self.store, table, changes, self.clock.now())?;
        } else {
            deed::update(&mut self.store, table, id, changes, self.clock.now())?;
        }
        self.written(call, preferences, (table, id), created)
    }

    /// What is answered to a create or update that went well.
    pub(super) fn written(
        &self,
        call: &Call,
        preferences: &Preferences,
        (table, id): (TableId, Uuid),
        created: bool,
    ) -> Outcome<Reply> {
        let url = format!("{}/{}({id})", root(&self.origin, call), self.store.table(table).set);
        let mut answer = Answer::empty(StatusCode::NO_CONTENT);
        if preferences.represent {
            let scene = self.scene(call, preferences);
            let query = Query::of(call, &self.store, table, false)?;
            let row = self.store.row(table, id).ok_or_else(|| missing(&scene, table, id))?;
            let status = if created { StatusCode::CREATED } else { StatusCode::OK };
            answer =
                entity(&scene, &query.shape, row, status).with(PREFERENCE_APPLIED, "return=representation");
        }
        if created && call.method == Method::POST {
            answer = answer.with(LOCATION, &url);
        }
        Ok(Reply { answer: answer.with(ENTITY_ID, &url), row: Some((table, id)) })
    }

    fn delete(&mut self, call: &Call, table: TableId, id: Uuid) -> Outcome<Reply> {
        matches(call, &self.store, (table, id), self.store.row(table, id))?;
        deed::delete(&mut self.store, table, id, self.clock.now())?;
        Ok(Answer::empty(StatusCode::NO_CONTENT).into())
    }

    /// `PUT` gives a column its value, `DELETE` empties it.
    fn set_column(&mut self, call: &Call, (table, id): (TableId, Uuid), name: &str) -> Outcome<Reply> {
        let shape = self.store.table(table);
        let unknown = || Refusal::segment(name);
        let place = shape.property(name).ok_or_else(unknown)?;
        if matches!(shape.columns[place].kind, Kind::Lookup(_)) || !shape.columns[place].writable {
            return Err(Refusal::lookup_by_value());
        }
        matches(call, &self.store, (table, id), self.store.row(table, id))?;
        let changes = if call.method == Method::DELETE {
            Changes::emptied(place)
        } else {
            let body = serde_json::from_slice(&call.body).ok();
            let value = body.as_ref().and_then(|body: &Json| body.get("value"));
            let value = value.ok_or_else(|| {
                Refusal::payload(shape, "The body is not a JSON object with a member 'value'.")
            })?;
            Changes::of(&self.store, table, &Map::from_iter([(name.to_owned(), value.clone())]), None)?
        };
        deed::update(&mut self.store, table, id, changes, self.clock.now())?;
        Ok(Answer::empty(StatusCode::NO_CONTENT).into())
    }
}

fn missing(scene: &Scene<'_>, table: TableId, id: Uuid) -> Refusal {
    Refusal::missing(scene.store.table(table), id)
}

/// Checks `If-Match` against the row, if there is one.
fn matches(call: &Call, store: &Store, (table, id): (TableId, Uuid), row: Option<&Row>) -> Outcome<()> {
    let Some(wanted) = call.header("if-match").map(str::trim) else { return Ok(()) };
    let shape = store.table(table);
    if wanted != "*" && !store.settings.versions(shape.logical) {
        return Err(Refusal::unversioned(shape));
    }
    match row {
        Some(row) if wanted == "*" || wanted == row.etag() => Ok(()),
        None if wanted == "*" || store.settings.etag_of_absent_row == AbsentRow::NotFound => {
            Err(Refusal::missing(shape, id))
        }
        _ => Err(Refusal::stale()),
    }
}

/// Whether changes of a table can be asked for, and by this reader.
fn trackable(store: &Store, table: TableId) -> Outcome<()> {
    let shape = store.table(table);
    if !store.settings.tracks(shape.logical) {
        return Err(Refusal::untracked(shape));
    }
    if store.settings.read_depth != Depth::Organization {
        return Err(Refusal::depth(shape, USER));
    }
    Ok(())
}

/// A list of rows, tracked or not.
fn set(scene: &Scene<'_>, table: TableId) -> Outcome<Answer> {
    let parameters = scene.call.parameters();
    let given =
        |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
    if let Some(text) = given("fetchXml") {
        return fetch::answer(scene, table, text);
    }
    if let Some(text) = given("sql") {
        return sql::answer(scene, table, text, given("$skiptoken"));
    }
    let tracked = is_tracked(scene.call);
    if tracked {
        trackable(scene.store, table)?;
    }
    let query = Query::of(scene.call, scene.store, table, tracked)?;
    let cookie = query.skip_token.as_deref().map(Cookie::decode).transpose()?;
    if tracked {
        return tracking::answer(scene, &query, cookie.as_ref());
    }
    Ok(listing::answer(scene, &query, cookie.as_ref()))
}

fn count(scene: &Scene<'_>, table: TableId) -> Outcome<Answer> {
    let query = Query::of(scene.call, scene.store, table, false)?;
    let count = match &query.delta_token {
        Some(token) => {
            trackable(scene.store, table)?;
            tracking::count(scene.store, &query, token, scene.now)?
        }
        None => listing::count(scene.store, &query),
    };
    let mut answer = Answer::empty(StatusCode::OK).with(http::header::CONTENT_TYPE, "text/plain");
    answer.body = count.to_string().into();
    Ok(answer)
}

/// One row by its id.
fn one(scene: &Scene<'_>, table: TableId, id: Uuid) -> Outcome<Answer> {
    let query = Query::of(scene.call, scene.store, table, false)?;
    let row = scene.store.row(table, id).ok_or_else(|| missing(scene, table, id))?;
    let known = scene.store.settings.versions(scene.store.table(table).logical)
        && scene.call.header("if-none-match").is_some_and(|tag| tag.trim() == row.etag());
    if known && query.shape.expansions.is_empty() && !scene.preferences.annotated() {
        return Ok(Answer::empty(StatusCode::NOT_MODIFIED).with(ETAG, &row.etag()));
    }
    Ok(entity(scene, &query.shape, row, StatusCode::OK))
}

fn entity(scene: &Scene<'_>, shape: &Shape, row: &Row, status: StatusCode) -> Answer {
    let mut members = Map::new();
    members.insert("@odata.context".to_owned(), scene.context(shape, "/$entity").into());
    members.extend(render::row(scene, shape, row, Annotations::of(scene.preferences)));
    let answer = reply(status, &Json::Object(members)).with(ETAG, &row.etag());
    match scene.preferences.applied() {
        Some(applied) => answer.with(PREFERENCE_APPLIED, &applied),
        None => answer,
    }
}

/// One column of a row, or the row that one of its lookups names.
fn part(scene: &Scene<'_>, (table, id): (TableId, Uuid), name: &str) -> Outcome<Answer> {
    let shape = scene.store.table(table);
    let row = scene.store.row(table, id).ok_or_else(|| missing(scene, table, id))?;
    if let Some((place, navigation)) = shape.navigation(name) {
        let target = scene.store.schema.by_logical(navigation.target);
        let named = row.get(place).and_then(super::value::Value::id);
        let found = target.zip(named).and_then(|(target, id)| Some((target, scene.store.row(target, id)?)));
        return match found {
            Some((target, row)) => {
                let query = Query::of(scene.call, scene.store, target, false)?;
                Ok(entity(scene, &query.shape, row, StatusCode::OK))
            }
            None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
        };
    }
    if let Some((_, way)) = scene.store.schema.collection(table, name) {
        let query = Query::of(scene.call, scene.store, way.table, false)?.naming(way.column, id);
        let cookie = query.skip_token.as_deref().map(Cookie::decode).transpose()?;
        return Ok(listing::answer(scene, &query, cookie.as_ref()));
    }
    let place = shape.property(name).ok_or_else(|| Refusal::segment(name))?;
    let value = row.get(place).filter(|_| !shape.columns[place].hidden);
    let Some(value) = value else { return Ok(Answer::empty(StatusCode::NO_CONTENT)) };
    let context = format!("{}/$metadata#{}({id})/{name}", scene.root(), shape.set);
    Ok(reply(StatusCode::OK, &json!({"@odata.context": context, "value": render::plain(value)})))
}
