//! Metrics: syncs under lease, recognition, attendance.

use webinar_bridge_domain::fact::{Fact, FactKind, Subject};
use webinar_bridge_domain::id::{ProviderPersonId, Revision};
use webinar_bridge_domain::integration::Integration;
use webinar_bridge_domain::metrics::{
    Attendance, AttendanceKey, Matched, MetricsSync, PageMark, Seen, SyncState, Watched,
};
use webinar_bridge_domain::person::{EmailKey, SealedDetails};
use webinar_bridge_domain::port::{
    Books as _, Chronicle as _, ChronicleQuery, Clue, CluesQuery, LeasedSync, PageRequest, Saved, SyncChange,
    SyncClaim, SyncEnd, SyncLedger, SyncSettled,
};
use webinar_bridge_storage::Store;

use crate::given::{ACTIVE, LEASE, at, deliver_all, due, id, in_memory, key, stand};

fn sync(organization: u128, webinar: u128, due: i64) -> MetricsSync {
    let state = SyncState::Scheduled { due: at(due), page: PageMark::at("2"), tries: 1, since: Some(at(0)) };
    MetricsSync { organization: id(organization), webinar: id(webinar), ends: at(0), state }
}

async fn plan(store: &Store, next: MetricsSync) -> Saved<MetricsSync> {
    SyncLedger::amend(store, &SyncChange { expected: None, next, facts: vec![] }).await.unwrap()
}

async fn claim(store: &Store, limit: u32, now: i64) -> Vec<LeasedSync> {
    SyncLedger::claim(store, &SyncClaim { organization: id(1), limit, now: at(now), lease: LEASE })
        .await
        .unwrap()
}

fn end(leased: &LeasedSync, next: MetricsSync) -> SyncEnd {
    let (lease, expected) = (leased.lease, leased.revision);
    let subject = Subject::Webinar(next.webinar);
    let facts =
        vec![Fact { organization: next.organization, subject, kind: FactKind::MetricsPulled, at: at(5) }];
    SyncEnd { lease, expected, next, seen: vec![], written: vec![], facts, release: true }
}

fn watched(minutes: u32) -> Watched {
    Watched { live_minutes: minutes, first: Some(at(1)), ..Watched::default() }
}

fn attendance(person: &str, minutes: u32, matched: bool) -> Attendance {
    let person = ProviderPersonId::new(person);
    Attendance {
        key: AttendanceKey { organization: id(1), webinar: id(50), person },
        matched: matched.then(|| Matched { source: id(101), contact: id(2) }),
        seen: Seen { watched: watched(minutes), pulled: at(1), provisional: false },
        written: None,
        details: Some(SealedDetails::new(vec![9])),
    }
}

#[tokio::test]
async fn a_sync_is_claimed_once_and_the_longest_due_first() {
    let store = in_memory().await;
    stand(&store, 1, ACTIVE).await;
    stand(&store, 2, Integration::Dormant).await;
    for (organization, webinar, due) in [(1, 50, 30), (1, 51, 10), (1, 52, 20), (2, 53, 1)] {
        assert!(matches!(plan(&store, sync(organization, webinar, due)).await, Saved::Done(_)));
    }
    assert_eq!(store.ready(at(0)).await.unwrap(), [(id(1), at(10))]);
    assert!(claim(&store, 9, 9).await.is_empty());
    let first = claim(&store, 2, 60).await;
    assert_eq!(first.iter().map(|leased| leased.lease.webinar).collect::<Vec<_>>(), [id(51), id(52)]);
    assert_eq!(first[0].sync, sync(1, 51, 10));
    assert_eq!(claim(&store, 9, 61).await.len(), 1);
    assert_eq!(store.ready(at(0)).await.unwrap(), [(id(1), at(180))]);
    let again = claim(&store, 9, 180).await;
    assert!(again[0].lease.fence > first[0].lease.fence);
    assert_eq!(
        SyncLedger::settle(&store, &end(&first[0], sync(1, 51, 99))).await.unwrap(),
        SyncSettled::Fenced
    );
}

#[tokio::test]
async fn an_end_keeps_or_gives_back_the_lease() {
    let store = in_memory().await;
    stand(&store, 1, ACTIVE).await;
    plan(&store, sync(1, 50, 0)).await;
    let leased = claim(&store, 1, 1).await.remove(0);
    let staying = SyncEnd { release: false, ..end(&leased, sync(1, 50, 2)) };
    let SyncSettled::Done(revision) = SyncLedger::settle(&store, &staying).await.unwrap() else { panic!() };
    let SyncSettled::Moved(current) = SyncLedger::settle(&store, &staying).await.unwrap() else { panic!() };
    assert_eq!((current.item, current.revision), (sync(1, 50, 2), revision));
    let last = SyncEnd { expected: revision, ..end(&leased, sync(1, 50, 7)) };
    assert!(matches!(SyncLedger::settle(&store, &last).await.unwrap(), SyncSettled::Done(_)));
    assert_eq!(SyncLedger::settle(&store, &last).await.unwrap(), SyncSettled::Fenced);
    assert_eq!(claim(&store, 1, 7).await.len(), 1);
    let query = ChronicleQuery { organization: id(1), after: 0, limit: 9 };
    assert_eq!(store.since(&query).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_sync_is_amended_as_it_was_read() {
    let store = in_memory().await;
    plan(&store, sync(1, 50, 0)).await;
    let stored = SyncLedger::find(&store, &id(1), &id(50)).await.unwrap().unwrap();
    assert_eq!(stored.item, sync(1, 50, 0));
    let Saved::Moved(Some(moved)) = plan(&store, sync(1, 50, 3)).await else { panic!() };
    assert_eq!(moved, stored);
    let change = SyncChange { expected: Some(stored.revision), next: sync(1, 50, 3), facts: vec![] };
    assert!(matches!(SyncLedger::amend(&store, &change).await.unwrap(), Saved::Done(_)));
    let nobody = SyncChange { expected: Some(Revision(1)), next: sync(1, 51, 3), facts: vec![] };
    assert_eq!(SyncLedger::amend(&store, &nobody).await.unwrap(), Saved::Moved(None));
    assert_eq!(SyncLedger::find(&store, &id(1), &id(52)).await.unwrap(), None);
}

#[tokio::test]
async fn attendance_is_unwritten_until_the_crm_has_its_very_numbers() {
    let store = in_memory().await;
    stand(&store, 1, ACTIVE).await;
    plan(&store, sync(1, 50, 0)).await;
    let leased = claim(&store, 1, 1).await.remove(0);
    let seen = vec![attendance("a", 10, true), attendance("b", 20, true), attendance("c", 30, false)];
    let keys: Vec<AttendanceKey> = seen.iter().map(|attendance| attendance.key.clone()).collect();
    let pulled = SyncEnd { seen: seen.clone(), release: false, ..end(&leased, sync(1, 50, 2)) };
    let SyncSettled::Done(expected) = SyncLedger::settle(&store, &pulled).await.unwrap() else { panic!() };
    let found =
        store.attendance(&[keys[1].clone(), attendance("z", 1, true).key, keys[0].clone()]).await.unwrap();
    assert_eq!(found, [Some(seen[1].clone()), None, Some(seen[0].clone())]);
    assert_eq!(store.unwritten(&id(1), &id(50), 9).await.unwrap(), seen[..2]);
    assert_eq!(store.unwritten(&id(1), &id(50), 1).await.unwrap(), seen[..1]);
    assert!(store.unwritten(&id(1), &id(51), 9).await.unwrap().is_empty());
    let written = vec![(keys[0].clone(), watched(10)), (keys[1].clone(), watched(19))];
    let told = SyncEnd { written, expected, ..end(&leased, sync(1, 50, 2)) };
    assert!(matches!(SyncLedger::settle(&store, &told).await.unwrap(), SyncSettled::Done(_)));
    let left = store.unwritten(&id(1), &id(50), 9).await.unwrap();
    assert_eq!(left.iter().map(|left| &left.key).collect::<Vec<_>>(), [&keys[1]]);
    let page = PageRequest { organization: id(1), skip: 0, limit: 9 };
    assert_eq!(store.unmatched(&page).await.unwrap(), seen[2..]);
}

#[tokio::test]
async fn a_person_is_recognised_by_the_surest_clue() {
    let store = in_memory().await;
    due(&store, 3).await;
    deliver_all(&store, at(1)).await;
    let clue = |person: &str, correlation: Option<String>, email: Option<EmailKey>| Clue {
        person: ProviderPersonId::new(person),
        correlation,
        email,
    };
    let (one, two) = (key(1, 50, 1), key(1, 50, 2));
    let clues = vec![
        clue("x", Some(one.correlation()), Some(two.email)),
        clue("x", None, Some(two.email)),
        clue("p", Some(two.correlation()), None),
        clue("x", Some(key(1, 51, 1).correlation()), None),
        clue("x", None, None),
    ];
    let query = CluesQuery { organization: id(1), webinar: id(50), clues };
    let found = store.recognise(&query).await.unwrap();
    let keys: Vec<_> = found.iter().map(|found| found.as_ref().map(|found| found.key)).collect();
    assert_eq!(keys, [Some(one), Some(two), Some(one), None, None]);
    let elsewhere = CluesQuery { webinar: id(51), ..query };
    assert!(store.recognise(&elsewhere).await.unwrap().iter().all(Option::is_none));
}
