//! The whole product of states and inputs against the table, and what can be reached from where.

use std::collections::{BTreeMap, HashSet};

use uuid::Uuid;

use super::{Input, MetricsSync, PageMark, Resume, SyncState};
use crate::fact::{Step, Why};
use crate::fault::Verdict;
use crate::registration::Cause;
use crate::schedule::Cadence;
use crate::time::{SignedDuration, Timestamp};

const NOW: Timestamp = Timestamp::constant(10_000_000, 0);

/// Every cell that is allowed, in our shorthand; `@` says when it is due, `x` how often it was tried, `+` that there is
/// a page after it. The webinar ended two hours ago; `@next` is the next pull of the cadence, in four hours. What is
/// not here is not allowed.
const TABLE: &str = "
    pull first @past x0 | pulled          | push @now x0              | MetricsPulled
    pull first @past x0 | pulled more     | push @now x0 +b           | MetricsPulled
    pull first @past x0 | unchanged       | pull first @next x0       | MetricsUnchanged
    pull first @past x0 | again           | pull first @soon x0       | SyncDeferred
    pull first @past x0 | again, counted  | pull first @soon x1       | SyncDeferred
    pull first @past x0 | again, long ago | pull first @now x1        | SyncDeferred
    pull first @past x0 | unclear         | pull first @soon x1       | SyncDeferred
    pull first @past x0 | unclear, last   | stopped unresolved: pull first | SyncSuspended
    pull first @past x0 | hold            | stopped exhausted: pull first  | SyncSuspended
    pull first @past x0 | later end       | pull first @first x0      | SyncPlanned
    pull first @past x0 | old end         | pull first @now x0        | SyncPlanned
    pull first @past x0 | over            | closed                    | SyncClosed
    pull first @past x0 | gone            | closed                    | SyncClosed

    pull first @past x3 | pulled          | push @now x0              | MetricsPulled
    pull first @past x3 | pulled more     | push @now x0 +b           | MetricsPulled
    pull first @past x3 | unchanged       | pull first @next x0       | MetricsUnchanged
    pull first @past x3 | again           | pull first @soon x3       | SyncDeferred
    pull first @past x3 | again, counted  | pull first @soon x4       | SyncDeferred
    pull first @past x3 | again, long ago | pull first @now x4        | SyncDeferred
    pull first @past x3 | unclear         | pull first @soon x4       | SyncDeferred
    pull first @past x3 | unclear, last   | stopped unresolved: pull first | SyncSuspended
    pull first @past x3 | hold            | stopped exhausted: pull first  | SyncSuspended
    pull first @past x3 | later end       | pull first @past x3       | SyncPlanned
    pull first @past x3 | old end         | pull first @past x3       | SyncPlanned
    pull first @past x3 | over            | closed                    | SyncClosed
    pull first @past x3 | gone            | closed                    | SyncClosed

    pull a @past x0     | pulled          | push @now x0              | MetricsPulled
    pull a @past x0     | pulled more     | push @now x0 +b           | MetricsPulled
    pull a @past x0     | unchanged       | pull first @next x0       | MetricsUnchanged
    pull a @past x0     | again           | pull a @soon x0           | SyncDeferred
    pull a @past x0     | again, counted  | pull a @soon x1           | SyncDeferred
    pull a @past x0     | again, long ago | pull a @now x1            | SyncDeferred
    pull a @past x0     | unclear         | pull a @soon x1           | SyncDeferred
    pull a @past x0     | unclear, last   | stopped unresolved: pull a | SyncSuspended
    pull a @past x0     | hold            | stopped exhausted: pull a | SyncSuspended
    pull a @past x0     | later end       | pull a @past x0           | SyncPlanned
    pull a @past x0     | old end         | pull a @past x0           | SyncPlanned
    pull a @past x0     | over            | pull a @past x0           | in flight
    pull a @past x0     | gone            | closed                    | SyncClosed

    push @past x0       | upserted        | pull first @next x0       | MetricsUpserted
    push @past x0       | again           | push @soon x0             | SyncDeferred
    push @past x0       | again, counted  | push @soon x1             | SyncDeferred
    push @past x0       | again, long ago | push @now x1              | SyncDeferred
    push @past x0       | unclear         | push @soon x1             | SyncDeferred
    push @past x0       | unclear, last   | stopped unresolved: push  | SyncSuspended
    push @past x0       | hold            | stopped exhausted: push   | SyncSuspended
    push @past x0       | later end       | push @past x0             | SyncPlanned
    push @past x0       | old end         | push @past x0             | SyncPlanned
    push @past x0       | gone            | push @past x0 last        | SyncCurtailed

    push @past x0 +a    | upserted        | pull a @now x0            | MetricsUpserted
    push @past x0 +a    | again           | push @soon x0 +a          | SyncDeferred
    push @past x0 +a    | again, counted  | push @soon x1 +a          | SyncDeferred
    push @past x0 +a    | again, long ago | push @now x1 +a           | SyncDeferred
    push @past x0 +a    | unclear         | push @soon x1 +a          | SyncDeferred
    push @past x0 +a    | unclear, last   | stopped unresolved: push +a | SyncSuspended
    push @past x0 +a    | hold            | stopped exhausted: push +a | SyncSuspended
    push @past x0 +a    | later end       | push @past x0 +a          | SyncPlanned
    push @past x0 +a    | old end         | push @past x0 +a          | SyncPlanned
    push @past x0 +a    | gone            | push @past x0 last        | SyncCurtailed

    push @past x0 last  | upserted        | closed                    | MetricsUpserted
    push @past x0 last  | again           | push @soon x0 last        | SyncDeferred
    push @past x0 last  | again, counted  | push @soon x1 last        | SyncDeferred
    push @past x0 last  | again, long ago | push @now x1 last         | SyncDeferred
    push @past x0 last  | unclear         | push @soon x1 last        | SyncDeferred
    push @past x0 last  | unclear, last   | stopped unresolved: push last | SyncSuspended
    push @past x0 last  | hold            | stopped exhausted: push last | SyncSuspended
    push @past x0 last  | later end       | push @past x0 last        | SyncPlanned
    push @past x0 last  | old end         | push @past x0 last        | SyncPlanned
    push @past x0 last  | gone            | push @past x0 last        | already so

    stopped poison: pull a    | resumed   | pull a @now x0            | SyncResumed
    stopped poison: pull a    | later end | stopped poison: pull a    | SyncPlanned
    stopped poison: pull a    | old end   | stopped poison: pull a    | SyncPlanned
    stopped poison: pull a    | gone      | closed                    | SyncClosed
    stopped poison: push +a   | resumed   | push @now x0 +a           | SyncResumed
    stopped poison: push +a   | later end | stopped poison: push +a   | SyncPlanned
    stopped poison: push +a   | old end   | stopped poison: push +a   | SyncPlanned
    stopped poison: push +a   | gone      | closed                    | SyncClosed
    stopped poison: push last | resumed   | push @now x0 last         | SyncResumed
    stopped poison: push last | later end | stopped poison: push last | SyncPlanned
    stopped poison: push last | old end   | stopped poison: push last | SyncPlanned
    stopped poison: push last | gone      | closed                    | SyncClosed

    closed              | resumed         | pull first @now x0        | SyncResumed
    closed              | later end       | pull first @first x0      | SyncPlanned
    closed              | old end         | closed                    | SyncPlanned
";

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn page(name: &str) -> PageMark {
    PageMark::at(name)
}

fn sync(state: SyncState) -> MetricsSync {
    MetricsSync {
        organization: Uuid::from_u128(1).into(),
        webinar: Uuid::from_u128(2).into(),
        ends: NOW - hours(2),
        state,
    }
}

fn states() -> Vec<MetricsSync> {
    let due = NOW - SignedDuration::from_mins(1);
    let pull =
        |page, tries: u32| SyncState::Scheduled { due, page, tries, since: (tries > 0).then_some(due) };
    let push = |more, last| SyncState::Staged { due, more, tries: 0, since: None, last };
    let stopped = |resume| SyncState::Suspended { resume, cause: Cause::Poison, at: due };
    vec![
        pull(PageMark::FIRST, 0),
        pull(PageMark::FIRST, 3),
        pull(page("a"), 0),
        push(None, false),
        push(Some(page("a")), false),
        push(None, true),
        stopped(Resume::Scheduled { page: page("a") }),
        stopped(Resume::Staged { more: Some(page("a")), last: false }),
        stopped(Resume::Staged { more: None, last: true }),
        SyncState::Closed { at: due },
    ]
    .into_iter()
    .map(sync)
    .collect()
}

fn inputs() -> Vec<(&'static str, Input)> {
    let soon = NOW + SignedDuration::from_secs(45);
    let faulted = |verdict| Input::Faulted { verdict };
    vec![
        ("pulled", Input::Pulled { more: None }),
        ("pulled more", Input::Pulled { more: Some(page("b")) }),
        ("unchanged", Input::Unchanged),
        ("upserted", Input::Upserted),
        ("again", faulted(Verdict::Again { at: soon, counted: false })),
        ("again, counted", faulted(Verdict::Again { at: soon, counted: true })),
        ("again, long ago", faulted(Verdict::Again { at: NOW - hours(1), counted: true })),
        ("unclear", faulted(Verdict::Ambiguous { at: soon, last: false })),
        ("unclear, last", faulted(Verdict::Ambiguous { at: soon, last: true })),
        ("hold", faulted(Verdict::Hold(Cause::Exhausted))),
        ("resumed", Input::Resumed),
        ("later end", Input::Replanned { ends: NOW + hours(30) }),
        ("old end", Input::Replanned { ends: NOW - hours(24 * 400) }),
        ("over", Input::PeriodOver),
        ("gone", Input::WebinarGone),
    ]
}

fn shown(state: &SyncState) -> String {
    let when = |due: Timestamp| match due.duration_since(NOW).as_secs() {
        -60 => "past".to_owned(),
        0 => "now".to_owned(),
        45 => "soon".to_owned(),
        14_400 => "next".to_owned(),
        108_900 => "first".to_owned(),
        other => format!("{other} s"),
    };
    let pull = |page: &PageMark| format!("pull {}", page.as_str().unwrap_or("first"));
    let after = |more: &Option<PageMark>, last: bool| match (more, last) {
        (Some(more), false) => format!(" +{}", more.as_str().unwrap()),
        (None, true) => " last".to_owned(),
        (None, false) => String::new(),
        (Some(_), true) => " last, and more".to_owned(),
    };
    match state {
        SyncState::Scheduled { due, page, tries, since } => {
            assert_eq!(since.is_some(), *tries > 0, "counted tries have a first");
            format!("{} @{} x{tries}", pull(page), when(*due))
        }
        SyncState::Staged { due, more, tries, since, last } => {
            assert_eq!(since.is_some(), *tries > 0, "counted tries have a first");
            format!("push @{} x{tries}{}", when(*due), after(more, *last))
        }
        SyncState::Suspended { resume: Resume::Scheduled { page }, cause, .. } => {
            format!("stopped {}: {}", cause.name(), pull(page))
        }
        SyncState::Suspended { resume: Resume::Staged { more, last }, cause, .. } => {
            format!("stopped {}: push{}", cause.name(), after(more, *last))
        }
        SyncState::Closed { .. } => "closed".to_owned(),
    }
}

fn told(sync: &MetricsSync, input: &Input) -> Option<(String, String)> {
    let (next, how) = match sync.on(input, NOW, &Cadence::default()).ok()? {
        Step::Moved { next, fact } => (next, fact.name()),
        Step::Noted { next } => (next, "noted"),
        Step::Ignored(Why::InFlight) => (sync.clone(), "in flight"),
        Step::Ignored(Why::AlreadySo) => (sync.clone(), "already so"),
        Step::Ignored(_) => (sync.clone(), "ignored"),
    };
    let ends = match input {
        Input::Replanned { ends } => *ends,
        _ => sync.ends,
    };
    assert_eq!((next.organization, next.webinar, next.ends), (sync.organization, sync.webinar, ends));
    Some((shown(&next.state), how.to_owned()))
}

#[test]
fn every_state_meets_every_input_as_the_table_says() {
    let mut table: BTreeMap<(String, String), (String, String)> = BTreeMap::new();
    for cell in TABLE.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let parts: Vec<&str> = cell.split('|').map(str::trim).collect();
        let [from, input, to, how] = parts[..] else { panic!("{cell}") };
        let twice = table.insert((from.to_owned(), input.to_owned()), (to.to_owned(), how.to_owned()));
        assert_eq!(twice, None, "{cell}");
    }
    for state in states() {
        for (name, input) in inputs() {
            let expected = table.remove(&(shown(&state.state), name.to_owned()));
            assert_eq!(told(&state, &input), expected, "{} | {name}", shown(&state.state));
        }
    }
    assert_eq!(table, BTreeMap::new(), "cells of states or inputs that there are none of");
}

#[test]
fn a_sync_can_always_end_and_come_back() {
    for from in states() {
        let mut seen = HashSet::from([from.state.clone()]);
        let mut todo = vec![from.clone()];
        while let Some(sync) = todo.pop() {
            for (_, input) in inputs() {
                let Ok(Step::Moved { next, .. }) = sync.on(&input, NOW, &Cadence::default()) else {
                    continue;
                };
                let few = next.tries().0 < 5;
                if few && seen.insert(next.state.clone()) {
                    todo.push(next);
                }
            }
        }
        let begins =
            |state: &SyncState| matches!(state, SyncState::Scheduled { page, .. } if page.is_first());
        assert!(seen.iter().any(begins), "{from:?}");
        assert!(seen.iter().any(|state| matches!(state, SyncState::Closed { .. })), "{from:?}");
    }
}

#[test]
fn a_pull_in_progress_ends_before_its_sync_closes() {
    let closes = |state: &SyncState| {
        let step = sync(state.clone()).on(&Input::PeriodOver, NOW, &Cadence::default());
        matches!(step, Ok(Step::Moved { next, .. }) if matches!(next.state, SyncState::Closed { .. }))
    };
    let closing: Vec<String> = states().iter().map(|s| &s.state).filter(|s| closes(s)).map(shown).collect();
    assert_eq!(closing, ["pull first @past x0", "pull first @past x3"]);
}

#[test]
fn after_the_archive_has_closed_there_is_one_more_look_at_once() {
    let old = MetricsSync { ends: NOW - hours(24 * 400), ..states().swap_remove(0) };
    let Ok(Step::Moved { next, .. }) = old.on(&Input::Unchanged, NOW, &Cadence::default()) else { panic!() };
    assert_eq!(next.due(), Some(NOW));
    let Ok(Step::Moved { next, .. }) = next.on(&Input::PeriodOver, NOW, &Cadence::default()) else {
        panic!()
    };
    assert_eq!((next.due(), next.tries()), (None, (0, None)));
}

#[test]
fn a_sync_is_planned_for_the_first_pull_after_the_end() {
    let (organization, webinar) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
    let planned = |ends| MetricsSync::planned(organization, webinar, ends, NOW, &Cadence::default()).due();
    assert_eq!(planned(NOW + hours(3)), Some(NOW + hours(3) + SignedDuration::from_mins(15)));
    assert_eq!(planned(NOW - hours(3)), Some(NOW), "what was missed is asked for at once");
}

#[test]
fn a_sync_survives_a_document() {
    for state in states() {
        let document = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<MetricsSync>(&document).unwrap(), state);
    }
}
