//! Chance that repeats, in the shapes that requests are made of.

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

pub(crate) struct Dice(StdRng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    pub(crate) fn bytes(&mut self, at_most: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.below(at_most) + 1];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// Letters and digits.
    pub(crate) fn word(&mut self) -> String {
        let length = self.below(12) + 1;
        (0..length).map(|_| char::from(self.of(b"abcdefghijklmnopqrstuvwxyz0123456789"))).collect()
    }

    /// Some of the pieces, one after the other.
    pub(crate) fn soup(&mut self, pieces: &[&str]) -> String {
        let length = self.below(15) + 1;
        (0..length).map(|_| self.of(pieces)).collect()
    }

    /// Text that is not JSON, or is no object: cut off, nested without end, or of another type.
    pub(crate) fn no_object(&mut self) -> Vec<u8> {
        match self.below(9) {
            0 => Vec::new(),
            1 => self.bytes(200),
            2 => b"{\"value\":".to_vec(),
            3 => "[".repeat(self.below(50_000) + 200).into_bytes(),
            4 => "{\"a\":".repeat(self.below(20_000) + 200).into_bytes(),
            5 => self.of(&["[]", "null", "17", "\"text\"", "true", "1e999"]).as_bytes().to_vec(),
            6 => b"{\"a\":1}}".to_vec(),
            7 => b"{'a':1}".to_vec(),
            _ => [b"{\"a\":\"".to_vec(), vec![0xff, 0xfe, 0xc0], b"\"}".to_vec()].concat(),
        }
    }
}
