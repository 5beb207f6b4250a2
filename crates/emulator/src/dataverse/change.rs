//! What became of one row: every committed write passes on as one of these.

use std::sync::Arc;

use uuid::Uuid;

use super::row::Row;
use super::schema::TableId;

/// Which of the three events a change raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
    Delete,
}

/// A committed change of one row, those that follow from others (cascades) included.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) table: TableId,
    pub(super) id: Uuid,
    /// `None` of a row that was created.
    pub(super) before: Option<Arc<Row>>,
    /// `None` of a row that was deleted.
    pub(super) after: Option<Arc<Row>>,
    /// The columns that the request set, by their places, whether or not their values differ. What the platform adds by
    /// itself is not among them.
    pub(super) columns: Vec<usize>,
}

impl Change {
    pub(super) fn operation(&self) -> Operation {
        match (&self.before, &self.after) {
            (None, _) => Operation::Create,
            (Some(_), Some(_)) => Operation::Update,
            (Some(_), None) => Operation::Delete,
        }
    }
}
