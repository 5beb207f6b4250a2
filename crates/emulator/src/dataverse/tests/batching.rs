use http::StatusCode;
use serde_json::json;

use super::bench::{A, B, Bench, C, NOBODY, ORIGIN, ROOT, header, refused, text};
use crate::emulated::Emulated;
use crate::wire::Answer;

const PLAIN: &str = "multipart/mixed; boundary=batch_x";

/// One request as a part of a batch, with lines ended by CRLF.
fn part(request: &str, body: &str) -> String {
    format!(
        "--batch_x\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{request} \
         HTTP/1.1\r\nContent-Type: application/json; type=entry\r\n\r\n{body}\r\n"
    )
}

fn change(content_id: &str, request: &str, body: &str) -> String {
    format!(
        "--set_y\r\nContent-Type: application/http\r\ncontent-transfer-encoding: binary\r\nCONTENT-ID: \
         {content_id}\r\n\r\n{request} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}\r\n"
    )
}

fn change_set(changes: &[String]) -> String {
    format!(
        "--batch_x\r\nContent-Type: multipart/mixed; boundary=\"set_y\"\r\n\r\n{}--set_y--\r\n",
        changes.concat()
    )
}

fn batch(bench: &Bench, prefer: &str, parts: &[String]) -> Answer {
    let body = format!("\r\n{}--batch_x--\r\n", parts.concat());
    bench.call("POST", "$batch", &[("Content-Type", PLAIN), ("Prefer", prefer)], &body)
}

/// The status lines inside of an answer, in order.
fn statuses(answer: &Answer) -> Vec<u16> {
    let text = text(answer);
    let lines = text.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 "));
    lines.map(|line| line[..3].parse().unwrap()).collect()
}

#[test]
fn dynamics_32_requests_are_answered_in_order() {
    let bench = Bench::new();
    let answer = batch(
        &bench,
        "",
        &[
            part("POST /api/data/v9.2/contacts", &format!(r#"{{"contactid":"{A}","lastname":"Lee"}}"#)),
            part(&format!("PATCH {ORIGIN}{ROOT}/contacts({A})"), r#"{"jobtitle":"Lead"}"#),
            part(&format!("GET contacts({A})?$select=jobtitle"), ""),
            part(&format!("DELETE contacts({A})"), ""),
        ],
    );
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(statuses(&answer), [204, 204, 200, 204]);
    let kind = header(&answer, "content-type");
    let boundary = kind.strip_prefix("multipart/mixed; boundary=").unwrap();
    assert!(boundary.starts_with("batchresponse_"));
    let text = text(&answer);
    assert!(text.starts_with(&format!("--{boundary}\r\nContent-Type: application/http\r\n")));
    assert!(text.ends_with(&format!("--{boundary}--\r\n")));
    assert!(text.contains(r#""jobtitle":"Lead""#));
    assert!(text.contains(&format!("OData-EntityId: {ORIGIN}{ROOT}/contacts({A})\r\n")), "{text}");
    assert_eq!(bench.rows("contacts"), 0);
}

#[test]
fn dynamics_32_line_feeds_alone_and_quoted_boundaries_will_do() {
    let bench = Bench::new();
    let body =
        format!("\r\n{}--batch_x--", part("POST contacts", r#"{"lastname":"Lee"}"#)).replace("\r\n", "\n");
    let headers = [("content-type", "multipart/mixed;boundary=\"batch_x\"")];
    let answer = bench.call("POST", "$batch", &headers, &body);
    assert_eq!((answer.status, statuses(&answer)), (StatusCode::OK, vec![204]));
    assert_eq!(bench.rows("contacts"), 1);
}

#[test]
fn dynamics_33_the_first_failure_ends_a_batch_and_is_its_status() {
    let bench = Bench::new();
    let parts = [
        part("POST contacts", r#"{"lastname":"Lee"}"#),
        part(&format!("GET contacts({NOBODY})"), ""),
        part("POST contacts", r#"{"lastname":"Ray"}"#),
    ];
    let answer = batch(&bench, "", &parts);
    assert_eq!((answer.status, statuses(&answer)), (StatusCode::NOT_FOUND, vec![204, 404]));
    assert!(
        text(&answer).contains("0x80040217")
            && header(&answer, "content-type").starts_with("multipart/mixed")
    );
    assert_eq!(bench.rows("contacts"), 1);
    let answer = batch(&bench, "odata.continue-on-error", &parts);
    assert_eq!((answer.status, statuses(&answer)), (StatusCode::OK, vec![204, 404, 204]));
    assert_eq!(bench.rows("contacts"), 3);
}

#[test]
fn dynamics_34_a_change_set_goes_whole_with_references() {
    let bench = Bench::new();
    let answer = batch(
        &bench,
        "",
        &[change_set(&[
            change("1", "POST /api/data/v9.2/accounts", r#"{"name":"One"}"#),
            change("2", "POST contacts", r#"{"lastname":"Lee","parentcustomerid_account@odata.bind":"$1"}"#),
            change("3", "PATCH $2", r#"{"jobtitle":"Lead"}"#),
            change("4", "PATCH /$1", r#"{"primarycontactid@odata.bind":"$2"}"#),
        ])],
    );
    assert_eq!((answer.status, statuses(&answer)), (StatusCode::OK, vec![204; 4]));
    let text = text(&answer);
    assert!(text.contains("boundary=changesetresponse_") && text.contains("Content-ID: 3\r\n"));
    let contact = &bench.get("contacts?$expand=parentcustomerid_account")["value"][0];
    assert_eq!(
        (&contact["jobtitle"], &contact["parentcustomerid_account"]["name"]),
        (&json!("Lead"), &json!("One"))
    );
    assert_eq!(bench.get("accounts")["value"][0]["_primarycontactid_value"], contact["contactid"]);
}

#[test]
fn dynamics_34_a_change_set_goes_not_at_all_when_one_fails() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    bench.contact(B, "Ray");
    let before = bench.get("contacts");
    let failing = change_set(&[
        change("1", "POST contacts", r#"{"lastname":"New"}"#),
        change("2", &format!("PATCH contacts({A})"), r#"{"lastname":"Changed"}"#),
        change("3", &format!("DELETE contacts({B})"), ""),
        change("4", &format!("PATCH contacts({C})"), r#"{"jobtitle":5}"#),
    ]);
    let answer = batch(&bench, "", std::slice::from_ref(&failing));
    assert_eq!((answer.status, statuses(&answer)), (StatusCode::BAD_REQUEST, vec![400]));
    assert_eq!(bench.get("contacts"), before);
    let answer = batch(&bench, "odata.continue-on-error", &[failing, part("GET contacts", "")]);
    assert_eq!((answer.status, statuses(&answer)), (StatusCode::OK, vec![400, 200]));
    // What was taken back is no change either.
    let tracked = [("Prefer", "odata.track-changes")];
    assert_eq!(bench.get_with("contacts", &tracked)["value"].as_array().unwrap().len(), 2);
}

#[test]
fn dynamics_34_a_rolled_back_deletion_never_shows_in_a_delta() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let list = bench.get_with("contacts", &[("Prefer", "odata.track-changes")]);
    batch(
        &bench,
        "",
        &[change_set(&[
            change("1", &format!("DELETE contacts({A})"), ""),
            change("2", "POST contacts", r#"{"lastname":5}"#),
        ])],
    );
    let delta = bench.get(list["@odata.deltaLink"].as_str().unwrap());
    assert_eq!(delta["value"], json!([]));
    assert_eq!(bench.rows("contacts"), 1);
}

#[test]
fn dynamics_34_a_reference_must_come_before_its_use() {
    let bench = Bench::new();
    let forward = change_set(&[
        change("1", "POST contacts", r#"{"lastname":"Lee","parentcustomerid_account@odata.bind":"$2"}"#),
        change("2", "POST accounts", r#"{"name":"One"}"#),
    ]);
    let answer = batch(&bench, "", &[forward]);
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(text(&answer).contains("Content-ID Reference: '$2' does not exist in the batch context."));
    assert_eq!((bench.rows("contacts"), bench.rows("accounts")), (0, 0));
}

#[test]
fn dynamics_34_what_a_batch_cannot_hold_is_refused_before_anything_is_done() {
    let bench = Bench::new();
    let make = part("POST contacts", r#"{"lastname":"Lee"}"#);
    let many: Vec<String> = (0..1001).map(|_| make.clone()).collect();
    let nameless = change("1", "POST contacts", "{}").replace("CONTENT-ID: 1\r\n", "");
    for parts in [
        many,
        vec![make.clone(), change_set(&[change("1", "GET contacts", "")])],
        vec![make.clone(), change_set(&[nameless])],
        vec![
            make.clone(),
            change_set(&[change("1", "POST contacts", "{}"), change("1", "POST contacts", "{}")]),
        ],
    ] {
        refused(&batch(&bench, "odata.continue-on-error", &parts), 400, "0x80060000");
    }
    assert_eq!(bench.rows("contacts"), 0);
    let thousand: Vec<String> = (0..1000).map(|_| make.clone()).collect();
    assert_eq!(batch(&bench, "", &thousand).status, StatusCode::OK);
    assert_eq!(bench.rows("contacts"), 1000);
    let nested = batch(&bench, "", &[part("POST $batch", "")]);
    assert_eq!((nested.status, statuses(&nested)), (StatusCode::BAD_REQUEST, vec![400]));
}

#[test]
fn dynamics_32_a_batch_that_cannot_be_read_is_answered_in_plain_json() {
    let bench = Bench::new();
    let good = format!("{}--batch_x--\r\n", part("GET contacts", ""));
    for (kind, body) in [
        ("application/json", good.as_str()),
        ("multipart/mixed", &good),
        ("multipart/mixed; boundary=other", &good),
        (PLAIN, ""),
        (PLAIN, &good.replace("--batch_x--", "")),
        (PLAIN, &good.replace(" HTTP/1.1", "")),
        (PLAIN, &good.replace("GET contacts", "GET")),
        (PLAIN, &good.replace("application/http", "text/plain")),
        (PLAIN, &good.replace("Content-Type: application/json", "no colon here")),
    ] {
        refused(&bench.call("POST", "$batch", &[("Content-Type", kind)], body), 400, "0x80060000");
    }
    assert_eq!(bench.call("GET", "$batch", &[], "").status, StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn requests_inside_are_counted_by_their_own_names() {
    let bench = Bench::new();
    let changes = [change("1", "POST contacts", "{}"), change("2", "PATCH $1", r#"{"jobtitle":"x"}"#)];
    batch(&bench, "", &[part("GET contacts", ""), part("GET WhoAmI", ""), change_set(&changes)]);
    batch(&bench, "", &[part("GET contacts", "")]);
    assert_eq!(bench.dataverse.state()["calls"], json!({"create": 1, "list": 2, "update": 1, "whoami": 1}));
}

#[test]
fn preferences_of_the_batch_are_not_those_of_its_parts() {
    let bench = Bench::seeded(3, 0);
    let answer = batch(&bench, "odata.maxpagesize=1", &[part("GET contacts", "")]);
    assert!(!text(&answer).contains("nextLink"));
    let own = part("GET contacts", "")
        .replace("Content-Type: application/json; type=entry", "Prefer: odata.maxpagesize=1");
    let answer = batch(&bench, "", &[own]);
    let link = format!("{ORIGIN}{ROOT}/contacts?$skiptoken=");
    assert!(text(&answer).contains(&link), "{}", text(&answer));
}

#[test]
fn a_batch_whose_answers_are_too_large_is_taken_back() {
    let bench = Bench::new();
    for _ in 0..40 {
        let body = json!({"msevtmgt_name": "R", "msevtmgt_qrcode": "x".repeat(50_000)});
        assert_eq!(bench.post("msevtmgt_eventregistrations", &body).status, 204);
    }
    let made = part("POST contacts", r#"{"lastname":"Lee"}"#);
    let read = part("GET msevtmgt_eventregistrations?$select=msevtmgt_qrcode", "");
    let few = [vec![made.clone()], vec![read.clone(); 2]].concat();
    assert_eq!((batch(&bench, "", &few).status.as_u16(), bench.rows("contacts")), (200, 1));
    let many = [vec![made], vec![read; 40]].concat();
    refused(&batch(&bench, "odata.continue-on-error", &many), 413, "0x80060000");
    assert_eq!(bench.rows("contacts"), 1);
}
