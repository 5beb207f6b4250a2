//! `config check`: reads the configuration as `serve` would, and starts nothing.

use std::path::PathBuf;

use clap::Subcommand;

use crate::config::{Source, read};
use crate::exit::{Failure, MEANINGS, print_line};

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Say whether `serve` could start with this configuration; exits with 78 if not.
    #[command(after_help = MEANINGS)]
    Check {
        /// The configuration file; settings also come from `WEBINAR_BRIDGE__SECTION__KEY`.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

pub(crate) fn run(action: &Action) -> Result<(), Failure> {
    let Action::Check { config } = action;
    let settings = read(&Source::file(config.clone()))
        .map_err(|unusable| Failure::configuration(unusable.to_string()))?;
    let organizations = settings.organizations.len();
    print_line(format_args!(
        "The configuration is good: {organizations} organization(s) declared. Nothing was started."
    ));
    Ok(())
}
