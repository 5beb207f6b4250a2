//! What is heard at the doors of CRMs.

use super::world::{World, done, minutes, row, seconds};
use crate::endpoint::{Endpoint, EndpointId, KeyDigest};
use crate::flow::{Heard, Policies, Rest};
use crate::id::Stored;
use crate::port::{CrmRow, CrmTable};
use crate::time::SignedDuration;

const KEY: KeyDigest = KeyDigest::new([1; 32]);
const OTHER: KeyDigest = KeyDigest::new([2; 32]);

fn world() -> World {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.work();
    world
}

fn open(world: &World, key: KeyDigest) -> Endpoint {
    done(world.bridge.doorkeeper.open(world.org, key)).unwrap().unwrap()
}

fn door(world: &World, id: EndpointId, key: KeyDigest) -> Option<Stored<Endpoint>> {
    done(world.bridge.doorkeeper.admits(id, &key)).unwrap()
}

fn hint(n: u8) -> CrmRow {
    CrmRow { table: CrmTable::Registrations, id: row(n).into() }
}

fn hear(world: &World, what: impl Into<Option<CrmRow>>) -> Heard {
    let endpoint = open(world, KEY);
    let door = door(world, endpoint.id, KEY).unwrap();
    done(world.bridge.doorkeeper.hear(&door, what.into())).unwrap()
}

#[test]
fn a_door_opens_to_its_key_alone() {
    let world = world();
    let endpoint = open(&world, KEY);
    assert_eq!(door(&world, endpoint.id, KEY).unwrap().item.organization, world.org);
    assert_eq!(door(&world, endpoint.id, OTHER), None);
    let nowhere = EndpointId::from(uuid::Uuid::from_u128(4));
    assert_eq!((door(&world, nowhere, KEY), door(&world, nowhere, KeyDigest::new([0; 32]))), (None, None));
}

#[test]
fn a_rotation_keeps_the_former_key_until_it_is_taken_back() {
    let world = world();
    let first = open(&world, KEY);
    let second = open(&world, OTHER);
    assert_eq!(first.id, second.id, "the address stays");
    assert!(door(&world, first.id, KEY).is_some() && door(&world, first.id, OTHER).is_some());
    done(world.bridge.doorkeeper.settle(world.org)).unwrap();
    assert!(door(&world, first.id, KEY).is_none() && door(&world, first.id, OTHER).is_some());
    assert!(done(world.bridge.doorkeeper.close(world.org)).unwrap());
    assert!(door(&world, first.id, OTHER).is_none());
    assert_eq!(
        done(world.bridge.doorkeeper.settle(world.org)),
        Ok(None),
        "a closed door is not opened by that"
    );
}

#[test]
fn a_name_belongs_to_one_organization() {
    let world = world();
    let other = done(world.bridge.steward.found("Fabrikam", None)).unwrap().id;
    let id = open(&world, KEY).id;
    assert_eq!(done(world.bridge.doorkeeper.declare(other, id, OTHER)), Ok(None));
    let mine = EndpointId::from(uuid::Uuid::from_u128(9));
    assert_eq!(done(world.bridge.doorkeeper.declare(other, mine, OTHER)).unwrap().unwrap().id, mine);
}

#[test]
fn what_is_heard_is_read_without_a_poll() {
    let world = world();
    world.crm.contact(1, "ada@x.io", "Augusta");
    assert_eq!(hear(&world, hint(1)), Heard::Stored);
    world.observe();
    world.deliver();
    assert_eq!(world.provider.person(1, "ada@x.io").unwrap().name, "Augusta");
}

#[test]
fn what_is_not_followed_is_not_stored() {
    let world = world();
    assert_eq!(hear(&world, None), Heard::Elsewhere);
    let idle = World::dormant();
    assert_eq!(hear(&idle, hint(1)), Heard::AtRest);
    assert_eq!(done(crate::port::Intake::hints(&idle.store, &idle.org, 9)), Ok(vec![]));
}

#[test]
fn a_storm_over_one_row_is_one_read() {
    let world = world();
    world.crm.calls();
    for _ in 0..500 {
        hear(&world, hint(1));
    }
    world.observe();
    assert_eq!(world.crm.calls(), ["registrations 1"]);
}

#[test]
fn hints_are_gathered_for_a_moment() {
    let linger = SignedDuration::from_millis(250);
    let world = World::over(|_, policies: &mut Policies| policies.linger = linger).activated();
    world.crm.webinar(1);
    world.work();
    world.crm.register(1, 1, "ada@x.io");
    hear(&world, hint(1));
    let rest = done(world.bridge.observe.step()).unwrap().rest;
    assert_eq!(rest, Rest::Until(world.now() + linger));
    world.crm.register(2, 1, "bob@x.io");
    hear(&world, hint(2));
    world.clock.advance(linger);
    world.crm.calls();
    world.observe();
    assert_eq!(world.crm.calls(), ["registrations 2"]);
}

#[test]
fn a_stolen_key_costs_reads_within_a_budget_and_loses_nothing() {
    let world = World::over(|_, policies: &mut Policies| policies.reads_a_minute = 2).activated();
    world.crm.webinar(1);
    (1..=200).for_each(|n| world.crm.register(n, 1, &format!("p{n}@x.io")));
    world.work();
    world.crm.calls();
    (1..=200).for_each(|n| {
        hear(&world, hint(n));
    });
    assert_eq!(world.observe().rest, Rest::Until(world.now() + seconds(30) + SignedDuration::from_micros(1)));
    assert_eq!(world.crm.calls(), ["registrations 50"; 2], "two reads, and the rest waits");
    for _ in 0..2 {
        world.pass(minutes(1));
        world.observe();
    }
    assert_eq!(done(crate::port::Intake::hints(&world.store, &world.org, 9)), Ok(vec![]));
}

#[test]
fn what_a_poll_finds_first_was_missed_where_webhooks_are_heard() {
    let world = world();
    world.crm.contact(1, "ada@x.io", "Augusta");
    world.look();
    assert_eq!(world.bridge.observe.missed(), 0, "nobody has sent webhooks yet");
    hear(&world, hint(1));
    world.observe();
    world.crm.contact(1, "ada@x.io", "Ada");
    world.look();
    assert_eq!(world.bridge.observe.missed(), 1);
    world.crm.contact(1, "ada@x.io", "Augusta");
    hear(&world, hint(1));
    world.observe();
    world.look();
    assert_eq!(world.bridge.observe.missed(), 1, "that one was told of");
}
