//! Secrets in clear: how long, and what ends it.

use super::world::{World, done, minutes, seconds};
use crate::credential::{CredentialSlot, Purpose};
use crate::fault::{Fault, FaultKind};
use crate::port::CredentialProvider as _;

fn slot(world: &World) -> CredentialSlot {
    CredentialSlot { organization: world.org, purpose: Purpose::Provider }
}

/// The version in use, as an adapter gets it.
fn current(world: &World) -> Result<u64, Fault> {
    done(world.bridge.keyholder.current(&slot(world))).map(|secret| secret.version)
}

#[test]
fn an_opened_secret_is_used_for_a_quarter_of_an_hour() {
    let world = World::new();
    let before = world.secrets.opened();
    for _ in 0..15 {
        assert_eq!(current(&world), Ok(1));
        world.pass(seconds(59));
    }
    assert_eq!(world.secrets.opened(), before + 1);
    world.pass(minutes(1));
    current(&world).unwrap();
    assert_eq!(world.secrets.opened(), before + 2);
}

#[test]
fn an_outage_of_the_vault_is_bridged_for_an_hour() {
    let world = World::new();
    current(&world).unwrap();
    world.secrets.breaks(FaultKind::Transient);
    world.pass(minutes(74));
    assert_eq!(current(&world), Ok(1));
    world.pass(minutes(1));
    assert_eq!(current(&world).unwrap_err().kind, FaultKind::Transient);
    world.secrets.works();
    assert_eq!(current(&world), Ok(1));
}

#[test]
fn without_grace_nothing_is_bridged() {
    let world = World::over(|_, policies| policies.vault_grace = minutes(0)).activated();
    current(&world).unwrap();
    world.secrets.breaks(FaultKind::Transient);
    world.pass(minutes(16));
    assert!(current(&world).is_err());
}

#[test]
fn the_vaults_no_ends_it_at_once() {
    let world = World::new();
    current(&world).unwrap();
    world.secrets.breaks(FaultKind::Denied { why: None });
    world.pass(minutes(16));
    assert!(current(&world).is_err());
    world.secrets.breaks(FaultKind::Transient);
    assert!(current(&world).is_err(), "an outage after it bridges nothing");
}

#[test]
fn a_no_of_the_peer_ends_it_at_once() {
    let world = World::new();
    current(&world).unwrap();
    assert!(done(world.bridge.keyholder.unauthorised(&slot(&world), 1)).unwrap());
    assert!(matches!(current(&world).unwrap_err().kind, FaultKind::Unauthorised { version: 1 }));
}

#[test]
fn a_removed_secret_is_gone_at_once() {
    let world = World::new();
    current(&world).unwrap();
    done(world.bridge.keyholder.revoke(&slot(&world))).unwrap();
    assert!(current(&world).is_err());
    world.enter(Purpose::Provider, "again");
    assert_eq!(current(&world), Ok(2), "no version is used twice");
}

#[test]
fn a_newer_secret_is_used_as_soon_as_it_is_proven() {
    let world = World::new();
    assert_eq!(current(&world), Ok(1));
    world.enter(Purpose::Provider, "newer");
    assert_eq!(current(&world), Ok(2));
    assert!(!done(world.bridge.keyholder.unauthorised(&slot(&world), 1)).unwrap(), "which says nothing");
    assert_eq!(current(&world), Ok(2));
}

#[test]
fn three_noes_in_a_row_refuse_a_secret_and_one_yes_brings_it_back() {
    let world = World::new();
    let no = || super::provider::provider_fault(FaultKind::Unauthorised { version: 1 });
    let state = || {
        let known = done(world.bridge.keyholder.credential(&slot(&world))).unwrap().unwrap();
        known.item.state_name()
    };
    done(world.bridge.keyholder.unauthorised(&slot(&world), 1)).unwrap();
    world.provider.fails_probes([no(), no()]);
    let mut seen = vec![state()];
    for _ in 0..3 {
        world.pass(minutes(5));
        world.steward();
        seen.push(state());
    }
    assert_eq!(seen, ["suspect", "suspect", "refused", "active"]);
}

#[test]
fn a_vault_that_is_away_leaves_a_secret_untried() {
    let world = World::new();
    done(world.bridge.keyholder.unauthorised(&slot(&world), 1)).unwrap();
    world.secrets.breaks(FaultKind::Transient);
    world.pass(minutes(5));
    world.steward();
    assert_eq!(world.notes(), ["vault"]);
    world.secrets.works();
    world.pass(seconds(30));
    world.steward();
    assert_eq!(current(&world), Ok(1));
}
