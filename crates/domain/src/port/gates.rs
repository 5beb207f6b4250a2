use async_trait::async_trait;

use super::StoreError;
use crate::fault::Peer;
use crate::id::OrganizationId;
use crate::pace::{Gate, Grant, Met, PacePolicy, Want};
use crate::time::Timestamp;

/// Where gates stand: one truth for all processes. What becomes of them is [`pace`](crate::pace)'s to say; a store
/// applies it in one transaction.
///
/// Calls of an organization to a peer are in groups that the peer counts apart. Each group has a gate, and the whole
/// peer has one ([`GateKey::WHOLE`]); a call goes through both.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Gates: Send + Sync {
    /// Asks for calls; one grant each, in order. What is granted counts as made. A gate that nobody asked yet begins at
    /// the figure of the order.
    async fn grant(&self, orders: &[GrantOrder]) -> Result<Vec<Grant>, StoreError>;

    /// Tells what calls met, in order.
    async fn report(&self, reports: &[GateReport]) -> Result<(), StoreError>;

    /// All gates of an organization.
    async fn of(&self, organization: &OrganizationId) -> Result<Vec<(GateKey, Gate)>, StoreError>;
}

/// Names a gate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GateKey {
    /// Whose calls.
    pub organization: OrganizationId,
    /// To whom.
    pub peer: Peer,
    /// Which of them, as the peer counts them.
    pub group: String,
}

impl GateKey {
    /// The group of all calls to a peer.
    pub const WHOLE: &'static str = "";

    /// The gate of a whole peer.
    pub const fn whole(organization: OrganizationId, peer: Peer) -> Self {
        Self { organization, peer, group: String::new() }
    }
}

/// A wish for calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantOrder {
    /// At which gate.
    pub key: GateKey,
    /// How many.
    pub want: Want,
    /// The pace at which the gate begins, in calls a minute; `None`: without one.
    pub begins_at: Option<u32>,
    /// The figures.
    pub policy: PacePolicy,
    /// The time.
    pub now: Timestamp,
}

/// What calls met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateReport {
    /// At which gate.
    pub key: GateKey,
    /// What.
    pub met: Met,
    /// The figures.
    pub policy: PacePolicy,
    /// The time.
    pub now: Timestamp,
}
