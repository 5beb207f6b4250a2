//! Functions inside of filters, and those that are called by themselves.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::bench::{A, B, Bench, C, encoded, filtered, refused};

/// A function of the platform's own in a filter.
fn special(name: &str, parameters: &str) -> String {
    format!("Microsoft.Dynamics.CRM.{name}(PropertyName={parameters})")
}

#[test]
fn values_are_inside_or_outside_of_lists_and_ranges() {
    let bench = Bench::new();
    for (id, minutes) in [(A, 5), (B, 50), (C, 500)] {
        let body = json!({"msevtmgt_viewingdurationinmins": minutes});
        bench.make("msevtmgt_checkins", "msevtmgt_checkinid", id, body);
    }
    let found = |name: &str, parameters: &str| {
        let parameters = format!("'msevtmgt_viewingdurationinmins',{parameters}");
        bench.column(&filtered("msevtmgt_checkins", &special(name, &parameters)), "msevtmgt_checkinid")
    };
    assert_eq!(found("In", "PropertyValues=['5','500']"), [A, C]);
    assert_eq!(found("In", "PropertyValues=[5,500]"), [A, C]);
    assert_eq!(found("NotIn", "PropertyValues=[\"5\",\"500\"]"), [B]);
    assert_eq!(found("Between", "PropertyValues=['5','50']"), [A, B]);
    assert_eq!(found("NotBetween", "PropertyValues=['5','50']"), [C]);
    for (name, parameters) in [
        ("Between", "PropertyValues=['5']"),
        ("LastXDays", "PropertyValue=7"),
        ("Nothing", "PropertyValue=7"),
        ("In", "PropertyValues=['x']"),
    ] {
        let filter = special(name, &format!("'msevtmgt_viewingdurationinmins',{parameters}"));
        refused(&bench.call("GET", &filtered("msevtmgt_checkins", &filter), &[], ""), 400, "0x80060888");
    }
}

#[test]
fn moments_are_compared_with_the_clock() {
    let bench = Bench::new();
    let now = bench.clock.now();
    let at = |hours: i64| -> Timestamp { now + SignedDuration::from_hours(hours) };
    for (id, time) in [(A, at(-1)), (B, at(-24 * 20)), (C, at(24 * 3))] {
        let body = json!({"msevtmgt_checkintime": time.to_string()});
        bench.make("msevtmgt_checkins", "msevtmgt_checkinid", id, body);
    }
    let found = |name: &str, value: &str| {
        let parameters = format!("'msevtmgt_checkintime'{value}");
        bench.column(&filtered("msevtmgt_checkins", &special(name, &parameters)), "msevtmgt_checkinid")
    };
    assert_eq!(found("LastXHours", ",PropertyValue=2"), [A]);
    assert_eq!(found("LastXDays", ",PropertyValue='30'"), [A, B]);
    assert_eq!(found("NextXDays", ",PropertyValue=4"), [C]);
    assert_eq!(found("OlderThanXWeeks", ",PropertyValue=2"), [B]);
    assert_eq!(
        found("Next7Days", ""),
        if at(-1).to_string()[..10] == now.to_string()[..10] { vec![A, C] } else { vec![C] }
    );
    let day = &at(-24 * 20).to_string()[..10];
    assert_eq!(found("On", &format!(",PropertyValue='{day}'")), [B]);
    assert_eq!(found("NotOn", &format!(",PropertyValue='{day}'")), [A, C]);
    bench.clock.advance(SignedDuration::from_mins(30));
    assert_eq!(found("LastXHours", ",PropertyValue=2"), [A]);
    bench.clock.advance(SignedDuration::from_mins(29));
    assert_eq!(found("LastXHours", ",PropertyValue=1"), Vec::<Json>::new());
}

#[test]
fn rows_of_the_caller_are_found() {
    let bench = Bench::seeded(2, 0);
    for (name, property, expected) in [
        ("EqualUserId", "'ownerid'", 2),
        ("EqualUserId", "'_ownerid_value'", 2),
        ("NotEqualUserId", "'ownerid'", 0),
    ] {
        let url = filtered("contacts", &special(name, property));
        assert_eq!(bench.column(&url, "contactid").len(), expected, "{name} {property}");
    }
    refused(&bench.call("GET", &filtered("contacts", "ownerid ne null"), &[], ""), 400, "0x80060888");
}

#[test]
fn the_organization_tells_its_version_and_counts_its_rows() {
    let bench = Bench::seeded(3, 2);
    assert!(bench.get("RetrieveVersion()")["Version"].as_str().unwrap().starts_with("9.2."));
    let organization = bench
        .get("RetrieveCurrentOrganization(AccessType=Microsoft.Dynamics.CRM.EndpointAccessType'Default')");
    assert_eq!(organization["Detail"]["OrganizationId"], bench.get("WhoAmI")["OrganizationId"]);
    let names = encoded("[\"contact\",\"account\"]");
    let counted = bench.get(&format!("RetrieveTotalRecordCount(EntityNames=@n)?@n={names}"));
    let collection = &counted["EntityRecordCountCollection"];
    assert_eq!((&collection["Keys"][0], &collection["Values"][0]), (&json!("contact"), &json!(5)));
    for wrong in ["RetrieveTotalRecordCount()", "RetrieveTotalRecordCount(EntityNames=['nothing'])"] {
        assert_eq!(bench.call("GET", wrong, &[], "").status.as_u16(), 400, "{wrong}");
    }
}

#[test]
fn languages_that_are_not_spoken_are_refused() {
    let bench = Bench::new();
    for option in ["$apply=aggregate($count as n)", "savedQuery=1", "userQuery=1", "$search=x"] {
        let answer = bench.call("GET", &format!("contacts?{option}"), &[], "");
        refused(&answer, 400, "0x80060888");
    }
}
