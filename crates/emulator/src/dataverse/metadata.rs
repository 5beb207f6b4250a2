//! `EntityDefinitions` and its kin: the tables, described.

use std::collections::HashMap;

use http::header::HeaderName;
use http::{Method, StatusCode};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::alternate::{self, Wanted};
use super::description::{
    Description, TYPE, attribute, definition, identifier, key, metadata_id, option_set, relationship,
};
use super::error::{Outcome, Refusal};
use super::preference::split;
use super::scene::{Scene, reply, root};
use super::schema::{Column, Schema, Table, TableId};
use super::store::Store;
use super::syntax::{self, Ast};
use super::target::Message;
use super::world::{Reply, World};
use crate::wire::{Answer, Call};

/// The options of a metadata read, of itself or inside of an `$expand`.
#[derive(Default)]
struct Wish {
    select: Option<Vec<String>>,
    expand: Vec<(String, Wish)>,
    filter: Option<Ast>,
    top: Option<usize>,
}

/// Answers a read of `EntityDefinitions`, `RelationshipDefinitions` and what is below.
pub(super) fn answer(scene: &Scene<'_>, segments: &[String]) -> Outcome<Answer> {
    let wish = Wish::of(&scene.call.parameters())?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let context = format!("{}/$metadata#", scene.root());
    let store = scene.store;
    match segments.as_slice() {
        ["EntityDefinitions"] => {
            let tables = store.schema.ids().map(|id| (definition(store.table(id), &store.settings), id));
            let value = wish.all(tables, |shown, id| expand(store, id, shown, &wish))?;
            Ok(list(&format!("{context}EntityDefinitions"), value))
        }
        ["RelationshipDefinitions", rest @ ..] => Ok(list(
            &format!("{context}RelationshipDefinitions"),
            relationship_list(store.schema, rest, &wish)?,
        )),
        ["GlobalOptionSetDefinitions"] => {
            Ok(list(&format!("{context}GlobalOptionSetDefinitions"), Vec::new()))
        }
        [first, ..] if first.starts_with("RelationshipDefinitions(") => {
            let wanted = inner_key(first, "RelationshipDefinitions")?;
            one(
                relationships_of_all(store.schema),
                wanted,
                &wish,
                &format!("{context}RelationshipDefinitions"),
            )
        }
        [first, rest @ ..] => {
            let id = named(store.schema, first)?;
            below(scene, id, rest, &wish, &format!("{context}EntityDefinitions"))
        }
        [] => Err(Refusal::segment("EntityDefinitions")),
    }
}

fn list(context: &str, value: Vec<Json>) -> Answer {
    let context = Json::from(context);
    let members = [("@odata.context".to_owned(), context), ("value".to_owned(), value.into())];
    reply(StatusCode::OK, &Json::Object(Map::from_iter(members)))
}

fn absent() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "0x80060888", "Could not find an entity with the given name or id.")
}

/// What stands between the parentheses of a segment.
fn inner_key<'a>(segment: &'a str, name: &str) -> Outcome<&'a str> {
    let key = segment.strip_prefix(name).and_then(|rest| rest.strip_prefix('('));
    key.and_then(|rest| rest.strip_suffix(')')).ok_or_else(|| Refusal::segment(segment))
}

/// The text of `Name='x'`, in which a doubled quote stands for one.
fn by_name(key: &str) -> Option<String> {
    let (_, text) = key.split_once("Name='")?;
    text.strip_suffix('\'').map(|text| text.replace("''", "'"))
}

fn named(schema: &Schema, segment: &str) -> Outcome<TableId> {
    let key = inner_key(segment, "EntityDefinitions")?;
    let found = match by_name(key) {
        Some(logical) => schema.by_logical(&logical),
        None => schema.ids().find(|id| metadata_id(schema.table(*id).logical).eq_ignore_ascii_case(key)),
    };
    found.ok_or_else(absent)
}

fn below(scene: &Scene<'_>, id: TableId, rest: &[&str], wish: &Wish, context: &str) -> Outcome<Answer> {
    let store = scene.store;
    let table = store.table(id);
    let context = format!("{context}('{}')", table.logical);
    let part = |name: &str| format!("{context}/{name}");
    match rest {
        [] => {
            let mut shown = definition(table, &store.settings).show(wish.names(), false)?;
            expand(store, id, &mut shown, wish)?;
            shown.insert("@odata.context".to_owned(), format!("{context}/$entity").into());
            Ok(reply(StatusCode::OK, &Json::Object(shown)))
        }
        ["Attributes"] => Ok(list(&part("Attributes"), attributes(table, wish, None)?)),
        ["Attributes", cast] => Ok(list(&part("Attributes"), attributes(table, wish, Some(cast))?)),
        ["Keys"] => Ok(list(&part("Keys"), keys(store, id, wish)?)),
        [single] if single.starts_with("Keys(") => {
            let keys = store.keys(id).iter().map(|each| key(table, each));
            one(keys, inner_key(single, "Keys")?, wish, &part("Keys"))
        }
        [single, cast @ ..] if single.starts_with("Attributes(") => {
            single_attribute(table, inner_key(single, "Attributes")?, cast, wish, &part("Attributes"))
        }
        [name, cast @ ..] => {
            let related = related(store.schema, id, name).ok_or_else(|| Refusal::segment(name))?;
            if cast.len() > 1 {
                return Err(Refusal::segment(cast[1]));
            }
            Ok(list(&part(name), wish.all(related.into_iter().map(|each| (each, ())), |_, ()| Ok(()))?))
        }
    }
}

/// One description of several, by its id or name.
fn one(
    mut all: impl Iterator<Item = Description>,
    wanted: &str,
    wish: &Wish,
    context: &str,
) -> Outcome<Answer> {
    let name = by_name(wanted);
    let found = all.find(|each| match &name {
        Some(name) => each.is("SchemaName", name) || each.is("LogicalName", name),
        None => each.is("MetadataId", wanted),
    });
    let mut shown = found.ok_or_else(absent)?.show(wish.names(), true)?;
    shown.insert("@odata.context".to_owned(), format!("{context}/$entity").into());
    Ok(reply(StatusCode::OK, &Json::Object(shown)))
}

fn single_attribute(
    table: &Table,
    wanted: &str,
    cast: &[&str],
    wish: &Wish,
    context: &str,
) -> Outcome<Answer> {
    let name = by_name(wanted);
    let found = table.columns.iter().find(|column| match &name {
        Some(name) => column.logical == name,
        None => attribute(table, column).is("MetadataId", wanted),
    });
    let column = found.ok_or_else(absent)?;
    let mut shown = attribute_shown(table, column, wish, cast.first().copied())?.ok_or_else(absent)?;
    shown.insert("@odata.context".to_owned(), format!("{context}/$entity").into());
    Ok(reply(StatusCode::OK, &Json::Object(shown)))
}

impl Wish {
    fn names(&self) -> Option<&[String]> {
        self.select.as_deref()
    }

    fn of(parameters: &[(String, String)]) -> Outcome<Self> {
        let mut wish = Self::default();
        let aliases: HashMap<String, String> =
            parameters.iter().filter(|(name, _)| name.starts_with('@')).cloned().collect();
        for (name, value) in parameters.iter().filter(|(name, _)| name.starts_with('$')) {
            wish.take(name, value, &aliases)?;
        }
        Ok(wish)
    }

    fn take(&mut self, name: &str, value: &str, aliases: &HashMap<String, String>) -> Outcome<()> {
        match name {
            "$select" => {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                self.select = Some(names.map(str::to_owned).collect());
            }
            "$filter" => self.filter = Some(syntax::parse(value, aliases)?),
            "$top" => {
                let top = value.trim().parse();
                self.top = Some(top.map_err(|_| Refusal::query("$top is a non-negative integer."))?);
            }
            "$expand" => {
                for item in split(value, ',') {
                    self.expand.push(inner(item.trim(), aliases)?);
                }
            }
            _ => return Err(Refusal::query(format!("The query parameter {name} is not supported."))),
        }
        Ok(())
    }

    /// Those that pass the filter, as they are to be shown.
    fn all<T>(
        &self,
        descriptions: impl Iterator<Item = (Description, T)>,
        further: impl Fn(&mut Map<String, Json>, T) -> Outcome<()>,
    ) -> Outcome<Vec<Json>> {
        let mut shown = Vec::new();
        for (description, of) in descriptions {
            if self.top.is_some_and(|top| shown.len() >= top) {
                break;
            }
            if let Some(filter) = &self.filter
                && !description.passes(filter)?
            {
                continue;
            }
            let mut members = description.show(self.names(), false)?;
            further(&mut members, of)?;
            shown.push(Json::Object(members));
        }
        Ok(shown)
    }
}

fn inner(item: &str, aliases: &HashMap<String, String>) -> Outcome<(String, Wish)> {
    let Some((name, rest)) = item.split_once('(') else { return Ok((item.to_owned(), Wish::default())) };
    let unreadable = || Refusal::query("Syntax error in the $expand expression.");
    let rest = rest.strip_suffix(')').ok_or_else(unreadable)?;
    let mut wish = Wish::default();
    for option in split(rest, ';') {
        let (name, value) = option.trim().split_once('=').ok_or_else(unreadable)?;
        // One level is all that metadata has.
        if name == "$expand" {
            return Err(unreadable());
        }
        wish.take(name, value, aliases)?;
    }
    Ok((name.to_owned(), wish))
}

fn expand(store: &Store, id: TableId, shown: &mut Map<String, Json>, wish: &Wish) -> Outcome<()> {
    for (name, wish) in &wish.expand {
        let value = match name.as_str() {
            "Attributes" => attributes(store.table(id), wish, None)?,
            "Keys" => keys(store, id, wish)?,
            name => {
                let related = related(store.schema, id, name);
                let related = related.ok_or_else(|| Refusal::unknown_property(name, "EntityMetadata"))?;
                wish.all(related.into_iter().map(|each| (each, ())), |_, ()| Ok(()))?
            }
        };
        shown.insert(name.clone(), value.into());
    }
    Ok(())
}

fn keys(store: &Store, id: TableId, wish: &Wish) -> Outcome<Vec<Json>> {
    let keys = store.keys(id).iter().map(|each| (key(store.table(id), each), ()));
    wish.all(keys, |_, ()| Ok(()))
}

fn attributes(table: &Table, wish: &Wish, cast: Option<&str>) -> Outcome<Vec<Json>> {
    let mut shown = Vec::new();
    for column in &table.columns {
        shown.extend(attribute_shown(table, column, wish, cast)?.map(Json::Object));
    }
    Ok(shown)
}

/// A column as it is to be shown; `None` when it is of another type, or does not pass the filter.
fn attribute_shown(
    table: &Table,
    column: &Column,
    wish: &Wish,
    cast: Option<&str>,
) -> Outcome<Option<Map<String, Json>>> {
    let description = attribute(table, column);
    if cast.is_some_and(|cast| cast != format!("{TYPE}{}", description.kind)) {
        return Ok(None);
    }
    if let Some(filter) = &wish.filter
        && !description.passes(filter)?
    {
        return Ok(None);
    }
    let mut members = description.show(wish.names(), cast.is_some())?;
    for (name, inner) in &wish.expand {
        let known = name == "OptionSet" || name == "GlobalOptionSet";
        let (Some(choices), true) = (column.kind.choices(), known) else {
            return Err(Refusal::unknown_property(name, "AttributeMetadata"));
        };
        let value = match name.as_str() {
            "OptionSet" => Json::Object(option_set(table, column, choices).show(inner.names(), true)?),
            _ => Json::Null,
        };
        members.insert(name.clone(), value);
    }
    Ok(Some(members))
}

/// The relationships of a table, seen from one side; `None` when there is no such side.
fn related(schema: &Schema, id: TableId, side: &str) -> Option<Vec<Description>> {
    let table = schema.table(id);
    match side {
        "ManyToOneRelationships" => Some(lookups(table).collect()),
        "OneToManyRelationships" => {
            let all = schema.tables.iter().flat_map(lookups);
            Some(all.filter(|each| each.is("ReferencedEntity", table.logical)).collect())
        }
        "ManyToManyRelationships" => Some(Vec::new()),
        _ => None,
    }
}

fn lookups(table: &Table) -> impl Iterator<Item = Description> {
    table.navigations().map(|(place, navigation)| relationship(table, &table.columns[place], navigation))
}

fn relationships_of_all(schema: &Schema) -> impl Iterator<Item = Description> {
    schema.tables.iter().flat_map(lookups)
}

fn relationship_list(schema: &Schema, cast: &[&str], wish: &Wish) -> Outcome<Vec<Json>> {
    match cast {
        [] | ["Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata"] => {
            wish.all(relationships_of_all(schema).map(|each| (each, ())), |_, ()| Ok(()))
        }
        ["Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata"] => Ok(Vec::new()),
        [other, ..] => Err(Refusal::segment(other)),
    }
}

/// Which messages which tables have: a row for each pair.
pub(super) fn message_filters(scene: &Scene<'_>) -> Outcome<Answer> {
    let wish = Wish::of(&scene.call.parameters())?;
    let store = scene.store;
    let names = messages();
    let pairs = store.schema.tables.iter().flat_map(|table| {
        let supported = names.iter().filter(|name| store.settings.supports(name, table.logical));
        supported.map(|name| (message_filter(name, table.logical), ()))
    });
    let mut value = wish.all(pairs, |_, ()| Ok(()))?;
    // They are rows, and what else is known of them is there to be asked for alone.
    for row in value.iter_mut().filter_map(Json::as_object_mut) {
        row.retain(|name, _| name != "MetadataId" && name != "sdkmessageid/name");
    }
    Ok(list(&format!("{}/$metadata#sdkmessagefilters", scene.root()), value))
}

/// The messages that tables have.
pub(super) fn messages() -> Vec<&'static str> {
    let names = ["Create", "Update", "Delete", "Retrieve", "RetrieveMultiple", "Upsert"].into_iter();
    let bulk = Message::ALL.into_iter().filter(|message| *message != Message::Delete);
    names.chain(bulk.map(Message::name)).collect()
}

pub(super) fn message_id(message: &str) -> Uuid {
    identifier(&format!("message {message}"))
}

pub(super) fn message_filter_id(message: &str, logical: &str) -> Uuid {
    identifier(&format!("{message} of {logical}"))
}

fn message_filter(message: &str, logical: &str) -> Description {
    let id = message_filter_id(message, logical).to_string();
    let members = json!({
        "sdkmessagefilterid": id,
        "primaryobjecttypecode": logical,
        "_sdkmessageid_value": message_id(message).to_string(),
        "sdkmessageid/name": message,
        "MetadataId": id,
    });
    Description::plain("sdkmessagefilter", members)
}

/// `RetrieveMetadataChanges(Query=@q)`: the columns of one table with the members that are asked for.
pub(super) fn changes(scene: &Scene<'_>) -> Outcome<Answer> {
    let unreadable =
        || Refusal::argument("The parameter 'Query' is not a query of one table by its LogicalName.");
    let parameters = scene.call.parameters();
    let query = parameters.iter().find(|(name, _)| name.starts_with('@')).map(|(_, value)| value);
    let query: Json = query.and_then(|text| serde_json::from_str(text).ok()).ok_or_else(unreadable)?;
    let logical = condition(&query, "/Criteria/Conditions/0").ok_or_else(unreadable)?;
    let column = condition(&query, "/AttributeQuery/Criteria/Conditions/0");
    let names = query.pointer("/AttributeQuery/Properties/PropertyNames").and_then(Json::as_array);
    let names: Vec<&str> = names.into_iter().flatten().filter_map(Json::as_str).collect();
    let found = scene.store.schema.by_logical(logical).map(|id| scene.store.table(id));
    let described = found.map(|table| {
        let columns = table.columns.iter().filter(|each| column.is_none_or(|name| name == each.logical));
        let shown = columns.map(|each| Json::Object(attribute(table, each).some(&names)));
        json!({
            "LogicalName": table.logical, "MetadataId": metadata_id(table.logical), "HasChanged": null,
            "Attributes": shown.collect::<Vec<_>>(),
        })
    });
    let body = json!({
        "@odata.context": format!("{}/$metadata#Microsoft.Dynamics.CRM.RetrieveMetadataChangesResponse", scene.root()),
        "ServerVersionStamp": scene.store.metadata_version(),
        "DeletedMetadata": null,
        "EntityMetadata": described.into_iter().collect::<Vec<_>>(),
    });
    Ok(reply(StatusCode::OK, &body))
}

/// The value of a condition on the logical name.
fn condition<'a>(query: &'a Json, place: &str) -> Option<&'a str> {
    let condition = query.pointer(place)?;
    let on_name = condition.get("PropertyName").and_then(Json::as_str) == Some("LogicalName");
    condition.pointer("/Value/Value").and_then(Json::as_str).filter(|_| on_name)
}

impl World {
    /// Makes and removes alternate keys. The tables and their columns are what they are.
    pub(super) fn change_metadata(&mut self, call: &Call, segments: &[String]) -> Outcome<Reply> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (segments.as_slice(), &call.method) {
            ([table, "Keys"], &Method::POST) => self.make_key(call, table),
            ([table, key], &Method::DELETE) if key.starts_with("Keys(") => {
                let id = named(self.store.schema, table)?;
                let key = inner_key(key, "Keys")?;
                let name = by_name(key).unwrap_or_else(|| key.to_owned());
                let removed = alternate::remove(&mut self.store, id, &name);
                if removed { Ok(Answer::empty(StatusCode::NO_CONTENT).into()) } else { Err(absent()) }
            }
            (_, &Method::POST | &Method::PUT | &Method::PATCH | &Method::DELETE) => Err(
                Refusal::not_supported("Tables, columns and relationships cannot be changed on this server."),
            ),
            (_, method) => Err(Refusal::verb(method)),
        }
    }

    fn make_key(&mut self, call: &Call, table: &str) -> Outcome<Reply> {
        let id = named(self.store.schema, table)?;
        let logical = self.store.table(id).logical;
        let unreadable =
            || Refusal::argument("The body is not EntityKeyMetadata with SchemaName and KeyAttributes.");
        let wanted = Wanted::read(&call.body).ok_or_else(unreadable)?;
        let key = alternate::define(&mut self.store, id, &wanted, false)?;
        let root = root(&self.origin, call);
        let url = format!("{root}/EntityDefinitions(LogicalName='{logical}')/Keys({key})");
        let answer = Answer::empty(StatusCode::NO_CONTENT);
        Ok(answer.with(HeaderName::from_static("odata-entityid"), &url).into())
    }
}
