//! Minutes on their way home.

use std::sync::Arc;

use super::crm::crm_fault;
use super::keys::vault;
use super::provider::{provider_fault, watcher};
use super::world::{START, World, done, event, minutes, seconds};
use crate::fact::FactKind;
use crate::fault::{Code, FaultKind};
use crate::flow::Rest;
use crate::id::ProviderPersonId;
use crate::metrics::{AttendanceKey, SyncState};
use crate::port::{AttendancePage, MockAttendanceSource, SyncLedger as _};
use crate::time::{SignedDuration, Timestamp};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// When the webinar is over.
pub(super) fn over() -> Timestamp {
    START + DAY * 10 + minutes(60)
}

/// Two people at the provider, and their webinar just over; the first pull is due.
pub(super) fn world() -> World {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.crm.register(2, 1, "bob@x.io");
    world.work();
    world.clock.set(over() + minutes(15));
    world.crm.calls();
    world.provider.calls();
    world
}

pub(super) fn id(world: &World, address: &str) -> String {
    world.provider.person(1, address).unwrap().id.as_str().to_owned()
}

fn state(world: &World) -> SyncState {
    done(world.store.find_sync(world)).unwrap()
}

impl crate::memory::MemoryStore {
    async fn find_sync(&self, world: &World) -> Option<SyncState> {
        let found = crate::port::SyncLedger::find(self, &world.org, &event(1)).await.unwrap();
        found.map(|stored| stored.item.state)
    }
}

pub(super) fn due(world: &World) -> Timestamp {
    let SyncState::Scheduled { due, page, .. } = state(world) else { panic!("no pull is planned") };
    assert!(page.is_first());
    due
}

#[test]
fn a_webinar_is_asked_about_a_quarter_of_an_hour_after_its_end() {
    let world = world();
    world.clock.set(over());
    assert_eq!(world.metrics().rest, Rest::Until(over() + minutes(15)));
    assert_eq!(world.provider.calls(), Vec::<String>::new());
}

#[test]
fn a_pull_without_news_writes_nothing() {
    let world = world();
    let page = vec![watcher(&id(&world, "ada@x.io"), None, 40), watcher("u9", Some("guest@y.io"), 5)];
    world.provider.watched(vec![page]);
    world.metrics();
    world.crm.calls();
    world.clock.set(due(&world));
    world.metrics();
    assert_eq!(world.crm.calls(), Vec::<String>::new());
    assert_eq!(world.facts().last().unwrap().fact.kind, FactKind::MetricsUnchanged);
}

#[test]
fn late_minutes_amend_only_what_they_change() {
    let world = world();
    let (ada, bob) = (id(&world, "ada@x.io"), id(&world, "bob@x.io"));
    world.provider.watched(vec![vec![watcher(&ada, None, 40), watcher(&bob, None, 30)]]);
    world.metrics();
    assert_eq!(world.crm.calls(), ["upsert 2"]);
    world.provider.watched(vec![vec![watcher(&ada, None, 40), watcher(&bob, None, 55)]]);
    world.clock.set(due(&world));
    world.metrics();
    assert_eq!(world.crm.calls(), ["upsert 1"]);
    assert_eq!(world.balance().minutes.crm, 95);
}

#[test]
fn minutes_shrink_only_when_the_pull_says_all() {
    let world = world();
    let ada = id(&world, "ada@x.io");
    world.provider.watched(vec![vec![watcher(&ada, None, 40)]]);
    world.metrics();
    world.provider.watched_at_least(vec![vec![watcher(&ada, None, 3)]]);
    world.clock.set(due(&world));
    world.metrics();
    assert_eq!(world.crm.check_ins(), [40]);
    world.provider.watched(vec![vec![watcher(&ada, None, 3)]]);
    world.clock.set(due(&world));
    world.metrics();
    assert_eq!(world.crm.check_ins(), [3]);
}

#[test]
fn every_page_is_pulled_and_written_in_batches() {
    let world = World::new();
    world.crm.webinar(1);
    for n in 1..=130 {
        world.crm.register(n, 1, &format!("n{n}@x.io"));
    }
    world.observe();
    for _ in 0..7 {
        world.deliver();
    }
    world.clock.set(over() + minutes(15));
    world.crm.calls();
    let one = |n: u8| watcher(&id(&world, &format!("n{n}@x.io")), None, 1);
    world.provider.watched(vec![(1..=120).map(one).collect(), (121..=130).map(one).collect(), vec![]]);
    world.metrics();
    assert_eq!(world.crm.calls(), ["upsert 100", "upsert 20", "upsert 10"]);
    assert_eq!(world.balance().minutes.crm, 130);
}

#[test]
fn only_the_check_in_that_failed_is_written_again() {
    let world = world();
    let page = vec![watcher(&id(&world, "ada@x.io"), None, 40), watcher(&id(&world, "bob@x.io"), None, 30)];
    world.provider.watched(vec![page]);
    world.crm.fails_item(1, crm_fault(FaultKind::Throttled { after: Some(minutes(1)) }));
    world.metrics();
    assert_eq!((world.balance().minutes.crm, world.balance().minutes.on_their_way), (30, 40));
    world.crm.works();
    world.crm.calls();
    world.pass(minutes(2));
    world.metrics();
    assert_eq!(world.crm.calls(), ["upsert 1"]);
    assert_eq!(world.balance().minutes.crm, 70);
}

#[test]
fn one_check_in_that_the_crm_will_not_have_does_not_stop_the_others() {
    let world = world();
    let page = vec![watcher(&id(&world, "ada@x.io"), None, 40), watcher(&id(&world, "bob@x.io"), None, 30)];
    world.provider.watched(vec![page]);
    world.crm.fails_item(1, crm_fault(FaultKind::Invalid { field: Code::new("crm.business_rule") }));
    world.metrics();
    let minutes = world.balance().minutes;
    assert_eq!((minutes.crm, minutes.unmatched), (30, 40));
    world.crm.works();
    world.clock.set(due(&world));
    world.metrics();
    assert_eq!(world.balance().minutes.crm, 70, "the next pull tries again");
}

#[test]
fn a_registration_that_is_gone_leaves_its_minutes_unmatched() {
    let world = world();
    world.provider.watched(vec![vec![watcher(&id(&world, "ada@x.io"), None, 40)]]);
    world.crm.delete_unseen(1);
    world.metrics();
    assert_eq!((world.balance().minutes.unmatched, world.crm.check_ins()), (40, vec![]));
}

#[test]
fn pulls_follow_their_cadence_until_the_archive_closes() {
    let world = world();
    let mut after = vec![];
    for _ in 0..7 {
        world.metrics();
        after.push(due(&world).duration_since(over()).as_hours());
        world.clock.set(due(&world));
    }
    assert_eq!(after, [1, 6, 24, 72, 168, 336, 504]);
    world.clock.set(over() + DAY * 365);
    world.provider.calls();
    assert_eq!(world.metrics().rest, Rest::Idle);
    assert!(matches!(state(&world), SyncState::Closed { .. }));
    assert_eq!(world.provider.calls(), Vec::<String>::new());
}

#[test]
fn numbers_are_provisional_for_a_week() {
    let world = world();
    let ada = id(&world, "ada@x.io");
    world.provider.watched(vec![vec![watcher(&ada, None, 40)]]);
    world.metrics();
    let key = AttendanceKey {
        organization: world.org,
        webinar: event(1),
        person: ProviderPersonId::new(ada.as_str()),
    };
    let provisional = || {
        let seen = done(world.store.attendance(std::slice::from_ref(&key))).unwrap();
        seen[0].as_ref().unwrap().seen.provisional
    };
    assert!(provisional());
    world.crm.calls();
    world.clock.set(over() + DAY * 7);
    world.metrics();
    assert!(!provisional());
    assert_eq!(world.crm.calls(), Vec::<String>::new(), "the CRM has the numbers already");
}

#[test]
fn a_webinar_that_is_called_off_is_not_asked_about() {
    let world = world();
    world.crm.event(1, |webinar| webinar.cancelled = true);
    world.look();
    assert!(matches!(state(&world), SyncState::Closed { .. }));
    assert_eq!(world.metrics().rest, Rest::Idle);
    assert_eq!(world.provider.calls(), Vec::<String>::new());
}

#[test]
fn a_webinar_that_moves_is_asked_about_later() {
    let world = world();
    world.crm.event(1, |webinar| {
        webinar.starts += DAY;
        webinar.ends += DAY;
    });
    world.look();
    assert_eq!(due(&world), over() + DAY + minutes(15));
}

#[test]
fn minutes_in_hand_go_home_although_the_webinar_is_gone() {
    let world = world();
    world.provider.watched(vec![vec![watcher(&id(&world, "ada@x.io"), None, 40)]]);
    done(world.bridge.metrics.step()).unwrap();
    assert!(matches!(state(&world), SyncState::Staged { .. }));
    world.crm.drop_event(1);
    world.look();
    world.metrics();
    assert_eq!(world.crm.check_ins(), [40]);
    assert!(matches!(state(&world), SyncState::Closed { .. }));
}

#[test]
fn what_is_pulled_while_the_webinar_is_called_off_waits_for_nobody() {
    let world = world();
    let (crm, inside) = (world.crm.clone(), world.bridge.clone());
    let attendees = vec![watcher(&id(&world, "ada@x.io"), None, 40)];
    let mut attendance = MockAttendanceSource::new();
    attendance.expect_attendance().once().returning(move |_| {
        crm.event(1, |webinar| webinar.cancelled = true);
        inside.observe.hurry();
        super::world::rested(|| done(inside.observe.step()).unwrap());
        Ok(AttendancePage { attendees: attendees.clone(), next: None, complete: true })
    });
    let bridge = world.another(|ports| ports.attendance = Arc::new(attendance));
    done(bridge.metrics.step()).unwrap();
    assert!(matches!(state(&world), SyncState::Closed { .. }));
    assert_eq!(world.balance().minutes.on_their_way, 0);
}

#[test]
fn attendance_is_not_given_up_while_the_archive_is_open() {
    let world = world();
    world.provider.watched(vec![vec![watcher(&id(&world, "ada@x.io"), None, 40)]]);
    world.provider.fails_pulls((0..300).map(|_| provider_fault(FaultKind::Transient)));
    while world.crm.check_ins().is_empty() {
        let Rest::Until(at) = world.metrics().rest else { panic!("it is given up") };
        world.clock.set(at);
    }
    assert!(world.now() > over() + DAY * 8, "no hour of it was skipped");
    assert_eq!(world.balance().minutes.crm, 40);
}

#[test]
fn a_crm_that_is_down_gets_its_minutes_later() {
    let world = world();
    world.provider.watched(vec![vec![watcher(&id(&world, "ada@x.io"), None, 40)]]);
    world.crm.fails("upsert", (0..2).map(|_| crm_fault(FaultKind::Transient)));
    world.metrics();
    assert_eq!(world.balance().minutes.on_their_way, 40);
    world.pass(minutes(30));
    world.metrics();
    assert_eq!(world.crm.check_ins(), [40]);
}

#[test]
fn without_a_key_nobody_is_recognised_and_the_pull_waits() {
    let world = world();
    world.provider.watched(vec![vec![watcher("u9", Some("guest@y.io"), 50)]]);
    world.seals.breaks(vault(FaultKind::Transient));
    assert_eq!(world.metrics().rest, Rest::Until(world.now() + seconds(30)));
    assert_eq!((world.notes(), world.balance().minutes.provider), (vec!["vault"], 0));
    world.provider.calls();
    world.metrics();
    assert_eq!(world.provider.calls(), Vec::<String>::new(), "the organization rests");
    world.seals.works();
    world.pass(seconds(30));
    world.metrics();
    assert_eq!(world.balance().minutes.unmatched, 50);
}

#[test]
fn a_limit_of_nothing_is_no_reason_to_spin() {
    let world = world();
    super::world::rested(|| done(world.bridge.metrics.step()).unwrap());
}

#[test]
fn minutes_stay_with_the_row_that_has_them() {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.crm.register(2, 1, "ada@x.io");
    world.work();
    let ada = id(&world, "ada@x.io");
    // Whose content changed last speaks for the person: each of the rows in turn.
    for (row, hours, watched) in [(1, 1, 40), (2, 6, 41), (1, 24, 42)] {
        world.crm.contact(row, "ada@x.io", &format!("Ada {hours}"));
        world.work();
        world.clock.set(over() + SignedDuration::from_hours(hours));
        world.provider.watched(vec![vec![watcher(&ada, Some("ada@x.io"), watched)]]);
        world.metrics();
        assert_eq!(world.crm.check_ins(), [watched], "one check-in, whoever speaks");
    }
}
