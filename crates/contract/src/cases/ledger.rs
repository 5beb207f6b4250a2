//! What a store promises of metrics on their way home.

use webinar_bridge_domain::fact::{Fact, FactKind, Step, Subject};
use webinar_bridge_domain::id::{ProviderPersonId, Revision, Stored};
use webinar_bridge_domain::integration::{Integration, TermsVersion, Then};
use webinar_bridge_domain::metrics::{
    Attendance, AttendanceKey, Input, Matched, MetricsSync, PageMark, Seen, SyncState, Watched,
};
use webinar_bridge_domain::person::{EmailKey, SealedDetails};
use webinar_bridge_domain::port::{
    Clue, CluesQuery, LeasedSync, Saved, SyncChange, SyncClaim, SyncEnd, SyncSettled,
};
use webinar_bridge_domain::registration::RegistrationKey;
use webinar_bridge_domain::schedule::Cadence;
use webinar_bridge_domain::time::{SignedDuration, Timestamp};

use crate::subject::StoreSubject;
use crate::world::{NOW, StoreWorld, at};

const STOPPED: Integration =
    Integration::Draining { terms: TermsVersion(1), newer: None, then: Then::Credentials };

/// A sync of a webinar, whose first page is due then.
fn sync(world: &StoreWorld, webinar: u8, due: Timestamp) -> MetricsSync {
    MetricsSync {
        organization: world.organization,
        webinar: StoreWorld::webinar_id(webinar.into()),
        ends: world.webinar(webinar).ends,
        state: SyncState::Scheduled { due, page: PageMark::FIRST, tries: 0, since: None },
    }
}

/// Stores a new sync of a webinar, due then.
pub(super) async fn plan(world: &StoreWorld, webinar: u8, due: Timestamp) {
    let change = SyncChange { expected: None, next: sync(world, webinar, due), facts: vec![] };
    let saved = world.store.ledger.amend(&change).await.expect("the store works");
    assert!(matches!(saved, Saved::Done(_)), "{saved:?}");
}

async fn find(world: &StoreWorld, webinar: u8) -> Option<Stored<MetricsSync>> {
    let webinar = StoreWorld::webinar_id(webinar.into());
    world.store.ledger.find(&world.organization, &webinar).await.expect("the store works")
}

async fn claim(world: &StoreWorld, limit: u32, now: Timestamp) -> Vec<LeasedSync> {
    let order =
        SyncClaim { organization: world.organization, limit, now, lease: SignedDuration::from_mins(2) };
    world.store.ledger.claim(&order).await.expect("the store works")
}

async fn settle(world: &StoreWorld, end: &SyncEnd) -> SyncSettled {
    world.store.ledger.settle(end).await.expect("the store works")
}

async fn next_due(world: &StoreWorld, now: Timestamp) -> Option<Timestamp> {
    let ready = world.store.ledger.ready(now).await.expect("the store works");
    ready.into_iter().find(|(organization, _)| *organization == world.organization).map(|(_, at)| at)
}

/// The end of a leased sync, which is due again then.
fn end(leased: &LeasedSync, due: Timestamp) -> SyncEnd {
    let state = SyncState::Scheduled { due, page: PageMark::FIRST, tries: 0, since: None };
    SyncEnd {
        lease: leased.lease,
        expected: leased.revision,
        next: MetricsSync { state, ..leased.sync.clone() },
        seen: vec![],
        written: vec![],
        facts: vec![],
        release: true,
    }
}

fn key(world: &StoreWorld, person: u8) -> AttendanceKey {
    AttendanceKey {
        organization: world.organization,
        webinar: StoreWorld::webinar_id(1),
        person: ProviderPersonId::new(format!("30514{person:03}")),
    }
}

/// Attendance at webinar 1 of somebody in the CRM.
pub(super) fn attended(world: &StoreWorld, person: u8, minutes: u32) -> Attendance {
    let matched = Matched { source: StoreWorld::source(person), contact: StoreWorld::contact(person) };
    Attendance { matched: Some(matched), details: None, ..unmatched(world, person, minutes) }
}

/// Attendance at webinar 1 of nobody in the CRM.
pub(super) fn unmatched(world: &StoreWorld, person: u8, minutes: u32) -> Attendance {
    let watched = Watched {
        live_minutes: minutes,
        ondemand_minutes: 0,
        interactions: 2,
        first: Some(at(1)),
        last: Some(at(i64::from(minutes) + 1)),
    };
    Attendance {
        key: key(world, person),
        matched: None,
        seen: Seen { watched, pulled: NOW, provisional: true },
        written: None,
        details: Some(SealedDetails::new(vec![person, 0, 255])),
    }
}

/// Leases the sync of a webinar however far it is due, changes attendance with it, and gives it back.
async fn with_lease(world: &StoreWorld, webinar: u8, change: impl FnOnce(&mut SyncEnd)) {
    let due = at(1_000_000);
    let leased = claim(world, 100, due).await;
    let of_it = |leased: &&LeasedSync| {
        leased.lease.organization == world.organization
            && leased.lease.webinar == StoreWorld::webinar_id(webinar.into())
    };
    let mine = leased.iter().find(of_it).expect("the sync is due some time");
    let mut ending = end(mine, NOW);
    change(&mut ending);
    assert!(matches!(settle(world, &ending).await, SyncSettled::Done(_)));
    for other in leased.iter().filter(|leased| leased.lease != mine.lease) {
        let state = other.sync.state.clone();
        let next = MetricsSync { state, ..other.sync.clone() };
        settle(world, &SyncEnd { next, ..end(other, NOW) }).await;
    }
}

/// Stores attendance with a lease on the sync of a webinar.
pub(super) async fn stage(world: &StoreWorld, webinar: u8, seen: Vec<Attendance>) {
    with_lease(world, webinar, |end| end.seen = seen).await;
}

/// Stores what the CRM has now, with a lease on the sync of a webinar.
pub(super) async fn write(world: &StoreWorld, webinar: u8, written: Vec<(AttendanceKey, Watched)>) {
    with_lease(world, webinar, |end| end.written = written).await;
}

async fn unwritten(world: &StoreWorld, limit: u32) -> Vec<Attendance> {
    let webinar = StoreWorld::webinar_id(1);
    world.store.ledger.unwritten(&world.organization, &webinar, limit).await.expect("the store works")
}

/// A sync is read as it was stored, in whatever state.
pub async fn a_sync_is_read_as_it_was_stored(s: &mut dyn StoreSubject) {
    use webinar_bridge_domain::fault::Code;
    use webinar_bridge_domain::metrics::Resume;
    use webinar_bridge_domain::registration::Cause;
    let world = StoreWorld::of(s).await;
    assert_eq!(find(&world, 1).await, None);
    let resume = Resume::Scheduled { page: PageMark::at("page 7 & more") };
    let cause = Cause::Invalid(Code::new("numbers"));
    let states = [
        SyncState::Scheduled { due: at(3), page: PageMark::at("x"), tries: 2, since: Some(at(1)) },
        SyncState::Staged { due: at(4), more: Some(PageMark::at("y")), tries: 0, since: None, last: true },
        SyncState::Suspended { resume, cause, at: at(5) },
        SyncState::Closed { at: at(6) },
    ];
    let mut expected = None;
    for state in states {
        let next = MetricsSync { state, ..sync(&world, 1, NOW) };
        let change = SyncChange { expected, next: next.clone(), facts: vec![] };
        let saved = world.store.ledger.amend(&change).await.expect("the store works");
        let Saved::Done(revision) = saved else { panic!("not saved: {saved:?}") };
        assert_eq!(find(&world, 1).await, Some(Stored { item: next, revision }));
        expected = Some(revision);
    }
}

/// Who changes a sync from an older reading is told what it is now, and writes nothing.
pub async fn a_sync_is_changed_from_its_newest_reading(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, 1, NOW).await;
    let now = find(&world, 1).await;
    for expected in [None, Some(Revision(99))] {
        let next = sync(&world, 1, at(9));
        let change = SyncChange { expected, next, facts: vec![] };
        assert_eq!(world.store.ledger.amend(&change).await, Ok(Saved::Moved(now.clone())));
    }
    let change = SyncChange { expected: Some(Revision(1)), next: sync(&world, 2, NOW), facts: vec![] };
    assert_eq!(world.store.ledger.amend(&change).await, Ok(Saved::Moved(None)));
    assert_eq!(find(&world, 1).await, now);
}

/// What is due longest is leased first, and nothing before its time.
pub async fn the_longest_due_sync_comes_first(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    for (webinar, due) in [(1, 20), (2, 10), (3, 30)] {
        plan(&world, webinar, at(due)).await;
    }
    let webinars = |leased: &[LeasedSync]| {
        leased.iter().map(|leased| leased.lease.webinar.uuid().as_u128() & 0xff).collect::<Vec<_>>()
    };
    assert_eq!(next_due(&world, NOW).await, Some(at(10)));
    assert_eq!(claim(&world, 10, at(9)).await, []);
    assert_eq!(webinars(&claim(&world, 1, at(25)).await), [2]);
    assert_eq!(webinars(&claim(&world, 10, at(25)).await), [1]);
    assert_eq!(next_due(&world, at(25)).await, Some(at(27)), "what is leased counts from its end");
    assert_eq!(webinars(&claim(&world, 10, at(40)).await), [2, 1, 3]);
}

/// A lease lasts until it is over; who lost it settles nothing.
pub async fn a_lost_lease_settles_no_sync(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, 1, NOW).await;
    let first = claim(&world, 1, NOW).await.remove(0);
    assert_eq!((first.lease.until, first.lease.epoch), (at(2), world.epoch));
    assert_eq!(claim(&world, 1, at(1)).await, []);
    let second = claim(&world, 1, at(2)).await.remove(0);
    assert!(second.lease.fence > first.lease.fence);
    let before = find(&world, 1).await;
    let lost = SyncEnd { seen: vec![attended(&world, 1, 10)], ..end(&first, at(60)) };
    assert_eq!(settle(&world, &lost).await, SyncSettled::Fenced);
    assert_eq!(find(&world, 1).await, before);
    assert_eq!(world.store.ledger.attendance(&[key(&world, 1)]).await, Ok(vec![None]));
    assert!(matches!(settle(&world, &end(&second, at(60))).await, SyncSettled::Done(_)));
    assert_eq!(settle(&world, &end(&second, at(60))).await, SyncSettled::Fenced, "it was given back");
}

/// A sync that changed meanwhile says what it is now, writes nothing, and keeps its lease.
pub async fn a_sync_that_changed_meanwhile_says_moved(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, 1, NOW).await;
    let leased = claim(&world, 1, NOW).await.remove(0);
    let Ok(Step::Moved { next, .. }) =
        leased.sync.on(&Input::Replanned { ends: at(7) }, NOW, &Cadence::default())
    else {
        panic!("the plan did not change")
    };
    let change = SyncChange { expected: Some(leased.revision), next, facts: vec![] };
    world.store.ledger.amend(&change).await.expect("the store works");
    let now = find(&world, 1).await.expect("stored");
    let early = SyncEnd { seen: vec![attended(&world, 1, 10)], ..end(&leased, at(60)) };
    assert_eq!(settle(&world, &early).await, SyncSettled::Moved(Box::new(now.clone())));
    assert_eq!(world.store.ledger.attendance(&[key(&world, 1)]).await, Ok(vec![None]));
    let late = SyncEnd { expected: now.revision, ..early };
    assert!(matches!(settle(&world, &late).await, SyncSettled::Done(_)));
}

/// A lease that is not given back stays for what comes next.
pub async fn a_lease_can_be_kept(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, 1, NOW).await;
    let leased = claim(&world, 1, NOW).await.remove(0);
    let keeping = SyncEnd { release: false, ..end(&leased, NOW) };
    let SyncSettled::Done(revision) = settle(&world, &keeping).await else { panic!("not settled") };
    assert!(revision > leased.revision);
    assert_eq!(claim(&world, 1, at(1)).await, [], "the lease was given back");
    let releasing = SyncEnd { expected: revision, ..end(&leased, NOW) };
    assert!(matches!(settle(&world, &releasing).await, SyncSettled::Done(_)));
    assert_eq!(claim(&world, 1, at(1)).await.len(), 1);
}

/// Nothing of an organization that is not at work is due; what was leased before is settled all the same.
pub async fn no_sync_of_a_stopped_organization_is_due(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, 1, NOW).await;
    plan(&world, 2, NOW).await;
    let leased = claim(&world, 1, NOW).await.remove(0);
    world.integrate(STOPPED).await;
    assert_eq!(next_due(&world, at(9)).await, None);
    assert_eq!(claim(&world, 10, at(9)).await, []);
    assert!(matches!(settle(&world, &end(&leased, at(60))).await, SyncSettled::Done(_)));
}

/// A sync that has nothing more to do is never due.
pub async fn a_closed_sync_is_never_due(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let next = MetricsSync { state: SyncState::Closed { at: NOW }, ..sync(&world, 1, NOW) };
    let change = SyncChange { expected: None, next, facts: vec![] };
    world.store.ledger.amend(&change).await.expect("the store works");
    assert_eq!(next_due(&world, at(9)).await, None);
    assert_eq!(claim(&world, 10, at(1_000_000)).await, []);
}

/// A person is recognised by the provider's id, then by our correlation, then by the address.
pub async fn people_are_recognised_by_id_then_correlation_then_address(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    for person in 1..=3 {
        let key = world.register(person).await;
        world.deliver(key, StoreWorld::admitted(key), NOW).await;
    }
    other.register(4).await;
    let clue = |id: &str, correlation: Option<RegistrationKey>, address: Option<u8>| Clue {
        person: ProviderPersonId::new(id),
        correlation: correlation.map(|key| key.correlation()),
        email: address.map(|person| EmailKey::new([person; 32])),
    };
    let clues = vec![
        clue("30514001", Some(world.key(2)), Some(3)),
        clue("unknown", Some(world.key(2)), Some(3)),
        clue("unknown", Some(world.key(99)), Some(3)),
        clue("unknown", None, None),
        clue("unknown", Some(other.key(4)), Some(4)),
    ];
    let query = CluesQuery {
        organization: world.organization,
        webinar: StoreWorld::webinar_id(1),
        clues: clues.clone(),
    };
    let found = world.store.ledger.recognise(&query).await.expect("the store works");
    let keys: Vec<_> = found.iter().map(|one| one.as_ref().map(|one| one.key)).collect();
    assert_eq!(keys, [Some(world.key(1)), Some(world.key(2)), Some(world.key(3)), None, None]);
    assert_eq!(found[0], Some(world.stored(world.key(1)).await.item));
    let elsewhere = CluesQuery { webinar: StoreWorld::webinar_id(2), ..query };
    let found = world.store.ledger.recognise(&elsewhere).await.expect("the store works");
    assert_eq!(found, vec![None; clues.len()], "another webinar's people");
}

/// Attendance is read as it was stored, in order; a newer one takes the place of the older.
pub async fn attendance_is_read_as_it_was_stored(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, 1, NOW).await;
    let (one, two) = (attended(&world, 1, 40), unmatched(&world, 2, 30));
    stage(&world, 1, vec![one.clone(), two.clone()]).await;
    let keys = [2, 9, 1].map(|person| key(&world, person));
    let found = world.store.ledger.attendance(&keys).await.expect("the store works");
    assert_eq!(found, [Some(two), None, Some(one)]);
    let newer = attended(&world, 2, 35);
    stage(&world, 1, vec![newer.clone()]).await;
    let found = world.store.ledger.attendance(&keys[..1]).await.expect("the store works");
    assert_eq!(found, [Some(newer)]);
}

/// What the CRM does not have yet is unwritten: somebody's, and with other numbers than were written.
pub async fn what_the_crm_does_not_have_is_unwritten(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, 1, NOW).await;
    let (one, two) = (attended(&world, 1, 40), attended(&world, 2, 30));
    stage(&world, 1, vec![one.clone(), two.clone(), unmatched(&world, 3, 20)]).await;
    let mut found = unwritten(&world, 10).await;
    found.sort_by(|one, other| one.key.cmp(&other.key));
    assert_eq!(found, [one.clone(), two.clone()]);
    assert_eq!(unwritten(&world, 1).await.len(), 1);
    write(&world, 1, vec![(one.key.clone(), one.seen.watched)]).await;
    assert_eq!(unwritten(&world, 10).await, std::slice::from_ref(&two));
    let written = Attendance { written: Some(one.seen.watched), ..one.clone() };
    let stored = world.store.ledger.attendance(std::slice::from_ref(&one.key)).await;
    assert_eq!(stored, Ok(vec![Some(written.clone())]));
    let newer = Attendance { seen: attended(&world, 1, 55).seen, ..written };
    stage(&world, 1, vec![newer.clone()]).await;
    let mut found = unwritten(&world, 10).await;
    found.sort_by(|one, other| one.key.cmp(&other.key));
    assert_eq!(found, [newer, two]);
}

/// Attendance that was written with other numbers than are known by then stays unwritten.
pub async fn what_was_written_with_older_numbers_stays_unwritten(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, 1, NOW).await;
    let (older, newer) = (attended(&world, 1, 40), attended(&world, 1, 55));
    stage(&world, 1, vec![newer.clone()]).await;
    write(&world, 1, vec![(older.key, older.seen.watched)]).await;
    let found = unwritten(&world, 10).await;
    assert_eq!(found, [Attendance { written: Some(older.seen.watched), ..newer }]);
}

/// A settled sync is stored with its attendance and its facts.
pub async fn a_sync_is_stored_with_its_facts(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, 1, NOW).await;
    let leased = claim(&world, 1, NOW).await.remove(0);
    let pulled = leased.sync.on(&Input::Pulled { more: None }, NOW, &Cadence::default());
    let Ok(Step::Moved { next, fact: kind }) = pulled else { panic!("not pulled: {pulled:?}") };
    let subject = Subject::Webinar(leased.lease.webinar);
    let facts = vec![Fact { organization: world.organization, subject, kind, at: NOW }];
    let seen = vec![attended(&world, 1, 10)];
    let ending = SyncEnd { next: next.clone(), seen, facts: facts.clone(), ..end(&leased, NOW) };
    let SyncSettled::Done(revision) = settle(&world, &ending).await else { panic!("not settled") };
    assert_eq!(find(&world, 1).await, Some(Stored { item: next, revision }));
    assert_eq!(kind, FactKind::MetricsPulled);
    assert_eq!(super::chronicle::facts_of(s, world.organization).await, facts);
    settle(&world, &ending).await;
    assert_eq!(super::chronicle::facts_of(s, world.organization).await, facts, "a fact without its state");
}
