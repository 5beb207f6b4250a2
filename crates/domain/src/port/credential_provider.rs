use async_trait::async_trait;

use super::OpenSecret;
use crate::credential::CredentialSlot;
use crate::fault::Fault;

/// The credential that a call is to use; adapters ask it before each call.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait CredentialProvider: Send + Sync {
    /// The secret in use, and its version. Without one that may be used: a fault, and no call is made.
    async fn current(&self, slot: &CredentialSlot) -> Result<Versioned, Fault>;
}

/// A secret with its version.
#[derive(Clone, Debug)]
pub struct Versioned {
    /// Which version.
    pub version: u64,
    /// The secret.
    pub secret: OpenSecret,
}
