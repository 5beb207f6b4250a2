//! The program as people start it: its command lines, its configuration, the sandbox, the emulators and the service.
#![cfg(all(unix, feature = "sandbox"))]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails in a step of a test fails the test")]

mod bridge;
mod cli;
mod config_check;
mod emulate;
mod http;
mod interruptions;
mod process;
mod safety;
mod sandbox;
mod serve;
mod webhooks;
