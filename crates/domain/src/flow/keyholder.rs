//! The keyholder: opens secrets for adapters, tries them, and knows which may be used.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Policies, Rest, fact, of_the_vault};
use crate::credential::{Credential, CredentialSlot, CredentialState, Input, Purpose, SecretVersion};
use crate::fact::{Step, Subject};
use crate::fault::{Code, Fault, FaultKind, Missing, Peer};
use crate::id::{CredentialId, OrganizationId, Stored};
use crate::port::{
    Account, Clock, CredentialChange, CredentialProvider, CredentialStore, Entropy, OpenSecret, ProbeOrder,
    Saved, SecretBond, StoreError, Vault, Versioned,
};
use crate::time::{Timestamp, later};

/// Opens secrets for adapters.
pub struct Keyholder {
    store: Arc<dyn CredentialStore>,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    policies: Arc<Policies>,
    opened: Mutex<BTreeMap<CredentialSlot, Opened>>,
    probed: Mutex<BTreeMap<CredentialSlot, Timestamp>>,
}

struct Opened {
    secret: Versioned,
    at: Timestamp,
}

/// How a probe went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// The peer accepted the secret.
    Accepted,
    /// It did not.
    Refused(Fault),
    /// It could not be tried; later.
    Untried(Fault),
    /// There is nothing to try.
    Nothing,
}

impl Keyholder {
    /// A keyholder over a store and a vault.
    pub fn new(
        store: Arc<dyn CredentialStore>,
        vault: Arc<dyn Vault>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        policies: Arc<Policies>,
    ) -> Self {
        let (opened, probed) = (Mutex::default(), Mutex::default());
        Self { store, vault, clock, entropy, policies, opened, probed }
    }

    fn opened(&self) -> MutexGuard<'_, BTreeMap<CredentialSlot, Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn probed(&self) -> MutexGuard<'_, BTreeMap<CredentialSlot, Timestamp>> {
        self.probed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The credential of a slot.
    pub async fn credential(&self, slot: &CredentialSlot) -> Result<Option<Stored<Credential>>, StoreError> {
        Ok(self.store.load(&[*slot]).await?.into_iter().next().flatten())
    }

    /// Seals and stores a new secret. It is in use once it is proven.
    pub async fn enter(&self, slot: CredentialSlot, secret: &OpenSecret) -> Result<u64, EnterError> {
        loop {
            let known = self.credential(&slot).await?;
            let change = self.entering(slot, known.as_ref(), secret).await?;
            let version = change.next.newest();
            if let Saved::Done(_) = self.store.save(&change).await? {
                self.probed().remove(&slot);
                return Ok(version);
            }
        }
    }

    async fn entering(
        &self,
        slot: CredentialSlot,
        known: Option<&Stored<Credential>>,
        secret: &OpenSecret,
    ) -> Result<CredentialChange, EnterError> {
        let now = self.clock.now();
        let version = known.map_or(0, |known| known.item.newest()) + 1;
        let revoked = known.is_some_and(|known| matches!(known.item.state, CredentialState::Revoked { .. }));
        let id = match known {
            Some(known) if !revoked => known.item.id,
            _ => CredentialId::mint(self.clock.as_ref(), self.entropy.as_ref()),
        };
        let sealed = self.vault.seal(&bond(&slot, id, version), secret).await.map_err(of_the_vault)?;
        let secret = SecretVersion { version, sealed, entered: now };
        let (next, kind) = match known {
            Some(known) if !revoked => {
                match known.item.on(Input::Entered(secret), now, &self.policies.credential) {
                    Ok(Step::Moved { next, fact }) => (next, fact),
                    // The version is higher than any before: the machine takes it in every state but `Revoked`.
                    Ok(Step::Noted { .. } | Step::Ignored(_)) | Err(_) => return Err(EnterError::Busy),
                }
            }
            _ => (Credential::entered(id, slot, secret), crate::fact::FactKind::CredentialEntered),
        };
        let facts = vec![fact(slot.organization, Subject::Credential, kind, now)];
        Ok(CredentialChange { expected: known.map(|known| known.revision), next, facts })
    }

    /// Removes a secret for good. `false`: there was none.
    pub async fn revoke(&self, slot: &CredentialSlot) -> Result<bool, StoreError> {
        let revoked = self.change(slot, &Input::Revoked).await?;
        self.forget(slot);
        Ok(revoked)
    }

    /// A call with this version was not accepted. `false`: a newer one is in use, so it says nothing.
    pub async fn unauthorised(&self, slot: &CredentialSlot, version: u64) -> Result<bool, StoreError> {
        self.change(slot, &Input::Unauthorised(version)).await?;
        self.forget(slot);
        let known = self.credential(slot).await?;
        let in_use = known.and_then(|known| known.item.current().map(|current| current.version));
        if in_use.is_some_and(|in_use| in_use > version) {
            return Ok(false);
        }
        let soon = later(self.clock.now(), self.policies.retry.credential_probe);
        self.probed().insert(*slot, soon);
        Ok(true)
    }

    /// Drops what is held in clear.
    pub fn forget(&self, slot: &CredentialSlot) {
        self.opened().remove(slot);
    }

    async fn change(&self, slot: &CredentialSlot, input: &Input) -> Result<bool, StoreError> {
        loop {
            let Some(known) = self.credential(slot).await? else { return Ok(false) };
            let now = self.clock.now();
            let (next, facts) = match known.item.on(input.clone(), now, &self.policies.credential) {
                Ok(Step::Moved { next, fact: kind }) => {
                    (next, vec![fact(slot.organization, Subject::Credential, kind, now)])
                }
                Ok(Step::Noted { next }) => (next, vec![]),
                Ok(Step::Ignored(_)) | Err(_) => return Ok(false),
            };
            let change = CredentialChange { expected: Some(known.revision), next, facts };
            if let Saved::Done(_) = self.store.save(&change).await? {
                return Ok(true);
            }
        }
    }

    /// Tries the secret of a slot that is not proven, with the peer it is for.
    pub async fn probe(
        &self,
        slot: &CredentialSlot,
        account: &dyn Account,
    ) -> Result<ProbeOutcome, StoreError> {
        let Some(known) = self.credential(slot).await? else { return Ok(ProbeOutcome::Nothing) };
        let Some(tried) = known.item.to_probe() else { return Ok(ProbeOutcome::Nothing) };
        let bond = bond(slot, known.item.id, tried.version);
        let secret = match self.vault.open(&bond, &tried.sealed).await {
            Ok(secret) => secret,
            Err(fault) => return Ok(self.untried(slot, of_the_vault(fault))),
        };
        let order = ProbeOrder { organization: slot.organization, version: tried.version, secret };
        match account.probe(&order).await {
            Ok(()) => {
                self.change(slot, &Input::Accepted(tried.version)).await?;
                // A version that was in use until now is held in clear no longer.
                self.forget(slot);
                self.probed().remove(slot);
                Ok(ProbeOutcome::Accepted)
            }
            Err(fault) if matches!(fault.kind, FaultKind::Unauthorised { .. }) => {
                self.change(slot, &Input::Unauthorised(tried.version)).await?;
                let again = later(self.clock.now(), self.policies.retry.credential_probe);
                self.probed().insert(*slot, again);
                Ok(ProbeOutcome::Refused(fault))
            }
            Err(fault) => Ok(self.untried(slot, fault)),
        }
    }

    fn untried(&self, slot: &CredentialSlot, fault: Fault) -> ProbeOutcome {
        let wait = match fault.kind {
            FaultKind::Denied { .. } => self.policies.retry.permission_probe,
            _ => self.policies.outage_rest,
        };
        self.probed().insert(*slot, later(self.clock.now(), wait));
        ProbeOutcome::Untried(fault)
    }

    /// When the secret of a slot should be tried next: at once if it never was.
    pub(crate) fn next_probe(&self, credential: &Credential) -> Rest {
        match credential.state {
            CredentialState::Active { .. } | CredentialState::Revoked { .. } => Rest::Idle,
            CredentialState::Unproven(_)
            | CredentialState::Rotating { .. }
            | CredentialState::Suspect { .. }
            | CredentialState::Refused { .. } => {
                let at = self.probed().get(&credential.slot).copied();
                at.map_or(Rest::Now, |at| Rest::until(at, self.clock.now()))
            }
        }
    }

    fn fresh(&self, slot: &CredentialSlot, within: crate::time::SignedDuration) -> Option<Versioned> {
        let now = self.clock.now();
        let opened = self.opened();
        let held = opened.get(slot).filter(|held| now < later(held.at, within))?;
        Some(held.secret.clone())
    }

    async fn open(&self, slot: &CredentialSlot) -> Result<Versioned, Fault> {
        let unready = |why| Fault::new(why, peer(slot.purpose), "credential", CREDENTIAL);
        let stored = self.credential(slot).await.map_err(|_| {
            Fault::new(FaultKind::Transient, Peer::Vault, "credential", Code::new("store.unavailable"))
        })?;
        let Some(known) = stored else {
            return Err(unready(FaultKind::Gone { what: Missing::Credential }));
        };
        let current = match &known.item.state {
            CredentialState::Active { current, .. } | CredentialState::Rotating { current, .. } => current,
            CredentialState::Revoked { .. } => {
                return Err(unready(FaultKind::Gone { what: Missing::Credential }));
            }
            CredentialState::Unproven(current)
            | CredentialState::Suspect { current, .. }
            | CredentialState::Refused { current, .. } => {
                return Err(unready(FaultKind::Unauthorised { version: current.version }));
            }
        };
        let bond = bond(slot, known.item.id, current.version);
        let secret = self.vault.open(&bond, &current.sealed).await.map_err(of_the_vault)?;
        Ok(Versioned { version: current.version, secret })
    }
}

/// The code of every fault that means: no call was made, for want of a credential that may be used.
pub(crate) const CREDENTIAL: Code = Code::new("credential.not_usable");

#[async_trait]
impl CredentialProvider for Keyholder {
    async fn current(&self, slot: &CredentialSlot) -> Result<Versioned, Fault> {
        if let Some(held) = self.fresh(slot, self.policies.secret_life) {
            return Ok(held);
        }
        match self.open(slot).await {
            Ok(secret) => {
                let at = self.clock.now();
                self.opened().insert(*slot, Opened { secret: secret.clone(), at });
                Ok(secret)
            }
            // An outage of the vault is bridged for a while; its refusal is not.
            Err(fault) if matches!(fault.kind, FaultKind::Transient | FaultKind::Throttled { .. }) => {
                let grace = self.policies.secret_life.saturating_add(self.policies.vault_grace);
                let bridges = self.policies.vault_grace.is_positive();
                self.fresh(slot, grace).filter(|_| bridges).ok_or(fault)
            }
            Err(fault) => {
                self.forget(slot);
                Err(fault)
            }
        }
    }
}

/// What a secret of this slot is bound to.
fn bond(slot: &CredentialSlot, id: CredentialId, version: u64) -> SecretBond {
    SecretBond { organization: slot.organization, purpose: slot.purpose, row: id.uuid(), version }
}

const fn peer(purpose: Purpose) -> Peer {
    match purpose {
        Purpose::Provider => Peer::Provider,
        Purpose::Crm => Peer::Crm,
        Purpose::DataKey => Peer::Vault,
    }
}

/// The slot of an organization for one peer.
pub(crate) const fn slot(organization: OrganizationId, purpose: Purpose) -> CredentialSlot {
    CredentialSlot { organization, purpose }
}

/// Why a secret was not stored.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// It could not be sealed.
    #[error(transparent)]
    Vault(#[from] Fault),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else entered one at the same moment.
    #[error("another secret was entered at the same moment; enter it again")]
    Busy,
}
