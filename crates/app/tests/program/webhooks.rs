//! Webhooks over real sockets: what Dataverse sends is heard, and what anybody else sends does no harm.

use reqwest::{Client, Method};
use serde_json::json;

use crate::bridge::{Peers, Serve};
use crate::process::{eventually, free_address};

const ENDPOINT: &str = "000102030405060708090a0b0c0d0e0f";
const SECRET: &str = "a-webhook-secret-of-32-characters";

/// A service that polls once an hour, with a door that its environment declares.
fn listening(peers: &Peers) -> Serve<'_> {
    let variables = [
        ("WEBINAR_BRIDGE__TIMING__POLL", "1h"),
        ("WEBINAR_BRIDGE__ORGANIZATION__0__WEBHOOK__ENDPOINT", ENDPOINT),
        ("WEBINAR_BRIDGE__ORGANIZATION__0__WEBHOOK__SECRET", SECRET),
        // One heap for all threads: else each grows to its own peak at a time of its own, which would look like a leak.
        ("MALLOC_ARENA_MAX", "1"),
    ];
    let store = peers.folder.path().join("bridge.db");
    Serve::start(peers, &store, [free_address(), free_address()], &variables)
}

fn door(serve: &Serve<'_>) -> String {
    format!("{}/hooks/dataverse/{ENDPOINT}", serve.public)
}

fn metric(serve: &Serve<'_>, peers: &Peers, name: &str) -> u64 {
    let (_, text) = peers.http.try_text(&format!("{}/metrics", serve.private)).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    line.unwrap_or(0)
}

#[test]
fn a_change_reaches_on24_by_a_webhook_long_before_the_next_poll() {
    let peers = Peers::with(3);
    let serve = listening(&peers);
    serve.settles_at(3);
    peers.sends_webhooks(&door(&serve), "x-webinar-bridge-key", SECRET);
    let rows = peers.crm_rows("msevtmgt_eventregistrations?$select=_msevtmgt_contactid_value");
    let id = |n: usize, column: &str| rows[n][column].as_str().unwrap().to_owned();
    let contact = format!("contacts({})", id(0, "_msevtmgt_contactid_value"));
    peers.crm(Method::PATCH, &contact, Some(&json!({ "firstname": "Augusta" })));
    let renamed = || peers.live().values().any(|[first, ..]| first == "Augusta");
    eventually(renamed);
    let gone = format!("msevtmgt_eventregistrations({})", id(1, "msevtmgt_eventregistrationid"));
    peers.crm(Method::DELETE, &gone, None);
    eventually(|| peers.live().len() == 2);
    assert!(metric(&serve, &peers, "webinar_bridge_webhooks_total{outcome=\"stored\"}") > 0);
    assert_eq!(metric(&serve, &peers, "webinar_bridge_webhook_missed_total"), 0);
    let (status, shown) = serve.api(Method::GET, &format!("{}/webhook", serve.home()), None);
    assert_eq!(status, 200, "{shown}");
    assert!(shown["heard"].is_string() && !shown.to_string().contains(SECRET));
}

/// How much memory of its own a process has in use, in KiB; not what it maps of its program's file.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

/// A body that is wrong in the `n`-th way.
fn spoilt(n: usize) -> Vec<u8> {
    let row = format!("{:032x}", 0x1234_5678_u128 + n as u128);
    let whole = json!({
        "PrimaryEntityName": "msevtmgt_eventregistration", "PrimaryEntityId": row, "MessageName": "Update",
        "OperationId": row, "InputParameters": [{ "key": "Target", "value": { "Attributes": [] } }],
    })
    .to_string();
    match n % 12 {
        0 => whole.as_bytes()[..=n % (whole.len() - 1)].to_vec(),
        1 => whole.replace("PrimaryEntityId", "PrimaryEntityIdd").into_bytes(),
        2 => whole.replace(&row, &"z".repeat(n % 50)).into_bytes(),
        3 => vec![0xff; 1 + n % 300],
        4 => "[".repeat(1 + n % 5_000).into_bytes(),
        5 => format!("{}{}{}", "{\"a\":".repeat(40), "1", "}".repeat(40)).into_bytes(),
        6 => format!("\u{feff}{whole}").into_bytes(),
        7 => whole.replace('"', "'").into_bytes(),
        8 => whole.replace("\"Update\"", &format!("\"{}\"", "x".repeat(200))).into_bytes(),
        9 => format!("{whole}{whole}").into_bytes(),
        10 => whole.replace("\"Update\"", "17").into_bytes(),
        _ => vec![],
    }
}

/// Sends spoilt bodies, some at a time; how often each status was answered.
fn storm(url: &str, from: usize, to: usize) -> std::collections::BTreeMap<u16, usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::builder().no_proxy().build().unwrap();
        let mut answers = std::collections::BTreeMap::new();
        let numbers: Vec<usize> = (from..to).collect();
        for some in numbers.chunks(32) {
            let knock = |n: &usize| {
                let request = client.post(url).header("x-webinar-bridge-key", SECRET);
                request.header("content-type", "application/json").body(spoilt(*n)).send()
            };
            for answer in futures::future::join_all(some.iter().map(knock)).await {
                *answers.entry(answer.unwrap().status().as_u16()).or_insert(0) += 1;
            }
        }
        answers
    })
}

#[test]
fn ten_thousand_spoilt_notices_cost_nothing() {
    let peers = Peers::with(1);
    let serve = listening(&peers);
    serve.settles_at(1);
    let pid = serve.program.pid();
    // Connections, caches and the allocator come to their size with the first of them.
    let warm = storm(&door(&serve), 0, 10_000);
    let before = resident(pid);
    let cold = storm(&door(&serve), 10_000, 20_000);
    let after = resident(pid);
    println!("answers {warm:?} and {cold:?}; resident {before} KiB, then {after} KiB");
    for answers in [&warm, &cold] {
        assert_eq!(answers.keys().collect::<Vec<_>>(), [&400], "only refusals, and no 5xx: {answers:?}");
    }
    assert!(after * 100 <= before * 105, "memory grew from {before} to {after} KiB");
    let (status, text) = peers.http.try_text(&format!("{}/metrics", serve.private)).unwrap();
    assert!(status == 200 && text.contains("webinar_bridge_panics_total 0"), "{text}");
    assert!(text.contains("webinar_bridge_webhooks_total{outcome=\"malformed\"} 20000"), "{text}");
    serve.settles_at(1);
}
