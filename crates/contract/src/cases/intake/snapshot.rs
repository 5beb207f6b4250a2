//! Places in feeds, snapshots of tables, and the brakes that are counted up with readings.

use webinar_bridge_domain::fact::{Fact, FactKind, Subject};
use webinar_bridge_domain::id::Revision;
use webinar_bridge_domain::port::{
    BrakeChange, CrmTable, Cursor, FeedPlace, FeedStep, IntakeBatch, Recorded,
};
use webinar_bridge_domain::registration::Brake;

use super::{begin, hint_of, hinted, home_of, new_person, place, record, stepping};
use crate::subject::StoreSubject;
use crate::world::{NOW, StoreWorld, at};

async fn brake_at(world: &StoreWorld) -> Option<(Revision, Brake)> {
    let ids = [StoreWorld::webinar_id(1)];
    let found = world.store.brakes.find(&world.organization, &ids).await.expect("the store works");
    found.into_iter().next().flatten().map(|stored| (stored.revision, stored.item))
}

fn braking(world: &StoreWorld, expected: Option<Revision>, next: Brake) -> BrakeChange {
    let webinar = StoreWorld::webinar_id(1);
    let subject = Subject::Webinar(webinar);
    let facts =
        vec![Fact { organization: world.organization, subject, kind: FactKind::BrakeTripped, at: NOW }];
    BrakeChange { organization: world.organization, webinar, expected, next, facts }
}

/// A page leads on only from where it was read; who reads behind somebody else moves nothing, and loses nothing.
pub async fn a_place_moves_from_where_the_page_was_read(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let start = begin(&world).await;
    let first = stepping(world.batch(vec![]), start.clone(), "after 1");
    record(&world, &first).await;
    let behind = stepping(world.batch(vec![new_person(&world, 1, 5)]), start, "after somebody else");
    assert_eq!(record(&world, &behind).await, Recorded::Done { conflicts: 0 });
    let now = place(&world, CrmTable::Registrations).await.expect("a place");
    assert_eq!(now.cursor, Some(Cursor::new("after 1")));
    world.stored(world.key(1)).await;
}

/// A snapshot that is begun forgets the place, and makes pages of the one before lead nowhere.
pub async fn a_new_snapshot_begins_at_the_beginning(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let first = begin(&world).await;
    assert_eq!(first, FeedPlace { cursor: None, snapshot: 1, whole: true });
    let second = begin(&world).await;
    assert_eq!(second, FeedPlace { snapshot: 2, ..first.clone() });
    record(&world, &stepping(world.batch(vec![]), first, "old")).await;
    assert_eq!(place(&world, CrmTable::Registrations).await, Some(second));
    assert_eq!(place(&world, CrmTable::Contacts).await, None, "another table's place");
}

/// At the end of a snapshot the rows that are known and were not seen in it are hinted at; at the end of any other page
/// nothing is.
pub async fn a_snapshot_hints_at_what_it_did_not_see(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    for person in 1..=4 {
        world.register(person).await;
    }
    let other = StoreWorld::of_organization(s, 2).await;
    other.register(1).await;
    begin(&world).await;
    let from = begin(&world).await;
    let page = |from: FeedPlace, to, end, seen: &[u8]| {
        let seen = seen.iter().map(|n| StoreWorld::source(*n)).collect();
        let step = FeedStep { table: CrmTable::Registrations, from, to: Cursor::new(to), end, seen };
        IntakeBatch { place: Some(step), ..world.batch(vec![]) }
    };
    record(&world, &page(from, "page 2", false, &[1, 2])).await;
    assert_eq!(hinted(&world).await, [].into());
    let from = place(&world, CrmTable::Registrations).await.expect("a place");
    assert!(from.whole, "the snapshot was forgotten");
    record(&world, &page(from, "end", true, &[3])).await;
    assert_eq!(hinted(&world).await, [hint_of(StoreWorld::source(4))].into());
    assert_eq!(hinted(&other).await, [].into(), "another organization's row");
    let from = place(&world, CrmTable::Registrations).await.expect("a place");
    assert_eq!(from, FeedPlace { cursor: Some(Cursor::new("end")), snapshot: 2, whole: false });
    record(&world, &page(from, "later", true, &[])).await;
    assert_eq!(hinted(&world).await, [hint_of(StoreWorld::source(4))].into());
}

/// A snapshot goes on after a restart, with what it had seen.
pub async fn a_snapshot_outlives_a_restart(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    world.register(1).await;
    world.register(2).await;
    let from = begin(&world).await;
    let step = |from, seen: u8, end| {
        let (to, seen) = (Cursor::new(format!("after {seen}")), vec![StoreWorld::source(seen)]);
        FeedStep { table: CrmTable::Registrations, from, to, end, seen }
    };
    let first = IntakeBatch { place: Some(step(from, 1, false)), ..world.batch(vec![]) };
    record(&world, &first).await;
    let (organization, epoch) = (world.organization, world.epoch);
    drop(world);
    if !s.reopen().await {
        return;
    }
    let world = StoreWorld { store: s.store(), organization, epoch };
    let from = place(&world, CrmTable::Registrations).await.expect("a place");
    assert!(from.whole, "the snapshot was forgotten");
    assert_eq!(from.cursor, Some(Cursor::new("after 1")));
    record(&world, &IntakeBatch { place: Some(step(from, 2, true)), ..world.batch(vec![]) }).await;
    assert_eq!(hinted(&world).await, [].into());
}

/// A row that is known to be gone is not looked for again.
pub async fn a_snapshot_does_not_look_for_what_is_gone(s: &mut dyn StoreSubject) {
    use webinar_bridge_domain::port::{Home, Place};
    let world = StoreWorld::of(s).await;
    world.register(1).await;
    let home = home_of(&world, 1).await.expect("a home");
    let gone = Home { place: Place::Deleted(None), ..home };
    record(&world, &world.batch(vec![super::only_home(1, gone)])).await;
    let from = begin(&world).await;
    let step =
        FeedStep { table: CrmTable::Registrations, from, to: Cursor::new("end"), end: true, seen: vec![] };
    record(&world, &IntakeBatch { place: Some(step), ..world.batch(vec![]) }).await;
    assert_eq!(hinted(&world).await, [].into());
}

/// A brake is counted up together with the readings that say why.
pub async fn a_brake_is_taken_with_its_readings(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let next = Brake { since: NOW, vanished: 3, tripped: None };
    let brakes = vec![braking(&world, None, next.clone())];
    let batch = IntakeBatch { brakes, ..world.batch(vec![new_person(&world, 1, 5)]) };
    assert_eq!(record(&world, &batch).await, Recorded::Done { conflicts: 0 });
    let (revision, brake) = brake_at(&world).await.expect("a brake");
    assert_eq!(brake, next);
    assert_eq!(world.store.brakes.tripped(&world.organization).await, Ok(vec![]));
    let tripped = Brake { vanished: 60, tripped: Some(at(1)), ..next };
    let brakes = vec![braking(&world, Some(revision), tripped.clone())];
    record(&world, &IntakeBatch { brakes, ..world.batch(vec![]) }).await;
    let all = world.store.brakes.tripped(&world.organization).await.expect("the store works");
    assert_eq!(all, [(StoreWorld::webinar_id(1), tripped)]);
}

/// A group at a webinar whose brake is not as it was read becomes a hint; groups elsewhere are taken.
pub async fn a_stale_brake_takes_no_group_of_its_webinar(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let first = Brake { since: NOW, vanished: 3, tripped: None };
    let brakes = vec![braking(&world, None, first.clone())];
    record(&world, &IntakeBatch { brakes: brakes.clone(), ..world.batch(vec![]) }).await;
    let mut elsewhere = new_person(&world, 2, 5);
    let key = world.key_at(2, 2);
    elsewhere.registrations[0].next.key = key;
    elsewhere.homes[0] = StoreWorld::home(key, 2, 5);
    let batch = IntakeBatch { brakes, ..world.batch(vec![new_person(&world, 1, 5), elsewhere]) };
    assert_eq!(record(&world, &batch).await, Recorded::Done { conflicts: 1 });
    assert_eq!(hinted(&world).await, [hint_of(StoreWorld::source(1))].into());
    assert_eq!(home_of(&world, 1).await, None);
    world.stored(key).await;
    assert_eq!(brake_at(&world).await.map(|(_, brake)| brake), Some(first));
}

/// A brake is set back from its newest reading.
pub async fn a_brake_is_saved_from_its_newest_reading(s: &mut dyn StoreSubject) {
    use webinar_bridge_domain::port::Saved;
    let world = StoreWorld::of(s).await;
    let next = Brake { since: NOW, vanished: 60, tripped: Some(NOW) };
    let save = async |change: BrakeChange| world.store.brakes.save(&change).await.expect("the store works");
    let Saved::Done(revision) = save(braking(&world, None, next.clone())).await else { panic!("not saved") };
    let again = save(braking(&world, None, next.clone())).await;
    assert!(matches!(again, Saved::Moved(Some(now)) if now.item == next && now.revision == revision));
    let back = Brake::new(at(1));
    assert!(matches!(save(braking(&world, Some(revision), back.clone())).await, Saved::Done(_)));
    assert_eq!(brake_at(&world).await.map(|(_, brake)| brake), Some(back));
}
