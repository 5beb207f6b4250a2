//! How long a webinar is compared with ON24's list, beside fetching that list alone in the same run.
//!
//! `cargo bench -p webinar-bridge-tests --bench reconcile -- [--registrations N] [--json] [--check]`
//!
//! The people are delivered beforehand by the bridge itself. Each time the list is fetched by the same adapter, and then the whole
//! comparison is asked for and done; the emulators run in a process of their own.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on ends, and says at what")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use webinar_bridge_admin::Meters;
use webinar_bridge_app::pipeline::{Board, Loops, Seat};
use webinar_bridge_app::world::SystemClock;
use webinar_bridge_domain::balance::Scope;
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::flow::{Policies, Rest};
use webinar_bridge_domain::id::{OrganizationId, ProviderEventId};
use webinar_bridge_domain::port::RegistrantQuery;
use webinar_bridge_domain::share::SharePolicy;
use webinar_bridge_domain::task::{Findings, Job};
use webinar_bridge_storage::StorageSettings;
use webinar_bridge_tests::bench::peer::{self, Peer};
use webinar_bridge_tests::bench::watch::Watched;
use webinar_bridge_tests::bench::{now, process, rounded};
use webinar_bridge_tests::house::{self, Wiring};

/// The bar that `--check` holds it to.
const TIMES: f64 = 2.0;
/// How often both are done.
const ROUNDS: usize = 3;

#[derive(Parser)]
#[command(about = "Measures a comparison with ON24's list beside fetching the list")]
struct Flags {
    /// Registrations of the webinar.
    #[arg(long, default_value_t = 100_000)]
    registrations: u32,
    /// Prints one JSON line.
    #[arg(long)]
    json: bool,
    /// Ends with 3 above twice the time of fetching, or when something differs.
    #[arg(long)]
    check: bool,
    /// Serves the emulators instead of measuring; the program's own.
    #[arg(long, hide = true)]
    emulate: Option<u32>,
    /// What cargo appends.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    if let Some(registrations) = flags.emulate {
        peer::serve(registrations).await;
        return ExitCode::SUCCESS;
    }
    let peer = Peer::start(flags.registrations);
    let folder = TempDir::new().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("bridge.db").display());
    let store = webinar_bridge_storage::open(&StorageSettings::at(url)).await.expect("a store");
    let watched = Arc::new(Watched::new(Arc::new(store.clone())));
    let board = Arc::new(Board::new());
    let mut policies = Policies { share: SharePolicy::open(), ..Policies::default() };
    policies.pace.paced = false;
    let clock = Arc::new(SystemClock::new());
    let usual = Wiring::of(&store, clock.clone());
    let wiring = Wiring { worklist: watched.clone(), bell: board.clone(), policies, ..usual };
    let bridge = house::bridge(&peer.ready, wiring);
    let organization = house::activated(&bridge, &peer.ready, "Contoso").await;
    eprintln!("reading the CRM");
    observed(&bridge, organization, flags.registrations.into()).await;
    eprintln!("delivering");
    let stop = CancellationToken::new();
    let loops = Loops::new(bridge.clone(), Meters::new("bench"), board, clock, stop);
    let tasks = loops.start_some(&[Seat::Deliver], 64);
    watched.until(usize::try_from(flags.registrations).expect("a count")).await;
    loops.stop.cancel();
    tasks.wait().await;
    let event = ProviderEventId::new(peer.ready.on24.event_id.to_string());
    let (mut fetched, mut compared) = (vec![], vec![]);
    let mut found = Findings::default();
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        fetched.push(fetch(&bridge, organization, &event).await);
        let (time, findings) = compare(&bridge, organization).await;
        compared.push(time);
        found = findings;
    }
    store.close().await.expect("the store closes");
    let (fetched, compared) = (median(fetched), median(compared));
    let times = compared.as_secs_f64() / fetched.as_secs_f64();
    let right = found.same == u64::from(flags.registrations) && found.drift() == 0;
    if flags.json {
        let line = json!({
            "registrations": flags.registrations, "fetched_ms": fetched.as_millis(), "compared_ms": compared.as_millis(),
            "times": rounded(times, 2), "same": found.same, "rss_peak_mib": rounded(process::peak_mib(), 0),
        });
        println!("{line}");
    } else {
        println!(
            "fetching the list    {:6} ms\ncomparing with it    {:6} ms  = {times:.2} times\nof {} registrations {} are the same, \
             {:.0} MiB at the most",
            fetched.as_millis(),
            compared.as_millis(),
            flags.registrations,
            found.same,
            process::peak_mib()
        );
    }
    if flags.check && !(right && times <= TIMES) { ExitCode::from(3) } else { ExitCode::SUCCESS }
}

/// Has the CRM read until everybody is known.
async fn observed(bridge: &Bridge, organization: OrganizationId, registrations: u64) {
    loop {
        let report = bridge.observe.step().await.expect("a step");
        let balance = bridge.desk.balance(organization, Scope::Organization).await.expect("a balance");
        if report.rest != Rest::Now && balance.registrations.crm == registrations {
            return;
        }
    }
}

async fn fetch(bridge: &Bridge, organization: OrganizationId, event: &ProviderEventId) -> Duration {
    let query = RegistrantQuery { organization, event: event.clone(), page: None };
    let began = now();
    let page = bridge.ports().registrar.registrants(&query).await.expect("the list");
    assert!(page.complete && page.next.is_none(), "the list is whole");
    now() - began
}

/// Asks for a comparison, and does it.
async fn compare(bridge: &Bridge, organization: OrganizationId) -> (Duration, Findings) {
    let names = bridge.desk.reconcile(organization, None, true).await.expect("a task");
    let began = now();
    while bridge.tasks.step().await.expect("a step").rest == Rest::Now {}
    let elapsed = now() - began;
    let tasks = bridge.desk.tasks(organization).await.expect("the tasks");
    let task = tasks.into_iter().find(|task| names.contains(&task.name)).expect("the task");
    match task.job {
        Job::Reconcile { found: Some(found), .. } if task.due.is_none() => (elapsed, found),
        other => panic!("it did not come to its end: {other:?}"),
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
