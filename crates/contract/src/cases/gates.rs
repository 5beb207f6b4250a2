//! What a store promises of gates: that they are one truth, and that what becomes of them is what the domain says.

use webinar_bridge_domain::fault::Peer;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::pace::{Gate, Grant, Met, PacePolicy, Shut, Want};
use webinar_bridge_domain::port::{GateKey, GateReport, GrantOrder};
use webinar_bridge_domain::time::{SignedDuration, Timestamp, later};

use crate::subject::StoreSubject;
use crate::world::NOW;

fn key(organization: u128, group: &str) -> GateKey {
    let organization: OrganizationId = uuid::Uuid::from_u128(organization).into();
    GateKey { organization, peer: Peer::Provider, group: group.to_owned() }
}

async fn grant(
    s: &dyn StoreSubject,
    key: &GateKey,
    fresh: u32,
    begins_at: Option<u32>,
    now: Timestamp,
) -> Grant {
    let want = Want { fresh, retries: 0, hurried: false };
    let order = GrantOrder { key: key.clone(), want, begins_at, policy: PacePolicy::default(), now };
    s.store().gates.grant(&[order]).await.expect("the store works").remove(0)
}

async fn report(s: &dyn StoreSubject, key: &GateKey, met: Met, now: Timestamp) {
    let report = GateReport { key: key.clone(), met, policy: PacePolicy::default(), now };
    s.store().gates.report(&[report]).await.expect("the store works");
}

async fn gate(s: &dyn StoreSubject, key: &GateKey) -> Option<Gate> {
    let gates = s.store().gates.of(&key.organization).await.expect("the store works");
    gates.into_iter().find(|(known, _)| known == key).map(|(_, gate)| gate)
}

fn calls(grant: Grant) -> u32 {
    match grant {
        Grant::Calls { fresh, .. } => fresh,
        Grant::Rest(_) => 0,
    }
}

/// What is granted counts as made, whoever asks next.
pub async fn a_grant_counts_for_everybody(s: &mut dyn StoreSubject) {
    let register = key(1, "register");
    assert_eq!(calls(grant(s, &register, 6, Some(1000), NOW).await), 6);
    assert_eq!(
        calls(grant(s, &register, 6, Some(1000), NOW).await),
        4,
        "ten are saved up at a thousand a minute"
    );
    assert!(matches!(grant(s, &register, 1, Some(1000), NOW).await, Grant::Rest(at) if at > NOW));
    assert_eq!(calls(grant(s, &key(1, "amend"), 6, None, NOW).await), 6, "another group has its own");
    assert_eq!(calls(grant(s, &key(2, "register"), 6, None, NOW).await), 6, "another organization, too");
}

/// A trouble of the whole peer shuts all of its groups, a quota only its own.
pub async fn a_trouble_shuts_what_it_concerns(s: &mut dyn StoreSubject) {
    let (register, amend, whole) = (key(1, "register"), key(1, "amend"), key(1, GateKey::WHOLE));
    report(s, &register, Met::Throttled(None), NOW).await;
    assert_eq!(calls(grant(s, &register, 1, None, NOW).await), 0);
    assert_eq!(calls(grant(s, &amend, 1, None, NOW).await), 1);
    report(s, &amend, Met::Denied, NOW).await;
    let hour = later(NOW, SignedDuration::from_hours(1));
    for key in [&register, &amend, &whole] {
        assert_eq!(grant(s, key, 1, None, NOW).await, Grant::Rest(hour), "{key:?}");
    }
    assert_eq!(calls(grant(s, &key(2, "amend"), 1, None, NOW).await), 1, "another organization's");
    report(s, &amend, Met::Passed(1), hour).await;
    assert_eq!(calls(grant(s, &amend, 1, None, hour).await), 1);
}

/// Of several who ask at a gate that is shut, when its time has come, one goes to see.
pub async fn one_goes_to_see(s: &mut dyn StoreSubject) {
    let register = key(1, "register");
    report(s, &register, Met::Throttled(None), NOW).await;
    let minute = later(NOW, SignedDuration::from_mins(1));
    let mut gone = 0;
    for _ in 0..5 {
        gone += calls(grant(s, &register, 9, None, minute).await);
    }
    assert_eq!(gone, 1);
}

/// A gate is as it was left after a restart, and is shown as it is.
pub async fn a_gate_outlives_a_restart(s: &mut dyn StoreSubject) {
    let register = key(1, "register");
    grant(s, &register, 3, Some(700), NOW).await;
    report(s, &register, Met::Passed(3), NOW).await;
    report(s, &register, Met::Throttled(None), later(NOW, SignedDuration::from_secs(1))).await;
    let before = gate(s, &register).await.expect("a gate");
    assert_eq!(before.shut().map(|(why, ..)| why), Some(Shut::Quota));
    if s.reopen().await {
        assert_eq!(gate(s, &register).await, Some(before));
    }
    assert_eq!(s.store().gates.of(&key(9, "").organization).await, Ok(vec![]));
}

/// Orders and reports of one batch see each other, in order.
pub async fn a_batch_sees_itself(s: &mut dyn StoreSubject) {
    let policy = PacePolicy::default();
    let order = |fresh| GrantOrder {
        key: key(1, "register"),
        want: Want { fresh, retries: 0, hurried: false },
        begins_at: Some(500),
        policy: policy.clone(),
        now: NOW,
    };
    let grants = s.store().gates.grant(&[order(3), order(9)]).await.expect("the store works");
    assert_eq!(grants.into_iter().map(calls).collect::<Vec<_>>(), [3, 2]);
    let report = |met| GateReport { key: key(1, "register"), met, policy: policy.clone(), now: NOW };
    s.store().gates.report(&[report(Met::Denied), report(Met::Passed(1))]).await.expect("the store works");
    assert_eq!(gate(s, &key(1, GateKey::WHOLE)).await.and_then(|gate| gate.shut()), None);
}
