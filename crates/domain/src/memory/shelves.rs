use async_trait::async_trait;

use super::MemoryStore;
use crate::credential::SealedSecret;
use crate::id::OrganizationId;
use crate::port::{KeyShelf, StoreError, TokenDigest, TokenShelf};
use crate::time::Timestamp;

#[async_trait]
impl KeyShelf for MemoryStore {
    async fn load(&self, organization: &OrganizationId) -> Result<Option<SealedSecret>, StoreError> {
        Ok(self.state().data_keys.get(organization).cloned())
    }

    async fn save(
        &self,
        organization: &OrganizationId,
        sealed: &SealedSecret,
    ) -> Result<SealedSecret, StoreError> {
        Ok(self.state().data_keys.entry(*organization).or_insert_with(|| sealed.clone()).clone())
    }

    async fn destroy(&self, organization: &OrganizationId) -> Result<(), StoreError> {
        self.state().data_keys.remove(organization);
        Ok(())
    }
}

#[async_trait]
impl TokenShelf for MemoryStore {
    async fn admit(&self, digest: &TokenDigest, now: Timestamp) -> Result<Timestamp, StoreError> {
        Ok(*self.state().tokens.entry(*digest).or_insert(now))
    }

    async fn admitted(&self, digest: &TokenDigest) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.state().tokens.get(digest).copied())
    }
}
