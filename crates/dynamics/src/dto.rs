//! Rows and pages as the Web API sends them. Columns are named by settings, so a row is read by name.

use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;
use webinar_bridge_domain::id::Version;

use crate::config::VERSION;

/// A page of rows, with the link to the next or, at the end of a tracked list, to what changes from here on.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    pub(crate) value: Vec<Row>,
    #[serde(rename = "@odata.nextLink")]
    pub(crate) next: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    pub(crate) delta: Option<String>,
}

/// One row, as far as it was asked for.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Row(Map<String, Value>);

/// A row does not have what the Web API promises; its content is told to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadRow;

impl core::fmt::Debug for Row {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Row({} members)", self.0.len())
    }
}

impl Row {
    /// A GUID; `None` if it is empty or was not asked for.
    pub(crate) fn id(&self, name: &str) -> Result<Option<Uuid>, BadRow> {
        self.text(name).map(|id| id.parse().map_err(|_| BadRow)).transpose()
    }

    /// The row's own key.
    pub(crate) fn key(&self, name: &str) -> Result<Uuid, BadRow> {
        self.id(name)?.ok_or(BadRow)
    }

    /// A text; `None` if it is empty or was not asked for.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A value of any simple kind as text.
    pub(crate) fn plain(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Bool(_) | Value::Number(_)) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A whole number or the value of a choice.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// A yes or no; empty is no.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The row behind an expanded navigation; `None` if it leads nowhere. It was asked for, so it must be there.
    pub(crate) fn expanded(&self, navigation: &str) -> Result<Option<Self>, BadRow> {
        match self.0.get(navigation).ok_or(BadRow)? {
            Value::Null => Ok(None),
            Value::Object(row) => Ok(Some(Self(row.clone()))),
            _ => Err(BadRow),
        }
    }

    /// The row's version: the column, or the number in the `ETag`.
    pub(crate) fn version(&self) -> Result<Version, BadRow> {
        let number = match self.0.get(VERSION) {
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.parse().ok(),
            _ => self.text("@odata.etag").and_then(number_in),
        };
        number.map(Version).ok_or(BadRow)
    }

    /// The id of a row that was deleted; `None` if this is a row that is there.
    pub(crate) fn deleted(&self) -> Result<Option<Uuid>, BadRow> {
        let context = self.text("@odata.context").is_some_and(|context| context.ends_with("/$deletedEntity"));
        if !context && self.text("reason").is_none() {
            return Ok(None);
        }
        let id = self.text("id").ok_or(BadRow)?;
        // Elsewhere in OData such an id is a whole address: `…/contacts(<guid>)`.
        let bare = id.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(id);
        bare.parse().map(Some).map_err(|_| BadRow)
    }
}

/// `W/"915244"`.
fn number_in(etag: &str) -> Option<u64> {
    etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(value: Value) -> Row {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_version_is_a_column_or_an_etag() {
        for (value, expected) in [
            (json!({"versionnumber": 7, "@odata.etag": "W/\"9\""}), Ok(Version(7))),
            (json!({"versionnumber": "7"}), Ok(Version(7))),
            (json!({"@odata.etag": "W/\"915244\""}), Ok(Version(915_244))),
            (json!({"@odata.etag": "\"9\"", "versionnumber": null}), Ok(Version(9))),
            (json!({"@odata.etag": "W/\"x\""}), Err(BadRow)),
            (json!({"versionnumber": -1}), Err(BadRow)),
            (json!({"versionnumber": 1.5}), Err(BadRow)),
            (json!({}), Err(BadRow)),
        ] {
            assert_eq!(row(value.clone()).version(), expected, "{value}");
        }
    }

    #[test]
    fn a_deleted_row_is_told_from_one_that_is_there() {
        let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
        let expected = Ok(Some(id.parse().unwrap()));
        let context = "https://o.example/api/data/v9.2/$metadata#contacts/$deletedEntity";
        for value in [
            json!({"@odata.context": context, "id": id, "reason": "deleted"}),
            json!({"@odata.context": context, "id": id}),
            json!({"id": id, "reason": "deleted"}),
            json!({"id": format!("https://o.example/api/data/v9.2/contacts({id})"), "reason": "deleted"}),
        ] {
            assert_eq!(row(value.clone()).deleted(), expected, "{value}");
        }
        assert_eq!(row(json!({"contactid": id})).deleted(), Ok(None));
        for value in [json!({"reason": "deleted"}), json!({"reason": "deleted", "id": "x(1)"})] {
            assert_eq!(row(value.clone()).deleted(), Err(BadRow), "{value}");
        }
    }

    #[test]
    fn an_expansion_that_was_asked_for_must_be_there() {
        let row = row(json!({"a": null, "b": {"x": 1}, "c": []}));
        assert!(row.expanded("a").unwrap().is_none());
        assert_eq!(row.expanded("b").unwrap().unwrap().number("x"), Some(1));
        assert_eq!(row.expanded("c").unwrap_err(), BadRow);
        assert_eq!(row.expanded("d").unwrap_err(), BadRow);
    }

    #[test]
    fn a_row_does_not_print() {
        assert_eq!(format!("{:?}", row(json!({"emailaddress1": "ada@example.com"}))), "Row(1 members)");
    }
}
