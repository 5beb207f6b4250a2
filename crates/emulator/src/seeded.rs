//! Chance that repeats: every number of the emulators comes from a seed and the name of its use.

use std::fmt::Write;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// A generator of its own for each use of a seed: the same pair draws the same numbers in every run.
pub(crate) fn generator(seed: u64, purpose: &str) -> StdRng {
    let digest = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(purpose.as_bytes()).finalize();
    StdRng::from_seed(digest.into())
}

/// That many lower-case hexadecimal digits.
pub(crate) fn hex(seed: u64, purpose: &str, digits: usize) -> String {
    draw_hex(&mut generator(seed, purpose), digits)
}

/// The generator's next bytes as that many lower-case hexadecimal digits.
pub(crate) fn draw_hex(generator: &mut StdRng, digits: usize) -> String {
    let mut bytes = vec![0_u8; digits.div_ceil(2)];
    generator.fill_bytes(&mut bytes);
    let mut text = bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    text.truncate(digits);
    text
}

/// An identifier in the usual five groups, marked as random.
pub(crate) fn identifier(generator: &mut StdRng) -> String {
    let mut bytes = [0_u8; 16];
    generator.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_purpose_give_the_same_again() {
        assert_eq!(hex(42, "secret", 40), hex(42, "secret", 40));
        assert_ne!(hex(42, "secret", 40), hex(43, "secret", 40));
        assert_ne!(hex(42, "secret", 40), hex(42, "key", 40));
        assert_eq!(hex(42, "odd", 7).len(), 7);
    }
}
