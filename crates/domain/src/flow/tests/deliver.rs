//! What becomes of people at the provider.

use std::collections::BTreeMap;

use super::provider::provider_fault;
use super::world::{World, done, minutes, seconds};
use crate::fault::FaultKind;
use crate::flow::Rest;
use crate::id::ProviderEventId;
use crate::registration::{Applied, Call, Cause, Effect, Outcome, Phase, Words};
use crate::time::SignedDuration;

/// One person, on the way.
fn world() -> World {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    world
}

fn due(world: &World) -> SignedDuration {
    let Phase::Due { at, .. } = world.registration("ada@x.io").phase else { panic!("it is not due") };
    at.duration_since(world.now())
}

fn tries(world: &World) -> u32 {
    let Phase::Due { tries, .. } = world.registration("ada@x.io").phase else { panic!("it is not due") };
    tries
}

#[test]
fn an_admitted_person_is_settled_and_the_answer_becomes_due() {
    let world = world();
    let report = world.deliver();
    assert_eq!((report.settled, report.rest), (1, Rest::Idle));
    let registration = world.registration("ada@x.io");
    assert_eq!(registration.phase, Phase::Settled);
    assert_eq!(registration.answers_due().len(), 1);
    let person = world.provider.person(1, "ada@x.io").unwrap();
    assert_eq!((registration.person.as_ref(), person.live), (Some(&person.id), true));
    assert_eq!(person.correlation, registration.key.correlation());
}

#[test]
fn a_no_holds_the_person_in_the_providers_words() {
    let world = world();
    world.provider.refuses("ada@x.io", Some("private addresses are not allowed"));
    assert_eq!(world.deliver().held, 1);
    let words = Words::new("private addresses are not allowed");
    let filter = crate::port::HeldFilter::default();
    let query = crate::port::HeldQuery { organization: world.org, filter, skip: 0, limit: 100 };
    let held = done(world.bridge.desk.held(query)).unwrap();
    assert_eq!((held[0].cause.clone(), held[0].wanted), (Cause::Refused(words), true));
    // New details are a new question.
    world.provider.refuses("ada@x.io", None);
    world.crm.contact(1, "ada@x.io", "Augusta");
    world.work();
    assert_eq!(world.balance().registrations.at_provider, 1);
}

#[test]
fn an_unclear_end_is_asserted_again_after_a_minute() {
    let world = world();
    world.provider.fails(FaultKind::Ambiguous);
    let report = world.deliver();
    assert_eq!(report.rest, Rest::Until(world.now() + minutes(1)));
    assert_eq!(world.registration("ada@x.io").applied, Applied::Unknown);
    world.pass(minutes(1));
    world.deliver();
    assert_eq!(world.provider.calls(), ["register ada@x.io"; 2]);
    assert_eq!(world.registration("ada@x.io").phase, Phase::Settled);
}

#[test]
fn an_interrupted_call_is_a_doubt_and_the_third_in_a_row_is_poison() {
    let world = world();
    for lost in 1..=3 {
        let (taken, _) = done(world.bridge.deliver.take(1, &BTreeMap::new())).unwrap();
        let sent = done(world.bridge.deliver.begin(taken)).unwrap();
        assert_eq!(sent.len(), 1, "journalled, and then the process dies");
        assert_eq!(world.registration("ada@x.io").attempts, lost);
        world.pass(seconds(120));
        // The next claimer finds it open.
        world.deliver();
        let registration = world.registration("ada@x.io");
        assert_eq!((registration.open, registration.takeovers), (None, lost));
        if lost < 3 {
            assert_eq!(due(&world), minutes(1));
            world.pass(minutes(1));
        }
    }
    assert!(matches!(world.registration("ada@x.io").phase, Phase::Held { cause: Cause::Poison, .. }));
    assert_eq!(world.provider.calls(), Vec::<String>::new());
    assert_eq!(world.balance().persons.held, 1);
}

#[test]
fn a_change_while_the_call_is_out_is_delivered_next() {
    let world = world();
    let (taken, _) = done(world.bridge.deliver.take(1, &BTreeMap::new())).unwrap();
    let mut sent = done(world.bridge.deliver.begin(taken)).unwrap();
    world.crm.contact(1, "ada@x.io", "Augusta");
    world.look();
    let end = done(world.bridge.deliver.send(sent.remove(0)));
    done(world.bridge.deliver.finish(vec![end])).unwrap();
    assert_eq!(due(&world), SignedDuration::ZERO);
    world.deliver();
    assert_eq!(world.provider.calls(), ["register ada@x.io", "amend ada@x.io"]);
    assert_eq!(world.provider.person(1, "ada@x.io").unwrap().name, "Augusta");
}

#[test]
fn an_answer_after_its_lease_is_evidence_all_the_same() {
    let world = world();
    let (taken, _) = done(world.bridge.deliver.take(1, &BTreeMap::new())).unwrap();
    let mut sent = done(world.bridge.deliver.begin(taken)).unwrap();
    world.pass(seconds(121));
    world.crm.cancel(1);
    world.look();
    world.pass(minutes(1));
    // Somebody else took over.
    world.deliver();
    let end = done(world.bridge.deliver.send(sent.remove(0)));
    done(world.bridge.deliver.finish(vec![end])).unwrap();
    assert!(world.registration("ada@x.io").contested(), "the late call may have landed after the cancel");
    for _ in 0..3 {
        world.pass(minutes(11));
        world.deliver();
    }
    assert_eq!(world.provider.live(), vec![]);
    assert_eq!(world.registration("ada@x.io").phase, Phase::Settled);
}

#[test]
fn waiting_for_the_provider_does_not_count() {
    let world = world();
    world.provider.fails(FaultKind::Throttled { after: Some(seconds(10)) });
    world.deliver();
    assert_eq!((due(&world), tries(&world)), (SignedDuration::ZERO, 0), "the gate waits, not the row");
    world.pass(seconds(9));
    assert_eq!(world.deliver().rest, Rest::Until(world.now() + seconds(1)));
    assert_eq!(world.provider.calls().len(), 1);
    world.pass(seconds(1));
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 1);
}

#[test]
fn a_cancelled_row_is_taken_off_the_list() {
    let world = world();
    world.work();
    world.crm.cancel(1);
    world.work();
    assert_eq!(world.provider.live(), vec![]);
    assert_eq!(world.registration("ada@x.io").applied, Applied::Known(Effect::Absent));
    assert_eq!(world.balance().registrations.excluded["cancelled"], 1);
}

#[test]
fn the_old_address_goes_when_the_new_one_is_there() {
    let world = world();
    world.work();
    world.provider.calls();
    world.crm.contact(1, "ada@new.io", "Ada");
    world.provider.fails(FaultKind::Throttled { after: Some(minutes(1)) });
    world.look();
    world.deliver();
    assert_eq!(world.provider.calls(), ["register ada@new.io"], "the cancel waits");
    world.pass(minutes(2));
    world.deliver();
    assert_eq!(world.provider.calls(), ["register ada@new.io", "cancel ada@x.io"]);
    assert_eq!(world.provider.live().len(), 1);
}

#[test]
fn a_new_address_that_is_held_does_not_keep_the_old_one_there() {
    let world = world();
    world.work();
    world.provider.refuses("ada@new.io", Some("no"));
    world.crm.contact(1, "ada@new.io", "Ada");
    world.look();
    world.deliver();
    assert_eq!(world.provider.live(), vec![]);
}

#[test]
fn too_little_of_a_lease_is_no_time_for_a_call() {
    let world = world();
    let (taken, _) = done(world.bridge.deliver.take(1, &BTreeMap::new())).unwrap();
    world.pass(seconds(61));
    assert!(done(world.bridge.deliver.begin(taken)).unwrap().is_empty());
    assert_eq!(world.registration("ada@x.io").attempts, 0);
    assert_eq!(world.deliver().settled, 1, "the lease went back");
}

#[test]
fn what_is_not_sent_when_the_process_ends_is_free_at_once() {
    let world = world();
    let (taken, _) = done(world.bridge.deliver.take(1, &BTreeMap::new())).unwrap();
    done(world.bridge.deliver.release(taken)).unwrap();
    assert_eq!(world.deliver().settled, 1);
}

#[test]
fn a_call_that_is_given_up_may_have_happened() {
    let world = world();
    let (taken, _) = done(world.bridge.deliver.take(1, &BTreeMap::new())).unwrap();
    let mut sent = done(world.bridge.deliver.begin(taken)).unwrap();
    let end = world.bridge.deliver.abandoned(sent.remove(0));
    done(world.bridge.deliver.finish(vec![end])).unwrap();
    assert_eq!(world.registration("ada@x.io").applied, Applied::Unknown);
}

#[test]
fn who_is_expected_first_goes_first() {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.event(2, |webinar| {
        webinar.starts = super::world::START + minutes(30);
        webinar.ends = super::world::START + minutes(90);
    });
    world.crm.register(1, 1, "ada@x.io");
    world.crm.register(2, 2, "bob@x.io");
    world.observe();
    done(world.bridge.deliver.step(1)).unwrap();
    assert_eq!(world.provider.calls(), ["register bob@x.io"]);
}

#[test]
fn people_wait_for_an_event_that_the_provider_does_not_have_yet() {
    let world = World::new();
    world.crm.event(1, |webinar| webinar.event = None);
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    assert_eq!(world.deliver().rest, Rest::Idle);
    assert_eq!(world.balance().persons.on_their_way, 1);
    world.crm.event(1, |webinar| webinar.event = Some(ProviderEventId::new("1")));
    world.work();
    assert!(world.provider.person(1, "ada@x.io").unwrap().live);
}

#[test]
fn work_of_a_webinar_that_is_called_off_rests_and_comes_back_with_it() {
    let world = world();
    let (taken, _) = done(world.bridge.deliver.take(1, &BTreeMap::new())).unwrap();
    let sent = done(world.bridge.deliver.begin(taken)).unwrap();
    assert_eq!(sent.len(), 1, "and then the process dies");
    world.crm.event(1, |webinar| webinar.cancelled = true);
    world.look();
    world.pass(seconds(120));
    assert_eq!(world.deliver().rest, Rest::Idle);
    assert_eq!(world.balance().persons.on_their_way, 1);
    world.crm.webinar(1);
    world.look();
    world.deliver();
    world.pass(minutes(1));
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 1);
}

#[test]
fn an_answer_that_does_not_fit_its_call_says_nothing() {
    let world = world();
    world.provider.ends([Ok(Outcome::Cancelled)]);
    world.deliver();
    assert_eq!(world.registration("ada@x.io").applied, Applied::Unknown);
    assert_eq!(world.registration("ada@x.io").next_call(), Call::Register(digest(&world)));
}

fn digest(world: &World) -> crate::person::Digest {
    let Effect::Present(digest) = world.registration("ada@x.io").desired() else { panic!("it is wanted") };
    digest
}

#[test]
fn who_was_taken_off_the_list_by_hand_is_put_there_again() {
    let world = world();
    world.work();
    world.provider.ends([Ok(Outcome::NotThere)]);
    world.crm.contact(1, "ada@x.io", "Augusta");
    world.work();
    assert_eq!(world.provider.person(1, "ada@x.io").unwrap().name, "Augusta");
    assert_eq!(world.balance().registrations.at_provider, 1);
}

#[test]
fn nobody_may_starve_the_others() {
    let world = world();
    for n in 2..9 {
        world.crm.register(n, 1, &format!("n{n}@x.io"));
    }
    world.look();
    // A limit of nothing is no reason to spin.
    assert!(done(world.bridge.deliver.step(0)).unwrap().settled > 0);
    world.deliver();
    assert_eq!(world.balance().registrations.at_provider, 8);
}

#[test]
fn what_fails_for_days_is_held_and_told() {
    let world = world();
    world.provider.ends((0..200).map(|_| Err(provider_fault(FaultKind::Transient))));
    for _ in 0..200 {
        let Rest::Until(at) = world.deliver().rest else { break };
        world.clock.set(at);
    }
    let Phase::Held { cause, since } = world.registration("ada@x.io").phase else { panic!("it is held") };
    assert_eq!(cause, Cause::Exhausted);
    assert!(since.duration_since(super::world::START) >= minutes(60 * 72));
    world.answer();
    assert_eq!(world.crm.told(1), Some(crate::registration::Answer::Held(Cause::Exhausted)));
}
