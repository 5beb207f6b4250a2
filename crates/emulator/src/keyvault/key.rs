//! One version of a key.

use std::sync::{Arc, OnceLock};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rsa::sha2::Sha256;
use rsa::{Oaep, Pkcs1v15Encrypt, RsaPrivateKey};
use serde_json::{Map, Value};
use sha1::Sha1;

use crate::forge::{self, Chance};

use super::refusal::Refusal;

/// What a key can be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    Wrap,
    Unwrap,
    Encrypt,
    Decrypt,
}

impl Use {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wrap => "wrapKey",
            Self::Unwrap => "unwrapKey",
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
        }
    }

    /// Whether it makes something new; the others make something old readable.
    pub(super) fn is_new(self) -> bool {
        matches!(self, Self::Wrap | Self::Encrypt)
    }
}

/// How a value is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    OaepSha256,
    OaepSha1,
    Pkcs1,
}

impl Algorithm {
    /// Of the algorithms that the vendor knows those for which it has keys in a vault.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "RSA-OAEP-256" => Some(Self::OaepSha256),
            "RSA-OAEP" => Some(Self::OaepSha1),
            "RSA1_5" => Some(Self::Pkcs1),
            _ => None,
        }
    }
}

/// Where a key is kept, if the vendor's word is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Software,
    Hardware,
}

impl Kind {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "RSA" => Some(Self::Software),
            "RSA-HSM" => Some(Self::Hardware),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Software => "RSA",
            Self::Hardware => "RSA-HSM",
        }
    }
}

/// The numbers of a key, which follow from the seed of the vault. They are made when they are first needed, since that
/// takes a good part of a second.
#[derive(Debug)]
pub(super) struct Material {
    seed: u64,
    purpose: String,
    bits: usize,
    made: OnceLock<Option<Arc<RsaPrivateKey>>>,
}

impl Material {
    pub(super) fn new(seed: u64, purpose: String, bits: usize) -> Self {
        Self { seed, purpose, bits, made: OnceLock::new() }
    }

    /// Slow at first: not for a thread that serves, unless it is ready.
    pub(super) fn private(&self) -> Result<&RsaPrivateKey, Refusal> {
        let made = self.made.get_or_init(|| forge::rsa_key(self.seed, &self.purpose, self.bits));
        made.as_deref().ok_or(Refusal::Failure(http::StatusCode::INTERNAL_SERVER_ERROR))
    }

    pub(super) fn is_ready(&self) -> bool {
        self.made.get().is_some()
    }

    /// A different result for each `chance`. A value that is too long for the key is refused.
    pub(super) fn encrypt(
        &self,
        algorithm: Algorithm,
        value: &[u8],
        chance: [u8; 32],
    ) -> Result<Vec<u8>, Refusal> {
        let public = self.private()?.to_public_key();
        let mut generator = StdRng::from_seed(chance);
        let chance = &mut Chance(&mut generator);
        let wrapped = match algorithm {
            Algorithm::OaepSha256 => public.encrypt(chance, Oaep::new::<Sha256>(), value),
            Algorithm::OaepSha1 => public.encrypt(chance, Oaep::new::<Sha1>(), value),
            Algorithm::Pkcs1 => public.encrypt(chance, Pkcs1v15Encrypt, value),
        };
        wrapped.map_err(|_| Refusal::Value)
    }

    /// Whatever is wrong with a value, the refusal is the same.
    pub(super) fn decrypt(&self, algorithm: Algorithm, value: &[u8]) -> Result<Vec<u8>, Refusal> {
        let private = self.private()?;
        let opened = match algorithm {
            Algorithm::OaepSha256 => private.decrypt(Oaep::new::<Sha256>(), value),
            Algorithm::OaepSha1 => private.decrypt(Oaep::new::<Sha1>(), value),
            Algorithm::Pkcs1 => private.decrypt(Pkcs1v15Encrypt, value),
        };
        opened.map_err(|_| Refusal::Value)
    }
}

#[cfg(test)]
impl Material {
    /// The numbers of a key that was made elsewhere.
    pub(super) fn of(private: RsaPrivateKey) -> Self {
        let made = OnceLock::from(Some(Arc::new(private)));
        Self { seed: 0, purpose: String::new(), bits: 0, made }
    }
}

/// Times are Unix seconds.
#[derive(Clone, Debug)]
pub(super) struct Attributes {
    pub(super) enabled: bool,
    pub(super) not_before: Option<i64>,
    pub(super) expires: Option<i64>,
    pub(super) created: i64,
    pub(super) updated: i64,
}

#[derive(Clone, Debug)]
pub(super) struct KeyVersion {
    /// 32 lower-case hexadecimal digits.
    pub(super) version: String,
    pub(super) kind: Kind,
    pub(super) bits: usize,
    pub(super) material: Arc<Material>,
    /// What it may be used for, as the owner wrote it: operations beyond those that are carried out here included.
    pub(super) uses: Vec<String>,
    pub(super) attributes: Attributes,
    pub(super) tags: Map<String, Value>,
}

impl KeyVersion {
    /// Whether it can be used like this at this time.
    pub(super) fn check(&self, usage: Use, now: i64) -> Result<(), Refusal> {
        let Attributes { enabled, not_before, expires, .. } = self.attributes;
        if !enabled {
            return Err(Refusal::KeyDisabled(usage.name()));
        }
        if !self.uses.iter().any(|own| own == usage.name()) {
            return Err(Refusal::UseForbidden(usage.name()));
        }
        if usage.is_new() && not_before.is_some_and(|from| now < from) {
            return Err(Refusal::KeyNotYetValid(usage.name()));
        }
        if usage.is_new() && expires.is_some_and(|until| now >= until) {
            return Err(Refusal::KeyExpired(usage.name()));
        }
        Ok(())
    }
}
