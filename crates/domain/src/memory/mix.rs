//! Mixing that tells things apart. It protects nothing.

/// Spreads every bit over the whole word.
pub(super) const fn stir(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Eight bytes that differ when the parts do, boundaries included.
pub(super) fn checksum(seed: u64, parts: &[&[u8]]) -> u64 {
    let mut sum = stir(seed ^ 0x6a09_e667_f3bc_c908);
    for part in parts {
        sum = stir(sum ^ u64::try_from(part.len()).unwrap_or(u64::MAX));
        for byte in *part {
            sum = stir(sum.rotate_left(8) ^ u64::from(*byte));
        }
    }
    sum
}

/// Thirty-two such bytes.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut out = [0; 32];
    for (seed, chunk) in (1..).zip(out.chunks_mut(8)) {
        chunk.copy_from_slice(&checksum(seed, parts).to_le_bytes());
    }
    out
}
