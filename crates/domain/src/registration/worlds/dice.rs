//! Chance from a seed: the same seed, the same world.

use crate::time::SignedDuration;

pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        // Neighbouring seeds begin far apart; an xorshift must not begin with zero.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33
    }

    pub(super) fn below(&mut self, end: u8) -> u8 {
        u8::try_from(self.next() % u64::from(end)).unwrap()
    }

    /// Whether something of so many percent happens.
    pub(super) fn chance(&mut self, percent: u8) -> bool {
        self.below(100) < percent
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.next()).unwrap() % length
    }

    /// At least `least` seconds, and less than `end`.
    pub(super) fn seconds(&mut self, least: u32, end: u32) -> SignedDuration {
        let some = u64::from(least) + self.next() % u64::from(end - least);
        SignedDuration::from_secs(i64::try_from(some).unwrap())
    }
}
