//! Subjects: an adapter, plus a way to arrange the world that it speaks to.

use std::sync::Arc;

use async_trait::async_trait;
use webinar_bridge_domain::id::SourceId;
use webinar_bridge_domain::port::{
    Account, AttendanceSource, Books, Brakes, Chronicle, CredentialStore, CrmAnswers, CrmFeed, CrmMetrics,
    Endpoints, Gates, Intake, KeyShelf, KeyWrap, Organizations, Privacy, Registrar, SyncLedger, TaskStore,
    TokenShelf, Vault, WebinarStore, Worklist,
};

use crate::world::{CrmEdit, CrmStage, CrmWorld, KeptCheckIn, ProviderStage, ProviderWorld, Told, Weather};

/// What not every subject can; the difference is declared, and the cases that need it are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ability {
    /// The peer can be made to misbehave: see [`Weather`]. A live account cannot.
    Weather,
    /// The peer refuses cancels once the webinar has started.
    ClosesAtStart,
    /// The peer refuses some persons in words of its own.
    Refuses,
    /// The peer can erase a person.
    Forgets,
    /// The peer's lists show a write at once.
    ListsAtOnce,
    /// A feed's cursors can be made to expire.
    ExpiresCursors,
    /// The CRM can be made to lack a configured name.
    LacksNames,
    /// What is sealed does not show what is in it; a transparent double cannot.
    Conceals,
    /// The house key can be rotated.
    Rotates,
}

/// A webinar provider.
#[async_trait]
pub trait ProviderSubject: Send + Sync {
    /// Makes the world so, whatever it was before, with [`Weather::Calm`], and tells what the world itself chose.
    async fn arrange(&mut self, world: ProviderWorld) -> ProviderStage;

    /// Changes the weather; what is in the world stays.
    async fn weather(&mut self, weather: Weather);

    /// The registrants' side of the adapter.
    fn registrar(&self) -> &dyn Registrar;

    /// The attendance side of the adapter.
    fn attendance(&self) -> &dyn AttendanceSource;

    /// The account side of the adapter.
    fn account(&self) -> &dyn Account;

    /// Whether the subject can do that.
    fn can(&self, _: Ability) -> bool {
        true
    }
}

/// A CRM.
#[async_trait]
pub trait CrmSubject: Send + Sync {
    /// Makes the world so, whatever it was before, with [`Weather::Calm`], and tells what the world itself chose.
    async fn arrange(&mut self, world: CrmWorld) -> CrmStage;

    /// Somebody changes something in the CRM.
    async fn edit(&mut self, edit: CrmEdit);

    /// Changes the weather; what is in the world stays.
    async fn weather(&mut self, weather: Weather);

    /// What a registration row shows of its answers, read past the adapter; `None`: there is no such row.
    async fn told(&self, source: SourceId) -> Option<Told>;

    /// All check-in rows, read past the adapter.
    async fn check_ins(&self) -> Vec<KeptCheckIn>;

    /// The reading side of the adapter.
    fn feed(&self) -> &dyn CrmFeed;

    /// The answering side of the adapter.
    fn answers(&self) -> &dyn CrmAnswers;

    /// The metrics side of the adapter.
    fn metrics(&self) -> &dyn CrmMetrics;

    /// Whether the subject can do that.
    fn can(&self, _: Ability) -> bool {
        true
    }
}

/// A store, empty when the case begins.
#[async_trait]
pub trait StoreSubject: Send + Sync {
    /// Its ports.
    fn store(&self) -> StorePorts;

    /// Closes the store and opens the same one anew, if it can; whether it did. Cases let go of the ports they have
    /// before, and ask for new ones afterwards.
    async fn reopen(&mut self) -> bool {
        false
    }
}

/// Every port of a store.
#[derive(Clone)]
pub struct StorePorts {
    /// Where what the CRM says is taken in.
    pub intake: Arc<dyn Intake>,
    /// What is to be done.
    pub worklist: Arc<dyn Worklist>,
    /// The read side.
    pub books: Arc<dyn Books>,
    /// Metrics on their way home.
    pub ledger: Arc<dyn SyncLedger>,
    /// Where organizations stand.
    pub organizations: Arc<dyn Organizations>,
    /// Where credentials stand.
    pub credentials: Arc<dyn CredentialStore>,
    /// Where webinars stand.
    pub webinars: Arc<dyn WebinarStore>,
    /// Where data keys stand.
    pub keys: Arc<dyn KeyShelf>,
    /// The facts.
    pub chronicle: Arc<dyn Chronicle>,
    /// The digests of bootstrap tokens.
    pub tokens: Arc<dyn TokenShelf>,
    /// Pace and circuits.
    pub gates: Arc<dyn Gates>,
    /// The brakes of webinars.
    pub brakes: Arc<dyn Brakes>,
    /// The doors of CRMs.
    pub endpoints: Arc<dyn Endpoints>,
    /// Work that outlives a process.
    pub tasks: Arc<dyn TaskStore>,
}

impl StorePorts {
    /// The ports of a store that is all of them in one.
    pub fn of<S>(store: &Arc<S>) -> Self
    where
        S: Intake + Worklist + Books + SyncLedger + Organizations + CredentialStore + WebinarStore,
        S: KeyShelf + Chronicle + TokenShelf + Brakes + Endpoints + Gates + TaskStore + 'static,
    {
        Self {
            intake: store.clone(),
            worklist: store.clone(),
            books: store.clone(),
            ledger: store.clone(),
            organizations: store.clone(),
            credentials: store.clone(),
            webinars: store.clone(),
            keys: store.clone(),
            chronicle: store.clone(),
            tokens: store.clone(),
            gates: store.clone(),
            brakes: store.clone(),
            endpoints: store.clone(),
            tasks: store.clone(),
        }
    }
}

/// A vault.
#[async_trait]
pub trait VaultSubject: Send + Sync {
    /// The vault.
    fn vault(&self) -> &dyn Vault;

    /// Whether the subject can do that.
    fn can(&self, _: Ability) -> bool {
        true
    }
}

/// A privacy.
#[async_trait]
pub trait PrivacySubject: Send + Sync {
    /// The privacy.
    fn privacy(&self) -> &dyn Privacy;

    /// Whether the subject can do that.
    fn can(&self, _: Ability) -> bool {
        true
    }
}

/// A house key.
#[async_trait]
pub trait KeyWrapSubject: Send + Sync {
    /// The house key.
    fn key_wrap(&self) -> &dyn KeyWrap;

    /// Makes a newer version of the house key, and keeps the older ones.
    async fn rotate(&mut self);

    /// Whether the subject can do that.
    fn can(&self, _: Ability) -> bool {
        true
    }
}
