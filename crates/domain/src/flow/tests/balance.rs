//! The desk's balance adds up, whatever happens.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::crm::crm_fault;
use super::keys::vault;
use super::provider::watcher;
use super::world::{START, World, done, minutes, seconds};
use crate::fault::FaultKind;
use crate::port::PageRequest;
use crate::registration::Phase;

pub(super) fn page(world: &World) -> PageRequest {
    PageRequest { organization: world.org, skip: 0, limit: 100 }
}

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    Register(u8, u8, u8),
    Rename(u8),
    Move(u8, u8),
    Cancel(u8),
    Delete(u8),
    Foreign(u8),
    Webinar(u8),
    CallOff(u8),
    Fault(u8),
    Crash,
    LosePlaces,
    Watch(u8, u8),
    Pass(u8),
    Look,
    Deliver,
    Answer,
    Metrics,
}

const ROWS: u8 = 5;

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    let (row, event, address) = (|| 1..=ROWS, || 1_u8..=2, || 0_u8..4);
    prop_oneof![
        4 => (row(), event(), address()).prop_map(|(n, event, address)| H::Register(n, event, address)),
        2 => row().prop_map(H::Rename),
        3 => (row(), address()).prop_map(|(n, address)| H::Move(n, address)),
        2 => row().prop_map(H::Cancel),
        1 => row().prop_map(H::Delete),
        1 => event().prop_map(H::Foreign),
        2 => event().prop_map(H::Webinar),
        1 => event().prop_map(H::CallOff),
        3 => (0_u8..7).prop_map(H::Fault),
        1 => Just(H::Crash),
        1 => Just(H::LosePlaces),
        2 => (address(), 1_u8..60).prop_map(|(address, minutes)| H::Watch(address, minutes)),
        3 => (0_u8..4).prop_map(H::Pass),
        4 => Just(H::Look),
        4 => Just(H::Deliver),
        2 => Just(H::Answer),
        2 => Just(H::Metrics),
    ]
}

/// Nobody can be written to at the first of these.
fn address(n: u8) -> String {
    if n == 0 { String::new() } else { format!("person{n}@x.io") }
}

fn fault(world: &World, n: u8) {
    let ambiguous = || Err(super::provider::provider_fault(FaultKind::Ambiguous));
    match n {
        0 => world.provider.ends([ambiguous()]),
        1 => world.provider.fails(FaultKind::Transient),
        2 => world.provider.fails(FaultKind::Throttled { after: None }),
        3 => world.crm.fails("changes", [crm_fault(FaultKind::Transient)]),
        4 => world.crm.fails("answer", [crm_fault(FaultKind::Ambiguous)]),
        5 => world.crm.fails("upsert", [crm_fault(FaultKind::Transient)]),
        _ => world.provider.ends([Err(vault(FaultKind::Transient))]),
    }
}

fn happens(world: &World, known: &mut [bool; 6], happening: &Happening) {
    match *happening {
        Happening::Register(n, event, person) if !known[usize::from(n)] => {
            world.crm.register(n, event, &address(person));
            known[usize::from(n)] = true;
        }
        Happening::Rename(n) => world.crm.company(n, &format!("Company of {}", world.now())),
        Happening::Move(n, person) => world.crm.contact(n, &address(person), "Ada"),
        Happening::Cancel(n) if world.crm.has(n) => world.crm.cancel(n),
        // Ids are not used again.
        Happening::Delete(n) => drop(world.crm.delete(n)),
        Happening::Foreign(n) => world.crm.event(n, |webinar| webinar.ours = false),
        Happening::Webinar(n) => world.crm.webinar(n),
        Happening::CallOff(n) => world.crm.event(n, |webinar| webinar.cancelled = true),
        Happening::Fault(n) => fault(world, n),
        Happening::Crash => {
            let (taken, _) = done(world.bridge.deliver.take(1, &BTreeMap::new())).unwrap();
            done(world.bridge.deliver.begin(taken)).unwrap();
        }
        Happening::LosePlaces => world.crm.lose_places(0),
        Happening::Watch(person, minutes) => {
            let here = world.provider.person(1, &address(person)).map(|person| person.id.as_str().to_owned());
            let id = here.unwrap_or_else(|| format!("guest{person}"));
            let all = vec![watcher(&id, Some(&address(person)), minutes.into()), watcher("guest", None, 9)];
            world.provider.watched_at_least(vec![all]);
        }
        Happening::Pass(n) => {
            world.pass([seconds(5), minutes(1), minutes(12), minutes(60 * 24)][usize::from(n)]);
        }
        Happening::Look => drop(world.look()),
        Happening::Deliver => drop(world.deliver()),
        Happening::Answer => drop(world.answer()),
        Happening::Metrics => drop(world.metrics()),
        Happening::Register(..) | Happening::Cancel(_) => {}
    }
}

/// Everybody works again, every event is a webinar, and time passes until nothing is left to be done.
fn come_to_rest(world: &World) {
    world.crm.works();
    world.provider.works();
    for n in 1..=2 {
        world.crm.webinar(n);
    }
    for _ in 0..8 {
        world.work();
        world.pass(minutes(61));
    }
    world.work();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_adds_up_at_every_step_and_at_rest_everybody_is_where_the_crm_wants_them(
        story in prop::collection::vec(happening(), 5..60),
    ) {
        let world = World::new();
        world.crm.webinar(1);
        world.crm.webinar(2);
        let mut known = [false; 6];
        for happening in &story {
            happens(&world, &mut known, happening);
            world.balance();
        }
        come_to_rest(&world);
        let balance = world.balance();
        prop_assert_eq!(balance.registrations.crm, u64::from(world.crm.rows()));
        prop_assert_eq!((balance.persons.on_their_way, balance.registrations.on_their_way), (0, 0));
        prop_assert!(balance.registrations.held.is_empty(), "{balance:?}");
        prop_assert_eq!(world.provider.live(), world.crm.wanted());
        prop_assert!(world.now() >= START);
        for n in 1..=ROWS {
            let Some(crate::port::Place::Registration(key)) = world.place(n) else { continue };
            let stored = done(crate::port::Books::find(&world.store, &[key])).unwrap().remove(0).unwrap();
            prop_assert_eq!(&stored.item.phase, &Phase::Settled);
            prop_assert_eq!(stored.item.answers_due(), vec![]);
        }
    }
}

#[test]
fn every_webinar_has_its_own_balance() {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.event(2, |webinar| webinar.starts -= minutes(60));
    world.crm.register(1, 1, "ada@x.io");
    world.crm.register(2, 2, "ada@x.io");
    world.crm.register(3, 2, "bob@x.io");
    world.work();
    let webinars = done(world.bridge.desk.webinars(world.org)).unwrap();
    let rows: Vec<_> =
        webinars.iter().map(|(one, balance)| (one.title.as_str(), balance.registrations.crm)).collect();
    assert_eq!(rows, [("Webinar 2", 2), ("Webinar 1", 1)]);
    let of_one = crate::balance::Scope::Webinar(super::world::event(1));
    assert_eq!(done(world.bridge.desk.balance(world.org, of_one)).unwrap(), webinars[1].1);
}
