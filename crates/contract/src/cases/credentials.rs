//! What a store promises of credentials.

use uuid::Uuid;
use webinar_bridge_domain::credential::{
    Credential, CredentialSlot, CredentialState, Purpose, SealedSecret, SecretVersion,
};
use webinar_bridge_domain::fact::{Fact, FactKind, Subject};
use webinar_bridge_domain::id::{Revision, Stored};
use webinar_bridge_domain::port::{CredentialChange, Saved};

use crate::subject::StoreSubject;
use crate::world::{NOW, StoreWorld, at};

fn slot(world: &StoreWorld, purpose: Purpose) -> CredentialSlot {
    CredentialSlot { organization: world.organization, purpose }
}

fn secret(version: u64) -> SecretVersion {
    let sealed = SealedSecret::new(vec![0, 255, 7, u8::try_from(version).unwrap_or(0)]);
    SecretVersion { version, sealed, entered: at(1) }
}

fn entered(slot: CredentialSlot, id: u128) -> Credential {
    Credential::entered(Uuid::from_u128(id).into(), slot, secret(1))
}

async fn save(s: &dyn StoreSubject, expected: Option<Revision>, next: &Credential) -> Saved<Credential> {
    let facts = vec![Fact {
        organization: next.slot.organization,
        subject: Subject::Credential,
        kind: FactKind::CredentialEntered,
        at: NOW,
    }];
    let change = CredentialChange { expected, next: next.clone(), facts };
    s.store().credentials.save(&change).await.expect("the store works")
}

async fn load(s: &dyn StoreSubject, slots: &[CredentialSlot]) -> Vec<Option<Stored<Credential>>> {
    s.store().credentials.load(slots).await.expect("the store works")
}

#[track_caller]
fn done(saved: &Saved<Credential>) -> Revision {
    let Saved::Done(revision) = *saved else { panic!("not saved: {saved:?}") };
    revision
}

/// A credential is read as it was stored, slot by slot, in order.
pub async fn a_credential_is_read_as_it_was_stored(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let (provider, crm) = (slot(&world, Purpose::Provider), slot(&world, Purpose::Crm));
    drop(world);
    let state = CredentialState::Rotating { current: secret(2), candidate: secret(3) };
    let whole = Credential {
        state,
        last_success: Some(at(3)),
        previous: Some((secret(1), at(1_440))),
        ..entered(provider, 1)
    };
    let revision = done(&save(s, None, &whole).await);
    let stored = Some(Stored { item: whole, revision });
    assert_eq!(load(s, &[crm, provider, crm]).await, [None, stored.clone(), None]);
    s.reopen().await;
    assert_eq!(load(s, &[provider]).await, [stored]);
}

/// Who saves from an older reading of the slot is told what it is now, and writes nothing.
pub async fn a_credential_is_saved_from_its_newest_reading(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let slot = slot(&world, Purpose::Provider);
    let first = done(&save(s, None, &entered(slot, 1)).await);
    let next = Credential { last_success: Some(NOW), ..entered(slot, 1) };
    let second = done(&save(s, Some(first), &next).await);
    assert!(second > first);
    let now = load(s, &[slot]).await.remove(0);
    for expected in [None, Some(first)] {
        assert_eq!(save(s, expected, &entered(slot, 1)).await, Saved::Moved(now.clone()));
    }
    assert_eq!(load(s, &[slot]).await, [now]);
    let told = super::chronicle::facts_of(s, world.organization).await;
    assert_eq!(told.len(), 2, "one fact a save that was done");
}

/// What expects a credential in an empty slot is told that it is gone.
pub async fn a_credential_that_is_gone_is_told_so(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let slot = slot(&world, Purpose::Provider);
    assert_eq!(save(s, Some(Revision(1)), &entered(slot, 1)).await, Saved::Moved(None));
    assert_eq!(load(s, &[slot]).await, [None]);
}

/// A new credential takes the place of a revoked one in its slot.
pub async fn a_new_credential_takes_the_place_of_a_revoked_one(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let slot = slot(&world, Purpose::Crm);
    let first = done(&save(s, None, &entered(slot, 1)).await);
    let state = CredentialState::Revoked { at: NOW, version: 1 };
    let revoked = done(&save(s, Some(first), &Credential { state, ..entered(slot, 1) }).await);
    let again = Credential { state: CredentialState::Unproven(secret(2)), ..entered(slot, 2) };
    let revision = done(&save(s, Some(revoked), &again).await);
    assert_eq!(load(s, &[slot]).await, [Some(Stored { item: again, revision })]);
}

/// Slots of two organizations are apart.
pub async fn slots_of_organizations_are_apart(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    let (mine, theirs) = (slot(&world, Purpose::Provider), slot(&other, Purpose::Provider));
    done(&save(s, None, &entered(mine, 1)).await);
    assert_eq!(load(s, &[theirs]).await, [None]);
    done(&save(s, None, &entered(theirs, 2)).await);
    let found = load(s, &[theirs, mine]).await;
    let ids: Vec<_> = found.into_iter().flatten().map(|stored| stored.item.id.uuid().as_u128()).collect();
    assert_eq!(ids, [2, 1]);
}
