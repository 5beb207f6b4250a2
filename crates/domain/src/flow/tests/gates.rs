//! Gates: a peer's trouble stops calls and holds no row.

use super::crm::crm_fault;
use super::world::{World, done, minutes, seconds};
use crate::credential::Purpose;
use crate::fault::{Code, FaultKind, Missing, Peer};
use crate::flow::{Policies, Rest};
use crate::pace::Shut;
use crate::port::{GateKey, Gates as _, Worklist as _};
use crate::registration::Phase;

/// Twenty people who are registered in the CRM and read.
fn world() -> World {
    let world = World::new();
    world.crm.webinar(1);
    (1..=20).for_each(|n| world.crm.register(n, 1, &format!("p{n}@x.io")));
    world.observe();
    world.crm.calls();
    world
}

fn shut(world: &World, peer: Peer, group: &str) -> Option<Shut> {
    let gates = done(world.store.of(&world.org)).unwrap();
    let key = GateKey { organization: world.org, peer, group: group.to_owned() };
    gates.into_iter().find(|(known, _)| *known == key)?.1.shut().map(|(why, ..)| why)
}

fn untouched(world: &World) -> bool {
    let due = |n: u32| matches!(world.registration(&format!("p{n}@x.io")).phase, Phase::Due { tries: 0, .. });
    (1..=20).all(due)
}

#[test]
fn a_quota_stops_the_calls_of_everybody_and_touches_no_row() {
    let world = world();
    world.provider.fails(FaultKind::Throttled { after: None });
    done(world.bridge.deliver.step(1)).unwrap();
    assert_eq!(shut(&world, Peer::Provider, "register"), Some(Shut::Quota));
    assert!(untouched(&world));
    assert_eq!(world.deliver().rest, Rest::Until(world.now() + minutes(1)));
    let other = world.another(|_| {});
    done(other.deliver.step(20)).unwrap();
    assert_eq!(world.provider.calls().len(), 1, "nor does another process call");
    world.pass(minutes(1));
    done(world.bridge.deliver.step(20)).unwrap();
    assert_eq!(world.provider.calls().len(), 1, "one goes to see");
    // From now on at a pace.
    while let Rest::Until(at) = world.deliver().rest {
        world.clock.set(at);
    }
    assert_eq!(world.balance().registrations.at_provider, 20);
}

#[test]
fn calls_that_the_provider_counts_apart_have_gates_of_their_own() {
    let world = world();
    world.deliver();
    world.provider.calls();
    world.crm.contact(1, "p1@x.io", "Augusta");
    world.look();
    world.pass(seconds(1));
    world.crm.cancel(2);
    world.look();
    world.provider.fails(FaultKind::Throttled { after: Some(minutes(10)) });
    done(world.bridge.deliver.step(1)).unwrap();
    assert_eq!(world.provider.calls(), ["amend p1@x.io"]);
    assert_eq!(shut(&world, Peer::Provider, "amend"), Some(Shut::Asked));
    world.deliver();
    assert_eq!(world.provider.calls(), ["cancel p2@x.io"]);
    world.pass(minutes(10));
    world.deliver();
    assert_eq!(world.provider.calls(), ["amend p1@x.io"]);
}

#[test]
fn what_is_not_permitted_is_asked_once_an_hour_by_one() {
    let world = world();
    let denied = || FaultKind::Denied { why: Some(Code::new("provider.inactive")) };
    for _ in 0..3 {
        world.provider.fails(denied());
        done(world.bridge.deliver.step(1)).unwrap();
        world.deliver();
        assert_eq!(world.provider.calls().len(), 1);
        assert!(untouched(&world));
        world.pass(minutes(60));
    }
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 20);
}

#[test]
fn a_provider_that_does_not_answer_is_left_alone_for_a_moment() {
    let world = world();
    world.provider.ends((0..10).map(|_| Err(super::provider::provider_fault(FaultKind::Transient))));
    done(world.bridge.deliver.step(10)).unwrap();
    assert_eq!(shut(&world, Peer::Provider, GateKey::WHOLE), Some(Shut::Outage));
    world.provider.calls();
    assert!(matches!(world.deliver().rest, Rest::Until(at) if at == world.now() + seconds(5)));
    assert_eq!(world.provider.calls(), Vec::<String>::new());
    world.pass(seconds(5));
    world.deliver();
    assert_eq!(shut(&world, Peer::Provider, GateKey::WHOLE), None);
}

#[test]
fn a_credential_that_is_accepted_opens_the_gate() {
    let world = world();
    world.provider.fails(FaultKind::Unauthorised { version: 1 });
    world.deliver();
    assert_eq!(shut(&world, Peer::Provider, GateKey::WHOLE), Some(Shut::Credential));
    world.enter(Purpose::Provider, "better");
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 20);
}

#[test]
fn one_call_is_enough_to_know_that_an_event_is_missing() {
    let world = world();
    world.crm.webinar(2);
    world.crm.register(31, 2, "other@x.io");
    world.look();
    world.provider.fails(FaultKind::Gone { what: Missing::Webinar });
    done(world.bridge.deliver.step(1)).unwrap();
    world.provider.calls();
    world.deliver();
    assert_eq!(world.provider.calls(), ["register other@x.io"]);
    world.pass(minutes(59));
    world.deliver();
    assert_eq!(world.provider.calls(), Vec::<String>::new());
    world.pass(minutes(1));
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 21);
}

#[test]
fn a_crm_that_asks_to_wait_is_left_alone_by_all() {
    let world = world();
    world.deliver();
    world.crm.fails("answer", [crm_fault(FaultKind::Throttled { after: Some(seconds(40)) })]);
    done(world.bridge.answer.step()).unwrap();
    world.crm.calls();
    world.answer();
    world.look();
    assert_eq!(world.crm.calls(), Vec::<String>::new());
    assert_eq!(world.provider.calls().len(), 20, "the provider has nothing to do with it");
    world.pass(seconds(40));
    world.look();
    world.answer();
    assert!(world.crm.told(1).is_some());
}

#[test]
fn a_pace_is_kept_whoever_asks() {
    let world = World::over(|ports, _: &mut Policies| {
        let mut slow = crate::port::MockRegistrar::new();
        slow.expect_traits().returning(|| {
            let traits = super::provider::registrar();
            let mut traits = crate::port::Registrar::traits(&traits);
            traits.register.a_minute = Some(60);
            traits
        });
        slow.expect_register().returning(|_| Ok(crate::registration::Outcome::Admitted(None)));
        ports.registrar = std::sync::Arc::new(slow);
    })
    .activated();
    world.crm.webinar(1);
    (1..=5).for_each(|n| world.crm.register(n, 1, &format!("p{n}@x.io")));
    world.observe();
    let mut waits = vec![];
    while let Rest::Until(at) = world.deliver().rest {
        waits.push(at.duration_since(world.now()).as_millis());
        world.clock.set(at);
    }
    assert_eq!(waits, [1016; 4], "fifty-nine a minute, so that no minute has more than sixty");
    assert_eq!(world.balance().registrations.at_provider, 5);
    assert!(done(world.store.ready(crate::port::Lane::Deliver, world.now())).unwrap().is_empty());
}
