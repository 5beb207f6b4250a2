//! The program as a child process: what it says is read as it comes, and it is never left behind.

use std::io::{BufRead as _, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// The lines of one stream so far.
#[derive(Default)]
struct Lines {
    lines: Mutex<(Vec<String>, bool)>,
    more: Condvar,
}

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

impl Lines {
    fn read(stream: impl Read + Send + 'static) -> Arc<Self> {
        let lines = Arc::new(Self::default());
        let kept = Arc::clone(&lines);
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                kept.lines.lock().unwrap().0.push(String::from_utf8_lossy(&line).into_owned());
                kept.more.notify_all();
            }
            kept.lines.lock().unwrap().1 = true;
            kept.more.notify_all();
        });
        lines
    }

    /// The first line that is wanted, when it comes; `None`: the stream has ended without it.
    fn wait(&self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let found = |lines: &[String]| lines.iter().find(|line| wanted(line)).cloned();
        let lines = self.lines.lock().unwrap();
        let waits = |(lines, ended): &mut (Vec<String>, bool)| !*ended && found(lines).is_none();
        let (lines, timeout) = self.more.wait_timeout_while(lines, PATIENCE, waits).unwrap();
        assert!(!timeout.timed_out(), "the line did not come:\n{}", lines.0.join("\n"));
        found(&lines.0)
    }

    /// Everything, when the stream has ended.
    fn all(&self) -> String {
        let lines = self.lines.lock().unwrap();
        let (lines, _) = self.more.wait_timeout_while(lines, PATIENCE, |(_, ended)| !*ended).unwrap();
        lines.0.join("\n")
    }
}

/// A started program. It is killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    out: Arc<Lines>,
    err: Arc<Lines>,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_webinar-bridge"));
        command.args(arguments).env_clear().envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = Lines::read(child.stdout.take().unwrap());
        let err = Lines::read(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    /// Runs a program to its end.
    pub(crate) fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        Self::start(arguments, variables).end()
    }

    /// The first line of standard output, as JSON.
    pub(crate) fn first_line(&self) -> Value {
        let line = self.out.wait(|_| true);
        let line = line.unwrap_or_else(|| panic!("nothing was printed; standard error:\n{}", self.err.all()));
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The line of standard output of this kind, as JSON.
    pub(crate) fn line_of_kind(&self, kind: &str) -> Value {
        let parsed = |line: &str| serde_json::from_str::<Value>(line).unwrap();
        parsed(&self.out.wait(|line| parsed(line)["kind"] == kind).expect("a line of this kind"))
    }

    /// Waits for this line of standard output.
    pub(crate) fn told(&self, text: &str) {
        assert!(self.out.wait(|line| line == text).is_some(), "`{text}` was not said:\n{}", self.out.all());
    }

    /// Waits for a line of standard error that has these words.
    pub(crate) fn hinted(&self, words: &str) {
        assert!(
            self.err.wait(|line| line.contains(words)).is_some(),
            "`{words}` was not said:\n{}",
            self.err.all()
        );
    }

    /// The fields of the log line with this code.
    pub(crate) fn logged(&self, code: &str) -> Value {
        let parsed = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_default()["fields"].take();
        let line = self.err.wait(|line| parsed(line)["code"] == code);
        parsed(&line.unwrap_or_else(|| panic!("`{code}` was not logged:\n{}", self.err.all())))
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
    }

    /// Asks it to end, as a service manager does, and waits for that: it has 20 seconds.
    pub(crate) fn terminate(self) -> Ended {
        self.signal("TERM");
        self.end_within(Duration::from_secs(20))
    }

    /// Takes it away without a word.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub(crate) fn end(self) -> Ended {
        self.end_within(PATIENCE)
    }

    fn end_within(mut self, limit: Duration) -> Ended {
        let code = until(limit, || self.child.try_wait().unwrap()).code();
        Ended { code, out: self.out.all(), err: self.err.all() }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Whatever became of the test, nothing stays behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Looks again and again until something is there.
#[track_caller]
pub(crate) fn until<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    const STEP: Duration = Duration::from_millis(20);
    for _ in 0..limit.as_millis() / STEP.as_millis() {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(STEP);
    }
    panic!("it did not happen within {limit:?}")
}

/// Waits for something to become true.
#[track_caller]
pub(crate) fn eventually(mut look: impl FnMut() -> bool) {
    until(PATIENCE, || look().then_some(()));
}

/// Lets some polls pass, where it is to be shown that nothing happens.
pub(crate) fn a_while() {
    thread::sleep(Duration::from_millis(2500));
}

/// An address of this machine that nobody listens on.
pub(crate) fn free_address() -> String {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().to_string()
}
