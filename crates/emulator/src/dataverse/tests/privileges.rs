//! What a role lacks, by table and verb.

use serde_json::{Value as Json, json};

use super::bench::{A, B, Bench, call, refused, text};

const OF_CONTACT: &str = "on OTC=2 for entity 'contact' (LocalizedName='Contact')";

fn lacking(bench: &Bench, privileges: &[&str]) {
    bench.set(&json!({"access": {"missing_privileges": privileges}}));
}

#[track_caller]
fn denied(bench: &Bench, method: &str, url: &str, body: &str, privilege: &str) -> String {
    let message = refused(&bench.call(method, url, &[], body), 403, "0x80040220");
    assert!(message.starts_with("Principal user (Id="), "{message}");
    assert!(message.contains(&format!("is missing {privilege} privilege (Id=")), "{message}");
    message
}

#[test]
fn dynamics_4_each_verb_of_each_table_can_be_missing() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let row = format!("contacts({A})");
    for (verb, method, url, privilege) in [
        ("read", "GET", "contacts", "prvReadContact"),
        ("read", "GET", "contacts/$count", "prvReadContact"),
        ("read", "GET", row.as_str(), "prvReadContact"),
        ("create", "POST", "contacts", "prvCreateContact"),
        ("create", "PATCH", &format!("contacts({B})"), "prvCreateContact"),
        ("write", "PATCH", &row, "prvWriteContact"),
        ("write", "PUT", &format!("{row}/jobtitle"), "prvWriteContact"),
        ("delete", "DELETE", &row, "prvDeleteContact"),
    ] {
        lacking(&bench, &[&format!("{verb} contact")]);
        let message = denied(&bench, method, url, r#"{"lastname":"x"}"#, privilege);
        assert!(message.contains(OF_CONTACT), "{message}");
        // The same on another table is not touched.
        assert_eq!(bench.call("GET", "accounts", &[], "").status, 200);
    }
    lacking(&bench, &[]);
    assert_eq!(bench.get(&row)["lastname"], "Lee");
    assert_eq!(bench.rows("contacts"), 1);
}

#[test]
fn dynamics_4_stars_stand_for_all_and_tables_of_a_publisher_keep_their_names() {
    let bench = Bench::new();
    lacking(&bench, &["* msevtmgt_checkin"]);
    denied(&bench, "GET", "msevtmgt_checkins", "", "prvReadmsevtmgt_checkin");
    denied(&bench, "POST", "msevtmgt_checkins", "{}", "prvCreatemsevtmgt_checkin");
    lacking(&bench, &["read *"]);
    denied(&bench, "GET", "accounts", "", "prvReadAccount");
    assert_eq!(bench.post("accounts", &json!({"name": "x"})).status, 204);
    assert_eq!(bench.call("GET", "WhoAmI", &[], "").status, 200);
}

#[test]
fn dynamics_4_binding_and_expanding_need_privileges_of_the_other_table() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let bound = json!({"msevtmgt_Contact@odata.bind": format!("/contacts({A})")}).to_string();
    lacking(&bench, &["append msevtmgt_checkin"]);
    denied(&bench, "POST", "msevtmgt_checkins", &bound, "prvAppendmsevtmgt_checkin");
    lacking(&bench, &["appendto contact"]);
    denied(&bench, "POST", "msevtmgt_checkins", &bound, "prvAppendToContact");
    assert_eq!(bench.post("msevtmgt_checkins", &json!({})).status, 204);
    lacking(&bench, &["read contact"]);
    let expanded = "msevtmgt_checkins?$expand=msevtmgt_Contact($select=fullname)";
    denied(&bench, "GET", expanded, "", "prvReadContact");
    assert_eq!(bench.call("GET", "msevtmgt_checkins", &[], "").status, 200);
}

#[test]
fn dynamics_4_inside_of_a_batch_one_part_alone_is_denied() {
    let bench = Bench::new();
    lacking(&bench, &["create contact"]);
    let part = |request: &str, body: &str| {
        format!("--b\r\nContent-Type: application/http\r\n\r\n{request} HTTP/1.1\r\n\r\n{body}\r\n")
    };
    let parts =
        [part("POST contacts", "{}"), part("POST accounts", r#"{"name":"x"}"#), "--b--\r\n".to_owned()];
    let headers = [("Content-Type", "multipart/mixed; boundary=b"), ("Prefer", "odata.continue-on-error")];
    let answer = bench.call("POST", "$batch", &headers, &parts.concat());
    assert_eq!(answer.status, 200);
    let text = text(&answer);
    assert!(text.contains("HTTP/1.1 403") && text.contains("prvCreateContact"), "{text}");
    assert_eq!((bench.rows("contacts"), bench.rows("accounts")), (0, 1));
}

#[test]
fn settings_that_name_nothing_are_refused_and_change_nothing() {
    let bench = Bench::new();
    let before = bench.controlled("GET", "settings", &Json::Null).body;
    for wrong in [
        json!({"access": {"missing_privileges": ["fly contact"]}}),
        json!({"access": {"missing_privileges": ["read nobody"]}}),
        json!({"access": {"missing_privileges": ["contact"]}}),
        json!({"access": {"user": "king"}}),
        json!({"access": {"uzer": "granted"}}),
        json!({"limits": {"window_s": 0}}),
        json!({"limits": {"requests": -1}}),
        json!({"webhooks": {"duplicates": 1.5}}),
        json!({"webhooks": {"utc_offset_minutes": -2_147_483_648_i64}}),
        json!([]),
        json!(5),
    ] {
        let answer = bench.controlled("POST", "settings", &wrong);
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(text(&answer).contains("error"), "{wrong}");
    }
    assert_eq!(bench.controlled("GET", "settings", &Json::Null).body, before);
    let denied = bench.dataverse.set(&call("DELETE", "/_emulator/settings", &[], ""));
    assert_eq!(denied.status, 405);
}

#[test]
fn dynamics_4_a_row_by_its_key_and_the_rows_behind_a_navigation_need_theirs() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    bench.key("contact", "mail", &["emailaddress1"]);
    lacking(&bench, &["create contact"]);
    denied(&bench, "PATCH", "contacts(emailaddress1='a')", r#"{"lastname":"x"}"#, "prvCreateContact");
    lacking(&bench, &["read account"]);
    denied(&bench, "GET", &format!("contacts({A})/parentcustomerid_account"), "", "prvReadAccount");
    denied(&bench, "GET", &format!("contacts({A})/account_primary_contact"), "", "prvReadAccount");
    assert_eq!(bench.rows("contacts"), 1);
}
