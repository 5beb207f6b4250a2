//! The adapter against an organization that answers byte by byte as it is told.

#![expect(clippy::unwrap_used, reason = "a test's helpers are tests")]

mod account;
mod feed;
mod rows;
mod schema;
mod support;
mod writes;
