//! The store over SQLite, through its ports; where a case spoils the file, it does so with a connection of its own.

#![expect(clippy::unwrap_used, reason = "a case that cannot go on ends there")]

mod balance;
mod file;
mod given;
mod intake;
mod limit;
mod metrics;
mod standing;
mod worklist;
