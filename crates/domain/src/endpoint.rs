//! Endpoints: the doors at which an organization's CRM says that a row changed.

use core::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::OrganizationId;
use crate::port::Entropy;
use crate::time::{SignedDuration, Timestamp, later};

/// Names an endpoint in the path of its address: 128 random bits, so that nobody finds one by trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EndpointId(Uuid);

impl EndpointId {
    /// Draws one.
    pub fn draw(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(Uuid::from_bytes(bytes))
    }

    /// The id itself.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for EndpointId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.simple(), f)
    }
}

/// The SHA-256 of an endpoint's key; the key itself is never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// Takes the digest of a key.
    pub const fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// What people compare keys by: the first four bytes, which say nothing of the key.
    pub fn fingerprint(&self) -> String {
        let [a, b, c, d, ..] = self.0;
        format!("{a:02x}{b:02x}{c:02x}{d:02x}")
    }

    /// Compares in a time that does not depend on where the two differ.
    fn is(&self, other: &Self) -> bool {
        let differences = self.0.iter().zip(other.0).fold(0, |all, (one, other)| all | (one ^ other));
        core::hint::black_box(differences) == 0
    }
}

/// A key that opens an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointKey {
    /// Its digest.
    pub digest: KeyDigest,
    /// Since when it is valid.
    pub since: Timestamp,
}

/// The door of one organization. While its key is changed, the former one opens it too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its name in the path.
    pub id: EndpointId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// The key that was given out last.
    pub key: EndpointKey,
    /// The one before, until it is taken back or the key changes again.
    pub former: Option<EndpointKey>,
    /// When the CRM was last heard here with a valid key; at most a minute old.
    pub heard: Option<Timestamp>,
}

/// How exactly it is known when an endpoint was last heard.
const HEARD_EVERY: SignedDuration = SignedDuration::from_mins(1);

impl Endpoint {
    /// A new door with its first key.
    pub const fn new(id: EndpointId, organization: OrganizationId, key: KeyDigest, now: Timestamp) -> Self {
        let key = EndpointKey { digest: key, since: now };
        Self { id, organization, key, former: None, heard: None }
    }

    /// With another key; the one so far stays valid beside it, the one before that no longer.
    #[must_use]
    pub fn rotated(self, key: KeyDigest, now: Timestamp) -> Self {
        if self.key.digest == key {
            return self;
        }
        let former = Some(self.key);
        Self { key: EndpointKey { digest: key, since: now }, former, ..self }
    }

    /// Without its former key.
    #[must_use]
    pub fn settled(self) -> Self {
        Self { former: None, ..self }
    }

    /// Whether a key opens it. Both keys are compared whatever the first comparison says.
    pub fn opens_to(&self, key: &KeyDigest) -> bool {
        let former = self.former.as_ref().unwrap_or(&self.key);
        self.key.digest.is(key) | former.digest.is(key)
    }

    /// Heard now; `None`: that is known well enough.
    #[must_use]
    pub fn heard(&self, now: Timestamp) -> Option<Self> {
        let known = self.heard.is_some_and(|heard| now < later(heard, HEARD_EVERY));
        (!known).then(|| Self { heard: Some(now), ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

    fn key(n: u8) -> KeyDigest {
        KeyDigest::new([n; 32])
    }

    fn endpoint() -> Endpoint {
        Endpoint::new(Uuid::from_u128(7).into(), Uuid::from_u128(1).into(), key(1), NOW)
    }

    #[test]
    fn two_keys_open_it_while_one_takes_over_and_never_a_third() {
        let first = endpoint();
        assert!(first.opens_to(&key(1)) && !first.opens_to(&key(2)));
        let second = first.rotated(key(2), NOW);
        assert!(second.opens_to(&key(1)) && second.opens_to(&key(2)));
        let third = second.clone().rotated(key(3), NOW);
        assert!(!third.opens_to(&key(1)) && third.opens_to(&key(2)) && third.opens_to(&key(3)));
        let settled = second.settled();
        assert!(!settled.opens_to(&key(1)) && settled.opens_to(&key(2)));
    }

    #[test]
    fn the_same_key_again_is_no_rotation() {
        let rotated = endpoint().rotated(key(2), NOW);
        assert_eq!(rotated.clone().rotated(key(2), NOW + HEARD_EVERY), rotated);
    }

    #[test]
    fn one_bit_is_enough_to_stay_outside() {
        for bit in 0..256_usize {
            let mut other = [1; 32];
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!endpoint().opens_to(&KeyDigest::new(other)), "bit {bit}");
        }
    }

    #[test]
    fn being_heard_is_noted_once_a_minute() {
        let heard = endpoint().heard(NOW).unwrap();
        assert_eq!(heard.heard(NOW + SignedDuration::from_secs(59)), None);
        assert!(heard.heard(NOW + HEARD_EVERY).is_some());
    }

    #[test]
    fn a_fingerprint_is_short() {
        assert_eq!(key(0xab).fingerprint(), "abababab");
    }
}
