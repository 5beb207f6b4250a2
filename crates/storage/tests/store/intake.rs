//! What the CRM says, taken in once.

use webinar_bridge_domain::balance::{Exclusion, Scope};
use webinar_bridge_domain::id::{Epoch, SourceId, Version};
use webinar_bridge_domain::integration::Integration;
use webinar_bridge_domain::person::Digest;
use webinar_bridge_domain::port::{
    Books, CrmRow, CrmTable, Cursor, FeedStep, Hint, Home, Intake, IntakeBatch, IntakeGroup, Lookup,
    PendingHint, Place, Recorded,
};
use webinar_bridge_domain::registration::Stance;
use webinar_bridge_storage::Store;

use crate::given::{
    ACTIVE, at, batch, due, group, home, id, in_memory, key, record_id, seen, sources, stand, step, wanted,
};

fn row(n: u128) -> CrmRow {
    CrmRow { table: CrmTable::Registrations, id: record_id(n) }
}

fn hint(n: u128) -> Hint {
    Hint { organization: id(1), row: row(n) }
}

async fn hinted(store: &Store) -> Vec<PendingHint> {
    store.hints(&id(1), 100).await.unwrap()
}

async fn rows(store: &Store) -> Vec<CrmRow> {
    hinted(store).await.into_iter().map(|hint| hint.row).collect()
}

async fn record(store: &Store, batch: &IntakeBatch) -> Recorded {
    store.record(batch).await.unwrap()
}

#[tokio::test]
async fn hints_for_one_row_are_one_and_keep_their_place() {
    let store = in_memory().await;
    store.hint(&[hint(7), hint(5), hint(7)]).await.unwrap();
    store.hint(&[hint(3)]).await.unwrap();
    let before = hinted(&store).await;
    store.hint(&[hint(5)]).await.unwrap();
    let after = hinted(&store).await;
    assert_eq!(rows(&store).await, [row(5), row(7), row(3)]);
    assert!(after[0].generation > before[0].generation);
    assert_eq!(after[1..], before[1..]);
    assert_eq!(store.hints(&id(1), 1).await.unwrap(), after[..1]);
    assert!(store.hints(&id(2), 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_hint_that_was_raised_meanwhile_stays() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    store.hint(&[hint(1), hint(2)]).await.unwrap();
    let finished = hinted(&store).await;
    store.hint(&[hint(1)]).await.unwrap();
    record(&store, &IntakeBatch { finished: finished.clone(), ..batch(1, epoch, vec![]) }).await;
    assert_eq!(rows(&store).await, [row(1)]);
    // Not even after the row was finished by somebody else, and hinted at anew, does the old reading finish it.
    record(&store, &IntakeBatch { finished: hinted(&store).await, ..batch(1, epoch, vec![]) }).await;
    store.hint(&[hint(1), hint(2)]).await.unwrap();
    record(&store, &IntakeBatch { finished, ..batch(1, epoch, vec![]) }).await;
    assert_eq!(rows(&store).await, [row(1), row(2)]);
}

#[tokio::test]
async fn a_batch_is_taken_with_its_place_in_the_feed() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    let from = store.begin(&id(1), CrmTable::Registrations).await.unwrap();
    let next = wanted(key(1, 50, 1), 101, at(0));
    let to = Cursor::new("token-1");
    let place = Some(FeedStep { table: CrmTable::Registrations, from, to, end: true, seen: vec![id(101)] });
    let again = vec![CrmRow { table: CrmTable::Contacts, id: record_id(9) }];
    let batch = IntakeBatch {
        place,
        again: again.clone(),
        ..batch(1, epoch, vec![group(next.clone(), None, at(9))])
    };
    assert_eq!(record(&store, &batch).await, Recorded::Done { conflicts: 0 });
    let place = store.place(&id(1), CrmTable::Registrations).await.unwrap().unwrap();
    assert_eq!((place.cursor, place.whole), (Some(Cursor::new("token-1")), false));
    assert_eq!(store.place(&id(1), CrmTable::Contacts).await.unwrap(), None);
    assert_eq!(rows(&store).await, again);
    let of = Lookup { organization: id(1), sources: vec![id(101), id(102)], keys: vec![key(1, 50, 2)] };
    let known = store.known(&of).await.unwrap();
    assert_eq!(known.registrations[&next.key].item, next);
    assert_eq!((known.homes.len(), known.registrations.len()), (1, 1));
    assert_eq!(known.homes[&id::<SourceId>(101)], batch.groups[0].homes[0].1);
}

#[tokio::test]
async fn a_batch_that_is_repeated_changes_nothing_but_hints() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    let batch = batch(1, epoch, vec![group(wanted(key(1, 50, 1), 101, at(0)), None, at(9))]);
    record(&store, &batch).await;
    let before = (store.find(&[key(1, 50, 1)]).await, store.balance(&id(1), &Scope::Organization).await);
    assert_eq!(record(&store, &batch).await, Recorded::Done { conflicts: 1 });
    let after = (store.find(&[key(1, 50, 1)]).await, store.balance(&id(1), &Scope::Organization).await);
    assert_eq!(before, after);
    assert_eq!(rows(&store).await, [row(101)]);
}

#[tokio::test]
async fn a_group_that_does_not_fit_leaves_the_others() {
    let store = in_memory().await;
    let epoch = due(&store, 2).await;
    let stored = store.find(&[key(1, 50, 1), key(1, 50, 2)]).await.unwrap();
    let next = |n: usize, source| {
        let stored = stored[n].clone().unwrap();
        let next = step(&stored.item, seen(source, 2, Stance::Active(Digest::new([5; 32]))), at(1));
        (next, stored.revision)
    };
    let (first, revision) = next(0, 101);
    let (second, _) = next(1, 102);
    let stale = webinar_bridge_domain::id::Revision(77);
    let groups = vec![group(second, Some(stale), at(9)), group(first.clone(), Some(revision), at(9))];
    assert_eq!(record(&store, &batch(1, epoch, groups)).await, Recorded::Done { conflicts: 1 });
    let now = store.find(&[key(1, 50, 1), key(1, 50, 2)]).await.unwrap();
    assert_eq!((now[0].clone().unwrap().item, &now[1]), (first, &stored[1]));
    assert_eq!(rows(&store).await, [row(102)]);
}

#[tokio::test]
async fn groups_of_one_batch_see_each_other() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    let groups = vec![
        group(wanted(key(1, 50, 1), 101, at(0)), None, at(9)),
        group(wanted(key(1, 50, 1), 102, at(0)), None, at(9)),
    ];
    assert_eq!(record(&store, &batch(1, epoch, groups)).await, Recorded::Done { conflicts: 1 });
    let stored = store.find(&[key(1, 50, 1)]).await.unwrap().remove(0).unwrap();
    assert_eq!(
        stored.item.sources.keys().copied().collect::<std::collections::BTreeSet<_>>(),
        sources(&[101])
    );
    assert_eq!(rows(&store).await, [row(102)]);
}

fn moved_home(version: u64, place: Place) -> Vec<IntakeGroup> {
    vec![IntakeGroup { registrations: vec![], homes: vec![(id(101), home(place, id(50), version))] }]
}

#[tokio::test]
async fn an_older_reading_of_a_source_is_not_taken() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    let excluded = Place::Excluded(Exclusion::NoAddress);
    record(&store, &batch(1, epoch, moved_home(5, excluded))).await;
    let older = record(&store, &batch(1, epoch, moved_home(4, Place::Registration(key(1, 50, 1))))).await;
    assert_eq!(older, Recorded::Done { conflicts: 1 });
    let gone = record(&store, &batch(1, epoch, moved_home(5, Place::Deleted(None)))).await;
    assert_eq!(gone, Recorded::Done { conflicts: 0 });
    let back = record(&store, &batch(1, epoch, moved_home(6, excluded))).await;
    assert_eq!(back, Recorded::Done { conflicts: 1 });
    let of = Lookup { organization: id(1), sources: vec![id(101)], keys: vec![] };
    let home = store.known(&of).await.unwrap().homes[&id::<SourceId>(101)];
    assert_eq!((home.version, home.place), (Version(5), Place::Deleted(None)));
}

#[tokio::test]
async fn a_hint_that_its_own_conflict_raises_stays() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    let taken = batch(1, epoch, vec![group(wanted(key(1, 50, 1), 101, at(0)), None, at(9))]);
    record(&store, &taken).await;
    store.hint(&[hint(101)]).await.unwrap();
    record(&store, &IntakeBatch { finished: hinted(&store).await, ..taken }).await;
    assert_eq!(rows(&store).await, [row(101)]);
}

#[tokio::test]
async fn an_organization_that_is_not_at_work_takes_nothing() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    store.hint(&[hint(1)]).await.unwrap();
    let groups = || vec![group(wanted(key(1, 50, 1), 101, at(0)), None, at(9))];
    let finished = hinted(&store).await;
    for wrong in [Epoch(epoch.0 + 1), Epoch(epoch.0 - 1)] {
        let batch = IntakeBatch { finished: finished.clone(), ..batch(1, wrong, groups()) };
        assert_eq!(record(&store, &batch).await, Recorded::Inactive);
    }
    let epoch = stand(&store, 1, Integration::Dormant).await;
    assert_eq!(record(&store, &batch(1, epoch, groups())).await, Recorded::Inactive);
    assert_eq!(store.find(&[key(1, 50, 1)]).await.unwrap(), [None]);
    assert_eq!(hinted(&store).await, finished);
}

#[tokio::test]
async fn rows_that_lean_on_others_are_found() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    let place = Place::Excluded(Exclusion::NotAWebinar);
    let homes = [(1, 50, 10, Some(20)), (2, 51, 10, None), (3, 52, 11, Some(20)), (4, 53, 12, Some(21))];
    let homes = homes.map(|(source, event, contact, company): (u128, u128, u128, Option<u128>)| {
        let home = Home { contact: id(contact), company: company.map(id), ..home(place, id(event), 1) };
        (id::<SourceId>(source), home)
    });
    record(&store, &batch(1, epoch, vec![IntakeGroup { registrations: vec![], homes: homes.into() }])).await;
    let table = [
        (CrmTable::Contacts, 10, vec![1, 2]),
        (CrmTable::Accounts, 20, vec![1, 3]),
        (CrmTable::Webinars, 53, vec![4]),
        (CrmTable::Registrations, 1, vec![]),
        (CrmTable::Contacts, 20, vec![]),
    ];
    for (table, n, expected) in table {
        let touched = store.touched(&id(1), &[CrmRow { table, id: record_id(n) }]).await.unwrap();
        assert_eq!(
            touched.into_iter().collect::<std::collections::BTreeSet<_>>(),
            sources(&expected),
            "{table:?} {n}"
        );
    }
    assert!(
        store
            .touched(&id(2), &[CrmRow { table: CrmTable::Contacts, id: record_id(10) }])
            .await
            .unwrap()
            .is_empty()
    );
}
