//! What the program costs while there is nothing to do, beside a program that only listens.
//!
//! `cargo bench -p webinar-bridge-tests --bench idle -- [--seconds N] [--json] [--check]`
//!
//! Both are processes of their own, on new stores. The reference answers one route by axum, has an SQLite file open by sqlx and
//! an HTTP client by reqwest, and does nothing with them. Statements are counted while an organization has everything
//! done, from sqlx's own log of them; memory and start are those of a program without organizations.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on ends, and says at what")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Parser;
use serde_json::{Value, json};
use tempfile::TempDir;
use webinar_bridge_tests::bench::peer::Peer;
use webinar_bridge_tests::bench::usual::Usual;
use webinar_bridge_tests::bench::{load, median, now, process, rounded};
use webinar_bridge_tests::chaos::free_addresses;

/// The bars that `--check` holds the program to.
const MEMORY: f64 = 4.0;
const START: f64 = 5.0;
const STATEMENTS_A_SECOND: f64 = 1.0;

/// How often each is started, in turn.
const STARTS: usize = 7;
/// How long a process is left alone before its memory is read.
const SETTLES: Duration = Duration::from_secs(3);
/// How many registrations are done before statements are counted.
const REGISTRATIONS: u32 = 100;
/// The API's door.
const TOKEN: &str = "the-token-of-a-benchmark-which-is-long-enough";

#[derive(Parser)]
#[command(
    about = "Measures the program while there is nothing to do",
    after_help = "--check ends with 3 above 4 times the memory, 5 times the start, or a statement a second."
)]
struct Flags {
    /// How long statements are counted.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Is the reference, on this address and this file; the program's own.
    #[arg(long, hide = true, num_args = 2)]
    bare: Option<Vec<String>>,
    #[command(flatten)]
    usual: Usual,
}

fn main() -> ExitCode {
    // As the program itself is called.
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return webinar_bridge_app::main();
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(run(Flags::parse()))
}

async fn run(flags: Flags) -> ExitCode {
    if flags.usual.serves().await {
        return ExitCode::SUCCESS;
    }
    if let Some([address, file]) = flags.bare.as_deref() {
        bare(address, file).await;
        return ExitCode::SUCCESS;
    }
    let measured = measure(&flags).await;
    flags.usual.end(&measured.line(), &measured.block(), measured.is_enough())
}

/// A program that only listens.
async fn bare(address: &str, file: &str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("a store");
    sqlx::query("CREATE TABLE IF NOT EXISTS t (n)").execute(&pool).await.expect("a table");
    let state = (pool, load::client());
    let app = axum::Router::new()
        .route("/readyz", axum::routing::get(|| async { "ready" }))
        .with_state(state.clone());
    let listener = tokio::net::TcpListener::bind(address).await.expect("a free port");
    axum::serve(listener, app).await.expect("it serves");
    drop(state);
}

/// A process that is killed with its value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn this_program() -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The program, with addresses of its own and a store in `folder`.
struct Program {
    command: Command,
    public: String,
    private: String,
}

impl Program {
    fn new(folder: &Path) -> Self {
        let [public, private] = free_addresses();
        let mut command = this_program();
        command.arg("serve").env_remove("RUST_LOG");
        command
            .env("WEBINAR_BRIDGE__STORAGE__URL", format!("sqlite://{}", folder.join("bridge.db").display()));
        command
            .env("WEBINAR_BRIDGE__SERVER__PUBLIC", &public)
            .env("WEBINAR_BRIDGE__SERVER__PRIVATE", &private);
        command.env("WEBINAR_BRIDGE__LOG__FILTER", "error");
        Self { command, public, private }
    }
}

/// How long from its start a process took to be ready, and what it has resident after it was left alone.
#[derive(Clone, Copy)]
struct Cost {
    start_ms: f64,
    mib: f64,
}

async fn cost(mut command: Command, address: &str, client: &reqwest::Client) -> Cost {
    let began = now();
    let process = Process(command.spawn().expect("a process"));
    ready(address, client).await;
    let start_ms = began.elapsed().as_secs_f64() * 1e3;
    pause(SETTLES).await;
    Cost { start_ms, mib: process::resident_mib_of(process.0.id()) }
}

/// Returns when it says that it is ready. It is asked again at once: a pause would be measured with it.
async fn ready(address: &str, client: &reqwest::Client) {
    let url = format!("http://{address}/readyz");
    let limit = now() + Duration::from_secs(30);
    while !client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
        assert!(now() < limit, "it becomes ready");
        pause(Duration::from_micros(200)).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "other processes keep the machine's time")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

struct Measured {
    bare: Cost,
    program: Cost,
    statements: u64,
    seconds: u64,
}

async fn measure(flags: &Flags) -> Measured {
    let client = load::client();
    let (mut bare, mut program) = (vec![], vec![]);
    for _ in 0..STARTS {
        let folder = TempDir::new().expect("a folder");
        let ([address, _], file) = (free_addresses(), folder.path().join("bare.db"));
        let mut command = this_program();
        command.args(["--bare", &address]).arg(file);
        bare.push(cost(command, &address, &client).await);
        let Program { command, private, .. } = Program::new(folder.path());
        program.push(cost(command, &private, &client).await);
    }
    let statements = statements(&client, flags.seconds).await;
    Measured { bare: typical(&bare), program: typical(&program), statements, seconds: flags.seconds }
}

fn typical(costs: &[Cost]) -> Cost {
    Cost {
        start_ms: median(costs.iter().map(|cost| cost.start_ms).collect()),
        mib: median(costs.iter().map(|cost| cost.mib).collect()),
    }
}

/// How many statements it runs while an organization has everything done.
async fn statements(client: &reqwest::Client, seconds: u64) -> u64 {
    let peer = Peer::start(REGISTRATIONS);
    let folder = TempDir::new().expect("a folder");
    let Program { mut command, public, private } = Program::new(folder.path());
    for (name, value) in organization(&peer) {
        command.env(format!("WEBINAR_BRIDGE__{name}"), value);
    }
    // Each statement is a line.
    command.env("WEBINAR_BRIDGE__LOG__FILTER", "off,sqlx::query=trace").stderr(Stdio::piped());
    let mut process = Process(command.spawn().expect("a process"));
    let log = BufReader::new(process.0.stderr.take().expect("its log"));
    let counted = Arc::new(AtomicU64::new(0));
    let lines = Arc::clone(&counted);
    std::thread::spawn(move || {
        for _ in log.lines() {
            lines.fetch_add(1, Ordering::Relaxed);
        }
    });
    ready(&private, client).await;
    done(client, &public).await;
    pause(SETTLES).await;
    let before = counted.load(Ordering::Relaxed);
    assert!(before > u64::from(REGISTRATIONS / 10), "statements are counted: {before}");
    pause(Duration::from_secs(seconds)).await;
    counted.load(Ordering::Relaxed) - before
}

/// The emulators' organization, as settings.
fn organization(peer: &Peer) -> Vec<(&'static str, String)> {
    let (on24, crm) = (&peer.ready.on24, &peer.ready.dataverse);
    vec![
        ("API__BOOTSTRAP_TOKEN", TOKEN.to_owned()),
        ("ORGANIZATION__0__NAME", "Contoso".to_owned()),
        ("ORGANIZATION__0__TERMS_ACCEPTED", "1".to_owned()),
        ("ORGANIZATION__0__ON24__BASE_URL", on24.base_url.clone()),
        ("ORGANIZATION__0__ON24__CLIENT_ID", on24.client_id.to_string()),
        ("ORGANIZATION__0__ON24__ACCESS_TOKEN_KEY", on24.access_token_key.clone()),
        ("ORGANIZATION__0__ON24__ACCESS_TOKEN_SECRET", on24.access_token_secret.clone()),
        ("ORGANIZATION__0__DATAVERSE__BASE_URL", crm.base_url.clone()),
        ("ORGANIZATION__0__DATAVERSE__AUTHORITY", crm.authority.clone()),
        ("ORGANIZATION__0__DATAVERSE__TENANT_ID", crm.tenant_id.clone()),
        ("ORGANIZATION__0__DATAVERSE__CLIENT_ID", crm.client_id.clone()),
        ("ORGANIZATION__0__DATAVERSE__CLIENT_SECRET", crm.client_secret.clone()),
    ]
}

/// Returns when everybody is at ON24 and the CRM knows.
async fn done(client: &reqwest::Client, public: &str) {
    let limit = now() + Duration::from_mins(1);
    loop {
        let organizations = ask(client, &format!("http://{public}/api/v1/organizations")).await;
        if let Some(id) = organizations[0]["id"].as_str() {
            let balance = ask(client, &format!("http://{public}/api/v1/organizations/{id}/balance")).await;
            if balance["registrations"]["at_provider"] == REGISTRATIONS
                && balance["persons"]["on_their_way"] == 0
            {
                return;
            }
        }
        assert!(now() < limit, "everybody is delivered");
        pause(Duration::from_millis(200)).await;
    }
}

async fn ask(client: &reqwest::Client, url: &str) -> Value {
    let answer = client.get(url).bearer_auth(TOKEN).send().await.expect("an answer");
    answer.json().await.unwrap_or_default()
}

impl Measured {
    fn memory(&self) -> f64 {
        self.program.mib / self.bare.mib
    }

    fn start(&self) -> f64 {
        self.program.start_ms / self.bare.start_ms
    }

    #[expect(clippy::cast_precision_loss, reason = "few statements in few seconds")]
    fn a_second(&self) -> f64 {
        self.statements as f64 / self.seconds as f64
    }

    fn is_enough(&self) -> bool {
        self.memory() <= MEMORY && self.start() <= START && self.a_second() <= STATEMENTS_A_SECOND
    }

    fn line(&self) -> String {
        json!({
            "bare_mib": rounded(self.bare.mib, 1),
            "mib": rounded(self.program.mib, 1),
            "memory": rounded(self.memory(), 2),
            "bare_start_ms": rounded(self.bare.start_ms, 1),
            "start_ms": rounded(self.program.start_ms, 1),
            "start": rounded(self.start(), 2),
            "statements": self.statements,
            "statements_a_second": rounded(self.a_second(), 2),
        })
        .to_string()
    }

    fn block(&self) -> String {
        format!(
            "a program that only listens  {:6.1} MiB, ready after {:6.1} ms\n\
             webinar-bridge               {:6.1} MiB, ready after {:6.1} ms\n\
             \x20                            {:6.2} times, and {:.2} times\n\
             with nothing to do           {} statements in {} s = {:.2} a second",
            self.bare.mib,
            self.bare.start_ms,
            self.program.mib,
            self.program.start_ms,
            self.memory(),
            self.start(),
            self.statements,
            self.seconds,
            self.a_second(),
        )
    }
}
