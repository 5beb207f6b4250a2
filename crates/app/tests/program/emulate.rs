//! `emulate`: the ready line, the file for `serve`, and the end.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::http::Http;
use crate::process::{Program, free_address};

/// The members of an object, in order of the alphabet.
pub(crate) fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// What every ready line says of the emulators.
pub(crate) fn assert_peers(ready: &Value) {
    assert_eq!(ready["kind"], "ready");
    let on24 = ["access_token_key", "access_token_secret", "base_url", "client_id", "event_id"];
    assert_eq!(members(&ready["on24"]), on24);
    assert!(
        ready["on24"]["client_id"].is_u64() && ready["on24"]["event_id"].is_u64(),
        "numbers: {}",
        ready["on24"]
    );
    let dataverse = ["authority", "base_url", "client_id", "client_secret", "tenant_id"];
    assert_eq!(members(&ready["dataverse"]), dataverse);
    assert_eq!(members(&ready["key_vault"]), ["base_url", "key_name"]);
    for (peer, name) in dataverse.map(|name| ("dataverse", name)).into_iter().chain([
        ("on24", "access_token_key"),
        ("on24", "access_token_secret"),
        ("key_vault", "key_name"),
    ]) {
        assert!(ready[peer][name].as_str().is_some_and(|text| !text.is_empty()), "{peer}.{name} is text");
    }
    assert!(ready["on24"]["base_url"].as_str().unwrap().ends_with("/v2"));
}

#[test]
fn the_ready_line_has_what_a_client_needs_and_no_more() {
    let emulators = Program::start(&["emulate", "--json"], &[]);
    let ready = emulators.first_line();
    assert_peers(&ready);
    assert_eq!(members(&ready), ["dataverse", "key_vault", "kind", "on24"], "no `ca`, no `on24_eu`");
    let http = Http::new();
    let root =
        |peer: &str, name: &str| ready[peer][name].as_str().unwrap().trim_end_matches("/v2").to_owned();
    for root in [
        root("on24", "base_url"),
        root("dataverse", "base_url"),
        root("dataverse", "authority"),
        root("key_vault", "base_url"),
    ] {
        assert!(http.get(&format!("{root}/_emulator/state"), "")["calls"].is_object(), "{root} answers");
    }
    let ended = emulators.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(ended.out.lines().count(), 1, "one line and nothing else: {}", ended.out);
}

#[test]
fn the_file_for_serve_is_private_and_good() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bridge.toml");
    let file = path.to_str().unwrap();
    std::fs::write(&path, "old").unwrap();
    let emulators = Program::start(&["emulate", "--json", "--write-config", file], &[]);
    let ready = emulators.first_line();
    assert_peers(&ready);
    assert_eq!(members(&ready), ["api_token", "config", "dataverse", "key_vault", "kind", "on24"]);
    assert_eq!(ready["config"], file);
    assert!(ready["api_token"].as_str().unwrap().len() >= 32);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let checked = Program::run(&["config", "check", "--config", file], &[]);
    assert_eq!(checked.code, Some(0), "{}", checked.err);
    emulators.signal("INT");
    assert_eq!(emulators.end().code, Some(0));
}

#[test]
fn the_emulators_listen_where_they_are_told() {
    let [on24, dataverse, entra, vault] = [(); 4].map(|()| free_address());
    let arguments = [
        "emulate",
        "--json",
        "--on24",
        &on24,
        "--dataverse",
        &dataverse,
        "--entra",
        &entra,
        "--key-vault",
        &vault,
    ];
    let emulators = Program::start(&arguments, &[]);
    let ready = emulators.first_line();
    assert_eq!(ready["on24"]["base_url"], format!("http://{on24}/v2"));
    assert_eq!(ready["dataverse"]["base_url"], format!("http://{dataverse}"));
    assert_eq!(ready["dataverse"]["authority"], format!("http://{entra}"));
    assert_eq!(ready["key_vault"]["base_url"], format!("http://{vault}"));
    let second = Program::run(&arguments, &[]);
    assert_ne!(second.code, Some(0), "the addresses are taken");
    assert!(second.out.is_empty() && !second.err.is_empty(), "{}{}", second.out, second.err);
    assert_eq!(emulators.terminate().code, Some(0));
}

#[test]
fn by_tls_the_line_names_the_authority_which_goes_with_the_program() {
    let emulators = Program::start(&["emulate", "--json", "--tls", "--on24-eu", "127.0.0.1:0"], &[]);
    let ready = emulators.first_line();
    assert_eq!(members(&ready), ["ca", "dataverse", "key_vault", "kind", "on24", "on24_eu"]);
    let ca = Path::new(ready["ca"].as_str().unwrap()).to_owned();
    let http = Http::trusting(Some(&ca));
    for url in [
        "/on24/base_url",
        "/on24_eu/base_url",
        "/dataverse/base_url",
        "/dataverse/authority",
        "/key_vault/base_url",
    ] {
        let root = ready.pointer(url).and_then(Value::as_str).unwrap().trim_end_matches("/v2");
        assert!(root.starts_with("https://"), "{root}");
        assert!(http.get(&format!("{root}/_emulator/state"), "")["calls"].is_object(), "{root} answers");
        assert_eq!(Http::new().try_text(root), None, "the machine does not trust {root}");
    }
    assert_eq!(emulators.terminate().code, Some(0));
    assert!(!ca.exists(), "nothing is left");
}

#[test]
fn the_european_data_centre_has_an_account_of_its_own() {
    let emulators = Program::start(&["emulate", "--json", "--on24-eu", "127.0.0.1:0"], &[]);
    let ready = emulators.first_line();
    let (here, there) = (&ready["on24"], &ready["on24_eu"]);
    assert_eq!(members(here), members(there));
    for name in ["base_url", "client_id", "access_token_key", "access_token_secret", "event_id"] {
        assert_ne!(here[name], there[name], "{name}");
    }
}

#[test]
fn quotas_and_lag_are_switched_on_by_their_flags() {
    let emulators =
        Program::start(&["emulate", "--json", "--quotas", "published", "--lag", "documented"], &[]);
    let ready = emulators.first_line();
    let (on24, http) = (&ready["on24"], Http::new());
    let header = |name: &str| on24[name].as_str().unwrap().to_owned();
    let token = [
        ("accesstokenkey", header("access_token_key")),
        ("accesstokensecret", header("access_token_secret")),
    ];
    let client = format!("{}/client/{}", header("base_url"), on24["client_id"]);
    let person = [("email", "ada@example.com"), ("firstname", "Ada"), ("lastname", "Lovelace")];
    let registrants = format!("{client}/event/{}/registrant", on24["event_id"]);
    assert_eq!(http.post_form(&registrants, &token, &person).0, 200);
    let (_, listed) = http.get_with(&registrants, &token);
    assert_eq!(listed["totalregistrants"], 0, "seen after a quarter of an hour: {listed}");
    let statuses: Vec<u16> =
        (0..31).map(|_| http.get_with(&format!("{client}/languages"), &token).0).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 30, "{statuses:?}");
    assert_eq!(statuses.last(), Some(&403));
}

#[test]
fn an_address_is_asked_for_with_an_example() {
    for wrong in ["8081", "example.org:80", "127.0.0.1"] {
        let ended = Program::run(&["emulate", "--dataverse", wrong], &[]);
        assert_eq!(ended.code, Some(2));
        assert!(ended.err.contains("--dataverse") && ended.err.contains("127.0.0.1:8081"), "{}", ended.err);
    }
    let emulators = Program::start(&["emulate", "--json", "--entra", "localhost:0"], &[]);
    let ready = emulators.first_line();
    assert!(ready["dataverse"]["authority"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert_eq!(emulators.terminate().code, Some(0));
}

#[test]
fn more_rows_than_a_machine_holds_are_refused() {
    for flag in ["--contacts", "--registrations"] {
        let ended = Program::run(&["emulate", flag, "4000000000"], &[]);
        assert_eq!(ended.code, Some(2));
        assert!(ended.err.contains("1000000"), "{}", ended.err);
    }
}

#[test]
fn who_does_not_wait_for_the_start_may_end_it() {
    let emulators = Program::start(&["emulate", "--registrations", "1000000"], &[]);
    emulators.hinted("1000000 registrations");
    let ended = emulators.terminate();
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""));
}

#[test]
fn the_store_of_the_file_for_serve_is_another_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bridge.db");
    let emulators = Program::start(&["emulate", "--json", "--write-config", path.to_str().unwrap()], &[]);
    emulators.first_line();
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.contains("/bridge.2.db\""), "{written}");
    assert_eq!(emulators.terminate().code, Some(0));
}

#[test]
fn a_wrong_choice_names_the_right_ones() {
    for (flag, names) in [("--quotas", ["none", "published"]), ("--lag", ["none", "documented"])] {
        let ended = Program::run(&["emulate", flag, "some"], &[]);
        assert_eq!(ended.code, Some(2));
        assert!(names.iter().all(|name| ended.err.contains(name)), "{}", ended.err);
    }
}

#[test]
fn people_are_told_in_words() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("two words.toml");
    let arguments = ["emulate", "--tls", "--registrations", "3", "--write-config", path.to_str().unwrap()];
    let emulators = Program::start(&arguments, &[]);
    let ended = {
        emulators.told("Ready. Press Ctrl-C to end.");
        emulators.terminate()
    };
    assert_eq!(ended.code, Some(0));
    assert!(ended.out.contains(&format!("serve --config '{}'\n", path.display())), "{}", ended.out);
    let ca = path.with_extension("ca.pem");
    assert!(
        ended.out.contains(&format!("curl --cacert '{}' https://127.0.0.1:", ca.display())),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("ON24") && ended.out.contains("access token key"), "{}", ended.out);
}
