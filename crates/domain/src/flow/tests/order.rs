//! What must come before what, proven with mocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mockall::Sequence;

use super::provider::registrar;
use super::world::{World, done};
use crate::port::{Journalled, MockWorklist, Settled, Worklist as _};
use crate::registration::Outcome;

fn world() -> World {
    let world = World::new();
    world.crm.webinar(1);
    world.crm.register(1, 1, "ada@x.io");
    world.observe();
    world
}

#[test]
fn an_attempt_is_on_disk_before_it_is_sent() {
    let world = world();
    let mut order = Sequence::new();
    let (mut worklist, mut provider) = (MockWorklist::new(), registrar());
    let store = world.store.clone();
    worklist.expect_ready().once().in_sequence(&mut order).returning({
        let store = store.clone();
        move |lane, now| done(store.ready(lane, now))
    });
    worklist.expect_claim().once().in_sequence(&mut order).returning({
        let store = store.clone();
        move |claim| done(store.claim(claim))
    });
    worklist.expect_journal().once().in_sequence(&mut order).returning({
        let store = store.clone();
        move |openings| done(store.journal(openings))
    });
    provider.expect_register().once().in_sequence(&mut order).returning(|_| Ok(Outcome::Admitted(None)));
    worklist
        .expect_settle()
        .once()
        .withf(|ends| ends.len() == 1 && ends[0].next.is_some() && ends[0].facts.len() == 1)
        .in_sequence(&mut order)
        .returning(move |ends| done(store.settle(ends)));
    let bridge = world.another(|ports| {
        ports.worklist = Arc::new(worklist);
        ports.registrar = Arc::new(provider);
    });
    assert_eq!(done(bridge.deliver.step(1)).unwrap().settled, 1);
    assert_eq!(world.balance().registrations.at_provider, 1);
}

/// Steps once where journalling ends in `end`, and the registrar expects no call.
fn unsent(world: &World, end: impl Fn() -> Journalled + Send + 'static) -> usize {
    let (store, given_back) = (world.store.clone(), Arc::new(AtomicUsize::new(0)));
    let mut worklist = MockWorklist::new();
    let other = store.clone();
    worklist.expect_ready().returning(move |lane, now| done(other.ready(lane, now)));
    let other = store.clone();
    worklist.expect_claim().returning(move |claim| done(other.claim(claim)));
    worklist.expect_journal().once().returning(move |_| Ok(vec![end()]));
    let count = given_back.clone();
    worklist.expect_settle().returning(move |ends| {
        count.fetch_add(ends.iter().filter(|end| end.next.is_none()).count(), Ordering::Relaxed);
        done(store.settle(ends))
    });
    let bridge = world.another(|ports| {
        ports.worklist = Arc::new(worklist);
        ports.registrar = Arc::new(registrar());
    });
    done(bridge.deliver.step(1)).unwrap();
    given_back.load(Ordering::Relaxed)
}

#[test]
fn what_changed_before_it_was_journalled_is_not_sent() {
    let world = world();
    let now = done(crate::port::Books::find(&world.store, &[world.key(1, "ada@x.io")])).unwrap().remove(0);
    let moved = Journalled::Moved(Box::new(now.unwrap()));
    assert_eq!(unsent(&world, move || moved.clone()), 1);
    assert_eq!(world.deliver().settled, 1, "the lease went back");
}

#[test]
fn what_lost_its_lease_before_it_was_journalled_is_not_sent() {
    let world = world();
    assert_eq!(unsent(&world, || Journalled::Fenced), 1);
    assert_eq!(world.deliver().settled, 1, "nobody has to wait for the lease");
}

#[test]
fn a_stray_answer_is_tried_until_it_is_taken() {
    let world = world();
    let store = world.store.clone();
    let mut worklist = MockWorklist::new();
    let other = store.clone();
    worklist.expect_ready().returning(move |lane, now| done(other.ready(lane, now)));
    let other = store.clone();
    worklist.expect_claim().returning(move |claim| done(other.claim(claim)));
    let other = store.clone();
    worklist.expect_journal().returning(move |openings| done(other.journal(openings)));
    worklist.expect_settle().returning(|ends| Ok(ends.iter().map(|_| Settled::Fenced).collect()));
    let mut times = 0;
    worklist.expect_amend().times(2).returning(move |changes| {
        times += 1;
        if times == 1 {
            let now = done(crate::port::Books::find(&store, &[changes[0].next.key])).unwrap().remove(0);
            return Ok(vec![Settled::Moved(Box::new(now.unwrap()))]);
        }
        done(store.amend(changes))
    });
    let bridge = world.another(|ports| ports.worklist = Arc::new(worklist));
    done(bridge.deliver.step(1)).unwrap();
    let facts = world.facts();
    assert!(facts.iter().any(|entry| entry.fact.kind == crate::fact::FactKind::AnswerStrayed));
}
