use http::StatusCode;
use serde_json::{Value as Json, json};

use super::bench::{A, B, Bench, C, NOBODY, ORIGIN, ROOT, body, header, refused};

#[test]
fn dynamics_9_a_new_row_is_told_by_its_url_or_shown() {
    let bench = Bench::new();
    let answer = bench.post("contacts", &json!({"firstname": "Ann", "lastname": "Lee"}));
    assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    let url = header(&answer, "odata-entityid");
    assert_eq!(url, header(&answer, "location"));
    assert!(url.starts_with(&format!("{ORIGIN}{ROOT}/contacts(")), "{url}");
    assert_eq!(bench.get(url)["fullname"], "Ann Lee");
    let prefer = [("Prefer", "return=representation")];
    let answer = bench.call("POST", "contacts?$select=lastname", &prefer, r#"{"lastname":"Ray"}"#);
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(header(&answer, "preference-applied"), "return=representation");
    let shown = body(&answer);
    assert_eq!(shown["lastname"], "Ray");
    assert!(shown["@odata.etag"].is_string() && shown.get("firstname").is_none());
}

#[test]
fn a_client_may_choose_the_id_once() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    assert_eq!(bench.get(&format!("contacts({A})"))["lastname"], "Lee");
    let again = bench.post("contacts", &json!({"contactid": A, "lastname": "Ray"}));
    assert_eq!(refused(&again, 412, "0x80040237"), "A record with matching key values already exists.");
    assert_eq!(bench.get(&format!("contacts({A})"))["lastname"], "Lee");
}

#[test]
fn defaults_and_stamps_are_filled_in() {
    let bench = Bench::new();
    bench.make(
        "msevtmgt_eventregistrations",
        "msevtmgt_eventregistrationid",
        A,
        json!({"createdon": "2001-01-01"}),
    );
    let row = bench.get(&format!("msevtmgt_eventregistrations({A})"));
    assert_eq!(row["msevtmgt_syncedwithprovider"], 100_000_001);
    assert_eq!(row["msevtmgt_publishingstate"], 100_000_000);
    assert_eq!(row["msevtmgt_iscanceled"], false);
    assert_eq!((&row["statecode"], &row["statuscode"]), (&json!(0), &json!(1)));
    let created = row["createdon"].as_str().unwrap();
    assert_eq!(created, row["modifiedon"]);
    assert!(created.ends_with('Z') && created.len() == 20 && !created.starts_with("2001"), "{created}");
}

#[test]
fn dynamics_11_patch_follows_its_conditions() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let old = bench.etag(&format!("contacts({A})"));
    let patch = |id: &str, headers: &[(&str, &str)]| {
        bench.call("PATCH", &format!("contacts({id})"), headers, r#"{"lastname":"Ray"}"#)
    };
    assert_eq!(patch(A, &[]).status, 204);
    assert_eq!(patch(B, &[]).status, 204);
    assert_eq!(patch(A, &[("If-Match", "*")]).status, 204);
    refused(&patch(C, &[("If-Match", "*")]), 404, "0x80040217");
    refused(&patch(A, &[("If-None-Match", "*")]), 412, "0x80040237");
    assert_eq!(patch(A, &[("If-None-Match", "null")]).status, 204);
    let message = refused(&patch(A, &[("If-Match", &old)]), 412, "0x80060882");
    assert_eq!(message, "The version of the existing record doesn't match the RowVersion property provided.");
    assert_eq!(patch(A, &[("If-Match", &bench.etag(&format!("contacts({A})")))]).status, 204);
    refused(&patch(C, &[("If-Match", &old)]), 404, "0x80040217");
    assert_eq!(bench.rows("contacts"), 2);
    let answer = patch(C, &[("If-None-Match", "*")]);
    assert_eq!(answer.status, 204);
    assert_eq!(header(&answer, "odata-entityid"), format!("{ORIGIN}{ROOT}/contacts({C})"));
}

#[test]
fn dynamics_9_an_upsert_that_is_shown_tells_new_from_old() {
    let bench = Bench::new();
    let prefer = [("Prefer", "return=representation")];
    let upsert = || bench.call("PATCH", &format!("contacts({A})"), &prefer, r#"{"lastname":"Lee"}"#);
    assert_eq!(upsert().status, StatusCode::CREATED);
    assert_eq!(upsert().status, StatusCode::OK);
}

#[test]
fn dynamics_19_patch_leaves_other_cells_alone_and_null_empties() {
    let bench = Bench::new();
    let url = format!("contacts({A})");
    bench.make(
        "contacts",
        "contactid",
        A,
        json!({"firstname": "Ann", "lastname": "Lee", "jobtitle": "Chief"}),
    );
    bench.patch(&url, &json!({"jobtitle": null, "lastname": "Ray"}));
    let row = bench.get(&url);
    assert_eq!(
        (&row["firstname"], &row["fullname"], &row["jobtitle"]),
        (&json!("Ann"), &json!("Ann Ray"), &Json::Null)
    );
    bench.patch(&url, &json!({"firstname": ""}));
    assert_eq!(bench.get(&url)["firstname"], Json::Null);
    refused(&bench.patch(&url, &json!({"contactid": B})), 400, "0x80040203");
    assert_eq!(bench.patch(&url, &json!({"contactid": A, "fullname": "made up"})).status, 204);
    assert_eq!(bench.get(&url)["fullname"], "Ray");
}

#[test]
fn dynamics_15_binds_are_taken_in_every_form_and_null_clears() {
    let bench = Bench::new();
    bench.make("accounts", "accountid", A, json!({"name": "One"}));
    bench.make("accounts", "accountid", B, json!({"name": "Two"}));
    bench.contact(A, "Lee");
    let url = format!("contacts({A})");
    for (form, expected) in [
        (format!("/accounts({A})"), A),
        (format!("accounts({B})"), B),
        (format!("{ORIGIN}{ROOT}/accounts({A})"), A),
        (format!("/accounts(accountid={B})"), B),
    ] {
        assert_eq!(
            bench.patch(&url, &json!({"parentcustomerid_account@odata.bind": form})).status,
            204,
            "{form}"
        );
        assert_eq!(bench.get(&url)["_parentcustomerid_value"], expected);
    }
    bench.patch(&url, &json!({"parentcustomerid_account@odata.bind": null}));
    assert_eq!(bench.get(&url)["_parentcustomerid_value"], Json::Null);
    bench.contact(B, "Ray");
    bench.patch(&url, &json!({"parentcustomerid_contact@odata.bind": format!("/contacts({B})")}));
    let kind = [("Prefer", "odata.include-annotations=\"Microsoft.Dynamics.CRM.*\"")];
    let row = bench.get_with(&url, &kind);
    assert_eq!(row["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], "contact");
    assert_eq!(bench.call("DELETE", &format!("{url}/parentcustomerid_contact/$ref"), &[], "").status, 204);
    assert_eq!(bench.get(&url)["_parentcustomerid_value"], Json::Null);
}

#[test]
fn dynamics_20_states_and_reasons_go_in_pairs() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let url = format!("contacts({A})");
    let pair = || {
        let row = bench.get(&url);
        (row["statecode"].as_i64(), row["statuscode"].as_i64())
    };
    for wrong in [
        json!({"statecode": 1, "statuscode": 1}),
        json!({"statecode": 0, "statuscode": 2}),
        json!({"statuscode": 2}),
    ] {
        refused(&bench.patch(&url, &wrong), 400, "0x80048408");
        assert_eq!(pair(), (Some(0), Some(1)));
    }
    bench.patch(&url, &json!({"statecode": 1, "statuscode": 2}));
    assert_eq!(pair(), (Some(1), Some(2)));
    bench.patch(&url, &json!({"statecode": 0}));
    assert_eq!(pair(), (Some(0), Some(1)));
}

#[test]
fn dynamics_21_dates_lose_fractions_and_moments_become_utc() {
    let bench = Bench::new();
    let body = json!({
        "msevtmgt_eventstartdate": "2026-11-20T09:00:00Z",
        "msevtmgt_portalspecificeventstartdate": "2026-11-20T09:00:00.999+02:00",
    });
    bench.make("msevtmgt_events", "msevtmgt_eventid", A, body);
    let row = bench.get(&format!("msevtmgt_events({A})"));
    assert_eq!(row["msevtmgt_eventstartdate"], "2026-11-20T09:00:00Z");
    assert_eq!(row["msevtmgt_portalspecificeventstartdate"], "2026-11-20T07:00:00Z");
    let early = json!({"msevtmgt_eventstartdate": "1700-01-01T00:00:00Z"});
    refused(&bench.post("msevtmgt_events", &early), 400, "0x80040203");
}

#[test]
fn dynamics_19_the_length_of_a_session_follows_from_its_times() {
    let bench = Bench::new();
    let body = json!({
        "msevtmgt_starttime": "2026-11-20T09:00:00Z", "msevtmgt_endtime": "2026-11-20T10:30:00Z",
        "msevtmgt_durationmins": 7,
    });
    bench.make("msevtmgt_sessions", "msevtmgt_sessionid", A, body);
    assert_eq!(bench.get(&format!("msevtmgt_sessions({A})"))["msevtmgt_durationmins"], 90);
}

#[test]
fn single_columns_can_be_put_and_deleted() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let column = format!("contacts({A})/jobtitle");
    assert_eq!(bench.call("PUT", &column, &[], r#"{"value":"Chief"}"#).status, 204);
    assert_eq!(bench.get(&column)["value"], "Chief");
    assert_eq!(bench.call("DELETE", &column, &[], "").status, 204);
    assert_eq!(bench.get(&format!("contacts({A})"))["jobtitle"], Json::Null);
}

/// A contact with a registration, its session registration and a check-in.
fn registered() -> (Bench, String) {
    let bench = Bench::new();
    let event = bench.event();
    bench.contact(A, "Lee");
    let registration = json!({
        "msevtmgt_name": "R", "msevtmgt_ContactId@odata.bind": format!("/contacts({A})"),
        "msevtmgt_EventId@odata.bind": format!("/msevtmgt_events({event})"),
    });
    bench.make("msevtmgt_eventregistrations", "msevtmgt_eventregistrationid", A, registration);
    let registration = format!("/msevtmgt_eventregistrations({A})");
    let session = json!({"msevtmgt_RegistrationID@odata.bind": registration});
    bench.make("msevtmgt_sessionregistrations", "msevtmgt_sessionregistrationid", A, session);
    let check_in = json!({
        "msevtmgt_RegistrationId@odata.bind": registration,
        "msevtmgt_Event@odata.bind": format!("/msevtmgt_events({event})"),
    });
    bench.make("msevtmgt_checkins", "msevtmgt_checkinid", A, check_in);
    (bench, event)
}

#[test]
fn dynamics_24_a_contact_with_registrations_stays() {
    let (bench, _) = registered();
    let delete = |url: String| bench.call("DELETE", &url, &[], "");
    refused(&delete(format!("contacts({A})")), 405, "0x80040227");
    assert_eq!(bench.rows("contacts"), 1);
    assert_eq!(delete(format!("msevtmgt_eventregistrations({A})")).status, 204);
    assert_eq!(delete(format!("contacts({A})")).status, 204);
    refused(&delete(format!("contacts({A})")), 404, "0x80040217");
}

#[test]
fn dynamics_24_an_event_takes_its_registrations_along() {
    let (bench, event) = registered();
    assert_eq!(bench.call("DELETE", &format!("msevtmgt_events({event})"), &[], "").status, 204);
    assert_eq!(bench.rows("msevtmgt_eventregistrations"), 0);
    assert_eq!(bench.rows("msevtmgt_sessionregistrations"), 0);
    let check_in = bench.get(&format!("msevtmgt_checkins({A})"));
    assert_eq!(check_in["_msevtmgt_registrationid_value"], Json::Null);
    assert_eq!(check_in["_msevtmgt_event_value"], Json::Null);
}

#[test]
fn dynamics_24_a_refused_delete_leaves_everything_as_it_was() {
    let (bench, _) = registered();
    bench.make("accounts", "accountid", A, json!({"name": "One"}));
    let bind = json!({"parentcustomerid_account@odata.bind": format!("/accounts({A})")});
    bench.patch(&format!("contacts({A})"), &bind);
    bench.make("contacts", "contactid", B, bind);
    refused(&bench.call("DELETE", &format!("accounts({A})"), &[], ""), 405, "0x80040227");
    assert_eq!((bench.rows("accounts"), bench.rows("contacts")), (1, 2));
    let still = format!("contacts?$filter=_parentcustomerid_value%20eq%20{A}");
    assert_eq!(bench.column(&still, "contactid"), [A, B]);
}

#[test]
fn a_ring_of_contacts_can_be_deleted() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    bench.contact(B, "Ray");
    for (one, other) in [(A, B), (B, A)] {
        let bind = json!({"parentcustomerid_contact@odata.bind": format!("/contacts({other})")});
        bench.patch(&format!("contacts({one})"), &bind);
    }
    assert_eq!(bench.call("DELETE", &format!("contacts({A})"), &[], "").status, 204);
    assert_eq!(bench.rows("contacts"), 0);
}

#[test]
fn dynamics_11_a_delete_heeds_the_etag() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let url = format!("contacts({A})");
    refused(&bench.call("DELETE", &url, &[("If-Match", "W/\"1\"")], ""), 412, "0x80060882");
    assert_eq!(bench.call("DELETE", &url, &[("If-Match", &bench.etag(&url))], "").status, 204);
    refused(
        &bench.call("DELETE", &format!("contacts({NOBODY})"), &[("If-Match", "*")], ""),
        404,
        "0x80040217",
    );
}

#[test]
fn a_column_s_own_url_wants_a_value_and_heeds_the_etag() {
    let bench = Bench::new();
    bench.make("contacts", "contactid", A, json!({"lastname": "Lee", "jobtitle": "Lead"}));
    let column = format!("contacts({A})/jobtitle");
    for body in ["", "{", "[]", "{}", "null"] {
        refused(&bench.call("PUT", &column, &[], body), 400, "0x80048d19");
    }
    let stale = [("If-Match", "W/\"1\"")];
    refused(&bench.call("PUT", &column, &stale, r#"{"value":"Boss"}"#), 412, "0x80060882");
    refused(&bench.call("DELETE", &column, &stale, ""), 412, "0x80060882");
    assert_eq!(bench.get(&column)["value"], "Lead");
    let etag = bench.etag(&format!("contacts({A})"));
    let put = bench.call("PUT", &column, &[("If-Match", &etag)], r#"{"value":"Boss"}"#);
    assert_eq!((put.status.as_u16(), &bench.get(&column)["value"]), (204, &json!("Boss")));
    assert_eq!(bench.call("PUT", &column, &[], r#"{"value":null}"#).status, 204);
    assert_eq!(bench.call("GET", &column, &[], "").status, 204);
}
