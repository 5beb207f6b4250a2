//! The keys and types of the answers that were seen.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::desk::Desk;

/// Types by the path of their key.
type Types = BTreeMap<String, BTreeSet<&'static str>>;

#[derive(Default)]
pub(crate) struct Seen {
    by_operation: BTreeMap<String, Types>,
}

impl Seen {
    pub(crate) fn of(&self, operation: &str) -> Option<&Types> {
        self.by_operation.get(operation)
    }

    /// Takes an answer of the operation into account; its path stands behind the client.
    pub(crate) fn add(&mut self, method: &str, operation: &str, answer: &Value) {
        let name = format!("{method} /client/{{clientId}}{operation}");
        walk(self.by_operation.entry(name).or_default(), "", answer);
    }

    pub(crate) async fn send(
        &mut self,
        desk: &Desk,
        method: &str,
        operation: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> Value {
        let (status, body) = desk.send(method, path, form).await;
        assert_eq!(status, 200, "{method} {path}: {body}");
        self.add(method, operation, &body);
        body
    }

    pub(crate) async fn get(&mut self, desk: &Desk, operation: &str, path: &str) -> Value {
        self.send(desk, "GET", operation, path, &[]).await
    }

    /// The same, for somebody of whom there may be nothing.
    pub(crate) async fn try_get(&mut self, desk: &Desk, operation: &str, path: &str) {
        let (status, body) = desk.send("GET", path, &[]).await;
        match status {
            200 => self.add("GET", operation, &body),
            _ => assert_eq!(status, 404, "{path}: {body}"),
        }
    }
}

fn walk(types: &mut Types, path: &str, value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(types, &path, value);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(types, &format!("{path}[]"), item)),
        leaf => {
            types.entry(path.to_owned()).or_default().insert(kind(leaf));
        }
    }
}

fn kind(leaf: &Value) -> &'static str {
    match leaf {
        Value::String(_) => "str",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "num",
        Value::Number(_) => "int",
        _ => "null",
    }
}
