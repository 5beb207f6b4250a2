//! Organizations on their way into work and out of it.

use std::collections::BTreeMap;

use super::crm::crm_fault;
use super::keys::vault;
use super::provider::provider_fault;
use super::world::{World, done, minutes, seconds, secret};
use crate::credential::{CredentialSlot, Purpose};
use crate::fault::FaultKind;
use crate::flow::{EnterError, ProbeOutcome, Refusal, Rest};
use crate::integration::{Integration, TermsVersion, Then};
use crate::memory::MemoryStore;
use crate::port::{
    MockAccount, MockAttendanceSource, MockCrmAnswers, MockCrmFeed, MockCrmMetrics, MockPrivacy,
    MockRegistrar, MockVault, SchemaMismatch,
};
use std::sync::Arc;

const TERMS: TermsVersion = TermsVersion(1);

fn integration(world: &World) -> Integration {
    world.organization().integration
}

fn state(world: &World, purpose: Purpose) -> &'static str {
    let slot = CredentialSlot { organization: world.org, purpose };
    done(world.bridge.keyholder.credential(&slot)).unwrap().unwrap().item.state_name()
}

fn accept(world: &World) {
    done(world.bridge.steward.accept_terms(world.org, TERMS)).unwrap();
}

#[test]
fn for_a_dormant_organization_nobody_outside_is_called() {
    // Every one of these would panic at its first call.
    let world = World::over(|ports, _| {
        ports.feed = Arc::new(MockCrmFeed::new());
        ports.answers = Arc::new(MockCrmAnswers::new());
        ports.check_ins = Arc::new(MockCrmMetrics::new());
        ports.registrar = Arc::new(MockRegistrar::new());
        ports.attendance = Arc::new(MockAttendanceSource::new());
        ports.crm_account = Arc::new(MockAccount::new());
        ports.provider_account = Arc::new(MockAccount::new());
        ports.privacy = Arc::new(MockPrivacy::new());
        ports.vault = Arc::new(MockVault::new());
    });
    for _ in 0..3 {
        let rests =
            [world.steward(), world.look(), world.deliver(), world.answer(), world.metrics()].map(|r| r.rest);
        assert_eq!(rests, [Rest::Idle; 5]);
        world.pass(minutes(60));
    }
}

#[test]
fn secrets_before_the_terms_are_kept_and_not_tried() {
    let world = World::dormant();
    assert_eq!(world.enter(Purpose::Crm, "crm"), ProbeOutcome::Nothing);
    assert_eq!(world.enter(Purpose::Provider, "provider"), ProbeOutcome::Nothing);
    world.steward();
    assert_eq!((world.crm.calls(), world.provider.calls()), (vec![], vec![]));
    assert_eq!(state(&world, Purpose::Provider), "unproven");
    accept(&world);
    world.steward();
    assert!(integration(&world).is_active(), "the terms were all that was missing");
}

#[test]
fn activation_needs_terms_and_both_secrets() {
    let world = World::dormant();
    accept(&world);
    assert_eq!(integration(&world), Integration::AwaitingCredentials { terms: TERMS });
    assert_eq!(world.enter(Purpose::Crm, "crm"), ProbeOutcome::Accepted);
    world.steward();
    assert_eq!(integration(&world), Integration::AwaitingCredentials { terms: TERMS });
    assert_eq!(world.enter(Purpose::Provider, "provider"), ProbeOutcome::Accepted);
    assert!(integration(&world).is_active());
}

#[test]
fn only_the_terms_in_force_can_be_accepted() {
    let world = World::dormant();
    let refusal = done(world.bridge.steward.accept_terms(world.org, TermsVersion(2)));
    assert!(matches!(refusal, Err(Refusal::OtherTerms(2, 1))));
    assert_eq!(integration(&world), Integration::Dormant);
    accept(&world);
    accept(&world);
}

#[test]
fn nothing_is_sent_before_the_terms_are_accepted() {
    let world = World::dormant();
    world.enter(Purpose::Crm, "crm");
    world.enter(Purpose::Provider, "provider");
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.work();
    assert_eq!((world.crm.calls(), world.provider.calls()), (vec![], vec![]));
    assert_eq!(world.balance().registrations.crm, 0, "nor is anything read");
}

#[test]
fn a_name_that_is_not_in_the_crm_keeps_the_organization_from_work_until_it_is() {
    let world = World::dormant();
    let missing = |name: &str, setting: &str| SchemaMismatch { name: name.into(), setting: setting.into() };
    world.crm.lacks(vec![missing("msevtmgt_nowhere", "dynamics.events.title")]);
    accept(&world);
    world.enter(Purpose::Crm, "crm");
    world.enter(Purpose::Provider, "provider");
    assert!(!integration(&world).is_active());
    let (_, topic, note) = world.bridge.standing.notes().remove(0);
    assert_eq!(topic.name(), "names");
    assert!(note.what.contains("msevtmgt_nowhere") && note.what.contains("dynamics.events.title"));
    world.crm.lacks(vec![]);
    let Rest::Until(at) = world.steward().rest else { panic!("it looks again") };
    assert!(!integration(&world).is_active());
    world.clock.set(at);
    world.steward();
    assert!(integration(&world).is_active());
    assert_eq!(world.notes(), Vec::<&str>::new());
}

#[test]
fn names_that_cannot_be_looked_up_are_looked_up_again() {
    let world = World::dormant();
    world.crm.fails("inspect", [crm_fault(FaultKind::Transient)]);
    accept(&world);
    world.enter(Purpose::Crm, "crm");
    world.enter(Purpose::Provider, "provider");
    assert_eq!(world.steward().rest, Rest::Until(world.now() + seconds(30)));
    world.pass(seconds(30));
    world.steward();
    assert!(integration(&world).is_active());
}

#[test]
fn removing_the_secret_drains_first() {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.crm.register(2, 1, "bob@x.io");
    world.observe();
    let (taken, _) = done(world.bridge.deliver.take(2, &BTreeMap::new())).unwrap();
    let mut taken = taken.into_iter();
    let mut sent = done(world.bridge.deliver.begin(taken.by_ref().take(1).collect())).unwrap();
    assert!(done(world.bridge.steward.remove(world.org, Purpose::Provider)).unwrap());
    assert_eq!(
        integration(&world),
        Integration::Draining { terms: TERMS, newer: None, then: Then::Credentials }
    );
    assert_eq!(world.steward().rest, Rest::Until(world.now() + seconds(1)));
    assert!(done(world.bridge.deliver.begin(taken.collect())).unwrap().is_empty(), "no new call begins");
    world.steward();
    assert!(matches!(integration(&world), Integration::Draining { .. }), "one runs still");
    let end = done(world.bridge.deliver.send(sent.remove(0)));
    done(world.bridge.deliver.finish(vec![end])).unwrap();
    world.steward();
    assert_eq!(integration(&world), Integration::AwaitingCredentials { terms: TERMS });
    let balance = world.balance();
    assert_eq!((balance.registrations.at_provider, balance.registrations.on_their_way), (1, 1));
    assert_eq!(world.enter(Purpose::Provider, "again"), ProbeOutcome::Accepted);
    assert!(integration(&world).is_active());
    world.work();
    assert_eq!(world.balance().registrations.at_provider, 2);
}

#[test]
fn a_secret_that_comes_back_while_it_drains_leads_back_to_work() {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    let (taken, _) = done(world.bridge.deliver.take(1, &BTreeMap::new())).unwrap();
    done(world.bridge.steward.remove(world.org, Purpose::Provider)).unwrap();
    world.enter(Purpose::Provider, "again");
    done(world.bridge.deliver.release(taken)).unwrap();
    world.steward();
    assert!(integration(&world).is_active());
}

#[test]
fn a_lease_that_nobody_gives_back_delays_the_end_by_its_own_length() {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    done(world.bridge.deliver.take(1, &BTreeMap::new())).unwrap();
    done(world.bridge.steward.remove(world.org, Purpose::Provider)).unwrap();
    world.pass(seconds(119));
    world.steward();
    assert!(matches!(integration(&world), Integration::Draining { .. }));
    world.pass(seconds(1));
    world.steward();
    assert_eq!(integration(&world), Integration::AwaitingCredentials { terms: TERMS });
}

#[test]
fn removing_either_secret_ends_the_work_and_can_be_repeated() {
    for purpose in [Purpose::Crm, Purpose::Provider] {
        let world = World::new();
        assert!(done(world.bridge.steward.remove(world.org, purpose)).unwrap());
        assert!(!done(world.bridge.steward.remove(world.org, purpose)).unwrap(), "it is gone already");
        world.steward();
        assert_eq!(integration(&world), Integration::AwaitingCredentials { terms: TERMS });
        world.work();
        assert_eq!((world.crm.calls(), world.provider.calls()), (vec![], vec![]));
    }
}

#[test]
fn without_the_crms_secret_nothing_is_read_and_somebody_is_told() {
    let world = World::new();
    let slot = CredentialSlot { organization: world.org, purpose: Purpose::Crm };
    let missing = crate::fault::Missing::Credential;
    done(world.bridge.keyholder.revoke(&slot)).unwrap();
    let current = done(crate::port::CredentialProvider::current(world.bridge.keyholder.as_ref(), &slot));
    let fault = current.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Gone { what: missing });
    world.crm.calls();
    // The adapter hands the fault on, and asks nobody.
    world.crm.fails("changes", (0..4).map(|_| fault.clone()));
    assert!(matches!(world.look().rest, Rest::Until(_)));
    assert_eq!(world.crm.calls(), ["changes 0"]);
    assert_eq!(world.notes(), ["crm"]);
}

#[test]
fn a_refused_secret_is_tried_again_every_five_minutes() {
    let world = World::dormant();
    accept(&world);
    world.enter(Purpose::Crm, "crm");
    world.provider.fails_probes([provider_fault(FaultKind::Unauthorised { version: 1 })]);
    assert!(matches!(world.enter(Purpose::Provider, "provider"), ProbeOutcome::Refused(_)));
    assert_eq!((state(&world, Purpose::Provider), world.notes()), ("refused", vec!["provider"]));
    assert_eq!(world.steward().rest, Rest::Until(world.now() + minutes(5)));
    world.pass(minutes(5));
    world.steward();
    assert!(integration(&world).is_active());
}

#[test]
fn a_secret_that_could_not_be_tried_is_tried_again_soon() {
    let world = World::dormant();
    accept(&world);
    world.enter(Purpose::Crm, "crm");
    world.provider.fails_probes([provider_fault(FaultKind::Transient)]);
    assert!(matches!(world.enter(Purpose::Provider, "provider"), ProbeOutcome::Untried(_)));
    assert_eq!(
        (state(&world, Purpose::Provider), world.steward().rest),
        ("unproven", Rest::Until(world.now() + seconds(30)))
    );
    world.pass(seconds(30));
    world.steward();
    assert!(integration(&world).is_active());
}

#[test]
fn a_new_secret_is_tried_beside_the_one_in_use() {
    let world = World::new();
    world.provider.fails_probes([provider_fault(FaultKind::Unauthorised { version: 2 })]);
    assert!(matches!(world.enter(Purpose::Provider, "wrong"), ProbeOutcome::Refused(_)));
    assert_eq!(state(&world, Purpose::Provider), "active");
    world.steward();
    assert!(integration(&world).is_active());
    assert_eq!(world.enter(Purpose::Provider, "right"), ProbeOutcome::Accepted);
}

#[test]
fn a_vault_that_cannot_seal_keeps_nothing() {
    let world = World::dormant();
    world.secrets.breaks(FaultKind::Transient);
    let entered = done(world.bridge.steward.enter(world.org, Purpose::Provider, &secret("provider")));
    assert!(
        matches!(entered, Err(Refusal::Secret(EnterError::Vault(fault))) if fault == vault(FaultKind::Transient))
    );
    let slot = CredentialSlot { organization: world.org, purpose: Purpose::Provider };
    assert_eq!(done(world.bridge.keyholder.credential(&slot)).unwrap(), None);
}

#[test]
fn a_name_belongs_to_one_organization() {
    let world = World::dormant();
    assert!(matches!(done(world.bridge.steward.found("Contoso", None)), Err(Refusal::NameTaken)));
    let unknown = uuid::Uuid::from_u128(9).into();
    assert!(matches!(done(world.bridge.steward.load(unknown)), Err(Refusal::Unknown)));
    assert_eq!(done(world.bridge.steward.list()).unwrap().len(), 1);
}

#[test]
fn a_declaration_is_noted_once() {
    let world = World::dormant();
    done(world.bridge.steward.declare(world.org, "digest")).unwrap();
    let once = world.organization();
    done(world.bridge.steward.declare(world.org, "digest")).unwrap();
    assert_eq!(once.declared.as_deref(), Some("digest"));
    assert_eq!(world.organization(), once);
}

#[test]
fn whoever_is_faster_is_not_overwritten() {
    let world = World::dormant();
    let store: MemoryStore = world.store.clone();
    let (mut organizations, mut first) = (crate::port::MockOrganizations::new(), true);
    let other = store.clone();
    organizations.expect_load().returning(move |id| done(crate::port::Organizations::load(&other, id)));
    organizations.expect_save().times(2).returning(move |change| {
        if std::mem::replace(&mut first, false) {
            return Ok(crate::port::Saved::Moved(None));
        }
        done(crate::port::Organizations::save(&store, change))
    });
    let bridge = world.another(|ports| ports.organizations = Arc::new(organizations));
    done(bridge.steward.accept_terms(world.org, TERMS)).unwrap();
    assert_eq!(integration(&world), Integration::AwaitingCredentials { terms: TERMS });
}
