//! What is derived from a state rather than kept in it.

use super::space::{elsewhere, person};
use crate::fault::Code;
use crate::id::{SourceId, Version};
use crate::registration::sample::{NOW, at, contact, digest, key, sealed, source};
use crate::registration::{
    Answer, Applied, Attempt, Call, Cause, Doubt, Effect, Phase, Registration, RegistrationPolicy, Source,
    Stance, Told,
};

const ACTIVE: Stance = Stance::Active(digest(1));
const PRESENT: Applied = Applied::Known(Effect::Present(digest(1)));

/// Rows by number, with the version at which their content changed; read at version 90 at the latest.
fn rows<const N: usize>(rows: [(u8, u64, Stance); N]) -> Registration {
    let mut state = Registration::new(key(1));
    for (n, changed, stance) in rows {
        let (version, changed, details) = (Version(90), Version(changed), sealed(1, n.into()));
        let row = Source { version, changed, stance, details, contact: contact(n), answered: Told::Nothing };
        state.sources.insert(source(n), row);
    }
    state
}

const DUE: Phase = Phase::Due { at: NOW, tries: 0, since: None };

fn held() -> Phase {
    Phase::Held { cause: Cause::Invalid(Code::new("email")), since: NOW }
}

#[test]
fn the_newest_content_speaks_for_a_person() {
    let (first, second) = (Stance::Active(digest(1)), Stance::Active(digest(2)));
    let state = rows([(1, 3, first), (2, 6, second), (3, 9, Stance::Cancelled)]);
    assert_eq!(state.desired(), Effect::Present(digest(2)));
    assert_eq!(state.details(), Some((source(2), &sealed(1, 2))));
    assert_eq!(state.spokesman(), Some((source(2), contact(2))));

    let nobody = rows([(1, 3, Stance::Cancelled), (2, 6, elsewhere(true)), (3, 5, Stance::Deleted)]);
    assert_eq!(nobody.desired(), Effect::Absent);
    assert_eq!(nobody.details(), Some((source(2), &sealed(1, 2))), "a cancel is about whoever spoke last");
    assert_eq!(nobody.spokesman(), Some((source(1), contact(1))), "attendance belongs to a row that is here");
    assert_eq!(rows([(1, 3, Stance::Excluded)]).spokesman(), None);
    assert_eq!(rows([]).details(), None);
}

#[test]
fn a_cancel_waits_for_a_move_that_is_the_newest_word_and_still_wanted() {
    type Rows = Vec<(u8, u64, Stance)>;
    let there = Some(key(9));
    let table: [(_, _, Rows); 8] = [
        ("nobody", None, vec![]),
        ("moved, wanted there", there, vec![(1, 5, elsewhere(true))]),
        ("moved, not wanted there", None, vec![(1, 5, elsewhere(false))]),
        ("a newer cancel", None, vec![(1, 5, elsewhere(true)), (2, 6, Stance::Cancelled)]),
        ("an older cancel", there, vec![(1, 5, elsewhere(true)), (2, 4, Stance::Cancelled)]),
        ("a newer end", None, vec![(1, 5, elsewhere(true)), (2, 6, Stance::Deleted)]),
        ("a newer exclusion", None, vec![(1, 5, elsewhere(true)), (2, 6, Stance::Excluded)]),
        ("somebody is still here", None, vec![(1, 5, elsewhere(true)), (2, 4, ACTIVE)]),
    ];
    for (name, expected, sources) in table {
        let mut state = rows([]);
        for (n, changed, stance) in sources {
            state.sources.extend(rows([(n, changed, stance)]).sources);
        }
        assert_eq!(state.waits_for(), expected, "{name}");
        state.erasing = Some(0);
        assert_eq!(state.waits_for(), None, "{name}: an erasure waits for nobody");
    }
}

#[test]
fn an_amendment_is_for_somebody_known_to_be_there() {
    let doubt = |of| Some(Doubt { of, since: NOW, until: at(600) });
    let other = Some(Effect::Present(digest(2)));
    let table = [
        (Applied::Never, None, Call::Register(digest(1))),
        (Applied::Unknown, None, Call::Register(digest(1))),
        (Applied::Known(Effect::Absent), None, Call::Register(digest(1))),
        (Applied::Known(Effect::Present(digest(2))), None, Call::Amend(digest(1))),
        (PRESENT, doubt(other), Call::Register(digest(1))),
        (PRESENT, doubt(None), Call::Register(digest(1))),
        (
            Applied::Known(Effect::Present(digest(2))),
            doubt(Some(Effect::Present(digest(1)))),
            Call::Amend(digest(1)),
        ),
    ];
    for (applied, doubt, call) in table {
        let state = Registration { applied, doubt, ..rows([(1, 1, ACTIVE)]) };
        assert_eq!(state.next_call(), call, "{applied:?} {doubt:?}");
        let gone = Registration { sources: rows([(1, 1, Stance::Cancelled)]).sources, ..state };
        assert_eq!(gone.next_call(), Call::Cancel);
        assert_eq!(Registration { erasing: Some(0), ..gone }.next_call(), Call::Forget);
    }
}

#[test]
fn a_doubt_is_about_a_request_not_about_a_kind_of_one() {
    let doubted = |of| Registration {
        applied: PRESENT,
        doubt: Some(Doubt { of, since: NOW, until: at(600) }),
        ..rows([(1, 1, ACTIVE)])
    };
    let covered = |of| doubted(of).covers(&RegistrationPolicy::default());
    assert!(covered(Some(Effect::Present(digest(1)))));
    assert!(!covered(Some(Effect::Present(digest(2)))), "an old name may land after the new one");
    assert!(!covered(Some(Effect::Absent)));
    assert!(!covered(None), "several different things may land");
}

#[test]
fn nothing_is_covered_while_a_call_is_out() {
    let settled = Registration { applied: PRESENT, ..rows([(1, 1, ACTIVE)]) };
    let policy = RegistrationPolicy::default();
    assert!(settled.covers(&policy));
    let open = Some(Attempt { number: 1, call: Call::Amend(digest(2)), opened: NOW });
    assert!(!Registration { open, ..settled }.covers(&policy));
}

#[test]
fn the_crm_is_told_what_is_known_and_new() {
    let admitted = || Some(Answer::Admitted(Some(person())));
    let gone = Some(Answer::Cancelled);
    let stopped = || Some(Answer::Held(Cause::Invalid(Code::new("email"))));
    let (absent, never) = (Applied::Known(Effect::Absent), Applied::Never);
    // What is known, the phase, what an active and a cancelled row are told, each having heard nothing.
    let table = [
        (PRESENT, Phase::Settled, admitted(), gone.clone()),
        (PRESENT, DUE, admitted(), gone.clone()),
        (PRESENT, held(), stopped(), stopped()),
        (absent, DUE, None, None),
        (absent, held(), stopped(), stopped()),
        (never, DUE, None, None),
        (never, held(), stopped(), stopped()),
        (Applied::Unknown, DUE, None, None),
        (PRESENT, Phase::Erased, None, None),
    ];
    for (applied, phase, active, cancelled) in table {
        let state = Registration {
            applied,
            phase,
            person: Some(person()),
            ..rows([(1, 5, ACTIVE), (2, 4, Stance::Cancelled)])
        };
        let expected: Vec<_> = [(source(1), active), (source(2), cancelled)]
            .into_iter()
            .filter_map(|(id, answer)| Some((id, answer?)))
            .collect();
        assert_eq!(state.answers_due(), expected, "{applied:?} {:?}", state.phase);
        assert_eq!(all_heard(&state, &expected).answers_due(), [], "{applied:?}: everybody has heard it");
        assert_eq!(Registration { erasing: Some(1), ..state }.answers_due(), [], "{applied:?}: to be erased");
    }
}

fn all_heard(state: &Registration, answers: &[(SourceId, Answer)]) -> Registration {
    let mut state = state.clone();
    for (source, answer) in answers {
        state.sources.get_mut(source).unwrap().answered = Told::This(answer.clone());
    }
    state
}

#[test]
fn rows_that_are_elsewhere_hear_nothing_here() {
    for stance in [Stance::Deleted, Stance::Excluded, elsewhere(true), elsewhere(false)] {
        let absent = Applied::Known(Effect::Absent);
        let state = Registration { applied: absent, ..rows([(1, 5, stance)]) };
        assert_eq!(state.answers_due(), [], "{stance:?}");
        assert_eq!(Registration { phase: held(), ..state }.answers_due(), [], "{stance:?}");
    }
}

#[test]
fn a_cancelled_row_hears_of_it_only_if_it_heard_of_us() {
    let absent =
        Registration { applied: Applied::Known(Effect::Absent), ..rows([(1, 5, Stance::Cancelled)]) };
    assert_eq!(absent.answers_due(), [(source(1), Answer::Cancelled)]);
    let mut never = Registration { applied: Applied::Never, ..absent };
    assert_eq!(never.answers_due(), []);
    never.sources.get_mut(&source(1)).unwrap().answered = Told::This(Answer::Admitted(None));
    assert_eq!(never.answers_due(), [(source(1), Answer::Cancelled)]);
    // Whether it heard of us is not known: then it is told.
    never.sources.get_mut(&source(1)).unwrap().answered = Told::Unsure;
    assert_eq!(never.answers_due(), [(source(1), Answer::Cancelled)]);
}

#[test]
fn nothing_is_said_while_a_call_is_out() {
    let open = Some(Attempt { number: 1, call: Call::Amend(digest(2)), opened: NOW });
    let state = Registration { applied: PRESENT, phase: DUE, open, ..rows([(1, 5, ACTIVE)]) };
    assert_eq!(state.answers_due(), []);
}

#[test]
fn a_correlation_belongs_to_one_person_at_one_webinar() {
    let one = key(1).correlation();
    assert_eq!(one, key(1).correlation());
    assert!(one.starts_with("wb:"), "{one}");
    assert_ne!(one, key(2).correlation());
    let other_webinar =
        crate::registration::RegistrationKey { webinar: uuid::Uuid::from_u128(3).into(), ..key(1) };
    assert_ne!(one, other_webinar.correlation());
}
