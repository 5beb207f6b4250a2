use async_trait::async_trait;

use super::OpenSecret;
use crate::fault::Fault;
use crate::id::OrganizationId;

/// The organization's account at a peer.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Account: Send + Sync {
    /// Tries a secret with harmless reads. `Ok`: accepted. A secret that is not accepted is
    /// [`FaultKind::Unauthorised`](crate::fault::FaultKind::Unauthorised); one that lacks a right is
    /// [`FaultKind::Denied`](crate::fault::FaultKind::Denied).
    async fn probe(&self, order: &ProbeOrder) -> Result<(), Fault>;
}

/// The very secret to try: a candidate is not in use yet.
#[derive(Debug)]
pub struct ProbeOrder {
    /// Whose.
    pub organization: OrganizationId,
    /// Which version it is.
    pub version: u64,
    /// The secret.
    pub secret: OpenSecret,
}
