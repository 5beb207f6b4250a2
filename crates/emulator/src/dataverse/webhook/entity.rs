//! Rows and values in the JSON of .NET's data contracts.

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::super::row::Row;
use super::super::schema::{Column, Schema, Table, VERSION};
use super::super::value::Value;

const CONTRACTS: &str = "http://schemas.microsoft.com/xrm/2011/Contracts";

/// One entry of what is a dictionary in .NET.
pub(super) fn pair(key: &str, value: impl Into<Json>) -> Json {
    json!({ "key": key, "value": value.into() })
}

/// An entity with these attributes. `typed` is how it stands where anything might.
pub(super) fn entity(table: &Table, id: Uuid, attributes: Vec<Json>, typed: bool) -> Json {
    let mut entity = serde_json::Map::new();
    if typed {
        entity.insert("__type".to_owned(), marker("Entity"));
    }
    let members = [
        ("Attributes", Json::Array(attributes)),
        ("EntityState", Json::Null),
        ("FormattedValues", json!([])),
        ("Id", id.to_string().into()),
        ("KeyAttributes", json!([])),
        ("LogicalName", table.logical.into()),
        ("RelatedEntities", json!([])),
        ("RowVersion", Json::Null),
    ];
    entity.extend(members.map(|(name, value)| (name.to_owned(), value)));
    Json::Object(entity)
}

/// Rows of one table together, where anything might stand.
pub(super) fn collection(table: &Table, rows: &[Json]) -> Json {
    json!({ "__type": marker("EntityCollection"), "Entities": rows, "EntityName": table.logical,
            "MinActiveRowVersion": null, "MoreRecords": false, "PagingCookie": null, "TotalRecordCount": 0,
            "TotalRecordCountLimitExceeded": false })
}

/// A reference to a row, where anything might stand.
pub(super) fn reference(logical: &str, id: Uuid) -> Json {
    json!({ "__type": marker("EntityReference"), "Id": id.to_string(), "KeyAttributes": [], "LogicalName": logical,
            "Name": null, "RowVersion": null })
}

/// The attributes of a row in these columns; what is empty is left out or, if it was `emptied`, null.
pub(super) fn attributes(
    table: &Table,
    row: &Row,
    holds: impl Fn(usize) -> bool,
    emptied: impl Fn(usize) -> bool,
) -> Vec<Json> {
    let columns = table
        .columns
        .iter()
        .enumerate()
        .filter(|(place, column)| *place != VERSION && !column.hidden && holds(*place));
    let filled = columns.filter_map(|(place, column)| match row.get(place) {
        Some(value) => Some(pair(column.logical, attribute(column, value))),
        None => emptied(place).then(|| pair(column.logical, Json::Null)),
    });
    filled.collect()
}

fn attribute(column: &Column, value: &Value) -> Json {
    match value {
        Value::Number(number) if column.kind.choices().is_some() => {
            json!({ "__type": marker("OptionSetValue"), "Value": number })
        }
        Value::Number(number) => json!(number),
        Value::Decimal(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Flag(flag) => json!(flag),
        Value::Time(time) => date(*time).into(),
        Value::Id(id) => id.to_string().into(),
        Value::Link(target, id) => reference(Schema::standard().table(*target).logical, *id),
    }
}

fn marker(name: &str) -> Json {
    format!("{name}:{CONTRACTS}").into()
}

/// A moment in UTC.
pub(super) fn date(time: Timestamp) -> String {
    format!("/Date({})/", time.as_millisecond())
}

/// A moment with the offset of the server's own zone, which is a hint alone: the number is in UTC all the same.
pub(super) fn local_date(time: Timestamp, offset_minutes: i32) -> String {
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let minutes = offset_minutes.unsigned_abs();
    format!("/Date({}{sign}{:02}{:02})/", time.as_millisecond(), minutes / 60, minutes % 60)
}

/// JSON as .NET writes it: every slash is escaped. Slashes stand in texts only.
pub(super) fn written(json: &Json) -> String {
    json.to_string().replace('/', "\\/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamics_41_moments_have_the_form_of_data_contracts() {
        let time: Timestamp = "2017-09-26T07:04:08Z".parse().unwrap();
        assert_eq!(written(&date(time).into()), "\"\\/Date(1506409448000)\\/\"");
        assert_eq!(written(&local_date(time, -420).into()), "\"\\/Date(1506409448000-0700)\\/\"");
        assert_eq!(local_date(time, 330), "/Date(1506409448000+0530)/");
        assert_eq!(local_date(time, 0), "/Date(1506409448000+0000)/");
        assert_eq!(date("1969-12-31T23:59:59Z".parse().unwrap()), "/Date(-1000)/");
    }
}
