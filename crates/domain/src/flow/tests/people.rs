//! Whose minutes they are.

use super::metrics::{due, id, over, world};
use super::provider::watcher;
use super::world::{World, done, minutes};
use crate::port::Attendee;

fn unmatched(world: &World) -> Vec<Option<String>> {
    let page = super::balance::page(world);
    let addresses = done(world.bridge.desk.unmatched_addresses(page)).unwrap().unwrap();
    addresses.into_iter().map(|address| address.map(|address| address.as_typed().to_owned())).collect()
}

#[test]
fn minutes_are_matched_by_the_providers_id_by_our_own_and_by_address() {
    let world = World::new();
    world.crm.webinar(1);
    for (n, address) in [(1, "ada@x.io"), (2, "bob@x.io"), (3, "eve@x.io")] {
        world.crm.register(n, 1, address);
    }
    world.observe();
    // Of the last two the provider tells no id.
    done(world.bridge.deliver.step(1)).unwrap();
    let none = || Ok(crate::registration::Outcome::Admitted(None));
    world.provider.ends([none(), none()]);
    world.deliver();
    world.clock.set(over() + minutes(15));
    let all = ["ada@x.io", "bob@x.io", "eve@x.io"];
    let known: Vec<_> = all.into_iter().filter(|one| world.registration(one).person.is_some()).collect();
    let others: Vec<_> = all.into_iter().filter(|one| world.registration(one).person.is_none()).collect();
    let correlation = Some(world.registration(others[0]).key.correlation());
    let by_correlation = Attendee { correlation, ..watcher("u2", None, 20) };
    let page = vec![
        watcher(&id(&world, known[0]), None, 10),
        by_correlation,
        watcher("u3", Some(&others[1].to_uppercase()), 30),
    ];
    world.provider.watched(vec![page]);
    world.metrics();
    let mut written = world.crm.check_ins();
    written.sort_unstable();
    assert_eq!(written, [10, 20, 30]);
    let minutes = world.balance().minutes;
    assert_eq!((minutes.provider, minutes.crm, minutes.unmatched), (60, 60, 0));
}

#[test]
fn who_is_not_in_the_crm_is_counted_and_kept_sealed() {
    let world = world();
    let (ada, nobody) = (id(&world, "ada@x.io"), watcher("u8", None, 7));
    world.provider.watched(vec![vec![
        watcher(&ada, None, 40),
        watcher("u9", Some("guest@y.io"), 50),
        nobody,
    ]]);
    world.metrics();
    let minutes = world.balance().minutes;
    assert_eq!((minutes.provider, minutes.crm, minutes.unmatched, minutes.unmatched_people), (97, 40, 57, 2));
    let mut told = unmatched(&world);
    told.sort();
    assert_eq!(told, [None, Some("guest@y.io".to_owned())]);
    assert_eq!(world.crm.check_ins(), [40]);
}

#[test]
fn who_registers_afterwards_gets_the_minutes() {
    let world = world();
    world.provider.watched(vec![vec![watcher("u9", Some("guest@y.io"), 50)]]);
    world.metrics();
    assert_eq!(world.balance().minutes.unmatched, 50);
    world.crm.register(3, 1, "guest@y.io");
    world.provider.ends([Ok(crate::registration::Outcome::Admitted(None))]);
    world.look();
    world.deliver();
    world.pass(minutes(60));
    world.metrics();
    assert_eq!(world.crm.check_ins(), [50]);
    assert_eq!(world.balance().minutes.unmatched, 0);
}

#[test]
fn two_people_never_share_a_check_in() {
    let world = world();
    let ada = id(&world, "ada@x.io");
    let both = |first, second| {
        vec![vec![watcher("other", Some("ada@x.io"), first), watcher(&ada, Some("ada@x.io"), second)]]
    };
    world.provider.watched(both(50, 40));
    world.metrics();
    assert_eq!(world.crm.check_ins(), [40], "the provider told whose it is");
    world.provider.watched(both(51, 40));
    world.crm.calls();
    world.clock.set(due(&world));
    world.metrics();
    assert_eq!((world.crm.check_ins(), world.balance().minutes.unmatched), (vec![40], 51));
    assert_eq!(world.crm.calls(), Vec::<String>::new(), "nor do they take turns");
}

#[test]
fn of_two_people_whom_nobody_tells_apart_the_first_stays() {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.provider.ends([Ok(crate::registration::Outcome::Admitted(None))]);
    world.work();
    world.clock.set(over() + minutes(15));
    let (one, other) = (watcher("u1", Some("ada@x.io"), 10), watcher("u2", Some("ada@x.io"), 20));
    world.provider.watched(vec![vec![one.clone(), other.clone()]]);
    world.metrics();
    world.crm.calls();
    world.provider.watched(vec![vec![other, one]]);
    world.clock.set(due(&world));
    world.metrics();
    assert_eq!((world.crm.check_ins(), world.crm.calls()), (vec![10], vec![]));
    assert_eq!(world.balance().minutes.unmatched, 20);
}
