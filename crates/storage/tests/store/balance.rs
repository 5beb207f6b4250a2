//! The balance: kept sums are what a recount would say, whatever happened.

use proptest::prelude::*;
use webinar_bridge_domain::balance::{Balance, Exclusion, Scope, Tally};
use webinar_bridge_domain::fault::Code;
use webinar_bridge_domain::id::{Epoch, ProviderPersonId, SourceId, WebinarId};
use webinar_bridge_domain::metrics::{
    Attendance, AttendanceKey, Matched, MetricsSync, PageMark, Seen, SyncState, Watched,
};
use webinar_bridge_domain::person::{Digest, SealedDetails};
use webinar_bridge_domain::port::{
    Amendment, Books, HeldFilter, HeldQuery, Intake as _, IntakeGroup, Lookup, PageRequest, Place,
    RegistrationChange, Saved, SyncChange, SyncClaim, SyncEnd, SyncLease, SyncLedger, SyncSettled, Worklist,
};
use webinar_bridge_domain::registration::{Cause, Phase, Registration, Source, Stance, Told, Words};
use webinar_bridge_storage::Store;

use crate::given::{ACTIVE, LEASE, at, batch, due, home, id, in_memory, key, stand};

const WEBINARS: [u128; 2] = [50, 51];
const PEOPLE: u8 = 3;
const SOURCES: u128 = 4;

#[derive(Clone, Debug)]
enum Op {
    Record {
        webinar: usize,
        person: u8,
        sources: Vec<(u128, u8)>,
        phase: u8,
        stale: bool,
    },
    Home {
        source: u128,
        event: usize,
        place: u8,
        version: u64,
    },
    Amend {
        webinar: usize,
        person: u8,
        phase: u8,
    },
    Attend {
        webinar: usize,
        person: u8,
        minutes: u32,
        matched: bool,
        written: Option<u32>,
        told: Option<u32>,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let webinar = || 0..WEBINARS.len();
    let sources = proptest::collection::vec((0..SOURCES, 0..4_u8), 0..3);
    let minutes = || proptest::option::of(0..90_u32);
    prop_oneof![
        (webinar(), 0..PEOPLE, sources, 0..5_u8, any::<bool>()).prop_map(
            |(webinar, person, sources, phase, stale)| Op::Record { webinar, person, sources, phase, stale }
        ),
        (0..SOURCES, webinar(), 0..4_u8, 0..20_u64).prop_map(|(source, event, place, version)| Op::Home {
            source,
            event,
            place,
            version
        }),
        (webinar(), 0..PEOPLE, 0..5_u8).prop_map(|(webinar, person, phase)| Op::Amend {
            webinar,
            person,
            phase
        }),
        (webinar(), 0..PEOPLE, 0..90_u32, any::<bool>(), minutes(), minutes()).prop_map(
            |(webinar, person, minutes, matched, written, told)| Op::Attend {
                webinar,
                person,
                minutes,
                matched,
                written,
                told
            }
        ),
    ]
}

fn phase(n: u8) -> Phase {
    let held = |cause| Phase::Held { cause, since: at(3) };
    match n {
        0 => Phase::Due { at: at(1), tries: 0, since: None },
        1 => Phase::Settled,
        2 => held(Cause::Refused(Words::new("no"))),
        3 => held(Cause::Invalid(Code::new("email"))),
        _ => Phase::Erased,
    }
}

fn stance(n: u8) -> Stance {
    match n {
        0 => Stance::Active(Digest::new([3; 32])),
        1 => Stance::Cancelled,
        2 => Stance::Deleted,
        _ => Stance::Left { to: key(1, 50, 9), live: true },
    }
}

fn registration(webinar: usize, person: u8, sources: &[(u128, u8)], n: u8) -> Registration {
    let source = |(source, n): &(u128, u8)| {
        let version = webinar_bridge_domain::id::Version(1);
        let details = SealedDetails::new(vec![1, 2, 3]);
        let row = Source {
            version,
            changed: version,
            stance: stance(*n),
            details,
            contact: id(7),
            answered: Told::Nothing,
        };
        (id::<SourceId>(*source), row)
    };
    let sources = sources.iter().map(source).collect();
    Registration { sources, phase: phase(n), ..Registration::new(key(1, WEBINARS[webinar], person)) }
}

/// A store with a sync of each webinar under lease, and what the case knows of it.
struct Bench {
    store: Store,
    epoch: Epoch,
    syncs: Vec<(SyncLease, MetricsSync, webinar_bridge_domain::id::Revision)>,
}

impl Bench {
    async fn new() -> Self {
        let store = in_memory().await;
        let epoch = stand(&store, 1, ACTIVE).await;
        for webinar in WEBINARS {
            let state = SyncState::Scheduled { due: at(0), page: PageMark::FIRST, tries: 0, since: None };
            let next = MetricsSync { organization: id(1), webinar: id(webinar), ends: at(0), state };
            let change = SyncChange { expected: None, next, facts: vec![] };
            assert!(matches!(SyncLedger::amend(&store, &change).await.unwrap(), Saved::Done(_)));
        }
        let order = SyncClaim { organization: id(1), limit: 9, now: at(1), lease: LEASE };
        let mut leased = SyncLedger::claim(&store, &order).await.unwrap();
        leased.sort_by_key(|leased| leased.lease.webinar);
        let syncs = leased.into_iter().map(|leased| (leased.lease, leased.sync, leased.revision)).collect();
        Self { store, epoch, syncs }
    }

    async fn apply(&mut self, op: Op) {
        match op {
            Op::Record { webinar, person, sources, phase, stale } => {
                let next = registration(webinar, person, &sources, phase);
                let stored = Books::find(&self.store, &[next.key]).await.unwrap().remove(0);
                let expected = stored.map(|stored| stored.revision).filter(|_| !stale);
                let change =
                    RegistrationChange { expected, next, starts: at(9), deliverable: true, facts: vec![] };
                let group = IntakeGroup { registrations: vec![change], homes: vec![] };
                self.store.record(&batch(1, self.epoch, vec![group])).await.unwrap();
            }
            Op::Home { source, event, place, version } => {
                let event = WEBINARS[event];
                let place = match place {
                    0 => Place::Registration(key(1, event, 1)),
                    1 => Place::Excluded(Exclusion::NoAddress),
                    2 => Place::Excluded(Exclusion::NotAWebinar),
                    _ => Place::Deleted(None),
                };
                let homes = vec![(id(source), home(place, id(event), version))];
                let group = IntakeGroup { registrations: vec![], homes };
                self.store.record(&batch(1, self.epoch, vec![group])).await.unwrap();
            }
            Op::Amend { webinar, person, phase: n } => {
                let stored =
                    Books::find(&self.store, &[key(1, WEBINARS[webinar], person)]).await.unwrap().remove(0);
                let Some(stored) = stored else { return };
                let next = Registration { phase: phase(n), ..stored.item };
                let change = Amendment { expected: stored.revision, next, facts: vec![] };
                Worklist::amend(&self.store, &[change]).await.unwrap();
            }
            Op::Attend { webinar, person, minutes, matched, written, told } => {
                self.attend(webinar, attendance(webinar, person, minutes, matched, written), told).await;
            }
        }
    }

    async fn attend(&mut self, webinar: usize, seen: Attendance, told: Option<u32>) {
        let (lease, next, expected) = self.syncs[webinar].clone();
        let written = told.map(|told| (seen.key.clone(), watched(told))).into_iter().collect();
        let (seen, facts, release) = (vec![seen], vec![], false);
        let end = SyncEnd { lease, expected, next, seen, written, facts, release };
        let SyncSettled::Done(revision) = SyncLedger::settle(&self.store, &end).await.unwrap() else {
            panic!()
        };
        self.syncs[webinar].2 = revision;
    }

    /// What the webinar's balance is, counted anew.
    async fn recount(&self, webinar: u128) -> Tally {
        let webinar: WebinarId = id(webinar);
        let mut tally = Tally::default();
        let keys: Vec<_> = (0..PEOPLE).map(|n| key(1, webinar.uuid().as_u128(), n)).collect();
        for stored in Books::find(&self.store, &keys).await.unwrap().into_iter().flatten() {
            tally.merge(&Tally::of_registration(&stored.item));
        }
        let of = Lookup { organization: id(1), sources: (0..SOURCES).map(id).collect(), keys: vec![] };
        for home in self.store.known(&of).await.unwrap().homes.values().filter(|home| home.event == webinar) {
            match home.place {
                Place::Registration(_) => tally.merge(&Tally::of_row(None)),
                Place::Excluded(reason) => tally.merge(&Tally::of_row(Some(reason))),
                Place::Deleted(_) => {}
            }
        }
        let keys: Vec<_> = (0..PEOPLE).map(|n| attendance_key(webinar, n)).collect();
        for attendance in self.store.attendance(&keys).await.unwrap().into_iter().flatten() {
            tally.merge(&Tally::of_attendance(&attendance));
        }
        tally
    }

    async fn check(&self) {
        let mut all = Tally::default();
        let mut balances = vec![];
        for webinar in WEBINARS {
            let tally = self.recount(webinar).await;
            let kept = self.store.balance(&id(1), &Scope::Webinar(id(webinar))).await.unwrap();
            assert_eq!(kept, tally.balance(), "{webinar}");
            if tally.counters().next().is_some() {
                balances.push((id::<WebinarId>(webinar), tally.balance()));
            }
            all.merge(&tally);
        }
        assert_eq!(self.store.balance(&id(1), &Scope::Organization).await.unwrap(), all.balance());
        assert_eq!(self.store.balances(&id(1)).await.unwrap(), balances);
        assert!(all.balance().minutes.adds_up());
    }
}

fn watched(minutes: u32) -> Watched {
    Watched { live_minutes: minutes, ..Watched::default() }
}

fn attendance_key(webinar: WebinarId, person: u8) -> AttendanceKey {
    let person = ProviderPersonId::new(format!("a-{person}"));
    AttendanceKey { organization: id(1), webinar, person }
}

fn attendance(webinar: usize, person: u8, minutes: u32, matched: bool, written: Option<u32>) -> Attendance {
    Attendance {
        key: attendance_key(id(WEBINARS[webinar]), person),
        matched: matched.then(|| Matched { source: id(1), contact: id(2) }),
        seen: Seen { watched: watched(minutes), pulled: at(1), provisional: true },
        written: written.map(watched),
        details: Some(SealedDetails::new(vec![9])),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn kept_sums_are_what_a_recount_says(ops in proptest::collection::vec(op(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut bench = Bench::new().await;
            for op in ops {
                bench.apply(op).await;
            }
            bench.check().await;
        });
    }
}

#[tokio::test]
async fn both_lines_of_a_fresh_organization_are_empty() {
    let store = in_memory().await;
    assert_eq!(store.balance(&id(1), &Scope::Organization).await.unwrap(), Balance::default());
    assert!(store.balances(&id(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn another_organization_is_not_counted() {
    let store = in_memory().await;
    due(&store, 3).await;
    let balance = store.balance(&id(1), &Scope::Organization).await.unwrap();
    assert_eq!((balance.registrations.crm, balance.registrations.on_their_way), (3, 3));
    assert_eq!(store.balance(&id(2), &Scope::Organization).await.unwrap(), Balance::default());
    let page = PageRequest { organization: id(2), skip: 0, limit: 9 };
    let held = HeldQuery { organization: id(2), filter: HeldFilter::default(), skip: 0, limit: 9 };
    assert!(store.held(&held).await.unwrap().is_empty() && store.unmatched(&page).await.unwrap().is_empty());
}
