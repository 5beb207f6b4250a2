//! What a store promises of facts.

use webinar_bridge_domain::fact::{Fact, FactKind, Subject};
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{ChronicleQuery, Entry};

use crate::subject::StoreSubject;
use crate::world::{NOW, StoreWorld, at};

async fn since(s: &dyn StoreSubject, organization: OrganizationId, after: u64, limit: u32) -> Vec<Entry> {
    let query = ChronicleQuery { organization, after, limit };
    s.store().chronicle.since(&query).await.expect("the store works")
}

/// All facts of an organization.
pub(super) async fn facts_of(s: &dyn StoreSubject, organization: OrganizationId) -> Vec<Fact> {
    since(s, organization, 0, 10_000).await.into_iter().map(|entry| entry.fact).collect()
}

/// Facts are stored with the states that they explain, and come back in that order.
pub async fn facts_come_back_in_the_order_of_their_states(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    world.deliver(key, StoreWorld::admitted(key), at(1)).await;
    let subject = Subject::Registration { webinar: key.webinar, person: key.email };
    let organization = world.organization;
    let fact = |kind, minutes| Fact { organization, subject, kind, at: at(minutes) };
    let expected = [
        fact(FactKind::RegistrationObserved, 0),
        fact(FactKind::AttemptOpened, 1),
        fact(FactKind::RegistrationAdmitted, 1),
    ];
    assert_eq!(facts_of(s, organization).await, expected);
    drop(world);
    s.reopen().await;
    assert_eq!(facts_of(s, organization).await, expected);
}

/// Positions rise, and a reader that goes on from the last one misses nothing and reads nothing twice.
pub async fn positions_lead_on(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    for person in 1..=5 {
        world.register(person).await;
        other.register(person).await;
    }
    let all = since(s, world.organization, 0, 100).await;
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted_by(|one, next| one.position < next.position));
    assert!(all[0].position > 0);
    let (mut read, mut after) = (vec![], 0);
    loop {
        let page = since(s, world.organization, after, 2).await;
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = last.position;
        read.extend(page);
    }
    assert_eq!(read, all);
}

/// One organization's facts are none of another's.
pub async fn facts_of_organizations_are_apart(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    world.register(1).await;
    assert_eq!(facts_of(s, other.organization).await, []);
    assert_eq!(facts_of(s, world.organization).await.len(), 1);
}

/// Every kind of fact and subject is read as it was stored.
pub async fn every_fact_is_read_as_it_was_stored(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.key(1);
    let subjects = [
        Subject::Registration { webinar: key.webinar, person: key.email },
        Subject::Webinar(key.webinar),
        Subject::Organization,
        Subject::Credential,
    ];
    let organization = world.organization;
    let fact = |(kind, subject): (&FactKind, Subject)| Fact { organization, subject, kind: *kind, at: NOW };
    let facts: Vec<Fact> = FactKind::ALL.iter().zip(subjects.into_iter().cycle()).map(fact).collect();
    let next = StoreWorld::registration(key, [StoreWorld::active(1, 1, 1)]);
    let mut change = world.change(None, next);
    change.facts.clone_from(&facts);
    let group = webinar_bridge_domain::port::IntakeGroup { registrations: vec![change], homes: vec![] };
    world.store.intake.record(&world.batch(vec![group])).await.expect("the store works");
    assert_eq!(facts_of(s, organization).await, facts);
}
