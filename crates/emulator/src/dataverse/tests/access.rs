use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::json;

use super::bench::{A, Bench, ORIGIN, ROOT, body, call, header, refused, text};
use crate::emulated::Emulated;

#[test]
fn dynamics_3_without_a_good_token_there_are_no_words() {
    let bench = Bench::new();
    bench.issuer.admit_resource("https://vault.azure.net");
    let foreign = format!("Bearer {}", bench.issuer.issue("https://vault.azure.net").unwrap().0);
    let basic = format!("Basic {}", bench.token);
    let old = format!("Bearer {}", bench.token);
    for headers in [
        vec![],
        vec![("authorization", "Bearer made-up")],
        vec![("authorization", foreign.as_str())],
        vec![("authorization", basic.as_str())],
    ] {
        let answer = bench.handle(call("GET", "contacts", &headers, ""));
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.body.is_empty());
        assert!(header(&answer, "www-authenticate").starts_with("Bearer authorization_uri="));
    }
    let headers = [("authorization", old.as_str())];
    assert_eq!(bench.handle(call("GET", "contacts", &headers, "")).status, StatusCode::OK);
    bench.clock.advance(SignedDuration::from_secs(3600));
    let expired = bench.handle(call("GET", "contacts", &headers, ""));
    assert_eq!((expired.status, expired.body.len()), (StatusCode::UNAUTHORIZED, 0));
    assert_eq!(bench.rows("contacts"), 0);
}

#[test]
fn dynamics_3_a_401_can_be_a_page() {
    let bench = Bench::new();
    bench.set(&json!({"access": {"unauthorized": "html"}}));
    let answer = bench.handle(call("GET", "contacts", &[("authorization", "Bearer made-up")], ""));
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(header(&answer, "content-type"), "text/html");
    assert!(text(&answer).starts_with("<html>") && text(&answer).contains("401"));
    let challenge = format!(
        "Bearer authorization_uri=https://login.microsoftonline.com/{}/oauth2/authorize, resource_id={ORIGIN}/",
        bench.issuer.tenant()
    );
    assert_eq!(header(&answer, "www-authenticate"), challenge);
    bench.set(&json!({"access": {"unauthorized": "empty"}}));
    assert!(bench.handle(call("GET", "contacts", &[], "")).body.is_empty());
}

#[test]
fn dynamics_4_a_user_that_the_organization_does_not_know_gets_nothing() {
    let bench = Bench::new();
    for (user, code, words) in [
        ("no_application_user", "0x80072560", "The user is not a member of the organization."),
        ("no_role", "0x80042f09", "no roles are assigned to user"),
        ("no_license", "0x8004d24b", "The user has not been assigned any License"),
        ("disabled_user", "0x80040225", "is disabled. Consider enabling this user."),
    ] {
        bench.set(&json!({"access": {"user": user}}));
        for (method, url) in
            [("GET", "WhoAmI"), ("GET", "contacts"), ("POST", "contacts"), ("POST", "$batch")]
        {
            let message = refused(&bench.call(method, url, &[], "{}"), 403, code);
            assert!(message.contains(words), "{message}");
        }
        // Who brings no token does not learn of it.
        assert_eq!(bench.handle(call("GET", "WhoAmI", &[], "")).status, StatusCode::UNAUTHORIZED);
        assert_eq!(bench.rows("contacts"), 0);
    }
    bench.set(&json!({"access": {"user": "granted"}}));
    assert_eq!(bench.post("contacts", &json!({"lastname": "Lee"})).status, StatusCode::NO_CONTENT);
}

#[test]
fn every_answer_names_its_version_and_itself() {
    let (bench, twin) = (Bench::new(), Bench::new());
    let answers: Vec<_> = (0..3).map(|_| bench.call("GET", "contacts", &[], "")).collect();
    for answer in &answers {
        assert_eq!(header(answer, "odata-version"), "4.0");
        assert_eq!(header(answer, "req_id"), header(answer, "x-ms-service-request-id"));
        assert_eq!(header(answer, "content-type"), "application/json; odata.metadata=minimal");
    }
    let ids: Vec<&str> = answers.iter().map(|answer| header(answer, "req_id")).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    assert_eq!(header(&twin.call("GET", "contacts", &[], ""), "req_id"), ids[0]);
}

#[test]
fn dynamics_5_all_three_versions_are_served_and_unknown_segments_are_named() {
    let bench = Bench::new();
    for version in ["v9.0", "v9.1", "v9.2"] {
        let url = format!("/api/data/{version}/accounts");
        let context = bench.get(&url)["@odata.context"].as_str().unwrap().to_owned();
        assert!(context.ends_with(&format!("/api/data/{version}/$metadata#accounts")), "{context}");
    }
    let message = refused(&bench.call("GET", "Contacts", &[], ""), 404, "0x8006088a");
    assert_eq!(message, "Resource not found for the segment 'Contacts'.");
    refused(&bench.call("GET", "/api/data/v8.2/contacts", &[], ""), 404, "0x8006088a");
    refused(&bench.call("PUT", "contacts", &[], "{}"), 405, "0x0");
}

#[test]
fn dynamics_39_who_am_i_pins_the_organization() {
    let bench = Bench::new();
    let first = bench.get("WhoAmI");
    assert!(first["@odata.context"].as_str().unwrap().ends_with("#Microsoft.Dynamics.CRM.WhoAmIResponse"));
    for name in ["BusinessUnitId", "UserId", "OrganizationId"] {
        assert_eq!(first[name].as_str().unwrap().len(), 36, "{name}");
    }
    assert_eq!(bench.get("WhoAmI()"), first);
    assert_eq!(Bench::new().get("WhoAmI"), first);
}

#[test]
fn operations_have_the_names_that_weather_rules_use() {
    let bench = Bench::new();
    let row = format!("contacts({A})");
    let tracked = [("Prefer", "odata.maxpagesize=5,odata.track-changes")];
    let next = "contacts?$skiptoken=%3Ccookie%20istracking=%22True%22%20/%3E";
    let named = [
        ("GET", "contacts", &tracked[..], "changes"),
        ("GET", "contacts?%24deltatoken=1", &[], "changes"),
        ("GET", next, &[], "changes"),
        ("GET", "contacts?$top=1", &[], "list"),
        ("GET", "contacts/$count", &[], "list"),
        ("GET", row.as_str(), &[], "read"),
        ("POST", "contacts", &[], "create"),
        ("PATCH", row.as_str(), &[], "update"),
        ("DELETE", row.as_str(), &[], "delete"),
        ("POST", "$batch", &[], "batch"),
        ("GET", "EntityDefinitions(LogicalName='contact')/Attributes", &[], "metadata"),
        ("GET", "WhoAmI", &[], "whoami"),
        ("GET", "nothing", &[], "other"),
        ("GET", "/elsewhere", &[], "other"),
    ];
    for (method, url, headers, expected) in named {
        let operation = bench.dataverse.operation(&call(method, url, headers, ""));
        assert_eq!(operation, expected, "{method} {url}");
        assert!(bench.dataverse.operations().contains(&operation));
    }
}

#[test]
fn the_state_counts_the_rows_of_each_set() {
    let bench = Bench::seeded(2, 3);
    assert_eq!(bench.rows("contacts"), 5);
    assert_eq!(bench.rows("msevtmgt_eventregistrations"), 3);
    assert_eq!(bench.rows("msevtmgt_checkins"), 0);
    bench.post("msevtmgt_checkins", &json!({"msevtmgt_name": "x"}));
    assert_eq!(bench.rows("msevtmgt_checkins"), 1);
}

#[test]
fn the_service_lists_its_sets() {
    let bench = Bench::new();
    let answer = bench.call("GET", &format!("{ROOT}/"), &[], "");
    assert!(text(&answer).contains("\"msevtmgt_webinarproviders\""));
    assert_eq!(body(&answer)["value"][0]["kind"], "EntitySet");
    assert_eq!(bench.call(Method::POST.as_str(), ROOT, &[], "").status, StatusCode::METHOD_NOT_ALLOWED);
}
