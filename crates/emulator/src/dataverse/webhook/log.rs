//! What became of deliveries: the last of them, without anything that a body says of people.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// The most attempts that are kept.
const KEPT: usize = 1000;

/// One attempt to deliver.
pub(super) struct Attempt {
    pub(super) at: Timestamp,
    pub(super) endpoint: Uuid,
    pub(super) step: Uuid,
    pub(super) message: &'static str,
    pub(super) table: &'static str,
    pub(super) row: Uuid,
    pub(super) operation: Uuid,
    pub(super) number: u32,
    pub(super) bytes: usize,
    pub(super) exceeded: bool,
    pub(super) outcome: Ending,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Answered(u16),
    /// Nothing came within the time that an endpoint has.
    TimedOut,
    /// No connection, or one that broke.
    Failed,
}

impl Ending {
    pub(super) fn is_success(self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }

    /// Why a call failed, in words of this server's own.
    pub(super) fn words(self) -> String {
        match self {
            Self::Answered(status) => format!("it was answered with status {status}"),
            Self::TimedOut => "it was not answered in time".to_owned(),
            Self::Failed => "there was no connection".to_owned(),
        }
    }

    fn shown(self) -> Json {
        match self {
            Self::Answered(status) => status.into(),
            Self::TimedOut => "timed out".into(),
            Self::Failed => "failed".into(),
        }
    }
}

#[derive(Default)]
pub(super) struct Log(VecDeque<Attempt>);

impl Log {
    pub(super) fn note(&mut self, attempt: Attempt) {
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(attempt);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn show(&self) -> Vec<Json> {
        self.0.iter().map(Attempt::show).collect()
    }
}

impl Attempt {
    fn show(&self) -> Json {
        json!({
            "at": self.at.to_string(), "endpoint": self.endpoint.to_string(), "step": self.step.to_string(),
            "message": self.message, "table": self.table, "id": self.row.to_string(),
            "operation": self.operation.to_string(), "attempt": self.number, "bytes": self.bytes,
            "size_exceeded": self.exceeded, "outcome": self.outcome.shown(),
        })
    }
}
