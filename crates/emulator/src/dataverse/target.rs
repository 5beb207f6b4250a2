//! What a request's path leads to.

use std::collections::HashMap;

use uuid::Uuid;

use super::error::{Outcome, Refusal};
use super::preference::split;
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
    /// The decoded segments from `EntityDefinitions` on, or from another of its kind.
    Metadata(Vec<String>),
    /// The tables as an XML document: `$metadata`.
    Document,
    /// Which messages a table has: `sdkmessagefilters`.
    MessageFilters,
    /// An action or function of no table, such as `Merge` or `RetrieveVersion()`.
    Unbound(String),
    Set(TableId),
    /// An action of a set, such as `CreateMultiple`.
    Bulk(TableId, Message),
    /// A row named by an alternate key, and what follows it. Which row that is, the store knows.
    Keyed(Named, Vec<String>),
    Count(TableId),
    Row(TableId, Uuid),
    /// A column or a navigation of a row.
    Part(TableId, Uuid, String),
    /// The reference behind a navigation of a row: `…/Nav/$ref`.
    Link(TableId, Uuid, String),
}

/// A message that is about several rows, such as `CreateMultiple`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Create,
    Update,
    Upsert,
    Delete,
}

impl Message {
    pub(super) const ALL: [Self; 4] = [Self::Create, Self::Update, Self::Upsert, Self::Delete];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Create => "CreateMultiple",
            Self::Update => "UpdateMultiple",
            Self::Upsert => "UpsertMultiple",
            Self::Delete => "DeleteMultiple",
        }
    }

    fn of(segment: &str) -> Option<Self> {
        let name = segment.strip_prefix("Microsoft.Dynamics.CRM.")?;
        Self::ALL.into_iter().find(|message| message.name() == name)
    }
}

/// A row by the values of some of its columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Named {
    pub(super) table: TableId,
    pub(super) parts: Vec<KeyPart>,
}

/// One `name=value` of a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeyPart {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) quoted: bool,
}

/// Which rows of a table are meant.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Which {
    All,
    Id(Uuid),
    Key(Vec<KeyPart>),
}

/// By what metadata's paths begin.
const METADATA: [&str; 3] = ["EntityDefinitions", "RelationshipDefinitions", "GlobalOptionSetDefinitions"];

/// The actions and functions that belong to no table.
const UNBOUND: [&str; 6] = [
    "Merge",
    "BulkDelete",
    "RetrieveVersion",
    "RetrieveCurrentOrganization",
    "RetrieveTotalRecordCount",
    "RetrieveMetadataChanges",
];

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
            ["$metadata"] => Ok(Self::Document),
            ["sdkmessagefilters"] => Ok(Self::MessageFilters),
            [first] if UNBOUND.contains(&function(first)) => Ok(Self::Unbound((*first).to_owned())),
            [first, ..] if METADATA.iter().any(|name| first.starts_with(name)) => {
                Ok(Self::Metadata(rest.iter().map(|&segment| segment.to_owned()).collect()))
            }
            [first, rest @ ..] => below(schema, first, rest, references),
        }
    }
}

fn below(schema: &Schema, first: &str, rest: &[&str], references: Option<&References>) -> Outcome<Target> {
    let (table, which) = if first.starts_with('$') {
        let (table, id) = referenced(first, references)?;
        (table, Which::Id(id))
    } else {
        row(schema, first)?
    };
    match (which, rest) {
        (Which::All, []) => Ok(Target::Set(table)),
        (Which::All, ["$count"]) => Ok(Target::Count(table)),
        (Which::All, [action]) => {
            let message = Message::of(action).ok_or_else(|| Refusal::segment(action))?;
            Ok(Target::Bulk(table, message))
        }
        (Which::All, [first, ..]) => Err(Refusal::segment(first)),
        (Which::Id(id), rest) => Target::inside(table, id, rest),
        (Which::Key(parts), rest) => {
            let rest = rest.iter().map(|&segment| segment.to_owned()).collect();
            Ok(Target::Keyed(Named { table, parts }, rest))
        }
    }
}

impl Target {
    /// A row, or what is below it.
    pub(super) fn inside(table: TableId, id: Uuid, rest: &[&str]) -> Outcome<Self> {
        match rest {
            [] => Ok(Self::Row(table, id)),
            [part] => Ok(Self::Part(table, id, (*part).to_owned())),
            [part, "$ref"] => Ok(Self::Link(table, id, (*part).to_owned())),
            [first, ..] => Err(Refusal::segment(first)),
        }
    }
}

/// A function's name without its parameters.
pub(super) fn function(segment: &str) -> &str {
    let name = segment.split('(').next().unwrap_or_default();
    name.strip_prefix("Microsoft.Dynamics.CRM.").unwrap_or(name)
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
pub(super) fn row(schema: &Schema, segment: &str) -> Outcome<(TableId, Which)> {
    let (set, key) = match segment.split_once('(') {
        Some((set, key)) => (set, Some(key)),
        None => (segment, None),
    };
    let table = schema.by_set(set).ok_or_else(|| Refusal::segment(set))?;
    let Some(key) = key else { return Ok((table, Which::All)) };
    let key = key.strip_suffix(')').ok_or_else(|| Refusal::segment(segment))?;
    Ok((table, which(schema.table(table), key)?))
}

/// A bare id, the primary key's name with one, or the names and values of an alternate key.
fn which(table: &Table, key: &str) -> Outcome<Which> {
    let bad = || Refusal::key(table);
    let id = match key.split_once('=') {
        Some((name, id)) if name.trim() == table.columns[0].logical => id.trim(),
        Some(_) => {
            return split(key, ',')
                .into_iter()
                .map(key_part)
                .collect::<Option<_>>()
                .map(Which::Key)
                .ok_or_else(bad);
        }
        None => key.trim(),
    };
    if id.len() != 36 {
        return Err(bad());
    }
    id.parse().map(Which::Id).map_err(|_| bad())
}

/// `name='value'`, where a doubled quote stands for one, or `name=value`.
fn key_part(text: &str) -> Option<KeyPart> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (name.trim().to_owned(), value.trim());
    let Some(inner) = value.strip_prefix('\'') else {
        let sound = !value.is_empty() && !value.contains('\'');
        return sound.then(|| KeyPart { name, value: value.to_owned(), quoted: false });
    };
    let inner = inner.strip_suffix('\'')?.replace("''", "\u{0}");
    (!inner.contains('\'')).then(|| KeyPart { name, value: inner.replace('\u{0}', "'"), quoted: true })
}

/// The last segment of a path; a slash inside of quotes belongs to its segment.
pub(super) fn last_segment(path: &str) -> &str {
    let (mut start, mut quoted) = (0, false);
    for (place, char) in path.char_indices() {
        match char {
            '\'' => quoted = !quoted,
            '/' if !quoted => start = place + 1,
            _ => {}
        }
    }
    &path[start..]
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
        for key in ["(", "()", "(1)", "(x", "(a='b)", "(a='b'c')", "(a=)", "(a=b'c)"] {
            assert!(target(&format!("/api/data/v9.2/contacts{key}")).is_err(), "{key}");
        }
    }

    #[test]
    fn alternate_keys_are_names_with_values() {
        let path =
            "/api/data/v9.2/contacts(emailaddress1='o''b,c=d@x.y',%20_parentcustomerid_value=5)/fullname";
        let Ok(Target::Keyed(named, rest)) = target(path) else { panic!("no alternate key") };
        let part = |name: &str, value: &str, quoted| KeyPart {
            name: name.to_owned(),
            value: value.to_owned(),
            quoted,
        };
        assert_eq!(
            named.parts,
            [part("emailaddress1", "o'b,c=d@x.y", true), part("_parentcustomerid_value", "5", false)]
        );
        assert_eq!(rest, ["fullname"]);
    }

    #[test]
    fn a_slash_inside_of_quotes_belongs_to_its_segment() {
        assert_eq!(last_segment("/api/contacts(name='a/b')"), "contacts(name='a/b')");
        assert_eq!(last_segment("contacts"), "contacts");
    }
}
