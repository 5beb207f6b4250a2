//! A keyring file as the house of the keys, for development and small installations.
//!
//! It guards against whoever has the database alone. Whoever has both files has everything, hence the warning at
//! start.

mod file;

use core::fmt;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use secrecy::{ExposeSecret as _, SecretBox};
use uuid::Uuid;
use webinar_bridge_domain::fault::Fault;
use webinar_bridge_domain::port::{DataKey, Entropy, KeyWrap, WrappedKey};
use zeroize::Zeroizing;

pub use self::file::KeyringError;
use crate::bond::framed;
use crate::installation::Installations;
use crate::{base64url, fault};

/// AES-256-GCM under a local key, as envelopes name it.
const ALGORITHM: u8 = 2;
const KEY_LEN: usize = 32;

/// Keys in a file: wraps with AES-256-GCM, without a call.
pub struct Keyring {
    installation: Uuid,
    newest: u32,
    versions: BTreeMap<u32, SecretBox<[u8; KEY_LEN]>>,
    entropy: Arc<dyn Entropy>,
}

impl Keyring {
    /// Reads the keyring, after making it if there is none. Of two starts at once, one makes it and both read it.
    /// A file that others can read is refused.
    pub fn open(path: &Path, entropy: &Arc<dyn Entropy>) -> Result<(Self, Installations), KeyringError> {
        let document = file::load_or_create(path, &**entropy)?;
        let installations = document.installations(path)?;
        let versions = document.versions(path)?;
        let newest = versions.keys().next_back().copied().ok_or_else(|| KeyringError::malformed(path))?;
        let keyring = Self {
            installation: installations.current().id(),
            newest,
            versions,
            entropy: Arc::clone(entropy),
        };
        Ok((keyring, installations))
    }

    /// Adds a version to the keyring in the file, and answers which it is. It wraps from the next
    /// [`open`](Self::open) on; the older ones go on unwrapping. One at a time: of two at once, one would be lost.
    pub fn rotate(path: &Path, entropy: &dyn Entropy) -> Result<u32, KeyringError> {
        let mut document = file::load(path)?;
        let version = document.rotate(path, entropy)?;
        file::replace(path, &document, entropy)?;
        Ok(version)
    }

    fn key_id(&self, version: u32) -> String {
        format!("keyring:{}/{version}", self.installation)
    }

    /// The version in a key identifier; `None` if it is not of this keyring. Another spelling of a version that exists
    /// is told apart when unwrapping, since the identifier is bound to the wrapped key.
    fn version(&self, key_id: &str) -> Option<u32> {
        let version = key_id.strip_prefix("keyring:")?.strip_prefix(&self.installation.to_string())?;
        version.strip_prefix('/')?.parse().ok()
    }

    fn cipher(&self, version: u32) -> Option<LessSafeKey> {
        let key = self.versions.get(&version)?;
        UnboundKey::new(&AES_256_GCM, key.expose_secret()).map(LessSafeKey::new).ok()
    }

    /// Nonce, ciphertext, tag.
    fn seal(&self, version: u32, key_id: &str, key: &DataKey) -> Result<Vec<u8>, Unspecified> {
        let cipher = self.cipher(version).ok_or(Unspecified)?;
        let mut nonce = [0; NONCE_LEN];
        self.entropy.fill(&mut nonce);
        let mut bytes = Vec::with_capacity(NONCE_LEN + KEY_LEN + AES_256_GCM.tag_len());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(key.reveal().expose_secret());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = cipher.seal_in_place_separate_tag(nonce, aad(key_id), &mut bytes[NONCE_LEN..])?;
        bytes.extend_from_slice(tag.as_ref());
        Ok(bytes)
    }
}

#[async_trait]
impl KeyWrap for Keyring {
    fn algorithm(&self) -> u8 {
        ALGORITHM
    }

    async fn wrap(&self, key: &DataKey) -> Result<WrappedKey, Fault> {
        let key_id = self.key_id(self.newest);
        let bytes = self.seal(self.newest, &key_id, key).map_err(|Unspecified| fault::cipher("wrap"))?;
        Ok(WrappedKey { key_id, bytes })
    }

    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, Fault> {
        let version = self.version(&wrapped.key_id).ok_or_else(fault::envelope)?;
        let cipher = self.cipher(version).ok_or_else(|| fault::denied("unwrap", fault::KEY_MISSING))?;
        unseal(&cipher, wrapped).map(DataKey::new).ok_or_else(fault::envelope)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keyring = f.debug_struct("Keyring");
        keyring
            .field("installation", &self.installation)
            .field("newest", &self.newest)
            .finish_non_exhaustive()
    }
}

fn unseal(cipher: &LessSafeKey, wrapped: &WrappedKey) -> Option<SecretBox<[u8; KEY_LEN]>> {
    let (nonce, ciphertext) = wrapped.bytes.split_first_chunk()?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plain = cipher.open_in_place(nonce, aad(&wrapped.key_id), &mut buffer).ok()?;
    let key: &[u8; KEY_LEN] = (&*plain).try_into().ok()?;
    Some(SecretBox::init_with_mut(|into: &mut [u8; KEY_LEN]| into.copy_from_slice(key)))
}

fn aad(key_id: &str) -> Aad<Vec<u8>> {
    Aad::from(framed(&[b"wb-keyring-1", key_id.as_bytes()]))
}

/// A new key, as it stands in the file.
fn fresh_key(entropy: &dyn Entropy) -> Zeroizing<String> {
    let key = SecretBox::init_with_mut(|key: &mut [u8; KEY_LEN]| entropy.fill(key));
    base64url::encode(key.expose_secret())
}
