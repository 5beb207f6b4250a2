//! The vault of envelopes: what it promises of secrets.
#![expect(clippy::unwrap_used, reason = "a test that cannot arrange its world has failed")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use proptest::prelude::*;
use support::{
    Book, Turned, bond, code, envelope_invalid, installation, installations, organization, secret, seeded,
    text,
};
use uuid::Uuid;
use webinar_bridge_domain::credential::{Purpose, SealedSecret};
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Peer};
use webinar_bridge_domain::port::{KeyWrap, SecretBond, Vault, WrappedKey};
use webinar_bridge_keyvault::envelope::{CIPHERTEXT_LIMIT, Draw, KEY_ID_LIMIT, TooLong, WRAPPED_LIMIT};
use webinar_bridge_keyvault::{EnvelopeVault, Installations, sealed_under};

fn vault() -> (Arc<Turned>, EnvelopeVault) {
    let house = Arc::new(Turned::default());
    let vault = EnvelopeVault::new(Arc::clone(&house) as Arc<dyn KeyWrap>, installations(), seeded(1));
    (house, vault)
}

fn vault_of(installations: Installations) -> EnvelopeVault {
    EnvelopeVault::new(Arc::new(Turned::default()), installations, seeded(1))
}

#[tokio::test]
async fn what_is_sealed_opens() {
    let (_, vault) = vault();
    for plain in ["", "s", "a token of 32 characters, or so..", "päss wörd \u{1f511}", &"x".repeat(10_000)]
    {
        let sealed = vault.seal(&bond(), &secret(plain)).await.unwrap();
        assert_eq!(text(&vault.open(&bond(), &sealed).await.unwrap()), plain);
        assert_eq!(sealed_under(&sealed), Some("turned/1"));
    }
}

#[tokio::test]
async fn the_same_secret_never_seals_the_same_way() {
    let (_, vault) = vault();
    let one = vault.seal(&bond(), &secret("token")).await.unwrap();
    let two = vault.seal(&bond(), &secret("token")).await.unwrap();
    assert_ne!(one, two);
    let behind_the_names = |sealed: &SealedSecret| sealed.as_bytes()[18..].to_vec();
    let (one, two) = (behind_the_names(&one), behind_the_names(&two));
    let shared = one.windows(12).filter(|part| two.windows(12).any(|other| other == *part)).count();
    assert_eq!(shared, 0, "neither wrapped key, message id, nonce, commitment nor ciphertext repeat");
}

#[tokio::test]
async fn a_secret_moved_elsewhere_does_not_open() {
    let (house, vault) = vault();
    let sealed = vault.seal(&bond(), &secret("token")).await.unwrap();
    let asked = house.calls.load(Ordering::SeqCst);
    let elsewhere = [
        SecretBond { organization: organization(9), ..bond() },
        SecretBond { purpose: Purpose::Crm, ..bond() },
        SecretBond { purpose: Purpose::DataKey, ..bond() },
        SecretBond { row: Uuid::from_u128(9), ..bond() },
        SecretBond { version: 4, ..bond() },
        SecretBond { version: 2, ..bond() },
    ];
    for bond in elsewhere {
        assert_eq!(vault.open(&bond, &sealed).await.unwrap_err(), envelope_invalid(), "{bond:?}");
    }
    assert_eq!(house.calls.load(Ordering::SeqCst), asked, "the house of the keys is not asked");
}

#[tokio::test]
async fn what_is_no_envelope_does_not_open() {
    let (house, vault) = vault();
    for bytes in [&b""[..], b"WBE1", b"plain text", &[0; 300], &[0xff; 300]] {
        let sealed = SealedSecret::new(bytes.to_vec());
        assert_eq!(vault.open(&bond(), &sealed).await.unwrap_err(), envelope_invalid());
        assert_eq!(sealed_under(&sealed), None);
    }
    assert_eq!(house.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn while_the_installation_key_is_replaced_both_are_good() {
    let before = vault_of(Installations::new(installation(1, 1), vec![]));
    let during = vault_of(Installations::new(installation(2, 2), vec![installation(1, 1)]));
    let after = vault_of(Installations::new(installation(2, 2), vec![]));
    let old = before.seal(&bond(), &secret("token")).await.unwrap();
    let new = during.seal(&bond(), &secret("token")).await.unwrap();
    assert_eq!(text(&during.open(&bond(), &old).await.unwrap()), "token");
    assert_eq!(text(&after.open(&bond(), &new).await.unwrap()), "token", "the first of the keys seals");
    assert_eq!(before.open(&bond(), &new).await.unwrap_err(), envelope_invalid());
    assert_eq!(after.open(&bond(), &old).await.unwrap_err(), envelope_invalid());
}

#[tokio::test]
async fn another_installation_cannot_open_it_even_with_the_key() {
    let here = vault_of(Installations::new(installation(1, 1), vec![]));
    let there = vault_of(Installations::new(installation(2, 1), vec![]));
    let sealed = here.seal(&bond(), &secret("token")).await.unwrap();
    assert_eq!(there.open(&bond(), &sealed).await.unwrap_err(), envelope_invalid());
}

#[tokio::test]
async fn what_the_house_says_is_passed_on() {
    let kinds = [
        FaultKind::Transient,
        FaultKind::Throttled { after: None },
        FaultKind::Denied { why: Some(Code::new("vault.forbidden")) },
        FaultKind::Unauthorised { version: 1 },
    ];
    for kind in kinds {
        let (house, vault) = vault();
        let sealed = vault.seal(&bond(), &secret("token")).await.unwrap();
        let fault = Fault::new(kind, Peer::Vault, "unwrap", Code::new("test"));
        *house.fault.lock().unwrap() = Some(fault.clone());
        assert_eq!(vault.open(&bond(), &sealed).await.unwrap_err(), fault);
        assert_eq!(vault.seal(&bond(), &secret("token")).await.unwrap_err(), fault);
    }
}

#[tokio::test]
async fn a_key_that_the_house_calls_invalid_is_an_invalid_envelope() {
    let (house, vault) = vault();
    let sealed = vault.seal(&bond(), &secret("token")).await.unwrap();
    let field = Code::new("anything");
    let fault = Fault::new(FaultKind::Invalid { field: field.clone() }, Peer::Vault, "unwrap", field);
    *house.fault.lock().unwrap() = Some(fault);
    assert_eq!(vault.open(&bond(), &sealed).await.unwrap_err(), envelope_invalid());
}

#[tokio::test]
async fn a_secret_has_a_greatest_length() {
    let (_, vault) = vault();
    let longest = "x".repeat(CIPHERTEXT_LIMIT - 16);
    let sealed = vault.seal(&bond(), &secret(&longest)).await.unwrap();
    assert_eq!(text(&vault.open(&bond(), &sealed).await.unwrap()), longest);
    let refused = vault.seal(&bond(), &secret(&format!("{longest}x"))).await.unwrap_err();
    assert_eq!(code(&refused), "envelope.too_long");
}

#[test]
fn a_house_key_has_limits_too() {
    let seal = |id: usize, bytes: usize| {
        let wrapped = WrappedKey { key_id: "k".repeat(id), bytes: vec![7; bytes] };
        Draw::from(&*seeded(1)).seal(&wrapped, 1, &installations(), &bond(), b"token").map(|_| ())
    };
    assert_eq!(seal(KEY_ID_LIMIT, WRAPPED_LIMIT), Ok(()));
    for (id, bytes) in
        [(KEY_ID_LIMIT + 1, 1), (1, WRAPPED_LIMIT + 1), (0, 1), (1, 0), (70_000, 1), (1, 70_000)]
    {
        assert_eq!(seal(id, bytes), Err(TooLong), "{id} {bytes}");
    }
}

#[tokio::test]
async fn a_secret_that_is_no_text_does_not_open() {
    let key = [5; 32];
    let wrapped = WrappedKey { key_id: "k".to_owned(), bytes: vec![7] };
    let book = Book::new(2, vec![(wrapped.clone(), key)]);
    let draw = Draw::from(&*support::scripted(&[&key, &[1; 32], &[2; 12]]));
    let bytes = draw.seal(&wrapped, 2, &installations(), &bond(), &[0xff, 0xfe]).unwrap();
    let vault = EnvelopeVault::new(book, installations(), seeded(1));
    let refused = vault.open(&bond(), &SealedSecret::new(bytes)).await.unwrap_err();
    assert_eq!(refused, envelope_invalid());
}

#[tokio::test]
async fn nothing_prints_a_key() {
    let (_, vault) = vault();
    let draw = Draw::from(&*support::scripted(&[&[5; 32], &[1; 32], &[2; 12]]));
    let printed = format!("{vault:?} {draw:?} {:?}", draw.key());
    for bytes in ["5, 5", "0505", "1, 1", "0101"] {
        assert!(!printed.contains(bytes), "{printed}");
    }
}

fn open(vault: &EnvelopeVault, bytes: Vec<u8>) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(vault.open(&bond(), &SealedSecret::new(bytes))).map(|_| ())
}

fn sealed(vault: &EnvelopeVault, plain: &str) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(vault.seal(&bond(), &secret(plain))).unwrap().as_bytes().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn one_flipped_bit_is_one_too_many(plain in ".{0,80}", at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (_, vault) = vault();
        let mut bytes = sealed(&vault, &plain);
        prop_assert!(open(&vault, bytes.clone()).is_ok());
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(open(&vault, bytes), Err(envelope_invalid()));
    }

    #[test]
    fn a_piece_is_no_envelope(plain in ".{0,80}", at in any::<prop::sample::Index>(), more in 1..9_usize) {
        let (_, vault) = vault();
        let mut bytes = sealed(&vault, &plain);
        let cut = bytes[..at.index(bytes.len())].to_vec();
        prop_assert_eq!(open(&vault, cut), Err(envelope_invalid()));
        bytes.resize(bytes.len() + more, 0);
        prop_assert_eq!(open(&vault, bytes), Err(envelope_invalid()));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (_, vault) = vault();
        let with_magic = [&b"WBE1\x01\x02"[..], &bytes].concat();
        prop_assert_eq!(open(&vault, bytes), Err(envelope_invalid()));
        prop_assert_eq!(open(&vault, with_magic), Err(envelope_invalid()));
    }
}
