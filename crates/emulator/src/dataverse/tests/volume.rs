//! More rows than a page or a filter holds.

use serde_json::Value as Json;

use super::bench::{Bench, encoded, values};

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
