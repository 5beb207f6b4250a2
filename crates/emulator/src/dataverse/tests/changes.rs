//! Every committed change of a row is told, in order, with its older and newer self.

use serde_json::json;
use uuid::Uuid;

use super::super::change::{Change, Operation};
use super::bench::{A, B, Bench, NOBODY, call};

fn changes(bench: &Bench, method: &str, url: &str, body: &str) -> Vec<Change> {
    bench.dataverse.world().outer(&call(method, url, &[], body)).1
}

fn told(bench: &Bench, change: &Change) -> (Operation, &'static str, Uuid, Vec<&'static str>) {
    let world = bench.dataverse.world();
    let table = world.store.table(change.table);
    let columns = change.columns.iter().map(|place| table.columns[*place].logical).collect();
    (change.operation(), table.logical, change.id, columns)
}

#[test]
fn a_row_s_life_is_told_in_three_changes() {
    let bench = Bench::new();
    let id: Uuid = A.parse().unwrap();
    let made = changes(&bench, "POST", "contacts", &json!({"contactid": A, "lastname": "Lee"}).to_string());
    assert_eq!(told(&bench, &made[0]), (Operation::Create, "contact", id, vec!["lastname"]));
    assert!(made.len() == 1 && made[0].before.is_none() && made[0].after.is_some());
    let changed = changes(&bench, "PATCH", &format!("contacts({A})"), r#"{"jobtitle":"Chief"}"#);
    assert_eq!(told(&bench, &changed[0]), (Operation::Update, "contact", id, vec!["jobtitle"]));
    let versions = |change: &Change| {
        (change.before.as_ref().map(|row| row.version()), change.after.as_ref().map(|row| row.version()))
    };
    assert!(versions(&changed[0]).0 < versions(&changed[0]).1);
    let gone = changes(&bench, "DELETE", &format!("contacts({A})"), "");
    assert_eq!(told(&bench, &gone[0]), (Operation::Delete, "contact", id, vec![]));
    assert!(gone[0].after.is_none() && gone[0].before.is_some());
}

#[test]
fn what_is_refused_is_not_told_and_what_follows_is() {
    let bench = Bench::new();
    let refused = json!({"contactid": A, "lastname": "Lee", "parentcustomerid_account@odata.bind": format!("accounts({NOBODY})")});
    assert!(changes(&bench, "POST", "contacts", &refused.to_string()).is_empty());
    assert!(changes(&bench, "GET", "contacts", "").is_empty());
    let event = bench.event();
    bench.contact(A, "Lee");
    bench.make(
        "msevtmgt_eventregistrations",
        "msevtmgt_eventregistrationid",
        B,
        json!({
            "msevtmgt_ContactId@odata.bind": format!("contacts({A})"),
            "msevtmgt_EventId@odata.bind": format!("msevtmgt_events({event})"),
        }),
    );
    let gone = changes(&bench, "DELETE", &format!("msevtmgt_events({event})"), "");
    let tables: Vec<_> =
        gone.iter().map(|change| told(&bench, change)).map(|told| (told.0, told.1)).collect();
    assert_eq!(
        tables,
        [(Operation::Delete, "msevtmgt_event"), (Operation::Delete, "msevtmgt_eventregistration")]
    );
}
