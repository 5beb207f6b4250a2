//! Both positions of every switch.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::bench::{A, B, Bench, C, NOBODY, ORIGIN, body, call, filtered, refused, text, values};
use crate::emulated::Emulated;

const TRACK: &[(&str, &str)] = &[("Prefer", "odata.track-changes")];

fn delta(bench: &Bench, set: &str) -> String {
    bench.get_with(set, TRACK)["@odata.deltaLink"].as_str().unwrap().to_owned()
}

#[test]
fn settings_are_shown_and_replaced_by_name() {
    let bench = Bench::new();
    let show = || {
        let answer =
            bench.dataverse.control("settings", &call("GET", "/_emulator/settings", &[], "")).unwrap();
        body(&answer)
    };
    assert_eq!((&show()["tracking_days"], &show()["read_depth"]), (&json!(7), &json!("organization")));
    bench.set(&json!({"tracking_days": 30}));
    assert_eq!((&show()["tracking_days"], &show()["read_depth"]), (&json!(30), &json!("organization")));
    for wrong in
        [r#"{"nothing":1}"#, r#"{"tracking_days":"x"}"#, "[]", "", r#"{"tracking_expired_status":200}"#]
    {
        let answer =
            bench.dataverse.control("settings", &call("POST", "/_emulator/settings", &[], wrong)).unwrap();
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(show()["tracking_days"], 30);
    assert!(bench.dataverse.control("nothing", &call("GET", "/_emulator/nothing", &[], "")).is_none());
}

#[test]
fn dynamics_13_queries_are_refused_with_the_code_of_their_time() {
    let bench = Bench::new();
    let expected = "Could not find a property named 'nickname' on type 'Microsoft.Dynamics.CRM.contact'.";
    for code in ["0x80060888", "0x0", ""] {
        bench.set(&json!({ "query_error_code": code }));
        let answer = bench.call("GET", "contacts?$select=nickname", &[], "");
        assert_eq!(refused(&answer, 400, code), expected);
        let inside = "--b\r\nContent-Type: application/http\r\n\r\nGET contacts?$select=nickname HTTP/1.1\r\n\r\n\r\n--b--";
        let answer = bench.call("POST", "$batch", &[("Content-Type", "multipart/mixed; boundary=b")], inside);
        assert!(text(&answer).contains(&format!("\"code\":\"{code}\"")));
        refused(&bench.call("GET", "Contacts", &[], ""), 404, "0x8006088a");
    }
}

#[test]
fn dynamics_11_an_etag_for_a_row_that_is_not_there() {
    let bench = Bench::new();
    let patch = || bench.call("PATCH", &format!("contacts({A})"), &[("If-Match", "W/\"1\"")], "{}");
    refused(&patch(), 404, "0x80040217");
    bench.set(&json!({"etag_of_absent_row": "precondition_failed"}));
    refused(&patch(), 412, "0x80060882");
    let any = bench.call("PATCH", &format!("contacts({A})"), &[("If-Match", "*")], "{}");
    refused(&any, 404, "0x80040217");
    assert_eq!(bench.rows("contacts"), 0);
}

#[test]
fn dynamics_12_a_table_without_optimistic_concurrency_knows_no_etags() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let url = format!("contacts({A})");
    let etag = bench.etag(&url);
    let read = || bench.call("GET", &url, &[("If-None-Match", &etag)], "").status.as_u16();
    assert_eq!(read(), 304);
    bench.set(&json!({"unversioned_tables": ["contact"]}));
    assert_eq!(read(), 200);
    refused(&bench.call("PATCH", &url, &[("If-Match", &etag)], "{}"), 400, "0x80060893");
    assert_eq!(bench.call("PATCH", &url, &[("If-Match", "*")], "{}").status.as_u16(), 204);
    let described =
        bench.get("EntityDefinitions(LogicalName='contact')?$select=IsOptimisticConcurrencyEnabled");
    assert_eq!(described["IsOptimisticConcurrencyEnabled"], false);
}

#[test]
fn dynamics_18_a_required_lookup_is_asked_for_by_forms_or_by_a_plug_in() {
    let bench = Bench::new();
    let set = "msevtmgt_eventregistrations";
    let row = format!("{set}({B})");
    bench.make(set, "msevtmgt_eventregistrationid", A, json!({"msevtmgt_name": "R"}));
    bench.set(&json!({"required_lookups": "by_plug_in"}));
    let message = refused(&bench.post(set, &json!({"msevtmgt_name": "R"})), 400, "0x80040265");
    assert_eq!(message, "msevtmgt_ContactId is required.");
    bench.contact(A, "Lee");
    let contact = format!("contacts({A})");
    refused(&bench.post(set, &json!({"msevtmgt_ContactId@odata.bind": contact})), 400, "0x80040265");
    let event = format!("msevtmgt_events({})", bench.event());
    let whole = json!({"msevtmgt_ContactId@odata.bind": contact, "msevtmgt_EventId@odata.bind": event});
    bench.make(set, "msevtmgt_eventregistrationid", B, whole);
    let cleared = json!({"msevtmgt_ContactId@odata.bind": null});
    refused(&bench.patch(&row, &cleared), 400, "0x80040265");
    assert_eq!(bench.get(&row)["_msevtmgt_contactid_value"], A);
    bench.set(&json!({"required_lookups": "by_forms"}));
    assert_eq!(bench.patch(&row, &cleared).status.as_u16(), 204);
    assert_eq!(bench.rows(set), 2);
}

#[test]
fn dynamics_19_columns_of_the_platform_are_passed_over_or_refused() {
    let bench = Bench::new();
    let session = json!({"msevtmgt_durationmins": 7, "msevtmgt_name": "S"});
    assert_eq!(bench.post("msevtmgt_sessions", &session).status.as_u16(), 204);
    assert_eq!(bench.column("msevtmgt_sessions", "msevtmgt_durationmins"), [Json::Null]);
    bench.set(&json!({"read_only_columns": "rejected"}));
    let message = refused(&bench.post("msevtmgt_sessions", &session), 400, "0x80040203");
    assert!(message.contains("'msevtmgt_durationmins'"), "{message}");
    refused(&bench.post("contacts", &json!({"fullname": "Ann Lee"})), 400, "0x80040203");
    assert_eq!(bench.post("contacts", &json!({"lastname": "Lee"})).status.as_u16(), 204);
    assert_eq!((bench.rows("msevtmgt_sessions"), bench.rows("contacts")), (1, 1));
}

#[test]
fn dynamics_25_a_page_may_be_empty_and_have_a_link() {
    let bench = Bench::new();
    for id in [A, B, C] {
        bench.contact(id, "Lee");
    }
    let url = filtered("contacts", "lastname eq 'Lee'");
    assert_eq!(bench.column(&url, "contactid").len(), 3);
    bench.set(&json!({"empty_first_page": true}));
    for order in ["", "&$orderby=lastname"] {
        let first = bench.get(&format!("{url}{order}"));
        assert_eq!(first["value"], json!([]));
        let rest = bench.get(first["@odata.nextLink"].as_str().unwrap());
        assert_eq!((values(&rest, "contactid").len(), rest.get("@odata.nextLink")), (3, None));
    }
    // Without rows there is nothing to put off, and a list without a filter is given at once.
    assert!(bench.get(&filtered("contacts", "lastname eq 'x'")).get("@odata.nextLink").is_none());
    assert_eq!(bench.column("contacts", "contactid").len(), 3);
}

#[test]
fn dynamics_28_a_table_that_is_not_tracked_is_refused() {
    let bench = Bench::new();
    let link = delta(&bench, "contacts");
    bench.set(&json!({"untracked_tables": ["contact"]}));
    let expected = "Entity: contact isn't enabled for change tracking.";
    assert_eq!(refused(&bench.call("GET", "contacts", TRACK, ""), 400, "0x80060888"), expected);
    refused(&bench.call("GET", &link, &[], ""), 400, "0x80060888");
    let described = bench.get("EntityDefinitions(LogicalName='contact')?$select=ChangeTrackingEnabled");
    assert_eq!(described["ChangeTrackingEnabled"], false);
    assert_eq!(bench.call("GET", "accounts", TRACK, "").status.as_u16(), 200);
    bench.set(&json!({"untracked_tables": []}));
    assert_eq!(bench.call("GET", &link, &[], "").status.as_u16(), 200);
}

#[test]
fn dynamics_30_tokens_end_with_their_age_at_the_status_that_is_set() {
    let bench = Bench::new();
    bench.set(&json!({"tracking_days": 1, "tracking_expired_status": 410}));
    let link = delta(&bench, "contacts");
    let get = || {
        let token = format!("Bearer {}", bench.issuer.issue(ORIGIN).unwrap().0);
        bench.handle(call("GET", &link, &[("authorization", &token)], ""))
    };
    bench.clock.advance(SignedDuration::from_hours(23));
    assert_eq!(get().status.as_u16(), 200);
    bench.clock.advance(SignedDuration::from_hours(2));
    refused(&get(), 410, "0x80044352");
}

#[test]
fn dynamics_30_a_reset_ends_the_tokens_of_all_tables_or_of_one() {
    let bench = Bench::new();
    let links = || [delta(&bench, "contacts"), delta(&bench, "accounts")];
    let statuses =
        |links: &[String; 2]| links.each_ref().map(|link| bench.call("GET", link, &[], "").status.as_u16());
    let before = links();
    bench.control("tracking", &json!({"reset": true, "table": "contact"}));
    assert_eq!(statuses(&before), [400, 200]);
    bench.control("tracking", &json!({"reset": true}));
    assert_eq!(statuses(&before), [400, 400]);
    refused(&bench.call("GET", &before[0], &[], ""), 400, "0x80044352");
    assert_eq!(statuses(&links()), [200, 200]);
}

#[test]
fn dynamics_30_a_change_of_the_schema_ends_the_tokens_of_its_table() {
    let bench = Bench::new();
    let version = || {
        let all = [("Prefer", "odata.include-annotations=\"*\"")];
        bench.get_with("contacts", &all)["@Microsoft.Dynamics.CRM.globalmetadataversion"].clone()
    };
    let (link, other, first) = (delta(&bench, "contacts"), delta(&bench, "accounts"), version());
    bench.key("contact", "mail_key", &["emailaddress1"]);
    refused(&bench.call("GET", &link, &[], ""), 400, "0x80044352");
    assert_eq!(bench.call("GET", &other, &[], "").status.as_u16(), 200);
    assert_ne!(version(), first);
    bench.control("tracking", &json!({"schema_changed": true, "table": "account"}));
    refused(&bench.call("GET", &other, &[], ""), 400, "0x80044352");
    bench.set(&json!({"schema_change_ends_tracking": false}));
    let link = delta(&bench, "contacts");
    bench.control("tracking", &json!({"schema_changed": true, "table": "contact"}));
    assert_eq!(bench.call("GET", &link, &[], "").status.as_u16(), 200);
}

#[test]
fn dynamics_31_tracking_asks_for_the_whole_organization() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let link = delta(&bench, "contacts");
    bench.set(&json!({"read_depth": "business_unit"}));
    let message = refused(&bench.call("GET", "contacts", TRACK, ""), 403, "0x80040220");
    assert!(message.starts_with("SecLib::CheckPrivilege failed. User: "), "{message}");
    assert!(message.contains("PrivilegeName: prvReadContact") && message.contains("Required Depth: Global"));
    refused(&bench.call("GET", &link, &[], ""), 403, "0x80040220");
    refused(&bench.call("GET", &link.replace("/contacts?", "/contacts/$count?"), &[], ""), 403, "0x80040220");
    assert_eq!(bench.column("contacts", "contactid"), [A]);
    bench.set(&json!({"read_depth": "organization"}));
    assert_eq!(bench.call("GET", &link, &[], "").status.as_u16(), 200);
}

#[test]
fn dynamics_29_own_writes_come_back() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let link = delta(&bench, "contacts?$select=jobtitle");
    bench.patch(&format!("contacts({A})"), &json!({"jobtitle": "Lead"}));
    let page = bench.get(&link);
    assert_eq!(values(&page, "jobtitle"), ["Lead"]);
    refused(&bench.call("GET", &format!("contacts({NOBODY})"), &[], ""), 404, "0x80040217");
}
