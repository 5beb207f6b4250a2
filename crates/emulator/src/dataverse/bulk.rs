//! `CreateMultiple`, `UpdateMultiple` and `UpsertMultiple`: many rows of one table, all of them or none.

use std::collections::HashSet;

use http::StatusCode;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::deed;
use super::error::{Outcome, Refusal};
use super::scene::{reply, root};
use super::schema::{Table, TableId};
use super::target::{self, Message, Named, Which};
use super::upsert;
use super::world::{Reply, World};
use super::write::Changes;
use crate::wire::{Answer, Call};

/// By which name weather rules know a message.
pub(super) fn operation(message: Message) -> &'static str {
    match message {
        Message::Create => "create",
        Message::Update | Message::Upsert => "update",
        Message::Delete => "delete",
    }
}

/// Answers one of the messages. The first row that is refused is the answer; which one it was, is not said.
pub(super) fn answer(world: &mut World, call: &Call, table: TableId, message: Message) -> Outcome<Reply> {
    let shape = world.store.table(table);
    if message == Message::Delete {
        return Err(Refusal::not_supported("DeleteMultiple has not yet been implemented."));
    }
    if !world.store.settings.supports(message.name(), shape.logical) {
        return Err(Refusal::unsupported(message.name(), shape));
    }
    let targets = targets(shape, &call.body)?;
    let mut seen = HashSet::new();
    let mut ids = Vec::with_capacity(targets.len());
    for target in &targets {
        typed(shape, target)?;
        let id = match message {
            Message::Create => create(world, table, target)?,
            Message::Update => update(world, table, target)?,
            _ => upsert(world, table, target)?,
        };
        if !seen.insert(id) {
            return Err(Refusal::argument("The same row stands in the request more than once."));
        }
        ids.push(id.to_string());
    }
    if message != Message::Create {
        return Ok(Answer::empty(StatusCode::NO_CONTENT).into());
    }
    let context =
        format!("{}/$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse", root(&world.origin, call));
    Ok(reply(StatusCode::OK, &json!({"@odata.context": context, "Ids": ids})).into())
}

fn targets(shape: &Table, body: &[u8]) -> Outcome<Vec<Map<String, Json>>> {
    let unreadable = || Refusal::payload(shape, "The parameter 'Targets' is not a collection of rows.");
    let mut body: Json = serde_json::from_slice(body).map_err(|_| unreadable())?;
    let targets = body.get_mut("Targets").map(Json::take);
    let Some(Json::Array(targets)) = targets else { return Err(unreadable()) };
    if targets.is_empty() {
        return Err(Refusal::argument("The parameter 'Targets' holds no rows."));
    }
    targets
        .into_iter()
        .map(|target| match target {
            Json::Object(members) => Ok(members),
            _ => Err(unreadable()),
        })
        .collect()
}

/// Every row must say that it is one of this table.
fn typed(shape: &Table, target: &Map<String, Json>) -> Outcome<()> {
    let named = target.get("@odata.type").and_then(Json::as_str).unwrap_or_default();
    let named = named.trim_start_matches('#').strip_prefix("Microsoft.Dynamics.CRM.");
    match named {
        Some(logical) if logical == shape.logical => Ok(()),
        Some(other) => Err(Refusal::argument(format!(
            "A row of type '{other}' stands among the rows of type '{}'.",
            shape.logical
        ))),
        None => Err(Refusal::payload(shape, "A row of 'Targets' does not say its type by '@odata.type'.")),
    }
}

fn create(world: &mut World, table: TableId, target: &Map<String, Json>) -> Outcome<Uuid> {
    let changes = Changes::of(&world.store, table, target, None)?;
    let now = world.clock.now();
    deed::create(&mut world.store, table, changes, now)
}

fn update(world: &mut World, table: TableId, target: &Map<String, Json>) -> Outcome<Uuid> {
    let changes = Changes::of(&world.store, table, target, None)?;
    let shape = world.store.table(table);
    let id = match (changes.id, named(world, table, target)?) {
        (Some(id), _) | (None, Some(Which::Id(id))) => id,
        (None, Some(Which::Key(parts))) => {
            let found = world.store.find(&Named { table, parts })?;
            found.ok_or_else(|| Refusal::missing_by_key(shape))?
        }
        _ => return Err(Refusal::argument("A row of 'Targets' does not name its primary key.")),
    };
    change(world, table, id, changes)
}

fn change(world: &mut World, table: TableId, id: Uuid, changes: Changes) -> Outcome<Uuid> {
    if world.store.row(table, id).is_none() {
        return Err(Refusal::missing_many(world.store.table(table), id));
    }
    let now = world.clock.now();
    deed::update(&mut world.store, table, id, changes, now)?;
    Ok(id)
}

fn upsert(world: &mut World, table: TableId, target: &Map<String, Json>) -> Outcome<Uuid> {
    let mut changes = Changes::of(&world.store, table, target, None)?;
    match named(world, table, target)? {
        Some(Which::Key(parts)) => {
            let named = Named { table, parts };
            match world.store.find(&named)? {
                Some(id) => change(world, table, id, changes),
                // A column of the key beside the key is an error here, and only where a row is made.
                None => upsert::create(world, &named, changes, true),
            }
        }
        Some(Which::Id(id)) => {
            changes.id = Some(id);
            create_or_change(world, table, changes)
        }
        _ => create_or_change(world, table, changes),
    }
}

fn create_or_change(world: &mut World, table: TableId, changes: Changes) -> Outcome<Uuid> {
    if let Some(id) = changes.id.filter(|id| world.store.row(table, *id).is_some()) {
        return change(world, table, id, changes);
    }
    let now = world.clock.now();
    deed::create(&mut world.store, table, changes, now)
}

/// What `@odata.id` names, if it is there.
fn named(world: &World, table: TableId, target: &Map<String, Json>) -> Outcome<Option<Which>> {
    let Some(text) = target.get("@odata.id").and_then(Json::as_str) else { return Ok(None) };
    let segment = target::last_segment(text.trim());
    let segment = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
    let (found, which) = target::row(world.store.schema, &segment)?;
    if found != table {
        return Err(Refusal::argument("'@odata.id' leads to a row of another table."));
    }
    Ok(Some(which))
}
