//! What a store promises of the work to be done.

mod lease;
pub use lease::*;

use std::collections::BTreeSet;

use webinar_bridge_domain::fact::Step;
use webinar_bridge_domain::fault::Verdict;
use webinar_bridge_domain::integration::{Integration, TermsVersion, Then};
use webinar_bridge_domain::port::{
    ClaimOrder, Deferral, Home, IntakeGroup, Journalled, Lane, Leased, Opening, PutOff, Settled, Settlement,
};
use webinar_bridge_domain::registration::{
    Answer, Input, Outcome, Phase, RegistrationKey, RegistrationPolicy, Stance, Told, Words,
};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};
use webinar_bridge_domain::webinar::{Link, Webinar};

use crate::subject::StoreSubject;
use crate::world::{NOW, StoreWorld, at, step};

const LANES: [Lane; 2] = [Lane::Deliver, Lane::Answer];
const STOPPED: Integration =
    Integration::Draining { terms: TermsVersion(1), newer: None, then: Then::Credentials };

fn keys(leased: &[Leased]) -> Vec<RegistrationKey> {
    leased.iter().map(|leased| leased.lease.key).collect()
}

async fn journal(world: &StoreWorld, opening: Opening) -> Journalled {
    let mut journalled = world.store.worklist.journal(&[opening]).await.expect("the store works");
    assert_eq!(journalled.len(), 1, "one verdict an item");
    journalled.remove(0)
}

async fn ready_at(world: &StoreWorld, lane: Lane, now: Timestamp) -> Option<Timestamp> {
    let ready = world.store.worklist.ready(lane, now).await.expect("the store works");
    let mut here = ready.iter().filter(|ready| ready.organization == world.organization);
    let first = here.next().map(|ready| ready.at);
    assert!(here.next().is_none(), "an organization is named once");
    first
}

/// What becomes of an item that is tried again later.
fn again(at: Timestamp) -> Input {
    Input::Faulted { verdict: Verdict::Again { at, counted: true } }
}

/// However many claim at once, nobody has a lane of a row that somebody else has, and nothing is left out.
pub async fn two_claimers_never_share_a_lane_of_a_row(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    for person in 1..=40 {
        world.register(person).await;
    }
    let claim = || {
        let worklist = world.store.worklist.clone();
        let order = ClaimOrder { limit: 7, ..world.order(Lane::Deliver, NOW) };
        tokio::spawn(async move { worklist.claim(&order).await.expect("the store works") })
    };
    let (mut all, mut distinct) = (vec![], BTreeSet::new());
    for _ in 0..4 {
        let claims = [claim(), claim(), claim()];
        for claimed in claims {
            all.extend(keys(&claimed.await.expect("a claim")));
        }
    }
    distinct.extend(all.iter().copied());
    assert_eq!(all.len(), distinct.len(), "a row was leased twice");
    assert_eq!(distinct.len(), 40, "a row was left out");
}

/// A lane that is leased leaves the other lane of the row free.
pub async fn the_lanes_of_a_row_have_leases_of_their_own(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    world.deliver(key, StoreWorld::admitted(key), NOW).await;
    let answering = world.claim_one(Lane::Answer, NOW).await;
    world.observe(key, 2).await;
    let delivering = world.claim_one(Lane::Deliver, NOW).await;
    assert_eq!(world.settle(&[StoreWorld::release(&delivering)]).await.len(), 1);
    let (source, answer) = answering.registration.answers_due().remove(0);
    let end =
        StoreWorld::ending(&answering, &world.stored(key).await, Input::Answered { source, answer }, NOW);
    let settled = world.settle(&[end]).await;
    assert!(matches!(settled[..], [Settled::Done(_)]), "the other lane took the lease: {settled:?}");
}

/// Nothing of an organization that is not at work is ready or leased.
pub async fn nothing_is_leased_of_a_stopped_organization(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    world.deliver(key, StoreWorld::admitted(key), NOW).await;
    world.register(2).await;
    world.integrate(STOPPED).await;
    for lane in LANES {
        assert_eq!(ready_at(&world, lane, NOW).await, None);
        assert_eq!(world.claim(lane, NOW).await, []);
    }
}

/// The most urgent item comes first, which is the one whose webinar starts first; of those, the one due longest.
pub async fn the_most_urgent_comes_first(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    for webinar in 2..=3 {
        world.put_webinar(&world.webinar(webinar)).await;
    }
    let late = world.register_at(3, 1).await;
    let middle = world.register_at(2, 2).await;
    let first = world.register_at(1, 3).await;
    let second = world.register_at(1, 4).await;
    // `second` is due later than `first`, after a failure.
    let leased = world.claim(Lane::Deliver, NOW).await;
    let mine = leased.iter().find(|leased| leased.lease.key == second).expect("due");
    journal(&world, StoreWorld::opening(mine, NOW)).await;
    let mut ends: Vec<Settlement> =
        leased.iter().filter(|leased| leased.lease.key != second).map(StoreWorld::release).collect();
    ends.push(StoreWorld::ending(mine, &world.stored(second).await, again(at(1)), NOW));
    world.settle(&ends).await;
    assert_eq!(keys(&world.claim(Lane::Deliver, at(5)).await), [first, second, middle, late]);
    let two = ClaimOrder { limit: 2, ..world.order(Lane::Deliver, at(10)) };
    let leased = world.store.worklist.claim(&two).await.expect("the store works");
    assert_eq!(keys(&leased), [first, second], "a limit takes the most urgent");
}

/// When a webinar moves, so does the urgency of its registrations.
pub async fn a_moved_webinar_moves_its_registrations(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    world.put_webinar(&world.webinar(2)).await;
    let first = world.register_at(1, 1).await;
    let second = world.register_at(2, 2).await;
    let moved = Webinar { starts: at(30), ..world.webinar(2) };
    world.put_webinar(&moved).await;
    assert_eq!(keys(&world.claim(Lane::Deliver, NOW).await), [second, first]);
}

/// What is due later is not leased before its time, and `ready` says when that is.
pub async fn nothing_is_leased_before_its_time(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let leased = world.claim_one(Lane::Deliver, NOW).await;
    journal(&world, StoreWorld::opening(&leased, NOW)).await;
    let due = at(7) + SignedDuration::from_micros(1);
    let end = StoreWorld::ending(&leased, &world.stored(key).await, again(due), NOW);
    world.settle(&[end]).await;
    assert_eq!(ready_at(&world, Lane::Deliver, at(1)).await, Some(due));
    assert_eq!(world.claim(Lane::Deliver, at(7)).await, []);
    assert_eq!(keys(&world.claim(Lane::Deliver, due).await), [key]);
}

/// `ready` tells the first thing to do of each organization; what is leased counts from the end of the lease.
pub async fn ready_tells_when_the_first_is_due(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    assert_eq!(ready_at(&world, Lane::Deliver, NOW).await, None, "nothing to do");
    world.register(1).await;
    world.register(2).await;
    assert!(ready_at(&world, Lane::Deliver, NOW).await.is_some_and(|at| at <= NOW));
    assert_eq!(ready_at(&world, Lane::Answer, NOW).await, None);
    assert_eq!(ready_at(&other, Lane::Deliver, NOW).await, None, "another organization's work");
    let one = ClaimOrder { limit: 1, ..world.order(Lane::Deliver, NOW) };
    world.store.worklist.claim(&one).await.expect("the store works");
    assert!(ready_at(&world, Lane::Deliver, NOW).await.is_some_and(|at| at <= NOW), "the other is free");
    world.store.worklist.claim(&one).await.expect("the store works");
    assert_eq!(ready_at(&world, Lane::Deliver, NOW).await, Some(at(2)));
}

/// An open attempt that nobody works on any more is looked into at once, whenever it would be due.
pub async fn an_open_attempt_is_taken_over_when_its_lease_ends(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    let leased = world.claim_one(Lane::Deliver, NOW).await;
    let mut opening = StoreWorld::opening(&leased, NOW);
    // As if the clock of whoever aimed it had been ahead.
    opening.next.phase = Phase::Due { at: at(30), tries: 0, since: None };
    journal(&world, opening).await;
    assert_eq!(ready_at(&world, Lane::Deliver, at(1)).await, Some(at(2)));
    assert_eq!(world.claim(Lane::Deliver, at(1)).await, []);
    let taken = world.claim_one(Lane::Deliver, at(2)).await;
    assert!(taken.registration.open.is_some());
    let verdict = Verdict::Ambiguous { at: at(60), last: false };
    let interrupted = Input::Interrupted { verdict };
    let end = StoreWorld::ending(&taken, &world.stored(key).await, interrupted, at(2));
    assert!(matches!(world.settle(&[end]).await[..], [Settled::Done(_)]));
    assert_eq!(world.claim(Lane::Deliver, at(59)).await, []);
    assert_eq!(keys(&world.claim(Lane::Deliver, at(60)).await), [key]);
}

/// The cancel of an old address waits until the new one is no longer due.
pub async fn a_cancel_waits_for_whom_it_moved_to(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let old = world.register(1).await;
    world.deliver(old, StoreWorld::admitted(old), NOW).await;
    let new = world.key(2);
    let now = world.stored(old).await;
    let left = StoreWorld::seen(1, 2, Stance::Left { to: new, live: true });
    let leaving = step(&now.item, Input::Observed(left), NOW).0;
    let arriving = StoreWorld::registration(new, [StoreWorld::active(1, 2, 2)]);
    let group = IntakeGroup {
        registrations: vec![world.change(None, arriving), world.change(Some(now.revision), leaving)],
        homes: vec![StoreWorld::home(new, 1, 2)],
    };
    world.store.intake.record(&world.batch(vec![group])).await.expect("the store works");
    let leased = world.claim(Lane::Deliver, NOW).await;
    assert_eq!(keys(&leased), [new], "the cancel did not wait");
    assert_eq!(ready_at(&world, Lane::Deliver, NOW).await, Some(at(2)), "what waits does not count");
    world.settle(&[StoreWorld::release(&leased[0])]).await;
    world.deliver(new, StoreWorld::admitted(new), NOW).await;
    assert_eq!(keys(&world.claim(Lane::Deliver, NOW).await), [old], "the wait is over");
}

/// Nothing is leased towards a webinar without a provider event; once it has one, it is.
pub async fn nothing_is_leased_towards_a_webinar_without_an_event(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let waiting = Webinar { link: Link::Waiting, ..world.webinar(2) };
    world.put_webinar(&waiting).await;
    let key = world.key_at(2, 1);
    let next = StoreWorld::registration(key, [StoreWorld::active(1, 1, 1)]);
    let change =
        webinar_bridge_domain::port::RegistrationChange { deliverable: false, ..world.change(None, next) };
    let group = IntakeGroup { registrations: vec![change], homes: vec![StoreWorld::home(key, 1, 1)] };
    world.store.intake.record(&world.batch(vec![group])).await.expect("the store works");
    assert_eq!(ready_at(&world, Lane::Deliver, NOW).await, None);
    assert_eq!(world.claim(Lane::Deliver, NOW).await, []);
    world.put_webinar(&world.webinar(2)).await;
    let now = world.stored(key).await;
    world.put(Some(now.revision), now.item, vec![]).await;
    assert_eq!(keys(&world.claim(Lane::Deliver, NOW).await), [key]);
}

/// The answer lane has what the CRM is to be told, until it was told.
pub async fn the_answer_lane_has_what_is_to_be_told(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    assert_eq!(world.claim(Lane::Answer, NOW).await, [], "there is nothing to tell yet");
    world.deliver(key, StoreWorld::admitted(key), NOW).await;
    assert!(ready_at(&world, Lane::Answer, NOW).await.is_some_and(|at| at <= NOW));
    let leased = world.claim_one(Lane::Answer, NOW).await;
    assert_eq!((leased.lease.lane, leased.tries), (Lane::Answer, (0, None)));
    let (source, answer) = leased.registration.answers_due().remove(0);
    assert!(matches!(answer, Answer::Admitted(Some(_))));
    let told = Input::Answered { source, answer };
    let end = StoreWorld::ending(&leased, &world.stored(key).await, told, NOW);
    assert!(matches!(world.settle(&[end]).await[..], [Settled::Done(_)]));
    assert_eq!(ready_at(&world, Lane::Answer, NOW).await, None);
    assert_eq!(world.claim(Lane::Answer, NOW).await, []);
}

/// A held person is something to tell, and nothing to deliver.
pub async fn a_held_person_is_told_and_not_delivered(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    world.deliver(key, Outcome::Refused(Words::new("no")), NOW).await;
    assert_eq!(world.claim(Lane::Deliver, at(10_000)).await, []);
    assert_eq!(keys(&world.claim(Lane::Answer, NOW).await), [key]);
}

/// An answer that was put off comes back at its time, with the tries so far.
pub async fn an_answer_put_off_comes_back_at_its_time(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    world.deliver(key, StoreWorld::admitted(key), NOW).await;
    let first = world.claim_one(Lane::Answer, NOW).await;
    let later = Deferral { at: at(5), tries: 1, since: NOW };
    let end = Settlement { later: Some(later), ..StoreWorld::release(&first) };
    assert!(matches!(world.settle(&[end]).await[..], [Settled::Done(_)]));
    assert_eq!(ready_at(&world, Lane::Answer, at(1)).await, Some(at(5)));
    assert_eq!(world.claim(Lane::Answer, at(4)).await, []);
    let second = world.claim_one(Lane::Answer, at(5)).await;
    assert_eq!(second.tries, (1, Some(NOW)));
    world.settle(&[StoreWorld::release(&second)]).await;
    let third = world.claim_one(Lane::Answer, at(5)).await;
    assert_eq!(third.tries, (0, None), "tries end with a settlement that puts nothing off");
}

/// An answer that is begun is stored before it is written; it stays due, with its tries, and its lane keeps the lease.
pub async fn a_begun_answer_stays_due(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    world.deliver(key, StoreWorld::admitted(key), NOW).await;
    let first = world.claim_one(Lane::Answer, NOW).await;
    let later = Deferral { at: at(1), tries: 1, since: NOW };
    world.settle(&[Settlement { later: Some(later), ..StoreWorld::release(&first) }]).await;
    let second = world.claim_one(Lane::Answer, at(1)).await;
    let due = second.registration.answers_due();
    let begun = Input::Answering { source: due[0].0 };
    let policy = RegistrationPolicy::default();
    let Ok(Step::Noted { next }) = second.registration.on(begun, at(1), &policy) else { panic!("not noted") };
    let (lease, expected) = (second.lease, second.revision);
    let opening = Opening { lease, expected, next, facts: vec![], now: at(1) };
    let Journalled::Open(revision) = journal(&world, opening).await else { panic!("not journalled") };
    assert!(revision > second.revision);
    assert_eq!(world.claim(Lane::Answer, at(1)).await, [], "the lease is gone");
    let third = world.claim_one(Lane::Answer, second.lease.until).await;
    assert_eq!(third.registration.sources[&due[0].0].answered, Told::Unsure);
    assert_eq!((third.registration.answers_due(), third.tries), (due, (1, Some(NOW))));
}

/// A webinar that is put off waits whole until its time; who is leased, taken in or amended meanwhile does not, nor does
/// another webinar.
pub async fn a_webinar_is_put_off_whole(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let mut here = vec![];
    for person in 1..=4 {
        here.push(world.register(person).await);
    }
    let elsewhere = world.register_at(2, 9).await;
    let leased = world.claim(Lane::Deliver, NOW).await.into_iter().find(|one| one.lease.key == here[0]);
    let leased = leased.expect("the first is leased");
    // The others go back.
    let taken = world.claim(Lane::Deliver, at(2)).await;
    let back: Vec<Settlement> =
        taken.iter().filter(|one| one.lease.key != leased.lease.key).map(StoreWorld::release).collect();
    world.settle(&back).await;
    let order = PutOff { organization: world.organization, webinar: here[0].webinar, until: at(60) };
    world.store.worklist.put_off(&order).await.expect("the store works");
    world.observe(here[1], 2).await;
    let due: BTreeSet<RegistrationKey> = keys(&world.claim(Lane::Deliver, at(3)).await).into_iter().collect();
    assert_eq!(due, [here[1], elsewhere].into());
    assert!(keys(&world.claim(Lane::Deliver, at(60)).await).contains(&here[3]));
}

/// Whoever asks what is ready learns when the most urgent webinar of what is due starts.
pub async fn ready_tells_how_urgent_it_is(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let ready = async |now| world.store.worklist.ready(Lane::Deliver, now).await.expect("the store works");
    world.register_at(3, 1).await;
    let late = ready(NOW).await[0].starts;
    world.register_at(1, 2).await;
    let soon = ready(NOW).await[0].starts;
    assert!(soon < late, "{soon} and {late}");
    let order = PutOff { organization: world.organization, webinar: world.key(2).webinar, until: at(60) };
    world.store.worklist.put_off(&order).await.expect("the store works");
    assert_eq!(ready(NOW).await[0].starts, late, "what waits is not urgent");
    assert_eq!(ready(at(60)).await[0].starts, soon);
}

/// Organizations are worked on apart: one's claim takes nothing of the other's.
pub async fn organizations_are_worked_on_apart(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    let mine = world.register(1).await;
    let theirs = other.register(1).await;
    assert_eq!(keys(&world.claim(Lane::Deliver, NOW).await), [mine]);
    assert_eq!(keys(&other.claim(Lane::Deliver, NOW).await), [theirs]);
}

/// A home is no work: rows that lead to no registration are never leased.
pub async fn an_excluded_row_is_no_work(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let (source, home) = StoreWorld::home(world.key(1), 1, 1);
    let reason = webinar_bridge_domain::balance::Exclusion::NoAddress;
    let home = Home { place: webinar_bridge_domain::port::Place::Excluded(reason), ..home };
    let group = IntakeGroup { registrations: vec![], homes: vec![(source, home)] };
    world.store.intake.record(&world.batch(vec![group])).await.expect("the store works");
    for lane in LANES {
        assert_eq!(world.claim(lane, at(10_000)).await, []);
    }
}
