//! Places that were lost, and rows that cannot be read.

use super::crm::crm_fault;
use super::keys::vault;
use super::world::{World, event, minutes, record, row};
use crate::fault::{Code, FaultKind, Missing};
use crate::flow::Rest;
use crate::port::{CrmTable, Place};
use crate::registration::Stance;

fn world() -> World {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.crm.register(2, 1, "bob@x.io");
    world.observe();
    world
}

#[test]
fn a_lost_place_begins_the_feed_anew() {
    let world = world();
    world.crm.register(3, 1, "eve@x.io");
    world.crm.lose_places(0);
    world.look();
    assert!(world.find(1, "eve@x.io").is_some());
    assert_eq!(world.balance().registrations.crm, 3);
}

#[test]
fn what_vanished_while_nobody_looked_is_found_gone() {
    let world = world();
    world.crm.delete_unseen(2);
    world.crm.lose_places(0);
    world.look();
    assert_eq!(world.registration("bob@x.io").sources[&row(2)].stance, Stance::Deleted);
    assert_eq!(world.balance().registrations.crm, 1);
}

#[test]
fn a_place_that_is_lost_again_and_again_is_not_hurried_after() {
    let world = world();
    world.crm.lose_places(2);
    let Rest::Until(at) = world.look().rest else { panic!("it rests") };
    assert_eq!(at, world.now() + minutes(5));
    world.crm.register(3, 1, "eve@x.io");
    world.clock.set(at);
    world.observe();
    assert!(world.find(1, "eve@x.io").is_some(), "and goes on once it can");
}

#[test]
fn a_feed_that_never_comes_to_its_end_is_not_hurried_after() {
    let world = world();
    // One page, and its place is lost before the next is asked for: for ever.
    world.crm.pages_of(1);
    let mut steps = 0;
    world.bridge.observe.hurry();
    let mut rest = Rest::Now;
    while rest == Rest::Now {
        world.crm.lose_places(0);
        rest = super::world::done(world.bridge.observe.step()).unwrap().rest;
        steps += 1;
        assert!(steps < 50, "it spins");
    }
}

#[test]
fn one_event_that_cannot_be_read_does_not_keep_the_others_waiting() {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.webinar(2);
    world.crm.spoil(event(1).into(), true);
    world.crm.register(1, 1, "ada@x.io");
    world.crm.register(2, 2, "bob@x.io");
    let rest = world.observe().rest;
    assert_eq!(rest, Rest::Until(world.now() + minutes(5)), "nor is it looked at again at once");
    assert!(world.find(2, "bob@x.io").is_some());
    assert_eq!(world.notes(), ["rows"]);
    assert!(world.bridge.standing.notes()[0].2.what.contains("crm.time_zone"));
    world.crm.spoil(event(1).into(), false);
    world.pass(minutes(5));
    world.observe();
    assert!(world.find(1, "ada@x.io").is_some(), "looked at again later");
    assert_eq!(world.notes(), Vec::<&str>::new());
}

#[test]
fn a_row_that_cannot_be_read_is_not_taken_for_gone() {
    let world = world();
    world.crm.touch(1);
    world.crm.contact(2, "bob@x.io", "Robert");
    world.crm.spoil(row(1).into(), true);
    world.look();
    assert!(matches!(world.place(1), Some(Place::Registration(_))));
    world.work();
    assert_eq!(world.provider.person(1, "bob@x.io").unwrap().name, "Robert");
    assert_eq!(world.notes(), ["rows"]);
}

#[test]
fn rows_that_cannot_be_read_do_not_hide_other_hints() {
    let world = world();
    for n in 0..250_u8 {
        world.crm.spoil(record(n), true);
        world.store.hint_row(&world, CrmTable::Webinars, record(n));
    }
    world.look();
    world.crm.contact(1, "ada@x.io", "Augusta");
    world.store.hint_row(&world, CrmTable::Registrations, row(1).into());
    world.crm.fails("changes", (0..4).map(|_| crm_fault(FaultKind::Transient)));
    world.look();
    world.deliver();
    assert_eq!(world.provider.person(1, "ada@x.io").unwrap().name, "Augusta");
}

#[test]
fn hints_of_rows_that_are_gone_come_to_an_end() {
    let world = world();
    for table in CrmTable::ALL {
        world.store.hint_row(&world, table, record(200));
    }
    world.look();
    world.crm.calls();
    world.look();
    assert_eq!(world.crm.calls(), ["changes 0"; 4], "nothing is left to be read");
    assert_eq!(world.balance().registrations.crm, 2);
}

#[test]
fn hints_wait_while_the_crm_cannot_be_asked() {
    let world = world();
    world.store.hint_row(&world, CrmTable::Registrations, row(1).into());
    world.crm.fails("registrations", (0..9).map(|_| crm_fault(FaultKind::Transient)));
    assert!(matches!(world.observe().rest, Rest::Until(_)));
    world.crm.works();
    world.crm.contact(1, "ada@x.io", "Augusta");
    world.pass(minutes(1));
    world.observe();
    world.deliver();
    assert_eq!(world.provider.person(1, "ada@x.io").unwrap().name, "Augusta");
}

#[test]
fn one_no_of_the_crm_is_enough_for_all_its_tables() {
    let world = world();
    world.crm.calls();
    world.crm.fails("changes", [crm_fault(FaultKind::Denied { why: None })]);
    let rest = world.look().rest;
    assert_eq!(world.crm.calls(), ["changes 0"]);
    assert_eq!((rest, world.notes()), (Rest::Until(world.now() + super::world::seconds(30)), vec!["crm"]));
    world.pass(minutes(60));
    world.look();
    assert_eq!(world.notes(), Vec::<&str>::new());
}

#[test]
fn a_column_that_is_missing_is_told_to_people() {
    let world = world();
    world.crm.fails("changes", [crm_fault(FaultKind::Gone { what: Missing::Table })]);
    world.look();
    assert_eq!(world.notes(), ["crm"]);
}

#[test]
fn without_a_key_nobody_is_taken_in_and_no_place_is_lost() {
    let world = world();
    world.crm.register(3, 1, "eve@x.io");
    // Whoever the vault leaned on: it is the vault's trouble, and no credential of the organization is to blame.
    let mut fault = vault(FaultKind::Unauthorised { version: 1 });
    fault.peer = crate::fault::Peer::Directory;
    fault.code = Code::new("entra.bad_secret");
    world.seals.breaks(fault);
    world.look();
    assert_eq!(world.notes(), ["vault"]);
    assert!(world.find(1, "eve@x.io").is_none());
    world.seals.works();
    world.pass(minutes(5));
    world.look();
    assert!(world.find(1, "eve@x.io").is_some(), "the CRM's credential is still in use");
    assert_eq!(world.notes(), Vec::<&str>::new());
}
