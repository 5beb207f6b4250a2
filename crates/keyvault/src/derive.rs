//! Keys made of keys. Ours are wiped when dropped; what `ring` expands of them is not, so ciphers are built for one use.

use ring::{error::Unspecified, hkdf, hmac};
use zeroize::Zeroizing;

/// A derived key: 256 bits, wiped when dropped.
pub(crate) type Derived = Zeroizing<[u8; 32]>;

/// What HKDF-SHA-512 extracts of a key, ready to be expanded.
pub(crate) struct Root(hkdf::Prk);

impl Root {
    pub(crate) fn new(salt: &[u8], key: &[u8; 32]) -> Self {
        Self(hkdf::Salt::new(hkdf::HKDF_SHA512, salt).extract(key))
    }

    /// The key of this name. It never fails: 32 bytes are far below what HKDF can give.
    pub(crate) fn derive(&self, info: &[&[u8]]) -> Result<Derived, Unspecified> {
        let mut key = Zeroizing::new([0; 32]);
        self.0.expand(info, Bytes32)?.fill(key.as_mut())?;
        Ok(key)
    }
}

struct Bytes32;

impl hkdf::KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

/// HMAC-SHA-256 over the parts, one after the other.
pub(crate) fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.sign().as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_salts_make_different_keys() {
        let root = Root::new(b"salt", &[1; 32]);
        let one = root.derive(&[b"one"]).unwrap();
        assert_eq!(one, root.derive(&[b"o", b"ne"]).unwrap(), "a name is its bytes");
        assert_ne!(one, root.derive(&[b"two"]).unwrap());
        assert_ne!(one, Root::new(b"other", &[1; 32]).derive(&[b"one"]).unwrap());
        assert_ne!(one, Root::new(b"salt", &[2; 32]).derive(&[b"one"]).unwrap());
    }

    #[test]
    fn a_mac_is_rfc_4231s() {
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let expected = [
            0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b,
            0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7,
        ];
        assert_eq!(mac(&key, &[b"Hi ", b"There"]), expected, "a key is padded with zeros to the block");
    }
}
