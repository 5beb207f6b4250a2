//! `EntityDefinitions`: the tables, described.

use std::collections::HashMap;

use http::StatusCode;
use serde_json::{Map, Value as Json, json};

use super::description::{Description, TYPE, attribute, definition, metadata_id, option_set, relationship};
use super::error::{Outcome, Refusal};
use super::preference::split;
use super::scene::{Scene, reply};
use super::schema::Table;
use super::syntax::{self, Ast};
use crate::wire::Answer;

/// The options of a metadata read, of itself or inside of an `$expand`.
#[derive(Default)]
struct Wish {
    select: Option<Vec<String>>,
    expand: Vec<(String, Wish)>,
    filter: Option<Ast>,
}

/// Answers a read of `EntityDefinitions` and what is below.
pub(super) fn answer(scene: &Scene<'_>, segments: &[String]) -> Outcome<Answer> {
    let wish = Wish::of(&scene.call.parameters())?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let context = format!("{}/$metadata#EntityDefinitions", scene.root());
    let tables = &scene.store.schema.tables;
    match segments.as_slice() {
        ["EntityDefinitions"] => {
            let shown = show_all(tables.iter().map(definition), &wish, |shown, wish, place| {
                expand(&tables[place], shown, wish)
            })?;
            Ok(reply(StatusCode::OK, &json!({"@odata.context": context, "value": shown})))
        }
        [first, rest @ ..] => {
            let table = named(tables, first)?;
            below(table, rest, &wish, &context)
        }
        [] => Err(Refusal::segment("EntityDefinitions")),
    }
}

fn named<'a>(tables: &'a [Table], segment: &str) -> Outcome<&'a Table> {
    let key = segment.strip_prefix("EntityDefinitions(").and_then(|rest| rest.strip_suffix(')'));
    let key = key.ok_or_else(|| Refusal::segment(segment))?;
    let found = match key.strip_prefix("LogicalName='").and_then(|rest| rest.strip_suffix('\'')) {
        Some(logical) => tables.iter().find(|table| table.logical == logical),
        None => tables.iter().find(|table| metadata_id(table.logical) == key),
    };
    found.ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "0x80060888",
            "Could not find an entity with the given name or id.",
        )
    })
}

fn below(table: &Table, rest: &[&str], wish: &Wish, context: &str) -> Outcome<Answer> {
    let context = format!("{context}('{}')", table.logical);
    let list = |kind: &str, value: Vec<Json>| {
        Ok(reply(StatusCode::OK, &json!({"@odata.context": format!("{context}/{kind}"), "value": value})))
    };
    match rest {
        [] => {
            let mut shown = definition(table).show(wish.names(), false)?;
            expand(table, &mut shown, wish)?;
            shown.insert("@odata.context".to_owned(), format!("{context}/$entity").into());
            Ok(reply(StatusCode::OK, &Json::Object(shown)))
        }
        ["Attributes"] => list("Attributes", attributes(table, wish, None)?),
        ["Attributes", cast] => list("Attributes", attributes(table, wish, Some(cast))?),
        ["ManyToOneRelationships"] => list("ManyToOneRelationships", relationships(table, wish)?),
        ["Keys"] => list("Keys", Vec::new()),
        [other, ..] => Err(Refusal::segment(other)),
    }
}

impl Wish {
    fn names(&self) -> Option<&[String]> {
        self.select.as_deref()
    }

    fn of(parameters: &[(String, String)]) -> Outcome<Self> {
        let mut wish = Self::default();
        for (name, value) in parameters.iter().filter(|(name, _)| name.starts_with('$')) {
            wish.take(name, value)?;
        }
        Ok(wish)
    }

    fn take(&mut self, name: &str, value: &str) -> Outcome<()> {
        match name {
            "$select" => {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                self.select = Some(names.map(str::to_owned).collect());
            }
            "$filter" => self.filter = Some(syntax::parse(value, &HashMap::new())?),
            "$expand" => {
                for item in split(value, ',') {
                    self.expand.push(inner(item.trim())?);
                }
            }
            _ => return Err(Refusal::query(format!("The query parameter {name} is not supported."))),
        }
        Ok(())
    }
}

fn inner(item: &str) -> Outcome<(String, Wish)> {
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
        wish.take(name, value)?;
    }
    Ok((name.to_owned(), wish))
}

fn show_all(
    descriptions: impl Iterator<Item = Description>,
    wish: &Wish,
    expand: impl Fn(&mut Map<String, Json>, &Wish, usize) -> Outcome<()>,
) -> Outcome<Vec<Json>> {
    let mut shown = Vec::new();
    for (place, description) in descriptions.enumerate() {
        if let Some(filter) = &wish.filter
            && !description.passes(filter)?
        {
            continue;
        }
        let mut members = description.show(wish.names(), false)?;
        expand(&mut members, wish, place)?;
        shown.push(Json::Object(members));
    }
    Ok(shown)
}

fn expand(table: &Table, shown: &mut Map<String, Json>, wish: &Wish) -> Outcome<()> {
    for (name, wish) in &wish.expand {
        let value = match name.as_str() {
            "Attributes" => attributes(table, wish, None)?,
            "ManyToOneRelationships" => relationships(table, wish)?,
            "Keys" => Vec::new(),
            _ => return Err(Refusal::unknown_property(name, "EntityMetadata")),
        };
        shown.insert(name.clone(), value.into());
    }
    Ok(())
}

fn attributes(table: &Table, wish: &Wish, cast: Option<&str>) -> Outcome<Vec<Json>> {
    let mut shown = Vec::new();
    for column in &table.columns {
        let description = attribute(table, column);
        if cast.is_some_and(|cast| cast != format!("{TYPE}{}", description.kind)) {
            continue;
        }
        if let Some(filter) = &wish.filter
            && !description.passes(filter)?
        {
            continue;
        }
        let mut members = description.show(wish.names(), cast.is_some())?;
        for (name, inner) in &wish.expand {
            let (Some(choices), true) = (column.kind.choices(), name == "OptionSet") else {
                return Err(Refusal::unknown_property(name, "AttributeMetadata"));
            };
            members.insert(
                name.clone(),
                Json::Object(option_set(table, column, choices).show(inner.names(), true)?),
            );
        }
        shown.push(Json::Object(members));
    }
    Ok(shown)
}

fn relationships(table: &Table, wish: &Wish) -> Outcome<Vec<Json>> {
    let descriptions =
        table.navigations().map(|(place, navigation)| relationship(table, &table.columns[place], navigation));
    show_all(descriptions, wish, |_, _, _| Ok(()))
}
