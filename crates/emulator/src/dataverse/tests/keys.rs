//! Alternate keys: rows named by what they hold.

use http::StatusCode;
use serde_json::{Value as Json, json};

use super::bench::{A, B, Bench, C, NOBODY, ORIGIN, ROOT, body, encoded, header, refused};

const MAIL: &str = "contacts(emailaddress1='ann@x.example')";

fn by_mail() -> Bench {
    let bench = Bench::new();
    bench.key("contact", "mail_key", &["emailaddress1"]);
    let body = json!({"lastname": "Lee", "emailaddress1": "ann@x.example"});
    bench.make("contacts", "contactid", A, body);
    bench
}

#[test]
fn dynamics_23_a_key_names_a_row_only_once_it_is_there_and_active() {
    let bench = Bench::new();
    bench.make("contacts", "contactid", A, json!({"emailaddress1": "ann@x.example"}));
    let read = || bench.call("GET", MAIL, &[], "");
    let expected = "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.contact'. Ensure that \
                    the names and number of key properties match the declared or alternate key properties for the \
                    resource.";
    assert_eq!(refused(&read(), 400, "0x80060888"), expected);
    let pending = json!({"table": "contact", "name": "k", "columns": ["emailaddress1"], "status": "Pending"});
    bench.control("keys", &pending);
    refused(&read(), 400, "0x80060888");
    bench.control("keys", &json!({"table": "contact", "name": "k", "columns": ["emailaddress1"]}));
    assert_eq!(body(&read())["contactid"], A);
}

#[test]
fn dynamics_23_get_patch_and_delete_go_by_key() {
    let bench = by_mail();
    assert_eq!(bench.get(&format!("{MAIL}?$select=lastname"))["lastname"], "Lee");
    assert_eq!(bench.get(&format!("{MAIL}/lastname"))["value"], "Lee");
    let answer = bench.call("PATCH", MAIL, &[("If-Match", "*")], r#"{"lastname":"Ray"}"#);
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(header(&answer, "odata-entityid"), format!("{ORIGIN}{ROOT}/contacts({A})"));
    assert_eq!(bench.get(&format!("contacts({A})"))["lastname"], "Ray");
    assert_eq!(bench.call("DELETE", MAIL, &[], "").status, StatusCode::NO_CONTENT);
    let gone = refused(&bench.call("DELETE", MAIL, &[], ""), 404, "0x80060891");
    assert_eq!(gone, "A record with the specified key values does not exist in contact entity");
    refused(&bench.call("GET", MAIL, &[], ""), 404, "0x80060891");
    assert_eq!(bench.rows("contacts"), 0);
}

#[test]
fn dynamics_23_an_upsert_by_key_makes_the_row_with_the_key_s_values() {
    let bench = by_mail();
    let other = "contacts(emailaddress1='o''b%20c%23@x.y')";
    refused(&bench.call("PATCH", other, &[("If-Match", "*")], "{}"), 404, "0x80060891");
    assert_eq!(bench.rows("contacts"), 1);
    let prefer = [("Prefer", "return=representation")];
    let made = bench.call("PATCH", other, &prefer, r#"{"lastname":"Ray"}"#);
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(body(&made)["emailaddress1"], "o'b c#@x.y");
    let again = bench.call("PATCH", other, &prefer, r#"{"lastname":"Roy"}"#);
    assert_eq!((again.status, &body(&again)["lastname"]), (StatusCode::OK, &json!("Roy")));
    refused(&bench.call("PATCH", other, &[("If-None-Match", "*")], "{}"), 412, "0x80040237");
    assert_eq!(bench.rows("contacts"), 2);
    // The case of a text does not matter, as in every comparison of the database.
    assert_eq!(bench.get("contacts(emailaddress1='ANN@X.example')")["contactid"], A);
}

#[test]
fn dynamics_23_what_no_upsert_finds_again_is_refused() {
    let bench = by_mail();
    for special in ["a+b@x", "a/b", "a%b", "a&b", "a:b", "a*b", "<a>", "a\\b", "a?b"] {
        let url = format!("contacts(emailaddress1='{}')", encoded(special));
        refused(&bench.call("PATCH", &url, &[], "{}"), 400, "0x80060888");
    }
    assert_eq!(bench.rows("contacts"), 1);
    bench.set(&json!({"special_characters_in_keys": "accepted"}));
    assert_eq!(bench.call("PATCH", "contacts(emailaddress1='a%2Bb%2Fc@x')", &[], "{}").status.as_u16(), 204);
    assert_eq!(bench.get("contacts(emailaddress1='a%2Bb%2Fc@x')")["emailaddress1"], "a+b/c@x");
}

#[test]
fn dynamics_23_two_rows_never_share_a_key() {
    let bench = by_mail();
    let twin = json!({"lastname": "Twin", "emailaddress1": "Ann@X.example"});
    let expected =
        "Entity Key mail_key violated. A record with the same value for emailaddress1 already exists.";
    let message = refused(&bench.post("contacts", &twin), 412, "0x80060892");
    assert!(message.starts_with(expected), "{message}");
    bench.contact(B, "Ray");
    refused(&bench.patch(&format!("contacts({B})"), &twin), 412, "0x80060892");
    assert_eq!(bench.rows("contacts"), 2);
    // Rows without the value are not compared, and a value that was given up is free.
    bench.contact(C, "Roy");
    bench.patch(&format!("contacts({A})"), &json!({"emailaddress1": null}));
    assert_eq!(bench.patch(&format!("contacts({B})"), &twin).status.as_u16(), 204);
    bench.call("DELETE", &format!("contacts({B})"), &[], "");
    assert_eq!(bench.patch(&format!("contacts({C})"), &twin).status.as_u16(), 204);
    assert_eq!(bench.get(MAIL)["contactid"], C);
}

#[test]
fn dynamics_23_a_refused_write_leaves_the_key_as_it_was() {
    let bench = by_mail();
    let boundary = [("Content-Type", "multipart/mixed; boundary=b")];
    let change = |id: u8, request: &str, body: &str| {
        format!(
            "--c\r\nContent-Type: application/http\r\nContent-ID: {id}\r\n\r\n{request} HTTP/1.1\r\n\r\n{body}\r\n"
        )
    };
    let set = format!(
        "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{}{}--c--\r\n--b--\r\n",
        change(1, &format!("PATCH contacts({A})"), r#"{"emailaddress1":"new@x.example"}"#),
        change(2, "POST contacts", r#"{"lastname":5}"#)
    );
    assert_eq!(bench.call("POST", "$batch", &boundary, &set).status.as_u16(), 400);
    assert_eq!(bench.get(MAIL)["contactid"], A);
    refused(&bench.call("GET", "contacts(emailaddress1='new@x.example')", &[], ""), 404, "0x80060891");
}

#[test]
fn dynamics_23_a_key_may_have_several_columns_and_lookups() {
    let bench = Bench::new();
    bench.key("contact", "person_key", &["firstname", "lastname"]);
    bench.key("msevtmgt_checkin", "once", &["msevtmgt_registrationid", "msevtmgt_checkintype"]);
    bench.make("contacts", "contactid", A, json!({"firstname": "Ann", "lastname": "Lee"}));
    for url in ["contacts(firstname='Ann',lastname='Lee')", "contacts(lastname='Lee', firstname='Ann')"] {
        assert_eq!(bench.get(url)["contactid"], A, "{url}");
    }
    for url in [
        "contacts(firstname='Ann')",
        "contacts(firstname='Ann',lastname=Lee)",
        "contacts(firstname='Ann',x='Lee')",
    ] {
        refused(&bench.call("GET", url, &[], ""), 400, "0x80060888");
    }
    bench.make("msevtmgt_eventregistrations", "msevtmgt_eventregistrationid", B, json!({}));
    let row = |name: &str, id: &str| format!("msevtmgt_checkins({name}={id},msevtmgt_checkintype=100000001)");
    let upsert = |url: &str| bench.call("PATCH", url, &[], r#"{"msevtmgt_viewingdurationinmins":7}"#);
    let good = row("_msevtmgt_registrationid_value", B);
    assert_eq!((upsert(&good).status.as_u16(), upsert(&good).status.as_u16()), (204, 204));
    assert_eq!(bench.rows("msevtmgt_checkins"), 1);
    assert_eq!(bench.get(&good)["_msevtmgt_registrationid_value"], B);
    for name in ["msevtmgt_registrationid", "msevtmgt_RegistrationId"] {
        refused(&upsert(&row(name, B)), 400, "0x80060888");
    }
    refused(&upsert(&row("_msevtmgt_registrationid_value", NOBODY)), 404, "0x80040217");
}

#[test]
fn dynamics_23_the_key_again_in_the_body_is_passed_over_or_refused() {
    let bench = by_mail();
    let url = "contacts(emailaddress1='new@x.example')";
    let twice = json!({"emailaddress1": "other@x.example", "lastname": "New"});
    assert_eq!(bench.patch(url, &twice).status.as_u16(), 204);
    assert_eq!(bench.get(url)["lastname"], "New");
    bench.call("DELETE", url, &[], "");
    bench.set(&json!({"key_in_upsert_body": "rejected"}));
    refused(&bench.patch(url, &twice), 400, "0x80040216");
    assert_eq!(bench.rows("contacts"), 1);
}

#[test]
fn dynamics_15_a_bind_may_go_by_key() {
    let bench = by_mail();
    let check_in = |key: &str| {
        let bind = format!("/contacts(emailaddress1='{key}')");
        bench.post("msevtmgt_checkins", &json!({ "msevtmgt_Contact@odata.bind": bind }))
    };
    assert_eq!(check_in("ann@x.example").status.as_u16(), 204);
    refused(&check_in("nobody@x.example"), 404, "0x80060891");
    assert_eq!(bench.column("msevtmgt_checkins", "_msevtmgt_contact_value"), [A]);
}

#[test]
fn dynamics_23_keys_are_made_read_and_removed_as_metadata() {
    let bench = Bench::new();
    let keys = "EntityDefinitions(LogicalName='contact')/Keys";
    let wanted = json!({"SchemaName": "Mail_Key", "KeyAttributes": ["emailaddress1"]});
    let made = bench.post(keys, &wanted);
    assert_eq!(made.status, StatusCode::NO_CONTENT);
    let url = header(&made, "odata-entityid").to_owned();
    let shown = &bench.get(keys)["value"][0];
    assert_eq!((&shown["SchemaName"], &shown["LogicalName"]), (&json!("Mail_Key"), &json!("mail_key")));
    assert_eq!(shown["KeyAttributes"], json!(["emailaddress1"]));
    assert_eq!(shown["EntityKeyIndexStatus"], "Active");
    assert!(url.contains(shown["MetadataId"].as_str().unwrap()));
    assert_eq!(bench.get(&url)["SchemaName"], "Mail_Key");
    let expanded = bench.get("EntityDefinitions(LogicalName='contact')?$select=LogicalName&$expand=Keys");
    assert_eq!(expanded["Keys"][0]["SchemaName"], "Mail_Key");
    refused(&bench.post(keys, &wanted), 400, "0x80040203");
    assert_eq!(bench.call("DELETE", &url, &[], "").status, StatusCode::NO_CONTENT);
    assert_eq!(bench.get(keys)["value"], json!([]));
    assert_eq!(bench.call("DELETE", &url, &[], "").status, StatusCode::NOT_FOUND);
    for wrong in [
        json!({"SchemaName": "K", "KeyAttributes": []}),
        json!({"SchemaName": "K", "KeyAttributes": ["nickname"]}),
        json!({"SchemaName": "K", "KeyAttributes": ["donotemail"]}),
        json!({"SchemaName": "K", "KeyAttributes": ["lastname", "lastname"]}),
        json!({"KeyAttributes": ["lastname"]}),
    ] {
        assert_eq!(bench.post(keys, &wrong).status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[test]
fn dynamics_23_a_key_that_rows_violate_already_fails() {
    let bench = Bench::new();
    for id in [A, B] {
        bench.make("contacts", "contactid", id, json!({"lastname": "Lee"}));
    }
    bench.key("contact", "name_key", &["lastname"]);
    let shown = bench.get("EntityDefinitions(LogicalName='contact')/Keys");
    assert_eq!(shown["value"][0]["EntityKeyIndexStatus"], "Failed");
    refused(&bench.call("GET", "contacts(lastname='Lee')", &[], ""), 400, "0x80060888");
    let wrong: Json = json!({"table": "nothing", "name": "k", "columns": ["x"]});
    let call = super::bench::call("POST", "/_emulator/keys", &[], &wrong.to_string());
    let answer = crate::emulated::Emulated::control(&bench.dataverse, "keys", &call).unwrap();
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}
