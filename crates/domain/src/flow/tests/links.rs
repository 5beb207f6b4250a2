use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::world::{World, done, event, minutes};
use crate::fault::{FaultKind, Missing};
use crate::id::ProviderEventId;
use crate::metrics::SyncState;
use crate::port::{Bell, SyncLedger as _};
use crate::registration::{Applied, Phase};
use crate::webinar::Link;

#[derive(Default)]
struct Counted(AtomicU32);

impl Bell for Counted {
    fn ring(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn sync(world: &World, n: u8) -> SyncState {
    done(world.store.find(&world.org, &event(n))).unwrap().unwrap().item.state
}

fn link(world: &World, n: u8) -> Link {
    let found = done(crate::port::WebinarStore::find(&world.store, &world.org, &[event(n)])).unwrap();
    found.into_iter().next().flatten().unwrap().item.link
}

#[test]
fn an_event_that_moves_wakes_whoever_waits_for_it() {
    let bell = Arc::new(Counted::default());
    let ringing = bell.clone();
    let world = World::over(|ports, _| ports.bell = ringing).activated();
    world.crm.webinar(1);
    world.observe();
    let before = bell.0.load(Ordering::SeqCst);
    world.crm.event(1, |webinar| {
        webinar.starts -= minutes(60 * 24 * 20);
        webinar.ends -= minutes(60 * 24 * 20);
    });
    world.look();
    assert!(bell.0.load(Ordering::SeqCst) > before);
    let SyncState::Scheduled { due, .. } = sync(&world, 1) else { panic!("scheduled") };
    assert!(due <= world.now(), "it is over: its attendance is asked for at once");
}

#[test]
fn an_event_that_is_linked_again_is_pulled_again() {
    let world = World::new();
    world.crm.webinar(1);
    world.observe();
    world.crm.event(1, |webinar| webinar.event = None);
    world.look();
    assert!(matches!(sync(&world, 1), SyncState::Closed { .. }));
    world.crm.webinar(1);
    world.look();
    assert!(matches!(sync(&world, 1), SyncState::Scheduled { .. }), "with the same times as before");
}

#[test]
fn who_was_at_another_event_of_the_provider_is_registered_at_the_new_one() {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.work();
    assert!(world.provider.person(1, "ada@x.io").is_some());
    world.crm.event(1, |webinar| webinar.event = Some(ProviderEventId::new("7")));
    world.look();
    world.look();
    let moved = world.registration("ada@x.io");
    assert!(matches!((moved.phase, moved.applied), (Phase::Due { .. }, Applied::Unknown)));
    assert_eq!(world.balance().persons.at_provider, 0, "nobody is said to be where nobody was sent");
    world.work();
    assert!(world.provider.person(7, "ada@x.io").is_some_and(|person| person.live));
    assert_eq!(world.balance().persons.at_provider, 1);
}

#[test]
fn an_event_that_the_provider_does_not_know_is_told_of_until_it_is_corrected() {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    world.provider.fails(FaultKind::Gone { what: Missing::Webinar });
    world.deliver();
    assert_eq!(world.notes(), ["links"]);
    assert!(
        matches!(world.registration("ada@x.io").phase, Phase::Due { tries: 0, .. }),
        "the row is not to blame"
    );
    world.crm.event(1, |webinar| webinar.event = Some(ProviderEventId::new("7")));
    world.look();
    assert_eq!(world.notes(), Vec::<&str>::new());
}

#[test]
fn one_event_of_the_provider_belongs_to_one_webinar() {
    let world = World::new();
    world.crm.webinar(1);
    world.observe();
    world.crm.event(2, |webinar| webinar.event = Some(ProviderEventId::new("1")));
    world.crm.register(1, 2, "ada@x.io");
    world.look();
    assert!(matches!(link(&world, 1), Link::Linked(_)));
    assert_eq!(link(&world, 2), Link::Waiting);
    assert_eq!(world.notes(), ["links"]);
    world.provider.calls();
    world.deliver();
    assert_eq!(world.provider.calls(), Vec::<String>::new(), "nobody is sent to somebody else's event");
}
