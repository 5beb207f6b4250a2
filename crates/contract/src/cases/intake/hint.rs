//! Hints: that a row changed, and when that is seen to.

use std::collections::BTreeSet;

use webinar_bridge_domain::port::{CrmTable, IntakeBatch, PendingHint};

use super::{hint, hinted, hints, record, row};
use crate::subject::StoreSubject;
use crate::world::StoreWorld;

/// Hints for one row are one hint, whose generation rises.
pub async fn hints_for_one_row_coalesce_and_raise_its_generation(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let one = row(CrmTable::Contacts, 1);
    hint(&world, &[one]).await;
    let first = hints(&world, 10).await;
    assert_eq!(first.len(), 1);
    hint(&world, &[one, one]).await;
    let second = hints(&world, 10).await;
    assert_eq!(second.len(), 1, "hints for one row did not coalesce");
    assert_eq!(second[0].row, one);
    assert!(second[0].generation > first[0].generation, "the generation did not rise");
}

/// The same id in two tables is two rows.
pub async fn a_hint_is_of_a_table_and_a_row(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let rows = CrmTable::ALL.map(|table| row(table, 1));
    hint(&world, &rows).await;
    assert_eq!(hinted(&world).await, rows.into());
}

/// The oldest hints come first, and stay until they are finished.
pub async fn the_oldest_hints_come_first(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    hint(&other, &[row(CrmTable::Contacts, 9)]).await;
    for n in [3, 1, 2] {
        hint(&world, &[row(CrmTable::Contacts, n)]).await;
    }
    let order = |hints: Vec<PendingHint>| hints.into_iter().map(|hint| hint.row).collect::<Vec<_>>();
    let expected = [3, 1].map(|n| row(CrmTable::Contacts, n));
    assert_eq!(order(hints(&world, 2).await), expected);
    assert_eq!(order(hints(&world, 2).await), expected, "reading is no finishing");
    assert_eq!(hinted(&other).await, [row(CrmTable::Contacts, 9)].into());
}

/// A hint is finished only as it was seen: one that was raised meanwhile stays.
pub async fn a_hint_that_was_raised_meanwhile_stays(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    hint(&world, &[row(CrmTable::Contacts, 1), row(CrmTable::Contacts, 2)]).await;
    let seen = hints(&world, 10).await;
    hint(&world, &[row(CrmTable::Contacts, 2)]).await;
    record(&world, &IntakeBatch { finished: seen, ..world.batch(vec![]) }).await;
    assert_eq!(hinted(&world).await, [row(CrmTable::Contacts, 2)].into());
}

/// A hint that was finished and came back is another one: who saw the first does not finish it.
pub async fn a_hint_that_came_back_is_another_one(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    hint(&world, &[row(CrmTable::Contacts, 1)]).await;
    let seen = hints(&world, 10).await;
    let finishing = IntakeBatch { finished: seen, ..world.batch(vec![]) };
    record(&world, &finishing).await;
    assert_eq!(hinted(&world).await, BTreeSet::new());
    hint(&world, &[row(CrmTable::Contacts, 1)]).await;
    record(&world, &finishing).await;
    assert_eq!(hinted(&world).await, [row(CrmTable::Contacts, 1)].into());
}

/// Rows that must be looked at again are hints from the same moment on, also if a hint for them was just finished.
pub async fn rows_to_look_at_again_become_hints(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let one = row(CrmTable::Contacts, 1);
    hint(&world, &[one]).await;
    let seen = hints(&world, 10).await;
    let again = vec![one, row(CrmTable::Accounts, 2)];
    record(&world, &IntakeBatch { finished: seen, again: again.clone(), ..world.batch(vec![]) }).await;
    assert_eq!(hinted(&world).await, again.into_iter().collect());
}
