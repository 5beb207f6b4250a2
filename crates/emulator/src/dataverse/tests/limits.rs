//! The service-protection limits, from the arrival of a call to its end.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;

use super::bench::{A, B, Bench, call, header, refused};
use crate::emulated::{Emulated, Presence};
use crate::wire::{Answer, Call};

/// A call with a token.
fn bearing(bench: &Bench, method: &str, url: &str) -> Call {
    call(method, url, &[("authorization", &format!("Bearer {}", bench.token))], "{}")
}

fn arrive(bench: &Bench, method: &str, url: &str) -> Result<Presence, Box<Answer>> {
    bench.dataverse.arrive(&bearing(bench, method, url))
}

/// A whole request, as a server's sockets carry it through.
fn send(bench: &Bench, method: &str, url: &str) -> Answer {
    match arrive(bench, method, url) {
        Ok(_presence) => bench.handle(bearing(bench, method, url)),
        Err(refused) => *refused,
    }
}

fn left(answer: &Answer) -> (&str, &str) {
    (
        header(answer, "x-ms-ratelimit-burst-remaining-xrm-requests"),
        header(answer, "x-ms-ratelimit-time-remaining-xrm-requests"),
    )
}

fn seconds(answer: &Answer) -> i64 {
    header(answer, "retry-after").parse().unwrap()
}

#[test]
fn dynamics_36_the_request_budget_is_a_sliding_window() {
    let bench = Bench::new();
    bench.set(&json!({"limits": {"enforced": true, "requests": 3}}));
    for place in 0..3 {
        assert_eq!(send(&bench, "GET", "WhoAmI").status, 200, "{place}");
        bench.clock.advance(SignedDuration::from_secs(10));
    }
    let refusal = send(&bench, "GET", "WhoAmI");
    let message = refused(&refusal, 429, "0x80072322");
    assert_eq!(message, "Number of requests exceeded the limit of 3 over time window of 300 seconds.");
    // The first of the three leaves the window 300 seconds after it came.
    let wait = seconds(&refusal);
    assert!((269..=270).contains(&wait), "{wait}");
    bench.clock.advance(SignedDuration::from_secs(wait));
    assert_eq!(send(&bench, "GET", "WhoAmI").status, 200);
    assert_eq!(send(&bench, "GET", "WhoAmI").status, 429);
}

#[test]
fn dynamics_36_the_wait_grows_while_the_client_keeps_sending() {
    let bench = Bench::new();
    bench.set(&json!({"limits": {"enforced": true, "requests": 1, "window_s": 60}}));
    assert_eq!(send(&bench, "GET", "WhoAmI").status, 200);
    bench.clock.advance(SignedDuration::from_secs(40));
    let waits: Vec<i64> = (0..5).map(|_| seconds(&send(&bench, "GET", "WhoAmI"))).collect();
    assert!(waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
    assert!(waits[0] <= 20 && waits[4] <= 60, "{waits:?}");
    // The window has long had room, but the ban that was earned still holds.
    bench.clock.advance(SignedDuration::from_secs(waits[0]));
    let banned = send(&bench, "GET", "WhoAmI");
    refused(&banned, 429, "0x80072322");
    bench.clock.advance(SignedDuration::from_secs(seconds(&banned)));
    assert_eq!(send(&bench, "GET", "WhoAmI").status, 200);
}

#[test]
fn dynamics_36_execution_time_is_spent_by_kind_and_by_part() {
    let bench = Bench::new();
    let rules = json!({"limits": {"enforced": true, "execution_ms": 1000, "cost_write_ms": 300, "cost_read_ms": 100}});
    bench.set(&rules);
    assert_eq!(left(&send(&bench, "GET", "WhoAmI")), ("5999", "0.90"));
    assert_eq!(left(&send(&bench, "POST", "contacts")), ("5998", "0.60"));
    // A batch is one request, and costs what its parts cost.
    let part = "--b\r\nContent-Type: application/http\r\n\r\nPOST contacts HTTP/1.1\r\n\r\n{}\r\n";
    let mut batch = bearing(&bench, "POST", "$batch");
    batch.headers.insert("content-type", "multipart/mixed; boundary=b".parse().unwrap());
    batch.body = format!("{part}{part}--b--\r\n").into();
    let presence = bench.dataverse.arrive(&batch);
    let answer = bench.handle(batch);
    drop(presence);
    assert_eq!((answer.status, left(&answer)), (StatusCode::OK, ("5997", "0.00")));
    let message = refused(&send(&bench, "GET", "WhoAmI"), 429, "0x80072321");
    assert!(
        message.starts_with(
            "Combined execution time of incoming requests exceeded limit of 1,000  milliseconds"
        ),
        "{message}"
    );
    assert_eq!(bench.rows("contacts"), 3);
    bench.clock.advance(SignedDuration::from_secs(300));
    assert_eq!(left(&send(&bench, "GET", "WhoAmI")), ("5999", "0.90"));
}

#[test]
fn dynamics_36_a_cascade_costs_by_the_row() {
    let bench = Bench::seeded(0, 3);
    bench.set(&json!({"limits": {"enforced": true, "cost_write_ms": 100, "cost_row_ms": 10}}));
    let event = bench.event();
    let answer = send(&bench, "DELETE", &format!("msevtmgt_events({event})"));
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    // The event and its three registrations.
    assert_eq!(left(&answer).1, "1,199.87");
}

#[test]
fn dynamics_37_every_answer_tells_what_is_left() {
    let bench = Bench::new();
    bench.set(&json!({"limits": {"enforced": true}, "dop_hint": 8}));
    for (url, rest) in [("WhoAmI", "5999"), ("contacts", "5998"), ("nothing", "5997")] {
        let answer = send(&bench, "GET", url);
        assert_eq!(left(&answer).0, rest, "{url}");
        assert_eq!(header(&answer, "x-ms-dop-hint"), "8");
        assert!(header(&answer, "set-cookie").starts_with("ARRAffinity="));
    }
    bench.set(&json!({"dop_hint": null}));
    let bare = send(&bench, "GET", "WhoAmI");
    assert!(!bare.headers.contains_key("x-ms-dop-hint"));
    assert_eq!(left(&bare), ("5999", "1,199.98"));
}

#[test]
fn dynamics_37_without_limits_there_is_always_all_left() {
    let bench = Bench::new();
    for _ in 0..3 {
        let answer = send(&bench, "POST", "contacts");
        assert_eq!(left(&answer), ("5999", "1,200.00"));
        assert_eq!(header(&answer, "x-ms-dop-hint"), "16");
    }
}

#[test]
fn dynamics_38_more_requests_at_once_than_allowed_really_fail() {
    let bench = Bench::new();
    bench.dataverse.set_limits(true);
    let mut flying: Vec<Presence> = (0..52).map(|_| arrive(&bench, "GET", "WhoAmI").ok().unwrap()).collect();
    let waits: Vec<i64> = (0..3)
        .map(|_| {
            let refusal = arrive(&bench, "GET", "WhoAmI").err().unwrap();
            let message = refused(&refusal, 429, "0x80072326");
            assert_eq!(message, "Number of concurrent requests exceeded the limit of 52.");
            seconds(&refusal)
        })
        .collect();
    assert_eq!(waits, [1, 6, 11]);
    // Room is room at once: there is no ban for this limit.
    flying.pop();
    flying.push(arrive(&bench, "GET", "WhoAmI").ok().unwrap());
    assert!(arrive(&bench, "GET", "WhoAmI").is_err());
    drop(flying);
    assert_eq!(send(&bench, "GET", "WhoAmI").status, 200);
}

#[test]
fn dynamics_38_strangers_do_not_count() {
    let bench = Bench::new();
    bench.set(&json!({"limits": {"enforced": true, "concurrent": 1, "requests": 1}}));
    let stranger = call("GET", "WhoAmI", &[], "");
    let _stay = bench.dataverse.arrive(&stranger).ok().unwrap();
    let _again = bench.dataverse.arrive(&stranger).ok().unwrap();
    assert_eq!(send(&bench, "GET", "WhoAmI").status, 200);
}

#[test]
fn dynamics_38_two_updates_of_one_row_at_once_are_a_deadlock() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    bench.contact(B, "Ray");
    let row = format!("contacts({A})");
    bench.set(&json!({"deadlock_ms": 0}));
    let first = arrive(&bench, "PATCH", &row).ok().unwrap();
    for method in ["PATCH", "DELETE"] {
        let message = refused(&arrive(&bench, method, &row).err().unwrap(), 500, "0x80044150");
        assert_eq!(
            message,
            " Sql error: Generic SQL error. CRM ErrorCode: -2147204784 Sql ErrorCode: -2146232060 Sql Number: 1205"
        );
    }
    // Reads, other rows and creates are not in the way.
    assert_eq!(send(&bench, "GET", &row).status, 200);
    assert_eq!(send(&bench, "PATCH", &format!("contacts({B})")).status, 204);
    assert_eq!(send(&bench, "POST", "contacts").status, 204);
    drop(first);
    assert_eq!(send(&bench, "PATCH", &row).status, 204);
    assert_eq!(send(&bench, "PATCH", &row).status, 204);
    bench.set(&json!({"deadlock_ms": 1000}));
    bench.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(send(&bench, "PATCH", &row).status, 204);
    assert_eq!(send(&bench, "PATCH", &row).status, 500);
    bench.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(send(&bench, "PATCH", &row).status, 204);
    bench.set(&json!({"deadlock_ms": null}));
    assert_eq!(send(&bench, "PATCH", &row).status, 204);
}
