//! Gates, as flows use them: what may be asked of a peer now, and what calls met.

use super::{Base, Topic};
use crate::fault::{Fault, FaultKind, Missing, Peer};
use crate::id::OrganizationId;
use crate::pace::{Grant, Met, Want};
use crate::port::{Budget, GateKey, GateReport, GrantOrder, StoreError};
use crate::time::Timestamp;

impl Base {
    /// Until when nothing at all is asked of a peer; `None`: something may be.
    pub(crate) async fn gate_rests(
        &self,
        organization: OrganizationId,
        peer: Peer,
        hurried: bool,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (now, policy) = (self.now(), &self.policies.pace);
        if !policy.paced {
            return Ok(None);
        }
        let whole = GateKey::whole(organization, peer);
        let gates = self.ports.gates.of(&organization).await?;
        let gate = gates.into_iter().find(|(key, _)| *key == whole);
        Ok(gate.and_then(|(_, gate)| gate.rests(hurried, now, policy)))
    }

    /// Whether a peer whose calls are not counted by groups may be asked; else until when not. While its gate is shut, one
    /// goes to see.
    pub(crate) async fn may_ask(
        &self,
        organization: OrganizationId,
        peer: Peer,
    ) -> Result<Option<Timestamp>, StoreError> {
        if let Some(until) = self.gate_rests(organization, peer, false).await? {
            return Ok(Some(until));
        }
        if !self.standing.is_in_doubt(organization, peer) {
            return Ok(None);
        }
        let want = Want { fresh: 1, retries: 0, hurried: false };
        match self.granted(organization, peer, vec![(GateKey::WHOLE, want, None)]).await?.first() {
            Some(Grant::Rest(until)) => Ok(Some(*until)),
            Some(Grant::Calls { .. }) | None => Ok(None),
        }
    }

    /// Asks for calls of some groups; without pacing everything is granted.
    pub(crate) async fn granted(
        &self,
        organization: OrganizationId,
        peer: Peer,
        wants: Vec<(&'static str, Want, Option<u32>)>,
    ) -> Result<Vec<Grant>, StoreError> {
        let (now, policy) = (self.now(), &self.policies.pace);
        if !policy.paced {
            let all = |(_, want, _): &(&str, Want, Option<u32>)| Grant::Calls {
                fresh: want.fresh,
                retries: want.retries,
                more_at: now,
            };
            return Ok(wants.iter().map(all).collect());
        }
        let order = |(group, want, begins_at): (&'static str, Want, Option<u32>)| {
            let key = GateKey { organization, peer, group: group.to_owned() };
            GrantOrder { key, want, begins_at, policy: policy.clone(), now }
        };
        let orders: Vec<GrantOrder> = wants.into_iter().map(order).collect();
        self.ports.gates.grant(&orders).await
    }

    /// Asks for one call of a group to the provider. `Some`: not before then.
    pub(crate) async fn must_wait(
        &self,
        organization: OrganizationId,
        budget: Budget,
    ) -> Result<Option<Timestamp>, StoreError> {
        if let Some(until) = self.gate_rests(organization, Peer::Provider, false).await? {
            return Ok(Some(until));
        }
        let want = Want { fresh: 1, retries: 0, hurried: false };
        let wants = vec![(budget.group, want, budget.a_minute)];
        Ok(match self.granted(organization, Peer::Provider, wants).await?.first() {
            Some(Grant::Rest(until) | Grant::Calls { fresh: 0, more_at: until, .. }) => Some(*until),
            Some(Grant::Calls { .. }) | None => None,
        })
    }

    /// Tells the gate of a group what one call to the provider met.
    pub(crate) async fn came<T>(
        &self,
        organization: OrganizationId,
        budget: Budget,
        end: &Result<T, Fault>,
    ) -> Result<(), StoreError> {
        let met = end.as_ref().map_or_else(met, |_| Some(Met::Passed(1)));
        let key = GateKey { organization, peer: Peer::Provider, group: budget.group.to_owned() };
        self.met(met.into_iter().map(|met| (key.clone(), met)).collect()).await
    }

    /// Tells the gates what calls met.
    pub(crate) async fn met(&self, met: Vec<(GateKey, Met)>) -> Result<(), StoreError> {
        let (now, policy) = (self.now(), &self.policies.pace);
        if !policy.paced || met.is_empty() {
            return Ok(());
        }
        let report = |(key, met)| GateReport { key, met, policy: policy.clone(), now };
        let reports: Vec<GateReport> = met.into_iter().map(report).collect();
        self.ports.gates.report(&reports).await
    }

    /// A call to a peer that is not paced by groups was answered: whatever its gate was shut for is over. Only said after a
    /// trouble, so that a good day costs nothing.
    pub(crate) async fn answered(&self, organization: OrganizationId, peer: Peer) -> Result<(), StoreError> {
        if self.standing.was_in_doubt(organization, peer) {
            self.met(vec![(GateKey::whole(organization, peer), Met::Passed(1))]).await?;
        }
        if let Some(topic) = Topic::of_peer(peer) {
            self.standing.clear(organization, topic);
        }
        Ok(())
    }

    /// A call to a peer that is not paced by groups failed.
    pub(crate) async fn failed(&self, organization: OrganizationId, fault: &Fault) -> Result<(), StoreError> {
        let Some(met) = met(fault) else { return Ok(()) };
        self.standing.doubt(organization, fault.peer);
        self.met(vec![(GateKey::whole(organization, fault.peer), met)]).await
    }
}

/// What a fault means for the gate of its peer; `None`: it is about one item, or not the peer's.
pub(crate) fn met(fault: &Fault) -> Option<Met> {
    if !matches!(fault.peer, Peer::Provider | Peer::Crm) {
        return None;
    }
    match &fault.kind {
        FaultKind::Transient | FaultKind::Ambiguous => Some(Met::Failed(1)),
        FaultKind::Throttled { after } => Some(Met::Throttled(*after)),
        FaultKind::Unauthorised { .. } => Some(Met::Unauthorised),
        FaultKind::Denied { .. } | FaultKind::Gone { what: Missing::Table } => Some(Met::Denied),
        FaultKind::Gone { .. } | FaultKind::Invalid { .. } => None,
    }
}

/// Whether the gate carries the wait that a fault asks for, so that no item needs one of its own.
pub(crate) fn is_carried(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::Throttled { .. } | FaultKind::Unauthorised { .. } | FaultKind::Denied { why: Some(_) }
    )
}
