//! Flows: what the bridge does, one verb a file, over ports alone.
//!
//! A flow never spawns, sleeps, selects or logs: it performs one idempotent step and says when to come back.

mod answer;
mod deliver;
mod desk;
mod doorkeeper;
mod gates;
mod harvest;
mod keyholder;
mod metrics;
mod observe;
mod pull;
mod push;
mod readings;
mod reconcile;
mod report;
mod rounds;
mod rows;
mod settle;
mod standing;
mod steward;
mod tasks;
#[cfg(test)]
mod tests;
mod webinars;

use std::sync::Arc;

use crate::credential::Purpose;
use crate::fact::{Fact, FactKind, Step, Subject};
use crate::fault::{Fault, FaultKind, Peer};
use crate::id::{OrganizationId, Stored};
use crate::port::{
    Account, Amendment, AttendanceSource, Bell, Books, Brakes, Chronicle, Clock, CredentialStore, CrmAnswers,
    CrmFeed, CrmMetrics, Endpoints, Entropy, Gates, Intake, KeyShelf, Organization, Organizations, Privacy,
    Registrar, StoreError, SyncLedger, TaskStore, Vault, WebinarStore, Worklist,
};
use crate::registration::{Input, Registration, RegistrationKey};
use crate::schedule::Jitter;
use crate::time::{SignedDuration, Timestamp, later};

pub use answer::Answering;
pub use deliver::{Deliver, Delivered, Delivery, Sent};
pub use desk::{Desk, HeldPerson, Unmatched};
pub use doorkeeper::{Doorkeeper, Heard};
pub use keyholder::{EnterError, Keyholder, ProbeOutcome};
pub use metrics::Metrics;
pub use observe::Observe;
pub use report::{Rest, StepReport};
pub use rounds::Rounds;
pub use standing::{Note, Standing, Topic};
pub use steward::{Refusal, Steward};
pub use tasks::Tasks;

/// The whole world, as the flows see it.
#[derive(Clone)]
pub struct Ports {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Rings when an organization's state changed.
    pub bell: Arc<dyn Bell>,
    /// The CRM's changes and rows.
    pub feed: Arc<dyn CrmFeed>,
    /// Outcomes, back to the CRM.
    pub answers: Arc<dyn CrmAnswers>,
    /// Attendance, to the CRM.
    pub check_ins: Arc<dyn CrmMetrics>,
    /// The organization's account at the CRM.
    pub crm_account: Arc<dyn Account>,
    /// The provider's registrants.
    pub registrar: Arc<dyn Registrar>,
    /// The provider's attendance.
    pub attendance: Arc<dyn AttendanceSource>,
    /// The organization's account at the provider.
    pub provider_account: Arc<dyn Account>,
    /// Seals secrets.
    pub vault: Arc<dyn Vault>,
    /// Seals people.
    pub privacy: Arc<dyn Privacy>,
    /// Takes in what the CRM says.
    pub intake: Arc<dyn Intake>,
    /// What is to be done.
    pub worklist: Arc<dyn Worklist>,
    /// The read side.
    pub books: Arc<dyn Books>,
    /// Metrics on their way.
    pub ledger: Arc<dyn SyncLedger>,
    /// Organizations.
    pub organizations: Arc<dyn Organizations>,
    /// Credentials.
    pub credentials: Arc<dyn CredentialStore>,
    /// Webinars.
    pub webinars: Arc<dyn WebinarStore>,
    /// The brakes on what vanishes from them.
    pub brakes: Arc<dyn Brakes>,
    /// The doors at which CRMs say that rows changed.
    pub endpoints: Arc<dyn Endpoints>,
    /// Work that outlives a process.
    pub tasks: Arc<dyn TaskStore>,
    /// Pace and circuits.
    pub gates: Arc<dyn Gates>,
    /// Data keys.
    pub key_shelf: Arc<dyn KeyShelf>,
    /// Facts.
    pub chronicle: Arc<dyn Chronicle>,
}

/// The waits, limits and sizes that all flows share.
#[derive(Clone, Debug)]
pub struct Policies {
    /// When work is tried again.
    pub retry: crate::schedule::RetryPolicy,
    /// The registration machine's.
    pub registration: crate::registration::RegistrationPolicy,
    /// The credential machine's.
    pub credential: crate::credential::CredentialPolicy,
    /// When attendance is asked for.
    pub cadence: crate::schedule::Cadence,
    /// How long a lease is.
    pub lease: SignedDuration,
    /// How much of a lease must be left for a call to begin (rule L1): the call's deadline and some slack.
    pub call_room: SignedDuration,
    /// How often the CRM's feeds are read, whatever else tells of changes.
    pub poll: SignedDuration,
    /// By how many hundredths polls come sooner or later, so that not all come at once.
    pub poll_spread: u32,
    /// How long hints are gathered before the rows are read.
    pub linger: SignedDuration,
    /// How often hints may have rows read, a minute and organization (rule W6).
    pub reads_a_minute: u32,
    /// The figures of gates.
    pub pace: crate::pace::PacePolicy,
    /// How organizations share the workers.
    pub share: crate::share::SharePolicy,
    /// From when on vanished rows are held.
    pub brake: crate::registration::BrakePolicy,
    /// What comes with the night.
    pub night: crate::task::NightPolicy,
    /// How long a release waits between two helpings.
    pub release_pause: SignedDuration,
    /// How long an opened secret is used.
    pub secret_life: SignedDuration,
    /// How much longer it is used while the vault cannot be reached; zero: not at all.
    pub vault_grace: SignedDuration,
    /// How long an organization rests when something it leans on does not answer.
    pub outage_rest: SignedDuration,
    /// The terms in force.
    pub terms: crate::integration::TermsVersion,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            retry: crate::schedule::RetryPolicy::default(),
            registration: crate::registration::RegistrationPolicy::default(),
            credential: crate::credential::CredentialPolicy::default(),
            cadence: crate::schedule::Cadence::default(),
            lease: SignedDuration::from_secs(120),
            call_room: SignedDuration::from_secs(60),
            poll: SignedDuration::from_mins(5),
            poll_spread: 20,
            linger: SignedDuration::from_millis(250),
            reads_a_minute: 120,
            pace: crate::pace::PacePolicy::default(),
            share: crate::share::SharePolicy::default(),
            brake: crate::registration::BrakePolicy::default(),
            night: crate::task::NightPolicy::default(),
            release_pause: SignedDuration::from_secs(5),
            secret_life: SignedDuration::from_mins(15),
            vault_grace: SignedDuration::from_mins(60),
            outage_rest: SignedDuration::from_secs(30),
            terms: crate::integration::TermsVersion(1),
        }
    }
}

/// What every flow holds: the world, the policies, and what keeps organizations from working just now.
#[derive(Clone)]
pub(crate) struct Base {
    /// Shared, for a base is cloned for every piece of work.
    pub(crate) ports: Arc<Ports>,
    pub(crate) policies: Arc<Policies>,
    pub(crate) standing: Arc<Standing>,
    pub(crate) keyholder: Arc<Keyholder>,
}

impl Base {
    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    pub(crate) fn jitter(&self) -> Jitter {
        Jitter::draw(self.ports.entropy.as_ref())
    }
}

/// A fact about a registration.
pub(crate) fn registration_fact(key: &RegistrationKey, kind: FactKind, at: Timestamp) -> Fact {
    let subject = Subject::Registration { webinar: key.webinar, person: key.email };
    Fact { organization: key.organization, subject, kind, at }
}

/// A fact about something else.
pub(crate) const fn fact(
    organization: OrganizationId,
    subject: Subject,
    kind: FactKind,
    at: Timestamp,
) -> Fact {
    Fact { organization, subject, kind, at }
}

impl Base {
    /// Takes a fault in that says something of a peer rather than of an item: the organization rests, and a credential
    /// that was not accepted is noted. `Some`: until when.
    pub(crate) async fn trouble(
        &self,
        organization: OrganizationId,
        fault: &Fault,
    ) -> Result<Option<Timestamp>, StoreError> {
        if let FaultKind::Unauthorised { version } = fault.kind
            && fault.code != keyholder::CREDENTIAL
            && let Some(purpose) = purpose(fault.peer)
        {
            let slot = keyholder::slot(organization, purpose);
            if !self.keyholder.unauthorised(&slot, version).await? {
                return Ok(None);
            }
        }
        if fault.peer == Peer::Crm {
            self.failed(organization, fault).await?;
        }
        if !standing::is_outage(fault) {
            return Ok(None);
        }
        let now = self.now();
        let until = later(now, self.policies.outage_rest);
        self.standing.note(organization, Topic::of(fault), fault.to_string(), now, until);
        Ok(Some(until))
    }

    /// A held registration, released by a person.
    pub(crate) fn released(&self, held: &Stored<Registration>, now: Timestamp) -> Option<Amendment> {
        let step = held.item.on(Input::Released, now, &self.policies.registration).ok()?;
        let Step::Moved { next, fact } = step else { return None };
        let facts = vec![registration_fact(&held.item.key, fact, now)];
        Some(Amendment { expected: held.revision, next, facts })
    }

    /// Whether too little is left of a lease that was claimed then for a whole call (rule L1). Measured by the clock that
    /// cannot be set.
    pub(crate) fn is_late(&self, claimed: SignedDuration) -> bool {
        let used = self.ports.clock.steady() - claimed;
        used + self.policies.call_room > self.policies.lease
    }

    /// All organizations that are at work.
    pub(crate) async fn active(&self) -> Result<Vec<Organization>, StoreError> {
        let all = self.ports.organizations.list().await?;
        Ok(all.into_iter().map(|stored| stored.item).filter(|item| item.integration.is_active()).collect())
    }
}

/// Which of an organization's credentials a peer was shown; the vault is shown none of them.
const fn purpose(peer: Peer) -> Option<Purpose> {
    match peer {
        Peer::Provider => Some(Purpose::Provider),
        Peer::Crm | Peer::Directory => Some(Purpose::Crm),
        Peer::Vault => None,
    }
}

/// A fault met while something was sealed or opened, whoever it was that the vault leaned on.
pub(crate) fn of_the_vault(fault: Fault) -> Fault {
    Fault { peer: Peer::Vault, ..fault }
}
