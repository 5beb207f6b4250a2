//! The emulators in a process of their own, so that what they use is not counted as the bridge's.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use webinar_bridge_emulator::{Clock, Emulators, Options, Ready};

/// Emulators that end with this value.
pub struct Peer {
    child: Child,
    /// Where they answer.
    pub ready: Ready,
}

/// One person as the emulated ON24 has them.
#[derive(Clone, Debug)]
pub struct Person {
    /// The address in small letters.
    pub email: String,
    /// Whether the person is registered, rather than cancelled.
    pub live: bool,
    /// How many calls wrote the person.
    pub writes: u64,
}

impl Peer {
    /// Starts this program again with `--emulate N`, which must call [`serve`].
    pub fn start(registrations: u32) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.args(["--emulate", &registrations.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a second process");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("its first line");
        Self { child, ready: serde_json::from_str(&line).expect("a ready line") }
    }

    /// The root of the emulated ON24's own pages.
    fn on24(&self) -> &str {
        self.ready.on24.base_url.trim_end_matches("/v2")
    }

    /// Everybody of the one event, as ON24 says itself.
    pub async fn people(&self, client: &reqwest::Client) -> Vec<Person> {
        let url = format!("{}/_emulator/state", self.on24());
        let state: Value = client.get(url).send().await.expect("an answer").json().await.expect("JSON");
        let person = |one: &Value| Person {
            email: one["email"].as_str().unwrap_or_default().to_lowercase(),
            live: one["state"] == "live",
            writes: one["writes"].as_u64().unwrap_or(0),
        };
        let everybody = state["events"][0]["registrants"].as_array();
        everybody.into_iter().flatten().map(person).collect()
    }

    /// How many calls that register or change people ON24 has seen.
    pub async fn writes(&self, client: &reqwest::Client) -> u64 {
        let url = format!("{}/_emulator/state", self.on24());
        let state: Value = client.get(url).send().await.expect("an answer").json().await.expect("JSON");
        ["register", "amend"].map(|name| state["calls"][name].as_u64().unwrap_or(0)).iter().sum()
    }

    /// Replaces the weather over ON24 by one rule.
    pub async fn on24_weather(&self, client: &reqwest::Client, rule: &Value) {
        let url = format!("{}/_emulator/weather", self.on24());
        let body = serde_json::json!({ "rules": [rule] });
        let answer = client.post(url).json(&body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "the rule is known: {}", answer.status());
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Serves the emulators until the process that started this one is gone.
pub async fn serve(registrations: u32) {
    let options = Options { registrations, ..Options::default() };
    let emulators = Emulators::start(options, Clock::new()).await.expect("emulators");
    let line = serde_json::to_string(emulators.ready()).expect("a line");
    let mut out = std::io::stdout();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("standard output");
    // Standard input ends when the parent does.
    let orphaned = tokio::task::spawn_blocking(|| std::io::stdin().lines().for_each(drop));
    drop(orphaned.await);
}
