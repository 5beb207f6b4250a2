use uuid::Uuid;
use webinar_bridge_domain::fact::{Fact, FactKind, Step, Subject};
use webinar_bridge_domain::id::{
    CrmRecordId, Epoch, OrganizationId, ProviderEventId, ProviderPersonId, Revision, SourceId, Stored,
    Version, WebinarId,
};
use webinar_bridge_domain::integration::{Integration, TermsVersion};
use webinar_bridge_domain::person::{Digest, EmailKey, SealedDetails};
use webinar_bridge_domain::port::{
    ClaimOrder, Home, IntakeBatch, IntakeGroup, Lane, Leased, Opening, Organization, OrganizationChange,
    Place, Recorded, RegistrationChange, Saved, Settled, Settlement, WebinarChange,
};
use webinar_bridge_domain::registration::{
    Input, Observation, Outcome, Phase, Registration, RegistrationKey, RegistrationPolicy, Stance,
};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};
use webinar_bridge_domain::webinar::{Link, Webinar};

use super::{NOW, at};
use crate::subject::{StorePorts, StoreSubject};

/// How long the leases of [`StoreWorld::claim`] are.
const LEASE: SignedDuration = SignedDuration::from_mins(2);

/// A store with an organization at work, and builders for what is put there.
///
/// Webinar 1 is linked and starts a day after [`NOW`]. Persons, sources and webinars are named by small numbers.
#[derive(Clone)]
pub struct StoreWorld {
    /// The store.
    pub store: StorePorts,
    /// The organization.
    pub organization: OrganizationId,
    /// Its epoch, as it was when this was made.
    pub epoch: Epoch,
}

impl StoreWorld {
    /// The world of organization 1, made in the subject's store.
    pub async fn of(subject: &dyn StoreSubject) -> Self {
        Self::of_organization(subject, 1).await
    }

    /// The world of another organization in the same store.
    pub async fn of_organization(subject: &dyn StoreSubject, n: u128) -> Self {
        let store = subject.store();
        let organization = Self::organization_id(n);
        let next = Self::organization_named(organization, &format!("organization {n}"));
        save(&store, None, next).await;
        let mut world = Self { store, organization, epoch: Epoch(0) };
        world.epoch = world.stands().await.item.epoch;
        world.put_webinar(&world.webinar(1)).await;
        world
    }

    /// The id of an organization.
    pub fn organization_id(n: u128) -> OrganizationId {
        Uuid::from_u128(0x0195_5000_0000_7000_8000_0000_0000_0000 + n).into()
    }

    /// An organization at work.
    pub fn organization_named(id: OrganizationId, name: &str) -> Organization {
        Organization {
            id,
            name: name.to_owned(),
            epoch: Epoch(0),
            integration: Integration::Active { terms: TermsVersion(1), newer: None },
            declared: None,
            accepted: Some(NOW),
        }
    }

    /// Where the organization stands.
    pub async fn stands(&self) -> Stored<Organization> {
        let loaded = self.store.organizations.load(&self.organization).await.expect("the store works");
        loaded.expect("the organization is there")
    }

    /// Stores another state of the organization; the epoch rises.
    pub async fn integrate(&self, integration: Integration) {
        let now = self.stands().await;
        let next = Organization { integration, ..now.item };
        save(&self.store, Some(now.revision), next).await;
    }

    /// The id of a webinar.
    pub fn webinar_id(n: u128) -> WebinarId {
        Uuid::from_u128(0xe000_0000 + n).into()
    }

    /// A linked webinar that starts `n` days after [`NOW`].
    pub fn webinar(&self, n: u8) -> Webinar {
        let starts = at(i64::from(n) * 24 * 60);
        Webinar {
            id: Self::webinar_id(n.into()),
            organization: self.organization,
            title: format!("webinar {n}"),
            starts,
            ends: starts + SignedDuration::from_mins(60),
            link: Link::Linked(ProviderEventId::new(format!("28450{n:02}"))),
            version: Version(1),
        }
    }

    /// Stores a webinar that is as it was read; without a sync.
    pub async fn put_webinar(&self, next: &Webinar) {
        let found = self.store.webinars.find(&self.organization, &[next.id]).await.expect("the store works");
        let expected = found.into_iter().next().flatten().map(|stored| stored.revision);
        let change = WebinarChange { expected, next: next.clone(), sync: None, facts: vec![] };
        let saved = self.store.webinars.save(&change).await.expect("the store works");
        assert!(matches!(saved, Saved::Done(_)), "{saved:?}");
    }

    /// The key of a person at webinar 1.
    pub fn key(&self, person: u8) -> RegistrationKey {
        self.key_at(1, person)
    }

    /// The key of a person at a webinar.
    pub fn key_at(&self, webinar: u8, person: u8) -> RegistrationKey {
        let webinar = Self::webinar_id(webinar.into());
        RegistrationKey { organization: self.organization, webinar, email: EmailKey::new([person; 32]) }
    }

    /// The id of a CRM registration row.
    pub fn source(n: u8) -> SourceId {
        Uuid::from_u128(0xf000_0000 + u128::from(n)).into()
    }

    /// The contact of a CRM registration row.
    pub fn contact(n: u8) -> CrmRecordId {
        Uuid::from_u128(0xc000_0000 + u128::from(n)).into()
    }

    /// The company that all contacts belong to.
    pub fn company() -> CrmRecordId {
        Uuid::from_u128(0xa000_0001).into()
    }

    /// What a reading of an active row says; `content` makes the details.
    pub fn active(source: u8, version: u64, content: u8) -> Observation {
        Self::seen(source, version, Stance::Active(Digest::new([content; 32])))
    }

    /// What a reading of a row says.
    pub fn seen(source: u8, version: u64, stance: Stance) -> Observation {
        let read = (SealedDetails::new(vec![source, 0, 255]), Self::contact(source));
        let here = matches!(stance, Stance::Active(_) | Stance::Cancelled);
        let (source, version) = (Self::source(source), Version(version));
        Observation { source, version, stance, read: here.then_some(read) }
    }

    /// A new registration, fed by these rows, and due.
    pub fn registration(key: RegistrationKey, rows: impl IntoIterator<Item = Observation>) -> Registration {
        let seen = rows.into_iter().map(Input::Observed);
        seen.fold(Registration::new(key), |registration, seen| step(&registration, seen, NOW).0)
    }

    /// The home of an active row.
    pub fn home(key: RegistrationKey, source: u8, version: u64) -> (SourceId, Home) {
        let home = Home {
            version: Version(version),
            place: Place::Registration(key),
            event: key.webinar,
            contact: Self::contact(source),
            company: Some(Self::company()),
        };
        (Self::source(source), home)
    }

    /// The change to a registration that is, or becomes, `next`.
    pub fn change(&self, expected: Option<Revision>, next: Registration) -> RegistrationChange {
        let days = i64::from(next.key.webinar.uuid().as_bytes()[15]);
        let facts = vec![fact(&next, FactKind::RegistrationObserved, NOW)];
        RegistrationChange { expected, next, starts: at(days * 24 * 60), deliverable: true, facts }
    }

    /// A batch of groups, in the organization's epoch.
    pub fn batch(&self, groups: Vec<IntakeGroup>) -> IntakeBatch {
        IntakeBatch {
            organization: self.organization,
            epoch: self.epoch,
            groups,
            finished: vec![],
            again: vec![],
            place: None,
            brakes: vec![],
            now: NOW,
        }
    }

    /// Records one group of one registration, fed by the row of the person's own number.
    pub async fn put(&self, expected: Option<Revision>, next: Registration, homes: Vec<(SourceId, Home)>) {
        let group = IntakeGroup { registrations: vec![self.change(expected, next)], homes };
        let recorded = self.store.intake.record(&self.batch(vec![group])).await.expect("the store works");
        assert_eq!(recorded, Recorded::Done { conflicts: 0 });
    }

    /// Records a new registration of a person for webinar 1, due at [`NOW`].
    pub async fn register(&self, person: u8) -> RegistrationKey {
        self.register_at(1, person).await
    }

    /// Records a new registration of a person for a webinar, due at [`NOW`].
    pub async fn register_at(&self, webinar: u8, person: u8) -> RegistrationKey {
        let key = self.key_at(webinar, person);
        let next = Self::registration(key, [Self::active(person, 1, person)]);
        self.put(None, next, vec![Self::home(key, person, 1)]).await;
        key
    }

    /// Takes a newer reading of a person's own row in: other details.
    pub async fn observe(&self, key: RegistrationKey, version: u64) {
        let person = key.email.as_bytes()[0];
        let now = self.stored(key).await;
        let seen = Self::active(person, version, person.wrapping_add(100));
        let next = step(&now.item, Input::Observed(seen), NOW).0;
        self.put(Some(now.revision), next, vec![Self::home(key, person, version)]).await;
    }

    /// A registration as it is stored.
    pub async fn stored(&self, key: RegistrationKey) -> Stored<Registration> {
        let found = self.store.books.find(&[key]).await.expect("the store works");
        found.into_iter().next().flatten().expect("the registration is there")
    }

    /// An order for up to a hundred items.
    pub fn order(&self, lane: Lane, now: Timestamp) -> ClaimOrder {
        ClaimOrder { organization: self.organization, lane, limit: 100, now, lease: LEASE }
    }

    /// Leases everything that is due in a lane, for two minutes.
    pub async fn claim(&self, lane: Lane, now: Timestamp) -> Vec<Leased> {
        self.store.worklist.claim(&self.order(lane, now)).await.expect("the store works")
    }

    /// Leases the only thing that is due in a lane.
    pub async fn claim_one(&self, lane: Lane, now: Timestamp) -> Leased {
        let mut leased = self.claim(lane, now).await;
        assert_eq!(leased.len(), 1, "one thing is due");
        leased.remove(0)
    }

    /// The opening of the next call of a leased item.
    pub fn opening(leased: &Leased, now: Timestamp) -> Opening {
        let call = leased.registration.next_call();
        let (next, fact) = step(&leased.registration, Input::Opened(call), now);
        let facts = vec![fact];
        Opening { lease: leased.lease, expected: leased.revision, next, facts, now }
    }

    /// The end of a leased item that was left as it is.
    pub fn release(leased: &Leased) -> Settlement {
        Settlement { lease: leased.lease, expected: leased.revision, next: None, facts: vec![], later: None }
    }

    /// The end of a leased item, from that state by that input.
    pub fn ending(leased: &Leased, from: &Stored<Registration>, input: Input, now: Timestamp) -> Settlement {
        let (next, fact) = step(&from.item, input, now);
        let (expected, facts) = (from.revision, vec![fact]);
        Settlement { expected, next: Some(next), facts, ..Self::release(leased) }
    }

    /// Delivers a person for webinar 1: leases, opens, and settles with the provider's answer. Whatever else is due is
    /// given back.
    pub async fn deliver(
        &self,
        key: RegistrationKey,
        outcome: Outcome,
        now: Timestamp,
    ) -> Stored<Registration> {
        let (mine, others): (Vec<_>, Vec<_>) =
            self.claim(Lane::Deliver, now).await.into_iter().partition(|leased| leased.lease.key == key);
        let back: Vec<Settlement> = others.iter().map(Self::release).collect();
        self.settle(&back).await;
        let opening = Self::opening(&mine[0], now);
        self.store.worklist.journal(std::slice::from_ref(&opening)).await.expect("the store works");
        let open = self.stored(key).await;
        assert_eq!(open.item, opening.next, "the attempt is journalled");
        let end = Self::ending(&mine[0], &open, Input::Replied(outcome), now);
        let settled = self.settle(&[end]).await;
        assert!(matches!(settled[..], [Settled::Done(_)]), "{settled:?}");
        self.stored(key).await
    }

    /// Ends work on leased items.
    pub async fn settle(&self, ends: &[Settlement]) -> Vec<Settled> {
        let settled = self.store.worklist.settle(ends).await.expect("the store works");
        assert_eq!(settled.len(), ends.len(), "one verdict an item");
        settled
    }

    /// The provider has the person, under an id made of the key.
    pub fn admitted(key: RegistrationKey) -> Outcome {
        let person = key.email.as_bytes()[0];
        Outcome::Admitted(Some(ProviderPersonId::new(format!("30514{person:03}"))))
    }
}

async fn save(store: &StorePorts, expected: Option<Revision>, next: Organization) {
    let change = OrganizationChange { expected, next, facts: vec![] };
    let saved = store.organizations.save(&change).await.expect("the store works");
    assert!(matches!(saved, Saved::Done(_)), "{saved:?}");
}

/// One step of a registration, and the fact of it; a step that changes nothing leaves it as it is.
pub(crate) fn step(from: &Registration, input: Input, now: Timestamp) -> (Registration, Fact) {
    let policy = RegistrationPolicy::default();
    let (next, kind) = match from.on(input, now, &policy).expect("the input is allowed") {
        Step::Moved { next, fact } => (next, fact),
        Step::Noted { next } => (next, FactKind::RegistrationObserved),
        Step::Ignored(why) => panic!("the input changes nothing: {why:?}"),
    };
    let fact = fact(&next, kind, now);
    (next, fact)
}

/// A fact about a registration.
pub(crate) fn fact(of: &Registration, kind: FactKind, at: Timestamp) -> Fact {
    let subject = Subject::Registration { webinar: of.key.webinar, person: of.key.email };
    Fact { organization: of.key.organization, subject, kind, at }
}

/// Whether a registration is held.
pub(crate) const fn is_held(registration: &Registration) -> bool {
    matches!(registration.phase, Phase::Held { .. })
}
