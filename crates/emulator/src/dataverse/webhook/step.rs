//! What a step is registered for.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::super::change::{Change, Operation};
use super::super::schema::TableId;
use super::endpoint::Endpoint;

/// The stage before the write that still belongs to its transaction, and the one after it.
pub(super) const PRE_OPERATION: i64 = 20;
pub(super) const POST_OPERATION: i64 = 40;

const CREATE_MULTIPLE: &str = "CreateMultiple";
const UPDATE_MULTIPLE: &str = "UpdateMultiple";

/// A picture of the row that goes along with the event.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) alias: String,
    pub(super) before: bool,
    pub(super) after: bool,
    /// `None` is every column.
    pub(super) columns: Option<BTreeSet<usize>>,
}

/// One registered step whose handler is a webhook.
#[derive(Clone)]
pub(in super::super) struct Step {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) message: Operation,
    /// Whether it is told of all rows of a bulk message together, as `CreateMultiple` and `UpdateMultiple` are.
    pub(super) many: bool,
    /// `None` is every table.
    pub(super) table: Option<TableId>,
    /// Only updates that set one of these columns; `None` is any.
    pub(super) filtering: Option<BTreeSet<usize>>,
    pub(super) stage: i64,
    pub(super) synchronous: bool,
    pub(super) rank: i64,
    /// Whether no system job remains of what went well.
    pub(super) forgets_success: bool,
    pub(super) images: Vec<Image>,
}

impl Step {
    pub(in super::super) fn is_asynchronous(&self) -> bool {
        !self.synchronous
    }

    /// The name of its message.
    pub(super) fn message(&self) -> &'static str {
        match (self.many, self.message) {
            (true, Operation::Create) => CREATE_MULTIPLE,
            (true, Operation::Update) => UPDATE_MULTIPLE,
            (_, operation) => message(operation),
        }
    }

    /// Whether the change is one of those that it is registered for.
    pub(in super::super) fn hears(&self, change: &Change) -> bool {
        let filtered = self.filtering.as_ref().filter(|_| self.message == Operation::Update);
        self.message == change.operation()
            && self.table.is_none_or(|table| table == change.table)
            && filtered.is_none_or(|columns| change.columns.iter().any(|column| columns.contains(column)))
    }
}

/// An event by its name in the platform.
pub(super) fn message(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "Create",
        Operation::Update => "Update",
        Operation::Delete => "Delete",
    }
}

/// The event that a message raises, and whether that is one for many rows.
pub(super) fn event(message: &str) -> Option<(Operation, bool)> {
    match message {
        CREATE_MULTIPLE => return Some((Operation::Create, true)),
        UPDATE_MULTIPLE => return Some((Operation::Update, true)),
        _ => {}
    }
    let operations = [Operation::Create, Operation::Update, Operation::Delete];
    operations.into_iter().find(|operation| self::message(*operation) == message).map(|one| (one, false))
}
