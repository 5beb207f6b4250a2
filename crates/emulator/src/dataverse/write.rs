//! The body of a write, checked against the table.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::error::{Outcome, Refusal};
use super::schema::{Column, KEY, Kind, TableId};
use super::settings::ReadOnly;
use super::store::Store;
use super::target::{self, Named, References, Which};
use super::value::{Value, parse_time, parse_wall_clock};

const BIND: &str = "@odata.bind";
/// The earliest moment that the database can hold: 1753-01-01, in Unix seconds.
const EARLIEST: i64 = -6_847_804_800;

/// What a body asks for: the row's id, if it names one, and the cells to fill or empty.
pub(super) struct Changes {
    pub(super) id: Option<Uuid>,
    pub(super) cells: Vec<(usize, Option<Value>)>,
}

impl Changes {
    /// Reads a JSON object. Columns that only the platform fills are passed over.
    pub(super) fn read(
        store: &Store,
        table: TableId,
        body: &[u8],
        references: Option<&References>,
    ) -> Outcome<Self> {
        let shape = store.table(table);
        let unreadable = || Refusal::payload(shape, "The body is not a valid JSON object.");
        let Ok(Json::Object(members)) = serde_json::from_slice(body) else { return Err(unreadable()) };
        Self::of(store, table, &members, references)
    }

    /// The same of an object that was read already.
    pub(super) fn of(
        store: &Store,
        table: TableId,
        members: &Map<String, Json>,
        references: Option<&References>,
    ) -> Outcome<Self> {
        let mut changes = Self { id: None, cells: Vec::new() };
        for (name, value) in members {
            if let Some(navigation) = name.strip_suffix(BIND) {
                changes.cells.push(bind(store, table, navigation, value, references)?);
            } else if !name.contains('@') {
                changes.member(store, table, name, value)?;
            }
        }
        Ok(changes)
    }

    /// One column alone, emptied.
    pub(super) fn emptied(column: usize) -> Self {
        Self { id: None, cells: vec![(column, None)] }
    }

    fn member(&mut self, store: &Store, table: TableId, name: &str, value: &Json) -> Outcome<()> {
        let shape = store.table(table);
        let Some(place) = shape.property(name) else {
            let linked = shape.navigation(name).is_some() && (value.is_object() || value.is_array());
            return Err(if linked {
                Refusal::payload(shape, "Related rows inside a row are not supported by this server.")
            } else {
                Refusal::undeclared_property(shape, name)
            });
        };
        let column = &shape.columns[place];
        if matches!(column.kind, Kind::Lookup(_)) {
            return Err(Refusal::lookup_by_value());
        }
        let value = convert(store, table, column, value)?;
        if place == KEY {
            self.id = value.as_ref().and_then(Value::id).filter(|id| !id.is_nil());
        } else if column.writable {
            self.cells.push((place, value));
        } else if store.settings.read_only_columns == ReadOnly::Rejected {
            return Err(Refusal::read_only(shape, column.logical));
        }
        Ok(())
    }
}

/// The cell that `Nav@odata.bind` fills, or empties with a null.
fn bind(
    store: &Store,
    table: TableId,
    navigation: &str,
    value: &Json,
    references: Option<&References>,
) -> Outcome<(usize, Option<Value>)> {
    let shape = store.table(table);
    let name = || format!("{navigation}{BIND}");
    let undeclared = || Refusal::undeclared_annotation(shape, navigation);
    let (place, navigation) = shape.navigation(navigation).ok_or_else(undeclared)?;
    if !shape.columns[place].writable {
        return Err(Refusal::read_only(shape, shape.columns[place].logical));
    }
    let text = match value {
        Json::Null => return Ok((place, None)),
        Json::String(text) => text,
        _ => return Err(Refusal::mistyped(shape, &name(), "Edm.String")),
    };
    let (target, id) = bound(store, text, references)?;
    let target_shape = store.table(target);
    if target_shape.logical != navigation.target {
        let detail = format!("The property '{}' does not lead to '{}'.", name(), target_shape.set);
        return Err(Refusal::payload(shape, &detail));
    }
    if store.row(target, id).is_none() {
        return Err(Refusal::missing(target_shape, id));
    }
    Ok((place, Some(Value::Link(target, id))))
}

/// `/set(id)`, `set(id)`, an absolute URL of a row, a row by its alternate key, or `$1` inside a change set.
pub(super) fn bound(store: &Store, text: &str, references: Option<&References>) -> Outcome<(TableId, Uuid)> {
    let last = target::last_segment(text.trim());
    let last = percent_encoding::percent_decode_str(last).decode_utf8_lossy();
    if last.starts_with('$') {
        return target::referenced(&last, references);
    }
    match target::row(store.schema, &last)? {
        (table, Which::Id(id)) => Ok((table, id)),
        (table, Which::Key(parts)) => {
            let found = store.find(&Named { table, parts })?;
            Ok((table, found.ok_or_else(|| Refusal::missing_by_key(store.table(table)))?))
        }
        (table, Which::All) => Err(Refusal::key(store.table(table))),
    }
}

fn convert(store: &Store, table: TableId, column: &Column, value: &Json) -> Outcome<Option<Value>> {
    let shape = store.table(table);
    let mistyped = || Refusal::mistyped(shape, column.logical, column.kind.edm());
    let value = match (&column.kind, value) {
        (_, Json::Null) => return Ok(None),
        (Kind::Text { max, .. } | Kind::Memo { max }, Json::String(text)) => {
            if text.encode_utf16().count() > *max {
                return Err(Refusal::too_long(shape, column.logical, *max));
            }
            return Ok((!text.is_empty()).then(|| Value::text(text)));
        }
        (Kind::Key, Json::String(text)) => Value::Id(text.parse().map_err(|_| mistyped())?),
        (Kind::UserLocal, Json::String(text)) => {
            Value::Time(in_reach(parse_time(text).ok_or_else(mistyped)?)?)
        }
        (Kind::ZoneIndependent, Json::String(text)) => {
            Value::Time(in_reach(parse_wall_clock(text).ok_or_else(mistyped)?)?)
        }
        (Kind::Flag, Json::Bool(flag)) => Value::Flag(*flag),
        (Kind::Decimal { min, max }, Json::Number(number)) => {
            let number = number.as_f64().ok_or_else(mistyped)?;
            if !(*min..=*max).contains(&number) {
                let accepted = format!("{min} - {max}");
                return Err(Refusal::outside(shape, column.logical, &number.to_string(), &accepted));
            }
            Value::Decimal(number)
        }
        (kind, Json::Number(number)) => {
            let number = number.as_i64().ok_or_else(mistyped)?;
            let accepted = accepted(kind, number).ok_or_else(mistyped)?;
            accepted.map_err(|accepted| {
                Refusal::outside(shape, column.logical, &number.to_string(), &accepted)
            })?;
            Value::Number(number)
        }
        _ => return Err(mistyped()),
    };
    Ok(Some(value))
}

/// Whether a column takes a whole number, and otherwise which it would take; `None` when it takes none at all.
fn accepted(kind: &Kind, number: i64) -> Option<Result<(), String>> {
    if let Some(choices) = kind.choices() {
        let known = choices.iter().any(|(value, _)| *value == number);
        let values = || choices.iter().map(|(value, _)| value.to_string()).collect::<Vec<_>>().join(",");
        return Some(if known { Ok(()) } else { Err(values()) });
    }
    match kind {
        Kind::Whole { min, max } => {
            let inside = (*min..=*max).contains(&number);
            Some(if inside { Ok(()) } else { Err(format!("{min} - {max}")) })
        }
        Kind::Version => Some(Ok(())),
        _ => None,
    }
}

/// Whether a date-time is in reach of the database.
fn in_reach(time: Timestamp) -> Outcome<Timestamp> {
    if time.as_second() < EARLIEST {
        return Err(Refusal::argument("DateTime is less than minimum value supported by CrmDateTime."));
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_moment_is_where_it_should_be() {
        assert!(in_reach(parse_time("1753-01-01T00:00:00Z").unwrap()).is_ok());
        assert!(in_reach(parse_time("1752-12-31T23:59:59Z").unwrap()).is_err());
    }
}
