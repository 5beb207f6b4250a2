//! What a store promises of organizations.

use webinar_bridge_domain::fact::{Fact, FactKind, Subject};
use webinar_bridge_domain::id::{Epoch, Revision};
use webinar_bridge_domain::integration::{Integration, TermsVersion, Then};
use webinar_bridge_domain::port::{Lane, Organization, OrganizationChange, Saved, SyncClaim};
use webinar_bridge_domain::time::SignedDuration;

use super::ledger::plan;
use crate::subject::StoreSubject;
use crate::world::{NOW, StoreWorld, at};

fn named(n: u128, name: &str) -> Organization {
    StoreWorld::organization_named(StoreWorld::organization_id(n), name)
}

fn change(expected: Option<Revision>, next: Organization) -> OrganizationChange {
    OrganizationChange { expected, next, facts: vec![] }
}

async fn save(s: &dyn StoreSubject, change: &OrganizationChange) -> Saved<Organization> {
    s.store().organizations.save(change).await.expect("the store works")
}

#[track_caller]
fn done(saved: &Saved<Organization>) -> Revision {
    let Saved::Done(revision) = *saved else { panic!("not saved: {saved:?}") };
    revision
}

/// An organization is read as it was stored, but for the epoch, which is the store's.
pub async fn an_organization_is_read_as_it_was_stored(s: &mut dyn StoreSubject) {
    let whole = Organization {
        integration: Integration::Draining {
            terms: TermsVersion(3),
            newer: Some(TermsVersion(4)),
            then: Then::Terms,
        },
        declared: Some("b6d8…digest".into()),
        ..named(1, "Müller & Söhne „明子“")
    };
    let revision = done(&save(s, &change(None, whole.clone())).await);
    let loaded = s.store().organizations.load(&whole.id).await.expect("the store works").expect("stored");
    let epoch = loaded.item.epoch;
    assert_eq!(loaded.revision, revision);
    assert_eq!(loaded.item, Organization { epoch, ..whole });
    let nobody = s.store().organizations.load(&StoreWorld::organization_id(9)).await;
    assert_eq!(nobody, Ok(None));
}

/// The epoch rises with every save, whatever the caller says it is.
pub async fn the_epoch_rises_with_every_save(s: &mut dyn StoreSubject) {
    let mut revision = None;
    let mut last = None;
    for claimed in [7, 0, 9_000] {
        let next = Organization { epoch: Epoch(claimed), ..named(1, "one") };
        revision = Some(done(&save(s, &change(revision, next)).await));
        let stored = s.store().organizations.load(&StoreWorld::organization_id(1)).await;
        let stored = stored.expect("the store works").expect("stored");
        assert_eq!(Some(stored.revision), revision);
        assert!(Some(stored.item.epoch) > last, "the epoch did not rise");
        last = Some(stored.item.epoch);
    }
}

/// Who saves from an older reading is told what it is now, and writes nothing, the epoch included.
pub async fn an_organization_is_saved_from_its_newest_reading(s: &mut dyn StoreSubject) {
    let first = done(&save(s, &change(None, named(1, "one"))).await);
    done(&save(s, &change(Some(first), named(1, "two"))).await);
    let id = StoreWorld::organization_id(1);
    let now = s.store().organizations.load(&id).await.expect("the store works");
    for expected in [None, Some(first)] {
        let saved = save(s, &change(expected, named(1, "three"))).await;
        assert_eq!(saved, Saved::Moved(now.clone()));
    }
    assert_eq!(s.store().organizations.load(&id).await, Ok(now));
}

/// A name belongs to one organization; a second of it is answered with the first, also when it is renamed.
pub async fn a_second_of_a_name_is_answered_with_the_first(s: &mut dyn StoreSubject) {
    done(&save(s, &change(None, named(1, "one"))).await);
    let first = s.store().organizations.load(&StoreWorld::organization_id(1)).await.expect("the store works");
    assert_eq!(save(s, &change(None, named(2, "one"))).await, Saved::Moved(first.clone()));
    assert_eq!(s.store().organizations.load(&StoreWorld::organization_id(2)).await, Ok(None));
    let second = done(&save(s, &change(None, named(2, "two"))).await);
    assert_eq!(save(s, &change(Some(second), named(2, "one"))).await, Saved::Moved(first));
    done(&save(s, &change(Some(second), named(2, "three"))).await);
}

/// All organizations are listed by name.
pub async fn organizations_are_listed_by_name(s: &mut dyn StoreSubject) {
    assert_eq!(s.store().organizations.list().await, Ok(vec![]));
    for (n, name) in [(1, "beta"), (2, "gamma"), (3, "alpha")] {
        done(&save(s, &change(None, named(n, name))).await);
    }
    let all = s.store().organizations.list().await.expect("the store works");
    let names: Vec<_> = all.iter().map(|stored| stored.item.name.as_str()).collect();
    assert_eq!(names, ["alpha", "beta", "gamma"]);
}

/// Leases from before the organization's newest epoch run until they are over or given back, in either lane and of
/// syncs; those of the newest epoch do not count.
pub async fn leases_of_older_epochs_are_running(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let running = async |minutes: i64| {
        let organization = &world.organization;
        world.store.organizations.running(organization, at(minutes)).await.expect("the store works")
    };
    world.register(1).await;
    let answering = world.register(2).await;
    world.deliver(answering, StoreWorld::admitted(answering), NOW).await;
    plan(&world, 1, NOW).await;
    let delivering = world.claim_one(Lane::Deliver, NOW).await;
    world.claim_one(Lane::Answer, NOW).await;
    let claim = SyncClaim {
        organization: world.organization,
        limit: 9,
        now: NOW,
        lease: SignedDuration::from_mins(3),
    };
    assert_eq!(world.store.ledger.claim(&claim).await.expect("the store works").len(), 1);
    assert_eq!(running(0).await, 0, "these are of the newest epoch");
    world.integrate(Integration::Draining { terms: TermsVersion(1), newer: None, then: Then::Nothing }).await;
    assert_eq!(running(0).await, 3);
    world.settle(&[StoreWorld::release(&delivering)]).await;
    assert_eq!(running(0).await, 2);
    assert_eq!(running(2).await, 1, "a lease that is over does not run");
    assert_eq!(running(3).await, 0);
    let other = StoreWorld::of_organization(s, 2).await;
    assert_eq!(other.store.organizations.running(&other.organization, NOW).await, Ok(0));
}

/// A save and its facts are stored together; a save that is not done leaves no fact.
pub async fn an_organization_is_stored_with_its_facts(s: &mut dyn StoreSubject) {
    let organization = StoreWorld::organization_id(1);
    let fact = |kind| Fact { organization, subject: Subject::Organization, kind, at: NOW };
    let facts = vec![fact(FactKind::TermsAccepted), fact(FactKind::IntegrationActivated)];
    let first = OrganizationChange { facts: facts.clone(), ..change(None, named(1, "one")) };
    done(&save(s, &first).await);
    assert!(matches!(save(s, &first).await, Saved::Moved(_)));
    assert_eq!(super::chronicle::facts_of(s, organization).await, facts);
}
