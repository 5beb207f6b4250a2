//! Rows that name a row: expanded, read, filtered by, and linked.

use serde_json::{Value as Json, json};

use super::bench::{A, B, Bench, C, ORIGIN, ROOT, encoded, filtered, refused, values};

const COLLECTION: &str = "contact_customer_accounts";

/// An account with two contacts, and a contact of nobody.
fn company() -> Bench {
    let bench = Bench::new();
    bench.make("accounts", "accountid", A, json!({"name": "One"}));
    bench.make("accounts", "accountid", B, json!({"name": "Two"}));
    for (id, name) in [(A, "Lee"), (B, "Ray")] {
        let bind = format!("accounts({A})");
        let body = json!({"lastname": name, "parentcustomerid_account@odata.bind": bind});
        bench.make("contacts", "contactid", id, body);
    }
    bench.contact(C, "Roy");
    bench
}

fn expanded(bench: &Bench, options: &str) -> Json {
    bench.get(&format!("accounts({A})?$select=name&$expand={COLLECTION}({options})"))
}

#[test]
fn the_collections_of_an_event_have_their_documented_names() {
    let bench = Bench::new();
    let event = bench.event();
    let bind = format!("msevtmgt_events({event})");
    bench.post("msevtmgt_sessions", &json!({"msevtmgt_Event@odata.bind": bind}));
    bench.post("msevtmgt_eventregistrations", &json!({"msevtmgt_EventId@odata.bind": bind}));
    bench.post("msevtmgt_checkins", &json!({"msevtmgt_Event@odata.bind": bind}));
    bench.post("msevtmgt_sessionregistrations", &json!({"msevtmgt_Event@odata.bind": bind}));
    let names = [
        "msevtmgt_event_msevtmgt_session_Event",
        "msevtmgt_Event_EventRegistration",
        "msevtmgt_event_msevtmgt_checkin_Event",
        "msevtmgt_event_msevtmgt_sessionregistration_Event",
    ];
    let row = bench.get(&format!("msevtmgt_events({event})?$expand={}", names.join(",")));
    for name in names {
        assert_eq!(row[name].as_array().unwrap().len(), 1, "{name}");
    }
}

#[test]
fn a_collection_is_expanded_with_options_of_its_own() {
    let bench = company();
    let names = |options: &str| {
        let list = expanded(&bench, options)[COLLECTION].clone();
        values(&json!({ "value": list }), "lastname")
    };
    assert_eq!(names("$select=lastname"), ["Lee", "Ray"]);
    assert_eq!(names("$select=lastname;$orderby=lastname desc"), ["Ray", "Lee"]);
    assert_eq!(names("$select=lastname;$filter=lastname eq 'Ray'"), ["Ray"]);
    assert_eq!(names("$select=lastname;$orderby=lastname desc;$top=1"), ["Ray"]);
    assert_eq!(expanded(&bench, "$count=true")[format!("{COLLECTION}@odata.count")], 2);
    let nested = expanded(&bench, "$select=lastname;$expand=parentcustomerid_account($select=name)");
    assert_eq!(nested[COLLECTION][0]["parentcustomerid_account"]["name"], "One");
    assert_eq!(bench.get(&format!("accounts({B})?$expand={COLLECTION}"))[COLLECTION], json!([]));
    for wrong in ["$skip=1", "$filter=nickname eq 1", "$orderby=nickname", "$top=x", "$filter=lastname"] {
        let url = format!("accounts?$expand={COLLECTION}({wrong})");
        refused(&bench.call("GET", &url, &[], ""), 400, "0x80060888");
    }
    let deeper = format!("contacts?$expand=parentcustomerid_account($expand={COLLECTION})");
    let many = format!("contacts?$expand={}", vec!["parentcustomerid_account"; 16].join(","));
    for wrong in ["contacts?$expand=parentcustomerid_account($filter=name eq 'x')", &deeper, &many] {
        refused(&bench.call("GET", wrong, &[], ""), 400, "0x80060888");
    }
}

#[test]
fn a_long_collection_has_a_link_to_its_rest() {
    let bench = company();
    let prefer = [("Prefer", "odata.maxpagesize=1")];
    let url = format!(
        "accounts({A})?$expand={COLLECTION}($select=lastname;$filter=statecode eq 0;$orderby=lastname)"
    );
    let row = bench.get_with(&url, &prefer);
    assert_eq!(row[COLLECTION].as_array().unwrap().len(), 1);
    let link = row[format!("{COLLECTION}@odata.nextLink")].as_str().unwrap();
    assert!(
        link.starts_with(&format!("{ORIGIN}{ROOT}/accounts({A})/{COLLECTION}?$select=lastname&")),
        "{link}"
    );
    assert!(!link.contains(['<', '"', ' ']), "{link}");
    let rest = bench.get_with(link, &prefer);
    assert_eq!((values(&rest, "lastname"), rest.get("@odata.nextLink")), (vec![json!("Ray")], None));
}

#[test]
fn a_collection_is_a_list_of_its_own() {
    let bench = company();
    let url = format!("accounts({A})/{COLLECTION}?$select=lastname&$orderby=lastname desc&$count=true");
    let list = bench.get(&url);
    assert_eq!(
        (values(&list, "lastname"), &list["@odata.count"]),
        (vec![json!("Ray"), json!("Lee")], &json!(2))
    );
    let filter = encoded("lastname eq 'Lee'");
    assert_eq!(bench.column(&format!("accounts({A})/{COLLECTION}?$filter={filter}"), "contactid"), [A]);
    let prefer = [("Prefer", "odata.maxpagesize=1")];
    let first = bench.get_with(&format!("accounts({A})/{COLLECTION}"), &prefer);
    let second = bench.get_with(first["@odata.nextLink"].as_str().unwrap(), &prefer);
    assert_eq!((values(&first, "contactid"), values(&second, "contactid")), (vec![json!(A)], vec![json!(B)]));
}

#[test]
fn rows_are_chosen_by_those_that_name_them() {
    let bench = company();
    let found = |filter: &str| bench.column(&filtered("accounts", filter), "name");
    assert_eq!(found(&format!("{COLLECTION}/any()")), ["One"]);
    assert_eq!(found(&format!("not {COLLECTION}/any()")), ["Two"]);
    assert_eq!(found(&format!("{COLLECTION}/any(c:c/lastname eq 'Ray')")), ["One"]);
    assert_eq!(found(&format!("{COLLECTION}/any(c:c/lastname eq 'Roy')")), Vec::<Json>::new());
    assert_eq!(
        found(&format!("{COLLECTION}/any(c: contains(c/lastname,'ee') and c/statecode eq 0)")),
        ["One"]
    );
    assert_eq!(found(&format!("{COLLECTION}/all(c:c/lastname eq 'Ray')")), ["Two"]);
    assert_eq!(found(&format!("name eq 'One' and {COLLECTION}/all(c:(c/statecode eq 0))")), ["One"]);
    for wrong in ["nothing/any()", "contact_customer_accounts/any(c:c/nickname eq 1)", "name/any()"] {
        refused(&bench.call("GET", &filtered("accounts", wrong), &[], ""), 400, "0x80060888");
    }
}

#[test]
fn references_are_set_read_and_taken_away() {
    let bench = company();
    let reference = |id: &str| json!({ "@odata.id": format!("{ORIGIN}{ROOT}/accounts({id})") }).to_string();
    let single = format!("contacts({C})/parentcustomerid_account/$ref");
    assert_eq!(bench.call("GET", &single, &[], "").status.as_u16(), 204);
    assert_eq!(bench.call("PUT", &single, &[], &reference(B)).status.as_u16(), 204);
    let shown = bench.get(&single);
    assert_eq!(shown["@odata.id"], format!("{ORIGIN}{ROOT}/accounts({B})"));
    assert_eq!(shown["@odata.context"], format!("{ORIGIN}{ROOT}/$metadata#$ref"));
    let members = format!("accounts({A})/{COLLECTION}");
    let contact = json!({"@odata.id": format!("contacts({C})")}).to_string();
    assert_eq!(bench.call("POST", &format!("{members}/$ref"), &[], &contact).status.as_u16(), 204);
    assert_eq!(bench.column(&members, "contactid"), [A, B, C]);
    assert_eq!(bench.call("DELETE", &format!("{members}({A})/$ref"), &[], "").status.as_u16(), 204);
    let by_url = format!("{members}/$ref?$id={}", encoded(&format!("{ORIGIN}{ROOT}/contacts({B})")));
    assert_eq!(bench.call("DELETE", &by_url, &[], "").status.as_u16(), 204);
    assert_eq!(bench.column(&members, "contactid"), [C]);
    assert_eq!(bench.call("DELETE", &single, &[], "").status.as_u16(), 204);
    assert_eq!(bench.column(&members, "contactid"), Vec::<Json>::new());
    let wrong = json!({"@odata.id": format!("accounts({A})")}).to_string();
    refused(&bench.call("POST", &format!("{members}/$ref"), &[], &wrong), 400, "0x80048d19");
    refused(&bench.call("POST", &format!("{members}/$ref"), &[], "{}"), 400, "0x80048d19");
    refused(&bench.call("DELETE", &format!("{members}/$ref"), &[], ""), 400, "0x80060888");
    assert_eq!(bench.call("PUT", &format!("{members}/$ref"), &[], &contact).status.as_u16(), 405);
}
