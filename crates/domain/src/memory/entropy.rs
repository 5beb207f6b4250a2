use std::sync::{Arc, Mutex, PoisonError};

use super::mix::stir;
use crate::port::Entropy;

/// Chance that is the same for the same seed. Clones draw from one sequence.
#[derive(Clone, Debug)]
pub struct SeededEntropy(Arc<Mutex<u64>>);

impl SeededEntropy {
    /// The sequence of that seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed)))
    }

    /// The next number of the sequence.
    pub fn draw(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        stir(*state)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, into: &mut [u8]) {
        for chunk in into.chunks_mut(8) {
            chunk.copy_from_slice(&self.draw().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64) -> [u8; 21] {
        let mut bytes = [0; 21];
        SeededEntropy::new(seed).fill(&mut bytes);
        bytes
    }

    #[test]
    fn a_seed_is_a_sequence() {
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert_ne!(drawn(1)[..8], drawn(1)[8..16], "it goes on");
    }

    #[test]
    fn clones_draw_from_one_sequence() {
        let entropy = SeededEntropy::new(7);
        assert_ne!(entropy.draw(), entropy.clone().draw());
    }
}
