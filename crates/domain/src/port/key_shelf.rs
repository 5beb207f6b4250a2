use async_trait::async_trait;

use super::StoreError;
use crate::credential::SealedSecret;
use crate::id::OrganizationId;

/// Where an organization's data key stands, as a sealed secret.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait KeyShelf: Send + Sync {
    /// The sealed key, if one was made.
    async fn load(&self, organization: &OrganizationId) -> Result<Option<SealedSecret>, StoreError>;

    /// Keeps a new one. The first save wins: what stands there afterwards is the answer.
    async fn save(
        &self,
        organization: &OrganizationId,
        sealed: &SealedSecret,
    ) -> Result<SealedSecret, StoreError>;

    /// Destroys it, and with it everything that was sealed under it.
    async fn destroy(&self, organization: &OrganizationId) -> Result<(), StoreError>;
}
