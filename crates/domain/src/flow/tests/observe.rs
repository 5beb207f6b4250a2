use super::crm::crm_fault;
use super::world::{World, event, minutes, row};
use crate::balance::Exclusion;
use crate::fault::FaultKind;
use crate::flow::Rest;
use crate::port::{
    ConcealOrder, CrmRow, CrmTable, FeedPlace, Intake as _, IntakeBatch, MockIntake, Place, Privacy as _,
    Recorded,
};
use crate::registration::{Phase, Stance};
use std::sync::{Arc, Mutex};

use super::world::done;
use crate::memory::PlainPrivacy;

fn world() -> World {
    let world = World::new();
    world.crm.webinar(1);
    world
}

fn stance(world: &World, address: &str, n: u8) -> Stance {
    world.registration(address).sources[&row(n)].stance
}

#[test]
fn the_first_reading_registers_everybody() {
    let world = world();
    for (n, address) in [(1, "ada@x.io"), (2, "bob@x.io"), (3, "eve@x.io")] {
        world.crm.register(n, 1, address);
    }
    world.observe();
    for (n, address) in [(1, "ada@x.io"), (2, "bob@x.io"), (3, "eve@x.io")] {
        assert!(matches!(stance(&world, address, n), Stance::Active(_)));
        assert!(matches!(world.registration(address).phase, Phase::Due { .. }));
    }
    let balance = world.balance();
    assert_eq!((balance.registrations.crm, balance.persons.on_their_way), (3, 3));
}

/// A snapshot that was just begun.
fn begun() -> FeedPlace {
    FeedPlace { cursor: None, snapshot: 1, whole: true }
}

#[test]
fn what_reaches_the_store_is_sealed_and_comes_with_the_cursor() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    let batches: Arc<Mutex<Vec<IntakeBatch>>> = Arc::default();
    let (kept, store) = (batches.clone(), world.store.clone());
    let mut intake = MockIntake::new();
    intake.expect_place().returning(|_, _| Ok(Some(begun())));
    intake.expect_hints().returning(|_, _| Ok(vec![]));
    intake.expect_touched().returning(|_, _| Ok(vec![]));
    intake.expect_known().returning(move |of| done(store.known(of)));
    intake.expect_record().returning(move |batch| {
        kept.lock().unwrap().push(batch.clone());
        Ok(Recorded::Done { conflicts: 0 })
    });
    let bridge = world.another(|ports| ports.intake = Arc::new(intake));
    done(bridge.observe.step()).unwrap();
    let batches = batches.lock().unwrap();
    let batch = batches.iter().find(|batch| !batch.groups.is_empty()).unwrap();
    assert_eq!(batch.place.as_ref().unwrap().table, CrmTable::Registrations);
    assert_eq!(*world.seals.concealed.lock().unwrap(), [1], "everybody passed through the privacy");
    let sealed = batch.groups[0].registrations[0].next.sources[&row(1)].details.clone();
    let reading = done(
        world
            .bridge
            .ports()
            .feed
            .registrations(&crate::port::RowsQuery { organization: world.org, ids: vec![row(1).into()] }),
    );
    let people = vec![(row(1).uuid(), reading.unwrap().remove(0).row.details)];
    let order = ConcealOrder { organization: world.org, people };
    assert_eq!(done(PlainPrivacy.conceal(&order)).unwrap()[0].details, sealed);
}

#[test]
fn the_cursor_is_where_reading_goes_on() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    world.crm.calls();
    world.look();
    assert_eq!(world.crm.calls(), ["changes 0"; 4], "nothing changed, nothing is read");
}

#[test]
fn who_changes_the_address_leaves_one_person_and_becomes_another() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    world.crm.contact(1, "ada@new.io", "Ada");
    world.look();
    let to = world.key(1, "ada@new.io");
    assert_eq!(stance(&world, "ada@x.io", 1), Stance::Left { to, live: true });
    assert!(matches!(stance(&world, "ada@new.io", 1), Stance::Active(_)));
    assert_eq!(world.place(1), Some(Place::Registration(to)));
    assert_eq!(world.balance().registrations.crm, 1);
}

#[test]
fn a_move_is_taken_whole_or_not_at_all() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    world.crm.contact(1, "ada@new.io", "Ada");
    let batches: Arc<Mutex<Vec<IntakeBatch>>> = Arc::default();
    let (kept, store) = (batches.clone(), world.store.clone());
    let mut intake = MockIntake::new();
    let other = store.clone();
    intake.expect_place().returning(move |id, table| done(other.place(id, table)));
    intake.expect_hints().returning(|_, _| Ok(vec![]));
    let other = store.clone();
    intake.expect_touched().returning(move |id, rows| done(other.touched(id, rows)));
    intake.expect_known().returning(move |of| done(store.known(of)));
    intake.expect_record().returning(move |batch| {
        kept.lock().unwrap().push(batch.clone());
        Ok(Recorded::Done { conflicts: 0 })
    });
    let bridge = world.another(|ports| ports.intake = Arc::new(intake));
    done(bridge.observe.step()).unwrap();
    let batches = batches.lock().unwrap();
    let groups: Vec<_> = batches.iter().flat_map(|batch| &batch.groups).collect();
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].registrations.len(), groups[0].homes.len()), (2, 1), "old, new and home together");
}

#[test]
fn a_row_without_an_address_is_excluded_until_it_has_one() {
    let world = world();
    world.crm.register(1, 1, "nobody");
    world.observe();
    assert_eq!(world.place(1), Some(Place::Excluded(Exclusion::NoAddress)));
    assert_eq!(world.balance().registrations.excluded["no_address"], 1);
    world.crm.contact(1, "ada@x.io", "Ada");
    world.look();
    assert!(matches!(stance(&world, "ada@x.io", 1), Stance::Active(_)));
    world.crm.contact(1, "", "Ada");
    world.look();
    assert_eq!(stance(&world, "ada@x.io", 1), Stance::Excluded);
    world.balance();
}

#[test]
fn a_row_of_a_foreign_event_is_taken_when_the_event_becomes_a_webinar() {
    let world = World::new();
    world.crm.event(1, |webinar| webinar.ours = false);
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    assert_eq!(world.place(1), Some(Place::Excluded(Exclusion::NotAWebinar)));
    // The row itself does not change, and so keeps its version.
    world.crm.webinar(1);
    world.look();
    assert!(matches!(stance(&world, "ada@x.io", 1), Stance::Active(_)));
    assert_eq!(world.balance().persons.on_their_way, 1);
}

#[test]
fn an_event_may_become_foreign_and_a_webinar_again() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.work();
    world.crm.event(1, |webinar| webinar.ours = false);
    world.look();
    assert_eq!(world.place(1), Some(Place::Excluded(Exclusion::NotAWebinar)));
    assert_eq!(world.balance().registrations.excluded["not_a_webinar"], 1);
    world.crm.webinar(1);
    world.work();
    assert_eq!(world.balance().registrations.at_provider, 1);
    assert!(world.provider.person(1, "ada@x.io").unwrap().live);
}

#[test]
fn a_deleted_row_is_noted_at_its_home() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    world.crm.delete(1);
    world.look();
    assert_eq!(stance(&world, "ada@x.io", 1), Stance::Deleted);
    assert_eq!(world.place(1), Some(Place::Deleted(Some(world.key(1, "ada@x.io")))));
    assert_eq!(world.balance().registrations.crm, 0);
}

#[test]
fn two_rows_of_one_address_are_one_person() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.crm.register(2, 1, " ADA@x.io");
    world.observe();
    assert_eq!(world.registration("ada@x.io").sources.len(), 2);
    let balance = world.balance();
    assert_eq!((balance.registrations.crm, balance.persons.on_their_way), (2, 1));
}

#[test]
fn an_older_reading_changes_nothing() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    let before = world.registration("ada@x.io");
    world.store.hint_row(&world, CrmTable::Registrations, row(1).into());
    world.observe();
    assert_eq!(world.registration("ada@x.io"), before, "the same version again");
    assert_eq!(world.place(1), Some(Place::Registration(world.key(1, "ada@x.io"))));
}

#[test]
fn contacts_and_companies_lead_to_the_rows_that_lean_on_them() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.crm.company(1, "Engines");
    world.work();
    assert_eq!(world.provider.person(1, "ada@x.io").unwrap().company, "Engines");
    world.crm.contact(1, "ada@x.io", "Augusta");
    world.work();
    assert_eq!(world.provider.person(1, "ada@x.io").unwrap().name, "Augusta");
    world.crm.company(1, "Analytical Engines");
    world.work();
    assert_eq!(world.provider.person(1, "ada@x.io").unwrap().company, "Analytical Engines");
}

#[test]
fn an_unreachable_crm_is_asked_ever_less_often_and_no_place_is_lost() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    world.crm.register(2, 1, "bob@x.io");
    world.crm.fails("changes", (0..40).map(|_| crm_fault(FaultKind::Transient)));
    let mut waits = vec![];
    for _ in 0..6 {
        let Rest::Until(at) = world.look().rest else { panic!("it rests") };
        waits.push(at.duration_since(world.now()));
        world.clock.set(at);
    }
    assert!(waits[5] > waits[0] && waits[5] >= minutes(1), "{waits:?}");
    world.crm.works();
    world.look();
    assert!(matches!(stance(&world, "bob@x.io", 2), Stance::Active(_)));
}

#[test]
fn a_group_that_changed_meanwhile_becomes_a_hint_and_is_taken_next() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    world.crm.contact(1, "ada@x.io", "Augusta");
    let store = world.store.clone();
    let (inside, clock) = (world.bridge.clone(), world.clock.clone());
    let raced = Arc::new(Mutex::new(false));
    let mut intake = MockIntake::new();
    let other = store.clone();
    intake.expect_place().returning(move |id, table| done(other.place(id, table)));
    let other = store.clone();
    intake.expect_hints().returning(move |id, limit| done(other.hints(id, limit)));
    let other = store.clone();
    intake.expect_touched().returning(move |id, rows| done(other.touched(id, rows)));
    let (other, once) = (store.clone(), raced.clone());
    intake.expect_known().returning(move |of| {
        let known = done(other.known(of));
        // Between reading and recording, the person is delivered.
        if !known.as_ref().unwrap().registrations.is_empty()
            && !std::mem::replace(&mut *once.lock().unwrap(), true)
        {
            clock.advance(super::world::seconds(1));
            done(inside.deliver.step(1)).unwrap();
        }
        known
    });
    let other = store.clone();
    intake.expect_record().returning(move |batch| done(other.record(batch)));
    let bridge = world.another(|ports| ports.intake = Arc::new(intake));
    super::world::rested(|| done(bridge.observe.step()).unwrap());
    assert!(*raced.lock().unwrap());
    world.deliver();
    assert_eq!(world.provider.person(1, "ada@x.io").unwrap().name, "Augusta");
    assert_eq!(world.balance().registrations.at_provider, 1);
}

#[test]
fn nothing_is_read_for_an_organization_that_is_not_active() {
    let world = World::dormant();
    world.crm.webinar(1);
    assert_eq!(world.observe().rest, Rest::Idle);
    assert_eq!(world.crm.calls(), Vec::<String>::new());
}

#[test]
fn what_was_read_while_the_organization_stopped_is_not_taken() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    let mut intake = MockIntake::new();
    intake.expect_place().returning(|_, _| Ok(Some(begun())));
    intake.expect_hints().returning(|_, _| Ok(vec![]));
    intake.expect_touched().returning(|_, _| Ok(vec![]));
    intake.expect_known().returning(|_| Ok(crate::port::Known::default()));
    intake.expect_record().returning(|_| Ok(Recorded::Inactive));
    let bridge = world.another(|ports| ports.intake = Arc::new(intake));
    assert_eq!(done(bridge.observe.step()).unwrap().rest, Rest::Idle);
}

#[test]
fn an_event_that_nobody_has_read_is_read_on_the_spot() {
    let world = World::new();
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    assert_eq!(world.place(1), Some(Place::Excluded(Exclusion::NotAWebinar)), "there is no such event");
    world.crm.webinar(2);
    world.crm.register(2, 2, "bob@x.io");
    world.store.hint_row(&world, CrmTable::Registrations, row(2).into());
    // The feed of events fails, so that only the row itself can lead to its event.
    world.crm.fails("changes", (0..4).map(|_| crm_fault(FaultKind::Transient)));
    world.look();
    assert_eq!(world.place(2), Some(Place::Registration(world.key(2, "bob@x.io"))));
}

#[test]
fn a_page_may_name_an_event_more_than_once() {
    let world = world();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.work();
    assert_eq!(world.balance().registrations.at_provider, 1);
}

#[test]
fn an_event_that_is_gone_is_called_off() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    world.crm.drop_event(1);
    world.look();
    let webinars = done(world.bridge.desk.webinars(world.org)).unwrap();
    assert_eq!(webinars[0].0.id, event(1));
    assert_eq!(webinars[0].0.target(), None);
    assert_eq!(world.deliver().rest, Rest::Idle, "nothing is sent there any more");
    assert_eq!(world.provider.calls(), Vec::<String>::new());
    assert_eq!(world.balance().persons.on_their_way, 1, "nor is it forgotten");
}

#[test]
fn an_event_that_was_hidden_for_a_while_is_a_webinar_again() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    let target = || done(world.bridge.desk.webinars(world.org)).unwrap()[0].0.target().cloned();
    world.crm.hide_event(1, true);
    world.store.hint_row(&world, CrmTable::Webinars, event(1).into());
    world.look();
    assert_eq!(target(), None);
    // Its version is what it was.
    world.crm.hide_event(1, false);
    world.store.hint_row(&world, CrmTable::Webinars, event(1).into());
    world.work();
    assert!(target().is_some());
    assert_eq!(world.balance().registrations.at_provider, 1);
}

#[test]
fn who_is_to_be_erased_gets_no_new_rows() {
    let world = world();
    world.crm.register(1, 1, "ada@x.io");
    world.work();
    let key = world.key(1, "ada@x.io");
    let known = done(crate::port::Books::find(&world.store, &[key])).unwrap().remove(0).unwrap();
    let policy = crate::registration::RegistrationPolicy::default();
    let erased = known.item.on(crate::registration::Input::Erase, world.now(), &policy).unwrap();
    let crate::fact::Step::Moved { next, fact: _ } = erased else { panic!("it is to be erased") };
    let change = crate::port::Amendment { expected: known.revision, next, facts: vec![] };
    done(crate::port::Worklist::amend(&world.store, &[change])).unwrap();
    world.crm.register(2, 1, "ada@x.io");
    world.work();
    assert_eq!(world.place(2), Some(Place::Excluded(Exclusion::Erased)));
    assert_eq!(world.balance().registrations.excluded["erased"], 1);
}

impl crate::memory::MemoryStore {
    pub(super) fn hint_row(&self, world: &World, table: CrmTable, id: crate::id::CrmRecordId) {
        let hint = crate::port::Hint { organization: world.org, row: CrmRow { table, id } };
        done(self.hint(&[hint])).unwrap();
    }
}
