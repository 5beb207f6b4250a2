use async_trait::async_trait;

use super::StoreError;
use crate::time::Timestamp;

/// The digests of bootstrap tokens; never a token itself.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait TokenShelf: Send + Sync {
    /// Keeps a digest and answers when it was first kept: a token's life counts from there, not from a restart.
    async fn admit(&self, digest: &TokenDigest, now: Timestamp) -> Result<Timestamp, StoreError>;

    /// When a digest was first kept; `None`: never.
    async fn admitted(&self, digest: &TokenDigest) -> Result<Option<Timestamp>, StoreError>;
}

/// The SHA-256 of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenDigest(pub [u8; 32]);
