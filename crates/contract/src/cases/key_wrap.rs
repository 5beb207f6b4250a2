//! What a house key promises.

use secrecy::{ExposeSecret as _, SecretBox};
use webinar_bridge_domain::fault::FaultKind;
use webinar_bridge_domain::port::{DataKey, WrappedKey};

use crate::subject::{Ability, KeyWrapSubject};

fn key(byte: u8) -> DataKey {
    DataKey::new(SecretBox::new(Box::new([byte; 32])))
}

async fn wrapped(s: &dyn KeyWrapSubject, byte: u8) -> WrappedKey {
    s.key_wrap().wrap(&key(byte)).await.expect("a calm world")
}

async fn unwraps_to(s: &dyn KeyWrapSubject, wrapped: &WrappedKey, byte: u8) {
    let key = s.key_wrap().unwrap(wrapped).await.expect("a key of this house");
    assert!(key.reveal().expose_secret() == &[byte; 32], "another key came out");
}

/// What is wrapped unwraps to the same key, and names its algorithm and the house key with its version.
pub async fn what_is_wrapped_unwraps(s: &mut dyn KeyWrapSubject) {
    for byte in [0, 7, 255] {
        let wrapped = wrapped(s, byte).await;
        assert!(!wrapped.key_id.is_empty() && wrapped.key_id.len() <= 512);
        unwraps_to(s, &wrapped, byte).await;
    }
    assert_ne!(s.key_wrap().algorithm(), 0);
}

/// What was wrapped under an older version of the house key still unwraps; new keys are wrapped under the newest.
pub async fn an_older_version_still_unwraps(s: &mut dyn KeyWrapSubject) {
    if !s.can(Ability::Rotates) {
        return;
    }
    let old = wrapped(s, 7).await;
    s.rotate().await;
    let new = wrapped(s, 8).await;
    assert_ne!(old.key_id, new.key_id);
    unwraps_to(s, &old, 7).await;
    unwraps_to(s, &new, 8).await;
}

/// What names another house's key is not valid here.
pub async fn a_key_of_another_house_is_not_valid(s: &mut dyn KeyWrapSubject) {
    let wrapped = wrapped(s, 7).await;
    for key_id in ["", "https://elsewhere.example/keys/k/1", "local:unknown"] {
        let foreign = WrappedKey { key_id: key_id.into(), bytes: wrapped.bytes.clone() };
        let fault = s.key_wrap().unwrap(&foreign).await.expect_err("not of this house");
        assert!(matches!(fault.kind, FaultKind::Invalid { .. }), "{fault:?}");
    }
}

/// Wrapped bytes that were changed do not unwrap.
pub async fn changed_bytes_do_not_unwrap(s: &mut dyn KeyWrapSubject) {
    let wrapped = wrapped(s, 7).await;
    let whole = &wrapped.bytes;
    let mut flipped = whole.clone();
    flipped[0] ^= 1;
    for bytes in [flipped, vec![], whole[..whole.len() - 1].to_vec()] {
        let broken = WrappedKey { bytes, ..wrapped.clone() };
        assert!(s.key_wrap().unwrap(&broken).await.is_err(), "changed bytes unwrapped");
    }
}

/// A wrapped key does not show the key in it.
pub async fn a_wrapped_key_shows_nothing(s: &mut dyn KeyWrapSubject) {
    if !s.can(Ability::Conceals) {
        return;
    }
    let wrapped = wrapped(s, 0xa7).await;
    assert!(!wrapped.bytes.windows(8).any(|window| window == [0xa7; 8]), "the key stands in clear");
}
