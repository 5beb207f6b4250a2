//! Actions and functions that belong to no table.

use http::{Method, StatusCode};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::deed;
use super::error::{Outcome, Refusal};
use super::metadata;
use super::scene::{reply, root};
use super::schema::{STATE, TableId};
use super::target::function;
use super::value::Value;
use super::world::{Reply, World};
use super::write::Changes;
use crate::wire::{Answer, Call};

const VERSION: &str = "9.2.26112.00154";
/// The tables whose rows can be merged.
const MERGEABLE: [&str; 3] = ["contact", "account", "lead"];

/// By which name weather rules know an action or function.
pub(super) fn operation(name: &str) -> &'static str {
    match function(name) {
        "Merge" => "update",
        "BulkDelete" => "delete",
        "RetrieveMetadataChanges" => "metadata",
        _ => "other",
    }
}

pub(super) fn answer(world: &mut World, call: &Call, segment: &str) -> Outcome<Reply> {
    match (function(segment), &call.method) {
        ("Merge", &Method::POST) => merge(world, call),
        ("BulkDelete", &Method::POST) => bulk_delete(world, call),
        ("RetrieveVersion", &Method::GET) => {
            Ok(told(world, call, "RetrieveVersion", json!({"Version": VERSION})))
        }
        ("RetrieveCurrentOrganization", &Method::GET) => {
            let detail = organization(world, call);
            Ok(told(world, call, "RetrieveCurrentOrganization", json!({"Detail": detail})))
        }
        ("RetrieveTotalRecordCount", &Method::GET) => counts(world, call, segment),
        ("RetrieveMetadataChanges", &Method::GET) => {
            let preferences = super::preference::Preferences::of(call);
            metadata::changes(&world.scene(call, &preferences)).map(Reply::from)
        }
        (_, method) => Err(Refusal::verb(method)),
    }
}

/// The answer of a function.
fn told(world: &World, call: &Call, name: &str, members: Json) -> Reply {
    let context = format!("{}/$metadata#Microsoft.Dynamics.CRM.{name}Response", root(&world.origin, call));
    let mut body = Map::from_iter([("@odata.context".to_owned(), Json::from(context))]);
    if let Json::Object(members) = members {
        body.extend(members);
    }
    reply(StatusCode::OK, &Json::Object(body)).into()
}

fn organization(world: &World, call: &Call) -> Json {
    let origin = call.origin().unwrap_or_else(|| world.origin.clone());
    json!({
        "OrganizationId": world.organization.to_string(),
        "FriendlyName": "Emulated",
        "OrganizationVersion": VERSION,
        "EnvironmentId": Uuid::new_v5(&world.organization, b"environment").to_string(),
        "UniqueName": "emulated",
        "UrlName": "emulated",
        "State": "Enabled",
        "Endpoints": {
            "Count": 1,
            "Keys": ["WebApplication"],
            "Values": [format!("{origin}/")],
        },
    })
}

/// How many rows tables have: `RetrieveTotalRecordCount(EntityNames=@p)&@p=["contact"]`.
fn counts(world: &World, call: &Call, segment: &str) -> Outcome<Reply> {
    let unreadable = || Refusal::query("The parameter 'EntityNames' is not a list of logical names.");
    let inner = segment.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or_default();
    let given = inner.strip_prefix("EntityNames=").ok_or_else(unreadable)?;
    let parameters = call.parameters();
    let aliased =
        parameters.iter().find(|(name, _)| name == given).map_or(given, |(_, value)| value.as_str());
    let names: Vec<String> = serde_json::from_str(&aliased.replace('\'', "\"")).map_err(|_| unreadable())?;
    let counts = names.iter().map(|name| {
        let table = world.store.schema.by_logical(name);
        table.map(|table| world.store.count(table)).ok_or_else(|| Refusal::unknown_table(name))
    });
    let counts = counts.collect::<Outcome<Vec<_>>>()?;
    let collection = json!({"Count": names.len(), "Keys": names, "Values": counts});
    Ok(told(world, call, "RetrieveTotalRecordCount", json!({"EntityRecordCountCollection": collection})))
}

/// One row takes over what another one had, and all that leads to it; the other becomes inactive.
fn merge(world: &mut World, call: &Call) -> Outcome<Reply> {
    let body: Json = serde_json::from_slice(&call.body).unwrap_or_default();
    let (table, target) = party(world, &body, "Target")?;
    let (other, subordinate) = party(world, &body, "Subordinate")?;
    if table != other || target == subordinate {
        return Err(Refusal::argument("Target and Subordinate are not two rows of one table."));
    }
    if !MERGEABLE.contains(&world.store.table(table).logical) {
        return Err(Refusal::unsupported("Merge", world.store.table(table)));
    }
    let now = world.clock.now();
    if let Some(content) = body.get("UpdateContent").and_then(Json::as_object) {
        let mut changes = Changes::of(&world.store, table, content, None)?;
        changes.id = None;
        deed::update(&mut world.store, table, target, changes, now)?;
    }
    for (table, column, id) in naming(world, (table, subordinate)) {
        if (table, id) == (other, target) {
            // The survivor does not become its own parent.
            deed::update(&mut world.store, table, id, Changes::emptied(column), now)?;
            continue;
        }
        let cells = vec![(column, Some(Value::Link(other, target)))];
        deed::update(&mut world.store, table, id, Changes { id: None, cells }, now)?;
    }
    let cells = vec![(STATE, Some(Value::Number(1)))];
    deed::update(&mut world.store, table, subordinate, Changes { id: None, cells }, now)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).into())
}

/// A row that the action names, by its type and its primary key.
fn party(world: &World, body: &Json, role: &str) -> Outcome<(TableId, Uuid)> {
    let unreadable = || Refusal::argument(format!("{role} does not name a row by its type and primary key."));
    let row = body.get(role).and_then(Json::as_object).ok_or_else(unreadable)?;
    let kind = row.get("@odata.type").and_then(Json::as_str).ok_or_else(unreadable)?;
    let logical = kind.trim_start_matches('#').trim_start_matches("Microsoft.Dynamics.CRM.");
    let table = world.store.schema.by_logical(logical).ok_or_else(unreadable)?;
    let shape = world.store.table(table);
    let id = row.get(shape.columns[0].logical).and_then(Json::as_str).ok_or_else(unreadable)?;
    let id = id.parse().map_err(|_| unreadable())?;
    world.store.row(table, id).map(|_| (table, id)).ok_or_else(|| Refusal::missing(shape, id))
}

fn naming(world: &World, row: (TableId, Uuid)) -> Vec<(TableId, usize, Uuid)> {
    let ways = world.store.schema.incoming(row.0).iter();
    ways.flat_map(|way| world.store.naming(row, way.table, way.column).map(|id| (way.table, way.column, id)))
        .collect()
}

/// Deletes the rows that queries name by their ids. The platform does it in a job of its own; here it is done at once.
fn bulk_delete(world: &mut World, call: &Call) -> Outcome<Reply> {
    let body: Json = serde_json::from_slice(&call.body).unwrap_or_default();
    let queries = body.get("QuerySet").and_then(Json::as_array);
    let queries = queries.ok_or_else(|| Refusal::argument("The parameter 'QuerySet' is missing."))?;
    let now = world.clock.now();
    for query in queries {
        for (table, id) in chosen(world, query)? {
            // One that is gone, maybe with another of them, is no failure of the job.
            if world.store.row(table, id).is_some() {
                let mark = world.store.mark();
                if deed::delete(&mut world.store, table, id, now).is_err() {
                    world.store.roll_back(mark);
                }
            }
        }
    }
    let job = world.identifier().to_string();
    Ok(told(world, call, "BulkDelete", json!({"JobId": job})))
}

/// The rows of a query whose only condition is on the primary key: `In` or `Equal`.
fn chosen(world: &World, query: &Json) -> Outcome<Vec<(TableId, Uuid)>> {
    let unreadable =
        || Refusal::argument("Only queries on the primary key, by 'In' or 'Equal', are known here.");
    let name = query.get("EntityName").and_then(Json::as_str).unwrap_or_default();
    let table = world.store.schema.by_logical(name).ok_or_else(|| Refusal::unknown_table(name))?;
    let key = world.store.table(table).columns[0].logical;
    let conditions = query.pointer("/Criteria/Conditions").and_then(Json::as_array).ok_or_else(unreadable)?;
    let [condition] = conditions.as_slice() else { return Err(unreadable()) };
    let text = |name: &str| condition.get(name).and_then(Json::as_str);
    if text("AttributeName") != Some(key) || !matches!(text("Operator"), Some("In" | "Equal")) {
        return Err(unreadable());
    }
    let values = condition.get("Values").and_then(Json::as_array).ok_or_else(unreadable)?;
    let id = |value: &Json| {
        let text = value.get("Value").unwrap_or(value).as_str()?;
        Some((table, text.parse().ok()?))
    };
    values.iter().map(|value| id(value).ok_or_else(unreadable)).collect()
}
