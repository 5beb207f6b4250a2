//! How long a webinar is compared with ON24's list, beside fetching that list alone in the same run.
//!
//! `cargo bench -p webinar-bridge-tests --bench reconcile -- [--registrations N] [--json] [--check]`
//!
//! The people are delivered beforehand by the bridge itself. Each time the list is fetched by the same adapter, and then the whole
//! comparison is asked for and done; the emulators run in a process of their own.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on ends, and says at what")]

use std::process::ExitCode;

use clap::Parser;
use serde_json::json;
use tempfile::TempDir;
use webinar_bridge_app::pipeline::Seat;
use webinar_bridge_domain::flow::Rest;
use webinar_bridge_domain::id::ProviderEventId;
use webinar_bridge_domain::port::RegistrantQuery;
use webinar_bridge_domain::task::{Findings, Job};
use webinar_bridge_tests::bench::peer::Peer;
use webinar_bridge_tests::bench::site::Site;
use webinar_bridge_tests::bench::usual::Usual;
use webinar_bridge_tests::bench::{median, now, process, rounded};

/// The bar that `--check` holds it to.
const TIMES: f64 = 2.0;
/// How often both are done.
const ROUNDS: usize = 3;

#[derive(Parser)]
#[command(
    about = "Measures a comparison with ON24's list beside fetching the list",
    after_help = "--check ends with 3 above twice the time of fetching, or when something differs."
)]
struct Flags {
    /// Registrations of the webinar.
    #[arg(long, default_value_t = 100_000)]
    registrations: u32,
    #[command(flatten)]
    usual: Usual,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    if flags.usual.serves().await {
        return ExitCode::SUCCESS;
    }
    let peer = Peer::start(flags.registrations);
    let folder = TempDir::new().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("bridge.db").display());
    let site = Site::open(&peer.ready, &url).await;
    eprintln!("reading the CRM");
    site.observed(flags.registrations.into()).await;
    eprintln!("delivering");
    let tasks = site.start(&[Seat::Deliver]);
    site.watched.until(usize::try_from(flags.registrations).expect("a count")).await;
    site.loops.stop.cancel();
    tasks.wait().await;
    let event = ProviderEventId::new(peer.ready.on24.event_id.to_string());
    let (mut fetched, mut compared) = (vec![], vec![]);
    let mut found = Findings::default();
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        fetched.push(fetch(&site, &event).await);
        let (time, findings) = compare(&site).await;
        compared.push(time);
        found = findings;
    }
    site.store.close().await.expect("the store closes");
    let (fetched, compared) = (median(fetched), median(compared));
    let times = compared / fetched;
    let right = found.same == u64::from(flags.registrations) && found.drift() == 0;
    let line = json!({
        "registrations": flags.registrations, "fetched_ms": rounded(fetched, 0), "compared_ms": rounded(compared, 0),
        "times": rounded(times, 2), "same": found.same, "rss_peak_mib": rounded(process::peak_mib(), 0),
    });
    let block = format!(
        "fetching the list    {fetched:6.0} ms\ncomparing with it    {compared:6.0} ms  = {times:.2} times\nof {} registrations {} are the \
         same, {:.0} MiB at the most",
        flags.registrations,
        found.same,
        process::peak_mib()
    );
    flags.usual.end(&line.to_string(), &block, right && times <= TIMES)
}

/// How long the list takes, in milliseconds.
async fn fetch(site: &Site, event: &ProviderEventId) -> f64 {
    let query = RegistrantQuery { organization: site.organization, event: event.clone(), page: None };
    let began = now();
    let page = site.bridge.ports().registrar.registrants(&query).await.expect("the list");
    assert!(page.complete && page.next.is_none(), "the list is whole");
    began.elapsed().as_secs_f64() * 1e3
}

/// Asks for a comparison and does it; how long that takes, in milliseconds, and what it found.
async fn compare(site: &Site) -> (f64, Findings) {
    let (bridge, organization) = (&site.bridge, site.organization);
    let names = bridge.desk.reconcile(organization, None, true).await.expect("a task");
    let began = now();
    while bridge.tasks.step().await.expect("a step").rest == Rest::Now {}
    let elapsed = began.elapsed().as_secs_f64() * 1e3;
    let tasks = bridge.desk.tasks(organization).await.expect("the tasks");
    let task = tasks.into_iter().find(|task| names.contains(&task.name)).expect("the task");
    match task.job {
        Job::Reconcile { found: Some(found), .. } if task.due.is_none() => (elapsed, found),
        other => panic!("it did not come to its end: {other:?}"),
    }
}
