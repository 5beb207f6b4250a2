#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod balance;
pub mod bridge;
pub mod credential;
pub mod endpoint;
pub mod fact;
pub mod fault;
pub mod flow;
pub mod id;
pub mod integration;
#[cfg(any(test, feature = "testing"))]
pub mod memory;
pub mod metrics;
pub mod pace;
pub mod person;
pub mod port;
pub mod registration;
pub mod schedule;
pub mod share;
pub mod task;
pub mod time;
pub mod webinar;
