//! One row: the cells that hold something.

use uuid::Uuid;

use super::schema::{KEY, VERSION};
use super::value::Value;

/// A row. Empty cells take no room; a cell is found by its column's place.
#[derive(Clone)]
pub(super) struct Row {
    id: Uuid,
    cells: Vec<(usize, Value)>,
}

impl Row {
    /// A row without a version: it gets one when it is put into the store.
    pub(super) fn new(id: Uuid) -> Self {
        Self { id, cells: vec![(KEY, Value::Id(id))] }
    }

    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    pub(super) fn version(&self) -> u64 {
        self.get(VERSION)
            .and_then(Value::number)
            .and_then(|number| u64::try_from(number).ok())
            .unwrap_or_default()
    }

    pub(super) fn etag(&self) -> String {
        format!("W/\"{}\"", self.version())
    }

    pub(super) fn get(&self, column: usize) -> Option<&Value> {
        let place = self.cells.binary_search_by_key(&column, |(place, _)| *place).ok()?;
        self.cells.get(place).map(|(_, value)| value)
    }

    pub(super) fn text(&self, column: usize) -> Option<&str> {
        match self.get(column)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Fills or empties a cell.
    pub(super) fn set(&mut self, column: usize, value: Option<Value>) {
        match (self.cells.binary_search_by_key(&column, |(place, _)| *place), value) {
            (Ok(place), Some(value)) => self.cells[place].1 = value,
            (Ok(place), None) => drop(self.cells.remove(place)),
            (Err(place), Some(value)) => self.cells.insert(place, (column, value)),
            (Err(_), None) => {}
        }
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, &Value)> {
        self.cells.iter().map(|(place, value)| (*place, value))
    }
}
