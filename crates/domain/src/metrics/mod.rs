//! Metrics: what people watched, and how it gets home.

mod attendance;
mod sync;

pub use attendance::{Attendance, AttendanceId, AttendanceKey, Matched, Seen, Watched};
pub use sync::{Input, MetricsSync, PageMark, Resume, SyncState};
