//! What a case takes as given.

use std::collections::BTreeSet;

use uuid::Uuid;
use webinar_bridge_domain::fact::{Fact, FactKind, Step, Subject};
use webinar_bridge_domain::id::{CrmRecordId, Epoch, OrganizationId, Revision, SourceId, Version, WebinarId};
use webinar_bridge_domain::integration::{Integration, TermsVersion};
use webinar_bridge_domain::person::{Digest, EmailKey, SealedDetails};
use webinar_bridge_domain::port::{
    ClaimOrder, Home, Intake as _, IntakeBatch, IntakeGroup, Lane, Leased, Opening, Organization,
    OrganizationChange, Organizations, Place, Recorded, RegistrationChange, Saved, Settlement, Worklist,
};
use webinar_bridge_domain::registration::{
    Input, Observation, Outcome, Registration, RegistrationKey, RegistrationPolicy, Stance,
};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};
use webinar_bridge_storage::{StorageSettings, Store, open};

pub(crate) const LEASE: SignedDuration = SignedDuration::from_secs(120);

/// A moment, in seconds after the beginning of the case.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_microsecond(1_800_000_000_000_000 + seconds * 1_000_000 + 7).unwrap()
}

pub(crate) fn id<T: From<Uuid>>(n: u128) -> T {
    T::from(Uuid::from_u128(n))
}

pub(crate) async fn in_memory() -> Store {
    open(&StorageSettings::at("sqlite::memory:")).await.unwrap()
}

pub(crate) fn settings_in(folder: &tempfile::TempDir) -> StorageSettings {
    StorageSettings::at(format!("sqlite://{}", folder.path().join("data/bridge.db").display()))
}

pub(crate) const ACTIVE: Integration = Integration::Active { terms: TermsVersion(1), newer: None };

pub(crate) fn organization(n: u128, integration: Integration) -> Organization {
    let (name, epoch) = (format!("Organization {n}"), Epoch(0));
    Organization { id: id(n), name, epoch, integration, declared: None, accepted: None }
}

/// Saves the next state of organization `n`, and says its epoch.
pub(crate) async fn stand(store: &Store, n: u128, integration: Integration) -> Epoch {
    let known = Organizations::load(store, &id(n)).await.unwrap();
    let change = OrganizationChange {
        expected: known.map(|known| known.revision),
        next: organization(n, integration),
        facts: vec![],
    };
    let saved = Organizations::save(store, &change).await.unwrap();
    assert!(matches!(saved, Saved::Done(_)));
    Organizations::load(store, &id(n)).await.unwrap().unwrap().item.epoch
}

pub(crate) fn key(organization: u128, webinar: u128, person: u8) -> RegistrationKey {
    RegistrationKey {
        organization: id(organization),
        webinar: id(webinar),
        email: EmailKey::new([person; 32]),
    }
}

pub(crate) fn wide_key(organization: u128, webinar: u128, person: u32) -> RegistrationKey {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&person.to_be_bytes());
    RegistrationKey { email: EmailKey::new(bytes), ..key(organization, webinar, 0) }
}

pub(crate) fn step(registration: &Registration, input: Input, now: Timestamp) -> Registration {
    match registration.on(input, now, &RegistrationPolicy::default()).unwrap() {
        Step::Moved { next, .. } | Step::Noted { next } => next,
        Step::Ignored(why) => panic!("ignored: {why:?}"),
    }
}

pub(crate) fn seen(source: u128, version: u64, stance: Stance) -> Input {
    let read = matches!(stance, Stance::Active(_) | Stance::Cancelled)
        .then(|| (SealedDetails::new(vec![source.to_be_bytes()[15]; 24]), id(source + 1_000)));
    Input::Observed(Observation { source: id(source), version: Version(version), stance, read })
}

/// A registration that one row asks for, due at once.
pub(crate) fn wanted(key: RegistrationKey, source: u128, now: Timestamp) -> Registration {
    step(&Registration::new(key), seen(source, 1, Stance::Active(Digest::new([1; 32]))), now)
}

pub(crate) fn home(place: Place, event: WebinarId, version: u64) -> Home {
    Home { version: Version(version), place, event, contact: id(900), company: Some(id(901)) }
}

pub(crate) fn fact(key: &RegistrationKey, kind: FactKind, now: Timestamp) -> Fact {
    let subject = Subject::Registration { webinar: key.webinar, person: key.email };
    Fact { organization: key.organization, subject, kind, at: now }
}

/// A group that takes a registration in, with the homes of all its rows.
pub(crate) fn group(next: Registration, expected: Option<Revision>, starts: Timestamp) -> IntakeGroup {
    let key = next.key;
    let homes = next.sources.iter().map(|(source, row)| {
        let place = Place::Registration(key);
        (*source, Home { version: row.version, ..home(place, key.webinar, 0) })
    });
    let facts = vec![fact(&key, FactKind::RegistrationObserved, at(0))];
    IntakeGroup {
        homes: homes.collect(),
        registrations: vec![RegistrationChange { expected, next, starts, deliverable: true, facts }],
    }
}

pub(crate) fn batch(organization: u128, epoch: Epoch, groups: Vec<IntakeGroup>) -> IntakeBatch {
    let (finished, again, place, brakes, now) = (vec![], vec![], None, vec![], at(0));
    IntakeBatch { organization: id(organization), epoch, groups, finished, again, place, brakes, now }
}

/// Takes registrations in that nobody knows yet.
pub(crate) async fn take_in(store: &Store, epoch: Epoch, registrations: Vec<(Registration, Timestamp)>) {
    let organization: OrganizationId = registrations[0].0.key.organization;
    let groups = registrations.into_iter().map(|(next, starts)| group(next, None, starts)).collect();
    let batch = batch(organization.uuid().as_u128(), epoch, groups);
    assert_eq!(store.record(&batch).await.unwrap(), Recorded::Done { conflicts: 0 });
}

/// An organization at work with `people` due registrations at webinar 50, which starts at 1000.
pub(crate) async fn due(store: &Store, people: u8) -> Epoch {
    let epoch = stand(store, 1, ACTIVE).await;
    let one = |n: u8| (wanted(key(1, 50, n), 100 + u128::from(n), at(0)), at(1000));
    take_in(store, epoch, (1..=people).map(one).collect()).await;
    epoch
}

pub(crate) async fn claim(store: &Store, lane: Lane, limit: u32, now: Timestamp) -> Vec<Leased> {
    let order = ClaimOrder { organization: id(1), lane, limit, now, lease: LEASE };
    Worklist::claim(store, &order).await.unwrap()
}

pub(crate) fn opening(leased: &Leased, now: Timestamp) -> Opening {
    let next = step(&leased.registration, Input::Opened(leased.registration.next_call()), now);
    let facts = vec![fact(&leased.lease.key, FactKind::AttemptOpened, now)];
    Opening { lease: leased.lease, expected: leased.revision, next, facts, now }
}

/// The end of an attempt that the provider admitted.
pub(crate) fn admitted(opening: &Opening, expected: Revision, person: &str, now: Timestamp) -> Settlement {
    use webinar_bridge_domain::id::ProviderPersonId;
    let outcome = Outcome::Admitted(Some(ProviderPersonId::new(person)));
    let next = step(&opening.next, Input::Replied(outcome), now);
    let facts = vec![fact(&opening.lease.key, FactKind::RegistrationAdmitted, now)];
    Settlement { lease: opening.lease, expected, next: Some(next), facts, later: None }
}

pub(crate) fn released(leased: &Leased) -> Settlement {
    Settlement { lease: leased.lease, expected: leased.revision, next: None, facts: vec![], later: None }
}

pub(crate) fn sources(sources: &[u128]) -> BTreeSet<SourceId> {
    sources.iter().map(|n| id(*n)).collect()
}

pub(crate) fn record_id(n: u128) -> CrmRecordId {
    id(n)
}

/// Journals and settles as admitted whatever is due; how many that were.
pub(crate) async fn deliver_all(store: &Store, now: Timestamp) -> usize {
    use webinar_bridge_domain::port::Journalled;
    let leased = claim(store, Lane::Deliver, 1_000, now).await;
    let openings: Vec<Opening> = leased.iter().map(|leased| opening(leased, now)).collect();
    let journalled = store.journal(&openings).await.unwrap();
    let ends = openings.iter().zip(journalled).map(|(opening, journalled)| match journalled {
        Journalled::Open(revision) => admitted(opening, revision, "p", now),
        other => panic!("{other:?}"),
    });
    let ends: Vec<Settlement> = ends.collect();
    Worklist::settle(store, &ends).await.unwrap().len()
}
