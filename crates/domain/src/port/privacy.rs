use async_trait::async_trait;
use uuid::Uuid;

use crate::fault::Fault;
use crate::id::OrganizationId;
use crate::person::{Address, Details, EmailKey, SealedDetails, SealedPerson};

/// The only door between details in clear and sealed ones. Local once the organization's data key is unwrapped.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Privacy: Send + Sync {
    /// Seals people, in order; each bound to the organization and its row. An address without a canonical form has no
    /// key and is refused: leave such people out.
    async fn conceal(&self, people: &ConcealOrder) -> Result<Vec<SealedPerson>, Fault>;

    /// Opens details, in order. Those of another row or organization do not open.
    async fn reveal(&self, sealed: &RevealOrder) -> Result<Vec<Details>, Fault>;

    /// The keys that find these addresses, in order; `None` where an address has no canonical form.
    async fn keys(&self, addresses: &KeysOrder) -> Result<Vec<Option<EmailKey>>, Fault>;
}

/// People to seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcealOrder {
    /// Whose.
    pub organization: OrganizationId,
    /// The row each belongs to, and the details.
    pub people: Vec<(Uuid, Details)>,
}

/// Details to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevealOrder {
    /// Whose.
    pub organization: OrganizationId,
    /// The row each belongs to, and the sealed details.
    pub sealed: Vec<(Uuid, SealedDetails)>,
}

/// Addresses to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysOrder {
    /// Whose.
    pub organization: OrganizationId,
    /// The addresses.
    pub addresses: Vec<Address>,
}
