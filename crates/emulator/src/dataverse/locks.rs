//! Rows that are being updated, so that two updates of one row can get into each other's way.

use std::collections::HashMap;

use http::{Method, StatusCode};
use jiff::Timestamp;
use uuid::Uuid;

use super::error::Refusal;
use super::schema::TableId;
use super::target::Target;
use crate::wire::Call;

/// The words for the victim of a deadlock.
pub(super) const DEADLOCK: &str =
    " Sql error: Generic SQL error. CRM ErrorCode: -2147204784 Sql ErrorCode: -2146232060 Sql Number: 1205";

pub(super) type Key = (TableId, Uuid);

/// The most rows that are remembered.
const REMEMBERED: usize = 10_000;

/// A row's last update.
struct Lock {
    /// How many updates of it are under way.
    holders: u32,
    begun_ms: i64,
}

#[derive(Default)]
pub(super) struct Locks(HashMap<Key, Lock>);

impl Locks {
    /// The row that a request of its own updates or deletes.
    pub(super) fn key(call: &Call) -> Option<Key> {
        if !matches!(call.method, Method::PATCH | Method::PUT | Method::DELETE) {
            return None;
        }
        match Target::of(call, None).ok()? {
            Target::Row(table, id) | Target::Part(table, id, _) | Target::Link(table, id, _) => {
                Some((table, id))
            }
            _ => None,
        }
    }

    /// Begins an update; refused when another is under way or began less than a window ago.
    pub(super) fn take(&mut self, key: Key, window_ms: u64, now: Timestamp) -> Result<(), Refusal> {
        let now = now.as_millisecond();
        let window = i64::try_from(window_ms).unwrap_or(i64::MAX);
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, lock| lock.holders > 0);
        }
        let lock = self.0.entry(key).or_insert(Lock { holders: 0, begun_ms: i64::MIN });
        if lock.holders > 0 || now.saturating_sub(lock.begun_ms) < window {
            return Err(deadlock());
        }
        *lock = Lock { holders: 1, begun_ms: now };
        Ok(())
    }

    /// An update is over.
    pub(super) fn release(&mut self, key: Key) {
        if let Some(lock) = self.0.get_mut(&key) {
            lock.holders = lock.holders.saturating_sub(1);
        }
    }
}

/// What the database's error for a victim of a deadlock looks like from outside.
fn deadlock() -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "0x80044150", DEADLOCK)
}
