//! What a store promises of the doors of CRMs.

use uuid::Uuid;
use webinar_bridge_domain::endpoint::{Endpoint, EndpointId, KeyDigest};
use webinar_bridge_domain::id::{OrganizationId, Revision, Stored};
use webinar_bridge_domain::port::{EndpointChange, Saved};

use crate::subject::StoreSubject;
use crate::world::{NOW, at};

fn organization(n: u128) -> OrganizationId {
    Uuid::from_u128(n).into()
}

fn endpoint(n: u128, of: u128) -> Endpoint {
    let id = EndpointId::from(Uuid::from_u128(n));
    Endpoint::new(id, organization(of), KeyDigest::new([7; 32]), NOW)
}

async fn save(s: &dyn StoreSubject, expected: Option<Revision>, next: &Endpoint) -> Saved<Endpoint> {
    let change = EndpointChange { expected, next: next.clone() };
    s.store().endpoints.save(&change).await.expect("the store works")
}

async fn of(s: &dyn StoreSubject, n: u128) -> Option<Stored<Endpoint>> {
    s.store().endpoints.of(&organization(n)).await.expect("the store works")
}

/// An endpoint is found by its name and by its organization, as it was stored, after a restart too.
pub async fn an_endpoint_is_read_as_it_was_stored(s: &mut dyn StoreSubject) {
    let made = endpoint(1, 10);
    let full = made.rotated(KeyDigest::new([8; 32]), at(5));
    let full = full.heard(at(6)).expect("heard for the first time");
    assert!(matches!(save(s, None, &full).await, Saved::Done(_)));
    s.reopen().await;
    assert_eq!(of(s, 10).await.map(|stored| stored.item), Some(full.clone()));
    let found = s.store().endpoints.find(&full.id).await.expect("the store works");
    assert_eq!(found.map(|stored| stored.item), Some(full));
    let nowhere = EndpointId::from(Uuid::from_u128(99));
    assert_eq!(s.store().endpoints.find(&nowhere).await, Ok(None));
    assert_eq!(of(s, 11).await, None);
}

/// An endpoint is saved from its newest reading.
pub async fn an_endpoint_is_saved_from_its_newest_reading(s: &mut dyn StoreSubject) {
    let first = endpoint(1, 10);
    let Saved::Done(revision) = save(s, None, &first).await else { panic!("not saved") };
    assert!(matches!(save(s, None, &first).await, Saved::Moved(Some(now)) if now.revision == revision));
    let second = first.clone().rotated(KeyDigest::new([8; 32]), at(1));
    assert!(matches!(save(s, Some(revision), &second).await, Saved::Done(next) if next > revision));
    let stale = save(s, Some(revision), &first).await;
    assert!(matches!(stale, Saved::Moved(Some(now)) if now.item == second));
}

/// A name belongs to one organization; a second that wants it is answered with the first.
pub async fn an_endpoint_has_one_organization(s: &mut dyn StoreSubject) {
    let mine = endpoint(1, 10);
    save(s, None, &mine).await;
    let answer = save(s, None, &endpoint(1, 11)).await;
    assert!(matches!(answer, Saved::Moved(Some(now)) if now.item == mine));
    assert_eq!(of(s, 11).await, None);
    assert!(matches!(save(s, None, &endpoint(2, 11)).await, Saved::Done(_)));
}

/// A closed endpoint is gone; the organization can have another.
pub async fn a_closed_endpoint_is_gone(s: &mut dyn StoreSubject) {
    save(s, None, &endpoint(1, 10)).await;
    save(s, None, &endpoint(2, 11)).await;
    assert_eq!(s.store().endpoints.close(&organization(10)).await, Ok(true));
    assert_eq!(s.store().endpoints.close(&organization(10)).await, Ok(false));
    assert_eq!(of(s, 10).await, None);
    assert!(of(s, 11).await.is_some(), "another organization's");
    assert!(matches!(save(s, None, &endpoint(3, 10)).await, Saved::Done(_)));
}
