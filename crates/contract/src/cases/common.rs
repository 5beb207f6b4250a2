//! What cases share.

use webinar_bridge_domain::fault::{Fault, FaultKind};
use webinar_bridge_domain::person::{Address, Details};

/// More pages than any case has.
pub(super) const PAGES: usize = 100;

/// The fault that was to come; it tells nothing of `person`.
#[track_caller]
pub(super) fn fault<T: core::fmt::Debug>(answer: Result<T, Fault>, person: &Details) -> FaultKind {
    let fault = answer.expect_err("this was to fail");
    let text = format!("{fault} {fault:?}").to_lowercase();
    for personal in [person.address.as_typed(), &person.first_name, &person.last_name, &person.company] {
        let tells = !personal.is_empty() && text.contains(&personal.to_lowercase());
        assert!(!tells, "a fault has personal data in its text");
    }
    fault.kind
}

/// Whether two addresses are one person's.
pub(super) fn same_address(one: &Address, other: &Address) -> bool {
    one.canonical() == other.canonical()
}

/// Both are the same, field by field.
#[track_caller]
pub(super) fn assert_same_person(found: &Details, expected: &Details) {
    let fields = |of: &Details| {
        let texts = [&of.first_name, &of.last_name, &of.company, &of.job_title];
        texts.map(Clone::clone)
    };
    assert!(same_address(&found.address, &expected.address), "the address arrived changed");
    assert_eq!(fields(found), fields(expected), "a field arrived changed");
}
