use serde_json::{Value as Json, json};

use super::bench::{A, Bench, NOBODY, body, refused, text};

const UNDECLARED: &str = "which only has property annotations in the payload but no property value was found";

#[test]
fn dynamics_14_a_bind_of_the_wrong_case_is_undeclared() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let bound = json!(format!("/contacts({A})"));
    for (set, wrong, right) in [
        ("msevtmgt_eventregistrations", "msevtmgt_contactid", "msevtmgt_ContactId"),
        ("msevtmgt_sessionregistrations", "msevtmgt_ContactId", "msevtmgt_contactid"),
        ("msevtmgt_checkins", "msevtmgt_contact", "msevtmgt_Contact"),
        ("contacts", "parentcustomerid", "parentcustomerid_contact"),
    ] {
        let mut body = json!({});
        body[format!("{wrong}@odata.bind")] = bound.clone();
        let message = refused(&bench.post(set, &body), 400, "0x80048d19");
        assert!(message.contains(&format!("An undeclared property '{wrong}' {UNDECLARED}")), "{message}");
        let mut body = json!({});
        body[format!("{right}@odata.bind")] = bound.clone();
        assert_eq!(bench.post(set, &body).status, 204, "{set} {right}");
    }
}

#[test]
fn dynamics_15_a_bind_must_lead_to_a_row_of_its_table() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let bind = |value: Json| bench.post("msevtmgt_checkins", &json!({"msevtmgt_Contact@odata.bind": value}));
    let message = refused(&bind(json!(format!("/contacts({NOBODY})"))), 404, "0x80040217");
    assert_eq!(message, format!("contact With Id = {NOBODY} Does Not Exist"));
    refused(&bind(json!(format!("/msevtmgt_events({})", bench.event()))), 400, "0x80048d19");
    refused(&bind(json!(format!("/Contacts({A})"))), 404, "0x8006088a");
    for wrong in [
        json!("/contacts"),
        json!("/contacts()"),
        json!("/contacts(emailaddress1='a@b.example')"),
        json!("$1"),
    ] {
        assert_eq!(bind(wrong.clone()).status, 400, "{wrong}");
    }
    refused(&bind(json!(7)), 400, "0x80048d19");
    assert_eq!(bench.rows("msevtmgt_checkins"), 0);
}

#[test]
fn dynamics_14_and_16_unknown_properties_are_named() {
    let bench = Bench::new();
    let message = refused(&bench.post("contacts", &json!({"nickname": "x"})), 400, "0x80048d19");
    assert_eq!(message, "Invalid property 'nickname' was found in entity 'Microsoft.Dynamics.CRM.contact'.");
    refused(&bench.post("contacts", &json!({"Lastname": "x"})), 400, "0x80048d19");
    refused(&bench.post("contacts", &json!({"parentcustomerid": A})), 400, "0x80048d19");
    refused(&bench.post("contacts", &json!({"_parentcustomerid_value": A})), 400, "0x80060888");
    let annotated = json!({"@odata.type": "Microsoft.Dynamics.CRM.contact", "lastname": "x"});
    assert_eq!(bench.post("contacts", &annotated).status, 204);
}

#[test]
fn dynamics_17_texts_have_their_length() {
    let bench = Bench::new();
    let write =
        |length: usize| bench.post("msevtmgt_sessions", &json!({"msevtmgt_webinarurl": "x".repeat(length)}));
    assert_eq!(write(100).status, 204);
    let message = refused(&write(101), 400, "0x80044331");
    assert_eq!(
        message,
        "A validation error occurred.  The length of the 'msevtmgt_webinarurl' attribute of the 'msevtmgt_session' \
         entity exceeded the maximum allowed length of '100'."
    );
    // Each of these takes two units of UTF-16.
    assert_eq!(bench.post("contacts", &json!({"firstname": "𝒜".repeat(25)})).status, 204);
    refused(&bench.post("contacts", &json!({"firstname": "𝒜".repeat(26)})), 400, "0x80044331");
    refused(
        &bench.post("msevtmgt_events", &json!({"msevtmgt_webinarstatusreason": "x".repeat(5001)})),
        400,
        "0x80044331",
    );
}

#[test]
fn dynamics_17_numbers_and_choices_have_their_range() {
    let bench = Bench::new();
    for wrong in [
        json!({"msevtmgt_viewingdurationinmins": -1}),
        json!({"msevtmgt_viewingdurationinmins": 2_147_483_648_i64}),
        json!({"msevtmgt_checkintype": 1}),
        json!({"msdynmkt_attendancepercentage": 100.5}),
        json!({"statecode": 2}),
    ] {
        let message = refused(&bench.post("msevtmgt_checkins", &wrong), 400, "0x80044330");
        assert!(message.contains("is outside the valid range. Accepted Values: "), "{message}");
    }
    // Yes and No are not one list: 100000001 is No for one table, Yes for another, and both know 100000002.
    assert_eq!(
        bench
            .post("msevtmgt_eventregistrations", &json!({"msevtmgt_syncedwithprovider": 100_000_002}))
            .status,
        204
    );
    refused(
        &bench.post("msevtmgt_eventregistrations", &json!({"msevtmgt_syncedwithprovider": 100_000_000})),
        400,
        "0x80044330",
    );
    refused(
        &bench.post("msevtmgt_sessions", &json!({"msevtmgt_sessionformat": 100_000_000})),
        400,
        "0x80044330",
    );
}

#[test]
fn dynamics_17_values_have_their_json_type_and_are_not_repeated() {
    let bench = Bench::new();
    for (set, wrong) in [
        ("contacts", json!({"lastname": 5})),
        ("contacts", json!({"lastname": {"secret": 1}})),
        ("contacts", json!({"donotemail": "true"})),
        ("contacts", json!({"contactid": "secret"})),
        ("contacts", json!({"statecode": "0"})),
        ("msevtmgt_checkins", json!({"msevtmgt_viewingdurationinmins": "secret"})),
        ("msevtmgt_checkins", json!({"msevtmgt_viewingdurationinmins": 1.5})),
        ("msevtmgt_checkins", json!({"msevtmgt_checkintime": "secret"})),
        ("msevtmgt_checkins", json!({"msevtmgt_checkintime": 1_700_000_000})),
    ] {
        let answer = bench.post(set, &wrong);
        refused(&answer, 400, "0x80048d19");
        assert!(!text(&answer).contains("secret"), "{wrong}");
    }
}

#[test]
fn a_body_must_be_a_json_object() {
    let bench = Bench::new();
    for wrong in ["", "[]", "5", "{", "{\"lastname\":}", "\u{0}"] {
        refused(&bench.call("POST", "contacts", &[], wrong), 400, "0x80048d19");
        refused(&bench.call("PATCH", &format!("contacts({A})"), &[], wrong), 400, "0x80048d19");
    }
    assert_eq!(bench.rows("contacts"), 0);
}

#[test]
fn a_refused_write_leaves_no_trace() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let before = bench.get(&format!("contacts({A})"));
    bench.patch(&format!("contacts({A})"), &json!({"firstname": "Ann", "jobtitle": "x".repeat(101)}));
    assert_eq!(bench.get(&format!("contacts({A})")), before);
    let shown = bench.call("POST", "contacts?$select=x", &[("Prefer", "return=representation")], "{}");
    assert!(body(&shown)["error"]["message"].as_str().unwrap().starts_with("Could not find a property"));
    assert_eq!(bench.rows("contacts"), 1);
}
