//! A store with a backlog: registrations that wait, put there through the store's own ports and not through a CRM.

use uuid::Uuid;
use webinar_bridge_domain::fact::{Fact, FactKind, Step, Subject};
use webinar_bridge_domain::id::{
    CrmRecordId, Epoch, OrganizationId, ProviderPersonId, SourceId, Version, WebinarId,
};
use webinar_bridge_domain::integration::{Integration, TermsVersion};
use webinar_bridge_domain::person::{Digest, EmailKey, SealedDetails, SealedPerson};
use webinar_bridge_domain::port::{
    ClaimOrder, Home, Intake, IntakeBatch, IntakeGroup, Journalled, Lane, Opening, Organization,
    OrganizationChange, Organizations, Place, RegistrationChange, Settlement, Worklist,
};
use webinar_bridge_domain::registration::{
    Input, Observation, Outcome, Registration, RegistrationKey, RegistrationPolicy, Stance,
};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};
use webinar_bridge_storage::Store;

/// How many rows one transaction takes in.
pub(super) const AT_ONCE: u32 = 1_000;
/// As long as sealed details usually are.
const SEALED: usize = 180;

/// A store with one organization at work.
pub struct Backlog<'a> {
    store: &'a Store,
    organization: OrganizationId,
    epoch: Epoch,
    now: Timestamp,
}

impl<'a> Backlog<'a> {
    /// Puts an organization to work in `store`.
    pub async fn of(store: &'a Store, now: Timestamp) -> Self {
        let organization: OrganizationId = Uuid::from_u128(1).into();
        let integration = Integration::Active { terms: TermsVersion(1), newer: None };
        let next = Organization {
            id: organization,
            name: "Contoso".to_owned(),
            epoch: Epoch(0),
            integration,
            declared: None,
            accepted: None,
        };
        let change = OrganizationChange { expected: None, next, facts: vec![] };
        Organizations::save(store, &change).await.expect("the store works");
        let stored = Organizations::load(store, &organization).await.expect("the store works");
        let epoch = stored.expect("it was saved").item.epoch;
        Self { store, organization, epoch, now }
    }

    /// Has the people of these numbers wait, at webinars that start a day from now and later.
    pub async fn wait(&self, numbers: std::ops::Range<u32>) {
        let (mut from, end) = (numbers.start, numbers.end);
        while from < end {
            let to = from.saturating_add(AT_ONCE).min(end);
            let groups = (from..to).map(|n| self.group(n)).collect();
            let batch = batch_of(groups, self.organization, self.epoch, self.now);
            self.store.record(&batch).await.expect("the store works");
            from = to;
        }
    }

    fn group(&self, n: u32) -> IntakeGroup {
        let webinar: WebinarId = Uuid::from_u128(0xE000 + u128::from(n % 20)).into();
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.wrapping_mul(2_654_435_761).to_be_bytes());
        bytes[4..8].copy_from_slice(&n.to_be_bytes());
        let (key, digest) = (EmailKey::new(bytes), Digest::new(bytes));
        let person = SealedPerson { key, digest, details: SealedDetails::new(vec![7; SEALED]) };
        let starts = self.now + SignedDuration::from_hours(24 + i64::from(n % 20));
        Newcomer { n, organization: self.organization, webinar, starts, person }.group(self.now)
    }

    /// Claims, journals and settles up to `limit` rows as the deliver flow does, with nobody called; how many it were.
    pub async fn deliver(&self, limit: u32) -> usize {
        let lease = SignedDuration::from_secs(120);
        let order =
            ClaimOrder { organization: self.organization, lane: Lane::Deliver, limit, now: self.now, lease };
        let leased = self.store.claim(&order).await.expect("the store works");
        let open = |leased: &webinar_bridge_domain::port::Leased| {
            let next =
                stepped(&leased.registration, Input::Opened(leased.registration.next_call()), self.now);
            let facts = vec![fact(&leased.lease.key, FactKind::AttemptOpened, self.now)];
            Opening { lease: leased.lease, expected: leased.revision, next, facts, now: self.now }
        };
        let openings: Vec<Opening> = leased.iter().map(open).collect();
        let journalled = self.store.journal(&openings).await.expect("the store works");
        let end = |(opening, journalled): (&Opening, Journalled)| {
            let Journalled::Open(expected) = journalled else { panic!("nobody else works here") };
            let outcome = Outcome::Admitted(Some(ProviderPersonId::new("368919567")));
            let next = stepped(&opening.next, Input::Replied(outcome), self.now);
            let facts = vec![fact(&opening.lease.key, FactKind::RegistrationAdmitted, self.now)];
            Settlement { lease: opening.lease, expected, next: Some(next), facts, later: None }
        };
        let ends: Vec<Settlement> = openings.iter().zip(journalled).map(end).collect();
        self.store.settle(&ends).await.expect("the store works").len()
    }
}

/// Somebody whom the store does not know yet.
pub(super) struct Newcomer {
    pub(super) n: u32,
    pub(super) organization: OrganizationId,
    pub(super) webinar: WebinarId,
    pub(super) starts: Timestamp,
    pub(super) person: SealedPerson,
}

impl Newcomer {
    /// The CRM row of the person of that number.
    pub(super) fn source(n: u32) -> SourceId {
        Uuid::from_u128(0xA_0000_0000 + u128::from(n)).into()
    }

    /// The person as if the CRM had been read.
    pub(super) fn group(self, now: Timestamp) -> IntakeGroup {
        let Self { n, organization, webinar, starts, person } = self;
        let (source, contact): (SourceId, CrmRecordId) =
            (Self::source(n), Uuid::from_u128(0xC_0000_0000 + u128::from(n)).into());
        let key = RegistrationKey { organization, webinar, email: person.key };
        let (stance, read) = (Stance::Active(person.digest), Some((person.details, contact)));
        let seen = Input::Observed(Observation { source, version: Version(1), stance, read });
        let next = stepped(&Registration::new(key), seen, now);
        let place = Place::Registration(key);
        let home = Home { version: Version(1), place, event: webinar, contact, company: None };
        let facts = vec![fact(&key, FactKind::RegistrationObserved, now)];
        let change = RegistrationChange { expected: None, next, starts, deliverable: true, facts };
        IntakeGroup { homes: vec![(source, home)], registrations: vec![change] }
    }
}

/// What takes these in, and nothing else.
pub(super) fn batch_of(
    groups: Vec<IntakeGroup>,
    organization: OrganizationId,
    epoch: Epoch,
    now: Timestamp,
) -> IntakeBatch {
    let (finished, again, place, brakes) = Default::default();
    IntakeBatch { organization, epoch, groups, finished, again, place, brakes, now }
}

fn stepped(registration: &Registration, input: Input, now: Timestamp) -> Registration {
    match registration.on(input, now, &RegistrationPolicy::default()).expect("the machine allows it") {
        Step::Moved { next, .. } | Step::Noted { next } => next,
        Step::Ignored(why) => panic!("ignored: {why:?}"),
    }
}

fn fact(key: &RegistrationKey, kind: FactKind, now: Timestamp) -> Fact {
    let subject = Subject::Registration { webinar: key.webinar, person: key.email };
    Fact { organization: key.organization, subject, kind, at: now }
}
