//! The installation: who it is, and the key that proves an envelope is of its making.

use core::fmt;

use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use uuid::Uuid;

use crate::{base64url, derive};

/// An installation with its authentication key. Whoever can write the database cannot plant an envelope without it.
pub struct Installation {
    id: Uuid,
    key: SecretBox<[u8; 32]>,
}

impl Installation {
    /// Takes a key; without an id of its own the installation has one that follows from the key, so that replicas
    /// agree without being told.
    pub fn new(id: Option<Uuid>, key: SecretBox<[u8; 32]>) -> Self {
        let id = id.unwrap_or_else(|| derived_id(&key));
        Self { id, key }
    }

    /// Reads a key of 32 bytes in base64url.
    pub fn parse(id: Option<Uuid>, key: &SecretString) -> Result<Self, InstallationKeyError> {
        let key = base64url::decode_key(key.expose_secret().trim()).ok_or(InstallationKeyError)?;
        Ok(Self::new(id, key))
    }

    /// Which installation it is.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// HMAC-SHA-256 over the parts.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        derive::mac(self.key.expose_secret(), parts)
    }
}

impl fmt::Debug for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Installation").field("id", &self.id).finish_non_exhaustive()
    }
}

fn derived_id(key: &SecretBox<[u8; 32]>) -> Uuid {
    let mac = derive::mac(key.expose_secret(), &[b"wb/installation/1"]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&mac[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// What is sealed carries the mark of `current`; what carries the mark of one that `retires` still opens.
#[derive(Debug)]
pub struct Installations {
    current: Installation,
    retires: Vec<Installation>,
}

impl Installations {
    /// While no key is being replaced, nothing retires.
    pub fn new(current: Installation, retires: Vec<Installation>) -> Self {
        Self { current, retires }
    }

    pub(crate) fn current(&self) -> &Installation {
        &self.current
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Installation> {
        core::iter::once(&self.current).chain(&self.retires)
    }
}

/// The text is no installation key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the installation key must be 32 random bytes in base64url, 43 characters; make one with `openssl rand 32 | basenc --base64url`"
)]
pub struct InstallationKeyError;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SecretString {
        SecretString::from(base64url::encode(&[byte; 32]).as_str())
    }

    #[test]
    fn replicas_with_one_key_agree_on_the_id() {
        let one = Installation::parse(None, &key(1)).unwrap();
        assert_eq!(one.id(), Installation::parse(None, &key(1)).unwrap().id());
        assert_ne!(one.id(), Installation::parse(None, &key(2)).unwrap().id());
        let own = Uuid::from_u128(7);
        assert_eq!(Installation::parse(Some(own), &key(1)).unwrap().id(), own);
    }

    #[test]
    fn a_key_that_is_none_is_refused_and_not_repeated() {
        for text in ["", "short", &"a".repeat(64), "not base64url at all, yet 43 characters long"] {
            let refused = Installation::parse(None, &SecretString::from(text)).unwrap_err();
            assert!(text.is_empty() || !refused.to_string().contains(text));
        }
    }

    #[test]
    fn an_installation_prints_without_its_key() {
        let installation = Installation::new(Some(Uuid::nil()), SecretBox::new(Box::new([0xab; 32])));
        assert_eq!(
            format!("{installation:?}"),
            "Installation { id: 00000000-0000-0000-0000-000000000000, .. }"
        );
    }
}
