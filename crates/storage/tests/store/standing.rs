//! Organizations, webinars, credentials, keys and tokens.

use webinar_bridge_domain::balance::Exclusion;
use webinar_bridge_domain::credential::{
    Credential, CredentialSlot, CredentialState, Purpose, SealedSecret, SecretVersion,
};
use webinar_bridge_domain::fact::{Fact, FactKind, Subject};
use webinar_bridge_domain::id::{ProviderEventId, Revision, Stored, Version};
use webinar_bridge_domain::metrics::{MetricsSync, SyncState};
use webinar_bridge_domain::port::{
    Chronicle as _, ChronicleQuery, CredentialChange, CredentialStore, CrmRow, CrmTable, Intake as _,
    IntakeGroup, KeyShelf, Lane, OrganizationChange, Organizations, Place, Recorded, Saved, SyncLedger,
    TokenDigest, TokenShelf as _, WebinarChange, WebinarStore,
};
use webinar_bridge_domain::webinar::{Link, Webinar};
use webinar_bridge_storage::Store;

use crate::given::{
    ACTIVE, at, batch, claim, due, group, home, id, in_memory, key, organization, record_id, stand, wanted,
};

fn webinar(link: Link, starts: i64) -> Webinar {
    let (title, starts, ends, version) = ("Title".to_owned(), at(starts), at(starts + 60), Version(1));
    Webinar { id: id(50), organization: id(1), title, starts, ends, link, version }
}

fn linked() -> Link {
    Link::Linked(ProviderEventId::new("event-1"))
}

async fn save(store: &Store, expected: Option<Revision>, next: Webinar) -> Saved<Webinar> {
    let change = WebinarChange { expected, next, sync: None, facts: vec![] };
    WebinarStore::save(store, &change).await.unwrap()
}

async fn hinted(store: &Store) -> Vec<CrmRow> {
    store.hints(&id(1), 99).await.unwrap().into_iter().map(|hint| hint.row).collect()
}

#[tokio::test]
async fn every_save_of_an_organization_raises_its_epoch() {
    let store = in_memory().await;
    let facts = vec![Fact {
        organization: id(1),
        subject: Subject::Organization,
        kind: FactKind::TermsAccepted,
        at: at(1),
    }];
    let change = OrganizationChange { expected: None, next: organization(1, ACTIVE), facts: facts.clone() };
    let Saved::Done(first) = Organizations::save(&store, &change).await.unwrap() else { panic!() };
    let stored = Organizations::load(&store, &id(1)).await.unwrap().unwrap();
    assert_eq!(stored.revision, first);
    assert_eq!(Organizations::save(&store, &change).await.unwrap(), Saved::Moved(Some(stored.clone())));
    let change = OrganizationChange { expected: Some(first), ..change };
    assert!(matches!(Organizations::save(&store, &change).await.unwrap(), Saved::Done(_)));
    let after = Organizations::load(&store, &id(1)).await.unwrap().unwrap();
    assert!(after.item.epoch > stored.item.epoch && after.revision > first);
    let query = ChronicleQuery { organization: id(1), after: 0, limit: 9 };
    assert_eq!(store.since(&query).await.unwrap().len(), 2);
    assert_eq!(store.since(&query).await.unwrap()[0].fact, facts[0]);
}

#[tokio::test]
async fn a_name_belongs_to_one_organization() {
    let store = in_memory().await;
    stand(&store, 2, ACTIVE).await;
    stand(&store, 1, ACTIVE).await;
    let first = Organizations::load(&store, &id(1)).await.unwrap().unwrap();
    let mut next = organization(3, ACTIVE);
    next.name.clone_from(&first.item.name);
    let change = OrganizationChange { expected: None, next, facts: vec![] };
    assert_eq!(Organizations::save(&store, &change).await.unwrap(), Saved::Moved(Some(first)));
    assert_eq!(Organizations::load(&store, &id(3)).await.unwrap(), None);
    let names = Organizations::list(&store).await.unwrap();
    assert_eq!(
        names.iter().map(|one| one.item.name.as_str()).collect::<Vec<_>>(),
        ["Organization 1", "Organization 2"]
    );
    let gone =
        OrganizationChange { expected: Some(Revision(1)), next: organization(9, ACTIVE), facts: vec![] };
    assert_eq!(Organizations::save(&store, &gone).await.unwrap(), Saved::Moved(None));
}

#[tokio::test]
async fn a_new_link_makes_every_row_of_the_event_a_hint() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    let waiting = Place::Excluded(Exclusion::NotAWebinar);
    let homes = [(1, 50, waiting), (2, 50, Place::Deleted(None)), (3, 51, waiting)];
    let homes = homes.map(|(source, event, place)| (id(source), home(place, id(event), 1))).into();
    store.record(&batch(1, epoch, vec![IntakeGroup { registrations: vec![], homes }])).await.unwrap();
    let row = CrmRow { table: CrmTable::Registrations, id: record_id(1) };
    let Saved::Done(first) = save(&store, None, webinar(Link::Waiting, 100)).await else { panic!() };
    assert_eq!(hinted(&store).await, [row]);
    let before = store.hints(&id(1), 9).await.unwrap();
    let Saved::Done(second) = save(&store, Some(first), webinar(Link::Waiting, 200)).await else { panic!() };
    assert_eq!(store.hints(&id(1), 9).await.unwrap(), before);
    save(&store, Some(second), webinar(linked(), 200)).await;
    assert!(store.hints(&id(1), 9).await.unwrap()[0].generation > before[0].generation);
}

#[tokio::test]
async fn a_webinar_tells_its_registrations_how_urgent_they_are_and_whether_they_may_go() {
    let store = in_memory().await;
    let epoch = due(&store, 1).await;
    let mut other = group(wanted(key(1, 51, 2), 102, at(0)), None, at(500));
    other.registrations[0].deliverable = true;
    store.record(&batch(1, epoch, vec![other])).await.unwrap();
    let Saved::Done(first) = save(&store, None, webinar(Link::Waiting, 100)).await else { panic!() };
    let leased = claim(&store, Lane::Deliver, 9, at(1)).await;
    assert_eq!(leased.iter().map(|leased| leased.lease.key).collect::<Vec<_>>(), [key(1, 51, 2)]);
    save(&store, Some(first), webinar(linked(), 100)).await;
    let leased = claim(&store, Lane::Deliver, 9, at(500)).await;
    let keys: Vec<_> = leased.iter().map(|leased| leased.lease.key).collect();
    assert_eq!(keys, [key(1, 50, 1), key(1, 51, 2)]);
    // What is taken in later from an older reading of the webinar goes out all the same.
    let mut late = group(wanted(key(1, 50, 3), 103, at(0)), None, at(9_000));
    late.registrations[0].deliverable = false;
    assert_eq!(store.record(&batch(1, epoch, vec![late])).await.unwrap(), Recorded::Done { conflicts: 0 });
    assert_eq!(claim(&store, Lane::Deliver, 9, at(500)).await.len(), 1);
}

#[tokio::test]
async fn a_webinar_and_its_sync_are_stored_together_or_not_at_all() {
    let store = in_memory().await;
    let state = SyncState::Closed { at: at(1) };
    let sync = MetricsSync { organization: id(1), webinar: id(50), ends: at(9), state };
    let change = WebinarChange {
        expected: None,
        next: webinar(linked(), 1),
        sync: Some((None, sync.clone())),
        facts: vec![],
    };
    let Saved::Done(revision) = WebinarStore::save(&store, &change).await.unwrap() else { panic!() };
    assert_eq!(SyncLedger::find(&store, &id(1), &id(50)).await.unwrap().unwrap().item, sync);
    let next = WebinarChange { expected: Some(revision), next: webinar(Link::Foreign, 1), ..change.clone() };
    let stored = Stored { item: change.next.clone(), revision };
    assert_eq!(WebinarStore::save(&store, &next).await.unwrap(), Saved::Moved(Some(stored.clone())));
    let found = WebinarStore::find(&store, &id(1), &[id(51), id(50)]).await.unwrap();
    assert_eq!(found, [None, Some(stored)]);
    assert_eq!(save(&store, None, webinar(linked(), 7)).await, Saved::Moved(found[1].clone()));
    assert_eq!(WebinarStore::list(&store, &id(1)).await.unwrap(), [change.next]);
    save(&store, Some(revision), webinar(Link::Foreign, 1)).await;
    assert!(WebinarStore::list(&store, &id(1)).await.unwrap().is_empty());
}

fn credential(n: u128, version: u64) -> Credential {
    let slot = CredentialSlot { organization: id(1), purpose: Purpose::Crm };
    let sealed = SealedSecret::new(vec![1, 2, 3, version.to_be_bytes()[7]]);
    Credential::entered(id(n), slot, SecretVersion { version, sealed, entered: at(0) })
}

#[tokio::test]
async fn a_slot_has_one_credential_and_one_next_one() {
    let store = in_memory().await;
    let first = credential(1, 1);
    let change = CredentialChange { expected: None, next: first.clone(), facts: vec![] };
    let Saved::Done(revision) = CredentialStore::save(&store, &change).await.unwrap() else { panic!() };
    let stored = Some(Stored { item: first.clone(), revision });
    assert_eq!(CredentialStore::save(&store, &change).await.unwrap(), Saved::Moved(stored.clone()));
    let other = CredentialSlot { purpose: Purpose::Provider, ..first.slot };
    let found = CredentialStore::load(&store, &[other, first.slot, first.slot]).await.unwrap();
    assert_eq!(found, [None, stored.clone(), stored]);
    let revoked = Credential { state: CredentialState::Revoked { at: at(1), version: 1 }, ..first };
    let change = CredentialChange { expected: Some(revision), next: revoked, facts: vec![] };
    let Saved::Done(revision) = CredentialStore::save(&store, &change).await.unwrap() else { panic!() };
    let change = CredentialChange { expected: Some(revision), next: credential(2, 2), facts: vec![] };
    assert!(matches!(CredentialStore::save(&store, &change).await.unwrap(), Saved::Done(_)));
}

#[tokio::test]
async fn the_first_data_key_wins_until_it_is_destroyed() {
    let store = in_memory().await;
    let (one, two) = (SealedSecret::new(vec![1]), SealedSecret::new(vec![2]));
    assert_eq!(KeyShelf::load(&store, &id(1)).await.unwrap(), None);
    assert_eq!(KeyShelf::save(&store, &id(1), &one).await.unwrap(), one);
    assert_eq!(KeyShelf::save(&store, &id(1), &two).await.unwrap(), one);
    assert_eq!(KeyShelf::load(&store, &id(1)).await.unwrap(), Some(one));
    store.destroy(&id(1)).await.unwrap();
    assert_eq!(KeyShelf::load(&store, &id(1)).await.unwrap(), None);
}

#[tokio::test]
async fn a_token_is_as_old_as_its_first_admission() {
    let store = in_memory().await;
    let (one, other) = (TokenDigest([1; 32]), TokenDigest([2; 32]));
    assert_eq!(store.admitted(&one).await.unwrap(), None);
    assert_eq!(store.admit(&one, at(1)).await.unwrap(), at(1));
    assert_eq!(store.admit(&one, at(9)).await.unwrap(), at(1));
    assert_eq!(store.admitted(&one).await.unwrap(), Some(at(1)));
    assert_eq!(store.admitted(&other).await.unwrap(), None);
}
