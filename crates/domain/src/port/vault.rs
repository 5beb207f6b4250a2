use async_trait::async_trait;
use secrecy::SecretString;
use uuid::Uuid;

use crate::credential::{Purpose, SealedSecret};
use crate::fault::Fault;
use crate::id::OrganizationId;

/// Seals secrets. What is sealed for one bond opens for no other.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Vault: Send + Sync {
    /// Seals `plain`, bound to `bond`.
    async fn seal(&self, bond: &SecretBond, plain: &OpenSecret) -> Result<SealedSecret, Fault>;

    /// Opens what was sealed for the same bond; anything else is one and the same
    /// [`FaultKind::Invalid`](crate::fault::FaultKind::Invalid).
    async fn open(&self, bond: &SecretBond, sealed: &SealedSecret) -> Result<OpenSecret, Fault>;
}

/// What a secret is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretBond {
    /// Whose it is.
    pub organization: OrganizationId,
    /// What it is for.
    pub purpose: Purpose,
    /// The row it is stored in.
    pub row: Uuid,
    /// Which version it is.
    pub version: u64,
}

/// A secret in clear: text whose form is the adapter's business. Prints redacted, is wiped when dropped.
#[derive(Debug)]
pub struct OpenSecret(SecretString);

impl OpenSecret {
    /// Takes a secret in.
    pub fn new(secret: SecretString) -> Self {
        Self(secret)
    }

    /// The secret, for an adapter that needs its text.
    pub fn reveal(&self) -> &SecretString {
        &self.0
    }
}

impl Clone for OpenSecret {
    fn clone(&self) -> Self {
        use secrecy::ExposeSecret as _;
        Self(SecretString::from(self.0.expose_secret().to_owned()))
    }
}
