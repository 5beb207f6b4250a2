//! Registrations beside the provider's list.

use super::provider::provider_fault;
use super::world::{World, done, event, minutes};
use crate::fact::Step;
use crate::fault::{FaultKind, Missing};
use crate::flow::Rest;
use crate::port::{Amendment, Books, TaskStore, Worklist};
use crate::registration::{Applied, Input, Phase, RegistrationPolicy, Sighting};
use crate::task::{Findings, Job, Task, TaskName};
use crate::time::{SignedDuration, later};

fn address(n: u8) -> String {
    format!("p{n}@x.io")
}

/// Five people at the provider, some time ago.
fn world() -> World {
    let world = World::new();
    world.crm.webinar(1);
    for n in 1..=5 {
        world.crm.register(n, 1, &address(n));
    }
    world.work();
    world.pass(minutes(60));
    world.work();
    world.provider.calls();
    world
}

/// Asks for a comparison, and does it.
fn compare(world: &World, dry_run: bool) -> Findings {
    let names = done(world.bridge.desk.reconcile(world.org, Some(event(1)), dry_run)).unwrap();
    assert_eq!(names, [TaskName::reconcile(event(1), dry_run)]);
    world.tasks();
    found(world, &names[0])
}

fn task(world: &World, name: &TaskName) -> Task {
    done(TaskStore::find(&world.store, &world.org, name)).unwrap().unwrap().item
}

fn found(world: &World, name: &TaskName) -> Findings {
    let task = task(world, name);
    assert_eq!((task.due, task.ended), (None, Some(world.now())), "{task:?}");
    let Job::Reconcile { found: Some(found), .. } = task.job else { panic!("{task:?}") };
    found
}

fn same(n: u64) -> Findings {
    Findings { listed: n, same: n, complete: true, event: true, ..Findings::default() }
}

#[test]
fn a_list_that_says_the_same_changes_nothing() {
    let world = world();
    let facts = world.facts().len();
    assert_eq!(compare(&world, false), same(5));
    assert_eq!(world.provider.calls(), ["registrants"; 3], "two people a page");
    world.deliver();
    assert_eq!(world.provider.calls(), [""; 0]);
    assert_eq!(world.facts().len(), facts + 1, "only that it was compared");
    assert_eq!(world.count("WebinarReconciled"), 1);
    assert_eq!(world.bridge.tasks.drift(), 0);
}

#[test]
fn whoever_is_gone_changed_or_still_there_is_mended() {
    let world = world();
    world.crm.cancel(4);
    world.look();
    world.deliver();
    world.pass(minutes(60));
    world.provider.calls();
    world.provider.hides(&address(1), true);
    world.provider.meddles(1, &address(2), |person| person.live = false);
    world.provider.meddles(1, &address(3), |person| person.details.first_name = "Otto".to_owned());
    world.provider.meddles(1, &address(4), |person| person.live = true);
    let found = compare(&world, false);
    let differ = Findings { listed: 4, same: 1, missing: 1, gone: 1, changed: 1, there: 1, ..same(0) };
    assert_eq!((found.clone(), found.drift(), world.bridge.tasks.drift()), (differ, 4, 4));
    assert_eq!(world.count("DriftFound"), 4);
    world.provider.calls();
    world.deliver();
    let mut calls = world.provider.calls();
    calls.sort();
    assert_eq!(calls, ["cancel p4@x.io", "register p1@x.io", "register p2@x.io", "register p3@x.io"]);
    assert_eq!(world.provider.live().len(), 4);
    assert_ne!(world.provider.person(1, &address(3)).unwrap().details.first_name, "Otto");
}

#[test]
fn a_dry_run_counts_and_changes_nothing() {
    let world = world();
    world.provider.hides(&address(1), true);
    world.provider.meddles(1, &address(2), |person| person.live = false);
    let facts = world.facts().len();
    let found = compare(&world, true);
    assert_eq!((found.missing, found.gone, found.same, found.drift()), (1, 1, 3, 2));
    assert_eq!((world.facts().len(), world.bridge.tasks.drift()), (facts, 0));
    assert!((1..=5).all(|n| world.registration(&address(n)).phase == Phase::Settled));
    assert_eq!(compare(&world, false).drift(), 2, "the real one finds them still");
}

#[test]
fn a_difference_that_comes_back_is_counted_and_not_fought_every_night() {
    let world = world();
    // Somebody who never confirmed: the provider hides them, and would write to them again.
    world.provider.hides(&address(1), true);
    for night in 0..3 {
        let found = compare(&world, false);
        assert_eq!((found.missing, found.lasting), (1, u64::from(night > 0)), "night {night}");
        world.deliver();
        world.pass(SignedDuration::from_hours(24));
        world.work();
    }
    let registered = world.provider.calls().iter().filter(|call| *call == "register p1@x.io").count();
    assert_eq!(registered, 1, "said once more, and no oftener");
    assert_eq!(world.registration(&address(1)).difference, Some(Sighting::Missing));
    // Confirmed, and then gone once more: that is news.
    world.provider.hides(&address(1), false);
    assert_eq!(compare(&world, false), same(5));
    assert_eq!(world.registration(&address(1)).difference, None);
    world.provider.hides(&address(1), true);
    assert_eq!(compare(&world, false).drift(), 1);
}

#[test]
fn whoever_is_taken_off_again_and_again_is_put_back_each_time() {
    let world = world();
    for night in 0..3 {
        world.provider.meddles(1, &address(2), |person| person.live = false);
        let found = compare(&world, false);
        assert_eq!((found.gone, found.lasting), (1, 0), "night {night}");
        world.deliver();
        assert!(world.provider.person(1, &address(2)).unwrap().live);
        world.pass(SignedDuration::from_hours(24));
    }
}

#[test]
fn what_the_provider_only_shows_otherwise_is_no_difference() {
    let world = world();
    let shout = |name: &str| name.to_uppercase();
    world.provider.meddles(1, &address(1), |person| {
        person.details.first_name = shout(&person.details.first_name);
    });
    assert_eq!(compare(&world, false), same(5));
}

#[test]
fn strangers_are_counted_and_left_alone() {
    let world = world();
    world.provider.walks_in(1, "walk@in.io");
    assert_eq!(compare(&world, false), Findings { listed: 6, foreign: 1, ..same(5) });
    world.deliver();
    assert!(world.provider.person(1, "walk@in.io").unwrap().live);
}

#[test]
fn whoever_was_erased_is_nobody_of_ours() {
    let world = world();
    let registration = world.registration(&address(2));
    let known = done(Books::find(&world.store, &[registration.key])).unwrap().remove(0).unwrap();
    let policy = RegistrationPolicy::default();
    let Ok(Step::Moved { next, .. }) = known.item.on(Input::Erase, world.now(), &policy) else {
        panic!("an erasure begins");
    };
    let change = Amendment { expected: known.revision, next, facts: vec![] };
    done(Worklist::amend(&world.store, &[change])).unwrap();
    let mut hours = 0;
    while world.registration(&address(2)).phase != Phase::Erased {
        world.deliver();
        world.pass(minutes(60));
        hours += 1;
        assert!(hours < 48, "the erasure ends");
    }
    let found = compare(&world, false);
    assert_eq!((found.same, found.moving, found.foreign), (4, 0, 0));
    world.provider.walks_in(1, &address(2));
    let found = compare(&world, false);
    assert_eq!((found.same, found.moving, found.foreign), (4, 0, 1), "came by themselves");
}

#[test]
fn what_is_on_its_way_or_too_new_is_not_compared() {
    let world = world();
    world.crm.register(6, 1, &address(6));
    world.look();
    world.provider.refuses(&address(7), Some("full"));
    world.crm.register(7, 1, &address(7));
    world.look();
    let found = compare(&world, false);
    assert_eq!((found.moving, found.same, found.missing), (2, 5, 0), "one due, one due");
    world.deliver();
    world.provider.hides(&address(6), true);
    let found = compare(&world, false);
    assert_eq!((found.moving, found.missing), (2, 0), "one is too new for the list, one is held");
    world.pass(minutes(60));
    assert_eq!(compare(&world, false).missing, 1);
}

#[test]
fn nobody_is_missing_from_a_list_that_is_not_whole() {
    let world = world();
    world.provider.hides(&address(1), true);
    world.provider.lists_at_least();
    let found = compare(&world, false);
    assert_eq!((found.complete, found.missing, found.moving, found.same), (false, 0, 1, 4));
    assert_eq!(world.registration(&address(1)).phase, Phase::Settled);
}

#[test]
fn a_list_that_cannot_be_had_is_asked_for_again() {
    let world = world();
    world.provider.fails_lists([provider_fault(FaultKind::Transient)]);
    done(world.bridge.desk.reconcile(world.org, Some(event(1)), false)).unwrap();
    world.tasks();
    let name = TaskName::reconcile(event(1), false);
    let waits = task(&world, &name);
    assert!(waits.due.is_some_and(|due| due > world.now()) && waits.failed.0 == 1, "{waits:?}");
    world.pass(minutes(5));
    world.tasks();
    assert_eq!(found(&world, &name), same(5));
}

#[test]
fn an_event_that_the_provider_does_not_know_has_no_list() {
    let world = world();
    world.provider.fails_lists([provider_fault(FaultKind::Gone { what: Missing::Webinar })]);
    assert_eq!(compare(&world, false), Findings::default());
}

#[test]
fn every_night_what_takes_place_is_compared() {
    let world = world();
    world.crm.webinar(2);
    world.look();
    world.tasks();
    assert_eq!(world.provider.calls(), [""; 0], "not before the night");
    let night = world.bridge.tasks.step();
    let Rest::Until(night) = done(night).unwrap().rest else { panic!("no night is planned") };
    world.pass(night.duration_since(world.now()));
    world.tasks();
    let names: Vec<TaskName> =
        done(world.store.list(&world.org)).unwrap().into_iter().map(|task| task.name).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(found(&world, &TaskName::reconcile(event(1), false)), same(5));
    let next = task(&world, &TaskName::nightly()).due.unwrap();
    assert_eq!(next, later(night, SignedDuration::from_hours(24)));
}

#[test]
fn a_webinar_that_is_over_is_compared_on_demand_only() {
    let world = world();
    world.tasks();
    world.pass(SignedDuration::from_hours(24 * 30));
    world.tasks();
    assert_eq!(done(world.store.list(&world.org)).unwrap().len(), 1, "only the night itself");
    assert_eq!(done(world.bridge.desk.reconcile(world.org, None, true)).unwrap(), []);
    assert_eq!(compare(&world, true).same, 5);
    assert_eq!(done(world.bridge.desk.reconcile(world.org, Some(event(9)), true)).unwrap(), []);
}

#[test]
fn a_comparison_that_a_process_left_is_done_by_the_next() {
    let world = world();
    done(world.bridge.desk.reconcile(world.org, Some(event(1)), false)).unwrap();
    let order = crate::port::TaskClaim {
        organization: world.org,
        now: world.now(),
        lease: SignedDuration::from_mins(10),
    };
    let lost = done(TaskStore::claim(&world.store, &order)).unwrap().unwrap();
    world.tasks();
    assert!(task(&world, &lost.task.name).due.is_some(), "somebody is at it");
    world.pass(minutes(11));
    world.tasks();
    assert_eq!(found(&world, &lost.task.name), same(5));
}

#[test]
fn who_drifted_is_unknown_until_it_is_asserted() {
    let world = world();
    world.provider.meddles(1, &address(2), |person| person.live = false);
    compare(&world, false);
    let registration = world.registration(&address(2));
    assert_eq!((registration.applied, registration.tried), (Applied::Unknown, None));
    assert!(matches!(registration.phase, Phase::Due { .. }));
    assert_eq!(world.balance().persons.on_their_way, 1);
}
