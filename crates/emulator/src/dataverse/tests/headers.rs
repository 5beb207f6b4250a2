//! Headers that clients send by habit, and that mean nothing here.

use serde_json::json;

use super::bench::{A, Bench, body, header};

#[test]
fn dynamics_6_habits_of_clients_are_no_conditions() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let headers = [
        ("If-None-Match", "null"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("Accept", "application/json"),
        ("OData-Version", "4.0"),
        ("OData-MaxVersion", "4.0"),
        ("x-ms-client-request-id", "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("MSCRM.BypassBusinessLogicExecution", "CustomSync,CustomAsync"),
        ("Consistency", "Strong"),
    ];
    let answer = bench.call("GET", &format!("contacts({A})?tag=run"), &headers, "");
    assert_eq!((answer.status.as_u16(), &body(&answer)["lastname"]), (200, &json!("Lee")));
    let changed = bench.call("PATCH", &format!("contacts({A})"), &headers, r#"{"lastname":"Ray"}"#);
    assert_eq!(changed.status.as_u16(), 204);
    let made = bench.call("POST", "contacts", &headers, r#"{"lastname":"New"}"#);
    assert_eq!(made.status.as_u16(), 204);
    assert_eq!(
        (bench.rows("contacts"), &bench.get(&format!("contacts({A})"))["lastname"]),
        (2, &json!("Ray"))
    );
}

#[test]
fn dynamics_6_options_are_decoded_however_they_are_written() {
    let bench = Bench::new();
    bench.contact(A, "Van Lee");
    for url in [
        "contacts?$select=lastname&$filter=lastname%20eq%20%27Van%20Lee%27",
        "contacts?%24select=lastname&%24filter=lastname+eq+'Van+Lee'",
        "contacts?%24select=lastname&%24filter=lastname%20eq%20'Van%20Lee'",
    ] {
        assert_eq!(bench.column(url, "lastname"), ["Van Lee"], "{url}");
    }
}

#[test]
fn dynamics_9_both_urls_of_a_new_row_are_absolute() {
    let bench = Bench::new();
    let answer = bench.call("POST", "contacts", &[("Host", "org.example:8443")], r#"{"lastname":"Lee"}"#);
    for name in ["odata-entityid", "location"] {
        let url = header(&answer, name);
        assert!(url.starts_with("http://org.example:8443/api/data/v9.2/contacts("), "{name}: {url}");
    }
}
