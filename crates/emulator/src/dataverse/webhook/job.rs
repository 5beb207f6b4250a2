//! System jobs: what remains of an asynchronous delivery.

use jiff::Timestamp;
use uuid::Uuid;

use super::super::deed;
use super::super::schema::{STATE, STATUS, TableId};
use super::super::store::Store;
use super::super::value::Value;
use super::super::write::Changes;
use super::log::Ending;
use super::outbox::Delivery;
use super::tables::{JOB, STEP};

/// The platform's names for the states that an ended job can have.
const COMPLETED: i64 = 3;
const SUCCEEDED: i64 = 30;
const FAILED: i64 = 31;
/// The code of a failed job, in decimal: 0x80040265. The platform's own for webhooks is not known.
const ERROR: i64 = -2_147_220_891;
const SYSTEM_EVENT: i64 = 1;

/// A delivery that has ended, for good or not.
pub(in super::super) struct Job {
    id: Uuid,
    step: Uuid,
    name: String,
    message: &'static str,
    table: TableId,
    correlation: Uuid,
    started: Timestamp,
    completed: Timestamp,
    ending: Ending,
}

impl Job {
    /// What remains of a delivery; nothing of one that went well for a step that wants no trace of those.
    pub(super) fn of(delivery: &Delivery, ending: Ending, now: Timestamp) -> Option<Self> {
        let step = &delivery.step;
        if ending.is_success() && step.forgets_success {
            return None;
        }
        Some(Self {
            id: delivery.operation,
            step: step.id,
            name: step.name.clone(),
            message: step.message(),
            table: delivery.change.table,
            correlation: delivery.circumstances.correlation,
            started: delivery.at,
            completed: now,
            ending,
        })
    }

    /// Puts the job's row in. No step is told of it.
    pub(in super::super) fn file(self, store: &mut Store, now: Timestamp) {
        let Some(table) = store.schema.by_logical(JOB) else { return };
        let shape = store.table(table);
        let status = if self.ending.is_success() { SUCCEEDED } else { FAILED };
        let mut cells = vec![(STATE, Value::Number(COMPLETED)), (STATUS, Value::Number(status))];
        cells.extend(
            self.cells(store).into_iter().filter_map(|(name, value)| Some((shape.column(name)?, value))),
        );
        let cells = cells.into_iter().map(|(place, value)| (place, Some(value))).collect();
        // A duplicate of a delivery has the same id and is the same job.
        let _ = deed::create(store, table, Changes { id: Some(self.id), cells }, now);
        drop(store.settle());
    }

    fn cells(&self, store: &Store) -> Vec<(&'static str, Value)> {
        let mut cells = vec![
            ("name", Value::text(&self.name)),
            ("operationtype", Value::Number(SYSTEM_EVENT)),
            ("messagename", Value::text(self.message)),
            ("primaryentitytype", Value::text(store.table(self.table).logical)),
            ("correlationid", Value::text(&self.correlation.to_string())),
            ("startedon", whole_seconds(self.started)),
            ("completedon", whole_seconds(self.completed)),
            ("depth", Value::Number(1)),
        ];
        let step = store.schema.by_logical(STEP).filter(|steps| store.row(*steps, self.step).is_some());
        cells.extend(step.map(|steps| ("owningextensionid", Value::Link(steps, self.step))));
        if !self.ending.is_success() {
            let words = format!("The webhook call failed because {}.", self.ending.words());
            let words = ["message", "friendlymessage"].map(|name| (name, Value::text(&words)));
            cells.extend(words);
            cells.push(("errorcode", Value::Number(ERROR)));
        }
        cells
    }
}

fn whole_seconds(time: Timestamp) -> Value {
    Value::Time(Timestamp::from_second(time.as_second()).unwrap_or(time))
}
