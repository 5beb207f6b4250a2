//! Chaos: see `webinar_bridge_tests::chaos`.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use webinar_bridge_tests::bench::now;
use webinar_bridge_tests::chaos::{Binary, Outcome, answers, kills, outages};

/// Kills and starves the real program while people work, and audits what became of them.
#[derive(Parser)]
struct Flags {
    /// At how many points the program is killed.
    #[arg(long, default_value_t = 200)]
    points: u32,
    /// How many registrations lose answers.
    #[arg(long, default_value_t = 5_000)]
    registrations: u32,
    /// Decides what is left to chance.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Only these.
    #[arg(long)]
    only: Vec<Phase>,
}

/// What is done to it.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Phase {
    Kills,
    Answers,
    Outages,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    // Whoever was first, it is the same one.
    drop(rustls::crypto::ring::default_provider().install_default());
    let binary = match Binary::beside_this() {
        Ok(binary) => binary,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    let mut right = true;
    for (phase, name) in
        [(Phase::Kills, "kills"), (Phase::Answers, "lost answers"), (Phase::Outages, "outages")]
    {
        if !flags.only.is_empty() && !flags.only.contains(&phase) {
            continue;
        }
        let began = now();
        let (outcome, most) = match phase {
            Phase::Kills => (Box::pin(kills(&binary, flags.points, flags.seed)).await, 110),
            Phase::Answers => (Box::pin(answers(&binary, flags.registrations, flags.seed)).await, 150),
            Phase::Outages => (Box::pin(outages(&binary, flags.seed)).await, 150),
        };
        println!("{name}, {} s", (now() - began).as_secs());
        right &= told(&outcome, most);
    }
    if flags.only.is_empty() || flags.only.contains(&Phase::Kills) {
        let bound = 3.0 / f64::from(flags.points.max(1));
        println!("At 95 % confidence fewer than {bound:.4} of such kills lose or double somebody (3/N).");
    }
    if right { ExitCode::SUCCESS } else { ExitCode::from(3) }
}

/// Prints what a phase saw; whether it is right. `most`: writes for a hundred wanted states.
fn told(outcome: &Outcome, most: u64) -> bool {
    for (what, n) in &outcome.happened {
        println!("{n:>8} {what}");
    }
    let found = &outcome.findings;
    println!(
        "{:>8} persons wanted: {} lost, {} duplicated, {} undead, {} extra, {} stale",
        found.wanted, found.lost, found.duplicated, found.undead, found.extra, found.stale
    );
    let hundredths = found.writes * 100 / outcome.states.max(1);
    println!(
        "{:>8} writes for {} wanted states: {}.{:02} each",
        found.writes,
        outcome.states,
        hundredths / 100,
        hundredths % 100
    );
    for complaint in &outcome.complaints {
        println!("   WRONG {complaint}");
    }
    found.is_right() && hundredths <= most && outcome.complaints.is_empty()
}
