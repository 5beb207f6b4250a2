//! The four questions and the table's transitions, said a second time and in other words.

use core::cmp::Reverse;

use super::Then;
use crate::fault::Verdict;
use crate::person::SealedDetails;
use crate::registration::sample::{NOW, at};
use crate::registration::{
    Applied, Attempt, Call, Doubt, Effect, Input, Observation, Outcome, Phase, Registration, Sighting,
    Source, Stance, Told, Tried,
};
use crate::time::{SignedDuration, Timestamp};

const PAUSE: SignedDuration = SignedDuration::from_secs(60);
const LANDING: i64 = 600;
/// The waits before the second and the third confirmation of an erasure.
const CHECKS: [i64; 2] = [600, 86_400];

pub(super) fn wanted(state: &Registration) -> Effect {
    if state.erasing.is_some() {
        return Effect::Forgotten;
    }
    let mut rows: Vec<_> =
        state.sources.iter().map(|(id, row)| (Reverse((row.changed, *id)), row.stance)).collect();
    rows.sort_by_key(|(age, _)| *age);
    let active = rows.iter().find_map(|(_, stance)| match stance {
        Stance::Active(digest) => Some(Effect::Present(*digest)),
        _ => None,
    });
    active.unwrap_or(Effect::Absent)
}

/// Whether the provider is known to have what is wanted.
pub(super) fn is_known(state: &Registration) -> bool {
    let known = match state.applied {
        Applied::Never => Some(Effect::Absent),
        Applied::Known(effect) => Some(effect),
        Applied::Unknown => None,
    };
    known == Some(wanted(state))
}

/// Whether something else may still land.
pub(super) fn is_doubtful(state: &Registration) -> bool {
    state.doubt.is_some_and(|doubt| doubt.of.is_none_or(|effect| effect != wanted(state)))
}

pub(super) fn is_done(state: &Registration) -> bool {
    let confirmed = state.erasing.is_none_or(|checks| checks >= 3);
    is_known(state) && !is_doubtful(state) && state.open.is_none() && confirmed
}

/// What holds in every state, whatever happened.
pub(in crate::registration) fn is_possible(state: &Registration) -> bool {
    let phase = match state.phase {
        Phase::Due { .. } => !is_done(state),
        Phase::Settled => is_done(state) && state.erasing.is_none(),
        Phase::Held { .. } => !is_done(state) && state.open.is_none(),
        Phase::Erased => is_done(state) && state.erasing.is_some(),
    };
    let effects = [
        match state.applied {
            Applied::Known(effect) => Some(effect),
            Applied::Never | Applied::Unknown => None,
        },
        state.open.map(|attempt| attempt.call.effect()),
    ];
    let forgets = effects.contains(&Some(Effect::Forgotten));
    let unconfirmed = state.erasing == Some(0) && is_known(state) && !is_doubtful(state);
    let counted = state.open.is_none_or(|attempt| attempt.number == state.attempts);
    phase && counted && !unconfirmed && (state.erasing.is_some() || !forgets)
}

/// Whether what is open was due, and what is counted can have happened so far.
pub(super) fn is_in_time(state: &Registration) -> bool {
    let waits = matches!(state.phase, Phase::Due { at, .. } if at > NOW);
    let erased = state.phase == Phase::Erased;
    let checks = erased == (state.erasing == Some(3));
    !(state.open.is_some() && waits) && checks
}

/// Whether the call is the one to be made, and its time has come.
pub(super) fn is_next(state: &Registration, call: Call) -> bool {
    let present = matches!(state.applied, Applied::Known(Effect::Present(_)));
    let amends = present && !is_doubtful(state);
    let next = match wanted(state) {
        Effect::Present(digest) if amends => Call::Amend(digest),
        Effect::Present(digest) => Call::Register(digest),
        Effect::Absent => Call::Cancel,
        Effect::Forgotten => Call::Forget,
    };
    call == next && matches!(state.phase, Phase::Due { at, .. } if at <= NOW)
}

/// What the state becomes; `then` says what the table says of the phase.
pub(super) fn becomes(state: &Registration, input: &Input, then: &Then) -> Registration {
    let mut next = state.clone();
    match input {
        Input::Observed(seen) => observe(&mut next, seen),
        Input::Opened(call) => {
            next.attempts += 1;
            next.open = Some(Attempt { number: next.attempts, call: *call, opened: NOW });
            next.tried = Some(Tried { last: NOW, first: state.tried.map_or(NOW, |tried| tried.first) });
        }
        Input::Replied(outcome) => reply(&mut next, outcome),
        Input::Faulted { verdict: Verdict::Ambiguous { .. } } => unclear(&mut next, 0),
        Input::Faulted { .. } => (next.open, next.takeovers) = (None, 0),
        Input::Interrupted { .. } => unclear(&mut next, state.takeovers + 1),
        Input::Strayed(effect) => {
            next.doubt = Some(joined(state.doubt, *effect));
            if is_doubtful(&next) {
                next.erasing = next.erasing.and(Some(0));
            }
        }
        Input::Drifted => {
            next.difference = None;
            next.applied = Applied::Unknown;
            next.tried = next.tried.filter(|_| state.phase != Phase::Settled);
        }
        Input::Sighted(Sighting::AsKnown) => next.difference = None,
        Input::Sighted(sighting) => {
            let lasts = !matches!(sighting, Sighting::Gone | Sighting::There);
            next.difference = lasts.then_some(*sighting);
            (next.applied, next.tried) = (Applied::Unknown, None);
        }
        Input::Braked => {}
        Input::Released => next.takeovers = 0,
        Input::Erase => next.erasing = Some(0),
        Input::Answered { source, answer } => {
            next.sources.get_mut(source).unwrap().answered = Told::This(answer.clone());
        }
        Input::Answering { source } => next.sources.get_mut(source).unwrap().answered = Told::Unsure,
    }
    if wanted(&next) != wanted(state) {
        (next.difference, next.tried) = (None, None);
    }
    next.phase = phase(state, &next, then);
    if next.phase == Phase::Erased && state.phase != Phase::Erased {
        next.person = None;
        for row in next.sources.values_mut() {
            (row.details, row.answered) = (SealedDetails::new(vec![]), Told::Nothing);
        }
    }
    next
}

fn phase(before: &Registration, next: &Registration, then: &Then) -> Phase {
    let fresh = |at| Phase::Due { at, tries: 0, since: None };
    let (tries, since) = match before.phase {
        Phase::Due { tries, since, .. } => (tries, since),
        _ => (0, None),
    };
    match then {
        Then::Keep => before.phase.clone(),
        Then::Now => fresh(NOW),
        Then::Held(cause) => Phase::Held { cause: cause.clone(), since: NOW },
        Then::Later(at, false) => Phase::Due { at: *at, tries, since },
        Then::Later(at, true) => Phase::Due { at: *at, tries: tries + 1, since: since.or(Some(NOW)) },
        Then::Aim if is_done(next) && next.erasing.is_some() => Phase::Erased,
        Then::Aim if is_done(next) => Phase::Settled,
        Then::Aim if is_known(next) => match (next.doubt, next.erasing) {
            (Some(doubt), _) if is_doubtful(next) => fresh(doubt.until.max(NOW)),
            (_, Some(checks)) => fresh(at(CHECKS[usize::try_from(checks).unwrap() - 1])),
            _ => unreachable!("known, not doubtful, not to be confirmed: done"),
        },
        Then::Aim | Then::Afresh => fresh(paused(next)),
    }
}

/// A different request waits a minute after an unclear one.
fn paused(state: &Registration) -> Timestamp {
    let pause = state.doubt.filter(|_| is_doubtful(state)).map(|doubt| doubt.since + PAUSE);
    pause.map_or(NOW, |until| until.max(NOW))
}

fn observe(next: &mut Registration, seen: &Observation) {
    let erasing = next.erasing.is_some();
    let fresh = || {
        let (details, contact) = seen.read.clone().unwrap();
        let (version, changed) = (seen.version, seen.version);
        Source { version, changed, stance: seen.stance, details, contact, answered: Told::Nothing }
    };
    let row = next.sources.entry(seen.source).or_insert_with(fresh);
    let returns = !matches!(row.stance, Stance::Active(_) | Stance::Cancelled) && row.stance != seen.stance;
    row.version = row.version.max(seen.version);
    if row.stance != seen.stance {
        row.changed = row.version;
    }
    row.stance = seen.stance;
    if returns {
        row.answered = Told::Nothing;
    }
    if let Some((details, contact)) = seen.read.clone().filter(|_| !erasing) {
        (row.details, row.contact) = (details, contact);
    }
}

fn reply(next: &mut Registration, outcome: &Outcome) {
    let attempt = next.open.take().unwrap();
    next.takeovers = 0;
    let effect = match outcome {
        Outcome::Refused(_) | Outcome::TooLate => return,
        Outcome::NotThere if matches!(attempt.call, Call::Amend(_)) => Effect::Absent,
        Outcome::Admitted(person) | Outcome::Amended(person) => {
            next.person = person.clone().or(next.person.take());
            attempt.call.effect()
        }
        _ => attempt.call.effect(),
    };
    next.applied = Applied::Known(effect);
    next.tried = next.tried.map(|tried| Tried { last: NOW, ..tried });
    next.doubt = next.doubt.filter(|doubt| attempt.opened < doubt.until);
    if effect == Effect::Forgotten && !is_doubtful(next) {
        next.erasing = next.erasing.map(|checks| checks + 1);
    }
}

fn unclear(next: &mut Registration, takeovers: u32) {
    let attempt = next.open.take().unwrap();
    next.takeovers = takeovers;
    next.applied = Applied::Unknown;
    let before = next.doubt.filter(|doubt| attempt.opened < doubt.until);
    next.doubt = Some(joined(before, attempt.call.effect()));
}

/// One more request may land, beside what might already.
fn joined(before: Option<Doubt>, effect: Effect) -> Doubt {
    let others = before.is_some_and(|doubt| doubt.of != Some(effect));
    let until = before.map_or(at(LANDING), |doubt| doubt.until.max(at(LANDING)));
    Doubt { of: (!others).then_some(effect), since: NOW, until }
}

/// Whether the open call asks for what is wanted.
pub(super) fn asks_right(state: &Registration) -> bool {
    state.open.is_some_and(|attempt| attempt.call.effect() == wanted(state))
}

/// Whether there would be nothing to do if the open call had never been.
pub(super) fn is_done_without(state: &Registration) -> bool {
    is_done(&Registration { open: None, ..state.clone() })
}
