use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::bench::{A, B, Bench, C, ORIGIN, body, header, refused, text, values};

const TRACK: &[(&str, &str)] = &[("Prefer", "odata.track-changes")];
const PAGES: &[(&str, &str)] = &[("Prefer", "odata.track-changes, odata.maxpagesize=2")];

fn delta(list: &Json) -> String {
    list["@odata.deltaLink"].as_str().unwrap().to_owned()
}

/// All items behind a link, and the delta link at the end.
fn follow(bench: &Bench, url: &str, headers: &[(&str, &str)]) -> (Vec<Json>, String) {
    let (mut url, mut items) = (url.to_owned(), Vec::new());
    loop {
        let page = bench.get_with(&url, headers);
        items.extend(page["value"].as_array().unwrap().iter().cloned());
        match (page.get("@odata.nextLink"), page.get("@odata.deltaLink")) {
            (Some(next), None) => next.as_str().unwrap().clone_into(&mut url),
            (None, Some(_)) => return (items, delta(&page)),
            both => panic!("one link a page: {both:?}"),
        }
    }
}

fn ids(items: &[Json]) -> Vec<String> {
    let id = |item: &Json| item.get("contactid").or(item.get("id")).unwrap().as_str().unwrap().to_owned();
    items.iter().map(id).collect()
}

fn three() -> Bench {
    let bench = Bench::new();
    for id in [A, B, C] {
        bench.contact(id, "Lee");
    }
    bench
}

#[test]
fn dynamics_28_the_first_list_is_whole_and_its_last_page_has_the_delta_link() {
    let bench = three();
    let answer = bench.call("GET", "contacts?$select=lastname", PAGES, "");
    assert!(header(&answer, "preference-applied").contains("odata.track-changes"));
    assert_eq!(body(&answer)["value"].as_array().unwrap().len(), 2);
    let (items, link) = follow(&bench, "contacts?$select=lastname", PAGES);
    assert_eq!(ids(&items), [A, B, C]);
    assert!(
        link.starts_with(&format!("{ORIGIN}/api/data/v9.2/contacts?$select=lastname&$deltatoken=")),
        "{link}"
    );
    assert!(!link.contains(['!', ' ', '"']) && !link.contains("skiptoken"));
}

#[test]
fn dynamics_29_a_delta_has_what_changed_in_the_order_of_change_then_what_was_deleted() {
    let bench = three();
    let link = delta(&bench.get_with("contacts?$select=lastname", TRACK));
    bench.patch(&format!("contacts({C})"), &json!({"lastname": "Ray"}));
    bench.patch(&format!("contacts({A})"), &json!({"firstname": "Ann"}));
    bench.patch(&format!("contacts({C})"), &json!({"statecode": 1}));
    bench.call("DELETE", &format!("contacts({B})"), &[], "");
    let page = bench.get(&link);
    assert!(page["@odata.context"].as_str().unwrap().ends_with("#contacts(lastname)/$delta"));
    let items = page["value"].as_array().unwrap();
    assert_eq!(ids(items), [A, C, B]);
    let mut names: Vec<&String> = items[1].as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["@odata.etag", "contactid", "lastname"]);
    assert_eq!(items[2]["reason"], "deleted");
    let context = format!("{ORIGIN}/api/data/v9.2/$metadata#contacts/$deletedEntity");
    assert_eq!(items[2]["@odata.context"], context);
    let (again, _) = follow(&bench, &delta(&page), &[]);
    assert!(again.is_empty());
    // The older link still tells the same.
    assert_eq!(ids(&follow(&bench, &link, &[]).0), [A, C, B]);
}

#[test]
fn dynamics_29_a_row_made_and_deleted_between_polls_is_only_a_deletion() {
    let bench = three();
    let link = delta(&bench.get_with("contacts", TRACK));
    let made = "00000000-0000-0000-0000-0000000000ff";
    bench.contact(made, "Short");
    bench.call("DELETE", &format!("contacts({made})"), &[], "");
    let (items, link) = follow(&bench, &link, &[]);
    assert_eq!((ids(&items), &items[0]["reason"]), (vec![made.to_owned()], &json!("deleted")));
    // Made again under its old id, it is a row and no deletion.
    bench.contact(made, "Again");
    let (items, _) = follow(&bench, &link, &[]);
    assert_eq!((ids(&items), &items[0]["lastname"]), (vec![made.to_owned()], &json!("Again")));
}

#[test]
fn dynamics_29_deltas_have_pages_of_rows_and_deletions() {
    let bench = Bench::seeded(9, 0);
    let (all, link) = follow(&bench, "contacts?$select=lastname", TRACK);
    let all = ids(&all);
    for id in &all[..5] {
        bench.patch(&format!("contacts({id})"), &json!({"jobtitle": "Lead"}));
    }
    for id in &all[5..] {
        bench.call("DELETE", &format!("contacts({id})"), &[], "");
    }
    let (items, _) = follow(&bench, &link, PAGES);
    assert_eq!(ids(&items), all);
    assert_eq!(items.iter().filter(|item| item.get("reason").is_some()).count(), 4);
}

#[test]
fn dynamics_29_what_changes_while_pages_are_turned_is_not_lost() {
    let bench = three();
    let first = bench.get_with("contacts?$select=lastname", PAGES);
    bench.patch(&format!("contacts({A})"), &json!({"lastname": "Ray"}));
    let rest = bench.get_with(first["@odata.nextLink"].as_str().unwrap(), PAGES);
    assert_eq!(values(&rest, "contactid"), [C]);
    let (items, link) = follow(&bench, &delta(&rest), &[]);
    assert_eq!((ids(&items), &items[0]["lastname"]), (vec![A.to_owned()], &json!("Ray")));
    // The same within a list of changes.
    for id in [A, B, C] {
        bench.patch(&format!("contacts({id})"), &json!({"jobtitle": "One"}));
    }
    let first = bench.get_with(&link, PAGES);
    assert_eq!(values(&first, "contactid"), [A, B]);
    bench.patch(&format!("contacts({B})"), &json!({"jobtitle": "Two"}));
    let (rest, link) = follow(&bench, first["@odata.nextLink"].as_str().unwrap(), PAGES);
    assert_eq!(ids(&rest), [C]);
    assert_eq!(ids(&follow(&bench, &link, &[]).0), [B]);
}

#[test]
fn dynamics_28_other_options_are_refused_by_name() {
    let bench = three();
    let link = delta(&bench.get_with("contacts", TRACK));
    for (option, value) in [
        ("filter", "statecode%20eq%200"),
        ("orderby", "lastname"),
        ("expand", "parentcustomerid_account"),
        ("top", "1"),
    ] {
        let expected =
            format!("The \"{option}\" query parameter isn't supported when Change Tracking is enabled.");
        let fresh = bench.call("GET", &format!("contacts?${option}={value}"), TRACK, "");
        assert_eq!(refused(&fresh, 400, "0x80060888"), expected);
        let later = bench.call("GET", &format!("{link}&${option}={value}"), &[], "");
        assert_eq!(refused(&later, 400, "0x80060888"), expected);
    }
}

#[test]
fn dynamics_30_a_token_holds_seven_days() {
    let bench = three();
    let link = delta(&bench.get_with("contacts", TRACK));
    bench.clock.advance(SignedDuration::from_hours(7 * 24 - 1));
    let get = |url: &str| {
        let token = format!("Bearer {}", bench.issuer.issue(ORIGIN).unwrap().0);
        bench.handle(super::bench::call("GET", url, &[("authorization", &token)], ""))
    };
    assert_eq!(get(&link).status, 200);
    bench.clock.advance(SignedDuration::from_hours(2));
    let message = refused(&get(&link), 400, "0x80044352");
    assert_eq!(message, "Version stamp associated with the client has expired. Please perform a full sync.");
}

#[test]
fn dynamics_30_a_token_of_another_organization_or_of_none_is_refused() {
    let bench = three();
    let stamp = bench.clock.now().strftime("%m/%d/%Y %H:%M:%S").to_string();
    let ahead = format!("contacts?$deltatoken=99999999!{}", super::bench::encoded(&stamp));
    refused(&bench.call("GET", &ahead, &[], ""), 400, "0x80044352");
    for token in ["", "x", "1!", "1!yesterday", "!", "-1!01/01/2026%2000:00:00"] {
        refused(&bench.call("GET", &format!("contacts?$deltatoken={token}"), &[], ""), 400, "0x80040203");
    }
}

#[test]
fn changes_can_be_counted_and_every_table_is_tracked() {
    let bench = three();
    let link = delta(&bench.get_with("contacts", TRACK));
    bench.patch(&format!("contacts({A})"), &json!({"jobtitle": "Lead"}));
    bench.call("DELETE", &format!("contacts({B})"), &[], "");
    let count = bench.call("GET", &link.replace("/contacts?", "/contacts/$count?"), &[], "");
    assert_eq!(text(&count), "2");
    for set in [
        "accounts",
        "msevtmgt_events",
        "msevtmgt_sessions",
        "msevtmgt_eventregistrations",
        "msevtmgt_sessionregistrations",
    ] {
        assert!(bench.get_with(set, TRACK)["@odata.deltaLink"].is_string(), "{set}");
    }
}
