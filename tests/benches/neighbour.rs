//! What an organization feels of another whose ON24 account is broken, out of quota, or hangs.
//!
//! `cargo bench -p webinar-bridge-tests --bench neighbour -- [--rounds N] [--json] [--check]`
//!
//! Two organizations of one bridge, each with an ON24 of its own in a process of its own. People of the healthy one come at
//! a steady rate, and each is timed from intake to settlement: first while nobody of the other waits, then while many of
//! it do. Bounds and gates are as they are by default; people are put into the store through its own ports, not through a CRM.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on ends, and says at what")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use webinar_bridge_app::pipeline::Seat;
use webinar_bridge_tests::bench::crowd::Crowd;
use webinar_bridge_tests::bench::peer::Peer;
use webinar_bridge_tests::bench::site::{Manner, Site};
use webinar_bridge_tests::bench::usual::Usual;
use webinar_bridge_tests::bench::{load, percentile_ms, rounded};
use webinar_bridge_tests::house;

/// The bar that `--check` holds it to.
const SLOWER_AT_MOST: f64 = 1.15;

/// What befalls the neighbour, by the emulator's name of it; nothing first.
const TROUBLES: [(&str, Option<&str>); 4] = [
    ("alone", None),
    ("broken", Some("status:500")),
    ("out of quota", Some("quota")),
    ("hanging", Some("hang")),
];
/// How many are read from each CRM, for the bridge to know the webinar.
const READ: u32 = 10;
/// How many of the neighbour wait.
const WAITING: u32 = 5_000;
/// How many people of the healthy one come in a round, so many at once, so often.
const PEOPLE: u32 = 600;
const AT_ONCE: u32 = 3;
const EVERY: Duration = Duration::from_millis(100);
/// How long the healthy ON24 takes for a call.
const CALL: &str = "delay:50ms";

#[derive(Parser)]
#[command(
    about = "Measures what an organization feels of another's trouble",
    after_help = "--check ends with 3 when somebody else's trouble makes the slowest hundredth more than 1.15 times as slow."
)]
struct Flags {
    /// How often each trouble is looked at, in turn. Once is too few for the slowest hundredth to mean much.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    #[command(flatten)]
    usual: Usual,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    if flags.usual.serves().await {
        return ExitCode::SUCCESS;
    }
    let mut felt = TROUBLES.map(|(name, _)| Felt { name, times: vec![], calls: 0 });
    for _ in 0..flags.rounds {
        for (felt, (name, trouble)) in felt.iter_mut().zip(TROUBLES) {
            eprintln!("{name}");
            let (times, calls) = Box::pin(round(trouble)).await;
            felt.times.extend(times);
            felt.calls += calls;
        }
    }
    for felt in &mut felt {
        felt.times.sort_unstable();
    }
    let alone = felt[0].p99_ms();
    let enough = felt.iter().all(|felt| felt.p99_ms() <= alone * SLOWER_AT_MOST);
    flags.usual.end(&line(&felt), &block(&felt), enough)
}

/// What the healthy organization felt of a trouble.
struct Felt {
    name: &'static str,
    /// In rising order, once all are there.
    times: Vec<Duration>,
    /// How many calls the neighbour's ON24 saw meanwhile.
    calls: u64,
}

impl Felt {
    fn p99_ms(&self) -> f64 {
        percentile_ms(&self.times, 99)
    }
}

/// From intake to settlement of the healthy one's people, and how many calls the neighbour's ON24 saw meanwhile.
async fn round(trouble: Option<&str>) -> (Vec<Duration>, u64) {
    let folder = TempDir::new().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("bridge.db").display());
    let client = load::client();
    let (healthy, other) = (Peer::start(READ), Peer::start(READ));
    let weather =
        |effect: &str| json!({ "operation": "*", "effect": effect, "probability": 1.0, "count": null });
    healthy.on24_weather(&client, &weather(CALL)).await;
    let site = Site::of(&healthy.ready, &url, Manner::usual()).await;
    site.observed(READ.into()).await;
    let neighbour = house::activated(&site.bridge, &other.ready, "Fabrikam").await;
    site.observed_of(neighbour, READ.into()).await;
    if let Some(effect) = trouble {
        other.on24_weather(&client, &weather(effect)).await;
        Crowd::of(&site.bridge, neighbour).await.wait(0..WAITING).await;
    }
    let seats = Seat::ALL.into_iter().filter(|seat| *seat != Seat::Observe);
    let tasks = site.start(&seats.collect::<Vec<_>>());
    let ours = Crowd::of(&site.bridge, site.organization).await;
    let mut ticks = tokio::time::interval(EVERY);
    let mut come = 0;
    // The first are not counted, nor those of the CRM: tokens are fetched and connections made.
    let warm = AT_ONCE * 10;
    while come < PEOPLE + warm {
        ticks.tick().await;
        ours.wait(come..come + AT_ONCE).await;
        site.bridge.ports().bell.ring();
        come += AT_ONCE;
        if come == warm {
            site.watched.until_whole(site.organization, (READ + warm) as usize).await;
        }
    }
    let times = site.watched.until_whole(site.organization, PEOPLE as usize).await;
    let calls = other.writes(&client).await;
    site.loops.stop.cancel();
    tasks.wait().await;
    site.store.close().await.expect("the store closes");
    assert!(trouble.is_none() || calls > 0, "the neighbour tried");
    (times, calls)
}

fn line(all: &[Felt; 4]) -> String {
    let mut line = Map::new();
    for felt in all {
        let value: Value = json!({
            "people": felt.times.len(),
            "p50_ms": rounded(percentile_ms(&felt.times, 50), 1),
            "p99_ms": rounded(felt.p99_ms(), 1),
            "times": rounded(felt.p99_ms() / all[0].p99_ms(), 3),
            "calls": felt.calls,
        });
        line.insert(felt.name.replace(' ', "_"), value);
    }
    Value::Object(line).to_string()
}

fn block(all: &[Felt; 4]) -> String {
    let row = |felt: &Felt| {
        format!(
            "{:13} p50 {:5.1} ms, p99 {:5.1} ms = {:.2} times; the neighbour's ON24 saw {} calls",
            felt.name,
            percentile_ms(&felt.times, 50),
            felt.p99_ms(),
            felt.p99_ms() / all[0].p99_ms(),
            felt.calls,
        )
    };
    all.iter().map(row).collect::<Vec<_>>().join("\n")
}
