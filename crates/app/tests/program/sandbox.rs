//! `sandbox`: the lines on standard output, the data that stays, and what never reaches a disk or a log.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use webinar_bridge_emulator::person;

use crate::emulate::{assert_peers, members};
use crate::http::Http;
use crate::process::{Ended, Program};

const PERSONS: u32 = 60;

/// Plays a story to its end.
fn once(more: &[&str], variables: &[(&str, &str)]) -> Ended {
    let persons = PERSONS.to_string();
    Program::run(&[&["sandbox", "--once", "--json", "--registrations", &persons], more].concat(), variables)
}

/// All lines of standard output; each must be a JSON object.
fn lines(ended: &Ended) -> Vec<Value> {
    let parsed = |line| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let lines: Vec<Value> = ended.out.lines().map(parsed).collect();
    assert!(lines.iter().all(Value::is_object) && lines.len() >= 2, "{}\n{}", ended.out, ended.err);
    lines
}

fn assert_ready(ready: &Value) {
    assert_peers(ready);
    let all =
        ["api_token", "config", "console", "dataverse", "key_vault", "kind", "on24", "organization", "store"];
    assert_eq!(members(ready), all);
    let text = |name: &str| ready[name].as_str().unwrap_or_else(|| panic!("{name} is text"));
    assert!(
        text("console").starts_with("http://127.0.0.1:") && !text("console")[7..].contains('/'),
        "an origin"
    );
    assert!(text("store").starts_with("sqlite:///") && text("config").starts_with('/'));
    assert!(text("api_token").len() >= 32);
    let groups: Vec<usize> = text("organization").split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
}

fn assert_balanced(report: &Value) {
    assert_eq!(members(report), ["balanced", "elapsed_ms", "kind", "minutes", "registrations"]);
    assert_eq!((&report["kind"], &report["balanced"]), (&json!("report"), &json!(true)), "{report}");
    let registrations = &report["registrations"];
    assert_eq!(members(registrations), ["crm", "duplicated", "extra", "held", "lost", "provider", "undead"]);
    for nothing in ["lost", "duplicated", "undead", "extra"] {
        assert_eq!(registrations[nothing], 0, "{nothing}: {report}");
    }
    let number = |of: &str, name: &str| report[of][name].as_u64().unwrap_or_else(|| panic!("{of}.{name}"));
    assert_eq!(number("registrations", "crm"), u64::from(PERSONS));
    assert_eq!(number("registrations", "provider") + number("registrations", "held"), u64::from(PERSONS));
    assert!(number("minutes", "provider") > 0, "somebody watched");
    assert_eq!(number("minutes", "provider"), number("minutes", "crm") + number("minutes", "unmatched"));
    assert!(report["elapsed_ms"].is_u64());
}

#[test]
fn both_sides_agree_at_the_end_of_every_story() {
    for more in [
        &["--seed", "1"][..],
        &["--seed", "2"],
        &["--story", "stormy"],
        &["--story", "rate-limited"],
        &["--story", "stormy", "--seed", "9"],
    ] {
        let ended = once(more, &[]);
        assert_eq!(ended.code, Some(0), "{more:?}: {}", ended.err);
        let lines = lines(&ended);
        assert_ready(&lines[0]);
        assert_balanced(lines.last().unwrap());
    }
}

#[test]
fn the_data_stays_where_it_is_wanted_and_beside_what_was_there() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let data = folder.path().to_str().unwrap();
    for _ in 0..2 {
        let ended = once(&["--data", data], &[]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert_balanced(lines(&ended).last().unwrap());
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("notes.txt")).unwrap(), "mine");
    for name in ["bridge.db", "bridge.toml"] {
        let file = std::fs::metadata(folder.path().join(name)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn without_a_folder_nothing_stays() {
    let folder = TempDir::new().unwrap();
    let ended = once(&[], &[("TMPDIR", folder.path().to_str().unwrap())]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let store = lines(&ended)[0]["store"].as_str().unwrap().to_owned();
    assert!(store.contains(folder.path().to_str().unwrap()), "{store}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_console_stays_open_until_the_end() {
    let sandbox =
        Program::start(&["sandbox", "--json", "--registrations", "5", "--listen", "127.0.0.1:0"], &[]);
    let ready = sandbox.first_line();
    assert_ready(&ready);
    let report = sandbox.line_of_kind("report");
    assert_eq!(report["balanced"], true);
    let (http, console) = (Http::new(), ready["console"].as_str().unwrap());
    let (status, page) = http.try_text(&format!("{console}/")).unwrap();
    assert!(status == 200 && page.starts_with("<!DOCTYPE html>"), "{status}: {page}");
    let token = ready["api_token"].as_str().unwrap();
    let organization = ready["organization"].as_str().unwrap();
    let balance = http.get(&format!("{console}/api/v1/organizations/{organization}/balance"), token);
    assert_eq!((&balance["persons"]["at_provider"], &balance["adds_up"]), (&json!(5), &json!(true)));
    let ended = sandbox.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(ended.out.lines().count(), 2, "{}", ended.out);
}

/// Names, addresses and companies of everybody in the story, as far as they are long enough to be told from chance.
fn people(seed: u64) -> BTreeSet<String> {
    let everybody = (0..PERSONS + 4).map(|index| person(seed, index));
    let told = everybody
        .flat_map(|one| [one.email.to_lowercase(), one.email, one.first_name, one.last_name, one.company]);
    let made = ["@elsewhere.example".to_owned(), "-Ødegård".to_owned()];
    told.chain(made).filter(|text| text.len() >= 6).collect()
}

/// What of this stands in these bytes.
fn found<'a>(bytes: &[u8], needles: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    let contains = |needle: &&str| text.contains(&needle.to_lowercase());
    needles.into_iter().filter(contains).collect()
}

fn secrets(ready: &Value) -> Vec<&str> {
    let texts = [
        &ready["on24"]["access_token_key"],
        &ready["on24"]["access_token_secret"],
        &ready["dataverse"]["client_secret"],
        &ready["api_token"],
    ];
    texts.map(|text| text.as_str().unwrap()).to_vec()
}

#[test]
fn no_name_and_no_secret_reaches_the_disk_or_a_log() {
    let folder = TempDir::new().unwrap();
    let variables = [("RUST_LOG", "trace")];
    let ended =
        once(&["--seed", "5", "--story", "stormy", "--data", folder.path().to_str().unwrap()], &variables);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let (ready, people) = (&lines(&ended)[0], people(5));
    let needles = || people.iter().map(String::as_str).chain(secrets(ready));
    assert!(ended.err.lines().count() > 1000, "the log is at its most talkative");
    let told = found(ended.err.as_bytes(), needles());
    let lines = || ended.err.lines().filter(|line| told.iter().any(|told| line.contains(told))).take(3);
    assert!(told.is_empty(), "in the log: {told:?}\n{}", lines().collect::<Vec<_>>().join("\n"));
    let mut files = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name() == Some("bridge.toml".as_ref()) {
            continue;
        }
        files += 1;
        let stored = found(&std::fs::read(&path).unwrap(), needles());
        assert!(stored.is_empty(), "in {}: {stored:?}", path.display());
    }
    assert!(files >= 1 && Path::new(&folder.path().join("bridge.db")).exists());
    let probe = format!("…{}…", people.first().unwrap().to_uppercase());
    assert!(!found(probe.as_bytes(), needles()).is_empty(), "the search finds what is there");
}
