//! RSA keys that follow from a seed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rand::Rng;
use rand::rngs::StdRng;
use rsa::RsaPrivateKey;
use rsa::rand_core::{CryptoRng, RngCore};

use crate::seeded;

/// A key that is made at most once.
type Mould = Arc<OnceLock<Option<Arc<RsaPrivateKey>>>>;

/// Making a key is slow, so that it is kept as long as the process runs: who starts many emulators waits for the
/// first. The lock is free while a key is made.
static MOULDS: Mutex<BTreeMap<(u64, String, usize), Mould>> = Mutex::new(BTreeMap::new());

/// How many keys are kept; who makes more waits for each.
const KEPT: usize = 256;

/// The key of that many bits: a seed and a purpose always make the same one. The first time takes a good part of a
/// second, so that this is no work for a thread that serves. `None` is a size that no key has.
pub(crate) fn rsa_key(seed: u64, purpose: &str, bits: usize) -> Option<Arc<RsaPrivateKey>> {
    let make = || {
        let mut generator = seeded::generator(seed, purpose);
        RsaPrivateKey::new(&mut Chance(&mut generator), bits).ok().map(Arc::new)
    };
    mould(seed, purpose, bits).get_or_init(make).clone()
}

fn mould(seed: u64, purpose: &str, bits: usize) -> Mould {
    let mut moulds = MOULDS.lock().unwrap_or_else(PoisonError::into_inner);
    let name = (seed, purpose.to_owned(), bits);
    if moulds.len() >= KEPT && !moulds.contains_key(&name) {
        return Mould::default();
    }
    Arc::clone(moulds.entry(name).or_default())
}

/// The seeded generator, as the RSA library's generation of the traits wants it.
pub(crate) struct Chance<'a>(pub(crate) &'a mut StdRng);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_purpose_give_the_same_key_again() {
        let key = |seed, purpose| rsa_key(seed, purpose, 1024).unwrap();
        assert!(Arc::ptr_eq(&key(1, "forge/one"), &key(1, "forge/one")));
        assert_ne!(key(1, "forge/one"), key(1, "forge/other"));
        assert_ne!(key(1, "forge/one"), key(2, "forge/one"));
        assert!(rsa_key(1, "forge/none", 1).is_none());
    }
}
