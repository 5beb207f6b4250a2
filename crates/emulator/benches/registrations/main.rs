//! How fast the emulated ON24 takes registrations, beside a server that does nothing, in one run.
//!
//! `cargo bench -p webinar-bridge-emulator --bench registrations -- [--people N] [--requests N] [--check] [--json]`
//!
//! The servers run in processes of their own (the program starts itself again); the load comes from this one, over
//! 64 connections that are kept alive, each with one request at a time.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on ends, and says at what")]

mod load;
mod peer;

use std::process::ExitCode;

use clap::Parser;
use serde_json::json;

use load::{Load, Pace};
use peer::Peer;

/// The bar that `--check` holds the emulator to.
const REGISTRATIONS_PER_S: f64 = 20_000.0;
const SLOWER_AT_MOST: f64 = 2.0;

#[derive(Parser)]
#[command(about = "Measures the emulated ON24 beside an empty HTTP server")]
struct Flags {
    /// Registrants in the event before the last measurement.
    #[arg(long, default_value_t = 100_000)]
    people: u64,
    /// Requests of each measurement.
    #[arg(long, default_value_t = 40_000)]
    requests: u64,
    /// Ends with 3 when the emulator is slower than 20 000 registrations a second, or more than twice as slow in a
    /// full event as in an empty one.
    #[arg(long)]
    check: bool,
    /// Prints one JSON line.
    #[arg(long)]
    json: bool,
    /// Serves instead of measuring; the program's own.
    #[arg(long, hide = true)]
    serve: Option<peer::Role>,
    /// What cargo appends.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    if let Some(role) = flags.serve {
        peer::serve(role).await;
        return ExitCode::SUCCESS;
    }
    let measured = measure(&flags).await;
    println!("{}", if flags.json { measured.line() } else { measured.block() });
    if flags.check && !measured.is_enough() { ExitCode::from(3) } else { ExitCode::SUCCESS }
}

/// What a run found.
struct Measured {
    empty: Pace,
    first: Pace,
    full: Pace,
    people: u64,
}

async fn measure(flags: &Flags) -> Measured {
    let empty = {
        let peer = Peer::start(peer::Role::Empty);
        let load = Load::registrations(&peer.ready);
        load.run(0..flags.requests).await;
        load.run(0..flags.requests).await
    };
    let peer = Peer::start(peer::Role::Emulators);
    let load = Load::registrations(&peer.ready);
    let first = load.run(0..flags.requests).await;
    let people = flags.people.max(flags.requests);
    load.run(flags.requests..people).await;
    let full = load.run(people..people + flags.requests).await;
    assert_eq!(peer.registrants().await, people + flags.requests, "everybody is there once");
    Measured { empty, first, full, people }
}

impl Measured {
    /// How much slower answers come in a full event.
    fn slowdown(&self) -> f64 {
        self.full.median_us / self.first.median_us
    }

    fn is_enough(&self) -> bool {
        self.full.per_s >= REGISTRATIONS_PER_S
            && self.first.per_s >= REGISTRATIONS_PER_S
            && self.slowdown() <= SLOWER_AT_MOST
    }

    fn line(&self) -> String {
        let Self { empty, first, full, people } = self;
        json!({
            "empty_per_s": empty.per_s.round(),
            "register_per_s": first.per_s.round(),
            "register_full_per_s": full.per_s.round(),
            "ratio": two_places(first.per_s / empty.per_s),
            "people": people,
            "slowdown": two_places(self.slowdown()),
            "p50_us": first.median_us.round(),
            "p50_full_us": full.median_us.round(),
            "p99_full_us": full.p99_us.round(),
        })
        .to_string()
    }

    fn block(&self) -> String {
        let line = |name: String, pace: &Pace| {
            format!(
                "{name:45}{:9.0}/s  p50 {:6.0} µs  p99 {:6.0} µs\n",
                pace.per_s, pace.median_us, pace.p99_us
            )
        };
        format!(
            "{}{}{}A full event answers {:.2} times as slowly as an empty one.",
            line("a server that does nothing".to_owned(), &self.empty),
            line("POST …/registrant, an empty event".to_owned(), &self.first),
            line(format!("POST …/registrant, behind {} people", self.people), &self.full),
            self.slowdown(),
        )
    }
}

fn two_places(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
