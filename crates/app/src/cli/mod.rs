//! Commands, one a file.

mod config;
#[cfg(feature = "sandbox")]
mod emulate;
mod held;
mod reconcile;
mod remote;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;

use clap::{Parser, Subcommand};

use crate::exit::{Failure, MEANINGS};

/// Registrations from Dynamics 365 to ON24, viewing minutes back, and a balance that adds up.
#[derive(Parser)]
#[command(name = "webinar-bridge", version, after_help = MEANINGS, arg_required_else_help = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole product on this machine, with pretend peers and a story.
    #[cfg(feature = "sandbox")]
    #[command(after_help = MEANINGS)]
    Sandbox(sandbox::Flags),
    /// Run only the pretend peers: ON24, Dataverse, Entra ID and Key Vault.
    #[cfg(feature = "sandbox")]
    #[command(after_help = MEANINGS)]
    Emulate(emulate::Flags),
    /// Run the service, until SIGTERM or Ctrl-C.
    #[command(after_help = MEANINGS)]
    Serve(serve::Flags),
    /// Compare registrations with ON24's own list, and have mended what differs. Speaks to a running service.
    #[command(after_help = MEANINGS)]
    Reconcile(reconcile::Flags),
    /// List and release registrations that wait for somebody. Speaks to a running service.
    #[command(subcommand, after_help = MEANINGS)]
    Held(held::Action),
    /// Check the configuration.
    #[command(subcommand, after_help = MEANINGS)]
    Config(config::Action),
}

/// Carries out the command line.
pub(crate) async fn run() -> Result<(), Failure> {
    match Line::parse().command {
        #[cfg(feature = "sandbox")]
        Command::Sandbox(flags) => Box::pin(sandbox::run(flags)).await,
        #[cfg(feature = "sandbox")]
        Command::Emulate(flags) => emulate::run(flags).await,
        Command::Serve(flags) => Box::pin(serve::run(flags)).await,
        Command::Reconcile(flags) => reconcile::run(flags).await,
        Command::Held(action) => held::run(action).await,
        Command::Config(action) => config::run(&action),
    }
}
