//! Every state that can be, and every input that can come.

use super::oracle;
use crate::fault::{Code, Verdict};
use crate::id::{ProviderPersonId, Version};
use crate::registration::sample::{NOW, at, contact, digest, key, sealed, source};
use crate::registration::{
    Answer, Applied, Attempt, Call, Cause, Doubt, Effect, Input, Observation, Outcome, Phase, Registration,
    Sighting, Source, Stance, Told, Tried, Words,
};

/// When the attempt was opened in every state that has one.
pub(super) const OPENED: i64 = -10;

/// The registration that a row leaves for.
pub(super) fn elsewhere(live: bool) -> Stance {
    Stance::Left { to: key(9), live }
}

/// The provider's own id of the person.
pub(super) fn person() -> ProviderPersonId {
    ProviderPersonId::new("4711")
}

fn row(version: u64, changed: u64, stance: Stance) -> Source {
    let (version, changed, answered) =
        (Version(version), Version(changed), Told::This(Answer::Admitted(None)));
    Source { version, changed, stance, details: sealed(1, 1), contact: contact(1), answered }
}

/// What the CRM may have said: nobody, one row in every stance, two rows that differ in age.
fn families() -> Vec<Vec<(u8, Source)>> {
    let one = |stance| vec![(1, row(5, 5, stance))];
    let (first, second) = (Stance::Active(digest(1)), Stance::Active(digest(2)));
    vec![
        vec![],
        one(first),
        one(Stance::Cancelled),
        one(Stance::Deleted),
        one(elsewhere(true)),
        one(Stance::Excluded),
        // The first row was read last, the content of the second changed last.
        vec![(1, row(8, 3, first)), (2, row(6, 6, second))],
        vec![(1, row(8, 3, Stance::Cancelled)), (2, row(6, 6, second))],
    ]
}

fn applied() -> Vec<Applied> {
    let known = [Effect::Present(digest(1)), Effect::Present(digest(2)), Effect::Absent, Effect::Forgotten];
    [Applied::Never, Applied::Unknown].into_iter().chain(known.map(Applied::Known)).collect()
}

/// Doubts that still run, that ended before the attempt was opened, as it was opened, and after it.
fn doubts() -> Vec<Option<Doubt>> {
    let doubt = |of, since, until| Some(Doubt { of, since: at(since), until: at(until) });
    let present = Some(Effect::Present(digest(1)));
    vec![
        None,
        doubt(present, -30, 570),
        doubt(Some(Effect::Absent), -30, 570),
        doubt(Some(Effect::Forgotten), -90, 510),
        doubt(None, -30, 570),
        doubt(present, -605, -5),
        doubt(None, -610, OPENED),
        doubt(Some(Effect::Absent), -2_000, -1_400),
    ]
}

fn attempts() -> Vec<(Option<Attempt>, u32)> {
    let open = |call| Some(Attempt { number: 3, call, opened: at(OPENED) });
    vec![
        (None, 0),
        (open(Call::Register(digest(1))), 0),
        (open(Call::Register(digest(1))), 2),
        (open(Call::Amend(digest(2))), 0),
        (open(Call::Cancel), 1),
        (open(Call::Forget), 2),
    ]
}

fn phases() -> Vec<Phase> {
    vec![
        Phase::Due { at: at(-100), tries: 0, since: None },
        Phase::Due { at: at(-100), tries: 7, since: Some(at(-5_000)) },
        Phase::Due { at: at(4_000), tries: 1, since: Some(at(-1)) },
        Phase::Settled,
        Phase::Held { cause: Cause::Refused(Words::new("no")), since: at(-1) },
        Phase::Erased,
    ]
}

/// Calls `visit` with every state that can be, and answers how many there are.
pub(super) fn each_state(mut visit: impl FnMut(&Registration)) -> u32 {
    let mut count = 0;
    let mut differences = [None, None, Some(Sighting::Missing), Some(Sighting::There)].into_iter().cycle();
    let mut tried = [None, Some(Tried { first: at(-5_000), last: at(OPENED) })].into_iter().cycle();
    let erasures = [None, Some(0), Some(1), Some(2), Some(3)];
    for (family, erasing) in families().into_iter().flat_map(|f| erasures.map(|e| (f.clone(), e))) {
        let mut state = Registration::new(key(1));
        state.attempts = 3;
        state.erasing = erasing;
        state.sources = family.into_iter().map(|(n, row)| (source(n), row)).collect();
        for (open, takeovers) in attempts() {
            (state.open, state.takeovers) = (open, takeovers);
            for (applied, doubt) in
                applied().into_iter().flat_map(|a| doubts().into_iter().map(move |d| (a, d)))
            {
                (state.applied, state.doubt) = (applied, doubt);
                for phase in phases() {
                    state.phase = phase;
                    // What they mean does not hang on the rest, so that they need not meet all of it.
                    (state.difference, state.tried) = (differences.next().flatten(), tried.next().flatten());
                    if oracle::is_possible(&state) && oracle::is_in_time(&state) {
                        count += 1;
                        visit(&state);
                    }
                }
            }
        }
    }
    count
}

/// Every input, of every age.
pub(super) fn inputs() -> Vec<Input> {
    let refusal = Outcome::Refused(Words::new("full"));
    let effects = [Effect::Present(digest(1)), Effect::Present(digest(2)), Effect::Absent, Effect::Forgotten];
    let calls = [
        Call::Register(digest(1)),
        Call::Register(digest(2)),
        Call::Amend(digest(1)),
        Call::Amend(digest(2)),
        Call::Cancel,
        Call::Forget,
    ];
    let outcomes = [
        Outcome::Admitted(Some(person())),
        Outcome::Admitted(None),
        Outcome::Amended(Some(person())),
        Outcome::Cancelled,
        Outcome::Forgotten,
        Outcome::NotThere,
        Outcome::TooLate,
        refusal,
    ];
    let answered = |n, answer| Input::Answered { source: source(n), answer };
    let answering = |n| Input::Answering { source: source(n) };
    let mut all = vec![Input::Drifted, Input::Braked, Input::Released, Input::Erase];
    all.extend(sightings().map(Input::Sighted));
    all.extend(calls.map(Input::Opened));
    all.extend(outcomes.map(Input::Replied));
    all.extend(effects.map(Input::Strayed));
    all.extend(verdicts().into_iter().map(|verdict| Input::Faulted { verdict }));
    all.extend(verdicts().into_iter().map(|verdict| Input::Interrupted { verdict }));
    all.extend([
        answered(1, Answer::Admitted(None)),
        answered(1, Answer::Cancelled),
        answered(7, Answer::Cancelled),
        answering(1),
        answering(2),
        answering(7),
    ]);
    all.extend(observations().into_iter().map(Input::Observed));
    all
}

/// Ways to be listed.
fn sightings() -> [Sighting; 5] {
    [Sighting::AsKnown, Sighting::Missing, Sighting::Gone, Sighting::Other(digest(2)), Sighting::There]
}

fn verdicts() -> Vec<Verdict> {
    vec![
        Verdict::Hold(Cause::Invalid(Code::new("email"))),
        Verdict::Hold(Cause::Exhausted),
        Verdict::Again { at: at(45), counted: true },
        Verdict::Again { at: at(45), counted: false },
        Verdict::Again { at: at(-45), counted: true },
        Verdict::Ambiguous { at: NOW, last: false },
        Verdict::Ambiguous { at: at(3_600), last: false },
        Verdict::Ambiguous { at: NOW, last: true },
    ]
}

fn observations() -> Vec<Observation> {
    let stances = [
        Stance::Active(digest(1)),
        Stance::Active(digest(2)),
        Stance::Cancelled,
        Stance::Deleted,
        elsewhere(true),
        elsewhere(false),
        Stance::Excluded,
    ];
    let reading = |n, version, stance| {
        let here = matches!(stance, Stance::Active(_) | Stance::Cancelled);
        let read = here.then(|| (sealed(1, 2), contact(2)));
        Observation { source: source(n), version: Version(version), stance, read }
    };
    // An older and a newer reading of a row that is known, and one of a row that is not; the first row's version is 5
    // or 8, so that 5 is neither newer.
    let mut all: Vec<Observation> = stances.map(|stance| reading(1, 5, stance)).into();
    all.extend(stances.map(|stance| reading(1, 60, stance)));
    all.extend(stances.map(|stance| reading(7, 60, stance)));
    all.push(Observation { read: None, ..reading(1, 60, Stance::Active(digest(2))) });
    all
}
