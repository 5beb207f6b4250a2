//! Simulates the whole bridge, seed after seed, while everything goes wrong.
//!
//! `cargo run --release -p webinar-bridge-tests --bin sim -- [--seeds N] [--from SEED] [--twice N] [--show N]`
//!
//! Ends with 3 when a run violates what the bridge promises, when a seed is not the same run twice, or when one of the
//! troubles that the runs are about never came.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use webinar_bridge_tests::bench::now;
use webinar_bridge_tests::sim::{Figures, Run, run};

#[derive(Parser)]
#[command(about = "Simulates the whole bridge while everything goes wrong")]
struct Flags {
    /// How many seeds.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many of them run twice, to see whether they are the same run.
    #[arg(long, default_value_t = 20)]
    twice: u64,
    /// How many of the last happenings are shown of a run that went wrong.
    #[arg(long, default_value_t = 40)]
    show: usize,
}

/// What must have come at least once, or the runs say nothing.
const TROUBLES: [&str; 26] = [
    "write not sent",
    "write failed, not done",
    "write done late",
    "write's answer lost",
    "write denied in unknown words",
    "calls beyond the quota",
    "read failed",
    "CRM read failed",
    "CRM asks to wait",
    "CRM forgot the place",
    "CRM write failed, not done",
    "CRM write's answer lost",
    "answer's item failed",
    "check-in failed",
    "store unavailable",
    "store's answer lost",
    "spells",
    "kills",
    "kills with calls out",
    "freezes",
    "stops",
    "mass deletions",
    "brakes approved",
    "changes in the CRM",
    "registrants meddled with",
    "comparisons asked for",
];

fn main() -> ExitCode {
    let flags = Flags::parse();
    let began = now();
    let (mut figures, mut simulated, mut wrong) = (Figures::default(), Duration::ZERO, 0_u64);
    for n in 0..flags.seeds {
        let seed = flags.from + n;
        let done = run(seed, flags.show);
        wrong += u64::from(tell(&done));
        if n < flags.twice && run(seed, 0).trace != done.trace {
            println!("seed {seed} is not the same run twice");
            wrong += 1;
        }
        figures.add(&done.figures);
        simulated += done.simulated;
    }
    for (what, n) in &figures.0 {
        println!("{n:>10} {what}");
    }
    let missing: Vec<&str> = TROUBLES.into_iter().filter(|name| !figures.0.contains_key(name)).collect();
    for trouble in &missing {
        println!("never came: {trouble}");
    }
    let (seeds, hours) = (flags.seeds, simulated.as_secs() / 3_600);
    println!(
        "{seeds} seeds, {hours} simulated hours, {wrong} violations, {:.0} s",
        began.elapsed().as_secs_f64()
    );
    if wrong == 0 {
        #[expect(clippy::cast_precision_loss, reason = "a count of seeds is far below 2^52")]
        let bound = 3.0 / seeds.max(1) as f64;
        println!("At 95 % confidence fewer than {bound:.4} of such runs violate a promise (3/N).");
    }
    if wrong == 0 && missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) }
}

/// Tells of a run that went wrong; whether it did.
fn tell(run: &Run) -> bool {
    let Some((what, last)) = &run.violation else { return false };
    for line in last {
        println!("{line}");
    }
    println!("seed {}: {what}", run.seed);
    println!(
        "again: cargo run --release -p webinar-bridge-tests --bin sim -- --from {} --seeds 1 --show 400",
        run.seed
    );
    true
}
