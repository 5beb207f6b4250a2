//! Alternate keys: sets of columns whose values name a row, and which no two rows share.

use std::collections::HashMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::row::Row;
use super::schema::{Column, Kind, Table};
use super::target::KeyPart;
use super::value::{Value, folded, parse_time, print_time};

/// How many keys a table may have, and a key columns.
pub(super) const KEYS: usize = 10;
pub(super) const COLUMNS: usize = 16;

/// How far the job is that builds a key's index. A key works only once it is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum IndexStatus {
    Pending,
    InProgress,
    Active,
    Failed,
}

/// One alternate key of one table.
pub(super) struct Key {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) columns: Vec<usize>,
    pub(super) status: IndexStatus,
    /// The rows by the values of the columns.
    index: HashMap<Box<str>, Uuid>,
}

impl Key {
    pub(super) fn new(id: Uuid, name: &str, columns: Vec<usize>) -> Self {
        Self { id, name: name.to_owned(), columns, status: IndexStatus::Pending, index: HashMap::new() }
    }

    pub(super) fn is_active(&self) -> bool {
        self.status == IndexStatus::Active
    }

    /// Sets the status; an index that is to be active is built anew, and fails when two rows have the same values.
    pub(super) fn set_status<'a>(&mut self, status: IndexStatus, rows: impl Iterator<Item = &'a Row>) {
        self.index.clear();
        self.status = status;
        if !self.is_active() {
            return;
        }
        for row in rows {
            let taken = self.values(row).is_some_and(|values| self.index.insert(values, row.id()).is_some());
            if taken {
                self.index.clear();
                self.status = IndexStatus::Failed;
                return;
            }
        }
    }

    /// Another row that has the values of this one.
    pub(super) fn rival(&self, row: &Row) -> Option<Uuid> {
        let values = self.values(row).filter(|_| self.is_active())?;
        self.index.get(&values).copied().filter(|id| *id != row.id())
    }

    /// Keeps the index with a change of a row.
    pub(super) fn follow(&mut self, before: Option<&Row>, after: Option<&Row>) {
        if !self.is_active() {
            return;
        }
        if let Some(row) = before
            && let Some(values) = self.values(row)
            && self.index.get(&values) == Some(&row.id())
        {
            self.index.remove(&values);
        }
        if let Some(row) = after
            && let Some(values) = self.values(row)
        {
            self.index.insert(values, row.id());
        }
    }

    /// The row with these values, which must be in the order of the columns.
    pub(super) fn find(&self, values: &[Value]) -> Option<Uuid> {
        self.index.get(joined(values.iter()).as_str()).copied()
    }

    /// The values for the columns of this key; `None` when the parts are those of another key or of another kind.
    pub(super) fn read(&self, table: &Table, parts: &[KeyPart]) -> Option<Vec<Value>> {
        if parts.len() != self.columns.len() {
            return None;
        }
        let values = self.columns.iter().map(|place| {
            let column = table.columns.get(*place)?;
            parts.iter().find(|part| part.name == column.property).and_then(|part| value(column, part))
        });
        values.collect()
    }

    /// `None` for a row in which one of the columns is empty: such rows are not compared.
    fn values(&self, row: &Row) -> Option<Box<str>> {
        let values = self.columns.iter().map(|place| row.get(*place)).collect::<Option<Vec<_>>>()?;
        Some(joined(values.into_iter()).into_boxed_str())
    }
}

/// Whether a key may have this column.
pub(super) fn allows(column: &Column) -> bool {
    let kind = matches!(
        column.kind,
        Kind::Text { .. }
            | Kind::Whole { .. }
            | Kind::Decimal { .. }
            | Kind::UserLocal
            | Kind::ZoneIndependent
            | Kind::Lookup(_)
            | Kind::Choice(_)
    );
    kind && !column.hidden
}

/// One text for several values; the length before each keeps them apart.
fn joined<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let mut text = String::new();
    for value in values {
        let part = match value {
            Value::Text(text) => folded(text),
            Value::Number(number) => number.to_string(),
            Value::Decimal(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Time(time) => print_time(*time),
            Value::Id(id) | Value::Link(_, id) => id.to_string(),
        };
        let _ = write!(text, "{}:{part}", part.len());
    }
    text
}

fn value(column: &Column, part: &KeyPart) -> Option<Value> {
    let text = part.value.as_str();
    match (&column.kind, part.quoted) {
        (Kind::Text { .. }, true) => Some(Value::text(text)),
        (Kind::Whole { .. } | Kind::Choice(_), false) => text.parse().ok().map(Value::Number),
        (Kind::Decimal { .. }, false) => text.parse().ok().map(Value::Decimal),
        (Kind::Lookup(_), _) => text.parse().ok().map(Value::Id),
        (Kind::UserLocal | Kind::ZoneIndependent, _) => parse_time(text).map(Value::Time),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_apart() {
        let pair = |a: &str, b: &str| joined([Value::text(a), Value::text(b)].iter());
        assert_ne!(pair("a", "bc"), pair("ab", "c"));
        assert_eq!(pair("ANN", "lee"), pair("ann", "Lee"));
    }
}
