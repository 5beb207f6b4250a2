//! `serve`: registrations go, minutes come home, and nothing moves without permission.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::json;

use crate::bridge::{Peers, Serve};
use crate::process::{a_while, eventually, free_address};

/// Now, by the machine's clock, whole seconds.
#[expect(clippy::disallowed_methods, reason = "the service beside it keeps the machine's clock")]
fn ago(minutes: i64) -> String {
    let at = Timestamp::now() - SignedDuration::from_mins(minutes);
    Timestamp::from_second(at.as_second()).unwrap().to_string()
}

#[test]
fn registrations_reach_on24_and_minutes_come_home() {
    let peers = Peers::with(50);
    let serve = peers.serve();
    serve.settles_at(50);
    let registered = peers.registered();
    assert_eq!(registered.len(), 50);
    assert_eq!(peers.live(), registered, "every name and company is intact");
    let answered = || {
        let rows = peers.crm_rows("msevtmgt_eventregistrations?$select=msevtmgt_webinarregistrationid");
        rows.iter().all(|row| row["msevtmgt_webinarregistrationid"].is_string())
    };
    eventually(answered);

    peers.people_attend();
    peers.change_event(&json!({
        "msevtmgt_eventstartdate": ago(120), "msevtmgt_eventenddate": ago(60),
        "msevtmgt_portalspecificeventstartdate": ago(120), "msevtmgt_portalspecificeventenddate": ago(60),
    }));
    eventually(|| {
        let minutes = &serve.balance()["minutes"];
        minutes["provider"].as_u64() > Some(0) && minutes["provider"] == minutes["crm"]
    });
    let rows = peers.crm_rows("msevtmgt_checkins?$select=msevtmgt_viewingdurationinmins");
    let written: u64 = rows.iter().filter_map(|row| row["msevtmgt_viewingdurationinmins"].as_u64()).sum();
    assert_eq!(serve.balance()["minutes"]["crm"], written);

    let (status, readiness) = serve.readiness();
    assert_eq!((status, &readiness["troubles"]), (200, &json!([])), "{readiness}");
    let ended = serve.program.terminate();
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{}", ended.err);
    assert!(
        ended.err.contains("\"code\":\"draining\"") && ended.err.contains("\"code\":\"ended\""),
        "{}",
        ended.err
    );
}

#[test]
fn the_bridge_works_by_tls_with_the_authority_that_its_file_names() {
    let peers = Peers::told(5, &["--tls"]);
    let serve = peers.serve();
    serve.settles_at(5);
    assert_eq!(peers.live(), peers.registered());
}

#[test]
fn nothing_is_called_before_the_terms_are_accepted() {
    let peers = Peers::with(3);
    peers.edit("terms_accepted = 1\n", "");
    let serve = peers.serve();
    assert_eq!(serve.organization()["state"], "dormant");
    assert_eq!(serve.readiness().0, 200);
    a_while();
    let [on24, dataverse, ..] = peers.calls();
    for calls in [&on24, &dataverse] {
        assert!(calls.as_object().unwrap().values().all(|count| count == 0), "{calls}");
    }
    assert!(peers.live().is_empty());

    let accepted =
        serve.api(Method::POST, &format!("{}/terms", serve.home()), Some(&json!({ "version": 1 })));
    assert!((200..300).contains(&accepted.0), "{}", accepted.1);
    serve.settles_at(3);
}

#[test]
fn without_credentials_nothing_moves_and_with_them_it_goes_on() {
    let peers = Peers::with(4);
    let serve = peers.serve();
    serve.settles_at(4);
    let credentials = format!("{}/credentials/on24", serve.home());
    assert_eq!(serve.api(Method::DELETE, &credentials, None).0, 204);
    eventually(|| serve.organization()["state"] == "awaiting credentials");
    let before = peers.calls();
    a_while();
    assert_eq!(peers.calls(), before, "no call while there are no credentials");

    let on24 = &peers.ready["on24"];
    let secret = json!({
        "client_id": on24["client_id"],
        "access_token_key": on24["access_token_key"],
        "access_token_secret": on24["access_token_secret"],
    });
    let (status, entered) = serve.api(Method::PUT, &credentials, Some(&secret));
    assert_eq!((status, &entered["outcome"]), (200, &json!("accepted")), "{entered}");
    eventually(|| serve.organization()["state"] == "active");
    eventually(|| peers.calls()[1] != before[1]);
    serve.settles_at(4);
}

#[test]
fn a_vault_that_is_away_is_named_and_holds_nobody() {
    let peers = Peers::with(3);
    let nobody = format!("http://{}", free_address());
    peers.edit(peers.text("key_vault", "base_url"), &nobody);
    let serve = peers.serve();
    eventually(|| {
        let troubles = serve.readiness().1["troubles"].take();
        troubles.as_array().unwrap().iter().any(|trouble| trouble["with"] == "vault")
    });
    assert_eq!(serve.readiness().0, 200, "work waits, the service is ready");
    a_while();
    assert_eq!(serve.balance()["persons"]["held"], 0);
    assert!(peers.live().is_empty());
    assert_eq!(serve.program.terminate().code, Some(0));

    peers.edit(&nobody, peers.text("key_vault", "base_url"));
    peers.serve().settles_at(3);
}

#[test]
fn one_store_has_one_service() {
    let peers = Peers::with(1);
    let serve = peers.serve();
    serve.settles_at(1);
    let store = peers.folder.path().join("bridge.db");
    let second = Serve::program(&peers, &store, &[free_address(), free_address()], &[]).end();
    assert_eq!((second.code, second.out.as_str()), (Some(78), ""), "{}", second.err);
    let sentence = second.err.lines().last().unwrap();
    assert!(sentence.ends_with("Nothing was started.") && sentence.contains("bridge.db"), "{sentence}");
    serve.settles_at(1);
}

#[test]
fn an_occupied_port_is_told_in_a_sentence() {
    let peers = Peers::with(0);
    let serve = peers.serve();
    let taken = serve.public.trim_start_matches("http://").to_owned();
    let store = peers.folder.path().join("other.db");
    for (addresses, setting) in [
        ([taken.clone(), free_address()], "server.public"),
        ([free_address(), taken.clone()], "server.private"),
    ] {
        let second = Serve::program(&peers, &store, &addresses, &[]).end();
        assert_eq!((second.code, second.out.as_str()), (Some(78), ""), "{}", second.err);
        let sentence = second.err.lines().last().unwrap();
        assert!(sentence.contains(&taken) && sentence.contains(setting), "{sentence}");
    }
}

#[test]
fn even_a_talkative_log_of_the_service_names_nobody() {
    let peers = Peers::with(20);
    let store = peers.folder.path().join("bridge.db");
    let addresses = [free_address(), free_address()];
    let serve = Serve::start(&peers, &store, addresses, &[("RUST_LOG", "trace")]);
    serve.settles_at(20);
    let ended = serve.program.terminate();
    assert_eq!(ended.code, Some(0));
    assert!(ended.err.lines().count() > 100, "the log is at its most talkative");
    let lower = ended.err.to_lowercase();
    for (address, names) in peers.registered() {
        assert!(!lower.contains(&address), "an address is in the log");
        for name in names.iter().filter(|name| name.len() >= 6) {
            assert!(!lower.contains(&name.to_lowercase()), "`{name}` is in the log");
        }
    }
    for (peer, name) in
        [("on24", "access_token_key"), ("on24", "access_token_secret"), ("dataverse", "client_secret")]
    {
        assert!(!ended.err.contains(peers.text(peer, name)), "{peer}.{name} is in the log");
    }
    assert!(!ended.err.contains(peers.ready["api_token"].as_str().unwrap()), "the token is in the log");
    assert!(!lower.contains("bearer "), "an access token may be in the log");
}
