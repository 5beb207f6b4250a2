//! The doubles' own form of what they "seal": everything in clear, with a checksum that finds changes.

use super::mix::checksum;

const SUM: usize = 8;

/// Texts and bytes, each with its length before it.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn put(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// All of it; it opens only with the same `bond`.
    pub(super) fn close(self, bond: &[&[u8]]) -> Vec<u8> {
        let Self(mut bytes) = self;
        let sum = sum(bond, &bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }
}

fn sum(bond: &[&[u8]], bytes: &[u8]) -> u64 {
    let parts: Vec<&[u8]> = bond.iter().copied().chain([bytes]).collect();
    checksum(0, &parts)
}

/// Reads what a [`Writer`] wrote.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// `None`: changed, or closed with another bond.
    pub(super) fn open(bytes: &'a [u8], bond: &[&[u8]]) -> Option<Self> {
        let (bytes, kept) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
        (sum(bond, bytes).to_le_bytes() == kept).then_some(Self(bytes))
    }

    pub(super) fn take(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = self.0.split_first_chunk()?;
        let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
        let (bytes, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.take()?.to_vec()).ok()
    }

    pub(super) const fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}
