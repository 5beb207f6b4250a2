use async_trait::async_trait;

use super::StoreError;
use crate::credential::{Credential, CredentialSlot};
use crate::fact::Fact;
use crate::id::{Revision, Stored};

/// Where credentials stand.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// The newest credential of each slot, in order.
    async fn load(&self, slots: &[CredentialSlot]) -> Result<Vec<Option<Stored<Credential>>>, StoreError>;

    /// Stores the next state with its facts, if the slot is still as it was read; else says what it is now.
    async fn save(&self, change: &CredentialChange) -> Result<Saved<Credential>, StoreError>;
}

/// A credential's next state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialChange {
    /// The revision it was read at; `None`: the slot was empty.
    pub expected: Option<Revision>,
    /// The next state; a new credential of the slot replaces a revoked one.
    pub next: Credential,
    /// What explains it.
    pub facts: Vec<Fact>,
}

/// Whether a change was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved<T> {
    /// Stored, under this revision.
    Done(Revision),
    /// Somebody else was faster; this is what they left. `None`: it is gone.
    Moved(Option<Stored<T>>),
}
