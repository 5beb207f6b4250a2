//! JSON objects as ON24 fills them: what is missing is left out, unless a setting says otherwise.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a value looks that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// Its key is left out, as in everything that ON24 publishes.
    #[default]
    Absent,
    Null,
    /// An empty text.
    Empty,
}

/// An object in the making; its members keep their order.
pub(super) struct Record {
    members: Map<String, Value>,
    missing: Missing,
}

impl Record {
    pub(super) fn new(missing: Missing) -> Self {
        Self { members: Map::new(), missing }
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// A member that not every object has.
    pub(super) fn maybe(&mut self, name: &str, value: Option<impl Into<Value>>) -> &mut Self {
        match (value, self.missing) {
            (Some(value), _) => self.set(name, value),
            (None, Missing::Absent) => self,
            (None, Missing::Null) => self.set(name, Value::Null),
            (None, Missing::Empty) => self.set(name, ""),
        }
    }

    /// A list inside of the object; an empty one is a missing value.
    pub(super) fn list(&mut self, name: &str, items: Vec<Value>) -> &mut Self {
        self.maybe(name, (!items.is_empty()).then_some(items))
    }

    /// Takes members away, by name.
    pub(super) fn without(&mut self, names: &[&str]) -> &mut Self {
        self.members.retain(|name, _| !names.contains(&name.as_str()));
        self
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(missing: Missing) -> Value {
        let mut record = Record::new(missing);
        record.set("id", 7).maybe("city", None::<&str>).maybe("zip", Some("04109")).list("tags", Vec::new());
        record.into_value()
    }

    #[test]
    fn what_is_missing_has_three_looks() {
        assert_eq!(record(Missing::Absent), json!({ "id": 7, "zip": "04109" }));
        assert_eq!(record(Missing::Null), json!({ "id": 7, "city": null, "zip": "04109", "tags": null }));
        assert_eq!(record(Missing::Empty), json!({ "id": 7, "city": "", "zip": "04109", "tags": "" }));
    }
}
