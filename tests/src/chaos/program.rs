//! The program and its emulators, as processes that end with their values.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use webinar_bridge_emulator::DataverseReady;

/// The program to be tried, built with the feature `faults`.
#[derive(Clone, Debug)]
pub struct Binary(PathBuf);

impl Binary {
    /// The one beside this program.
    pub fn beside_this() -> Result<Self, String> {
        let here = std::env::current_exe().map_err(|error| error.to_string())?;
        let path = here.with_file_name("webinar-bridge");
        if path.exists() {
            return Ok(Self(path));
        }
        Err(format!(
            "{} is not there; build it first, with the same profile: cargo build --release -p webinar-bridge-app --features faults",
            path.display()
        ))
    }

    fn command(&self) -> Command {
        Command::new(&self.0)
    }
}

/// Whether system calls can be made to fail here.
pub fn has_strace() -> bool {
    let said = Command::new("strace").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    said.is_ok_and(|status| status.success())
}

/// A process with all that it started.
pub(super) struct Process {
    child: Child,
}

impl Process {
    fn start(mut command: Command) -> Self {
        // A group of its own, so that whatever traces it goes with it.
        command.process_group(0).stdin(Stdio::null());
        Self { child: command.spawn().expect("a process") }
    }

    pub(super) fn signal(&self, signal: &str) {
        let group = format!("-{}", self.child.id());
        drop(Command::new("kill").args(["-s", signal, "--", &group]).stderr(Stdio::null()).status());
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of ours")
    }

    /// Takes it away without a word.
    pub(super) fn kill(mut self) {
        self.signal("KILL");
        drop(self.child.wait());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal("KILL");
        drop(self.child.wait());
    }
}

/// Whether it ended by a signal, its own or that of what it was traced by.
pub(super) fn was_killed(status: ExitStatus) -> bool {
    status.signal().is_some() || status.code().is_some_and(|code| code >= 128)
}

/// The door at which the CRM's webhooks knock, and its key.
const ENDPOINT: &str = "000102030405060708090a0b0c0d0e0f";
const DOOR_KEY: &str = "a-key-of-the-chaos-program-that-is-long-enough";

/// Declares the door for the organization, which stands last in the file.
fn open_door(config: &Path) {
    let mut text = std::fs::read_to_string(config).expect("the configuration");
    let door = format!("\n[organization.webhook]\nendpoint = \"{ENDPOINT}\"\nsecret = \"{DOOR_KEY}\"\n");
    text.push_str(&door);
    std::fs::write(config, text).expect("the configuration");
}

/// The emulators, with the configuration that they wrote.
pub(super) struct Peers {
    _process: Process,
    pub(super) ready: Value,
    folder: tempfile::TempDir,
}

impl Peers {
    pub(super) fn start(binary: &Binary, registrations: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = binary.command();
        command.args(["emulate", "--json", "--registrations", &registrations.to_string(), "--write-config"]);
        command.arg(folder.path().join("bridge.toml")).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process::start(command);
        let out = process.child.stdout.take().expect("standard output");
        let mut out = BufReader::new(out);
        let mut line = String::new();
        out.read_line(&mut line).expect("the ready line");
        let ready = serde_json::from_str(&line).expect("JSON");
        std::thread::spawn(move || drop(out.read_to_end(&mut vec![])));
        open_door(&folder.path().join("bridge.toml"));
        Self { _process: process, ready, folder }
    }

    /// Has the CRM say at the service's door that a row changed; the status of the answer.
    pub(super) async fn knock(&self, client: &reqwest::Client, service: &Service, row: u128) -> Option<u16> {
        let body = serde_json::json!({
            "PrimaryEntityName": "msevtmgt_eventregistration",
            "PrimaryEntityId": format!("{row:032x}"),
            "MessageName": "Update",
            "OperationId": format!("{row:032x}"),
        });
        let url = format!("{}/hooks/dataverse/{ENDPOINT}", service.public);
        let request = client.post(url).header("x-webinar-bridge-key", DOOR_KEY).json(&body);
        let answer = request.timeout(Duration::from_secs(5)).send().await.ok()?;
        Some(answer.status().as_u16())
    }

    /// Where the emulated CRM answers.
    pub(super) fn dataverse(&self) -> DataverseReady {
        serde_json::from_value(self.ready["dataverse"].clone()).expect("the ready line says it")
    }

    pub(super) fn text(&self, peer: &str, name: &str) -> &str {
        self.ready[peer][name].as_str().expect("the ready line says it")
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// What happens to a service.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate {
    /// The place at which it dies, and the how manieth time.
    pub(super) dies: Option<(String, u32)>,
    /// The system call that is tampered with, as strace says it.
    pub(super) inject: Option<String>,
    /// More settings.
    pub(super) settings: Vec<(&'static str, String)>,
}

/// A running service.
pub(super) struct Service {
    pub(super) process: Process,
    pub(super) public: String,
    private: String,
}

impl Service {
    /// Starts it on the one store, with addresses that stay the same.
    pub(super) fn start(binary: &Binary, peers: &Peers, addresses: &[String; 2], fate: &Fate) -> Self {
        let config = peers.folder().join("bridge.toml");
        let mut command = match &fate.inject {
            Some(inject) => {
                let calls = inject.split(':').next().unwrap_or_default().to_owned();
                let mut strace = Command::new("strace");
                strace.args(["-f", "-qqq", "-o", "/dev/null", "-e"]);
                strace.arg(format!("trace={calls}")).arg("-e").arg(format!("inject={inject}"));
                strace.arg(&binary.0);
                strace
            }
            None => binary.command(),
        };
        command.arg("serve").arg("--config").arg(config);
        let store = format!("sqlite://{}", peers.folder().join("chaos.db").display());
        command.env("WEBINAR_BRIDGE__STORAGE__URL", store).env("WEBINAR_BRIDGE__LOG__FILTER", "error");
        command.env("WEBINAR_BRIDGE__SERVER__PUBLIC", &addresses[0]);
        command.env("WEBINAR_BRIDGE__SERVER__PRIVATE", &addresses[1]);
        command.env("WEBINAR_BRIDGE__SERVER__DRAIN", "0s");
        if let Some((place, times)) = &fate.dies {
            command.env("WEBINAR_BRIDGE_DIES", format!("{place}:{times}"));
        }
        for (name, value) in &fate.settings {
            command.env(name, value);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let [public, private] = addresses.each_ref().map(|address| format!("http://{address}"));
        Self { process: Process::start(command), public, private }
    }

    /// Whether it says that it is ready.
    pub(super) async fn is_ready(&self, client: &reqwest::Client) -> bool {
        let answer =
            client.get(format!("{}/readyz", self.private)).timeout(Duration::from_secs(2)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Something of its API.
    pub(super) async fn ask(&self, client: &reqwest::Client, peers: &Peers, path: &str) -> Option<Value> {
        let token = peers.ready["api_token"].as_str()?;
        let url = format!("{}/api/v1/organizations{path}", self.public);
        let answer = client.get(url).bearer_auth(token).timeout(Duration::from_secs(5)).send().await.ok()?;
        answer.json().await.ok()
    }
}

/// Two addresses that are free now.
pub fn free_addresses() -> [String; 2] {
    let listeners = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("its address").to_string())
}
