//! The steward: walks each organization through its integration.

use std::sync::Arc;

use async_trait::async_trait;

use super::keyholder::{EnterError, slot};
use super::{Base, ProbeOutcome, Rest, Rounds, StepReport, Topic, fact};
use crate::credential::{CredentialState, Purpose};
use crate::fact::{NotAllowed, Step, Subject};
use crate::fault::{Fault, Peer};
use crate::id::{Epoch, OrganizationId, Stored};
use crate::integration::{Input, Integration, TermsVersion};
use crate::pace::Met;
use crate::port::{Account, GateKey, OpenSecret, Organization, OrganizationChange, Saved, StoreError};
use crate::time::{Timestamp, later};

/// Walks organizations through their integration.
#[derive(Clone)]
pub struct Steward {
    base: Base,
}

/// Why something asked of the steward was not done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such organization.
    #[error("there is no such organization")]
    Unknown,
    /// Another organization has that name.
    #[error("an organization of that name exists already")]
    NameTaken,
    /// The organization's state has no answer to it.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The terms that were accepted are not those in force.
    #[error("version {0} of the terms is not in force; accept version {1}")]
    OtherTerms(u32, u32),
    /// The secret could not be kept.
    #[error(transparent)]
    Secret(#[from] EnterError),
    /// The store is unwell.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[async_trait]
impl Rounds for Steward {
    async fn due(&self) -> Result<Vec<(OrganizationId, Rest)>, StoreError> {
        let all = self.base.ports.organizations.list().await?;
        let asleep = |state: &Integration| matches!(state, Integration::Dormant | Integration::Erased);
        let awake = all.into_iter().filter(|stored| !asleep(&stored.item.integration));
        Ok(awake.map(|stored| (stored.item.id, Rest::Now)).collect())
    }

    async fn round(&self, id: OrganizationId) -> Result<StepReport, StoreError> {
        let Some(Stored { item, .. }) = self.base.ports.organizations.load(&id).await? else {
            return Ok(StepReport::idle(Rest::Idle));
        };
        let rest = match item.integration {
            Integration::Draining { .. } => self.drain(&item).await,
            Integration::Dormant | Integration::Erased => Ok(Rest::Idle),
            Integration::Active { .. }
            | Integration::AwaitingCredentials { .. }
            | Integration::AwaitingTerms { .. } => self.tend(&item).await,
        };
        Ok(StepReport::idle(unless_store(rest)?))
    }
}

impl Steward {
    pub(crate) const fn new(base: Base) -> Self {
        Self { base }
    }

    /// The version of the terms in force.
    pub fn terms(&self) -> TermsVersion {
        self.base.policies.terms
    }

    /// Makes an organization known; it is dormant.
    pub async fn found(&self, name: &str, declared: Option<String>) -> Result<Organization, Refusal> {
        let (clock, entropy) = (self.base.ports.clock.as_ref(), self.base.ports.entropy.as_ref());
        let next = Organization {
            id: OrganizationId::mint(clock, entropy),
            name: name.to_owned(),
            epoch: Epoch(0),
            integration: Integration::Dormant,
            declared,
            accepted: None,
        };
        let change = OrganizationChange { expected: None, next: next.clone(), facts: vec![] };
        match self.base.ports.organizations.save(&change).await? {
            Saved::Done(_) => Ok(next),
            Saved::Moved(_) => Err(Refusal::NameTaken),
        }
    }

    /// Notes which declaration was last applied to an organization.
    pub async fn declare(&self, id: OrganizationId, digest: &str) -> Result<(), Refusal> {
        self.save(id, |organization| {
            let changed = organization.declared.as_deref() != Some(digest);
            organization.declared = Some(digest.to_owned());
            Ok(changed.then(Vec::new))
        })
        .await
    }

    /// Accepts the terms in force, and no others. Accepting them again changes nothing.
    pub async fn accept_terms(&self, id: OrganizationId, version: TermsVersion) -> Result<(), Refusal> {
        let in_force = self.terms();
        if version != in_force {
            return Err(Refusal::OtherTerms(version.0, in_force.0));
        }
        let now = self.base.now();
        self.save(id, |organization| {
            if organization.integration.terms() == Some(version) {
                return Ok(None);
            }
            organization.accepted = Some(now);
            turn(organization, Input::TermsAccepted(version), now).map(Some)
        })
        .await?;
        self.activate(id).await.map(drop)
    }

    /// Keeps a secret and, if the terms are accepted, tries it at once.
    pub async fn enter(
        &self,
        id: OrganizationId,
        purpose: Purpose,
        secret: &OpenSecret,
    ) -> Result<ProbeOutcome, Refusal> {
        let organization = self.load(id).await?.item;
        if organization.integration.is_ending() {
            let state = organization.integration.name();
            return Err(NotAllowed { state, input: "credential entered" }.into());
        }
        let entered = self.base.keyholder.enter(slot(id, purpose), secret).await;
        if let Err(EnterError::Vault(fault)) = &entered {
            self.base.trouble(id, fault).await?;
        }
        entered?;
        self.base.standing.clear(id, Topic::Vault);
        if !organization.integration.may_probe() {
            return Ok(ProbeOutcome::Nothing);
        }
        let outcome = self.base.keyholder.probe(&slot(id, purpose), self.account(purpose).as_ref()).await?;
        self.remember(id, purpose, &outcome).await?;
        self.activate(id).await?;
        Ok(outcome)
    }

    /// Removes a secret: no new call begins, running ones end. The secret goes first: if nothing else follows, `step`
    /// finds an organization at work without one.
    pub async fn remove(&self, id: OrganizationId, purpose: Purpose) -> Result<bool, Refusal> {
        self.load(id).await?;
        let removed = self.base.keyholder.revoke(&slot(id, purpose)).await?;
        self.input_if_allowed(id, Input::CredentialRemoved).await?;
        self.base.standing.clear_all(id);
        Ok(removed)
    }

    /// One organization.
    pub async fn load(&self, id: OrganizationId) -> Result<Stored<Organization>, Refusal> {
        self.base.ports.organizations.load(&id).await?.ok_or(Refusal::Unknown)
    }

    /// All organizations.
    pub async fn list(&self) -> Result<Vec<Organization>, StoreError> {
        Ok(self.base.ports.organizations.list().await?.into_iter().map(|stored| stored.item).collect())
    }

    /// Probes what is to be probed, activates what is ready, ends what has drained.
    pub async fn step(&self) -> Result<StepReport, StoreError> {
        self.all().await
    }

    /// Tries secrets that are not proven, and activates the organization once all is.
    async fn tend(&self, organization: &Organization) -> Result<Rest, Refusal> {
        let mut rest = Rest::Idle;
        for purpose in [Purpose::Crm, Purpose::Provider] {
            let known = self.base.keyholder.credential(&slot(organization.id, purpose)).await?;
            let gone = known.is_none_or(|known| known.item.current().is_none());
            if gone && organization.integration.is_active() {
                self.input_if_allowed(organization.id, Input::CredentialRemoved).await?;
                return Ok(Rest::Now);
            }
            rest = rest.or_sooner(self.probe_if_due(organization.id, purpose).await?);
        }
        if matches!(organization.integration, Integration::AwaitingCredentials { .. }) {
            rest = rest.or_sooner(self.activate(organization.id).await?);
        }
        Ok(rest)
    }

    async fn probe_if_due(&self, id: OrganizationId, purpose: Purpose) -> Result<Rest, Refusal> {
        let slot = slot(id, purpose);
        let keyholder = &self.base.keyholder;
        let Some(known) = keyholder.credential(&slot).await? else { return Ok(Rest::Idle) };
        match keyholder.next_probe(&known.item) {
            Rest::Now => {}
            rest => return Ok(rest),
        }
        let outcome = keyholder.probe(&slot, self.account(purpose).as_ref()).await?;
        self.remember(id, purpose, &outcome).await?;
        match outcome {
            ProbeOutcome::Accepted | ProbeOutcome::Nothing => Ok(Rest::Now),
            ProbeOutcome::Refused(_) | ProbeOutcome::Untried(_) => {
                let known = keyholder.credential(&slot).await?;
                Ok(known.map_or(Rest::Idle, |known| keyholder.next_probe(&known.item)))
            }
        }
    }

    /// Activation needs accepted terms, both secrets proven, and every configured name in the CRM.
    async fn activate(&self, id: OrganizationId) -> Result<Rest, Refusal> {
        let organization = self.load(id).await?.item;
        if !matches!(organization.integration, Integration::AwaitingCredentials { .. }) {
            return Ok(Rest::Idle);
        }
        for purpose in [Purpose::Crm, Purpose::Provider] {
            let known = self.base.keyholder.credential(&slot(id, purpose)).await?;
            if !known.is_some_and(|known| matches!(known.item.state, CredentialState::Active { .. })) {
                return Ok(Rest::Idle);
            }
        }
        let now = self.base.now();
        if let Some(until) = self.base.standing.rests(id, &[Topic::Names, Topic::Crm], now) {
            return Ok(Rest::Until(until));
        }
        if let Some(until) = self.names_are_wrong(id, now).await {
            return Ok(Rest::Until(until));
        }
        self.input_if_allowed(id, Input::CredentialProven).await?;
        self.base.standing.clear_all(id);
        Ok(Rest::Now)
    }

    /// Looks the configured names up in the CRM. `Some`: not all are there, or it could not be asked; look then again.
    async fn names_are_wrong(&self, id: OrganizationId, now: Timestamp) -> Option<Timestamp> {
        let policies = &self.base.policies;
        let (what, wait) = match self.base.ports.feed.inspect(&id).await {
            Ok(report) if report.mismatches.is_empty() => return None,
            Ok(report) => {
                let name =
                    |m: &crate::port::SchemaMismatch| format!("`{}` (setting `{}`)", m.name, m.setting);
                let names: Vec<String> = report.mismatches.iter().map(name).collect();
                (format!("not in the CRM: {}", names.join(", ")), policies.retry.credential_probe)
            }
            Err(fault) => (fault.to_string(), policies.outage_rest),
        };
        let until = later(now, wait);
        self.base.standing.note(id, Topic::Names, what, now, until);
        Some(until)
    }

    /// A draining organization has drained when no lease of an older epoch is left.
    async fn drain(&self, organization: &Organization) -> Result<Rest, Refusal> {
        let now = self.base.now();
        let running = self.base.ports.organizations.running(&organization.id, now).await?;
        if running > 0 {
            return Ok(Rest::Until(later(now, DRAIN_LOOK)));
        }
        self.input_if_allowed(organization.id, Input::Drained).await?;
        if self.load(organization.id).await?.item.integration == Integration::Erased {
            self.base.ports.key_shelf.destroy(&organization.id).await?;
            self.base.ports.endpoints.close(&organization.id).await?;
        }
        Ok(Rest::Now)
    }

    fn account(&self, purpose: Purpose) -> Arc<dyn Account> {
        match purpose {
            Purpose::Crm => self.base.ports.crm_account.clone(),
            Purpose::Provider | Purpose::DataKey => self.base.ports.provider_account.clone(),
        }
    }

    async fn remember(
        &self,
        id: OrganizationId,
        purpose: Purpose,
        outcome: &ProbeOutcome,
    ) -> Result<(), StoreError> {
        let topic = if purpose == Purpose::Crm { Topic::Crm } else { Topic::Provider };
        let now = self.base.now();
        let note = |topic, fault: &Fault| {
            let until = later(now, self.base.policies.outage_rest);
            self.base.standing.note(id, topic, fault.to_string(), now, until);
        };
        match outcome {
            ProbeOutcome::Accepted => {
                let peer = if purpose == Purpose::Crm { Peer::Crm } else { Peer::Provider };
                // Whatever the gate was shut for: the peer has answered.
                self.base.met(vec![(GateKey::whole(id, peer), Met::Passed(1))]).await?;
                self.base.standing.clear(id, topic);
            }
            ProbeOutcome::Refused(fault) => note(topic, fault),
            ProbeOutcome::Untried(fault) => note(Topic::of(fault), fault),
            ProbeOutcome::Nothing => {}
        }
        Ok(())
    }

    async fn input_if_allowed(&self, id: OrganizationId, input: Input) -> Result<(), Refusal> {
        let now = self.base.now();
        let changed = self.save(id, |organization| turn(organization, input, now).map(Some)).await;
        match changed {
            Err(Refusal::NotAllowed(_)) => Ok(()),
            other => other,
        }
    }

    /// Changes an organization; again, if somebody else was faster. `None` from `change`: nothing to store.
    async fn save(
        &self,
        id: OrganizationId,
        change: impl Fn(&mut Organization) -> Result<Option<Vec<crate::fact::Fact>>, NotAllowed> + Send,
    ) -> Result<(), Refusal> {
        loop {
            let Stored { item: mut next, revision } = self.load(id).await?;
            let Some(facts) = change(&mut next)? else { return Ok(()) };
            let change = OrganizationChange { expected: Some(revision), next, facts };
            if let Saved::Done(_) = self.base.ports.organizations.save(&change).await? {
                self.base.ports.bell.ring();
                return Ok(());
            }
        }
    }
}

/// How often a draining organization is looked at.
const DRAIN_LOOK: crate::time::SignedDuration = crate::time::SignedDuration::from_secs(1);

/// Only an unwell store ends a step; everything else is looked at again with the next.
fn unless_store(rest: Result<Rest, Refusal>) -> Result<Rest, StoreError> {
    match rest {
        Ok(rest) => Ok(rest),
        Err(Refusal::Store(error)) => Err(error),
        Err(_) => Ok(Rest::Idle),
    }
}

/// Turns an organization's machine by one input.
fn turn(
    organization: &mut Organization,
    input: Input,
    now: Timestamp,
) -> Result<Vec<crate::fact::Fact>, NotAllowed> {
    match organization.integration.on(input)? {
        Step::Moved { next, fact: kind } => {
            organization.integration = next;
            Ok(vec![fact(organization.id, Subject::Organization, kind, now)])
        }
        Step::Noted { next } => {
            organization.integration = next;
            Ok(vec![])
        }
        Step::Ignored(_) => Ok(vec![]),
    }
}
