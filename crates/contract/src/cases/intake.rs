//! What a store promises of what it takes in.

mod hint;
mod snapshot;
pub use hint::*;
pub use snapshot::*;

use std::collections::BTreeSet;

use uuid::Uuid;
use webinar_bridge_domain::balance::Exclusion;
use webinar_bridge_domain::id::{OrganizationId, SourceId, Stored, Version};
use webinar_bridge_domain::integration::{Integration, TermsVersion, Then};
use webinar_bridge_domain::port::{
    CrmRow, CrmTable, Cursor, FeedPlace, FeedStep, Hint, Home, IntakeBatch, IntakeGroup, Known, Lane, Lookup,
    PendingHint, Place, Recorded,
};
use webinar_bridge_domain::registration::{Input, Registration, RegistrationKey, Stance};
use webinar_bridge_domain::time::SignedDuration;

use crate::subject::StoreSubject;
use crate::world::{NOW, StoreWorld, step};

fn row(table: CrmTable, n: u128) -> CrmRow {
    CrmRow { table, id: Uuid::from_u128(n).into() }
}

fn hint_of(source: SourceId) -> CrmRow {
    CrmRow { table: CrmTable::Registrations, id: source.into() }
}

async fn hint(world: &StoreWorld, rows: &[CrmRow]) {
    let hints: Vec<Hint> =
        rows.iter().map(|row| Hint { organization: world.organization, row: *row }).collect();
    world.store.intake.hint(&hints).await.expect("the store works");
}

async fn hints(world: &StoreWorld, limit: u32) -> Vec<PendingHint> {
    world.store.intake.hints(&world.organization, limit).await.expect("the store works")
}

async fn hinted(world: &StoreWorld) -> BTreeSet<CrmRow> {
    hints(world, 1_000).await.into_iter().map(|hint| hint.row).collect()
}

async fn record(world: &StoreWorld, batch: &IntakeBatch) -> Recorded {
    world.store.intake.record(batch).await.expect("the store works")
}

async fn place(world: &StoreWorld, table: CrmTable) -> Option<FeedPlace> {
    world.store.intake.place(&world.organization, table).await.expect("the store works")
}

async fn begin(world: &StoreWorld) -> FeedPlace {
    world.store.intake.begin(&world.organization, CrmTable::Registrations).await.expect("the store works")
}

async fn position(world: &StoreWorld, table: CrmTable) -> Option<Cursor> {
    place(world, table).await.and_then(|place| place.cursor)
}

async fn known(world: &StoreWorld, sources: &[SourceId], keys: &[RegistrationKey]) -> Known {
    let of = Lookup { organization: world.organization, sources: sources.into(), keys: keys.into() };
    world.store.intake.known(&of).await.expect("the store works")
}

async fn home_of(world: &StoreWorld, source: u8) -> Option<Home> {
    let source = StoreWorld::source(source);
    known(world, &[source], &[]).await.homes.get(&source).copied()
}

/// A group of one new registration with its row of the same number.
fn new_person(world: &StoreWorld, person: u8, version: u64) -> IntakeGroup {
    let key = world.key(person);
    let next = StoreWorld::registration(key, [StoreWorld::active(person, version, person)]);
    IntakeGroup {
        registrations: vec![world.change(None, next)],
        homes: vec![StoreWorld::home(key, person, version)],
    }
}

fn only_home(source: u8, home: Home) -> IntakeGroup {
    IntakeGroup { registrations: vec![], homes: vec![(StoreWorld::source(source), home)] }
}

/// The batch of a page of registrations that was read where the feed is now, and leads to `to`.
async fn with_cursor(world: &StoreWorld, batch: IntakeBatch, to: &str) -> IntakeBatch {
    let from = match place(world, CrmTable::Registrations).await {
        Some(place) => place,
        None => begin(world).await,
    };
    stepping(batch, from, to)
}

fn stepping(batch: IntakeBatch, from: FeedPlace, to: &str) -> IntakeBatch {
    let step =
        FeedStep { table: CrmTable::Registrations, from, to: Cursor::new(to), end: false, seen: vec![] };
    IntakeBatch { place: Some(step), ..batch }
}

/// Rows and the place they lead to are taken together.
pub async fn rows_and_their_place_are_taken_together(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    assert_eq!(position(&world, CrmTable::Registrations).await, None);
    let batch = with_cursor(&world, world.batch(vec![new_person(&world, 1, 5)]), "after 1").await;
    assert_eq!(record(&world, &batch).await, Recorded::Done { conflicts: 0 });
    assert_eq!(position(&world, CrmTable::Registrations).await, Some(Cursor::new("after 1")));
    assert_eq!(position(&world, CrmTable::Contacts).await, None, "another table's place");
    assert_eq!(home_of(&world, 1).await, Some(StoreWorld::home(world.key(1), 1, 5).1));
    world.stored(world.key(1)).await;
    record(&world, &with_cursor(&world, world.batch(vec![]), "after 2").await).await;
    assert_eq!(position(&world, CrmTable::Registrations).await, Some(Cursor::new("after 2")));
}

/// Of an organization that is not at work in the batch's epoch nothing is taken, the place included.
pub async fn nothing_is_taken_in_another_epoch(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    hint(&world, &[row(CrmTable::Contacts, 1)]).await;
    let finished = hints(&world, 10).await;
    let batch = world.batch(vec![new_person(&world, 1, 5)]);
    let batch = IntakeBatch { finished, ..with_cursor(&world, batch, "after 1").await };
    let stopped = Integration::Draining { terms: TermsVersion(1), newer: None, then: Then::Credentials };
    for integration in [stopped, Integration::Active { terms: TermsVersion(1), newer: None }] {
        world.integrate(integration).await;
        assert_eq!(record(&world, &batch).await, Recorded::Inactive, "{integration:?}");
        let known = known(&world, &[StoreWorld::source(1)], &[world.key(1)]).await;
        assert_eq!(known, Known::default());
        assert_eq!(position(&world, CrmTable::Registrations).await, None);
        assert_eq!(hinted(&world).await, [row(CrmTable::Contacts, 1)].into());
    }
}

/// A group whose registration is no longer as it was read becomes a hint; the place moves on, and the other groups are
/// taken.
pub async fn a_conflicting_group_becomes_a_hint_and_the_place_moves_on(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let taken = world.register(1).await;
    let before = world.stored(taken).await;
    let groups = vec![new_person(&world, 2, 5), new_person(&world, 1, 5), new_person(&world, 3, 5)];
    let batch = with_cursor(&world, world.batch(groups), "after 3").await;
    assert_eq!(record(&world, &batch).await, Recorded::Done { conflicts: 1 });
    assert_eq!(position(&world, CrmTable::Registrations).await, Some(Cursor::new("after 3")));
    assert_eq!(hinted(&world).await, [hint_of(StoreWorld::source(1))].into());
    assert_eq!(world.stored(taken).await, before, "a conflicting group was taken");
    assert_eq!(home_of(&world, 1).await.map(|home| home.version), Some(Version(1)));
    for person in [2, 3] {
        world.stored(world.key(person)).await;
    }
}

/// The hint of a conflicting group stays, although the batch finishes the hint that led to it.
pub async fn a_conflict_outlives_the_hint_that_led_to_it(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    world.register(1).await;
    hint(&world, &[hint_of(StoreWorld::source(1))]).await;
    let finished = hints(&world, 10).await;
    let batch = IntakeBatch { finished, ..world.batch(vec![new_person(&world, 1, 5)]) };
    assert_eq!(record(&world, &batch).await, Recorded::Done { conflicts: 1 });
    assert_eq!(hinted(&world).await, [hint_of(StoreWorld::source(1))].into());
}

/// A group is taken whole or not at all: one registration that moved keeps the others of the group from being taken.
pub async fn a_group_is_taken_whole_or_not_at_all(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let old = world.register(1).await;
    let before = world.stored(old).await;
    world.observe(old, 2).await;
    let moved = StoreWorld::seen(1, 3, Stance::Left { to: world.key(2), live: true });
    let leaving = step(&before.item, Input::Observed(moved), NOW).0;
    let arriving = StoreWorld::registration(world.key(2), [StoreWorld::active(1, 3, 9)]);
    let group = IntakeGroup {
        registrations: vec![world.change(None, arriving), world.change(Some(before.revision), leaving)],
        homes: vec![StoreWorld::home(world.key(2), 1, 3)],
    };
    assert_eq!(record(&world, &world.batch(vec![group])).await, Recorded::Done { conflicts: 1 });
    let known = known(&world, &[StoreWorld::source(1)], &[world.key(2)]).await;
    assert!(!known.registrations.contains_key(&world.key(2)), "half a group was taken");
    assert_eq!(known.homes[&StoreWorld::source(1)].version, Version(2));
    assert_eq!(hinted(&world).await, [hint_of(StoreWorld::source(1))].into());
}

/// Groups of one batch are taken one after the other: the second of two that make one registration is a conflict.
pub async fn groups_of_one_batch_see_each_other(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let second = StoreWorld::registration(world.key(1), [StoreWorld::active(2, 5, 9)]);
    let second = IntakeGroup {
        registrations: vec![world.change(None, second)],
        homes: vec![StoreWorld::home(world.key(1), 2, 5)],
    };
    let groups = vec![new_person(&world, 1, 5), second, new_person(&world, 3, 5)];
    assert_eq!(record(&world, &world.batch(groups)).await, Recorded::Done { conflicts: 1 });
    let sources: Vec<_> = world.stored(world.key(1)).await.item.sources.into_keys().collect();
    assert_eq!(sources, [StoreWorld::source(1)], "the second group was taken");
    assert_eq!(home_of(&world, 2).await, None);
    assert_eq!(hinted(&world).await, [hint_of(StoreWorld::source(2))].into());
    world.stored(world.key(3)).await;
}

/// A batch that is recorded again changes nothing.
pub async fn recording_again_changes_nothing(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let batch =
        with_cursor(&world, world.batch(vec![new_person(&world, 1, 5), new_person(&world, 2, 5)]), "after 2")
            .await;
    assert_eq!(record(&world, &batch).await, Recorded::Done { conflicts: 0 });
    let (sources, keys) = ([1, 2].map(StoreWorld::source), [world.key(1), world.key(2)]);
    let before = known(&world, &sources, &keys).await;
    let scope = webinar_bridge_domain::balance::Scope::Organization;
    let balance = world.store.books.balance(&world.organization, &scope).await;
    record(&world, &batch).await;
    assert_eq!(known(&world, &sources, &keys).await, before);
    assert_eq!(world.store.books.balance(&world.organization, &scope).await, balance);
    assert_eq!(position(&world, CrmTable::Registrations).await, Some(Cursor::new("after 2")));
}

/// An older reading of a row that has moved on is not taken, and brings no old address to life; nor is one of the same
/// version with another address, since two readings of one version do not differ.
pub async fn an_older_reading_of_a_moved_row_is_refused(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    record(&world, &world.batch(vec![new_person(&world, 2, 7)])).await;
    let old = world.key(1);
    for version in [6, 7] {
        let next = StoreWorld::registration(old, [StoreWorld::active(2, version, 1)]);
        let group = IntakeGroup {
            registrations: vec![world.change(None, next)],
            homes: vec![StoreWorld::home(old, 2, version)],
        };
        assert_eq!(record(&world, &world.batch(vec![group])).await, Recorded::Done { conflicts: 1 });
        let known = known(&world, &[StoreWorld::source(2)], &[old]).await;
        assert!(!known.registrations.contains_key(&old), "an old address came to life");
        assert_eq!(known.homes[&StoreWorld::source(2)], StoreWorld::home(world.key(2), 2, 7).1);
    }
}

/// An older reading of a row that led nowhere is not taken either.
pub async fn an_older_reading_excludes_nothing(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    record(&world, &world.batch(vec![new_person(&world, 1, 7)])).await;
    let (_, home) = StoreWorld::home(world.key(1), 1, 7);
    let older = Home { version: Version(6), place: Place::Excluded(Exclusion::NoAddress), ..home };
    let batch = world.batch(vec![only_home(1, older)]);
    assert_eq!(record(&world, &batch).await, Recorded::Done { conflicts: 1 });
    assert_eq!(home_of(&world, 1).await, Some(home));
    assert_eq!(hinted(&world).await, [hint_of(StoreWorld::source(1))].into());
}

/// A row that is gone has no version of its own: its delete is taken at the version that is known.
pub async fn a_delete_is_taken_at_the_version_that_is_known(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let now = world.stored(key).await;
    let (_, home) = StoreWorld::home(key, 1, 1);
    let gone = Home { place: Place::Deleted(Some(key)), ..home };
    let next = step(&now.item, Input::Observed(StoreWorld::seen(1, 1, Stance::Deleted)), NOW).0;
    world.put(Some(now.revision), next, vec![(StoreWorld::source(1), gone)]).await;
    assert_eq!(home_of(&world, 1).await, Some(gone));
}

/// A row that is gone stays gone, whatever a slow reader still has of it.
pub async fn a_row_that_is_gone_stays_gone(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let (_, home) = StoreWorld::home(world.key(1), 1, 4);
    let gone = Home { place: Place::Deleted(None), ..home };
    record(&world, &world.batch(vec![only_home(1, home)])).await;
    record(&world, &world.batch(vec![only_home(1, gone)])).await;
    record(&world, &world.batch(vec![only_home(1, home)])).await;
    assert_eq!(home_of(&world, 1).await, Some(gone), "a deleted row came back");
}

/// A row that was excluded may be taken in at the version it has: what changed is our knowledge of its event.
pub async fn an_excluded_row_is_taken_in_at_its_version(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let (_, home) = StoreWorld::home(world.key(1), 1, 4);
    let excluded = Home { place: Place::Excluded(Exclusion::NotAWebinar), ..home };
    record(&world, &world.batch(vec![only_home(1, excluded)])).await;
    let batch = world.batch(vec![new_person(&world, 1, 4)]);
    assert_eq!(record(&world, &batch).await, Recorded::Done { conflicts: 0 });
    assert_eq!(home_of(&world, 1).await, Some(home));
}

/// What is known of a source is its home and the registration there; what is asked for by key comes beside it.
pub async fn what_is_known_is_homes_and_registrations(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    for person in 1..=3 {
        world.register(person).await;
    }
    let (_, home) = StoreWorld::home(world.key(9), 9, 1);
    let excluded = Home { place: Place::Excluded(Exclusion::NoAddress), ..home };
    record(&world, &world.batch(vec![only_home(9, excluded)])).await;
    let sources = [1, 9, 100].map(StoreWorld::source);
    let known = known(&world, &sources, &[world.key(3), world.key(100)]).await;
    assert_eq!(known.homes.keys().copied().collect::<Vec<_>>(), [1, 9].map(StoreWorld::source));
    assert_eq!(known.homes[&StoreWorld::source(9)], excluded);
    let keys: Vec<_> = known.registrations.keys().copied().collect();
    assert_eq!(keys, [world.key(1), world.key(3)]);
    assert_eq!(known.registrations[&world.key(1)], world.stored(world.key(1)).await);
}

/// A contact, an account and an event lead to the registration rows that lean on them.
pub async fn rows_are_found_by_what_they_lean_on(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    for person in 1..=3 {
        world.register(person).await;
    }
    other.register(1).await;
    let (_, home) = StoreWorld::home(world.key(4), 4, 1);
    let gone = Home { place: Place::Deleted(None), ..home };
    let (_, fifth) = StoreWorld::home(world.key(5), 5, 1);
    let alone = Home { company: None, event: StoreWorld::webinar_id(2), ..fifth };
    record(&world, &world.batch(vec![only_home(5, alone)])).await;
    let touched = async |table: CrmTable, id: Uuid| {
        let rows = [CrmRow { table, id: id.into() }];
        let found = world.store.intake.touched(&world.organization, &rows).await.expect("the store works");
        assert_eq!(found.len(), found.iter().collect::<BTreeSet<_>>().len(), "a row is named twice");
        found.into_iter().collect::<BTreeSet<_>>()
    };
    let sources = |numbers: &[u8]| numbers.iter().map(|n| StoreWorld::source(*n)).collect::<BTreeSet<_>>();
    assert_eq!(touched(CrmTable::Contacts, StoreWorld::contact(2).uuid()).await, sources(&[2]));
    assert_eq!(touched(CrmTable::Accounts, StoreWorld::company().uuid()).await, sources(&[1, 2, 3]));
    assert_eq!(touched(CrmTable::Webinars, StoreWorld::webinar_id(2).uuid()).await, sources(&[5]));
    assert_eq!(touched(CrmTable::Contacts, Uuid::from_u128(0xdead)).await, sources(&[]));
    record(&world, &world.batch(vec![only_home(4, home)])).await;
    record(&world, &world.batch(vec![only_home(4, gone)])).await;
    assert_eq!(touched(CrmTable::Contacts, StoreWorld::contact(4).uuid()).await, sources(&[]));
}

/// Organizations are apart: one id in two of them is two rows.
pub async fn organizations_take_in_apart(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    record(&world, &with_cursor(&world, world.batch(vec![new_person(&world, 1, 9)]), "mine").await).await;
    assert_eq!(home_of(&other, 1).await, None);
    assert_eq!(position(&other, CrmTable::Registrations).await, None);
    let batch = other.batch(vec![new_person(&other, 1, 2)]);
    assert_eq!(record(&other, &batch).await, Recorded::Done { conflicts: 0 });
    assert_eq!(home_of(&world, 1).await.map(|home| home.version), Some(Version(9)));
    let batch = IntakeBatch { organization: OrganizationId::from(Uuid::from_u128(77)), ..batch };
    assert_eq!(record(&world, &batch).await, Recorded::Inactive, "nobody knows that organization");
}

/// A registration with everything there can be in it is read as it was stored, to the microsecond; so is a home.
pub async fn what_was_stored_is_what_is_read(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.key(1);
    let rich = rich(&world, key);
    let homes = vec![StoreWorld::home(key, 1, u64::from(u32::MAX) * 1_000), StoreWorld::home(key, 2, 3)];
    world.put(None, rich.clone(), homes.clone()).await;
    let stored = world.stored(key).await;
    assert_eq!(stored.item, rich);
    let epoch = world.epoch;
    drop(world);
    s.reopen().await;
    let world = StoreWorld { store: s.store(), organization: key.organization, epoch };
    let known = known(&world, &[1, 2].map(StoreWorld::source), &[]).await;
    assert_eq!(known.homes, homes.into_iter().collect());
    assert_eq!(known.registrations[&key], Stored { item: rich, revision: stored.revision });
}

/// A registration in the middle of everything: several rows, a person, a doubt, an open attempt, answers.
fn rich(world: &StoreWorld, key: RegistrationKey) -> Registration {
    use webinar_bridge_domain::fault::Verdict;
    let micro = SignedDuration::from_micros(1);
    let rows = [
        StoreWorld::active(1, 1, 7),
        StoreWorld::active(2, 2, 8),
        StoreWorld::seen(3, 3, Stance::Cancelled),
        StoreWorld::active(4, 4, 9),
        StoreWorld::seen(4, 5, Stance::Left { to: world.key(9), live: true }),
    ];
    let mut registration = StoreWorld::registration(key, rows);
    let mut now = NOW;
    let mut go_on = |input: &dyn Fn(&Registration) -> Input| {
        now += micro;
        registration = step(&registration, input(&registration), now).0;
    };
    go_on(&|it| Input::Opened(it.next_call()));
    go_on(&|_| Input::Replied(StoreWorld::admitted(key)));
    go_on(&|it| {
        let (source, answer) = it.answers_due().remove(0);
        Input::Answered { source, answer }
    });
    go_on(&|_| Input::Observed(StoreWorld::active(1, 6, 10)));
    go_on(&|it| Input::Opened(it.next_call()));
    let at = NOW + SignedDuration::from_micros(7_000_003);
    go_on(&|_| Input::Faulted { verdict: Verdict::Ambiguous { at, last: false } });
    now += SignedDuration::from_mins(90);
    step(&registration, Input::Opened(registration.next_call()), now).0
}

/// Work that was taken in is there to be done, and only there.
pub async fn what_is_taken_in_is_there_to_be_done(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    record(&world, &world.batch(vec![new_person(&world, 1, 5)])).await;
    let leased = world.claim_one(Lane::Deliver, NOW).await;
    assert_eq!(
        Stored { item: leased.registration, revision: leased.revision },
        world.stored(world.key(1)).await
    );
    assert_eq!(world.claim(Lane::Answer, NOW).await, []);
}
