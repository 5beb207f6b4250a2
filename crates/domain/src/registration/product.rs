//! The whole product of states and inputs, against the table written out by hand.
//!
//! Every state that can be meets every input. The table says which cells are not allowed, ignored, noted or moved,
//! with which fact, and what becomes of the phase; [`oracle`] says what becomes of everything else.

pub(super) mod oracle;
mod questions;
mod space;
mod walks;

use std::collections::BTreeMap;

use super::sample::{NOW, at};
use super::{
    Call, Cause, Effect, Input, Observation, Outcome, Phase, Registration, RegistrationPolicy, Sighting,
    Source, Stance, Told,
};
use crate::fact::{FactKind, Step, Why};
use crate::fault::Verdict;
use crate::time::Timestamp;

/// What the table says of one state and one input.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cell {
    Forbidden,
    Ignored(Why),
    Noted,
    Moved(Then, FactKind),
}

/// What becomes of the phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It stays.
    Keep,
    /// It follows from what is wanted and what is known.
    Aim,
    /// Due now, tries forgotten.
    Now,
    /// Due, tries forgotten, after the pause that a doubt asks for.
    Afresh,
    /// Due at that time; `true`: it is a counted try.
    Later(Timestamp, bool),
    Held(Cause),
}

use Cell::{Forbidden as NO, Ignored, Moved, Noted};
use Then::{Afresh, Aim, Held, Keep, Later, Now};

/// A line of the table: due, due with a call out, settled, held, erased.
type Line = [Cell; 5];

const GONE: Cell = Ignored(Why::Erased);
const BUSY: Cell = Ignored(Why::InFlight);
const STALE: Cell = Ignored(Why::Stale);

fn column(state: &Registration) -> usize {
    match state.phase {
        Phase::Due { .. } if state.open.is_none() => 0,
        Phase::Due { .. } => 1,
        Phase::Settled => 2,
        Phase::Held { .. } => 3,
        Phase::Erased => 4,
    }
}

fn line(state: &Registration, input: &Input) -> Line {
    use FactKind as F;
    match input {
        Input::Observed(seen) if state.erasing.is_some() => erased(state, seen),
        Input::Observed(seen) => observed(state, seen),
        Input::Opened(call) if oracle::is_next(state, *call) => {
            [Moved(Keep, F::AttemptOpened), NO, NO, NO, NO]
        }
        Input::Opened(_) => [NO, NO, NO, NO, NO],
        Input::Replied(outcome) => [NO, replied(state, outcome), NO, NO, NO],
        Input::Faulted { verdict } => [NO, faulted(state, verdict), NO, NO, NO],
        Input::Interrupted { verdict } => [NO, interrupted(state, verdict), NO, NO, NO],
        Input::Strayed(_) => {
            let contested = oracle::is_doubtful(&oracle::becomes(state, input, &Keep));
            let aside = Moved(Keep, F::AnswerStrayed);
            let due = if contested { Moved(Afresh, F::AnswerStrayed) } else { aside.clone() };
            [due.clone(), aside.clone(), due, aside, GONE]
        }
        Input::Drifted => [BUSY, BUSY, Moved(Now, F::DriftFound), Moved(Keep, F::DriftFound), GONE],
        Input::Sighted(sighting) => {
            let settled = match (sighting, state.difference) {
                (Sighting::Gone | Sighting::There, _) => Moved(Now, F::DriftFound),
                (Sighting::AsKnown, None) => Ignored(Why::AlreadySo),
                (Sighting::AsKnown, Some(_)) => Noted,
                (seen, Some(before)) if *seen == before => Ignored(Why::AlreadySo),
                (Sighting::Missing | Sighting::Other(_), _) => Moved(Now, F::DriftFound),
            };
            let aside = Ignored(Why::NotConcerned);
            [BUSY, BUSY, settled, aside, GONE]
        }
        Input::Braked if oracle::wanted(state) == Effect::Absent => {
            [Moved(Held(Cause::Brake), F::CancelBraked), BUSY, NO, NO, NO]
        }
        Input::Braked => [Ignored(Why::NotConcerned), BUSY, NO, NO, NO],
        Input::Released if state.erasing.is_some() && oracle::is_known(state) => {
            [Ignored(Why::NotConcerned), BUSY, NO, Moved(Afresh, F::RegistrationReleased), NO]
        }
        Input::Released => {
            let again = Moved(Afresh, F::RegistrationReleased);
            [again.clone(), BUSY, NO, again, NO]
        }
        Input::Erase if state.erasing.is_some() => {
            let so = Ignored(Why::AlreadySo);
            [so.clone(), so.clone(), so.clone(), so, GONE]
        }
        Input::Erase => changed(F::ErasureBegun),
        Input::Answered { source, answer } => {
            let cell = match state.sources.get(source) {
                None => NO,
                Some(row) if row.answered == Told::This(answer.clone()) => Ignored(Why::AlreadySo),
                Some(_) => Moved(Keep, F::AnswerWritten),
            };
            [cell.clone(), cell.clone(), cell.clone(), cell, GONE]
        }
        Input::Answering { source } => {
            let cell = match state.sources.get(source).map(|row| &row.answered) {
                None => NO,
                Some(Told::Unsure) => Ignored(Why::AlreadySo),
                Some(Told::Nothing | Told::This(_)) => Noted,
            };
            [cell.clone(), cell.clone(), cell.clone(), cell, GONE]
        }
    }
}

/// What is wanted is something else now.
fn changed(fact: FactKind) -> Line {
    [Moved(Aim, fact), Moved(Now, fact), Moved(Aim, fact), Moved(Aim, fact), GONE]
}

fn observed(state: &Registration, seen: &Observation) -> Line {
    let here = matches!(seen.stance, Stance::Active(_) | Stance::Cancelled);
    let whole = seen.read.is_some() || !matches!(seen.stance, Stance::Active(_));
    match state.sources.get(&seen.source) {
        None if !here || !whole => [NO, NO, NO, NO, GONE],
        Some(row) if row.stance == Stance::Deleted => [STALE, STALE, STALE, STALE, GONE],
        Some(row) if seen.stance != Stance::Deleted && !is_newer(seen, row) => {
            [STALE, STALE, STALE, STALE, GONE]
        }
        _ if !whole => [NO, NO, NO, NO, GONE],
        Some(row) if row.stance == seen.stance => [Noted, Noted, Noted, Noted, GONE],
        _ => {
            let after = oracle::becomes(state, &Input::Observed(seen.clone()), &Keep);
            if oracle::wanted(&after) != oracle::wanted(state) {
                return changed(FactKind::RegistrationObserved);
            }
            let aside = Moved(Keep, FactKind::RegistrationObserved);
            [aside.clone(), aside.clone(), aside.clone(), aside, GONE]
        }
    }
}

/// A row is taken out, or back in, at the version it has: its event is another matter than itself.
fn is_newer(seen: &Observation, row: &Source) -> bool {
    let sides = [seen.stance, row.stance].map(|stance| stance == Stance::Excluded);
    seen.version > row.version || (seen.version == row.version && sides[0] != sides[1])
}

/// Of somebody who is to be erased, only the going of a row is noted, so that the row is not counted twice.
fn erased(state: &Registration, seen: &Observation) -> Line {
    let goes = !matches!(seen.stance, Stance::Active(_) | Stance::Cancelled);
    let newer = state.sources.get(&seen.source).is_some_and(|row| {
        row.stance != Stance::Deleted && (seen.stance == Stance::Deleted || is_newer(seen, row))
    });
    let cell = if goes && newer { Noted } else { GONE };
    [cell.clone(), cell.clone(), cell.clone(), cell.clone(), cell]
}

/// Which answer fits which call: `+` landed, `?` not there, `-` refused, `!` too late.
const FITS: [(&str, &str); 4] = [
    // admitted, amended, cancelled, forgotten, not there, too late, refused
    ("register", "+.....-"),
    ("amend", ".+..?.-"),
    ("cancel", "..+.+!-"),
    ("forget", "...++.-"),
];

fn replied(state: &Registration, outcome: &Outcome) -> Cell {
    let Some(attempt) = state.open else { return NO };
    let (call, fact) = match attempt.call {
        Call::Register(_) => ("register", FactKind::RegistrationAdmitted),
        Call::Amend(_) => ("amend", FactKind::RegistrationAmended),
        Call::Cancel => ("cancel", FactKind::RegistrationCancelled),
        Call::Forget => ("forget", FactKind::RegistrationForgotten),
    };
    let (place, cause) = match outcome {
        Outcome::Admitted(_) => (0, None),
        Outcome::Amended(_) => (1, None),
        Outcome::Cancelled => (2, None),
        Outcome::Forgotten => (3, None),
        Outcome::NotThere => (4, None),
        Outcome::TooLate => (5, Some(Cause::TooLate)),
        Outcome::Refused(words) => (6, Some(Cause::Refused(words.clone()))),
    };
    let (_, fits) = FITS.iter().find(|(name, _)| *name == call).unwrap();
    match (fits.as_bytes()[place], cause) {
        (b'+', _)
            if oracle::becomes(state, &Input::Replied(outcome.clone()), &Aim).phase == Phase::Erased =>
        {
            Moved(Aim, FactKind::RegistrationErased)
        }
        (b'+', _) => Moved(Aim, fact),
        (b'?', _) => Moved(Aim, FactKind::FoundMissing),
        (b'-' | b'!', Some(cause)) => denied(state, cause),
        _ => NO,
    }
}

/// A verdict on content that is no longer wanted holds nothing.
fn denied(state: &Registration, cause: Cause) -> Cell {
    if holds(state) {
        Moved(Held(cause), FactKind::RegistrationHeld)
    } else {
        Moved(Aim, FactKind::AttemptDeferred)
    }
}

fn holds(state: &Registration) -> bool {
    oracle::asks_right(state) && !oracle::is_done_without(state)
}

fn faulted(state: &Registration, verdict: &Verdict) -> Cell {
    if state.open.is_none() {
        return NO;
    }
    match verdict {
        Verdict::Hold(cause) => denied(state, cause.clone()),
        Verdict::Again { at, counted } if holds(state) => {
            Moved(Later((*at).max(NOW), *counted), FactKind::AttemptDeferred)
        }
        Verdict::Again { .. } => Moved(Aim, FactKind::AttemptDeferred),
        Verdict::Ambiguous { at, last } => unclear(state, *at, *last, None),
    }
}

fn interrupted(state: &Registration, verdict: &Verdict) -> Cell {
    match verdict {
        Verdict::Ambiguous { at, last } if state.open.is_some() => {
            unclear(state, *at, *last, (state.takeovers >= 2).then_some(Cause::Poison))
        }
        _ => NO,
    }
}

fn unclear(state: &Registration, soonest: Timestamp, last: bool, poison: Option<Cause>) -> Cell {
    let unresolved = last && oracle::asks_right(state);
    let held = poison.or(unresolved.then_some(Cause::Unresolved));
    let then = held.map_or_else(|| Later(soonest.max(at(60)), true), Held);
    Moved(then, FactKind::OutcomeUnknown)
}

#[test]
fn every_state_meets_every_input_as_the_table_says() {
    let (policy, inputs) = (RegistrationPolicy::default(), space::inputs());
    let mut cells: BTreeMap<String, u32> = BTreeMap::new();
    let states = space::each_state(|state| {
        for input in &inputs {
            let told = || format!("\n state {state:?}\n input {input:?}\n");
            let cell = line(state, input)[column(state)].clone();
            let step = state.on(input.clone(), NOW, &policy);
            let name = match (&cell, step) {
                (NO, Err(refused)) => {
                    assert_eq!(refused.state, state.state());
                    "not allowed"
                }
                (Ignored(expected), Ok(Step::Ignored(why))) => {
                    assert_eq!(why, *expected, "{}", told());
                    "ignored"
                }
                (Noted, Ok(Step::Noted { next })) => {
                    assert_eq!(next, oracle::becomes(state, input, &Keep), "{}", told());
                    assert_eq!(oracle::wanted(&next), oracle::wanted(state), "{}", told());
                    assert!(oracle::is_possible(&next), "{next:?}{}", told());
                    "noted"
                }
                (Moved(then, expected), Ok(Step::Moved { next, fact })) => {
                    assert_eq!(fact, *expected, "{}", told());
                    assert_eq!(next, oracle::becomes(state, input, then), "{}", told());
                    assert!(oracle::is_possible(&next), "{next:?}{}", told());
                    fact.name()
                }
                (cell, step) => panic!("the table says {cell:?}, the machine {step:?}{}", told()),
            };
            *cells.entry(name.to_owned()).or_default() += 1;
        }
    });
    assert!(states > 5_000, "only {states} states");
    // The 17 facts of a registration, and the three ways to say that there is none.
    assert_eq!(cells.len(), 20, "{cells:?}");
}
