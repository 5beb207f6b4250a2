//! What is done to the program, and what must come of it.

use std::time::Duration;

use fastrand::Rng;
use reqwest::Client;
use serde_json::{Value, json};

use crate::crm::Crm;

use super::audit::{Findings, audit, on24_state, root};
use super::program::{Binary, Fate, Peers, Service, free_addresses, has_strace, was_killed};
use crate::bench::now;

/// What a phase saw.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What the auditor found at the end.
    pub findings: Findings,
    /// How many states were wanted of ON24, one after the other.
    pub states: u64,
    /// How often what happened.
    pub happened: Vec<(&'static str, u64)>,
    /// What was wrong beside that.
    pub complaints: Vec<String>,
}

/// Places where the program can be told to die.
const PLACES: [&str; 10] = [
    "before-claim",
    "after-claim",
    "before-journal",
    "after-journal",
    "before-call",
    "after-call",
    "before-settle",
    "after-settle",
    "before-record",
    "after-record",
];
/// System calls at which it can be killed.
const CALLS: [&str; 4] = ["fdatasync", "pwrite64", "sendto,write,writev", "recvfrom,read"];
/// How many registrations there are while it is killed.
const PEOPLE: u32 = 400;
/// How many of them change at each point.
const CHANGES: usize = 90;
/// How long a process may live at each point.
const LIFE: Duration = Duration::from_secs(8);
/// How long everything may take to come right at the end.
const PATIENCE: Duration = Duration::from_mins(3);

struct Stage {
    binary: Binary,
    peers: Peers,
    crm: Crm,
    client: Client,
    addresses: [String; 2],
    chance: Rng,
    outcome: Outcome,
    /// Settings of the process that finishes.
    settings: Vec<(&'static str, String)>,
}

impl Stage {
    async fn set(binary: &Binary, people: u32, seed: u64) -> Self {
        let peers = Peers::start(binary, people);
        let crm = Crm::open(&peers.dataverse()).await;
        let client = Client::builder().no_proxy().build().expect("a client");
        let outcome = Outcome { states: people.into(), ..Outcome::default() };
        let (addresses, chance) = (free_addresses(), Rng::with_seed(seed));
        Self { binary: binary.clone(), peers, crm, client, addresses, chance, outcome, settings: vec![] }
    }

    fn start(&self, fate: &Fate) -> Service {
        Service::start(&self.binary, &self.peers, &self.addresses, fate)
    }

    fn count(&mut self, what: &'static str, n: u64) {
        match self.outcome.happened.iter_mut().find(|(name, _)| *name == what) {
            Some((_, sum)) => *sum += n,
            None => self.outcome.happened.push((what, n)),
        }
    }

    fn complain(&mut self, what: impl Into<String>) {
        self.outcome.complaints.push(what.into());
    }

    async fn people_work(&mut self) {
        self.outcome.states += self.crm.work(&mut self.chance, CHANGES).await;
    }

    /// How many writes were sent to ON24 so far.
    async fn calls(&self) -> u64 {
        let state = on24_state(&self.peers).await;
        let calls = ["register", "amend"].map(|name| state["calls"][name].as_u64().unwrap_or(0));
        calls.iter().sum()
    }

    async fn weather(&self, peer: &str, rules: &Value) {
        let url = format!("{}/_emulator/weather", root(&self.peers, peer));
        let answer =
            self.client.post(url).json(&json!({ "rules": rules })).send().await.expect("an emulator");
        assert!(answer.status().is_success(), "the rules are known: {}", answer.status());
    }

    /// Waits for something, as long as it may take.
    async fn until(&self, limit: Duration, mut look: impl AsyncFnMut(&Self) -> bool) -> bool {
        let end = now() + limit;
        while now() < end {
            if look(self).await {
                return true;
            }
            pause(Duration::from_millis(100)).await;
        }
        false
    }

    /// Has a healthy process bring everything to an end, and audits it.
    async fn comes_right(mut self) -> Outcome {
        let settings = self.settings.clone();
        let service = self.start(&Fate { settings, ..Fate::default() });
        let settled = self
            .until(PATIENCE, async |stage| {
                let organizations = service.ask(&stage.client, &stage.peers, "").await.unwrap_or_default();
                let Some(id) = organizations[0]["id"].as_str() else { return false };
                let balance = service.ask(&stage.client, &stage.peers, &format!("/{id}/balance")).await;
                let persons = balance.map(|balance| balance["persons"].clone()).unwrap_or_default();
                persons["on_their_way"] == 0 && audit(&stage.peers, &stage.crm).await.is_right()
            })
            .await;
        if !settled {
            self.complain("it does not come right");
        }
        let organizations = service.ask(&self.client, &self.peers, "").await.unwrap_or_default();
        let id = organizations[0]["id"].as_str().unwrap_or_default().to_owned();
        let balance =
            service.ask(&self.client, &self.peers, &format!("/{id}/balance")).await.unwrap_or_default();
        if balance["persons"]["held"] != 0 || balance["adds_up"] != true {
            self.complain(format!("held {}, adds up: {}", balance["persons"]["held"], balance["adds_up"]));
        }
        self.outcome.findings = audit(&self.peers, &self.crm).await;
        service.process.kill();
        self.outcome
    }
}

#[expect(clippy::disallowed_methods, reason = "other processes keep the machine's time")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Kills the program at `points` places while people work (row by row: at a place of its own, at a system call, at some
/// moment), and lets the last one finish.
pub async fn kills(binary: &Binary, points: u32, seed: u64) -> Outcome {
    let mut stage = Stage::set(binary, PEOPLE, seed).await;
    let strace = has_strace();
    if !strace {
        println!("strace is not installed: nothing is killed at system calls");
    }
    for _ in 0..points {
        stage.people_work().await;
        let (kind, fate) = fate(&mut stage.chance, strace);
        let before = stage.calls().await;
        let mut service = stage.start(&fate);
        let life = if kind == "killed at some moment" {
            Duration::from_millis(stage.chance.u64(200..1_800))
        } else {
            LIFE
        };
        let end = now() + life;
        let mut status = None;
        while now() < end && status.is_none() {
            pause(Duration::from_millis(20)).await;
            status = service.process.ended();
        }
        match status {
            Some(status) if was_killed(status) => stage.count(kind, 1),
            Some(status) => stage.complain(format!("it ended by itself: {status} ({fate:?})")),
            None if kind == "killed at some moment" => stage.count(kind, 1),
            None => stage.count("lived on, and was killed then", 1),
        }
        service.process.kill();
        if stage.calls().await > before {
            stage.count("points with calls made", 1);
        }
    }
    let mut outcome = stage.comes_right().await;
    let worked = outcome.happened.iter().find(|(name, _)| *name == "points with calls made");
    if worked.is_none_or(|(_, n)| *n * 3 < u64::from(points)) {
        outcome.complaints.push("too few points had work in flight".to_owned());
    }
    let fired: u64 =
        outcome.happened.iter().filter(|(name, _)| name.starts_with("killed")).map(|(_, n)| n).sum();
    if fired * 2 < u64::from(points) {
        outcome.complaints.push(format!("only {fired} of {points} kills came where they were meant"));
    }
    outcome
}

fn fate(chance: &mut Rng, strace: bool) -> (&'static str, Fate) {
    match chance.u8(..10) {
        0..=4 => {
            let place = PLACES[chance.usize(..PLACES.len())];
            let most = if place.ends_with("call") { 60 } else { 4 };
            let dies = Some((place.to_owned(), chance.u32(1..=most)));
            ("killed at a place of its own", Fate { dies, ..Fate::default() })
        }
        5..=7 if strace => {
            let calls = CALLS[chance.usize(..CALLS.len())];
            let most = if calls == "fdatasync" { 30 } else { 400 };
            let inject = Some(format!("{calls}:signal=KILL:when={}", chance.u32(1..=most)));
            ("killed at a system call", Fate { inject, ..Fate::default() })
        }
        _ => ("killed at some moment", Fate::default()),
    }
}

/// Many registrations, and 30 % of all calls are carried out and never answered. The budget of second tries (rule R3) is lifted:
/// with it such a peer is asked again so slowly that the run would take half an hour.
pub async fn answers(binary: &Binary, people: u32, seed: u64) -> Outcome {
    let mut stage = Stage::set(binary, people, seed).await;
    stage.settings.push(("WEBINAR_BRIDGE__PACE__RETRIES_A_MINUTE", "60000".to_owned()));
    let rule = |operation: &str| json!({ "operation": operation, "effect": "drop_after_accept", "probability": 0.3, "count": null });
    stage.weather("on24", &json!([rule("register"), rule("amend")])).await;
    let mut outcome = stage.comes_right().await;
    outcome.happened.push(("accepted writes", outcome.findings.writes));
    if outcome.findings.writes * 100 < u64::from(people) * 120 {
        outcome.complaints.push("hardly any answer was lost".to_owned());
    }
    outcome
}

/// Everything that the program leans on goes away for a while.
pub async fn outages(binary: &Binary, seed: u64) -> Outcome {
    let mut stage = Stage::set(binary, PEOPLE, seed).await;
    ends_under_load(&mut stage).await;
    is_frozen(&mut stage).await;
    disk_is_full(&mut stage).await;
    disk_fails(&mut stage).await;
    vault_is_away(&mut stage).await;
    stage.comes_right().await
}

/// SIGTERM while calls are out.
async fn ends_under_load(stage: &mut Stage) {
    stage.people_work().await;
    let rule = json!([{ "operation": "*", "effect": "delay:300ms", "probability": 1.0, "count": null }]);
    stage.weather("on24", &rule).await;
    let before = stage.calls().await;
    let mut service = stage.start(&Fate::default());
    let busy = stage.until(Duration::from_secs(20), async |stage| stage.calls().await > before + 8).await;
    service.process.signal("TERM");
    let end = now() + Duration::from_secs(20);
    let mut status = None;
    while now() < end && status.is_none() {
        pause(Duration::from_millis(50)).await;
        status = service.process.ended();
    }
    match status {
        Some(status) if status.success() && busy => stage.count("ends under load", 1),
        other => stage.complain(format!("SIGTERM under load (busy: {busy}): {other:?}")),
    }
    stage.weather("on24", &json!([])).await;
}

/// SIGSTOP for longer than a call may take at the other side, and then on.
async fn is_frozen(stage: &mut Stage) {
    stage.people_work().await;
    let before = stage.calls().await;
    let service = stage.start(&Fate::default());
    let busy = stage.until(Duration::from_secs(20), async |stage| stage.calls().await > before + 4).await;
    service.process.signal("STOP");
    pause(Duration::from_secs(5)).await;
    service.process.signal("CONT");
    if busy && stage.until(Duration::from_secs(20), async |stage| service.is_ready(&stage.client).await).await
    {
        stage.count("freezes", 1);
    } else {
        stage.complain(format!("frozen (busy: {busy}), it did not come back"));
    }
    service.process.kill();
}

/// The file may not grow: webhooks that cannot be stored are told to come back, nothing else goes wrong, and with more room it
/// goes on.
async fn disk_is_full(stage: &mut Stage) {
    let file = stage.peers.folder().join("chaos.db");
    let pages = std::fs::metadata(&file).map_or(0, |meta| meta.len() / 4096);
    let settings = vec![("WEBINAR_BRIDGE__STORAGE__MAX_PAGES", pages.max(1).to_string())];
    stage.people_work().await;
    let mut service = stage.start(&Fate { settings, ..Fate::default() });
    let ready =
        stage.until(Duration::from_secs(20), async |stage| service.is_ready(&stage.client).await).await;
    let (mut refused, mut stored, mut odd) = (0_u64, 0_u64, vec![]);
    for row in 1..=20_000 {
        match stage.peers.knock(&stage.client, &service, row).await {
            Some(200..=299) => stored += 1,
            Some(503) => refused += 1,
            other => odd.push(other),
        }
        if refused >= 20 || odd.len() > 3 {
            break;
        }
    }
    stage.count("webhooks stored before the disk was full", stored);
    stage.count("webhooks told to come back by a full disk", refused);
    if !ready || refused == 0 || !odd.is_empty() {
        stage.complain(format!("a full disk (ready: {ready}): {refused} refused, {odd:?}"));
    }
    if let Some(status) = service.process.ended() {
        stage.complain(format!("a full disk ended it: {status}"));
    }
    service.process.kill();
    let service = stage.start(&Fate::default());
    let again = stage
        .until(Duration::from_secs(20), async |stage| {
            stage.peers.knock(&stage.client, &service, 7).await.is_some_and(|status| status < 300)
        })
        .await;
    if !again {
        stage.complain("with more room it takes nothing in");
    }
    service.process.kill();
}

/// A sync fails: the process must end, and not with success.
async fn disk_fails(stage: &mut Stage) {
    if !has_strace() {
        return;
    }
    for n in [3, 9] {
        stage.people_work().await;
        let inject = Some(format!("fdatasync,fsync:error=EIO:when={n}"));
        let mut service = stage.start(&Fate { inject, ..Fate::default() });
        let end = now() + Duration::from_secs(30);
        let mut status = None;
        while now() < end && status.is_none() {
            pause(Duration::from_millis(50)).await;
            status = service.process.ended();
        }
        match status {
            Some(status) if !status.success() => stage.count("failed syncs", 1),
            other => stage.complain(format!("a failed sync: {other:?}")),
        }
        service.process.kill();
    }
}

/// The key vault is away when the process starts, and comes back.
async fn vault_is_away(stage: &mut Stage) {
    stage.people_work().await;
    let rule = json!([{ "operation": "*", "effect": "status:503", "probability": 1.0, "count": null }]);
    stage.weather("key_vault", &rule).await;
    let before = stage.calls().await;
    let service = stage.start(&Fate::default());
    let ready =
        stage.until(Duration::from_secs(20), async |stage| service.is_ready(&stage.client).await).await;
    pause(Duration::from_secs(8)).await;
    let sent = stage.calls().await - before;
    if ready && sent == 0 {
        stage.count("vaults away", 1);
    } else {
        stage.complain(format!("without its vault (ready: {ready}) it sent {sent}"));
    }
    stage.weather("key_vault", &json!([])).await;
    let goes_on = stage.until(Duration::from_mins(1), async |stage| stage.calls().await > before).await;
    if !goes_on {
        stage.complain("it did not go on when the vault was back");
    }
    service.process.kill();
}
