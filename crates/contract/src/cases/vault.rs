//! What a vault promises.

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;
use webinar_bridge_domain::credential::{Purpose, SealedSecret};
use webinar_bridge_domain::fault::{Fault, FaultKind};
use webinar_bridge_domain::port::{OpenSecret, SecretBond};

use crate::subject::{Ability, VaultSubject};

const SECRET: &str = "Kx9-correct-horse-battery-Ünïcode-秘密";

fn bond() -> SecretBond {
    SecretBond {
        organization: Uuid::from_u128(1).into(),
        purpose: Purpose::Provider,
        row: Uuid::from_u128(2),
        version: 3,
    }
}

fn secret(text: &str) -> OpenSecret {
    OpenSecret::new(SecretString::from(text.to_owned()))
}

async fn sealed(s: &dyn VaultSubject, text: &str) -> SealedSecret {
    s.vault().seal(&bond(), &secret(text)).await.expect("a calm world")
}

async fn refused(s: &dyn VaultSubject, bond: &SecretBond, sealed: &SealedSecret) -> Fault {
    let fault = s.vault().open(bond, sealed).await.expect_err("this was not to open");
    assert!(matches!(fault.kind, FaultKind::Invalid { .. }), "{fault:?}");
    assert!(!format!("{fault} {fault:?}").contains("Kx9"), "a fault tells the secret");
    fault
}

/// What is sealed for a bond opens for it, unchanged, as often as it is asked for.
pub async fn what_is_sealed_opens_for_its_bond(s: &mut dyn VaultSubject) {
    for text in [SECRET, "", "x", &"long ".repeat(4_000)] {
        let sealed = sealed(s, text).await;
        for _ in 0..2 {
            let open = s.vault().open(&bond(), &sealed).await.expect("its own bond");
            assert_eq!(open.reveal().expose_secret(), text);
        }
    }
}

/// A secret that was moved to another organization, purpose, row or version does not open there.
pub async fn a_secret_that_was_moved_does_not_open(s: &mut dyn VaultSubject) {
    let sealed = sealed(s, SECRET).await;
    for elsewhere in [
        SecretBond { organization: Uuid::from_u128(9).into(), ..bond() },
        SecretBond { purpose: Purpose::Crm, ..bond() },
        SecretBond { row: Uuid::from_u128(9), ..bond() },
        SecretBond { version: 4, ..bond() },
    ] {
        refused(s, &elsewhere, &sealed).await;
    }
}

/// A secret with one bit changed anywhere does not open.
pub async fn a_changed_bit_does_not_open(s: &mut dyn VaultSubject) {
    let sealed = sealed(s, SECRET).await;
    for place in 0..sealed.as_bytes().len() {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[place] ^= 1 << (place % 8);
        refused(s, &bond(), &SealedSecret::new(bytes)).await;
    }
}

/// A secret that was cut, lengthened or made up does not open.
pub async fn a_cut_or_made_up_secret_does_not_open(s: &mut dyn VaultSubject) {
    let sealed = sealed(s, SECRET).await;
    let whole = sealed.as_bytes();
    for len in (0..whole.len()).step_by(7) {
        refused(s, &bond(), &SealedSecret::new(whole[..len].to_vec())).await;
    }
    refused(s, &bond(), &SealedSecret::new([whole, &[0]].concat())).await;
    refused(s, &bond(), &SealedSecret::new(vec![0xff; 700])).await;
}

/// All that does not open fails alike, so that nobody learns how near they were.
pub async fn all_that_does_not_open_fails_alike(s: &mut dyn VaultSubject) {
    let sealed = sealed(s, SECRET).await;
    let mut last = sealed.as_bytes().to_vec();
    if let Some(byte) = last.last_mut() {
        *byte ^= 1;
    }
    let faults = [
        refused(s, &SecretBond { version: 4, ..bond() }, &sealed).await,
        refused(s, &bond(), &SealedSecret::new(last)).await,
        refused(s, &bond(), &SealedSecret::new(vec![])).await,
        refused(s, &bond(), &SealedSecret::new(sealed.as_bytes()[..20].to_vec())).await,
    ];
    assert!(faults.iter().all(|fault| *fault == faults[0]), "{faults:?}");
}

/// What is sealed does not show what is in it, and looks different each time.
pub async fn what_is_sealed_shows_nothing(s: &mut dyn VaultSubject) {
    if !s.can(Ability::Conceals) {
        return;
    }
    let (one, other) = (sealed(s, SECRET).await, sealed(s, SECRET).await);
    assert_ne!(one, other);
    let shows = one.as_bytes().windows(9).any(|window| window == b"Kx9-corre");
    assert!(!shows, "the secret stands in clear");
}
