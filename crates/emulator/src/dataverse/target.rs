//! What a request's path leads to.

use std::collections::HashMap;

use uuid::Uuid;

use super::error::{Outcome, Refusal};
use super::schema::{Schema, Table, TableId};
use crate::wire::Call;

/// The rows that earlier requests of a change set made or named, by Content-ID.
pub(super) type References = HashMap<String, (TableId, Uuid)>;

/// A resource of the Web API.
#[derive(Debug, PartialEq)]
pub(super) enum Target {
    Service,
    WhoAmI,
    Batch,
    /// The decoded segments after `EntityDefinitions`, itself included.
    Metadata(Vec<String>),
    Set(TableId),
    Count(TableId),
    Row(TableId, Uuid),
    /// A column or a navigation of a row.
    Part(TableId, Uuid, String),
    /// The reference behind a navigation of a row: `…/Nav/$ref`.
    Link(TableId, Uuid, String),
}

const ROOT: [&str; 2] = ["api", "data"];
const VERSIONS: [&str; 3] = ["v9.0", "v9.1", "v9.2"];

impl Target {
    /// Reads the path; `references` are those of the change set that the request is part of.
    pub(super) fn of(call: &Call, references: Option<&References>) -> Outcome<Self> {
        let schema = Schema::standard();
        let segments = call.segments();
        let mut segments = segments.iter().map(String::as_str);
        for expected in ROOT {
            let found = segments.next().unwrap_or_default();
            if !found.eq_ignore_ascii_case(expected) {
                return Err(Refusal::segment(found));
            }
        }
        let version = segments.next().unwrap_or_default();
        if !VERSIONS.contains(&version) {
            return Err(Refusal::segment(version));
        }
        let rest: Vec<&str> = segments.collect();
        match rest.as_slice() {
            [] => Ok(Self::Service),
            ["WhoAmI" | "WhoAmI()"] => Ok(Self::WhoAmI),
            ["$batch"] => Ok(Self::Batch),
            [first, ..] if first.starts_with("EntityDefinitions") => {
                Ok(Self::Metadata(rest.iter().map(|&segment| segment.to_owned()).collect()))
            }
            [first, rest @ ..] => below(schema, first, rest, references),
        }
    }
}

fn below(schema: &Schema, first: &str, rest: &[&str], references: Option<&References>) -> Outcome<Target> {
    let (table, id) = if first.starts_with('$') {
        let (table, id) = referenced(first, references)?;
        (table, Some(id))
    } else {
        row(schema, first)?
    };
    match (id, rest) {
        (None, []) => Ok(Target::Set(table)),
        (None, ["$count"]) => Ok(Target::Count(table)),
        (Some(id), []) => Ok(Target::Row(table, id)),
        (Some(id), [part]) => Ok(Target::Part(table, id, (*part).to_owned())),
        (Some(id), [part, "$ref"]) => Ok(Target::Link(table, id, (*part).to_owned())),
        (_, [first, ..]) => Err(Refusal::segment(first)),
    }
}

/// The row that `$1` stands for.
pub(super) fn referenced(name: &str, references: Option<&References>) -> Outcome<(TableId, Uuid)> {
    let content_id = name.trim_start_matches('$');
    references
        .and_then(|references| references.get(content_id))
        .copied()
        .ok_or_else(|| Refusal::reference(name))
}

/// `set` or `set(key)`.
pub(super) fn row(schema: &Schema, segment: &str) -> Outcome<(TableId, Option<Uuid>)> {
    let (set, key) = match segment.split_once('(') {
        Some((set, key)) => (set, Some(key)),
        None => (segment, None),
    };
    let table = schema.by_set(set).ok_or_else(|| Refusal::segment(set))?;
    let Some(key) = key else { return Ok((table, None)) };
    let key = key.strip_suffix(')').ok_or_else(|| Refusal::segment(segment))?;
    Ok((table, Some(id_of(schema.table(table), key)?)))
}

/// A bare id, or the primary key's name with one. No alternate key is defined.
fn id_of(table: &Table, key: &str) -> Outcome<Uuid> {
    let id = match key.split_once('=') {
        Some((name, id)) if name == table.columns[0].logical => id,
        Some(_) => return Err(Refusal::key(table)),
        None => key,
    };
    if id.len() != 36 {
        return Err(Refusal::key(table));
    }
    id.parse().map_err(|_| Refusal::key(table))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    fn target(path: &str) -> Outcome<Target> {
        Target::of(&Call::bare(Method::GET, path), None)
    }

    #[test]
    fn sets_are_found_in_every_version_and_only_in_their_case() {
        for version in VERSIONS {
            assert!(matches!(target(&format!("/api/data/{version}/contacts")), Ok(Target::Set(_))));
        }
        let refusal = target("/api/data/v9.2/Contacts").unwrap_err();
        assert_eq!(refusal.message, "Resource not found for the segment 'Contacts'.");
        assert!(target("/api/data/v8.2/contacts").is_err());
        assert!(target("/contacts").is_err());
    }

    #[test]
    fn keys_are_ids_bare_or_named() {
        let bare = target(&format!("/api/data/v9.2/contacts({ID})")).unwrap();
        let named = target(&format!("/api/data/v9.2/contacts(contactid={ID})")).unwrap();
        assert_eq!(bare, named);
        for key in ["(", "()", "(1)", "(emailaddress1='a@b.c')", "(x"] {
            assert!(target(&format!("/api/data/v9.2/contacts{key}")).is_err(), "{key}");
        }
    }
}
