//! What the CRM is told.

use std::sync::{Arc, Mutex};

use super::crm::crm_fault;
use super::keys::vault;
use super::world::{World, done, minutes, row, seconds};
use crate::fault::{Code, FaultKind};
use crate::flow::Rest;
use crate::id::ProviderPersonId;
use crate::port::{AnswerBatch, ItemOutcome, MockCrmAnswers};
use crate::registration::{Answer, Cause, Told, Words};

/// Three people at the provider.
fn world() -> World {
    let world = World::new();
    world.crm.webinar(1);
    for (n, address) in [(1, "ada@x.io"), (2, "bob@x.io"), (3, "eve@x.io")] {
        world.crm.register(n, 1, address);
    }
    world.observe();
    world.deliver();
    world.crm.calls();
    world
}

fn admitted(world: &World, address: &str) -> Answer {
    let person: Option<ProviderPersonId> = world.registration(address).person;
    assert!(person.is_some());
    Answer::Admitted(person)
}

#[test]
fn all_are_told_in_one_batch() {
    let world = world();
    let report = world.answer();
    assert_eq!((report.settled, report.rest), (3, Rest::Idle));
    assert_eq!(world.crm.calls(), ["answer 3"]);
    assert_eq!(world.crm.told(2), Some(admitted(&world, "bob@x.io")));
}

#[test]
fn our_own_answer_is_no_news() {
    let world = world();
    world.answer();
    world.look();
    world.crm.calls();
    world.deliver();
    world.answer();
    assert_eq!(world.crm.calls(), Vec::<String>::new());
    assert_eq!(world.provider.calls().len(), 3);
}

#[test]
fn only_what_failed_is_told_again() {
    let world = world();
    world.crm.fails_item(2, crm_fault(FaultKind::Transient));
    world.answer();
    assert_eq!((world.crm.told(1), world.crm.told(2)), (Some(admitted(&world, "ada@x.io")), None));
    world.crm.works();
    world.crm.calls();
    world.pass(minutes(5));
    world.answer();
    assert_eq!(world.crm.calls(), ["answer 1"]);
    assert_eq!(world.crm.told(2), Some(admitted(&world, "bob@x.io")));
}

#[test]
fn nobody_is_left_to_tell_where_the_row_is_gone() {
    let world = world();
    world.crm.delete_unseen(2);
    assert_eq!(world.answer().settled, 3);
    assert_eq!(world.registration("bob@x.io").answers_due(), []);
}

#[test]
fn a_repeated_answer_does_no_harm() {
    let world = world();
    let mut answers = MockCrmAnswers::new();
    let (told, crm) = (Arc::new(Mutex::new(0)), world.crm.clone());
    let count = told.clone();
    // Everything is written, and the word of it is lost.
    answers.expect_answer().returning(move |batch| {
        done(crate::port::CrmAnswers::answer(crm.as_ref(), batch)).unwrap();
        *count.lock().unwrap() += batch.items.len();
        Err(crm_fault(FaultKind::Ambiguous))
    });
    let bridge = world.another(|ports| ports.answers = Arc::new(answers));
    super::world::rested(|| done(bridge.answer.step()).unwrap());
    assert!(*told.lock().unwrap() >= 3);
    world.pass(minutes(5));
    world.answer();
    assert_eq!(world.registration("ada@x.io").answers_due(), []);
    assert_eq!(world.crm.told(1), Some(admitted(&world, "ada@x.io")));
}

#[test]
fn what_was_begun_and_never_ended_is_told_again_although_the_outcome_turned_back() {
    let world = world();
    world.answer();
    // A worker writes that Ada is cancelled, and dies before it can say so.
    world.crm.cancel(1);
    world.look();
    world.deliver();
    let crm = world.crm.clone();
    let mut answers = MockCrmAnswers::new();
    answers.expect_answer().returning(move |batch| {
        done(crate::port::CrmAnswers::answer(crm.as_ref(), batch)).unwrap();
        Err(crm_fault(FaultKind::Ambiguous))
    });
    let dying = world.another(|ports| ports.answers = Arc::new(answers));
    done(dying.answer.step()).unwrap();
    assert_eq!(world.crm.told(1), Some(Answer::Cancelled));
    // She comes back before anybody tells the CRM anything else: the outcome is the one that it was told at first.
    world.crm.restore(1);
    world.look();
    world.deliver();
    world.pass(minutes(5));
    world.work();
    assert_eq!(world.crm.told(1), Some(admitted(&world, "ada@x.io")));
    assert_eq!(world.registration("ada@x.io").answers_due(), []);
}

#[test]
fn what_changes_while_it_is_told_is_told_next() {
    let world = world();
    let (crm, inside) = (world.crm.clone(), world.bridge.clone());
    let mut answers = MockCrmAnswers::new();
    answers.expect_answer().returning(move |batch| {
        crm.cancel(1);
        inside.observe.hurry();
        super::world::rested(|| done(inside.observe.step()).unwrap());
        Ok(vec![ItemOutcome::Done; batch.items.len()])
    });
    let bridge = world.another(|ports| ports.answers = Arc::new(answers));
    done(bridge.answer.step()).unwrap();
    let source = &world.registration("ada@x.io").sources[&row(1)];
    assert!(matches!(source.answered, Told::This(Answer::Admitted(_))), "told all the same");
    world.work();
    assert_eq!(world.crm.told(1), Some(Answer::Cancelled));
}

#[test]
fn every_row_of_a_person_is_told() {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.crm.register(2, 1, "ada@x.io");
    world.observe();
    world.crm.cancel(2);
    world.work();
    assert!(matches!(world.crm.told(1), Some(Answer::Admitted(Some(_)))));
    world.crm.fails_item(1, crm_fault(FaultKind::Transient));
    world.crm.cancel(1);
    world.work();
    assert_eq!(world.crm.told(2), Some(Answer::Cancelled), "the failure of one is not the other's");
    world.crm.works();
    world.pass(minutes(5));
    world.answer();
    assert_eq!(world.crm.told(1), Some(Answer::Cancelled));
}

#[test]
fn a_held_person_is_told_why() {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.provider.refuses("ada@x.io", Some("no"));
    world.work();
    assert_eq!(world.crm.told(1), Some(Answer::Held(Cause::Refused(Words::new("no")))));
}

#[test]
fn an_answer_is_never_given_up() {
    let world = world();
    let days = |n: i64| minutes(n * 24 * 60);
    world.crm.fails("answer", (0..2_000).map(|_| crm_fault(FaultKind::Transient)));
    while world.now() < super::world::START + days(9) {
        let Rest::Until(at) = world.answer().rest else { panic!("it waits") };
        assert!(at.duration_since(world.now()) <= minutes(91));
        world.clock.set(at);
    }
    world.crm.works();
    world.pass(minutes(91));
    world.answer();
    assert_eq!(world.crm.told(3), Some(admitted(&world, "eve@x.io")));
}

#[test]
fn a_wrong_answer_is_tried_again_hourly() {
    let world = world();
    world.crm.fails_item(2, crm_fault(FaultKind::Invalid { field: Code::new("crm.too_long") }));
    assert_eq!(world.answer().rest, Rest::Until(world.now() + minutes(60)));
}

#[test]
fn without_the_vault_the_answers_wait() {
    let world = world();
    world.crm.fails("answer", [vault(FaultKind::Transient)]);
    assert_eq!((world.answer().rest, world.notes()), (Rest::Until(world.now() + seconds(30)), vec!["vault"]));
    world.pass(seconds(30));
    world.answer();
    assert_eq!(world.crm.told(3), Some(admitted(&world, "eve@x.io")));
}

#[test]
fn outcomes_that_do_not_fit_the_batch_say_nothing() {
    let world = world();
    let mut answers = MockCrmAnswers::new();
    answers.expect_answer().returning(|_| Ok(vec![ItemOutcome::Done]));
    let bridge = world.another(|ports| ports.answers = Arc::new(answers));
    let report = done(bridge.answer.step()).unwrap();
    assert_eq!((report.settled, report.deferred), (0, 3));
    assert_eq!(world.registration("ada@x.io").answers_due().len(), 1);
}

#[test]
fn a_batch_is_never_larger_than_it_may_be() {
    let world = World::new();
    world.crm.webinar(1);
    for n in 1..=130 {
        world.crm.register(n, 1, "ada@x.io");
    }
    for n in 131..=180 {
        world.crm.register(n, 1, &format!("n{n}@x.io"));
    }
    world.observe();
    for _ in 0..5 {
        world.deliver();
    }
    let sizes: Arc<Mutex<Vec<usize>>> = Arc::default();
    let (kept, crm) = (sizes.clone(), world.crm.clone());
    let mut answers = MockCrmAnswers::new();
    answers.expect_answer().returning(move |batch| {
        kept.lock().unwrap().push(batch.items.len());
        done(crate::port::CrmAnswers::answer(crm.as_ref(), batch))
    });
    let bridge = world.another(|ports| ports.answers = Arc::new(answers));
    super::world::rested(|| done(bridge.answer.step()).unwrap());
    let sizes = sizes.lock().unwrap();
    assert!(sizes.iter().all(|size| *size <= AnswerBatch::LARGEST), "{sizes:?}");
    assert_eq!(sizes.iter().sum::<usize>(), 180);
}
