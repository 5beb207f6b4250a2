//! What a store promises of tasks.

use webinar_bridge_domain::fact::{Fact, FactKind, Subject};
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::integration::{Integration, TermsVersion, Then};
use webinar_bridge_domain::port::{HeldFilter, LeasedTask, TaskClaim, TaskEnd, TaskEnded};
use webinar_bridge_domain::task::{Findings, Job, Task, TaskName};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};

use super::chronicle::facts_of;
use crate::subject::StoreSubject;
use crate::world::{NOW, StoreWorld, at};

const STOPPED: Integration =
    Integration::Draining { terms: TermsVersion(1), newer: None, then: Then::Credentials };

/// A comparison of a webinar, due then.
fn task(world: &StoreWorld, webinar: u128, due: Timestamp) -> Task {
    let webinar = StoreWorld::webinar_id(webinar);
    let job = Job::Reconcile { webinar, dry_run: false, found: None };
    let name = TaskName::reconcile(webinar, false);
    Task { due: Some(due), ..Task::new(world.organization, name, job, NOW) }
}

async fn plan(world: &StoreWorld, task: &Task) {
    world.store.tasks.plan(task, &[]).await.expect("the store works");
}

async fn claim(world: &StoreWorld, now: Timestamp) -> Option<LeasedTask> {
    let order = TaskClaim { organization: world.organization, now, lease: SignedDuration::from_mins(2) };
    world.store.tasks.claim(&order).await.expect("the store works")
}

async fn end(world: &StoreWorld, leased: &LeasedTask, next: Task) -> TaskEnded {
    let (expected, fence) = (leased.revision, leased.fence);
    let end = TaskEnd { expected, fence, next, facts: vec![] };
    world.store.tasks.settle(&end).await.expect("the store works")
}

async fn find(world: &StoreWorld, task: &Task) -> Option<Task> {
    let found = world.store.tasks.find(&task.organization, &task.name).await.expect("the store works");
    found.map(|stored| stored.item)
}

async fn next_due(world: &StoreWorld, id: OrganizationId) -> Option<Option<Timestamp>> {
    let ready = world.store.tasks.ready().await.expect("the store works");
    ready.into_iter().find(|(organization, _)| *organization == id).map(|(_, at)| at)
}

/// Every kind of task is read as it was stored, after a restart too; organizations have theirs apart.
pub async fn a_task_is_read_as_it_was_stored(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let found =
        Findings { listed: 7, missing: 2, lasting: 1, complete: true, event: true, ..Findings::default() };
    let webinar = StoreWorld::webinar_id(3);
    let filter = HeldFilter {
        people: vec!["wb:1".to_owned()],
        cause: Some("refused".to_owned()),
        webinar: Some(webinar),
        from: Some(at(1)),
        to: None,
    };
    let jobs = [
        (TaskName::nightly(), Job::Nightly),
        (TaskName::reconcile(webinar, true), Job::Reconcile { webinar, dry_run: true, found: Some(found) }),
        (
            TaskName::release(webinar.uuid()),
            Job::Release { filter, reason: "there is room".to_owned(), expected: 9, released: 4 },
        ),
    ];
    let mut tasks: Vec<Task> = jobs
        .into_iter()
        .map(|(name, job)| Task {
            failed: (3, Some(at(2))),
            ended: Some(at(5)),
            ..Task::new(world.organization, name, job, NOW)
        })
        .collect();
    for task in &tasks {
        plan(&world, task).await;
    }
    let id = world.organization;
    drop(world);
    s.reopen().await;
    tasks.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(s.store().tasks.list(&id).await.expect("the store works"), tasks);
    let found = s.store().tasks.find(&id, &tasks[0].name).await.expect("the store works");
    assert_eq!(found.map(|stored| stored.item), Some(tasks[0].clone()));
    let other = StoreWorld::organization_id(99);
    assert_eq!(s.store().tasks.list(&other).await, Ok(vec![]));
    assert_eq!(s.store().tasks.find(&other, &tasks[0].name).await, Ok(None));
}

/// Every active organization is told, with the time of its next task; nothing is due of what is over.
pub async fn every_active_organization_says_when_its_next_task_is_due(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    assert_eq!(next_due(&world, world.organization).await, Some(None), "active, with nothing to do");
    plan(&world, &task(&world, 1, at(9))).await;
    plan(&world, &task(&world, 2, at(4))).await;
    let over = task(&world, 3, at(1));
    plan(&world, &over.over(over.job.clone(), at(1))).await;
    assert_eq!(next_due(&world, world.organization).await, Some(Some(at(4))));
    let leased = claim(&world, at(4)).await.expect("one is due");
    assert_eq!(next_due(&world, world.organization).await, Some(Some(at(6))), "when the lease ends");
    end(&world, &leased, leased.task.over(leased.task.job.clone(), at(4))).await;
    assert_eq!(next_due(&world, world.organization).await, Some(Some(at(9))));
    world.integrate(STOPPED).await;
    assert_eq!(next_due(&world, world.organization).await, None);
}

/// Nobody gets what somebody else is at; when the lease is over somebody does, under a higher fence.
pub async fn a_task_goes_to_one_at_a_time(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, &task(&world, 1, NOW)).await;
    assert_eq!(claim(&world, at(-1)).await, None, "not before its time");
    let first = claim(&world, NOW).await.expect("it is due");
    assert_eq!(claim(&world, at(1)).await, None);
    let second = claim(&world, at(2)).await.expect("the lease is over");
    assert!(second.fence > first.fence);
    assert_eq!((second.task.clone(), second.revision), (first.task, first.revision));
}

/// The one that waited longest comes first.
pub async fn the_longest_due_task_comes_first(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    for (webinar, minutes) in [(1, 3), (2, 1), (3, 2)] {
        plan(&world, &task(&world, webinar, at(minutes))).await;
    }
    let mut order = vec![];
    while let Some(leased) = claim(&world, at(3)).await {
        order.push(leased.task.due.expect("it was due"));
    }
    assert_eq!(order, [at(1), at(2), at(3)]);
}

/// What is planned while somebody is at it is not overwritten by their end, and can be had at once.
pub async fn a_task_that_was_planned_anew_stays_as_planned(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, &task(&world, 1, NOW)).await;
    let leased = claim(&world, NOW).await.expect("it is due");
    let anew = Task { asked: at(1), ..task(&world, 1, at(1)) };
    plan(&world, &anew).await;
    assert_eq!(claim(&world, at(1)).await, None, "somebody is still at it");
    assert_eq!(end(&world, &leased, leased.task.over(Job::Nightly, at(1))).await, TaskEnded::Moved);
    assert_eq!(find(&world, &anew).await, Some(anew.clone()));
    assert_eq!(claim(&world, at(1)).await.map(|leased| leased.task), Some(anew));
}

/// Whoever lost the lease writes nothing.
pub async fn a_lost_lease_ends_no_task(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let planned = task(&world, 1, NOW);
    plan(&world, &planned).await;
    let lost = claim(&world, NOW).await.expect("it is due");
    let taken = claim(&world, at(5)).await.expect("the lease is over");
    let over = lost.task.over(lost.task.job.clone(), at(5));
    assert_eq!(end(&world, &lost, over.clone()).await, TaskEnded::Fenced);
    assert_eq!(find(&world, &planned).await, Some(planned.clone()));
    assert_eq!(end(&world, &taken, over.clone()).await, TaskEnded::Done);
    assert_eq!(end(&world, &taken, planned.clone()).await, TaskEnded::Fenced, "an end is one");
    assert_eq!(find(&world, &planned).await, Some(over));
}

/// An organization that is not active does nothing.
pub async fn no_task_of_a_stopped_organization_is_leased(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, &task(&world, 1, NOW)).await;
    world.integrate(STOPPED).await;
    assert_eq!(claim(&world, at(1)).await, None);
}

/// What came to its end long ago goes; what runs again, and what is another organization's, stays.
pub async fn what_is_over_is_cleared_away(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    for (webinar, minutes) in [(1, 1), (2, 2), (3, 3)] {
        let one = task(&world, webinar, NOW);
        plan(&world, &one.over(one.job.clone(), at(minutes))).await;
    }
    let again = Task { ended: Some(at(1)), ..task(&world, 4, at(8)) };
    plan(&world, &again).await;
    let theirs = task(&other, 1, NOW);
    plan(&other, &theirs.over(theirs.job.clone(), at(1))).await;
    assert_eq!(world.store.tasks.clear(&world.organization, at(3)).await, Ok(2));
    assert_eq!(world.store.tasks.list(&world.organization).await.map(|tasks| tasks.len()), Ok(2));
    assert_eq!(find(&world, &again).await, Some(again));
    assert!(find(&other, &theirs).await.is_some());
}

/// Facts are stored with what they explain, and not without.
pub async fn a_task_is_stored_with_its_facts(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let fact =
        |kind| Fact { organization: world.organization, subject: Subject::Organization, kind, at: NOW };
    let before = facts_of(s, world.organization).await.len();
    let planned = task(&world, 1, NOW);
    world.store.tasks.plan(&planned, &[fact(FactKind::ReleaseAsked)]).await.expect("the store works");
    let leased = claim(&world, NOW).await.expect("it is due");
    let next = planned.over(planned.job.clone(), NOW);
    let end = TaskEnd {
        expected: leased.revision,
        fence: leased.fence,
        next,
        facts: vec![fact(FactKind::ReleaseCompleted)],
    };
    assert_eq!(world.store.tasks.settle(&end).await, Ok(TaskEnded::Done));
    assert_eq!(world.store.tasks.settle(&end).await, Ok(TaskEnded::Fenced));
    let kinds: Vec<FactKind> =
        facts_of(s, world.organization).await.into_iter().skip(before).map(|fact| fact.kind).collect();
    assert_eq!(kinds, [FactKind::ReleaseAsked, FactKind::ReleaseCompleted]);
}
