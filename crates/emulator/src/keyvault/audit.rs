//! Who did what with which key, without values.

use std::collections::VecDeque;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::control;
use crate::wire::{Answer, Call};

/// The oldest entries make room.
const MOST: usize = 10_000;

/// One call.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) time: Timestamp,
    pub(super) operation: &'static str,
    /// The application; nothing when the call bore no good token.
    pub(super) caller: Option<String>,
    /// The key with its version, as far as the call got to it.
    pub(super) kid: Option<String>,
    pub(super) status: StatusCode,
    pub(super) request_id: String,
    pub(super) client_request_id: Option<String>,
}

#[derive(Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
}

impl Log {
    pub(super) fn record(&mut self, entry: Entry) {
        if self.entries.len() >= MOST {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// `GET` shows the calls, the oldest first; `DELETE` forgets them.
    pub(super) fn control(&mut self, call: &Call) -> Answer {
        match call.method {
            Method::GET => {}
            Method::DELETE => self.entries.clear(),
            _ => return control::not_allowed(),
        }
        let entries: Vec<_> = self.entries.iter().map(Entry::show).collect();
        Answer::json(StatusCode::OK, &json!({ "entries": entries }))
    }
}

impl Entry {
    fn show(&self) -> Value {
        json!({
            "time": self.time.to_string(),
            "operation": self.operation,
            "caller": self.caller,
            "kid": self.kid,
            "status": self.status.as_u16(),
            "request_id": self.request_id,
            "client_request_id": self.client_request_id,
        })
    }
}
