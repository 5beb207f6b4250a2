//! What surrounds the rows of Dataverse, as a client and an endpoint meet it: limits, failures, webhooks. Every test has
//! a listener of its own that records what comes.

#![expect(clippy::unwrap_used, reason = "what fails in a step of a test fails the test")]

mod contexts;
mod deliveries;
mod failures;
#[path = "../grant/mod.rs"]
mod grant;
mod limits;
mod listener;
mod organization;
mod registrations;
mod synchronous;
