//! What a store promises of webinars.

use std::collections::BTreeSet;

use webinar_bridge_domain::balance::Exclusion;
use webinar_bridge_domain::id::{ProviderEventId, Revision, SourceId, Stored};
use webinar_bridge_domain::metrics::MetricsSync;
use webinar_bridge_domain::port::{CrmTable, Home, IntakeBatch, IntakeGroup, Place, Saved, WebinarChange};
use webinar_bridge_domain::schedule::Cadence;
use webinar_bridge_domain::webinar::{Link, Webinar};

use crate::subject::StoreSubject;
use crate::world::{NOW, StoreWorld, at};

async fn find(world: &StoreWorld, ns: &[u128]) -> Vec<Option<Stored<Webinar>>> {
    let ids: Vec<_> = ns.iter().map(|n| StoreWorld::webinar_id(*n)).collect();
    world.store.webinars.find(&world.organization, &ids).await.expect("the store works")
}

async fn save(world: &StoreWorld, change: &WebinarChange) -> Saved<Webinar> {
    world.store.webinars.save(change).await.expect("the store works")
}

fn change(expected: Option<Revision>, next: Webinar) -> WebinarChange {
    WebinarChange { expected, next, sync: None, facts: vec![] }
}

fn sync(webinar: &Webinar) -> MetricsSync {
    MetricsSync::planned(webinar.organization, webinar.id, webinar.ends, NOW, &Cadence::default())
}

/// The registration rows that are hinted at; the hints are finished with that.
async fn hinted(world: &StoreWorld) -> BTreeSet<SourceId> {
    let hints = world.store.intake.hints(&world.organization, 1_000).await.expect("the store works");
    assert!(hints.iter().all(|hint| hint.row.table == CrmTable::Registrations), "{hints:?}");
    let rows = hints.iter().map(|hint| SourceId::from(hint.row.id)).collect();
    let batch = IntakeBatch { finished: hints, ..world.batch(vec![]) };
    world.store.intake.record(&batch).await.expect("the store works");
    rows
}

/// A row of webinar 2 that leads to no registration, or is gone.
async fn put_home(world: &StoreWorld, source: u8, place: Place) {
    let (id, home) = StoreWorld::home(world.key_at(2, source), source, 1);
    let group = |place| IntakeGroup { registrations: vec![], homes: vec![(id, Home { place, ..home })] };
    let batch = world.batch(vec![group(place)]);
    world.store.intake.record(&batch).await.expect("the store works");
}

/// Webinars are read as they were stored, by id, in order; nobody else's are.
pub async fn webinars_are_read_as_they_were_stored(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let whole = Webinar { title: "Engines & Compilers – 入門".into(), ..world.webinar(2) };
    let saved = save(&world, &change(None, whole.clone())).await;
    let Saved::Done(revision) = saved else { panic!("not saved: {saved:?}") };
    let found = find(&world, &[2, 9, 1, 2]).await;
    let stored = Some(Stored { item: whole, revision });
    assert_eq!([&found[0], &found[1], &found[3]], [&stored, &None, &stored]);
    assert_eq!(found[2].as_ref().map(|stored| &stored.item), Some(&world.webinar(1)));
    let other = StoreWorld::of_organization(s, 2).await;
    assert_eq!(find(&other, &[2]).await, [None]);
}

/// The next to start comes first, and foreign events are left out.
pub async fn webinars_are_listed_by_their_start(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let later = Webinar { link: Link::CalledOff(None), ..world.webinar(4) };
    let foreign = Webinar { link: Link::Foreign, ..world.webinar(3) };
    let first = Webinar { starts: at(1), link: Link::Waiting, ..world.webinar(5) };
    for next in [&later, &foreign, &first] {
        world.put_webinar(next).await;
    }
    let listed = world.store.webinars.list(&world.organization).await;
    assert_eq!(listed, Ok(vec![first, world.webinar(1), later]));
}

/// Who saves from an older reading is told what the webinar is now, and writes nothing.
pub async fn a_webinar_is_saved_from_its_newest_reading(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let first = find(&world, &[1]).await.remove(0).expect("stored").revision;
    let moved = Webinar { starts: at(5), ..world.webinar(1) };
    assert!(matches!(save(&world, &change(Some(first), moved)).await, Saved::Done(_)));
    let now = find(&world, &[1]).await.remove(0);
    for expected in [None, Some(first)] {
        assert_eq!(save(&world, &change(expected, world.webinar(1))).await, Saved::Moved(now.clone()));
    }
    assert_eq!(find(&world, &[1]).await, [now]);
    assert_eq!(save(&world, &change(Some(first), world.webinar(7))).await, Saved::Moved(None));
}

/// A webinar and its sync are stored together, or neither.
pub async fn a_webinar_and_its_sync_are_stored_together(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let webinar = world.webinar(2);
    let both = WebinarChange { sync: Some((None, sync(&webinar))), ..change(None, webinar.clone()) };
    assert!(matches!(save(&world, &both).await, Saved::Done(_)));
    let stored = world.store.ledger.find(&world.organization, &webinar.id).await.expect("the store works");
    let stored = stored.expect("the sync is stored");
    assert_eq!(stored.item, sync(&webinar));
    let revision = find(&world, &[2]).await.remove(0).map(|stored| stored.revision);
    // The sync was not read as it is now: neither is written.
    let renamed = Webinar { title: "renamed".into(), ..webinar.clone() };
    let stale = WebinarChange { sync: Some((None, sync(&renamed))), ..change(revision, renamed.clone()) };
    assert!(matches!(save(&world, &stale).await, Saved::Moved(Some(_))));
    assert_eq!(find(&world, &[2]).await.remove(0).map(|stored| stored.item), Some(webinar));
    let fresh = WebinarChange { sync: Some((Some(stored.revision), sync(&renamed))), ..stale };
    assert!(matches!(save(&world, &fresh).await, Saved::Done(_)));
}

/// When a webinar's link changes, every registration row of the event that is still there is looked at again; when
/// only its times change, none is.
pub async fn a_changed_link_hints_at_every_row_of_the_event(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    world.put_webinar(&Webinar { link: Link::Waiting, ..world.webinar(2) }).await;
    world.register_at(2, 1).await;
    put_home(&world, 2, Place::Excluded(Exclusion::NoAddress)).await;
    put_home(&world, 3, Place::Excluded(Exclusion::NotAWebinar)).await;
    put_home(&world, 3, Place::Deleted(None)).await;
    world.register_at(1, 4).await;
    assert_eq!(hinted(&world).await, BTreeSet::new());
    let all: BTreeSet<_> = [1, 2].map(StoreWorld::source).into();
    for link in [
        Link::Linked(ProviderEventId::new("1")),
        Link::Linked(ProviderEventId::new("2")),
        Link::CalledOff(None),
        Link::Foreign,
    ] {
        world.put_webinar(&Webinar { link: link.clone(), ..world.webinar(2) }).await;
        assert_eq!(hinted(&world).await, all, "{link:?}");
        world.put_webinar(&Webinar { link: link.clone(), starts: at(5), ..world.webinar(2) }).await;
        assert_eq!(hinted(&world).await, BTreeSet::new(), "{link:?}");
    }
}

/// A webinar that is stored for the first time finds the rows that came before it.
pub async fn a_new_webinar_hints_at_the_rows_that_came_before_it(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    put_home(&world, 1, Place::Excluded(Exclusion::NotAWebinar)).await;
    world.put_webinar(&world.webinar(2)).await;
    assert_eq!(hinted(&world).await, [StoreWorld::source(1)].into());
}
