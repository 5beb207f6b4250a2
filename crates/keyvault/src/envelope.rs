//! Envelope format, version 1.
//!
//! | Field | Bytes |
//! |---|---|
//! | magic `WBE1` | 4 |
//! | suite: 1 = AES-256-GCM, HKDF-SHA-512, key commitment | 1 |
//! | wrapping algorithm: 1 = RSA-OAEP-256 in a key vault, 2 = AES-256-GCM under a local key | 1 |
//! | identifier of the wrapping key, with its version, at most 512 bytes | 2 + n |
//! | wrapped data key | 2 + n |
//! | message id | 32 |
//! | nonce | 12 |
//! | commitment to the data key | 32 |
//! | ciphertext with its tag of 16 bytes, together at most 64 KiB | 4 + n |
//! | origin: HMAC-SHA-256 under the installation's key over all of the above and the associated data | 32 |
//!
//! Lengths are big-endian. The data key and the message id are drawn for each secret; the key that encrypts and the
//! commitment are both derived of the data key, with the message id as salt, so one ciphertext cannot be opened by
//! two keys. The associated data ([`associated_data`]) bind all of it to its place.
//!
//! Reading is a chain of types, so that no step can be left out or done too early: [`Envelope::read`] (shape), then
//! [`Envelope::authenticate`] (origin), then, with the key unwrapped, [`Authentic::decrypt`] (commitment, then cipher).
//! Why an envelope was refused is told to nobody.

use core::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use secrecy::{ExposeSecret as _, SecretBox};
use subtle::ConstantTimeEq as _;
use webinar_bridge_domain::port::{DataKey, Entropy, SecretBond, WrappedKey};
use zeroize::Zeroizing;

use crate::bond::associated_data;
use crate::derive::{Derived, Root};
use crate::installation::Installations;

/// The longest identifier of a wrapping key, in bytes.
pub const KEY_ID_LIMIT: usize = 512;
/// The longest wrapped key, in bytes: twice that of the largest RSA key in use.
pub const WRAPPED_LIMIT: usize = 1024;
/// The longest ciphertext, its tag included, in bytes.
pub const CIPHERTEXT_LIMIT: usize = 64 * 1024;

const MAGIC: &[u8; 4] = b"WBE1";
const SUITE: u8 = 1;
const TAG_LEN: usize = 16;
const MAC_LEN: usize = 32;

/// The envelope does not open. It says no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

impl From<Unspecified> for Refused {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

/// The secret does not fit an envelope, or the house key's name or the wrapped key does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// What chance gives for one secret. Sealing consumes it: nothing is ever encrypted twice under one key.
pub struct Draw {
    key: DataKey,
    message: [u8; 32],
    nonce: [u8; NONCE_LEN],
}

impl Draw {
    /// Draws a data key (32 bytes), a message id (32) and a nonce (12), in this order.
    pub fn from(entropy: &dyn Entropy) -> Self {
        let key = DataKey::new(SecretBox::init_with_mut(|key: &mut [u8; 32]| entropy.fill(key)));
        let (mut message, mut nonce) = ([0; 32], [0; NONCE_LEN]);
        entropy.fill(&mut message);
        entropy.fill(&mut nonce);
        Self { key, message, nonce }
    }

    /// The key that is to be wrapped.
    pub fn key(&self) -> &DataKey {
        &self.key
    }

    /// Seals `plain`. `wrapped` is [`key`](Self::key), wrapped by `algorithm`.
    pub fn seal(
        self,
        wrapped: &WrappedKey,
        algorithm: u8,
        installations: &Installations,
        bond: &SecretBond,
        plain: &[u8],
    ) -> Result<Vec<u8>, TooLong> {
        let mut bytes = self.header(wrapped, algorithm, plain.len())?;
        let installation = installations.current();
        let aad = associated_data(installation.id(), bond, &bytes);
        let split = Split::of(&self.key, &self.message).map_err(|Refused| TooLong)?;
        bytes.extend_from_slice(split.commitment.as_ref());
        split.encrypt(self.nonce, &aad, plain, &mut bytes)?;
        let mac = installation.mac(&[&bytes, &aad]);
        bytes.extend_from_slice(&mac);
        Ok(bytes)
    }

    /// The fields before the commitment. There is room behind them for all that follows, so that `plain` never stands
    /// in memory that is left behind.
    fn header(&self, wrapped: &WrappedKey, algorithm: u8, plain: usize) -> Result<Vec<u8>, TooLong> {
        let id = wrapped.key_id.as_bytes();
        let rest = self.message.len() + NONCE_LEN + 32 + 4 + plain + TAG_LEN + MAC_LEN;
        let mut bytes = Vec::with_capacity(10 + id.len() + wrapped.bytes.len() + rest);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[SUITE, algorithm]);
        for (field, limit) in [(id, KEY_ID_LIMIT), (&wrapped.bytes, WRAPPED_LIMIT)] {
            let length = u16::try_from(field.len()).map_err(|_| TooLong)?;
            if field.is_empty() || field.len() > limit {
                return Err(TooLong);
            }
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(field);
        }
        bytes.extend_from_slice(&self.message);
        bytes.extend_from_slice(&self.nonce);
        Ok(bytes)
    }
}

impl fmt::Debug for Draw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draw([redacted])")
    }
}

/// An envelope whose shape is right. Nothing of it may be trusted yet.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Everything before the commitment.
    header: &'a [u8],
    /// Everything before the origin.
    signed: &'a [u8],
    algorithm: u8,
    key_id: &'a str,
    wrapped: &'a [u8],
    message: &'a [u8; 32],
    nonce: &'a [u8; NONCE_LEN],
    commitment: &'a [u8; 32],
    ciphertext: &'a [u8],
    origin: &'a [u8; MAC_LEN],
}

impl<'a> Envelope<'a> {
    /// Finds the fields. Unknown formats, wrong lengths and anything left over are refused.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Refused> {
        let mut fields = Fields(bytes);
        if fields.array()? != MAGIC || fields.array()? != &[SUITE] {
            return Err(Refused);
        }
        let &[algorithm] = fields.array()?;
        let key_id = fields.short(KEY_ID_LIMIT)?;
        let wrapped = fields.short(WRAPPED_LIMIT)?;
        let (message, nonce) = (fields.array()?, fields.array()?);
        let header = before(bytes, fields.0);
        let commitment = fields.array()?;
        let length = u32::from_be_bytes(*fields.array()?);
        let length = usize::try_from(length).map_err(|_| Refused)?;
        if !(TAG_LEN..=CIPHERTEXT_LIMIT).contains(&length) {
            return Err(Refused);
        }
        let ciphertext = fields.take(length)?;
        let signed = before(bytes, fields.0);
        let origin = fields.array()?;
        let key_id = core::str::from_utf8(key_id).map_err(|_| Refused)?;
        let whole = fields.0.is_empty();
        let envelope = Self {
            header,
            signed,
            algorithm,
            key_id,
            wrapped,
            message,
            nonce,
            commitment,
            ciphertext,
            origin,
        };
        whole.then_some(envelope).ok_or(Refused)
    }

    /// The identifier of the key that wrapped this envelope's own. Only good for counting and comparing until the
    /// envelope is authenticated.
    pub fn key_id(&self) -> &'a str {
        self.key_id
    }

    /// Checks that this installation made the envelope, for `bond`, with a key wrapped by `algorithm`.
    pub fn authenticate(
        self,
        algorithm: u8,
        installations: &Installations,
        bond: &SecretBond,
    ) -> Result<Authentic<'a>, Refused> {
        if self.algorithm != algorithm {
            return Err(Refused);
        }
        let proof = installations.iter().find_map(|installation| {
            let aad = associated_data(installation.id(), bond, self.header);
            let mac = installation.mac(&[self.signed, &aad]);
            bool::from(mac.ct_eq(self.origin)).then_some(aad)
        });
        proof.map(|aad| Authentic { envelope: self, aad }).ok_or(Refused)
    }
}

/// An envelope that this installation made, for the bond it was asked about.
#[derive(Debug)]
pub struct Authentic<'a> {
    envelope: Envelope<'a>,
    aad: Vec<u8>,
}

impl Authentic<'_> {
    /// The wrapped data key.
    pub fn wrapped(&self) -> WrappedKey {
        let Envelope { key_id, wrapped, .. } = self.envelope;
        WrappedKey { key_id: key_id.to_owned(), bytes: wrapped.to_vec() }
    }

    /// The secret, if `key` is the one that was committed to.
    pub fn decrypt(&self, key: &DataKey) -> Result<Zeroizing<Vec<u8>>, Refused> {
        let Envelope { message, nonce, commitment, ciphertext, .. } = self.envelope;
        let split = Split::of(key, message)?;
        if !bool::from(split.commitment.ct_eq(commitment)) {
            return Err(Refused);
        }
        split.decrypt(*nonce, &self.aad, ciphertext)
    }
}

/// The two keys that a data key is split into.
struct Split {
    encryption: Derived,
    commitment: Derived,
}

impl Split {
    fn of(key: &DataKey, message: &[u8; 32]) -> Result<Self, Refused> {
        let root = Root::new(message, key.reveal().expose_secret());
        Ok(Self {
            encryption: root.derive(&[b"wb/env1/enc", &[SUITE]])?,
            commitment: root.derive(&[b"wb/env1/com", &[SUITE]])?,
        })
    }

    fn cipher(&self) -> Result<LessSafeKey, Unspecified> {
        UnboundKey::new(&AES_256_GCM, self.encryption.as_ref()).map(LessSafeKey::new)
    }

    /// Appends length, ciphertext and tag to `bytes`, which has room for them.
    fn encrypt(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        plain: &[u8],
        bytes: &mut Vec<u8>,
    ) -> Result<(), TooLong> {
        let length = plain.len() + TAG_LEN;
        if length > CIPHERTEXT_LIMIT {
            return Err(TooLong);
        }
        let prefix = u32::try_from(length).map_err(|_| TooLong)?;
        bytes.extend_from_slice(&prefix.to_be_bytes());
        let start = bytes.len();
        bytes.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = self
            .cipher()
            .and_then(|cipher| cipher.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut bytes[start..]));
        bytes.extend_from_slice(sealed.map_err(|Unspecified| TooLong)?.as_ref());
        Ok(())
    }

    fn decrypt(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Refused> {
        let mut plain = Zeroizing::new(ciphertext.to_vec());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = self.cipher()?.open_in_place(nonce, Aad::from(aad), &mut plain)?.len();
        plain.truncate(length);
        Ok(plain)
    }
}

/// What is left of an envelope to read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Refused> {
        let (field, rest) = self.0.split_at_checked(length).ok_or(Refused)?;
        self.0 = rest;
        Ok(field)
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Refused> {
        let (field, rest) = self.0.split_first_chunk().ok_or(Refused)?;
        self.0 = rest;
        Ok(field)
    }

    /// A field behind its length in two bytes: not empty, and no longer than `limit`.
    fn short(&mut self, limit: usize) -> Result<&'a [u8], Refused> {
        let length = usize::from(u16::from_be_bytes(*self.array()?));
        if !(1..=limit).contains(&length) {
            return Err(Refused);
        }
        self.take(length)
    }
}

/// What of `whole` stands before `rest`, its end.
fn before<'a>(whole: &'a [u8], rest: &[u8]) -> &'a [u8] {
    &whole[..whole.len() - rest.len()]
}
