//! Deliveries while something that they lean on does not work: the organization rests, its people are not to blame.

use std::collections::BTreeMap;

use std::sync::Arc;

use super::keys::vault;
use super::provider::provider_fault;
use super::world::{World, done, minutes, row, seconds};
use crate::credential::{CredentialState, Purpose};
use crate::fault::{Code, Fault, FaultKind, Missing, Peer};
use crate::flow::{ProbeOutcome, Rest};
use crate::port::MockWorklist;
use crate::registration::{Cause, Phase};

fn world() -> World {
    let world = World::new();
    world.crm.webinar(1);
    for (n, address) in [(1, "ada@x.io"), (2, "bob@x.io"), (3, "eve@x.io")] {
        world.crm.register(n, 1, address);
    }
    world.observe();
    world
}

fn state(world: &World, purpose: Purpose) -> &'static str {
    let slot = crate::credential::CredentialSlot { organization: world.org, purpose };
    done(world.bridge.keyholder.credential(&slot)).unwrap().unwrap().item.state_name()
}

fn untouched(world: &World) -> bool {
    ["ada@x.io", "bob@x.io", "eve@x.io"].into_iter().all(|address| {
        let registration = world.registration(address);
        matches!(registration.phase, Phase::Due { tries: 0, .. })
            && (registration.open, registration.attempts) == (None, 0)
    })
}

#[test]
fn a_credential_that_is_not_accepted_stops_all_calls_until_it_is() {
    let world = world();
    world.provider.fails(FaultKind::Unauthorised { version: 1 });
    let (taken, _) = done(world.bridge.deliver.take(1, &BTreeMap::new())).unwrap();
    let mut sent = done(world.bridge.deliver.begin(taken)).unwrap();
    let end = done(world.bridge.deliver.send(sent.remove(0)));
    done(world.bridge.deliver.finish(vec![end])).unwrap();
    assert_eq!(state(&world, Purpose::Provider), "suspect");
    assert_eq!(world.notes(), ["provider"]);
    world.provider.calls();
    for _ in 0..4 {
        world.deliver();
        world.pass(minutes(1));
    }
    assert_eq!(world.provider.calls(), Vec::<String>::new());
    world.pass(minutes(1));
    world.steward();
    assert_eq!(state(&world, Purpose::Provider), "active");
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 3);
    assert_eq!(world.notes(), Vec::<&str>::new());
}

#[test]
fn the_no_to_an_older_credential_is_no_news() {
    let world = world();
    let (taken, _) = done(world.bridge.deliver.take(1, &BTreeMap::new())).unwrap();
    let sent = done(world.bridge.deliver.begin(taken)).unwrap();
    assert_eq!(world.enter(Purpose::Provider, "newer"), ProbeOutcome::Accepted);
    world.provider.fails(FaultKind::Unauthorised { version: 1 });
    let mut ends = vec![];
    for sent in sent {
        ends.push(done(world.bridge.deliver.send(sent)));
    }
    done(world.bridge.deliver.finish(ends)).unwrap();
    assert_eq!((state(&world, Purpose::Provider), world.notes()), ("active", vec![]));
    world.pass(seconds(30));
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 3);
}

#[test]
fn the_vaults_own_no_blames_no_credential_of_the_organization() {
    let world = world();
    let fault = Fault::new(
        FaultKind::Unauthorised { version: 1 },
        Peer::Directory,
        "token",
        Code::new("entra.bad_secret"),
    );
    *world.secrets.trouble.lock().unwrap() = Some(fault);
    world.pass(minutes(16));
    world.deliver();
    assert_eq!((state(&world, Purpose::Crm), state(&world, Purpose::Provider)), ("active", "active"));
    assert_eq!(world.notes(), ["vault"]);
    assert!(untouched(&world));
}

#[test]
fn without_the_vault_nothing_is_claimed() {
    let world = world();
    world.secrets.breaks(FaultKind::Denied { why: None });
    world.pass(minutes(16));
    let rest = world.deliver().rest;
    assert_eq!(rest, Rest::Until(world.now() + seconds(30)));
    assert!(untouched(&world));
    world.secrets.works();
    world.pass(seconds(30));
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 3);
    assert_eq!(world.notes(), Vec::<&str>::new());
}

#[test]
fn without_a_data_key_the_leases_go_back_and_the_organization_rests() {
    let world = world();
    world.seals.breaks(vault(FaultKind::Transient));
    let rest = world.deliver().rest;
    assert_eq!(rest, Rest::Until(world.now() + seconds(30)));
    assert!(untouched(&world), "no attempt was opened");
    assert_eq!((world.notes(), world.provider.calls()), (vec!["vault"], vec![]));
    let since = world.bridge.standing.notes()[0].2.since;
    world.pass(seconds(30));
    world.deliver();
    assert_eq!(world.bridge.standing.notes()[0].2.since, since, "it is the same trouble still");
    world.seals.works();
    world.pass(seconds(30));
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 3);
    assert_eq!(world.notes(), Vec::<&str>::new());
}

#[test]
fn whose_details_do_not_open_is_held_while_the_others_go() {
    let world = world();
    world.seals.spoilt.lock().unwrap().insert(row(2).uuid());
    world.deliver();
    let balance = world.balance();
    assert_eq!((balance.registrations.at_provider, balance.persons.held), (2, 1));
    let Phase::Held { cause, .. } = world.registration("bob@x.io").phase else { panic!("it is held") };
    assert_eq!(cause, Cause::Invalid(Code::new("bridge.details_unreadable")));
}

#[test]
fn where_no_details_open_it_is_the_key_and_nobody_is_held() {
    let world = world();
    world.seals.spoilt.lock().unwrap().extend([1, 2, 3].map(|n| row(n).uuid()));
    assert!(matches!(world.deliver().rest, Rest::Until(_)));
    assert!(untouched(&world));
    assert_eq!(world.notes(), ["vault"]);
    world.seals.spoilt.lock().unwrap().clear();
    world.pass(minutes(5));
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 3);
}

#[test]
fn a_fault_of_the_vault_on_the_way_to_the_provider_is_not_the_rows() {
    let world = world();
    world.provider.ends([Err(vault(FaultKind::Invalid { field: Code::new("envelope") }))]);
    done(world.bridge.deliver.step(1)).unwrap();
    assert_eq!((world.balance().persons.held, world.notes()), (0, vec!["vault"]));
    world.pass(seconds(30));
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 3);
}

#[test]
fn a_missing_permission_rests_the_organization_and_holds_nobody() {
    let world = world();
    let why = Some(Code::new("provider.inactive"));
    world.provider.ends([Err(provider_fault(FaultKind::Denied { why }))]);
    done(world.bridge.deliver.step(1)).unwrap();
    assert_eq!((world.balance().persons.held, world.notes()), (0, vec!["provider"]));
    assert!(matches!(done(world.bridge.deliver.step(1)).unwrap().rest, Rest::Until(_)));
    world.pass(minutes(61));
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 3);
    assert_eq!(world.notes(), Vec::<&str>::new());
}

#[test]
fn without_a_credential_nothing_is_claimed_and_somebody_is_told() {
    let world = world();
    let slot = crate::credential::CredentialSlot { organization: world.org, purpose: Purpose::Provider };
    done(world.bridge.keyholder.revoke(&slot)).unwrap();
    assert_eq!(world.deliver().rest, Rest::Until(world.now() + seconds(30)));
    assert!(untouched(&world));
    assert_eq!(world.notes(), ["provider"]);
    let CredentialState::Revoked { version: 1, .. } =
        done(world.bridge.keyholder.credential(&slot)).unwrap().unwrap().item.state
    else {
        panic!("it is revoked")
    };
}

#[test]
fn a_missing_event_at_the_provider_waits_an_hour_and_counts_nothing() {
    let world = world();
    world.provider.fails(FaultKind::Gone { what: Missing::Webinar });
    done(world.bridge.deliver.step(1)).unwrap();
    let waiting = ["ada@x.io", "bob@x.io", "eve@x.io"].map(|address| world.registration(address).phase);
    let late = world.now() + minutes(60);
    assert_eq!(
        waiting.iter().filter(|phase| **phase == Phase::Due { at: late, tries: 0, since: None }).count(),
        1
    );
}

#[test]
fn what_somebody_else_claimed_first_is_looked_at_again() {
    let world = world();
    let store = world.store.clone();
    let mut worklist = MockWorklist::new();
    worklist.expect_ready().returning(move |lane, now| done(crate::port::Worklist::ready(&store, lane, now)));
    worklist.expect_claim().returning(|_| Ok(vec![]));
    let bridge = world.another(|ports| ports.worklist = Arc::new(worklist));
    let soon = Rest::Until(world.now() + seconds(30));
    assert_eq!(done(bridge.deliver.step(5)).unwrap().rest, soon, "should they die, we are there");
    world.deliver();
    assert_eq!(done(bridge.answer.step()).unwrap().rest, soon);
}
