use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::id::OrganizationId;
use crate::pace::{Gate, Grant, PacePolicy, learn, through};
use crate::port::{GateKey, GateReport, Gates, GrantOrder, StoreError};
use crate::time::Timestamp;

#[async_trait]
impl Gates for MemoryStore {
    async fn grant(&self, orders: &[GrantOrder]) -> Result<Vec<Grant>, StoreError> {
        let mut state = self.state();
        let grant = |order: &GrantOrder| {
            let GrantOrder { key, want, begins_at, policy, now } = order;
            let (mut whole, mut group) = state.both(key, *begins_at, policy, *now);
            let grant = through(&mut whole, group.as_mut(), *want, *now, policy);
            state.keep(key, whole, group);
            grant
        };
        Ok(orders.iter().map(grant).collect())
    }

    async fn report(&self, reports: &[GateReport]) -> Result<(), StoreError> {
        let mut state = self.state();
        for GateReport { key, met, policy, now } in reports {
            let (mut whole, mut group) = state.both(key, None, policy, *now);
            learn(&mut whole, group.as_mut(), *met, *now, policy);
            state.keep(key, whole, group);
        }
        Ok(())
    }

    async fn of(&self, organization: &OrganizationId) -> Result<Vec<(GateKey, Gate)>, StoreError> {
        let state = self.state();
        let here = state.gates.iter().filter(|(key, _)| key.organization == *organization);
        Ok(here.map(|(key, gate)| (key.clone(), gate.clone())).collect())
    }
}

impl State {
    /// The gate of the whole peer, and that of the group if it is another.
    fn both(
        &self,
        key: &GateKey,
        begins_at: Option<u32>,
        policy: &PacePolicy,
        now: Timestamp,
    ) -> (Gate, Option<Gate>) {
        let gate = |key: &GateKey, begins_at| {
            self.gates.get(key).cloned().unwrap_or_else(|| Gate::new(begins_at, now, policy))
        };
        let whole = GateKey::whole(key.organization, key.peer);
        if *key == whole {
            return (gate(key, begins_at), None);
        }
        (gate(&whole, None), Some(gate(key, begins_at)))
    }

    fn keep(&mut self, key: &GateKey, whole: Gate, group: Option<Gate>) {
        self.gates.insert(GateKey::whole(key.organization, key.peer), whole);
        if let Some(group) = group {
            self.gates.insert(key.clone(), group);
        }
    }
}
