//! What a backlog costs: claim, journal and settlement of a row among a few and among many that wait.
//!
//! `cargo bench -p webinar-bridge-tests --bench backlog -- [--few N] [--many N] [--json] [--check]`
//!
//! The store is filled through its own ports, not through a CRM, and nobody is called.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on ends, and says at what")]

use std::process::ExitCode;

use clap::Parser;
use serde_json::json;
use tempfile::TempDir;
use webinar_bridge_app::world::SystemClock;
use webinar_bridge_domain::port::Clock as _;
use webinar_bridge_storage::StorageSettings;
use webinar_bridge_tests::bench::backlog::Backlog;
use webinar_bridge_tests::bench::usual::Usual;
use webinar_bridge_tests::bench::{now, rounded};

/// The bar that `--check` holds the store to.
const SLOWER_AT_MOST: f64 = 1.5;
/// How many rows are delivered at once, as the pipeline does.
const AT_ONCE: u32 = 64;

#[derive(Parser)]
#[command(
    about = "Measures what a backlog costs the store",
    after_help = "--check ends with 3 when a row among many costs more than 1.5 times as much as among a few."
)]
struct Flags {
    /// A small backlog.
    #[arg(long, default_value_t = 10_000)]
    few: u32,
    /// A large backlog.
    #[arg(long, default_value_t = 1_000_000)]
    many: u32,
    /// How many rows are measured.
    #[arg(long, default_value_t = 6_400)]
    measured: u32,
    #[command(flatten)]
    usual: Usual,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    let few = micros_a_row(flags.few, flags.measured).await;
    let many = micros_a_row(flags.many, flags.measured).await;
    let slower = many / few;
    let line =
        json!({ "few_us": rounded(few, 1), "many_us": rounded(many, 1), "slower": rounded(slower, 2) });
    let block = format!(
        "{few:6.1} µs a row behind {}\n{many:6.1} µs a row behind {} = {slower:.2} times",
        flags.few, flags.many
    );
    flags.usual.end(&line.to_string(), &block, slower <= SLOWER_AT_MOST)
}

/// Claim, journal and settlement of one row, in microseconds, while `waiting` wait.
async fn micros_a_row(waiting: u32, measured: u32) -> f64 {
    let folder = TempDir::new().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("bridge.db").display());
    let store = webinar_bridge_storage::open(&StorageSettings::at(url)).await.expect("a store");
    let backlog = Backlog::of(&store, SystemClock::new().now()).await;
    backlog.wait(0..waiting).await;
    backlog.deliver(AT_ONCE).await;
    eprintln!("{waiting} wait");
    let began = now();
    let mut delivered = 0;
    while delivered < measured {
        delivered += u32::try_from(backlog.deliver(AT_ONCE).await).expect("a count");
    }
    let elapsed = began.elapsed();
    store.close().await.expect("the store closes");
    elapsed.as_secs_f64() * 1e6 / f64::from(delivered)
}
