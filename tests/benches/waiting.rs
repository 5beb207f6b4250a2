//! What it means for a bridge that very many wait: its memory, its start after a kill, and somebody whose webinar is about to
//! begin.
//!
//! `cargo bench -p webinar-bridge-tests --bench waiting -- [--many N] [--json] [--check]`
//!
//! The stores are filled through their own ports, not through a CRM. Memory and starts are those of bridges in processes of
//! their own, with all of their loops on, which are killed while they deliver. The emulators are another process. Nothing is
//! paced.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on ends, and says at what")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};
use tempfile::TempDir;
use webinar_bridge_app::pipeline::Seat;
use webinar_bridge_domain::balance::Scope;
use webinar_bridge_domain::time::SignedDuration;
use webinar_bridge_emulator::Ready;
use webinar_bridge_tests::bench::crowd::Crowd;
use webinar_bridge_tests::bench::peer::Peer;
use webinar_bridge_tests::bench::site::Site;
use webinar_bridge_tests::bench::usual::Usual;
use webinar_bridge_tests::bench::{load, median, now, percentile_ms, process, rounded};

/// The bars that `--check` holds the bridge to.
const MORE_MEMORY: f64 = 1.1;
const MEMORY_MIB: f64 = 64.0;
const SLOWER_START: f64 = 3.0;
const START_MS: f64 = 1_000.0;
const URGENT: Duration = Duration::from_secs(5);

/// How many are read from the CRM, for the bridge to know the webinar.
const READ: u32 = 10;
/// As good as nobody, but enough to be killed among.
const NOBODY: u32 = 2_000;
const SOME: u32 = 100_000;
const BACKLOG: u32 = 200_000;
/// How many a bridge delivers before its memory is read.
const DELIVERED: usize = 10_000;
/// How often each start is measured, in turn.
const STARTS: usize = 5;
/// How many come who are urgent, so many at once, so often.
const URGENT_PEOPLE: u32 = 2_000;
const URGENT_AT_ONCE: u32 = 20;
const URGENT_EVERY: Duration = Duration::from_millis(500);
/// How long ON24 takes for a call while they come: with the calls of 64, the backlog outlasts them.
const CALL: &str = "delay:50ms";
/// When the webinar of the urgent begins.
const BEGINS_IN: SignedDuration = SignedDuration::from_mins(10);

#[derive(Parser)]
#[command(
    about = "Measures a bridge before which very many wait",
    after_help = "--check ends with 3 above 1.1 times the memory or 64 MiB, above 3 times the start or 1 s, or when more than one in a thousand of the urgent takes 5 s."
)]
struct Flags {
    /// How many are very many.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(200_001..))]
    many: u32,
    /// Is a bridge on this store instead of measuring; the program's own.
    #[arg(long, hide = true)]
    work: Option<PathBuf>,
    #[command(flatten)]
    usual: Usual,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    if flags.usual.serves().await {
        return ExitCode::SUCCESS;
    }
    if let Some(store) = &flags.work {
        work(store).await;
        return ExitCode::SUCCESS;
    }
    let measured = Box::pin(measure(&flags)).await;
    flags.usual.end(&measured.line(), &measured.block(flags.many), measured.is_enough())
}

fn url(store: &Path) -> String {
    format!("sqlite://{}", store.display())
}

/// Delivers until it is killed: says when the first is settled, and what memory it has when many are.
async fn work(store: &Path) {
    let mut ready = String::new();
    std::io::stdin().read_line(&mut ready).expect("where the emulators are");
    let ready: Ready = serde_json::from_str(&ready).expect("where the emulators are");
    let site = Site::open(&ready, &url(store)).await;
    let tasks = site.start(&Seat::ALL);
    site.watched.until(1).await;
    say(&json!({ "first": true }));
    site.watched.until(DELIVERED - 1).await;
    say(&json!({ "resident_mib": process::resident_mib(), "peak_mib": process::peak_mib() }));
    tasks.wait().await;
}

fn say(line: &Value) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("standard output");
}

/// A bridge in a process of its own.
struct Worker {
    child: Child,
    said: BufReader<ChildStdout>,
    began: Instant,
}

impl Worker {
    fn start(store: &Path, peer: &Peer) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg("--work").arg(store).stdin(Stdio::piped()).stdout(Stdio::piped());
        let began = now();
        let mut child = command.spawn().expect("a second process");
        let mut input = child.stdin.take().expect("its input");
        let ready = serde_json::to_string(&peer.ready).expect("a line");
        writeln!(input, "{ready}").expect("it reads");
        let said = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, said, began }
    }

    fn says(&mut self) -> Value {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("its output");
        serde_json::from_str(&line).expect("a line of JSON")
    }

    /// How long after its start it had delivered somebody, in milliseconds.
    fn first_ms(&mut self) -> f64 {
        assert_eq!(self.says(), json!({ "first": true }));
        self.began.elapsed().as_secs_f64() * 1e3
    }
}

impl Drop for Worker {
    /// By SIGKILL, while calls are out.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

struct Measured {
    /// Resident and peak, behind some and behind many.
    some_mib: (f64, f64),
    many_mib: (f64, f64),
    /// From the start after a kill to the first delivery.
    nobody_ms: f64,
    many_ms: f64,
    /// From intake to settlement, of those who are urgent, in rising order.
    urgent: Vec<Duration>,
    /// How many still waited behind them at the end.
    left: u64,
}

async fn measure(flags: &Flags) -> Measured {
    let folder = TempDir::new().expect("a folder");
    let peer = Peer::start(READ);
    let counts = [NOBODY, SOME, BACKLOG, flags.many];
    let [nobody, some, backlog, many] = filled(&peer, folder.path(), counts).await;
    let some_mib = memory(&some, &peer);
    let many_mib = memory(&many, &peer);
    eprintln!("killing and starting");
    let (mut nobody_ms, mut many_ms) = (vec![], vec![]);
    // Once so that there was a kill before each, as there was for the others.
    Worker::start(&nobody, &peer).first_ms();
    for _ in 0..STARTS {
        nobody_ms.push(Worker::start(&nobody, &peer).first_ms());
        many_ms.push(Worker::start(&many, &peer).first_ms());
    }
    let (urgent, left) = urgent(&peer, &backlog).await;
    Measured { some_mib, many_mib, nobody_ms: median(nobody_ms), many_ms: median(many_ms), urgent, left }
}

/// Stores in which so many wait, each a copy of the next one on its way to the last count.
async fn filled(peer: &Peer, folder: &Path, counts: [u32; 4]) -> [PathBuf; 4] {
    let growing = folder.join("growing.db");
    let mut there = 0;
    let mut stores = counts.map(|count| folder.join(format!("{count}.db")));
    for (count, store) in counts.into_iter().zip(&mut stores) {
        eprintln!("{count} are put before it");
        let site = Site::open(&peer.ready, &url(&growing)).await;
        if there == 0 {
            site.observed(u64::from(READ)).await;
        }
        Crowd::of(&site.bridge, site.organization).await.wait(there..count).await;
        site.store.close().await.expect("the store closes");
        std::fs::copy(&growing, &store).expect("room for a copy");
        there = count;
    }
    stores
}

/// What a bridge has resident after it delivered some, and had at the most.
fn memory(store: &Path, peer: &Peer) -> (f64, f64) {
    eprintln!("delivering from {}", store.display());
    let mut worker = Worker::start(store, peer);
    worker.first_ms();
    let said = worker.says();
    let mib = |name: &str| said[name].as_f64().expect("a number");
    (mib("resident_mib"), mib("peak_mib"))
}

/// Has people come whose webinar is about to begin, while a backlog is delivered.
async fn urgent(peer: &Peer, store: &Path) -> (Vec<Duration>, u64) {
    eprintln!("{URGENT_PEOPLE} come who are urgent");
    let client = load::client();
    peer.on24_weather(
        &client,
        &json!({ "operation": "*", "effect": CALL, "probability": 1.0, "count": null }),
    )
    .await;
    let site = Site::open(&peer.ready, &url(store)).await;
    let starts = site.bridge.ports().clock.now() + BEGINS_IN;
    let soon = Crowd::of(&site.bridge, site.organization).await.at(starts).await;
    // Not the one that reads the CRM: everybody comes from here.
    let seats = Seat::ALL.into_iter().filter(|seat| *seat != Seat::Observe);
    let tasks = site.start(&seats.collect::<Vec<_>>());
    let mut ticks = tokio::time::interval(URGENT_EVERY);
    let mut come = 0;
    while come < URGENT_PEOPLE {
        ticks.tick().await;
        // Numbers that nobody in the backlog has.
        let from = u32::MAX / 2 + come;
        soon.wait(from..from + URGENT_AT_ONCE).await;
        site.bridge.ports().bell.ring();
        come += URGENT_AT_ONCE;
    }
    let mut times =
        site.watched.until_whole(site.organization, usize::try_from(come).expect("a count")).await;
    let balance = site.bridge.desk.balance(site.organization, Scope::Organization).await.expect("a balance");
    site.loops.stop.cancel();
    tasks.wait().await;
    site.store.close().await.expect("the store closes");
    times.sort_unstable();
    (times, balance.persons.on_their_way)
}

impl Measured {
    fn more_memory(&self) -> f64 {
        self.many_mib.0 / self.some_mib.0
    }

    fn slower_start(&self) -> f64 {
        self.many_ms / self.nobody_ms
    }

    fn late(&self) -> usize {
        self.urgent.iter().filter(|time| **time >= URGENT).count()
    }

    fn is_enough(&self) -> bool {
        self.more_memory() <= MORE_MEMORY
            && self.many_mib.1 <= MEMORY_MIB
            && self.slower_start() <= SLOWER_START
            && self.many_ms <= START_MS
            && self.late() * 1_000 <= self.urgent.len()
            && self.left > 0
    }

    fn line(&self) -> String {
        json!({
            "some_mib": rounded(self.some_mib.0, 1),
            "many_mib": rounded(self.many_mib.0, 1),
            "many_peak_mib": rounded(self.many_mib.1, 1),
            "memory": rounded(self.more_memory(), 2),
            "start_ms": rounded(self.nobody_ms, 1),
            "start_many_ms": rounded(self.many_ms, 1),
            "start": rounded(self.slower_start(), 2),
            "urgent": self.urgent.len(),
            "urgent_p50_ms": rounded(percentile_ms(&self.urgent, 50), 1),
            "urgent_max_ms": rounded(percentile_ms(&self.urgent, 100), 1),
            "urgent_late": self.late(),
            "left": self.left,
        })
        .to_string()
    }

    fn block(&self, many: u32) -> String {
        format!(
            "resident memory       {:6.1} MiB behind {SOME}\n\
             {:28.1} MiB behind {many} = {:.2} times; {:.1} MiB at the most\n\
             killed, then first    {:6.1} ms among {NOBODY}\n\
             {:28.1} ms among {many} = {:.2} times\n\
             urgent, behind {BACKLOG}  p50 {:.1} ms, p99 {:.1} ms, at the most {:.1} ms\n\
             of {} urgent           {} took 5 s or longer; {} still waited then",
            self.some_mib.0,
            self.many_mib.0,
            self.more_memory(),
            self.many_mib.1,
            self.nobody_ms,
            self.many_ms,
            self.slower_start(),
            percentile_ms(&self.urgent, 50),
            percentile_ms(&self.urgent, 99),
            percentile_ms(&self.urgent, 100),
            self.urgent.len(),
            self.late(),
            self.left,
        )
    }
}
