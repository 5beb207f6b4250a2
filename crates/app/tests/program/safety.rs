//! `reconcile` and `held`: what people ask of a running service.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bridge::{Peers, Serve};
use crate::process::{Ended, Program, eventually, free_address};

/// Runs a command against the service.
fn ask(peers: &Peers, serve: &Serve<'_>, command: &[&str]) -> Ended {
    let token = peers.ready["api_token"].as_str().unwrap();
    Program::run(command, &[("WEBINAR_BRIDGE_URL", serve.public.as_str()), ("WEBINAR_BRIDGE_TOKEN", token)])
}

#[test]
fn what_somebody_changed_at_on24_is_found_and_mended() {
    let peers = Peers::with(5);
    let serve = peers.serve();
    serve.settles_at(5);
    let registered = peers.registered();
    let clean = ask(&peers, &serve, &["reconcile", "--dry-run"]);
    assert_eq!((clean.code, clean.err.as_str()), (Some(0), ""), "{}", clean.out);
    assert!(clean.out.contains("5 listed: 5 the same, 0 moving, 0 of others; 0 missing"), "{}", clean.out);

    let mut addresses = registered.keys();
    let (gone, renamed) = (addresses.next().unwrap(), addresses.next().unwrap());
    peers.on24_registrant(&[("email", gone), ("isDeleted", "Y")]);
    peers.on24_registrant(&[("email", renamed), ("firstname", "Otto"), ("lastname", "Else")]);
    peers.on24_registrant(&[("email", "walk.in@example.com"), ("firstname", "Walk"), ("lastname", "In")]);
    let dry = ask(&peers, &serve, &["reconcile", "--dry-run"]);
    assert_eq!((dry.code, dry.err.as_str()), (Some(3), "2 differ"), "{}", dry.out);
    assert!(
        dry.out.contains("6 listed: 3 the same, 0 moving, 1 of others; 0 missing, 1 gone, 1 changed"),
        "{}",
        dry.out
    );
    assert!(!peers.live().contains_key(gone), "a dry run changes nothing");

    let done = ask(&peers, &serve, &["reconcile"]);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    assert!(done.out.contains("2 of these are asserted again"), "{}", done.out);
    serve.settles_at(5);
    let mut live = peers.live();
    assert!(live.remove("walk.in@example.com").is_some(), "strangers are left alone");
    assert_eq!(live, registered);
    let after: Value = {
        let json = ask(&peers, &serve, &["reconcile", "--dry-run", "--json"]);
        assert_eq!(json.code, Some(0), "{}{}", json.out, json.err);
        serde_json::from_str(&json.out).unwrap()
    };
    assert_eq!(after["reconcile"]["found"]["same"], 5, "{after}");
}

#[test]
fn who_is_held_is_listed_counted_and_released() {
    let peers = Peers::with(3);
    peers.on24_weather("register", "status:400");
    let serve = peers.serve();
    eventually(|| serve.balance()["persons"]["held"] == 3);
    let list = ask(&peers, &serve, &["held", "list"]);
    assert_eq!((list.code, list.err.as_str()), (Some(0), ""));
    assert_eq!(list.out.matches("held since").count(), 3, "{}", list.out);
    for address in peers.registered().keys() {
        assert!(!list.out.contains(address.as_str()), "nobody is named");
    }
    let json = ask(&peers, &serve, &["held", "list", "--json", "--limit", "1"]);
    let one: Value = serde_json::from_str(&json.out).unwrap();
    assert!(one["first_tried"].is_string() && one["last_tried"].is_string(), "{one}");
    let nobody = ask(&peers, &serve, &["held", "list", "--cause", "poison"]);
    assert_eq!((nobody.code, nobody.out.as_str()), (Some(0), "nobody is held"));

    let dry = ask(&peers, &serve, &["held", "release", "--reason", "the weather is better", "--dry-run"]);
    assert_eq!((dry.code, dry.out.as_str()), (Some(0), "3 would be sent again"));
    assert_eq!(serve.balance()["persons"]["held"], 3);
    peers.on24_good_weather();
    let id = one["id"].as_str().unwrap();
    let first = ask(&peers, &serve, &["held", "release", "--id", id, "--reason", "the weather is better"]);
    assert!(first.out.starts_with("1 will be sent again, as release-"), "{}", first.out);
    eventually(|| peers.live().len() == 1);
    let rest = ask(&peers, &serve, &["held", "release", "--reason", "the weather is better"]);
    assert!(rest.out.starts_with("2 will be sent again"), "{}", rest.out);
    serve.settles_at(3);
    eventually(|| {
        let (_, tasks) = serve.api(Method::GET, &format!("{}/tasks", serve.home()), None);
        let releases = tasks.as_array().unwrap().iter().filter(|task| task["kind"] == "release");
        releases.map(|task| &task["release"]["released"]).map(|n| n.as_u64().unwrap()).sum::<u64>() == 3
    });
}

#[test]
fn what_cannot_be_asked_says_why() {
    let nowhere = format!("http://{}", free_address());
    let alone = Program::run(&["held", "list"], &[("WEBINAR_BRIDGE_URL", nowhere.as_str())]);
    assert_eq!(alone.code, Some(2));
    assert!(alone.err.contains("WEBINAR_BRIDGE_TOKEN"), "{}", alone.err);
    let token = ("WEBINAR_BRIDGE_TOKEN", "0123456789012345678901234567890123456789");
    let away = Program::run(&["held", "list"], &[("WEBINAR_BRIDGE_URL", nowhere.as_str()), token]);
    assert_eq!(away.code, Some(69));
    assert!(away.err.contains("cannot be reached"), "{}", away.err);

    let peers = Peers::with(1);
    let serve = peers.serve();
    serve.settles_at(1);
    let wrong = Program::run(&["held", "list"], &[("WEBINAR_BRIDGE_URL", serve.public.as_str()), token]);
    assert_eq!(wrong.code, Some(77), "{}", wrong.err);
    let webinar = "00000000-0000-0000-0000-00000000dead";
    let missing = ask(&peers, &serve, &["reconcile", "--webinar", webinar]);
    assert_eq!((missing.code, missing.err.as_str()), (Some(4), "not found: there is no such webinar"));
    let no_reason = ask(&peers, &serve, &["held", "release", "--reason", " "]);
    assert_eq!(no_reason.code, Some(2));
    assert!(no_reason.err.contains("`reason` must have 1 to 300 characters"), "{}", no_reason.err);
    let no_time = ask(&peers, &serve, &["held", "list", "--from", "yesterday"]);
    assert_eq!(no_time.code, Some(2));
    assert!(no_time.err.contains("`from` must be an RFC 3339 time"), "{}", no_time.err);
    let other = ask(&peers, &serve, &["held", "list", "--organization", "Nobody"]);
    assert_eq!(other.code, Some(4));
    assert!(other.err.contains("there are: Contoso"), "{}", other.err);
    let (status, problem) = serve.api(
        Method::POST,
        &format!("{}/held/releases", serve.home()),
        Some(&json!({ "reason": "x", "ids": vec!["a"; 1_001] })),
    );
    assert_eq!(status, 422, "{problem}");
}
