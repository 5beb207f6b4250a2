//! Claims, journal and ends.

use std::collections::BTreeSet;

use webinar_bridge_domain::fact::FactKind;
use webinar_bridge_domain::id::Revision;
use webinar_bridge_domain::integration::{Integration, TermsVersion, Then};
use webinar_bridge_domain::person::Digest;
use webinar_bridge_domain::port::{
    Amendment, Books, Chronicle as _, ChronicleQuery, Deferral, Intake as _, Journalled, Lane, Leased,
    Organizations, Recorded, Settled, Settlement, Worklist,
};
use webinar_bridge_domain::registration::{Effect, Input, Phase, Stance};

use crate::given::{
    ACTIVE, admitted, at, batch, claim, deliver_all, due, fact, group, id, in_memory, key, opening, released,
    seen, stand, step, take_in, wanted, wide_key,
};

const DRAINING: Integration =
    Integration::Draining { terms: TermsVersion(1), newer: None, then: Then::Credentials };

async fn ready(store: &webinar_bridge_storage::Store, lane: Lane) -> Vec<i64> {
    let ready = store.ready(lane, at(0)).await.unwrap();
    ready.iter().map(|ready| ready.at.duration_since(at(0)).as_secs()).collect()
}

#[tokio::test]
async fn an_item_goes_to_one_claimer() {
    let store = in_memory().await;
    due(&store, 5).await;
    let (one, other) =
        (claim(&store, Lane::Deliver, 3, at(1)).await, claim(&store, Lane::Deliver, 9, at(1)).await);
    assert_eq!((one.len(), other.len()), (3, 2));
    let keys: BTreeSet<_> = one.iter().chain(&other).map(|leased| leased.lease.key).collect();
    assert_eq!(keys.len(), 5);
    assert!(claim(&store, Lane::Deliver, 9, at(2)).await.is_empty());
    assert_eq!(ready(&store, Lane::Deliver).await, [121]);
}

#[tokio::test]
async fn a_lapsed_lease_is_claimed_anew_and_refused() {
    let store = in_memory().await;
    due(&store, 1).await;
    let old = claim(&store, Lane::Deliver, 1, at(0)).await.remove(0);
    let late = store.journal(&[opening(&old, at(120))]).await.unwrap();
    assert_eq!(late, [Journalled::Fenced]);
    let new = claim(&store, Lane::Deliver, 1, at(120)).await.remove(0);
    assert!(new.lease.fence > old.lease.fence);
    assert_eq!(store.journal(&[opening(&old, at(121))]).await.unwrap(), [Journalled::Fenced]);
    assert_eq!(Worklist::settle(&store, &[released(&old)]).await.unwrap(), [Settled::Fenced]);
    assert!(matches!(store.journal(&[opening(&new, at(121))]).await.unwrap()[..], [Journalled::Open(_)]));
}

#[tokio::test]
async fn an_epoch_that_is_over_journals_nothing() {
    let store = in_memory().await;
    due(&store, 2).await;
    let leased = claim(&store, Lane::Deliver, 9, at(0)).await;
    stand(&store, 1, DRAINING).await;
    assert_eq!(store.journal(&[opening(&leased[0], at(1))]).await.unwrap(), [Journalled::Fenced]);
    assert_eq!(Organizations::running(&store, &id(1), at(1)).await, Ok(2));
    assert!(claim(&store, Lane::Deliver, 9, at(500)).await.is_empty());
    assert!(ready(&store, Lane::Deliver).await.is_empty());
    assert!(matches!(
        Worklist::settle(&store, &[released(&leased[1])]).await.unwrap()[..],
        [Settled::Done(_)]
    ));
    assert_eq!(Organizations::running(&store, &id(1), at(1)).await, Ok(1));
    assert_eq!(Organizations::running(&store, &id(1), at(120)).await, Ok(0));
    stand(&store, 1, ACTIVE).await;
    assert_eq!(store.journal(&[opening(&leased[0], at(1))]).await.unwrap(), [Journalled::Fenced]);
}

#[tokio::test]
async fn what_changed_meanwhile_is_handed_back_under_the_same_lease() {
    let store = in_memory().await;
    let epoch = due(&store, 1).await;
    let leased = claim(&store, Lane::Deliver, 1, at(0)).await.remove(0);
    let news = step(&leased.registration, seen(101, 2, Stance::Active(Digest::new([2; 32]))), at(1));
    let batch = batch(1, epoch, vec![group(news.clone(), Some(leased.revision), at(1000))]);
    assert_eq!(store.record(&batch).await.unwrap(), Recorded::Done { conflicts: 0 });
    let answer = store.journal(&[opening(&leased, at(1))]).await.unwrap().remove(0);
    let Journalled::Moved(current) = answer else { panic!("{answer:?}") };
    assert_eq!(current.item, news);
    let again = Leased { registration: current.item, revision: current.revision, ..leased };
    assert!(matches!(store.journal(&[opening(&again, at(2))]).await.unwrap()[..], [Journalled::Open(_)]));
}

#[tokio::test]
async fn one_bad_item_does_not_keep_the_others() {
    let store = in_memory().await;
    due(&store, 3).await;
    let leased = claim(&store, Lane::Deliver, 9, at(0)).await;
    let mut openings: Vec<_> = leased.iter().map(|leased| opening(leased, at(1))).collect();
    openings[1].expected = Revision(99);
    let answers = store.journal(&openings).await.unwrap();
    assert!(matches!(answers[..], [Journalled::Open(_), Journalled::Moved(_), Journalled::Open(_)]));
}

#[tokio::test]
async fn an_end_stores_state_facts_and_release_together() {
    let store = in_memory().await;
    due(&store, 1).await;
    let leased = claim(&store, Lane::Deliver, 1, at(0)).await.remove(0);
    let open = opening(&leased, at(1));
    let Journalled::Open(revision) = store.journal(std::slice::from_ref(&open)).await.unwrap().remove(0)
    else {
        panic!()
    };
    let end = admitted(&open, revision, "p-1", at(2));
    let Settled::Done(last) = Worklist::settle(&store, std::slice::from_ref(&end)).await.unwrap().remove(0)
    else {
        panic!()
    };
    let stored = Books::find(&store, &[leased.lease.key]).await.unwrap().remove(0).unwrap();
    assert_eq!((Some(stored.item), stored.revision), (end.next.clone(), last));
    assert_eq!(Worklist::settle(&store, &[end]).await.unwrap(), [Settled::Fenced]);
    let facts = store.since(&ChronicleQuery { organization: id(1), after: 0, limit: 9 }).await.unwrap();
    let kinds: Vec<_> = facts.iter().map(|entry| entry.fact.kind).collect();
    let expected = [FactKind::RegistrationObserved, FactKind::AttemptOpened, FactKind::RegistrationAdmitted];
    assert_eq!(kinds, expected);
    let rest = ChronicleQuery { organization: id(1), after: facts[1].position, limit: 1 };
    assert_eq!(store.since(&rest).await.unwrap(), facts[2..]);
}

#[tokio::test]
async fn an_open_attempt_is_found_when_its_lease_is_over() {
    let store = in_memory().await;
    due(&store, 1).await;
    let leased = claim(&store, Lane::Deliver, 1, at(0)).await.remove(0);
    store.journal(&[opening(&leased, at(1))]).await.unwrap();
    assert!(claim(&store, Lane::Deliver, 1, at(119)).await.is_empty());
    let found = claim(&store, Lane::Deliver, 1, at(120)).await.remove(0);
    assert_eq!(found.registration.open.unwrap().opened, at(1));
}

#[tokio::test]
async fn the_most_urgent_goes_first() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    let people: Vec<_> = [(1, 300), (2, 100), (3, 200), (4, 100)]
        .map(|(n, starts)| {
            (
                wanted(key(1, 50 + starts, n), 100 + u128::from(n), at(i64::from(n))),
                at(starts.try_into().unwrap()),
            )
        })
        .into();
    take_in(&store, epoch, people).await;
    let order = |leased: Vec<Leased>| {
        leased.iter().map(|leased| leased.lease.key.email.as_bytes()[0]).collect::<Vec<_>>()
    };
    assert_eq!(order(claim(&store, Lane::Deliver, 3, at(9)).await), [2, 4, 3]);
    assert_eq!(order(claim(&store, Lane::Deliver, 3, at(9)).await), [1]);
}

#[tokio::test]
async fn nothing_goes_out_before_its_time_or_without_an_event() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    let mut group = group(wanted(key(1, 50, 1), 101, at(0)), None, at(1000));
    group.registrations[0].deliverable = false;
    store.record(&batch(1, epoch, vec![group])).await.unwrap();
    take_in(&store, epoch, vec![(wanted(key(1, 51, 2), 102, at(10)), at(900))]).await;
    assert_eq!(ready(&store, Lane::Deliver).await, [10]);
    assert!(claim(&store, Lane::Deliver, 9, at(9)).await.is_empty());
    assert_eq!(claim(&store, Lane::Deliver, 9, at(10)).await.len(), 1);
}

#[tokio::test]
async fn a_cancel_waits_for_the_new_address() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    let (old, new) = (key(1, 50, 1), key(1, 50, 2));
    take_in(&store, epoch, vec![(wanted(old, 101, at(0)), at(1000))]).await;
    assert_eq!(deliver_all(&store, at(1)).await, 1);
    let stored = store.find(&[old]).await.unwrap().remove(0).unwrap();
    let left = step(&stored.item, seen(101, 2, Stance::Left { to: new, live: true }), at(2));
    let here = step(
        &webinar_bridge_domain::registration::Registration::new(new),
        seen(101, 2, Stance::Active(Digest::new([1; 32]))),
        at(2),
    );
    let mut group = group(left, Some(stored.revision), at(1000));
    let arrived = crate::given::group(here, None, at(1000));
    group.registrations.extend(arrived.registrations);
    group.homes = arrived.homes;
    assert_eq!(store.record(&batch(1, epoch, vec![group])).await.unwrap(), Recorded::Done { conflicts: 0 });
    let first = claim(&store, Lane::Deliver, 9, at(3)).await;
    assert_eq!(first.iter().map(|leased| leased.lease.key).collect::<Vec<_>>(), [new]);
    assert_eq!(ready(&store, Lane::Deliver).await, [123]);
    let open = opening(&first[0], at(3));
    let Journalled::Open(revision) = store.journal(std::slice::from_ref(&open)).await.unwrap().remove(0)
    else {
        panic!()
    };
    Worklist::settle(&store, &[admitted(&open, revision, "p-2", at(4))]).await.unwrap();
    let second = claim(&store, Lane::Deliver, 9, at(5)).await;
    assert_eq!(second.iter().map(|leased| leased.lease.key).collect::<Vec<_>>(), [old]);
}

#[tokio::test]
async fn answers_have_tries_of_their_own() {
    let store = in_memory().await;
    due(&store, 1).await;
    assert!(claim(&store, Lane::Answer, 9, at(0)).await.is_empty());
    deliver_all(&store, at(1)).await;
    assert_eq!(ready(&store, Lane::Answer).await, [1]);
    let leased = claim(&store, Lane::Answer, 9, at(2)).await.remove(0);
    assert_eq!(leased.tries, (0, None));
    let later = Some(Deferral { at: at(300), tries: 3, since: at(2) });
    let put_off = Settlement { later, ..released(&leased) };
    assert_eq!(Worklist::settle(&store, &[put_off]).await.unwrap(), [Settled::Done(leased.revision)]);
    assert_eq!(ready(&store, Lane::Answer).await, [300]);
    assert!(claim(&store, Lane::Answer, 9, at(299)).await.is_empty());
    let leased = claim(&store, Lane::Answer, 9, at(300)).await.remove(0);
    assert_eq!(leased.tries, (3, Some(at(2))));
    let (source, answer) = leased.registration.answers_due().remove(0);
    let next = step(&leased.registration, Input::Answered { source, answer }, at(301));
    let facts = vec![fact(&next.key, FactKind::AnswerWritten, at(301))];
    let told = Settlement { next: Some(next), facts, ..released(&leased) };
    assert!(matches!(Worklist::settle(&store, &[told]).await.unwrap()[..], [Settled::Done(_)]));
    assert!(ready(&store, Lane::Answer).await.is_empty());
}

#[tokio::test]
async fn another_answer_does_not_wait_for_the_tries_of_the_last() {
    let store = in_memory().await;
    let epoch = due(&store, 1).await;
    deliver_all(&store, at(1)).await;
    let leased = claim(&store, Lane::Answer, 9, at(2)).await.remove(0);
    let later = Some(Deferral { at: at(9_000), tries: 3, since: at(2) });
    Worklist::settle(&store, &[Settlement { later, ..released(&leased) }]).await.unwrap();
    let other = step(&leased.registration, seen(201, 2, Stance::Active(Digest::new([1; 32]))), at(5));
    store.record(&batch(1, epoch, vec![group(other, Some(leased.revision), at(1000))])).await.unwrap();
    deliver_all(&store, at(6)).await;
    let again = claim(&store, Lane::Answer, 9, at(10)).await;
    assert_eq!(again.iter().map(|leased| leased.tries).collect::<Vec<_>>(), [(0, None)]);
}

#[tokio::test]
async fn the_lanes_have_leases_of_their_own() {
    let store = in_memory().await;
    let epoch = due(&store, 1).await;
    deliver_all(&store, at(1)).await;
    let answer = claim(&store, Lane::Answer, 1, at(2)).await.remove(0);
    let news = step(&answer.registration, seen(101, 2, Stance::Active(Digest::new([2; 32]))), at(3));
    store.record(&batch(1, epoch, vec![group(news, Some(answer.revision), at(1000))])).await.unwrap();
    assert_eq!(claim(&store, Lane::Deliver, 1, at(4)).await.len(), 1);
    let moved = Worklist::settle(&store, &[released(&answer)]).await.unwrap().remove(0);
    let Settled::Moved(current) = moved else { panic!("{moved:?}") };
    let end = Settlement { expected: current.revision, ..released(&answer) };
    assert_eq!(Worklist::settle(&store, &[end]).await.unwrap(), [Settled::Done(current.revision)]);
}

#[tokio::test]
async fn an_amendment_asks_for_the_revision_alone() {
    let store = in_memory().await;
    due(&store, 1).await;
    let leased = claim(&store, Lane::Deliver, 1, at(0)).await.remove(0);
    let next = step(&leased.registration, Input::Strayed(Effect::Absent), at(1));
    let facts = vec![fact(&next.key, FactKind::AnswerStrayed, at(1))];
    let change = Amendment { expected: leased.revision, next: next.clone(), facts };
    assert!(matches!(
        Worklist::amend(&store, std::slice::from_ref(&change)).await.unwrap()[..],
        [Settled::Done(_)]
    ));
    let again = Worklist::amend(&store, std::slice::from_ref(&change)).await.unwrap().remove(0);
    assert!(matches!(again, Settled::Moved(current) if current.item == next));
    let nobody = Amendment { next: wanted(key(1, 50, 77), 177, at(0)), ..change };
    assert_eq!(Worklist::amend(&store, &[nobody]).await.unwrap(), [Settled::Fenced]);
}

#[tokio::test]
async fn held_registrations_are_listed_by_age() {
    use webinar_bridge_domain::port::{HeldFilter, HeldQuery};
    let store = in_memory().await;
    due(&store, 3).await;
    for (n, seconds) in [(2, 5), (1, 9), (3, 7)] {
        let stored = store.find(&[key(1, 50, n)]).await.unwrap().remove(0).unwrap();
        let cause = webinar_bridge_domain::registration::Cause::Exhausted;
        let next = webinar_bridge_domain::registration::Registration {
            phase: Phase::Held { cause, since: at(seconds) },
            ..stored.item
        };
        Worklist::amend(&store, &[Amendment { expected: stored.revision, next, facts: vec![] }])
            .await
            .unwrap();
    }
    let page = |skip| HeldQuery { organization: id(1), filter: HeldFilter::default(), skip, limit: 2 };
    let (first, rest) = (store.held(&page(0)).await.unwrap(), store.held(&page(2)).await.unwrap());
    let people: Vec<u8> = first.iter().chain(&rest).map(|held| held.item.key.email.as_bytes()[0]).collect();
    assert_eq!(people, [2, 3, 1]);
    assert_eq!(first.len(), 2);
}

#[tokio::test]
async fn ten_thousand_people_are_delivered_in_batches() {
    let store = in_memory().await;
    let epoch = stand(&store, 1, ACTIVE).await;
    for hundred in 0..20_u32 {
        let one = |n: u32| {
            (
                wanted(wide_key(1, 50 + u128::from(n % 7), n), 1_000 + u128::from(n), at(0)),
                at(i64::from(n % 7)),
            )
        };
        take_in(&store, epoch, (hundred * 500..(hundred + 1) * 500).map(one).collect()).await;
    }
    let mut delivered = 0;
    while let some @ 1.. = deliver_all(&store, at(1)).await {
        delivered += some;
    }
    assert_eq!(delivered, 10_000);
    assert!(ready(&store, Lane::Deliver).await.is_empty());
    let balance = store.balance(&id(1), &webinar_bridge_domain::balance::Scope::Organization).await.unwrap();
    assert_eq!((balance.registrations.crm, balance.registrations.at_provider), (10_000, 10_000));
    assert!(balance.registrations.adds_up());
}
