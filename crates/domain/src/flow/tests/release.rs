//! Held registrations, released by people.

use super::world::{World, done, event, minutes, seconds};
use crate::port::{HeldFilter, HeldQuery, TaskStore as _};
use crate::registration::{Phase, Tried};
use crate::task::{Job, TaskName};
use crate::time::later;

fn address(n: u16) -> String {
    format!("p{n}@x.io")
}

/// Three people whom the provider refuses.
fn world() -> World {
    let world = World::new();
    world.crm.webinar(1);
    for n in 1..=3 {
        world.crm.register(n, 1, &address(n.into()));
        world.provider.refuses(&address(n.into()), Some("the event is full"));
    }
    world.work();
    assert_eq!(world.balance().persons.held, 3);
    world.provider.works();
    world.provider.calls();
    world
}

fn release(world: &World, filter: HeldFilter) -> (TaskName, u64) {
    done(world.bridge.desk.release(world.org, filter, "there is room".to_owned())).unwrap()
}

fn released(world: &World, name: &TaskName) -> u64 {
    let task = done(world.store.find(&world.org, name)).unwrap().unwrap().item;
    let Job::Release { released, reason, .. } = task.job else { panic!("{task:?}") };
    assert_eq!(reason, "there is room");
    assert!(task.due.is_none() && task.ended.is_some(), "it is over");
    released
}

#[test]
fn whoever_is_released_is_sent_again_and_it_is_told_why() {
    let world = world();
    assert_eq!(done(world.bridge.desk.count(world.org, &HeldFilter::default())).unwrap(), 3);
    let (name, expected) = release(&world, HeldFilter::default());
    assert_eq!((expected, world.count("ReleaseAsked")), (3, 1));
    world.tasks();
    world.pass(seconds(5));
    world.tasks();
    assert_eq!((released(&world, &name), world.count("ReleaseCompleted")), (3, 1));
    assert_eq!(world.count("RegistrationReleased"), 3);
    world.deliver();
    assert_eq!(world.provider.live().len(), 3);
}

#[test]
fn one_is_released_by_the_id_that_the_list_shows() {
    let world = world();
    let all = || HeldQuery { organization: world.org, filter: HeldFilter::default(), skip: 0, limit: 10 };
    let held = done(world.bridge.desk.held(all())).unwrap();
    let one = &held[1];
    let filter = HeldFilter { people: vec![one.id.clone()], ..HeldFilter::default() };
    assert_eq!(release(&world, filter).1, 1);
    world.tasks();
    let still = done(world.bridge.desk.held(all())).unwrap();
    assert_eq!(still.iter().map(|held| &held.id).collect::<Vec<_>>(), [&held[0].id, &held[2].id]);
}

#[test]
fn a_filter_names_cause_webinar_and_time() {
    let world = world();
    let now = world.now();
    let count = |filter: HeldFilter| done(world.bridge.desk.count(world.org, &filter)).unwrap();
    let cause = |name: &str| HeldFilter { cause: Some(name.to_owned()), ..HeldFilter::default() };
    assert_eq!((count(cause("refused")), count(cause("poison"))), (3, 0));
    let at = |n| HeldFilter { webinar: Some(event(n)), ..HeldFilter::default() };
    assert_eq!((count(at(1)), count(at(2))), (3, 0));
    let from = |from| HeldFilter { from: Some(from), ..HeldFilter::default() };
    assert_eq!((count(from(now)), count(from(later(now, seconds(1))))), (3, 0));
    let to = |to| HeldFilter { to: Some(to), ..HeldFilter::default() };
    assert_eq!((count(to(now)), count(to(later(now, seconds(1))))), (0, 3));
}

#[test]
fn who_is_held_again_is_not_released_again() {
    let world = world();
    (1..=3).for_each(|n| world.provider.refuses(&address(n), Some("still full")));
    let (name, _) = release(&world, HeldFilter::default());
    for _ in 0..4 {
        world.pass(seconds(5));
        world.tasks();
        world.deliver();
    }
    assert_eq!((released(&world, &name), world.count("RegistrationReleased")), (3, 3));
    assert_eq!(world.balance().persons.held, 3);
}

#[test]
fn many_are_released_some_at_a_time() {
    let world = World::new();
    world.crm.webinar(1);
    for n in 1..=250 {
        world.crm.register(n, 1, &address(n.into()));
        world.provider.refuses(&address(n.into()), Some("the event is full"));
    }
    world.work();
    world.provider.works();
    assert_eq!(release(&world, HeldFilter::default()).1, 250);
    world.tasks();
    assert_eq!(world.count("RegistrationReleased"), 200);
    world.pass(seconds(4));
    world.tasks();
    assert_eq!(world.count("RegistrationReleased"), 200, "it waits between two helpings");
    world.pass(seconds(1));
    world.tasks();
    assert_eq!(world.count("RegistrationReleased"), 250);
}

#[test]
fn a_held_person_says_when_it_was_tried() {
    let world = world();
    let first = world.now();
    let one = || HeldQuery { organization: world.org, filter: HeldFilter::default(), skip: 0, limit: 1 };
    let tried = || done(world.bridge.desk.held(one())).unwrap()[0].tried;
    assert_eq!(tried(), Some(Tried { first, last: first }));
    (1..=3).for_each(|n| world.provider.refuses(&address(n), Some("still full")));
    world.pass(minutes(10));
    release(&world, HeldFilter::default());
    world.tasks();
    world.deliver();
    assert_eq!(tried(), Some(Tried { first, last: world.now() }));
    assert!(matches!(world.registration(&address(1)).phase, Phase::Held { .. }));
}

#[test]
fn what_is_long_over_is_cleared_away() {
    let world = world();
    let (name, _) = release(&world, HeldFilter::default());
    world.tasks();
    world.pass(seconds(5));
    world.tasks();
    released(&world, &name);
    world.pass(minutes(60 * 24 * 91));
    world.tasks();
    assert_eq!(done(world.store.find(&world.org, &name)).unwrap(), None);
}
