//! The whole product of states and inputs against the table, and what can be reached from where.

use std::collections::BTreeMap;

use super::{Input, Integration, TermsVersion, Then};
use crate::fact::Step;

/// Every cell that is allowed, in our shorthand: `active 2<4` has accepted version 2 while 4 is out; `wanted 4 yes`
/// waits for version 4 with a proven credential. What is not here is not allowed.
const TABLE: &str = "
    dormant               | accept 1    | credentials 1             | TermsAccepted
    dormant               | accept 2    | credentials 2             | TermsAccepted
    dormant               | accept 3    | credentials 3             | TermsAccepted
    dormant               | accept 4    | credentials 4             | TermsAccepted
    dormant               | accept 5    | credentials 5             | TermsAccepted
    dormant               | remove      | erased                    | OrganizationErased

    credentials 2         | accept 3    | credentials 3             | TermsAccepted
    credentials 2         | accept 4    | credentials 4             | TermsAccepted
    credentials 2         | accept 5    | credentials 5             | TermsAccepted
    credentials 2         | supersede 3 | wanted 3 no               | TermsSuperseded
    credentials 2         | supersede 4 | wanted 4 no               | TermsSuperseded
    credentials 2         | supersede 5 | wanted 5 no               | TermsSuperseded
    credentials 2         | prove       | active 2                  | IntegrationActivated
    credentials 2         | remove      | erased                    | OrganizationErased

    active 2              | accept 3    | active 3                  | TermsAccepted
    active 2              | accept 4    | active 4                  | TermsAccepted
    active 2              | accept 5    | active 5                  | TermsAccepted
    active 2              | supersede 3 | active 2<3                | TermsSuperseded
    active 2              | supersede 4 | active 2<4                | TermsSuperseded
    active 2              | supersede 5 | active 2<5                | TermsSuperseded
    active 2              | revoke      | draining 2 to Credentials | DrainingBegun
    active 2              | remove      | draining 2 to Nothing     | RemovalBegun

    active 2<4            | accept 3    | active 3<4                | TermsAccepted
    active 2<4            | accept 4    | active 4                  | TermsAccepted
    active 2<4            | accept 5    | active 5                  | TermsAccepted
    active 2<4            | supersede 5 | active 2<5                | TermsSuperseded
    active 2<4            | end grace   | draining 2<4 to Terms     | DrainingBegun
    active 2<4            | revoke      | draining 2<4 to Credentials | DrainingBegun
    active 2<4            | remove      | draining 2<4 to Nothing   | RemovalBegun

    draining 2 to Credentials   | accept 3    | draining 3 to Credentials   | TermsAccepted
    draining 2 to Credentials   | accept 4    | draining 4 to Credentials   | TermsAccepted
    draining 2 to Credentials   | accept 5    | draining 5 to Credentials   | TermsAccepted
    draining 2 to Credentials   | supersede 3 | draining 2<3 to Credentials | TermsSuperseded
    draining 2 to Credentials   | supersede 4 | draining 2<4 to Credentials | TermsSuperseded
    draining 2 to Credentials   | supersede 5 | draining 2<5 to Credentials | TermsSuperseded
    draining 2 to Credentials   | prove       | draining 2 to Active        | DrainingRedirected
    draining 2 to Credentials   | drain       | credentials 2               | IntegrationDrained
    draining 2 to Credentials   | remove      | draining 2 to Nothing       | RemovalBegun

    draining 2<4 to Credentials | accept 3    | draining 3<4 to Credentials | TermsAccepted
    draining 2<4 to Credentials | accept 4    | draining 4 to Credentials   | TermsAccepted
    draining 2<4 to Credentials | accept 5    | draining 5 to Credentials   | TermsAccepted
    draining 2<4 to Credentials | supersede 5 | draining 2<5 to Credentials | TermsSuperseded
    draining 2<4 to Credentials | end grace   | draining 2<4 to Terms       | DrainingRedirected
    draining 2<4 to Credentials | prove       | draining 2<4 to Active      | DrainingRedirected
    draining 2<4 to Credentials | drain       | wanted 4 no                 | IntegrationDrained
    draining 2<4 to Credentials | remove      | draining 2<4 to Nothing     | RemovalBegun

    draining 2 to Active        | accept 3    | draining 3 to Active        | TermsAccepted
    draining 2 to Active        | accept 4    | draining 4 to Active        | TermsAccepted
    draining 2 to Active        | accept 5    | draining 5 to Active        | TermsAccepted
    draining 2 to Active        | supersede 3 | draining 2<3 to Active      | TermsSuperseded
    draining 2 to Active        | supersede 4 | draining 2<4 to Active      | TermsSuperseded
    draining 2 to Active        | supersede 5 | draining 2<5 to Active      | TermsSuperseded
    draining 2 to Active        | revoke      | draining 2 to Credentials   | DrainingRedirected
    draining 2 to Active        | drain       | active 2                    | IntegrationDrained
    draining 2 to Active        | remove      | draining 2 to Nothing       | RemovalBegun

    draining 2<4 to Active      | accept 3    | draining 3<4 to Active      | TermsAccepted
    draining 2<4 to Active      | accept 4    | draining 4 to Active        | TermsAccepted
    draining 2<4 to Active      | accept 5    | draining 5 to Active        | TermsAccepted
    draining 2<4 to Active      | supersede 5 | draining 2<5 to Active      | TermsSuperseded
    draining 2<4 to Active      | end grace   | draining 2<4 to Terms       | DrainingRedirected
    draining 2<4 to Active      | revoke      | draining 2<4 to Credentials | DrainingRedirected
    draining 2<4 to Active      | drain       | active 2<4                  | IntegrationDrained
    draining 2<4 to Active      | remove      | draining 2<4 to Nothing     | RemovalBegun

    draining 2<4 to Terms       | accept 3    | draining 3<4 to Terms       | TermsAccepted
    draining 2<4 to Terms       | accept 4    | draining 4 to Active        | TermsAccepted
    draining 2<4 to Terms       | accept 5    | draining 5 to Active        | TermsAccepted
    draining 2<4 to Terms       | supersede 5 | draining 2<5 to Terms       | TermsSuperseded
    draining 2<4 to Terms       | revoke      | draining 2<4 to Credentials | DrainingRedirected
    draining 2<4 to Terms       | drain       | wanted 4 yes                | IntegrationDrained
    draining 2<4 to Terms       | remove      | draining 2<4 to Nothing     | RemovalBegun

    draining 2 to Nothing       | drain       | erased                      | OrganizationErased
    draining 2<4 to Nothing     | drain       | erased                      | OrganizationErased

    wanted 4 no           | accept 4    | credentials 4             | TermsAccepted
    wanted 4 no           | accept 5    | credentials 5             | TermsAccepted
    wanted 4 no           | supersede 5 | wanted 5 no               | TermsSuperseded
    wanted 4 no           | prove       | wanted 4 yes              | CredentialNoted
    wanted 4 no           | revoke      | wanted 4 no               | CredentialNoted
    wanted 4 no           | remove      | erased                    | OrganizationErased

    wanted 4 yes          | accept 4    | active 4                  | TermsAccepted
    wanted 4 yes          | accept 5    | active 5                  | TermsAccepted
    wanted 4 yes          | supersede 5 | wanted 5 yes              | TermsSuperseded
    wanted 4 yes          | prove       | wanted 4 yes              | CredentialNoted
    wanted 4 yes          | revoke      | wanted 4 no               | CredentialNoted
    wanted 4 yes          | remove      | erased                    | OrganizationErased
";

fn shown(state: Integration) -> String {
    let both = |terms: TermsVersion, newer: Option<TermsVersion>| match newer {
        Some(newer) => format!("{}<{}", terms.0, newer.0),
        None => terms.0.to_string(),
    };
    match state {
        Integration::Dormant => "dormant".to_owned(),
        Integration::AwaitingCredentials { terms } => format!("credentials {}", terms.0),
        Integration::Active { terms, newer } => format!("active {}", both(terms, newer)),
        Integration::Draining { terms, newer, then } => {
            format!("draining {} to {then:?}", both(terms, newer))
        }
        Integration::AwaitingTerms { wanted, proven } => {
            format!("wanted {} {}", wanted.0, if proven { "yes" } else { "no" })
        }
        Integration::Erased => "erased".to_owned(),
    }
}

fn inputs(versions: impl Iterator<Item = u32> + Clone) -> Vec<(String, Input)> {
    let accepted = versions.clone().map(|v| (format!("accept {v}"), Input::TermsAccepted(TermsVersion(v))));
    let superseded = versions.map(|v| (format!("supersede {v}"), Input::TermsSuperseded(TermsVersion(v))));
    let others = [
        ("end grace", Input::GraceEnded),
        ("prove", Input::CredentialProven),
        ("revoke", Input::CredentialRemoved),
        ("drain", Input::Drained),
        ("remove", Input::Removed),
    ];
    accepted.chain(superseded).chain(others.map(|(name, input)| (name.to_owned(), input))).collect()
}

/// Every state, with version 2 accepted, and nothing or version 4 out.
fn states() -> Vec<Integration> {
    let terms = TermsVersion(2);
    let mut all = vec![Integration::Dormant, Integration::AwaitingCredentials { terms }, Integration::Erased];
    for newer in [None, Some(TermsVersion(4))] {
        all.push(Integration::Active { terms, newer });
        let goals = [Then::Credentials, Then::Active, Then::Terms, Then::Nothing];
        // Draining leads to newer terms only if there are any.
        let goals = goals.into_iter().filter(|then| newer.is_some() || *then != Then::Terms);
        all.extend(goals.map(|then| Integration::Draining { terms, newer, then }));
    }
    let wanted = TermsVersion(4);
    all.extend([true, false].map(|proven| Integration::AwaitingTerms { wanted, proven }));
    all
}

#[test]
fn every_state_meets_every_input_as_the_table_says() {
    let cells = TABLE.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut table: BTreeMap<(String, String), (String, String)> = BTreeMap::new();
    for cell in cells {
        let parts: Vec<&str> = cell.split('|').map(str::trim).collect();
        let [from, input, to, fact] = parts[..] else { panic!("{cell}") };
        let twice = table.insert((from.to_owned(), input.to_owned()), (to.to_owned(), fact.to_owned()));
        assert_eq!(twice, None, "{cell}");
    }
    for state in states() {
        for (name, input) in inputs(1..=5) {
            let expected = table.remove(&(shown(state), name.clone()));
            let found = match state.on(input) {
                Ok(Step::Moved { next, fact }) => Some((shown(next), fact.name().to_owned())),
                Ok(other) => panic!("{other:?}"),
                Err(refused) => {
                    assert_eq!(refused.state, state.name());
                    None
                }
            };
            assert_eq!(found, expected, "{} | {name}", shown(state));
        }
    }
    assert_eq!(table, BTreeMap::new(), "cells of states or inputs that there are none of");
}

/// Everything that can be reached from a state while versions 1 to 3 come out.
fn reached(from: Integration) -> Vec<Integration> {
    let (inputs, mut seen, mut next) = (inputs(1..=3), vec![from], 0);
    while let Some(state) = seen.get(next).copied() {
        next += 1;
        for (_, input) in &inputs {
            if let Ok(Step::Moved { next, .. }) = state.on(*input)
                && !seen.contains(&next)
            {
                seen.push(next);
            }
        }
    }
    seen
}

#[test]
fn everybody_can_come_to_work_until_it_ends() {
    let all = reached(Integration::Dormant);
    // Dormant, erased, 3 that await credentials, 4 that await terms, 6 at work, 21 that drain.
    assert_eq!(all.len(), 36, "{all:?}");
    for state in all {
        let ahead = reached(state);
        let ending = matches!(state, Integration::Erased | Integration::Draining { then: Then::Nothing, .. });
        assert_eq!(ahead.iter().any(|next| next.is_active()), !ending, "{state:?}");
        assert!(ahead.contains(&Integration::Erased), "{state:?}");
        assert!(state != Integration::Erased || ahead.len() == 1, "the end is the end");
        let odd = Integration::Draining { terms: TermsVersion(1), newer: None, then: Then::Terms };
        assert_ne!(shown(state), shown(odd), "draining to terms that are not there");
    }
}

#[test]
fn work_ends_in_draining_and_draining_ends_when_it_is_done() {
    for state in reached(Integration::Dormant) {
        for (name, input) in inputs(1..=3) {
            let Ok(Step::Moved { next, .. }) = state.on(input) else { continue };
            let draining = |state| matches!(state, Integration::Draining { .. });
            if state.is_active() {
                assert!(next.is_active() || draining(next), "{state:?} {name}");
            }
            if draining(state) && input != Input::Drained {
                assert!(draining(next), "{state:?} {name}");
            }
            let (before, after) = (state.terms(), next.terms());
            assert!(before.zip(after).is_none_or(|(before, after)| after >= before), "{state:?} {name}");
        }
        if matches!(state, Integration::Draining { .. }) {
            assert!(state.on(Input::Drained).is_ok(), "{state:?} cannot end");
        }
    }
}

#[test]
fn terms_that_came_out_later_are_not_accepted_by_the_way() {
    let (first, second, third) = (TermsVersion(1), TermsVersion(2), TermsVersion(3));
    let active = Integration::Active { terms: first, newer: Some(third) };
    let Ok(Step::Moved { next, .. }) = active.on(Input::TermsAccepted(second)) else { panic!() };
    assert_eq!(next, Integration::Active { terms: second, newer: Some(third) });
    assert!(next.on(Input::GraceEnded).is_ok());
}

#[test]
fn a_probe_needs_terms() {
    for state in reached(Integration::Dormant) {
        let closed = state == Integration::Dormant || state.is_ending();
        assert_eq!(state.may_probe(), !closed, "{state:?}");
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<Integration>(&text).unwrap(), state);
    }
}
