//! One version of a key: RSA with 2048 bits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rand::Rng;
use rand::rngs::StdRng;
use rsa::rand_core::{CryptoRng, RngCore};
use rsa::sha2::Sha256;
use rsa::traits::PublicKeyParts;
use rsa::{Oaep, RsaPrivateKey};
use serde_json::{Value, json};
use sha1::Sha1;

use crate::seeded;

use super::refusal::Refusal;
use super::request::encoded;

const BITS: usize = 2048;

/// How a value is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    OaepSha256,
    OaepSha1,
}

impl Algorithm {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "RSA-OAEP-256" => Some(Self::OaepSha256),
            "RSA-OAEP" => Some(Self::OaepSha1),
            _ => None,
        }
    }

    fn padding(self) -> Oaep {
        match self {
            Self::OaepSha256 => Oaep::new::<Sha256>(),
            Self::OaepSha1 => Oaep::new::<Sha1>(),
        }
    }
}

pub(super) struct KeyVersion {
    /// 32 lower-case hexadecimal digits.
    pub(super) version: String,
    created: Timestamp,
    private: Arc<RsaPrivateKey>,
}

/// A seed and a number always make the same key. Making one is slow, so that it is kept as long as the process runs:
/// who starts many vaults waits for the first.
static FORGED: Mutex<BTreeMap<(u64, u64), Arc<RsaPrivateKey>>> = Mutex::new(BTreeMap::new());

impl KeyVersion {
    /// The version of that number, which follows from the seed. It takes a good part of a second the first time.
    pub(super) fn forge(seed: u64, number: u64, now: Timestamp) -> Option<Self> {
        let mut generator = seeded::generator(seed, &format!("keyvault/keys/{number}"));
        let version = seeded::draw_hex(&mut generator, 32);
        let mut forged = FORGED.lock().unwrap_or_else(PoisonError::into_inner);
        let private = match forged.get(&(seed, number)) {
            Some(private) => Arc::clone(private),
            None => Arc::new(RsaPrivateKey::new(&mut Chance(&mut generator), BITS).ok()?),
        };
        forged.insert((seed, number), Arc::clone(&private));
        Some(Self { version, created: now, private })
    }

    /// A different result each time. A value that is too long for the key is refused.
    pub(super) fn encrypt(
        &self,
        generator: &mut StdRng,
        algorithm: Algorithm,
        value: &[u8],
    ) -> Result<Vec<u8>, Refusal> {
        let public = self.private.to_public_key();
        public.encrypt(&mut Chance(generator), algorithm.padding(), value).map_err(|_| Refusal::Value)
    }

    pub(super) fn decrypt(&self, algorithm: Algorithm, value: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.private.decrypt(algorithm.padding(), value).map_err(|_| Refusal::Value)
    }

    /// The public half, as `GET` answers it.
    pub(super) fn bundle(&self, kid: &str) -> Value {
        let (n, e) = (encoded(&self.private.n().to_bytes_be()), encoded(&self.private.e().to_bytes_be()));
        let created = self.created.as_second();
        json!({
            "key": { "kid": kid, "kty": "RSA", "key_ops": ["wrapKey", "unwrapKey"], "n": n, "e": e },
            "attributes": { "enabled": true, "created": created, "updated": created,
                            "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90 },
            "tags": {},
        })
    }
}

/// The seeded generator, as the RSA library's generation of the traits wants it.
struct Chance<'a>(&'a mut StdRng);

impl RngCore for Chance<'_> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Chance<'_> {}
