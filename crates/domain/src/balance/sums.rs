//! Both lines add up, whatever happened; and sums of changes are what they are sums of.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::{CANCELLED, Exclusion, Tally};
use crate::id::{ProviderPersonId, Version};
use crate::metrics::{Attendance, AttendanceKey, Matched, Seen, Watched};
use crate::registration::sample::{NOW, contact, digest, key, sealed, source};
use crate::registration::worlds::each_moment;
use crate::registration::{Cause, Phase, Registration, Source, Stance, Told};

fn sum<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Tally {
    let mut all = Tally::default();
    tallies.into_iter().for_each(|tally| all.merge(tally));
    all
}

fn counters(tally: &Tally) -> Vec<(String, i64)> {
    tally.counters().map(|(name, n)| (name.to_owned(), n)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn registrations_add_up_at_every_moment_of_a_world(seed: u64) {
        let mut kept = Tally::default();
        let mut before: BTreeMap<_, Tally> = BTreeMap::new();
        let mut rows_before = Tally::default();
        each_moment(seed, |registrations, rows| {
            let rows_now = sum(&rows.iter().map(|why| Tally::of_row(*why)).collect::<Vec<_>>());
            kept.merge(&rows_before.change_to(&rows_now));
            rows_before = rows_now.clone();
            let mut whole = rows_now;
            for registration in &registrations {
                let now = Tally::of_registration(registration);
                let change = before.entry(registration.key).or_default().change_to(&now);
                kept.merge(&change);
                whole.merge(&now);
                before.insert(registration.key, now);
            }
            let balance = whole.balance();
            assert!(balance.registrations.adds_up(), "{balance:?} {registrations:?}");
            assert_eq!(balance.registrations.crm, rows.len() as u64);
            assert_eq!(counters(&kept), counters(&whole), "changes add up to the whole");
            let persons = balance.persons;
            let settled = |r: &&&Registration| r.phase == Phase::Settled && !r.is_wanted();
            let gone = registrations.iter().filter(settled).count() as u64;
            let erased = registrations.iter().filter(|r| r.phase == Phase::Erased).count() as u64;
            let told = persons.at_provider + persons.on_their_way + persons.held + persons.held_removals;
            assert_eq!(told + gone + erased, registrations.len() as u64, "{persons:?}");
        });
    }

    #[test]
    fn minutes_add_up(people in proptest::collection::vec(attendance(), 0..20)) {
        let balance = sum(&people.iter().map(Tally::of_attendance).collect::<Vec<_>>()).balance();
        prop_assert!(balance.minutes.adds_up(), "{:?}", balance);
        let seen: u64 = people.iter().map(|one| u64::from(one.seen.watched.minutes())).sum();
        prop_assert_eq!(balance.minutes.provider, seen);
        let unmatched = people.iter().filter(|one| one.matched.is_none()).count() as u64;
        prop_assert_eq!(balance.minutes.unmatched_people, unmatched);
    }

    #[test]
    fn a_change_leads_from_the_one_to_the_other(one in tally(), other in tally()) {
        prop_assert_eq!(counters(&sum([&one, &one.change_to(&other)])), counters(&other));
        prop_assert_eq!(counters(&one.change_to(&one)), vec![]);
        let copied = counters(&one);
        let copy = Tally::from_counters(copied.iter().map(|(name, n)| (name.as_str(), *n)));
        prop_assert_eq!(counters(&copy), copied);
    }
}

fn tally() -> impl Strategy<Value = Tally> {
    let counter = (prop_oneof!["row.crm", "row.held.brake", "minutes.crm"], -5_i64..6);
    proptest::collection::vec(counter, 0..6)
        .prop_map(|counters| Tally::from_counters(counters.iter().map(|(name, n)| (name.as_str(), *n))))
}

fn attendance() -> impl Strategy<Value = Attendance> {
    (0_u32..300, 0_u32..300, any::<bool>(), proptest::option::of(0_u32..400)).prop_map(
        |(live_minutes, ondemand_minutes, known, written)| Attendance {
            key: AttendanceKey {
                organization: Uuid::from_u128(1).into(),
                webinar: Uuid::from_u128(2).into(),
                person: ProviderPersonId::new("7"),
            },
            matched: known.then(|| Matched { source: source(1), contact: contact(1) }),
            seen: Seen {
                watched: Watched { live_minutes, ondemand_minutes, ..Watched::default() },
                pulled: NOW,
                provisional: true,
            },
            written: written.map(|minutes| Watched { live_minutes: minutes, ..Watched::default() }),
            details: None,
        },
    )
}

/// Two active rows and a cancelled one, and one of each kind that is elsewhere.
fn registration(phase: Phase) -> Registration {
    let elsewhere = [Stance::Deleted, Stance::Excluded, Stance::Left { to: key(9), live: true }];
    let here = [Stance::Active(digest(1)), Stance::Active(digest(2)), Stance::Cancelled];
    let rows = here.into_iter().chain(elsewhere).zip(1..).map(|(stance, n)| {
        let (version, details, contact) = (Version(n.into()), sealed(1, n.into()), contact(n));
        (source(n), Source { version, changed: version, stance, details, contact, answered: Told::Nothing })
    });
    Registration { sources: rows.collect(), phase, ..Registration::new(key(1)) }
}

#[test]
fn rows_are_counted_where_their_person_stands() {
    let due = Phase::Due { at: NOW, tries: 0, since: None };
    let held = |cause| Phase::Held { cause, since: NOW };
    let table: [(Phase, &[(&str, i64)]); 5] = [
        (due, &[("person.on_their_way", 1), ("person.wanted", 1), ("row.on_their_way", 3)]),
        (
            Phase::Settled,
            &[
                ("person.at_provider", 1),
                ("person.wanted", 1),
                ("row.at_provider", 2),
                ("row.excluded.cancelled", 1),
            ],
        ),
        (held(Cause::TooLate), &[("person.held", 1), ("person.wanted", 1), ("row.held.too_late", 3)]),
        (held(Cause::Brake), &[("person.held", 1), ("person.wanted", 1), ("row.held.brake", 3)]),
        (Phase::Erased, &[("row.excluded.erased", 3)]),
    ];
    for (phase, expected) in table {
        let tally = Tally::of_registration(&registration(phase.clone()));
        assert_eq!(tally.counters().collect::<Vec<_>>(), expected, "{phase:?}");
    }
}

#[test]
fn a_removal_that_is_held_is_told_apart() {
    let mut removal = registration(Phase::Held { cause: Cause::TooLate, since: NOW });
    removal.sources.retain(|_, row| row.stance == Stance::Cancelled);
    let tally = Tally::of_registration(&removal);
    assert_eq!(tally.counters().collect::<Vec<_>>(), [("person.held_removal", 1), ("row.held.too_late", 1)]);
    removal.phase = Phase::Settled;
    let tally = Tally::of_registration(&removal);
    assert_eq!(tally.counters().collect::<Vec<_>>(), [("row.excluded.cancelled", 1)]);
}

#[test]
fn a_row_is_counted_where_it_was_read() {
    let one = |why| Tally::of_row(why).balance().registrations;
    assert_eq!((one(None).crm, one(None).adds_up()), (1, false), "its registration says the rest");
    for why in [Exclusion::NoAddress, Exclusion::NotAWebinar, Exclusion::Erased] {
        let balance = one(Some(why));
        assert!(balance.adds_up());
        assert_eq!(balance.excluded, BTreeMap::from([(why.name().to_owned(), 1)]));
        assert_ne!(why.name(), CANCELLED);
    }
}

#[test]
fn a_shrunken_number_is_on_its_way_too() {
    let mut shrunken = Tally::default();
    shrunken.add("minutes.provider", 40);
    shrunken.add("minutes.crm", 52);
    shrunken.add("minutes.on_their_way", -12);
    let minutes = shrunken.balance().minutes;
    assert!(minutes.adds_up());
    assert_eq!(minutes.on_their_way, -12);
}
