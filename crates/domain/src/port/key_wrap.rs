use async_trait::async_trait;
use secrecy::SecretBox;

use crate::fault::Fault;

/// The key that never leaves its house.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait KeyWrap: Send + Sync {
    /// Which wrapping algorithm it is, as envelopes name it: 1 = RSA-OAEP-256 in Azure Key Vault, 2 = AES-256-GCM
    /// under a local key.
    fn algorithm(&self) -> u8;

    /// Wraps a key under the newest version of the house key, and names that version.
    async fn wrap(&self, key: &DataKey) -> Result<WrappedKey, Fault>;

    /// Unwraps a key by the version it was wrapped under. What is not of this house is
    /// [`FaultKind::Invalid`](crate::fault::FaultKind::Invalid), without a call.
    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, Fault>;
}

/// A 256-bit key in clear; wiped when dropped.
#[derive(Debug)]
pub struct DataKey(SecretBox<[u8; 32]>);

impl DataKey {
    /// Takes a key in.
    pub fn new(key: SecretBox<[u8; 32]>) -> Self {
        Self(key)
    }

    /// The key, for a cipher.
    pub fn reveal(&self) -> &SecretBox<[u8; 32]> {
        &self.0
    }
}

/// A wrapped key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// The full identifier of the house key, with its version.
    pub key_id: String,
    /// The wrapped bytes.
    pub bytes: Vec<u8>,
}
