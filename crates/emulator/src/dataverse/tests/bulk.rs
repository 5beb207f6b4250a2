//! Many rows in one message.

use http::StatusCode;
use serde_json::{Value as Json, json};

use super::bench::{A, B, Bench, C, NOBODY, ORIGIN, ROOT, body, encoded, refused, values};
use crate::wire::Answer;

const TYPE: &str = "Microsoft.Dynamics.CRM.contact";

fn send(bench: &Bench, message: &str, targets: &[Json]) -> Answer {
    let url = format!("contacts/Microsoft.Dynamics.CRM.{message}");
    bench.post(&url, &json!({ "Targets": targets }))
}

fn typed(mut row: Json) -> Json {
    row["@odata.type"] = json!(TYPE);
    row
}

#[test]
fn dynamics_35_create_multiple_tells_the_ids_in_order() {
    let bench = Bench::new();
    let rows = [typed(json!({"lastname": "Lee"})), typed(json!({"contactid": A, "lastname": "Ray"}))];
    let answer = send(&bench, "CreateMultiple", &rows);
    assert_eq!(answer.status, StatusCode::OK);
    let told = body(&answer);
    let context = format!("{ORIGIN}{ROOT}/$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse");
    assert_eq!(told["@odata.context"], context);
    let ids = told["Ids"].as_array().unwrap();
    assert_eq!((ids.len(), &ids[1]), (2, &json!(A)));
    assert_eq!(bench.get(&format!("contacts({})", ids[0].as_str().unwrap()))["lastname"], "Lee");
}

#[test]
fn dynamics_35_update_multiple_changes_rows_by_their_primary_key() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    bench.contact(B, "Ray");
    let rows = [
        typed(json!({"contactid": A, "jobtitle": "One"})),
        typed(json!({"contactid": B, "jobtitle": "Two"})),
    ];
    let answer = send(&bench, "UpdateMultiple", &rows);
    assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(bench.column("contacts", "jobtitle"), ["One", "Two"]);
    let message =
        refused(&send(&bench, "UpdateMultiple", &[typed(json!({"contactid": NOBODY}))]), 404, "0x80040217");
    assert_eq!(message, format!("contact With Ids = {NOBODY} Do Not Exist"));
    refused(&send(&bench, "UpdateMultiple", &[typed(json!({"jobtitle": "x"}))]), 400, "0x80040203");
}

#[test]
fn dynamics_35_upsert_multiple_goes_by_alternate_or_primary_key_and_tells_nothing() {
    let bench = Bench::new();
    bench.key("contact", "mail_key", &["emailaddress1"]);
    bench.make("contacts", "contactid", A, json!({"emailaddress1": "a@x", "lastname": "Lee"}));
    let keyed = |mail: &str, name: &str| {
        typed(json!({"@odata.id": format!("contacts(emailaddress1='{mail}')"), "lastname": name}))
    };
    let rows = [
        keyed("a@x", "Changed"),
        keyed("o''b@x", "Made"),
        typed(json!({"contactid": B, "lastname": "ById"})),
    ];
    let answer = send(&bench, "UpsertMultiple", &rows);
    assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(bench.get(&format!("contacts({A})"))["lastname"], "Changed");
    assert_eq!(bench.get("contacts(emailaddress1='o''b@x')")["lastname"], "Made");
    assert_eq!(bench.get(&format!("contacts({B})"))["lastname"], "ById");
    // The key again in the body is passed over where a row is changed and an error where one is made.
    let mut twice = keyed("a@x", "Again");
    twice["emailaddress1"] = json!("a@x");
    assert_eq!(send(&bench, "UpsertMultiple", &[twice]).status.as_u16(), 204);
    let mut twice = keyed("new@x", "New");
    twice["emailaddress1"] = json!("new@x");
    refused(&send(&bench, "UpsertMultiple", &[twice]), 400, "0x80040216");
    assert_eq!(bench.rows("contacts"), 3);
}

#[test]
fn dynamics_35_all_rows_go_or_none() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let before = bench.get("contacts");
    let create = [typed(json!({"lastname": "New"})), typed(json!({"lastname": "x".repeat(51)}))];
    refused(&send(&bench, "CreateMultiple", &create), 400, "0x80044331");
    let update = [typed(json!({"contactid": A, "lastname": "Changed"})), typed(json!({"contactid": NOBODY}))];
    refused(&send(&bench, "UpdateMultiple", &update), 404, "0x80040217");
    let upsert =
        [typed(json!({"contactid": A, "lastname": "Changed"})), typed(json!({"contactid": C, "x": 1}))];
    refused(&send(&bench, "UpsertMultiple", &upsert), 400, "0x80048d19");
    let twice =
        [typed(json!({"contactid": A, "jobtitle": "x"})), typed(json!({"contactid": A, "jobtitle": "y"}))];
    refused(&send(&bench, "UpdateMultiple", &twice), 400, "0x80040203");
    assert_eq!(bench.get("contacts"), before);
}

#[test]
fn dynamics_35_each_row_must_say_its_type() {
    let bench = Bench::new();
    refused(&send(&bench, "CreateMultiple", &[json!({"lastname": "Lee"})]), 400, "0x80048d19");
    let other = json!({"lastname": "Lee", "@odata.type": "Microsoft.Dynamics.CRM.lead"});
    refused(&send(&bench, "CreateMultiple", &[other]), 400, "0x80040203");
    let hashed = json!({"lastname": "Lee", "@odata.type": format!("#{TYPE}")});
    assert_eq!(send(&bench, "CreateMultiple", &[hashed]).status.as_u16(), 200);
    for wrong in ["", "{}", r#"{"Targets":5}"#, r#"{"Targets":[5]}"#, r#"{"Targets":[]}"#] {
        let answer = bench.call("POST", "contacts/Microsoft.Dynamics.CRM.CreateMultiple", &[], wrong);
        assert_eq!(answer.status.as_u16(), 400, "{wrong}");
    }
    assert_eq!(bench.rows("contacts"), 1);
}

#[test]
fn dynamics_35_a_message_that_a_table_lacks_is_refused_and_not_listed() {
    let bench = Bench::new();
    let listed = |message: &str, table: &str| {
        let filter = encoded("sdkmessageid/name eq @m and primaryobjecttypecode eq @t");
        let url = format!(
            "sdkmessagefilters?$select=sdkmessagefilterid&$filter={filter}&@m='{message}'&@t='{table}'"
        );
        values(&bench.get(&url), "sdkmessagefilterid").len()
    };
    assert_eq!((listed("CreateMultiple", "contact"), listed("UpsertMultiple", "msevtmgt_checkin")), (1, 1));
    assert_eq!((listed("DeleteMultiple", "contact"), listed("CreateMultiple", "nothing")), (0, 0));
    bench.set(&json!({"unsupported_messages": ["CreateMultiple contact", "UpsertMultiple *"]}));
    assert_eq!((listed("CreateMultiple", "contact"), listed("UpsertMultiple", "msevtmgt_checkin")), (0, 0));
    assert_eq!(listed("CreateMultiple", "account"), 1);
    let message = refused(&send(&bench, "CreateMultiple", &[typed(json!({}))]), 405, "0x80040800");
    assert!(message.starts_with("The 'CreateMultiple' method does not support entities of type 'contact'."));
    assert_eq!(bench.rows("contacts"), 0);
}

#[test]
fn dynamics_35_delete_multiple_is_for_elastic_tables() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    let message =
        refused(&send(&bench, "DeleteMultiple", &[typed(json!({"contactid": A}))]), 405, "0x80040800");
    assert_eq!(message, "DeleteMultiple has not yet been implemented.");
    refused(&bench.post("contacts/Microsoft.Dynamics.CRM.Nothing", &json!({})), 404, "0x8006088a");
    assert_eq!(
        bench.call("GET", "contacts/Microsoft.Dynamics.CRM.CreateMultiple", &[], "").status.as_u16(),
        405
    );
    assert_eq!(bench.rows("contacts"), 1);
}

#[test]
fn rows_are_deleted_in_bulk_by_their_ids() {
    let bench = Bench::new();
    for id in [A, B, C] {
        bench.contact(id, "Lee");
    }
    let registration = json!({"msevtmgt_ContactId@odata.bind": format!("contacts({B})")});
    bench.make("msevtmgt_eventregistrations", "msevtmgt_eventregistrationid", A, registration);
    let query = |values: Json| {
        json!({"QuerySet": [{"EntityName": "contact", "Criteria": {"Conditions": [{
            "AttributeName": "contactid", "Operator": "In", "Values": values,
        }]}}]})
    };
    let values = json!([{"Value": A, "Type": "System.Guid"}, {"Value": B}, {"Value": NOBODY}]);
    let answer = bench.post("BulkDelete", &query(values));
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(body(&answer)["JobId"].as_str().unwrap().len(), 36);
    // The one that is registered stays.
    assert_eq!(bench.column("contacts", "contactid"), [B, C]);
    for wrong in [json!({}), query(json!(["x"])), json!({"QuerySet": [{"EntityName": "nothing"}]})] {
        assert_eq!(bench.post("BulkDelete", &wrong).status.as_u16(), 400, "{wrong}");
    }
}
