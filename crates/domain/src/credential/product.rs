//! The whole product of states and inputs against the table, and what can be reached from where.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    Credential, CredentialPolicy, CredentialSlot, CredentialState, Input, Purpose, SealedSecret,
    SecretVersion,
};
use crate::fact::{Step, Why};
use crate::time::{SignedDuration, Timestamp};

const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

/// Every cell that is allowed, in our shorthand. Version 3 is the highest that was ever entered; where it is neither in
/// use nor tried, it was given up. What is not here is not allowed.
const TABLE: &str = "
    unproven 2   | enter 4  | unproven 4   | CredentialEntered
    unproven 2   | accept 1 | unproven 2   | stale
    unproven 2   | accept 2 | active 2     | CredentialProven
    unproven 2   | accept 3 | unproven 2   | stale
    unproven 2   | refuse 1 | unproven 2   | stale
    unproven 2   | refuse 2 | refused 2    | CredentialRefused
    unproven 2   | refuse 3 | unproven 2   | stale
    unproven 2   | idle     | unproven 2   | not concerned
    unproven 2   | reseal 1 | unproven 2   | EnvelopeResealed
    unproven 2   | reseal 2 | unproven 2   | EnvelopeResealed
    unproven 2   | reseal 3 | unproven 2   | stale
    unproven 2   | reseal 4 | unproven 2   | stale
    unproven 2   | revoke   | revoked 3    | CredentialRevoked

    active 2     | enter 4  | rotating 2 4 | RotationBegun
    active 2     | accept 1 | active 2     | stale
    active 2     | accept 2 | active 2     | noted
    active 2     | accept 3 | active 2     | stale
    active 2     | refuse 1 | active 2     | stale
    active 2     | refuse 2 | suspect 2 x1 | CredentialSuspected
    active 2     | refuse 3 | active 2     | stale
    active 2     | idle     | active 2     | CredentialIdle
    active 2     | reseal 1 | active 2     | EnvelopeResealed
    active 2     | reseal 2 | active 2     | EnvelopeResealed
    active 2     | reseal 3 | active 2     | stale
    active 2     | reseal 4 | active 2     | stale
    active 2     | revoke   | revoked 3    | CredentialRevoked

    rotating 2 3 | enter 4  | rotating 2 4 | RotationBegun
    rotating 2 3 | accept 1 | rotating 2 3 | stale
    rotating 2 3 | accept 2 | rotating 2 3 | noted
    rotating 2 3 | accept 3 | active 3     | RotationCompleted
    rotating 2 3 | refuse 1 | rotating 2 3 | stale
    rotating 2 3 | refuse 2 | unproven 3   | RotationForced
    rotating 2 3 | refuse 3 | active 2     | RotationAbandoned
    rotating 2 3 | idle     | rotating 2 3 | not concerned
    rotating 2 3 | reseal 1 | rotating 2 3 | EnvelopeResealed
    rotating 2 3 | reseal 2 | rotating 2 3 | EnvelopeResealed
    rotating 2 3 | reseal 3 | rotating 2 3 | EnvelopeResealed
    rotating 2 3 | reseal 4 | rotating 2 3 | stale
    rotating 2 3 | revoke   | revoked 3    | CredentialRevoked

    suspect 2 x1 | enter 4  | unproven 4   | CredentialEntered
    suspect 2 x1 | accept 1 | suspect 2 x1 | stale
    suspect 2 x1 | accept 2 | active 2     | CredentialProven
    suspect 2 x1 | accept 3 | suspect 2 x1 | stale
    suspect 2 x1 | refuse 1 | suspect 2 x1 | stale
    suspect 2 x1 | refuse 2 | suspect 2 x2 | CredentialSuspected
    suspect 2 x1 | refuse 3 | suspect 2 x1 | stale
    suspect 2 x1 | idle     | suspect 2 x1 | not concerned
    suspect 2 x1 | reseal 1 | suspect 2 x1 | EnvelopeResealed
    suspect 2 x1 | reseal 2 | suspect 2 x1 | EnvelopeResealed
    suspect 2 x1 | reseal 3 | suspect 2 x1 | stale
    suspect 2 x1 | reseal 4 | suspect 2 x1 | stale
    suspect 2 x1 | revoke   | revoked 3    | CredentialRevoked

    suspect 2 x2 | enter 4  | unproven 4   | CredentialEntered
    suspect 2 x2 | accept 1 | suspect 2 x2 | stale
    suspect 2 x2 | accept 2 | active 2     | CredentialProven
    suspect 2 x2 | accept 3 | suspect 2 x2 | stale
    suspect 2 x2 | refuse 1 | suspect 2 x2 | stale
    suspect 2 x2 | refuse 2 | refused 2    | CredentialRefused
    suspect 2 x2 | refuse 3 | suspect 2 x2 | stale
    suspect 2 x2 | idle     | suspect 2 x2 | not concerned
    suspect 2 x2 | reseal 1 | suspect 2 x2 | EnvelopeResealed
    suspect 2 x2 | reseal 2 | suspect 2 x2 | EnvelopeResealed
    suspect 2 x2 | reseal 3 | suspect 2 x2 | stale
    suspect 2 x2 | reseal 4 | suspect 2 x2 | stale
    suspect 2 x2 | revoke   | revoked 3    | CredentialRevoked

    refused 2    | enter 4  | unproven 4   | CredentialEntered
    refused 2    | accept 1 | refused 2    | stale
    refused 2    | accept 2 | active 2     | CredentialProven
    refused 2    | accept 3 | refused 2    | stale
    refused 2    | refuse 1 | refused 2    | stale
    refused 2    | refuse 2 | refused 2    | already so
    refused 2    | refuse 3 | refused 2    | stale
    refused 2    | idle     | refused 2    | not concerned
    refused 2    | reseal 1 | refused 2    | EnvelopeResealed
    refused 2    | reseal 2 | refused 2    | EnvelopeResealed
    refused 2    | reseal 3 | refused 2    | stale
    refused 2    | reseal 4 | refused 2    | stale
    refused 2    | revoke   | revoked 3    | CredentialRevoked
";

fn secret(version: u64) -> SecretVersion {
    let byte = u8::try_from(version).unwrap();
    SecretVersion {
        version,
        sealed: SealedSecret::new(vec![byte; 30]),
        entered: NOW - SignedDuration::from_hours(1),
    }
}

/// A credential in that state, with version 1 kept from before.
fn credential(state: CredentialState) -> Credential {
    let slot = CredentialSlot { organization: Uuid::from_u128(1).into(), purpose: Purpose::Provider };
    let previous = Some((secret(1), NOW + SignedDuration::from_hours(1)));
    Credential { id: Uuid::from_u128(2).into(), slot, state, highest: 3, last_success: None, previous }
}

fn states() -> [Credential; 7] {
    let (current, at, since) = (secret(2), NOW, NOW - SignedDuration::from_hours(2));
    [
        CredentialState::Unproven(current.clone()),
        CredentialState::Active { current: current.clone(), since },
        CredentialState::Rotating { current: current.clone(), candidate: secret(3) },
        CredentialState::Suspect { current: current.clone(), strikes: 1 },
        CredentialState::Suspect { current: current.clone(), strikes: 2 },
        CredentialState::Refused { current, at },
        CredentialState::Revoked { at, version: 3 },
    ]
    .map(credential)
}

fn inputs(versions: impl Iterator<Item = u64>) -> Vec<(String, Input)> {
    let of = |v: u64| {
        [
            (format!("enter {v}"), Input::Entered(secret(v))),
            (format!("accept {v}"), Input::Accepted(v)),
            (format!("refuse {v}"), Input::Unauthorised(v)),
            (
                format!("reseal {v}"),
                Input::Resealed(SecretVersion { sealed: SealedSecret::new(vec![99]), ..secret(v) }),
            ),
        ]
    };
    let others = [("idle", Input::Idle), ("revoke", Input::Revoked)];
    versions.flat_map(of).chain(others.map(|(name, input)| (name.to_owned(), input))).collect()
}

fn shown(credential: &Credential) -> String {
    match &credential.state {
        CredentialState::Unproven(current) => format!("unproven {}", current.version),
        CredentialState::Active { current, .. } => format!("active {}", current.version),
        CredentialState::Rotating { current, candidate } => {
            format!("rotating {} {}", current.version, candidate.version)
        }
        CredentialState::Suspect { current, strikes } => format!("suspect {} x{strikes}", current.version),
        CredentialState::Refused { current, .. } => format!("refused {}", current.version),
        CredentialState::Revoked { version, .. } => format!("revoked {version}"),
    }
}

/// The step in the table's words; `None`: not allowed.
fn told(credential: &Credential, input: &Input) -> Option<(String, String)> {
    let step = credential.on(input.clone(), NOW, &CredentialPolicy::default());
    let (next, how) = match step.ok()? {
        Step::Moved { next, fact } => (next, fact.name()),
        Step::Noted { next } => (next, "noted"),
        Step::Ignored(Why::Stale) => (credential.clone(), "stale"),
        Step::Ignored(Why::AlreadySo) => (credential.clone(), "already so"),
        Step::Ignored(_) => (credential.clone(), "not concerned"),
    };
    Some((shown(&next), how.to_owned()))
}

#[test]
fn every_state_meets_every_input_as_the_table_says() {
    let mut table: BTreeMap<(String, String), (String, String)> = BTreeMap::new();
    for cell in TABLE.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let parts: Vec<&str> = cell.split('|').map(str::trim).collect();
        let [from, input, to, how] = parts[..] else { panic!("{cell}") };
        assert_eq!(
            table.insert((from.to_owned(), input.to_owned()), (to.to_owned(), how.to_owned())),
            None,
            "{cell}"
        );
    }
    for state in states() {
        for (name, input) in inputs(1..=4) {
            // Nobody has entered version 4 before; a report of it is nobody's.
            let expected = table.remove(&(shown(&state), name.clone()));
            assert_eq!(told(&state, &input), expected, "{} | {name}", shown(&state));
        }
    }
    assert_eq!(table, BTreeMap::new(), "cells of states or inputs that there are none of");
}

fn next(credential: &Credential, input: Input, now: Timestamp) -> Credential {
    match credential.on(input, now, &CredentialPolicy::default()) {
        Ok(Step::Moved { next, .. } | Step::Noted { next }) => next,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_credential_can_heal_until_it_is_revoked() {
    for state in states() {
        let mut seen = BTreeMap::from([(shown(&state), state.clone())]);
        let mut todo = vec![state.clone()];
        while let Some(from) = todo.pop() {
            for (name, input) in inputs(1..=5) {
                let Ok(Step::Moved { next, .. } | Step::Noted { next }) =
                    from.on(input, NOW, &CredentialPolicy::default())
                else {
                    continue;
                };
                assert!(next.newest() >= from.newest(), "{name} {from:?}");
                assert!(
                    next.current().is_none_or(|current| current.version <= next.newest()),
                    "{name} {next:?}"
                );
                assert_eq!((next.id, next.slot), (from.id, from.slot));
                if seen.insert(shown(&next), next.clone()).is_none() {
                    todo.push(next);
                }
            }
        }
        let revoked = matches!(state.state, CredentialState::Revoked { .. });
        assert_eq!(seen.keys().any(|name| name.starts_with("active")), !revoked, "{state:?}");
        assert_eq!(seen.len() == 1, revoked, "{state:?}");
        assert!(seen.keys().any(|name| name.starts_with("revoked")), "{state:?}");
    }
}

#[test]
fn a_version_that_was_given_up_is_not_used_again() {
    let [_, _, rotating, ..] = states();
    let back = next(&rotating, Input::Unauthorised(3), NOW);
    assert_eq!(back.newest(), 3);
    assert!(back.on(Input::Entered(secret(3)), NOW, &CredentialPolicy::default()).is_err());
}

#[test]
fn the_version_before_is_kept_for_a_day() {
    let [_, _, rotating, ..] = states();
    let completed = next(&rotating, Input::Accepted(3), NOW);
    let day = NOW + SignedDuration::from_hours(24);
    assert_eq!(completed.previous, Some((secret(2), day)));
    assert_eq!(completed.last_success, Some(NOW));
    let just = day - SignedDuration::from_secs(1);
    assert_eq!(next(&completed, Input::Accepted(3), just).previous, completed.previous);
    assert_eq!(next(&completed, Input::Accepted(3), day).previous, None);
}

#[test]
fn resealing_reaches_every_ciphertext() {
    let mut credential = states()[2].clone();
    for version in 1..=3 {
        let sealed = SealedSecret::new(vec![99]);
        credential = next(&credential, Input::Resealed(SecretVersion { sealed, ..secret(version) }), NOW);
    }
    let document = serde_json::to_string(&credential).unwrap();
    for version in 1..=3 {
        let old = serde_json::to_string(&secret(version).sealed).unwrap();
        assert!(!document.contains(&old), "version {version} is still sealed as before: {document}");
    }
}

#[test]
fn a_revoked_credential_holds_no_ciphertext() {
    for state in states().into_iter().take(6) {
        let revoked = next(&state, Input::Revoked, NOW);
        assert_eq!((revoked.current(), revoked.to_probe(), &revoked.previous), (None, None, &None));
        assert!(!serde_json::to_string(&revoked).unwrap().contains("sealed"), "{revoked:?}");
    }
}

#[test]
fn a_candidate_is_tried_and_the_current_one_is_used() {
    let versions: Vec<_> = states()
        .iter()
        .map(|state| (state.current().map(|v| v.version), state.to_probe().map(|v| v.version)))
        .collect();
    let plain = (Some(2), Some(2));
    assert_eq!(versions, [plain, plain, (Some(2), Some(3)), plain, plain, plain, (None, None)]);
}

#[test]
fn a_credential_survives_a_document() {
    for state in states() {
        let document = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<Credential>(&document).unwrap(), state);
        assert!(!format!("{state:?}").contains("[2, 2"), "sealed bytes do not print");
    }
}
