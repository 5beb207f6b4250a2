//! Every name of the schema that clients write.

use serde_json::json;

use super::bench::{A, Bench, body, refused};

/// Table, navigation, target's set: as the documentation of event management has them.
const NAVIGATIONS: &[(&str, &str, &str)] = &[
    ("msevtmgt_events", "msevtmgt_WebinarConfigurationId", "msevtmgt_webinarconfigurations"),
    ("msevtmgt_events", "msevtmgt_WebinarType", "msevtmgt_webinartypes"),
    ("msevtmgt_events", "msevtmgt_producer", "msevtmgt_eventteammembers"),
    ("msevtmgt_events", "msevtmgt_PrimaryVenue", "msevtmgt_venues"),
    ("msevtmgt_sessions", "msevtmgt_Event", "msevtmgt_events"),
    ("msevtmgt_sessions", "msevtmgt_WebinarConfigurationId", "msevtmgt_webinarconfigurations"),
    ("msevtmgt_sessions", "msevtmgt_WebinarType", "msevtmgt_webinartypes"),
    ("msevtmgt_sessions", "msevtmgt_Producer", "msevtmgt_eventteammembers"),
    ("msevtmgt_sessions", "msevtmgt_Venue", "msevtmgt_venues"),
    ("msevtmgt_eventregistrations", "msevtmgt_ContactId", "contacts"),
    ("msevtmgt_eventregistrations", "msevtmgt_EventId", "msevtmgt_events"),
    ("msevtmgt_eventregistrations", "msevtmgt_registeredby", "contacts"),
    ("msevtmgt_sessionregistrations", "msevtmgt_contactid", "contacts"),
    ("msevtmgt_sessionregistrations", "msevtmgt_Event", "msevtmgt_events"),
    ("msevtmgt_sessionregistrations", "msevtmgt_RegistrationID", "msevtmgt_eventregistrations"),
    ("msevtmgt_sessionregistrations", "msevtmgt_SessionId", "msevtmgt_sessions"),
    ("msevtmgt_checkins", "msevtmgt_Contact", "contacts"),
    ("msevtmgt_checkins", "msevtmgt_Event", "msevtmgt_events"),
    ("msevtmgt_checkins", "msevtmgt_RegistrationId", "msevtmgt_eventregistrations"),
    ("msevtmgt_checkins", "msevtmgt_SessionAttended", "msevtmgt_sessions"),
    ("msevtmgt_checkins", "msevtmgt_SessionRegistration", "msevtmgt_sessionregistrations"),
    ("msevtmgt_checkins", "msevtmgt_PurchasedPassesId", "msevtmgt_attendeepasses"),
    ("msevtmgt_webinarconfigurations", "msevtmgt_WebinarProviderId", "msevtmgt_webinarproviders"),
    ("msevtmgt_webinartypes", "msevtmgt_WebinarProviderId", "msevtmgt_webinarproviders"),
    ("contacts", "parentcustomerid_account", "accounts"),
    ("contacts", "parentcustomerid_contact", "contacts"),
    ("contacts", "ownerid", "systemusers"),
    ("accounts", "primarycontactid", "contacts"),
    ("leads", "parentaccountid", "accounts"),
    ("leads", "parentcontactid", "contacts"),
];

#[test]
fn dynamics_14_every_navigation_takes_its_bind_in_its_own_case_alone() {
    for (set, name, target) in NAVIGATIONS {
        let bench = Bench::new();
        let made = bench.call("POST", target, &[("Prefer", "return=representation")], "{}");
        let id = body(&made)["@odata.context"].as_str().map(|_| body(&made));
        let row = id.unwrap();
        let (_, key) = row.as_object().unwrap().iter().find(|(name, _)| is_key(name, target)).unwrap();
        let bound = json!(format!("/{target}({})", key.as_str().unwrap()));
        let bind = |name: &str| json!({ format!("{name}@odata.bind"): bound });
        assert_eq!(bench.post(set, &bind(name)).status.as_u16(), 204, "{set}.{name}");
        let read = format!("{set}?$expand={name}&$filter={name}/createdon ne null");
        assert!(bench.get(&read)["value"][0][name].is_object(), "{set}.{name}");
        for wrong in [name.to_lowercase(), name.to_uppercase()] {
            if wrong != *name {
                let message = refused(&bench.post(set, &bind(&wrong)), 400, "0x80048d19");
                assert!(
                    message.contains(&format!("An undeclared property '{wrong}' which only has")),
                    "{message}"
                );
            }
        }
    }
}

fn is_key(name: &str, set: &str) -> bool {
    let logical = match set {
        "msevtmgt_attendeepasses" => "msevtmgt_attendeepass",
        _ => set.trim_end_matches('s'),
    };
    name == format!("{logical}id")
}

#[test]
fn dynamics_16_a_polymorphic_lookup_is_written_by_the_name_of_its_target() {
    let bench = Bench::new();
    bench.make("accounts", "accountid", A, json!({"name": "One"}));
    let bound = format!("accounts({A})");
    for (name, status) in [
        ("parentcustomerid_account@odata.bind", 204),
        ("parentcustomerid_contact@odata.bind", 400),
        ("parentcustomerid@odata.bind", 400),
        ("_parentcustomerid_value", 400),
        ("parentcustomerid", 400),
    ] {
        assert_eq!(bench.post("contacts", &json!({ name: bound })).status.as_u16(), status, "{name}");
    }
    let row =
        bench.get_with("contacts", &[("Prefer", "odata.include-annotations=\"*\"")])["value"][0].clone();
    assert_eq!(row["_parentcustomerid_value"], A);
    assert_eq!(row["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], "account");
    assert!(row.get("parentcustomerid").is_none());
}

#[test]
fn dynamics_20_a_lead_has_states_of_its_own() {
    let bench = Bench::new();
    bench.make("leads", "leadid", A, json!({"lastname": "Lee"}));
    let url = format!("leads({A})");
    let pair = || {
        let row = bench.get(&url);
        (row["statecode"].as_i64().unwrap(), row["statuscode"].as_i64().unwrap())
    };
    assert_eq!(pair(), (0, 1));
    for (state, status, good) in [(1, 3, true), (2, 6, true), (2, 3, false), (0, 4, false), (0, 2, true)] {
        let answer = bench.patch(&url, &json!({"statecode": state, "statuscode": status}));
        assert_eq!(answer.status.as_u16(), if good { 204 } else { 400 }, "{state} {status}");
    }
    bench.patch(&url, &json!({"statecode": 2}));
    assert_eq!(pair(), (2, 4));
    refused(&bench.patch(&url, &json!({"statuscode": 1})), 400, "0x80048408");
}

#[test]
fn dynamics_21_a_wall_clock_comes_back_as_it_was_written() {
    let bench = Bench::new();
    for (written, shown) in [
        ("2026-11-20T09:00:00Z", "2026-11-20T09:00:00Z"),
        ("2026-11-20T09:00:00+02:00", "2026-11-20T09:00:00Z"),
        ("2026-11-20T09:00:00.987", "2026-11-20T09:00:00Z"),
    ] {
        let body = json!({"msevtmgt_eventstartdate": written});
        bench.call("PATCH", &format!("msevtmgt_events({A})"), &[], &body.to_string());
        assert_eq!(
            bench.get(&format!("msevtmgt_events({A})"))["msevtmgt_eventstartdate"],
            shown,
            "{written}"
        );
    }
}
