//! More rows than a page or a filter holds.

use serde_json::{Value as Json, json};

use super::bench::{Bench, encoded, text, values};

#[test]
fn many_registrations_are_paged_and_their_contacts_found_by_the_hundred() {
    let bench = Bench::seeded(0, 1000);
    let prefer = [("Prefer", "odata.track-changes,odata.maxpagesize=300")];
    let mut url = "msevtmgt_eventregistrations?$select=_msevtmgt_contactid_value".to_owned();
    let mut contacts = Vec::new();
    while !url.contains("$deltatoken") {
        let page = bench.get_with(&url, &prefer);
        contacts.extend(values(&page, "_msevtmgt_contactid_value"));
        let link = page.get("@odata.nextLink").or(page.get("@odata.deltaLink"));
        link.and_then(Json::as_str).unwrap().clone_into(&mut url);
    }
    assert_eq!(contacts.len(), 1000);
    for hundred in contacts.chunks(100) {
        let ids =
            hundred.iter().map(|id| format!("'{}'", id.as_str().unwrap())).collect::<Vec<_>>().join(",");
        let within = format!("Microsoft.Dynamics.CRM.In(PropertyName='contactid',PropertyValues=[{ids}])");
        let url = format!("contacts?$select=emailaddress1&$filter={}", encoded(&within));
        assert_eq!(bench.column(&url, "contactid").len(), 100);
    }
}

#[test]
fn dynamics_25_and_27_pages_and_counts_go_to_five_thousand() {
    let bench = Bench::seeded(5001, 0);
    for prefer in ["odata.maxpagesize=5001", "odata.maxpagesize=100000", ""] {
        let page = bench.get_with("contacts?$select=lastname", &[("Prefer", prefer)]);
        assert_eq!(page["value"].as_array().unwrap().len(), 5000, "{prefer}");
        let rest = bench.get(page["@odata.nextLink"].as_str().unwrap());
        assert_eq!((values(&rest, "contactid").len(), rest.get("@odata.nextLink")), (1, None));
    }
    let all = [("Prefer", "odata.include-annotations=\"*\",odata.maxpagesize=1")];
    let counted = bench.get_with("contacts?$select=lastname&$count=true", &all);
    assert_eq!(counted["@odata.count"], 5000);
    assert_eq!(counted["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"], true);
    assert_eq!(counted["@Microsoft.Dynamics.CRM.totalrecordcount"], 5000);
    assert_eq!(text(&bench.call("GET", "contacts/$count", &[], "")), "5000");
    let few = bench.get_with("accounts?$select=name&$count=true&$top=2", &all);
    assert_eq!((few["value"].as_array().unwrap().len(), few.get("@odata.nextLink")), (2, None));
    let events = bench.get_with("msevtmgt_events?$count=true", &all);
    assert_eq!(events["@odata.count"], json!(1));
    assert_eq!(events["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"], false);
}

#[test]
fn dynamics_25_pages_in_an_order_of_their_own_have_every_row_once() {
    let bench = Bench::seeded(2000, 0);
    let prefer = [("Prefer", "odata.maxpagesize=150")];
    let mut url = "contacts?$select=lastname&$orderby=lastname desc".to_owned();
    let (mut ids, mut names) = (Vec::new(), Vec::new());
    loop {
        let page = bench.get_with(&url, &prefer);
        ids.extend(values(&page, "contactid").into_iter().map(|id| id.to_string()));
        names.extend(values(&page, "lastname").into_iter().map(|name| name.as_str().unwrap().to_lowercase()));
        match page.get("@odata.nextLink").and_then(Json::as_str) {
            Some(next) => next.clone_into(&mut url),
            None => break,
        }
    }
    assert!(names.is_sorted_by(|a, b| a >= b));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 2000);
}
