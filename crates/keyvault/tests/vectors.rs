//! The envelope format, pinned: vectors that every reader must open, and vectors that none may.
#![expect(clippy::unwrap_used, reason = "a test that cannot arrange its world has failed")]

#[path = "vectors/making.rs"]
mod making;
mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use making::{make, victim};
use secrecy::SecretBox;
use serde::{Deserialize, Serialize};
use support::{Book, envelope_invalid, scripted, secret, text};
use uuid::Uuid;
use webinar_bridge_domain::credential::{Purpose, SealedSecret};
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{KeyWrap, SecretBond, Vault, WrappedKey};
use webinar_bridge_keyvault::{EnvelopeVault, Installation, Installations};

/// The file. Bytes are in base64url without padding.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Vectors {
    about: Vec<String>,
    /// What opens, and what sealing makes of the same draws.
    positive: Vec<Positive>,
    /// What does not open.
    negative: Vec<Negative>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Positive {
    name: String,
    place: PlaceText,
    wrap_alg: u8,
    kek_id: String,
    wrapped_dek: String,
    dek: String,
    message_id: String,
    nonce: String,
    plain: String,
    aad: String,
    envelope: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PlaceText {
    installation: Uuid,
    installation_key: String,
    organization: Uuid,
    purpose: String,
    row: Uuid,
    version: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Negative {
    name: String,
    /// Where the reader believes it to belong.
    place: PlaceText,
    /// What the reader's house of keys wraps with.
    wrap_alg: u8,
    /// Whether the reader gets as far as asking the house of keys.
    unwraps: bool,
    envelope: String,
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    bytes(text).try_into().unwrap()
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/envelope-v1.json")
}

#[test]
#[ignore = "writes the vectors; run it when the format changes, which it should not"]
fn write_vectors() {
    let text = serde_json::to_string_pretty(&make()).unwrap();
    std::fs::write(path(), text + "\n").unwrap();
}

fn read() -> Vectors {
    serde_json::from_str(&std::fs::read_to_string(path()).unwrap()).unwrap()
}

impl PlaceText {
    fn installations(&self) -> Installations {
        let key = SecretBox::new(Box::new(array(&self.installation_key)));
        Installations::new(Installation::new(Some(self.installation), key), vec![])
    }

    fn bond(&self) -> SecretBond {
        let purposes = [Purpose::Provider, Purpose::Crm, Purpose::DataKey];
        SecretBond {
            organization: OrganizationId::from(self.organization),
            purpose: purposes.into_iter().find(|purpose| purpose.as_str() == self.purpose).unwrap(),
            row: self.row,
            version: self.version,
        }
    }
}

impl Positive {
    fn wrapped(&self) -> (WrappedKey, [u8; 32]) {
        let wrapped = WrappedKey { key_id: self.kek_id.clone(), bytes: bytes(&self.wrapped_dek) };
        (wrapped, array(&self.dek))
    }

    fn vault(&self) -> EnvelopeVault {
        let draws = [bytes(&self.dek), bytes(&self.message_id), bytes(&self.nonce)];
        let script = scripted(&draws.each_ref().map(Vec::as_slice));
        EnvelopeVault::new(Book::new(self.wrap_alg, vec![self.wrapped()]), self.place.installations(), script)
    }

    fn sealed(&self) -> SealedSecret {
        SealedSecret::new(bytes(&self.envelope))
    }
}

#[test]
fn the_file_is_what_the_reference_makes() {
    assert!(read() == make(), "tests/vectors/envelope-v1.json differs from what write_vectors would write");
}

#[test]
fn there_are_many_of_both_and_each_has_a_name() {
    let vectors = read();
    assert!(vectors.positive.len() >= 20, "{}", vectors.positive.len());
    assert!(vectors.negative.len() >= 60, "{}", vectors.negative.len());
    let mut names: BTreeMap<&str, u32> = BTreeMap::new();
    vectors.negative.iter().for_each(|vector| *names.entry(&vector.name).or_default() += 1);
    vectors.positive.iter().for_each(|vector| *names.entry(&vector.name).or_default() += 1);
    assert!(names.values().all(|count| *count == 1));
}

#[tokio::test]
async fn every_positive_one_opens() {
    for vector in read().positive {
        let opened = vector.vault().open(&vector.place.bond(), &vector.sealed()).await;
        assert_eq!(text(&opened.unwrap()), vector.plain, "{}", vector.name);
    }
}

#[tokio::test]
async fn every_positive_one_is_what_sealing_makes() {
    for vector in read().positive {
        let sealed = vector.vault().seal(&vector.place.bond(), &secret(&vector.plain)).await.unwrap();
        assert!(sealed == vector.sealed(), "{}", vector.name);
    }
}

/// A house that knows the victim's key, so that nothing is refused for want of it.
fn house(wrap_alg: u8) -> Arc<Book> {
    let victim = victim();
    let key_id = String::from_utf8(victim.key_id).unwrap();
    Book::new(wrap_alg, vec![(WrappedKey { key_id, bytes: victim.wrapped }, victim.key)])
}

#[tokio::test]
async fn no_negative_one_opens_and_all_are_refused_alike() {
    for vector in read().negative {
        let book = house(vector.wrap_alg);
        let house = Arc::clone(&book) as Arc<dyn KeyWrap>;
        let vault = EnvelopeVault::new(house, vector.place.installations(), scripted(&[]));
        let sealed = SealedSecret::new(bytes(&vector.envelope));
        let refused = vault.open(&vector.place.bond(), &sealed).await.unwrap_err();
        assert_eq!(refused, envelope_invalid(), "{}", vector.name);
        let unwraps = book.unwraps.load(Ordering::SeqCst);
        assert_eq!(unwraps, u32::from(vector.unwraps), "{}", vector.name);
    }
}

#[tokio::test]
async fn the_house_of_the_negative_ones_opens_the_victim() {
    let (victim, named) = (victim(), read().positive);
    let named = named.iter().find(|vector| vector.name == "a block and one, local").unwrap();
    assert_eq!(bytes(&named.envelope), victim.build());
    let vault = EnvelopeVault::new(house(2), named.place.installations(), scripted(&[]));
    assert!(vault.open(&named.place.bond(), &named.sealed()).await.is_ok());
}

/// Whatever is made of an envelope, it opens as it was or not at all. The corpus are the forgeries of the vectors; one key house
/// unwraps everything that names its key.
#[test]
fn no_changed_envelope_is_accepted() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let vectors = read();
    for (n, vector) in vectors.negative.iter().enumerate() {
        std::fs::write(folder.path().join(n.to_string()), bytes(&vector.envelope)).unwrap();
    }
    let right = vectors.positive.iter().find(|vector| vector.name == "a block and one, local").unwrap();
    std::fs::write(folder.path().join("right"), bytes(&right.envelope)).unwrap();
    let target = webinar_bridge_contract::fuzz::Target { corpus: folder.path(), words: &[] };
    let vault = EnvelopeVault::new(house(2), right.place.installations(), scripted(&[]));
    let bond = right.place.bond();
    target.hammer(|envelope| {
        let opened = runtime.block_on(vault.open(&bond, &SealedSecret::new(envelope.to_vec())));
        match opened {
            Ok(secret) => {
                assert_eq!(envelope, bytes(&right.envelope), "something else opens");
                assert_eq!(text(&secret), right.plain);
                "the envelope itself"
            }
            Err(fault) => {
                assert_eq!(fault, envelope_invalid());
                "refused"
            }
        }
    });
}

/// All bits of all envelopes: more than a hundred thousand forgeries.
#[tokio::test]
async fn no_flipped_bit_anywhere_is_accepted() {
    let mut tried = 0_u32;
    for vector in read().positive {
        let (vault, bond) = (vector.vault(), vector.place.bond());
        let whole = bytes(&vector.envelope);
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut spoiled = whole.clone();
                spoiled[at] ^= 1 << bit;
                let opened = vault.open(&bond, &SealedSecret::new(spoiled)).await;
                assert!(opened.is_err(), "{}: bit {bit} of byte {at}", vector.name);
                tried += 1;
            }
        }
    }
    assert!(tried > 100_000, "{tried}");
}
