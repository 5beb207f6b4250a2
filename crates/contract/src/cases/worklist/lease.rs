//! Leases: what they open and settle, and when they are lost.

use webinar_bridge_domain::fact::FactKind;
use webinar_bridge_domain::id::{Revision, Stored};
use webinar_bridge_domain::integration::{Integration, TermsVersion};
use webinar_bridge_domain::port::{Amendment, Journalled, Lane, Opening, Settled, Settlement};
use webinar_bridge_domain::registration::{Input, Outcome, Registration};
use webinar_bridge_domain::time::SignedDuration;

use super::{STOPPED, again, journal, keys};
use crate::subject::StoreSubject;
use crate::world::{NOW, StoreWorld, at, fact, step};

/// Nobody gets a leased item until the lease is over; then its fence has risen.
pub async fn a_lease_lasts_until_it_is_over(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    world.register(1).await;
    let first = world.claim_one(Lane::Deliver, NOW).await;
    assert_eq!(first.lease.until, at(2));
    assert_eq!(first.lease.epoch, world.epoch);
    let just_before = at(2) - SignedDuration::from_micros(1);
    assert_eq!(world.claim(Lane::Deliver, just_before).await, []);
    let second = world.claim_one(Lane::Deliver, at(2)).await;
    assert!(second.lease.fence > first.lease.fence, "the fence did not rise");
    assert_eq!(second.registration, first.registration);
    assert_eq!(second.revision, first.revision, "a claim is no change");
}

/// What was given back can be had at once, unchanged.
pub async fn a_clean_release_changes_nothing(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let before = world.stored(key).await;
    let first = world.claim_one(Lane::Deliver, NOW).await;
    let settled = world.settle(&[StoreWorld::release(&first)]).await;
    assert_eq!(settled, [Settled::Done(before.revision)]);
    assert_eq!(world.stored(key).await, before);
    let second = world.claim_one(Lane::Deliver, NOW).await;
    assert!(second.lease.fence > first.lease.fence, "the fence did not rise");
}

/// An opened attempt is stored before the call, under a new revision, and leaves the lease as it is.
pub async fn an_opening_is_stored(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let leased = world.claim_one(Lane::Deliver, NOW).await;
    let opening = StoreWorld::opening(&leased, at(1));
    let Journalled::Open(revision) = journal(&world, opening.clone()).await else { panic!("not opened") };
    assert!(revision > leased.revision);
    assert_eq!(world.stored(key).await, Stored { item: opening.next, revision });
    assert_eq!(world.claim(Lane::Deliver, at(1)).await, [], "the lease is gone");
}

/// A lease that is over opens nothing, although nobody else took it.
pub async fn a_lapsed_lease_opens_nothing(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let leased = world.claim_one(Lane::Deliver, NOW).await;
    let before = world.stored(key).await;
    assert_eq!(journal(&world, StoreWorld::opening(&leased, at(2))).await, Journalled::Fenced);
    assert_eq!(world.stored(key).await, before);
}

/// A lease that somebody else has now neither opens nor settles anything.
pub async fn a_lapsed_lease_that_was_taken_over_is_fenced(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let old = world.claim_one(Lane::Deliver, NOW).await;
    let new = world.claim_one(Lane::Deliver, at(2)).await;
    let before = world.stored(key).await;
    assert_eq!(journal(&world, StoreWorld::opening(&old, at(1))).await, Journalled::Fenced);
    let next = step(&before.item, Input::Released, at(3)).0;
    let end = Settlement { next: Some(next), ..StoreWorld::release(&old) };
    assert_eq!(world.settle(&[end]).await, [Settled::Fenced]);
    assert_eq!(world.stored(key).await, before, "a fenced item was written");
    let opened = journal(&world, StoreWorld::opening(&new, at(3))).await;
    assert!(matches!(opened, Journalled::Open(_)), "the newer lease was lost: {opened:?}");
}

/// A lease of an older epoch opens nothing, even if the organization is at work again.
pub async fn a_lease_of_an_older_epoch_opens_nothing(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    world.register(1).await;
    let leased = world.claim_one(Lane::Deliver, NOW).await;
    world.integrate(STOPPED).await;
    assert_eq!(journal(&world, StoreWorld::opening(&leased, NOW)).await, Journalled::Fenced);
    world.integrate(Integration::Active { terms: TermsVersion(1), newer: None }).await;
    assert_eq!(journal(&world, StoreWorld::opening(&leased, NOW)).await, Journalled::Fenced);
}

/// A call that was out when the organization stopped is settled all the same.
pub async fn a_call_that_was_out_is_settled_after_the_stop(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let leased = world.claim_one(Lane::Deliver, NOW).await;
    journal(&world, StoreWorld::opening(&leased, NOW)).await;
    world.integrate(STOPPED).await;
    let outcome = Input::Replied(StoreWorld::admitted(key));
    let end = StoreWorld::ending(&leased, &world.stored(key).await, outcome, at(1));
    let settled = world.settle(std::slice::from_ref(&end)).await;
    assert!(matches!(settled[..], [Settled::Done(_)]), "{settled:?}");
    assert_eq!(Some(world.stored(key).await.item), end.next);
}

/// An observation may arrive while a call is out: then the end says what the item is now, and keeps its lease, so that
/// the end can be told of the newer item.
pub async fn settling_after_an_observation_says_moved_and_keeps_the_lease(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let leased = world.claim_one(Lane::Deliver, NOW).await;
    journal(&world, StoreWorld::opening(&leased, NOW)).await;
    let opened = world.stored(key).await;
    world.observe(key, 2).await;
    let outcome = Input::Replied(StoreWorld::admitted(key));
    let early = StoreWorld::ending(&leased, &opened, outcome.clone(), at(1));
    let current = world.stored(key).await;
    assert_eq!(world.settle(&[early]).await, [Settled::Moved(Box::new(current.clone()))]);
    assert_eq!(world.stored(key).await, current, "a moved item was written");
    assert_eq!(world.claim(Lane::Deliver, at(1)).await, [], "the lease is gone");
    let late = StoreWorld::ending(&leased, &current, outcome, at(1));
    let settled = world.settle(std::slice::from_ref(&late)).await;
    assert!(matches!(settled[..], [Settled::Done(_)]), "{settled:?}");
    assert_eq!(Some(world.stored(key).await.item), late.next);
}

/// An opening that comes from an older item says what it is now, and writes nothing.
pub async fn an_opening_of_a_moved_item_says_moved(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let leased = world.claim_one(Lane::Deliver, NOW).await;
    world.observe(key, 2).await;
    let current = world.stored(key).await;
    let journalled = journal(&world, StoreWorld::opening(&leased, NOW)).await;
    assert_eq!(journalled, Journalled::Moved(Box::new(current.clone())));
    assert_eq!(world.stored(key).await, current);
}

/// A settled item has no lease any more: the same end again is fenced, and writes nothing.
pub async fn settling_releases_the_lease(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let leased = world.claim_one(Lane::Deliver, NOW).await;
    journal(&world, StoreWorld::opening(&leased, NOW)).await;
    let end = StoreWorld::ending(&leased, &world.stored(key).await, again(at(1)), NOW);
    assert!(matches!(world.settle(std::slice::from_ref(&end)).await[..], [Settled::Done(_)]));
    let after = world.stored(key).await;
    assert_eq!(world.settle(&[end]).await, [Settled::Fenced]);
    assert_eq!(world.stored(key).await, after);
    assert_eq!(keys(&world.claim(Lane::Deliver, at(1)).await), [key], "due again, and free");
}

/// A batch is settled item by item, in order: one that is fenced or moved spoils nothing for the others.
pub async fn one_bad_item_settles_the_others(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    for person in 1..=4 {
        world.register(person).await;
    }
    let leased = world.claim(Lane::Deliver, NOW).await;
    let openings: Vec<Opening> = leased.iter().map(|leased| StoreWorld::opening(leased, NOW)).collect();
    let opened = world.store.worklist.journal(&openings).await.expect("the store works");
    assert_eq!(opened.len(), 4);
    let mut ends = vec![];
    for leased in &leased {
        let open = world.stored(leased.lease.key).await;
        ends.push(StoreWorld::ending(leased, &open, Input::Replied(Outcome::Admitted(None)), NOW));
    }
    ends[1].lease.fence += 1;
    ends[2].expected = Revision(0);
    let settled = world.settle(&ends).await;
    assert!(matches!(settled[..], [Settled::Done(_), Settled::Fenced, Settled::Moved(_), Settled::Done(_)]));
    for (n, end) in ends.iter().enumerate() {
        let written = Some(world.stored(end.lease.key).await.item) == end.next;
        assert_eq!(written, n == 0 || n == 3, "item {n}");
    }
}

/// The same for openings: those that may not be sent keep none from being sent.
pub async fn one_bad_opening_opens_the_others(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    for person in 1..=3 {
        world.register(person).await;
    }
    let leased = world.claim(Lane::Deliver, NOW).await;
    let mut openings: Vec<Opening> = leased.iter().map(|leased| StoreWorld::opening(leased, NOW)).collect();
    openings[1].lease.fence += 1;
    let opened = world.store.worklist.journal(&openings).await.expect("the store works");
    assert!(matches!(opened[..], [Journalled::Open(_), Journalled::Fenced, Journalled::Open(_)]));
}

/// An amendment needs no lease, only the revision; it leaves leases as they are.
pub async fn an_amendment_goes_by_revision(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    world.claim_one(Lane::Deliver, NOW).await;
    let before = world.stored(key).await;
    let (next, released) = step(&before.item, Input::Released, at(1));
    let change = Amendment { expected: before.revision, next: next.clone(), facts: vec![released] };
    let amended = world.store.worklist.amend(&[change.clone(), change]).await.expect("the store works");
    let after = world.stored(key).await;
    let expected = [Settled::Done(after.revision), Settled::Moved(Box::new(after.clone()))];
    assert_eq!(amended, expected);
    assert_eq!(after.item, next);
    assert_eq!(world.claim(Lane::Deliver, at(1)).await, [], "the lease is gone");
}

/// Facts of what was not written are not written either.
pub async fn what_is_not_written_leaves_no_fact(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let leased = world.claim_one(Lane::Deliver, NOW).await;
    let current = world.stored(key).await;
    let marked = |registration: &Registration| vec![fact(registration, FactKind::DriftFound, NOW)];
    let facts = marked(&current.item);
    let opening = Opening { facts: facts.clone(), ..StoreWorld::opening(&leased, at(3)) };
    journal(&world, opening).await;
    let next = Some(current.item.clone());
    let mut stale = StoreWorld::release(&leased);
    stale = Settlement { expected: Revision(0), next: next.clone(), facts: facts.clone(), ..stale };
    let mut fenced = Settlement { expected: current.revision, ..stale.clone() };
    fenced.lease.fence += 1;
    world.settle(&[stale, fenced]).await;
    let amendment = Amendment { expected: Revision(0), next: current.item.clone(), facts };
    world.store.worklist.amend(&[amendment]).await.expect("the store works");
    let query = webinar_bridge_domain::port::ChronicleQuery {
        organization: world.organization,
        after: 0,
        limit: 1_000,
    };
    let told = world.store.chronicle.since(&query).await.expect("the store works");
    assert!(told.iter().all(|entry| entry.fact.kind != FactKind::DriftFound), "a fact without its state");
}

/// Work, leases and fences outlive the store's process, as far as its engine says; what was opened stays open.
pub async fn what_was_opened_is_open_after_a_restart(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let leased = world.claim_one(Lane::Deliver, NOW).await;
    let opening = StoreWorld::opening(&leased, NOW);
    journal(&world, opening.clone()).await;
    drop(world);
    if !s.reopen().await {
        return;
    }
    let world = StoreWorld { store: s.store(), organization: key.organization, epoch: leased.lease.epoch };
    assert_eq!(world.stored(key).await.item, opening.next);
    let taken = world.claim_one(Lane::Deliver, at(2)).await;
    assert!(taken.lease.fence > leased.lease.fence, "the fence did not rise");
    let end = StoreWorld::ending(&leased, &world.stored(key).await, again(at(9)), at(2));
    assert_eq!(world.settle(&[end]).await, [Settled::Fenced]);
}
