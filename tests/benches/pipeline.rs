//! How many registrations a second are delivered durably, beside the plain HTTP client in the same run.
//!
//! `cargo bench -p webinar-bridge-tests --bench pipeline -- [--registrations N] [--rate N] [--database-url URL] [--json] [--check]`
//!
//! Timed from the first claim to the last settlement of registrations that were observed beforehand: the sealed details
//! are opened, mapped and sent, every call is journalled before it is made, and its end is settled durably with its facts.
//! The pace and the bounds per organization are off. The emulators run in a process of their own.
//!
//! With `--rate N`, everybody is brought to ON24 first; then N people a second cancel in the CRM, each with a hint as its
//! webhook gives, and each is timed from the moment the bridge has read the row to the durable settlement. What comes before,
//! the lingering over hints (250 ms) and the reading itself, is not in it; the budget of reads is off.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on ends, and says at what")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;
use webinar_bridge_app::pipeline::Seat;
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::flow::Rest;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{CrmRow, CrmTable, Hint};
use webinar_bridge_tests::bench::peer::Peer;
use webinar_bridge_tests::bench::site::Site;
use webinar_bridge_tests::bench::usual::Usual;
use webinar_bridge_tests::bench::watch::Seen;
use webinar_bridge_tests::bench::{load, now, per_second, percentile_ms, process, rounded};
use webinar_bridge_tests::crm::Crm;

/// The bars that `--check` holds the pipeline to.
const RATIO: f64 = 0.40;
const PEAK_MIB: f64 = 256.0;
const SEEN_TO_SETTLED_P99_MS: f64 = 50.0;
/// How often people cancel, several at once.
const CANCELS_A_SECOND: u32 = 50;

#[derive(Parser)]
#[command(
    about = "Measures durable deliveries beside the plain HTTP client",
    after_help = "--check ends with 3 below 0.40 of the plain client, above 256 MiB, above 50 ms at a rate, or when anybody is lost or doubled."
)]
struct Flags {
    /// Registrations to deliver.
    #[arg(long, default_value_t = 20_000)]
    registrations: u32,
    /// Instead of a burst, changes that come at this rate a second.
    #[arg(long, value_parser = clap::value_parser!(u32).range(50..=10_000))]
    rate: Option<u32>,
    /// The store; a new SQLite file unless given.
    #[arg(long)]
    database_url: Option<String>,
    #[command(flatten)]
    usual: Usual,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    if flags.usual.serves().await {
        return ExitCode::SUCCESS;
    }
    if let Some(rate) = flags.rate {
        let paced = Box::pin(at_a_rate(&flags, rate)).await;
        return flags.usual.end(&paced.line(), &paced.block(), paced.is_enough());
    }
    let measured = Box::pin(measure(&flags)).await;
    flags.usual.end(&measured.line(), &measured.block(), measured.is_enough())
}

/// A bridge that has read everybody in the CRM, and the folder of its store.
async fn ready(peer: &Peer, flags: &Flags) -> (Site, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let own = format!("sqlite://{}", folder.path().join("bridge.db").display());
    let site = Site::open(&peer.ready, flags.database_url.as_ref().unwrap_or(&own)).await;
    eprintln!("reading the CRM");
    site.observed(u64::from(flags.registrations)).await;
    (site, folder)
}

/// What a run at a rate found.
struct Paced {
    rate: u32,
    changes: usize,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    behind_ms: f64,
    missing: usize,
}

/// Lets everybody be registered, then lets people cancel at the rate.
async fn at_a_rate(flags: &Flags, rate: u32) -> Paced {
    let people = usize::try_from(flags.registrations).expect("a count");
    let peer = Peer::start(flags.registrations);
    let (site, _folder) = ready(&peer, flags).await;
    eprintln!("delivering everybody");
    let tasks = site.start(&[Seat::Observe, Seat::Deliver]);
    site.watched.until(people).await;
    let mut crm = Crm::open(&peer.ready.dataverse).await;
    eprintln!("{rate} a second cancel");
    let at_once = usize::try_from(rate / CANCELS_A_SECOND).expect("a count");
    let pause = Duration::from_secs(1) / CANCELS_A_SECOND;
    let mut ticks = tokio::time::interval(pause);
    let (began, mut changes, mut rounds) = (now(), 0, 0);
    loop {
        ticks.tick().await;
        let cancelled = crm.cancel(at_once).await;
        if cancelled.is_empty() {
            break;
        }
        (changes, rounds) = (changes + cancelled.len(), rounds + 1);
        let hints: Vec<Hint> = cancelled.iter().map(|id| hint(site.organization, id)).collect();
        // As the endpoint does: on disk, then the bell.
        site.bridge.ports().intake.hint(&hints).await.expect("the hints are stored");
        site.bridge.ports().bell.ring();
    }
    let behind = began.elapsed().saturating_sub(pause * rounds);
    let Seen { whole, .. } = site.watched.until(changes).await;
    site.loops.stop.cancel();
    tasks.wait().await;
    let missing = peer.people(&load::client()).await.into_iter().filter(|person| person.live).count();
    site.store.close().await.expect("the store closes");
    let mut whole: Vec<Duration> = whole.into_iter().map(|(_, time)| time).collect();
    whole.sort_unstable();
    Paced {
        rate,
        changes,
        p50_ms: percentile_ms(&whole, 50),
        p99_ms: percentile_ms(&whole, 99),
        max_ms: percentile_ms(&whole, 100),
        behind_ms: behind.as_secs_f64() * 1e3,
        missing: missing + changes.abs_diff(whole.len()),
    }
}

fn hint(organization: OrganizationId, registration: &str) -> Hint {
    let id: Uuid = registration.parse().expect("an id");
    Hint { organization, row: CrmRow { table: CrmTable::Registrations, id: id.into() } }
}

impl Paced {
    /// A client that fell behind has not asked for the rate.
    fn is_enough(&self) -> bool {
        self.p99_ms <= SEEN_TO_SETTLED_P99_MS && self.behind_ms < 1_000.0 && self.missing == 0
    }

    fn line(&self) -> String {
        json!({
            "rate": self.rate,
            "changes": self.changes,
            "p50_ms": rounded(self.p50_ms, 1),
            "p99_ms": rounded(self.p99_ms, 1),
            "max_ms": rounded(self.max_ms, 1),
            "behind_ms": rounded(self.behind_ms, 0),
            "missing": self.missing,
        })
        .to_string()
    }

    fn block(&self) -> String {
        format!(
            "changes a second     {:8} for {} changes; the last came {:.0} ms late\n\
             seen to settled      p50 {:.1} ms, p99 {:.1} ms, at the most {:.1} ms\n\
             not done at ON24     {:8}",
            self.rate, self.changes, self.behind_ms, self.p50_ms, self.p99_ms, self.max_ms, self.missing,
        )
    }
}

/// What a run found.
struct Measured {
    raw_http_per_s: f64,
    delivered_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_s_per_10k: f64,
    rss_peak_mib: f64,
    lost: usize,
    duplicated: usize,
    batch_sizes: [usize; 3],
    answered: bool,
    registrations: u32,
}

async fn measure(flags: &Flags) -> Measured {
    let people = usize::try_from(flags.registrations).expect("a count");
    eprintln!("posting by the plain client");
    let peer = Peer::start(flags.registrations);
    let client = load::client();
    // Once to open the connections, once to measure.
    load::posts_per_second(&client, &peer.ready, people / 10).await;
    let raw_http_per_s = load::posts_per_second(&client, &peer.ready, people).await;

    let (site, _folder) = ready(&peer, flags).await;
    eprintln!("delivering");
    let cpu_before = process::cpu();
    let tasks = site.start(&[Seat::Deliver]);
    let seen = site.watched.until(people).await;
    let cpu = process::cpu().saturating_sub(cpu_before);
    site.loops.stop.cancel();
    tasks.wait().await;
    let rss_peak_mib = process::peak_mib();
    eprintln!("answering the CRM");
    let answered = answered(&site.bridge).await;
    let (lost, duplicated) = audit(&peer, &client, people).await;
    site.store.close().await.expect("the store closes");
    let batch_sizes = seen.batch_sizes();
    let Seen { first, last, mut times, .. } = seen;
    times.sort_unstable();
    let elapsed = last.expect("a settlement") - first.expect("a claim");
    Measured {
        raw_http_per_s,
        delivered_per_s: per_second(people, elapsed),
        p50_ms: percentile_ms(&times, 50),
        p99_ms: percentile_ms(&times, 99),
        cpu_s_per_10k: cpu.as_secs_f64() * 10_000.0 / f64::from(flags.registrations),
        rss_peak_mib,
        lost,
        duplicated,
        batch_sizes,
        answered,
        registrations: flags.registrations,
    }
}

/// Tells the CRM of everybody, and says whether nothing is left to tell.
async fn answered(bridge: &Bridge) -> bool {
    loop {
        let report = bridge.answer.step().await.expect("a step");
        if report.rest != Rest::Now {
            return report.rest == Rest::Idle;
        }
    }
}

/// Who is lost and who is doubled, as ON24 says itself: those of the reference left out, whose addresses are its own.
async fn audit(peer: &Peer, client: &reqwest::Client, people: usize) -> (usize, usize) {
    let mut live: BTreeMap<String, usize> = BTreeMap::new();
    for person in peer.people(client).await {
        if person.live && !person.email.ends_with("@reference.example") {
            *live.entry(person.email).or_default() += 1;
        }
    }
    let duplicated = live.values().filter(|count| **count > 1).count();
    (people.saturating_sub(live.len()), duplicated)
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.delivered_per_s / self.raw_http_per_s
    }

    fn is_enough(&self) -> bool {
        self.ratio() >= RATIO
            && self.rss_peak_mib <= PEAK_MIB
            && (self.lost, self.duplicated, self.answered) == (0, 0, true)
    }

    fn line(&self) -> String {
        json!({
            "raw_http_per_s": self.raw_http_per_s.round(),
            "delivered_per_s": self.delivered_per_s.round(),
            "ratio": rounded(self.ratio(), 3),
            "p50_ms": rounded(self.p50_ms, 1),
            "p99_ms": rounded(self.p99_ms, 1),
            "cpu_s_per_10k": rounded(self.cpu_s_per_10k, 2),
            "rss_peak_mib": rounded(self.rss_peak_mib, 1),
            "lost": self.lost,
            "duplicated": self.duplicated,
        })
        .to_string()
    }

    fn block(&self) -> String {
        let [claimed, journalled, settled] = self.batch_sizes;
        format!(
            "plain HTTP client    {:8.0}/s\n\
             delivered durably    {:8.0}/s  = {:.2} of it\n\
             claim to settled     p50 {:.1} ms, p99 {:.1} ms\n\
             at once              {claimed} claimed, {journalled} journalled, {settled} settled\n\
             the bridge used      {:.2} s of processor for 10 000, {:.0} MiB at the most\n\
             of {} registrations  {} lost, {} doubled, answers {}",
            self.raw_http_per_s,
            self.delivered_per_s,
            self.ratio(),
            self.p50_ms,
            self.p99_ms,
            self.cpu_s_per_10k,
            self.rss_peak_mib,
            self.registrations,
            self.lost,
            self.duplicated,
            if self.answered { "all written" } else { "MISSING" },
        )
    }
}
