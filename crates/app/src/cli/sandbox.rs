//! `sandbox`: the whole product on this machine, with a story.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::exit::Failure;
use crate::sandbox::{Plan, Story, run as play};

#[derive(Args)]
pub(crate) struct Flags {
    /// How many persons want to come at the end of the story.
    #[arg(long, value_name = "N", default_value_t = 312, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    registrations: u32,
    /// Decides everything that is left to chance; the same seed tells the same story.
    #[arg(long, value_name = "S", default_value_t = 42)]
    seed: u64,
    /// What happens.
    #[arg(long, value_enum, default_value_t = Name::AllWell)]
    story: Name,
    /// Where the console listens: 127.0.0.1:8080, with `--once` a free port; port 0 is a free one.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Run the story, audit, and exit: 0 if both sides agree, 3 if not.
    #[arg(long)]
    once: bool,
    /// Print one JSON object a line on standard output, and nothing else there.
    #[arg(long)]
    json: bool,
    /// Keep store and configuration in this folder instead of a temporary one. Each run begins anew, with files of its own.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Not built yet.
    #[arg(long, hide = true, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// Nothing goes wrong outside.
    AllWell,
    /// Errors, lost answers and quotas, now and then.
    Stormy,
    /// ON24's published quotas hold, and nobody tells the bridge: it finds the pace by itself.
    RateLimited,
    #[value(hide = true)]
    VaultLocked,
}

pub(crate) async fn run(flags: Flags) -> Result<(), Failure> {
    if flags.database_url.is_some() {
        return Err(Failure::usage("--database-url is not built yet: the sandbox keeps its data in SQLite."));
    }
    let story = match flags.story {
        Name::AllWell => Story::AllWell,
        Name::Stormy => Story::Stormy,
        Name::RateLimited => Story::RateLimited,
        Name::VaultLocked => return Err(not_built("vault-locked")),
    };
    let free = if flags.once { 0 } else { 8080 };
    let listen = flags.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], free)));
    let Flags { registrations, seed, once, json, data, .. } = flags;
    Box::pin(play(Plan { registrations, seed, story, listen, once, json, data })).await
}

fn not_built(story: &str) -> Failure {
    Failure::usage(format!(
        "the story `{story}` is not built yet; there are `all-well`, `rate-limited` and `stormy`."
    ))
}
