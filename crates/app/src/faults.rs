//! Places where the process dies, for whoever wants to see what becomes of its work. Only with the feature `faults`, and then
//! only where `WEBINAR_BRIDGE_DIES` names a place and how often it is passed before: `after-journal:3`.
//!
//! The ports are wrapped where they are wired, so that neither the flows nor the adapters know of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use webinar_bridge_domain::fault::Fault;
use webinar_bridge_domain::id::{OrganizationId, SourceId};
use webinar_bridge_domain::person::Details;
use webinar_bridge_domain::port::{
    Amendment, ClaimOrder, CrmRow, CrmTable, FeedPlace, Hint, Intake, IntakeBatch, Journalled, Known, Lane,
    Leased, Lookup, Opening, PendingHint, PersonOrder, ProviderTraits, PutOff, Ready, Recorded,
    RegisterOrder, RegistrantPage, RegistrantQuery, Registrar, Settled, Settlement, StoreError, Worklist,
};
use webinar_bridge_domain::registration::Outcome;
use webinar_bridge_domain::time::Timestamp;

/// The place at which the process dies, and how often it is still passed.
#[derive(Clone, Debug)]
pub(crate) struct Deathtrap {
    place: Arc<str>,
    left: Arc<AtomicU32>,
}

impl Deathtrap {
    /// What the environment says; a place that is never passed, if it says nothing.
    pub(crate) fn armed() -> Self {
        let said = std::env::var("WEBINAR_BRIDGE_DIES").unwrap_or_default();
        let (place, times) = said.split_once(':').unwrap_or((&said, "1"));
        let left = Arc::new(AtomicU32::new(times.parse().unwrap_or(1).max(1)));
        Self { place: place.into(), left }
    }

    /// Dies here, if it is the place and the time: no destructor runs, and nothing is flushed.
    fn passes(&self, place: &str) {
        if &*self.place == place && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
}

/// A port behind which the process may die.
pub(crate) struct Deadly<P: ?Sized> {
    pub(crate) port: Arc<P>,
    pub(crate) trap: Deathtrap,
}

/// Forwards functions of a port; those with a name die before and after.
macro_rules! forwarded {
    ($port:ident / $error:ty { $(fn $name:ident($($arg:ident: $kind:ty),*) -> $answer:ty $(= $place:literal)?;)* }
        $($more:item)*) => {
        #[async_trait]
        impl<P: $port + ?Sized> $port for Deadly<P> {
            $(async fn $name(&self, $($arg: $kind),*) -> Result<$answer, $error> {
                $(self.trap.passes(concat!("before-", $place));)?
                let done = self.port.$name($($arg),*).await;
                $(self.trap.passes(concat!("after-", $place));)?
                done
            })*
            $($more)*
        }
    };
}

forwarded!(Worklist / StoreError {
    fn ready(lane: Lane, now: Timestamp) -> Vec<Ready>;
    fn claim(order: &ClaimOrder) -> Vec<Leased> = "claim";
    fn journal(openings: &[Opening]) -> Vec<Journalled> = "journal";
    fn settle(ends: &[Settlement]) -> Vec<Settled> = "settle";
    fn put_off(order: &PutOff) -> ();
    fn amend(changes: &[Amendment]) -> Vec<Settled> = "amend";
});

forwarded!(Intake / StoreError {
    fn place(organization: &OrganizationId, table: CrmTable) -> Option<FeedPlace>;
    fn begin(organization: &OrganizationId, table: CrmTable) -> FeedPlace;
    fn hint(hints: &[Hint]) -> () = "hint";
    fn hints(organization: &OrganizationId, limit: u32) -> Vec<PendingHint>;
    fn touched(organization: &OrganizationId, rows: &[CrmRow]) -> Vec<SourceId>;
    fn known(of: &Lookup) -> Known;
    fn record(batch: &IntakeBatch) -> Recorded = "record";
});

forwarded!(Registrar / Fault {
    fn register(order: &RegisterOrder) -> Outcome = "call";
    fn amend(order: &RegisterOrder) -> Outcome = "call";
    fn cancel(order: &PersonOrder) -> Outcome = "call";
    fn forget(order: &PersonOrder) -> Outcome = "call";
    fn registrants(page: &RegistrantQuery) -> RegistrantPage;
}
    fn traits(&self) -> ProviderTraits {
        self.port.traits()
    }

    fn shows(&self, details: &Details, listed: &Details) -> bool {
        self.port.shows(details, listed)
    }
);
