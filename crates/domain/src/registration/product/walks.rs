//! Whatever comes, in whatever order: no panic, no state that cannot be, and every state survives a document.

use proptest::prelude::*;

use super::oracle;
use super::space::elsewhere;
use crate::fact::Step;
use crate::fault::Verdict;
use crate::id::Version;
use crate::registration::sample::{at, contact, digest, key, sealed, source};
use crate::registration::{
    Answer, Cause, Effect, Input, Observation, Outcome, Phase, Registration, RegistrationPolicy, Sighting,
    Stance, Words,
};
use crate::time::Timestamp;

#[derive(Clone, Debug)]
enum Event {
    /// Whatever call is next is opened.
    Send,
    Input(Input),
}

fn stance() -> impl Strategy<Value = Stance> {
    prop_oneof![
        4 => (1_u16..4).prop_map(|n| Stance::Active(digest(n))),
        2 => Just(Stance::Cancelled),
        1 => Just(Stance::Deleted),
        1 => any::<bool>().prop_map(elsewhere),
        1 => Just(Stance::Excluded),
    ]
}

fn observation() -> impl Strategy<Value = Observation> {
    (0_u8..3, 0_u64..60, stance(), any::<bool>()).prop_map(|(n, version, stance, read)| Observation {
        source: source(n),
        version: Version(version),
        stance,
        read: read.then(|| (sealed(1, n.into()), contact(n))),
    })
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        (1_u16..4).prop_map(|n| Effect::Present(digest(n))),
        Just(Effect::Absent),
        Just(Effect::Forgotten),
    ]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    let time = (0_i64..9_000).prop_map(at);
    prop_oneof![
        Just(Verdict::Hold(Cause::Exhausted)),
        (time.clone(), any::<bool>()).prop_map(|(at, counted)| Verdict::Again { at, counted }),
        (time, proptest::bool::weighted(0.2)).prop_map(|(at, last)| Verdict::Ambiguous { at, last }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Admitted(Some(super::space::person()))),
        Just(Outcome::Amended(None)),
        Just(Outcome::Cancelled),
        Just(Outcome::Forgotten),
        Just(Outcome::NotThere),
        Just(Outcome::TooLate),
        Just(Outcome::Refused(Words::new("no"))),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => Just(Event::Send),
        6 => observation().prop_map(Input::Observed).prop_map(Event::Input),
        6 => outcome().prop_map(Input::Replied).prop_map(Event::Input),
        2 => verdict().prop_map(|verdict| Event::Input(Input::Faulted { verdict })),
        2 => verdict().prop_map(|verdict| Event::Input(Input::Interrupted { verdict })),
        1 => effect().prop_map(Input::Strayed).prop_map(Event::Input),
        1 => Just(Event::Input(Input::Drifted)),
        1 => (1_u16..4).prop_map(|n| Event::Input(Input::Sighted(Sighting::Other(digest(n))))),
        1 => Just(Event::Input(Input::Sighted(Sighting::Missing))),
        1 => Just(Event::Input(Input::Sighted(Sighting::AsKnown))),
        1 => Just(Event::Input(Input::Braked)),
        1 => Just(Event::Input(Input::Released)),
        1 => (0_u8..40).prop_map(|n| Event::Input(if n == 0 { Input::Erase } else { Input::Released })),
        1 => (0_u8..3, any::<bool>()).prop_map(|(n, yes)| {
            let answer = if yes { Answer::Admitted(None) } else { Answer::Cancelled };
            Event::Input(Input::Answered { source: source(n), answer })
        }),
    ]
}

/// What no step may do.
fn compare(
    before: &Registration,
    next: &Registration,
    now: Timestamp,
    opened: bool,
) -> Result<(), TestCaseError> {
    prop_assert!(oracle::is_possible(next), "{:?}", next);
    prop_assert_eq!(next.attempts, before.attempts + u32::from(opened));
    prop_assert_eq!(before.phase == Phase::Erased && next.phase != Phase::Erased, false);
    prop_assert_eq!(before.erasing.is_some() && next.erasing.is_none(), false);
    for (id, row) in &before.sources {
        let after = &next.sources[id];
        prop_assert!(after.version >= row.version && after.changed >= row.changed);
        prop_assert!(after.changed <= after.version);
        prop_assert!(row.stance != Stance::Deleted || after.stance == Stance::Deleted);
    }
    if let (Phase::Due { at, .. }, true) = (&next.phase, next.phase != before.phase) {
        prop_assert!(*at >= now, "due before it was decided: {:?}", next);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_walk_leaves_the_states_that_can_be(events in proptest::collection::vec((0_i64..400, event()), 1..60)) {
        let policy = RegistrationPolicy::default();
        let (mut state, mut seconds) = (Registration::new(key(1)), 0);
        for (wait, event) in events {
            seconds += wait;
            let now = at(seconds);
            let (opened, input) = match event {
                Event::Send => (true, Input::Opened(state.next_call())),
                Event::Input(input) => (false, input),
            };
            if let Ok(Step::Moved { next, .. } | Step::Noted { next }) = state.on(input, now, &policy) {
                compare(&state, &next, now, opened)?;
                state = next;
            }
        }
        let document = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(serde_json::from_str::<Registration>(&document).unwrap(), state);
    }
}
