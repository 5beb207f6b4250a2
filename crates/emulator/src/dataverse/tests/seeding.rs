use std::collections::HashSet;

use serde_json::{Value as Json, json};

use super::bench::{Bench, TITLE, values};
use crate::people::person;

const WHOLE: &str = "msevtmgt_eventregistrations?$select=msevtmgt_name,msevtmgt_syncedwithprovider&$expand=\
                     msevtmgt_ContactId($select=firstname,lastname,emailaddress1,jobtitle;$expand=\
                     parentcustomerid_account($select=name)),msevtmgt_EventId($select=msevtmgt_webinarid)";

#[test]
fn the_event_is_a_live_webinar_with_its_provider() {
    let bench = Bench::new();
    let url = "msevtmgt_events?$expand=msevtmgt_WebinarConfigurationId($select=msevtmgt_name;$expand=\
               msevtmgt_WebinarProviderId($select=msevtmgt_name))";
    let events = bench.get(url);
    assert_eq!(events["value"].as_array().unwrap().len(), 1);
    let event = &events["value"][0];
    assert_eq!(event["msevtmgt_webinarid"], "4000001");
    assert_eq!(
        (&event["msevtmgt_eventformat"], &event["msevtmgt_publishstatus"]),
        (&json!(100_000_002), &json!(100_000_003))
    );
    let provider = &event["msevtmgt_WebinarConfigurationId"]["msevtmgt_WebinarProviderId"];
    assert_eq!(provider["msevtmgt_name"], "On24");
    assert_eq!(event["msevtmgt_name"], TITLE);
}

#[test]
fn the_event_s_wall_clock_is_london_s_and_its_copies_are_utc() {
    let event = Bench::new().get("msevtmgt_events")["value"][0].clone();
    assert_eq!(event["msevtmgt_eventtimezone"], 85);
    assert_eq!(event["msevtmgt_eventstartdate"], "2026-07-01T10:00:00Z");
    assert_eq!(event["msevtmgt_eventenddate"], "2026-07-01T11:00:00Z");
    assert_eq!(event["msevtmgt_portalspecificeventstartdate"], "2026-07-01T09:00:00Z");
    assert_eq!(event["msevtmgt_portalspecificeventenddate"], "2026-07-01T10:00:00Z");
}

#[test]
fn each_registration_has_a_contact_and_an_account_of_its_own() {
    let bench = Bench::seeded(0, 30);
    let list = bench.get(WHOLE);
    let rows = list["value"].as_array().unwrap();
    let emails: HashSet<String> =
        rows.iter().map(|row| row["msevtmgt_ContactId"]["emailaddress1"].to_string()).collect();
    assert_eq!((rows.len(), emails.len()), (30, 30));
    assert_eq!((bench.rows("contacts"), bench.rows("accounts")), (30, 30));
    let expected: HashSet<String> = (0..30).map(|index| json!(person(42, index).email).to_string()).collect();
    assert_eq!(emails, expected);
    for row in rows {
        assert_eq!(row["msevtmgt_EventId"]["msevtmgt_webinarid"], "4000001");
        assert!(row["msevtmgt_ContactId"]["parentcustomerid_account"]["name"].is_string());
        assert_eq!(row["msevtmgt_syncedwithprovider"], 100_000_001);
    }
}

#[test]
fn contacts_stand_beside_those_of_registrations() {
    let bench = Bench::seeded(9, 4);
    let contacts = bench.get("contacts");
    let emails: HashSet<String> = values(&contacts, "emailaddress1").iter().map(Json::to_string).collect();
    assert_eq!((emails.len(), bench.rows("contacts")), (13, 13));
    assert!(emails.contains(&json!(person(42, 1_000_000).email).to_string()));
    assert!(values(&contacts, "_parentcustomerid_value").iter().all(Json::is_string));
    // Some share an account, some do not.
    assert_eq!(bench.rows("accounts"), 4 + 6);
}

/// Seeding takes no account of the lengths of columns, so that what it puts in must fit by itself.
#[test]
fn what_is_seeded_could_have_been_written() {
    let bench = Bench::seeded(0, 160);
    let contacts = bench.get(
        "contacts?$select=firstname,lastname,emailaddress1,jobtitle&$expand=parentcustomerid_account($select=name)",
    );
    for row in contacts["value"].as_array().unwrap() {
        let contact = json!({ "firstname": row["firstname"], "lastname": row["lastname"],
                              "emailaddress1": row["emailaddress1"], "jobtitle": row["jobtitle"] });
        assert_eq!(bench.post("contacts", &contact).status, 204, "{contact}");
        let account = json!({ "name": row["parentcustomerid_account"]["name"] });
        assert_eq!(bench.post("accounts", &account).status, 204, "{account}");
    }
    let event = json!({ "msevtmgt_name": crate::emulators::EVENT_TITLE });
    assert_eq!(bench.patch(&format!("msevtmgt_events({})", bench.event()), &event).status, 204);
}

#[test]
fn one_seed_gives_the_same_rows_again() {
    let (one, other) = (Bench::seeded(3, 3), Bench::seeded(3, 3));
    assert_eq!(one.column("contacts", "contactid"), other.column("contacts", "contactid"));
    assert_eq!(one.get(WHOLE), other.get(WHOLE));
    assert_eq!(one.event(), other.event());
}
