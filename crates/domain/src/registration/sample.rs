//! Small values that read well in a failure: people, rows and times by number.

use uuid::Uuid;

use super::RegistrationKey;
use crate::id::{CrmRecordId, SourceId};
use crate::person::{Digest, EmailKey, SealedDetails};
use crate::time::{SignedDuration, Timestamp};

/// The time in tests without a clock.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

/// So many seconds after [`NOW`]; before it, if there are fewer than none.
pub(crate) fn at(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

pub(crate) fn key(address: u8) -> RegistrationKey {
    RegistrationKey {
        organization: Uuid::from_u128(1).into(),
        webinar: Uuid::from_u128(2).into(),
        email: EmailKey::new([address; 32]),
    }
}

pub(crate) fn source(n: u8) -> SourceId {
    Uuid::from_u128(0x50_0000 + u128::from(n)).into()
}

pub(crate) fn contact(n: u8) -> CrmRecordId {
    Uuid::from_u128(0xC0_0000 + u128::from(n)).into()
}

/// The digest of the details number `n`.
pub(crate) const fn digest(n: u16) -> Digest {
    let mut bytes = [0; 32];
    [bytes[0], bytes[1]] = n.to_be_bytes();
    Digest::new(bytes)
}

/// The number of a digest.
pub(crate) fn number(digest: Digest) -> u16 {
    let bytes = digest.as_bytes();
    u16::from_be_bytes([bytes[0], bytes[1]])
}

/// Details that say whose they are, so that a test can tell whom a call was about.
pub(crate) fn sealed(address: u8, details: u16) -> SealedDetails {
    let [high, low] = details.to_be_bytes();
    SealedDetails::new(vec![address, high, low])
}
