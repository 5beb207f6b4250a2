//! Two rows made one.

use http::StatusCode;
use serde_json::{Value as Json, json};

use super::bench::{A, B, Bench, C, NOBODY, refused};
use crate::wire::Answer;

fn two() -> Bench {
    let bench = Bench::new();
    bench.make("contacts", "contactid", A, json!({"lastname": "Lee", "jobtitle": "Chief"}));
    bench.make("contacts", "contactid", B, json!({"lastname": "Leigh"}));
    let event = bench.event();
    let registration = json!({
        "msevtmgt_ContactId@odata.bind": format!("contacts({B})"),
        "msevtmgt_EventId@odata.bind": format!("msevtmgt_events({event})"),
    });
    bench.make("msevtmgt_eventregistrations", "msevtmgt_eventregistrationid", A, registration);
    let session = json!({"msevtmgt_contactid@odata.bind": format!("contacts({B})")});
    bench.make("msevtmgt_sessionregistrations", "msevtmgt_sessionregistrationid", A, session);
    let check_in = json!({"msevtmgt_Contact@odata.bind": format!("contacts({B})")});
    bench.make("msevtmgt_checkins", "msevtmgt_checkinid", A, check_in);
    bench
}

fn contact(id: &str) -> Json {
    json!({"@odata.type": "Microsoft.Dynamics.CRM.contact", "contactid": id})
}

fn merge(bench: &Bench, target: &Json, subordinate: &Json, content: &Json) -> Answer {
    let body = json!({
        "Target": target, "Subordinate": subordinate, "UpdateContent": content, "PerformParentingChecks": false,
    });
    bench.post("Merge", &body)
}

#[test]
fn dynamics_24_a_merge_points_every_lookup_to_the_survivor() {
    let bench = two();
    let content = json!({"@odata.type": "Microsoft.Dynamics.CRM.contact", "lastname": "Lee-Leigh"});
    let answer = merge(&bench, &contact(A), &contact(B), &content);
    assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(bench.column("msevtmgt_eventregistrations", "_msevtmgt_contactid_value"), [A]);
    assert_eq!(bench.column("msevtmgt_sessionregistrations", "_msevtmgt_contactid_value"), [A]);
    assert_eq!(bench.column("msevtmgt_checkins", "_msevtmgt_contact_value"), [A]);
    let survivor = bench.get(&format!("contacts({A})"));
    assert_eq!((&survivor["lastname"], &survivor["jobtitle"]), (&json!("Lee-Leigh"), &json!("Chief")));
    let other = bench.get(&format!("contacts({B})"));
    assert_eq!((&other["statecode"], &other["statuscode"]), (&json!(1), &json!(2)));
}

#[test]
fn dynamics_24_a_merge_shows_in_the_deltas_of_all_tables_it_touched() {
    let bench = two();
    let track = [("Prefer", "odata.track-changes")];
    let links = ["contacts", "msevtmgt_eventregistrations"]
        .map(|set| bench.get_with(set, &track)["@odata.deltaLink"].as_str().unwrap().to_owned());
    merge(&bench, &contact(A), &contact(B), &Json::Null);
    assert_eq!(bench.column(&links[0], "contactid"), [B]);
    assert_eq!(bench.column(&links[1], "_msevtmgt_contactid_value"), [A]);
}

#[test]
fn dynamics_24_nobody_becomes_their_own_parent() {
    let bench = two();
    let child = json!({"parentcustomerid_contact@odata.bind": format!("contacts({B})")});
    bench.patch(&format!("contacts({A})"), &child);
    bench.make("contacts", "contactid", C, child);
    merge(&bench, &contact(A), &contact(B), &Json::Null);
    assert_eq!(bench.get(&format!("contacts({A})"))["_parentcustomerid_value"], Json::Null);
    assert_eq!(bench.get(&format!("contacts({C})"))["_parentcustomerid_value"], A);
}

#[test]
fn dynamics_24_what_cannot_be_merged_is_refused_and_changes_nothing() {
    let bench = two();
    let before = bench.get("contacts");
    let account = json!({"@odata.type": "Microsoft.Dynamics.CRM.account", "accountid": A});
    refused(&merge(&bench, &contact(A), &contact(A), &Json::Null), 400, "0x80040203");
    refused(&merge(&bench, &contact(A), &contact(NOBODY), &Json::Null), 404, "0x80040217");
    refused(&merge(&bench, &contact(A), &account, &Json::Null), 404, "0x80040217");
    refused(&merge(&bench, &contact(A), &json!({"contactid": B}), &Json::Null), 400, "0x80040203");
    refused(&merge(&bench, &contact(A), &contact(B), &json!({"lastname": 5})), 400, "0x80048d19");
    let event =
        json!({"@odata.type": "Microsoft.Dynamics.CRM.msevtmgt_event", "msevtmgt_eventid": bench.event()});
    refused(&merge(&bench, &event, &event, &Json::Null), 400, "0x80040203");
    assert_eq!(bench.get("contacts"), before);
    assert_eq!(bench.call("GET", "Merge", &[], "").status.as_u16(), 405);
}
