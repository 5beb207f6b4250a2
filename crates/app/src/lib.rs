//! `webinar-bridge`: registrations from Dynamics 365 to ON24, viewing minutes back, and a balance that adds up.
//!
//! The program is [`main`]. Its loops stand open beside it, so that whoever embeds, measures or simulates the bridge runs
//! the very loops that the service runs.

mod cli;
mod config;
mod declare;
mod exit;
#[cfg(feature = "faults")]
mod faults;
pub mod pipeline;
#[cfg(feature = "sandbox")]
mod sandbox;
mod service;
mod telemetry;
mod wiring;
pub mod world;

use std::process::ExitCode;

/// The whole program: reads its arguments, does what they ask, and says how it ended.
pub fn main() -> ExitCode {
    // The one TLS provider of this process; a second installation changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::Failure::unexpected(error).report(),
    };
    let outcome = runtime.block_on(cli::run());
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
