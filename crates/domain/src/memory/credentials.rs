use async_trait::async_trait;

use super::{MemoryStore, next_revision};
use crate::credential::{Credential, CredentialSlot};
use crate::id::Stored;
use crate::port::{CredentialChange, CredentialStore, Saved, StoreError};

#[async_trait]
impl CredentialStore for MemoryStore {
    async fn load(&self, slots: &[CredentialSlot]) -> Result<Vec<Option<Stored<Credential>>>, StoreError> {
        let state = self.state();
        Ok(slots.iter().map(|slot| state.credentials.get(slot).cloned()).collect())
    }

    async fn save(&self, change: &CredentialChange) -> Result<Saved<Credential>, StoreError> {
        let mut state = self.state();
        let now = state.credentials.get(&change.next.slot).cloned();
        if now.as_ref().map(|stored| stored.revision) != change.expected {
            return Ok(Saved::Moved(now));
        }
        let revision = next_revision(change.expected);
        state.credentials.insert(change.next.slot, Stored { item: change.next.clone(), revision });
        state.tell(&change.facts);
        Ok(Saved::Done(revision))
    }
}
