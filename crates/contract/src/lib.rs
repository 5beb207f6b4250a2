#![doc = include_str!("../README.md")]
#![warn(missing_docs)]
#![expect(clippy::expect_used, reason = "a case says what it expects, and fails where it does not come")]

mod cases;
pub mod fuzz;
pub mod mocks;
pub mod subject;
mod suite;
pub mod world;

pub use suite::*;
