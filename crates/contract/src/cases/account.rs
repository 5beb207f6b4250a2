//! What a peer's adapter promises of the account.

use secrecy::SecretString;
use webinar_bridge_domain::fault::FaultKind;
use webinar_bridge_domain::port::{OpenSecret, ProbeOrder};

use super::common::fault;
use crate::subject::{Ability, ProviderSubject};
use crate::world::{KeyState, ProviderStage, ProviderWorld, Weather, ada};

/// A version that no adapter uses by itself: the order's own is the one to name.
const CANDIDATE: u64 = 4_711;

fn probe(stage: &ProviderStage, secret: &str) -> ProbeOrder {
    ProbeOrder {
        organization: stage.organization,
        version: CANDIDATE,
        secret: OpenSecret::new(SecretString::from(secret.to_owned())),
    }
}

fn with(key: KeyState) -> ProviderWorld {
    ProviderWorld { key, ..ProviderWorld::default() }
}

/// A secret that the account takes is accepted.
pub async fn a_right_secret_is_accepted(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(KeyState::Accepted)).await;
    assert_eq!(s.account().probe(&probe(&stage, &stage.secret)).await, Ok(()));
}

/// A secret that the account does not take is named by the version of the order.
pub async fn a_wrong_secret_is_named_by_the_version_tried(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(KeyState::Wrong)).await;
    let kind = fault(s.account().probe(&probe(&stage, &stage.secret)).await, &ada());
    assert_eq!(kind, FaultKind::Unauthorised { version: CANDIDATE });
}

/// A secret that lacks a right is not permitted, rather than wrong.
pub async fn a_secret_without_rights_is_denied(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(KeyState::Powerless)).await;
    let kind = fault(s.account().probe(&probe(&stage, &stage.secret)).await, &ada());
    assert!(matches!(kind, FaultKind::Denied { .. }), "{kind:?}");
}

/// A secret in another form than the adapter takes is not accepted, and shows up in no text.
pub async fn a_secret_of_another_form_is_not_accepted(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(KeyState::Accepted)).await;
    for secret in ["", "Cn7nonsense", "{\"Cn7nonsense\":1}"] {
        let answer = s.account().probe(&probe(&stage, secret)).await;
        assert!(!format!("{answer:?}").contains("Cn7nonsense"), "a fault tells the secret");
        let kind = fault(answer, &ada());
        let refused =
            matches!(kind, FaultKind::Unauthorised { version: CANDIDATE } | FaultKind::Invalid { .. });
        assert!(refused, "{kind:?}");
    }
}

/// Whether a secret is right is not known in bad weather, and nobody says that it is wrong.
pub async fn bad_weather_says_nothing_of_a_secret(s: &mut dyn ProviderSubject) {
    if !s.can(Ability::Weather) {
        return;
    }
    let stage = s.arrange(with(KeyState::Accepted)).await;
    for (weather, expected) in [
        (Weather::Fails, FaultKind::Transient),
        (Weather::DropsAnswers, FaultKind::Transient),
        (Weather::Throttles, FaultKind::Throttled { after: None }),
    ] {
        s.weather(weather).await;
        let kind = fault(s.account().probe(&probe(&stage, &stage.secret)).await, &ada());
        assert_eq!(kind, expected, "{weather:?}");
    }
}
