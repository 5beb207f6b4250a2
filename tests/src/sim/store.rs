//! The way to the store: everything a process asks of it takes a moment, before and after which the process may die, and
//! now and then the store cannot, or has done it and the answer is lost.

use std::sync::Arc;

use async_trait::async_trait;
use webinar_bridge_domain::credential::{Credential, CredentialSlot, SealedSecret};
use webinar_bridge_domain::endpoint::{Endpoint, EndpointId};
use webinar_bridge_domain::fact::Fact;
use webinar_bridge_domain::id::{OrganizationId, SourceId, Stored, WebinarId};
use webinar_bridge_domain::memory::MemoryStore;
use webinar_bridge_domain::metrics::{Attendance, AttendanceKey, MetricsSync};
use webinar_bridge_domain::pace::{Gate, Grant};
use webinar_bridge_domain::port::{
    Amendment, BrakeChange, Brakes, ClaimOrder, CluesQuery, CredentialChange, CredentialStore, CrmRow,
    CrmTable, EndpointChange, Endpoints, FeedPlace, GateKey, GateReport, Gates, GrantOrder, Hint, Intake,
    IntakeBatch, Journalled, KeyShelf, Known, Lane, Leased, LeasedSync, LeasedTask, Lookup, Opening,
    Organization, OrganizationChange, Organizations, PendingHint, PutOff, Ready, Recorded, Saved, Settled,
    Settlement, StoreError, SyncChange, SyncClaim, SyncEnd, SyncLedger, SyncSettled, TaskClaim, TaskEnd,
    TaskEnded, TaskStore, WebinarChange, WebinarStore, Worklist,
};
use webinar_bridge_domain::registration::{Brake, Registration};
use webinar_bridge_domain::task::{Task, TaskName};
use webinar_bridge_domain::time::Timestamp;
use webinar_bridge_domain::webinar::Webinar;

use super::air::Air;
use super::life::Life;

/// One process's way to the store that all share.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) store: MemoryStore,
    pub(super) air: Air,
    pub(super) life: Life,
}

impl Line {
    pub(super) fn new(store: &MemoryStore, air: &Air, life: &Life) -> Arc<Self> {
        Arc::new(Self { store: store.clone(), air: air.clone(), life: life.clone() })
    }

    async fn before(&self, changes: bool) -> Result<(), StoreError> {
        self.life.breathe().await;
        self.moment(changes).await;
        if self.air.strikes("store unavailable", 4_000) {
            return Err(StoreError::Unavailable("simulated".to_owned()));
        }
        Ok(())
    }

    async fn after(&self, changes: bool) -> Result<(), StoreError> {
        self.moment(changes).await;
        if changes && self.air.strikes("store's answer lost", 4_000) {
            return Err(StoreError::Unavailable("simulated, and done".to_owned()));
        }
        Ok(())
    }

    async fn moment(&self, changes: bool) {
        if changes {
            let micros = self.air.between(100, 2_000);
            self.air.pass(std::time::Duration::from_micros(micros)).await;
        }
        self.life.breathe().await;
    }
}

/// Puts a port's functions on the line: `!` marks those that change something.
macro_rules! on_the_line {
    ($port:ident { $(fn $name:ident($($arg:ident: $kind:ty),*) -> $answer:ty $(= $changes:literal)?;)* }) => {
        #[async_trait]
        impl $port for Line {
            $(async fn $name(&self, $($arg: $kind),*) -> Result<$answer, StoreError> {
                let changes = false $(|| $changes)?;
                self.before(changes).await?;
                let done = $port::$name(&self.store, $($arg),*).await;
                self.after(changes).await?;
                done
            })*
        }
    };
}

on_the_line!(Worklist {
    fn ready(lane: Lane, now: Timestamp) -> Vec<Ready>;
    fn claim(order: &ClaimOrder) -> Vec<Leased> = true;
    fn journal(openings: &[Opening]) -> Vec<Journalled> = true;
    fn settle(ends: &[Settlement]) -> Vec<Settled> = true;
    fn put_off(order: &PutOff) -> () = true;
    fn amend(changed: &[Amendment]) -> Vec<Settled> = true;
});

on_the_line!(Intake {
    fn place(organization: &OrganizationId, table: CrmTable) -> Option<FeedPlace>;
    fn begin(organization: &OrganizationId, table: CrmTable) -> FeedPlace = true;
    fn hint(hints: &[Hint]) -> () = true;
    fn hints(organization: &OrganizationId, limit: u32) -> Vec<PendingHint>;
    fn touched(organization: &OrganizationId, rows: &[CrmRow]) -> Vec<SourceId>;
    fn known(of: &Lookup) -> Known;
    fn record(batch: &IntakeBatch) -> Recorded = true;
});

on_the_line!(SyncLedger {
    fn ready(now: Timestamp) -> Vec<(OrganizationId, Timestamp)>;
    fn claim(order: &SyncClaim) -> Vec<LeasedSync> = true;
    fn find(organization: &OrganizationId, webinar: &WebinarId) -> Option<Stored<MetricsSync>>;
    fn recognise(clues: &CluesQuery) -> Vec<Option<Registration>>;
    fn attendance(keys: &[AttendanceKey]) -> Vec<Option<Attendance>>;
    fn unwritten(organization: &OrganizationId, webinar: &WebinarId, limit: u32) -> Vec<Attendance>;
    fn settle(end: &SyncEnd) -> SyncSettled = true;
    fn amend(change: &SyncChange) -> Saved<MetricsSync> = true;
});

on_the_line!(Organizations {
    fn load(id: &OrganizationId) -> Option<Stored<Organization>>;
    fn list() -> Vec<Stored<Organization>>;
    fn save(change: &OrganizationChange) -> Saved<Organization> = true;
    fn running(organization: &OrganizationId, now: Timestamp) -> u64;
});

on_the_line!(CredentialStore {
    fn load(slots: &[CredentialSlot]) -> Vec<Option<Stored<Credential>>>;
    fn save(change: &CredentialChange) -> Saved<Credential> = true;
});

on_the_line!(WebinarStore {
    fn find(organization: &OrganizationId, ids: &[WebinarId]) -> Vec<Option<Stored<Webinar>>>;
    fn list(organization: &OrganizationId) -> Vec<Webinar>;
    fn save(change: &WebinarChange) -> Saved<Webinar> = true;
});

on_the_line!(Brakes {
    fn find(organization: &OrganizationId, webinars: &[WebinarId]) -> Vec<Option<Stored<Brake>>>;
    fn tripped(organization: &OrganizationId) -> Vec<(WebinarId, Brake)>;
    fn save(change: &BrakeChange) -> Saved<Brake> = true;
});

on_the_line!(Gates {
    fn grant(orders: &[GrantOrder]) -> Vec<Grant> = true;
    fn report(reports: &[GateReport]) -> () = true;
    fn of(organization: &OrganizationId) -> Vec<(GateKey, Gate)>;
});

on_the_line!(TaskStore {
    fn ready() -> Vec<(OrganizationId, Option<Timestamp>)>;
    fn claim(order: &TaskClaim) -> Option<LeasedTask> = true;
    fn plan(task: &Task, facts: &[Fact]) -> () = true;
    fn find(organization: &OrganizationId, name: &TaskName) -> Option<Stored<Task>>;
    fn settle(end: &TaskEnd) -> TaskEnded = true;
    fn list(organization: &OrganizationId) -> Vec<Task>;
    fn clear(organization: &OrganizationId, before: Timestamp) -> u64 = true;
});

on_the_line!(Endpoints {
    fn find(id: &EndpointId) -> Option<Stored<Endpoint>>;
    fn of(organization: &OrganizationId) -> Option<Stored<Endpoint>>;
    fn save(change: &EndpointChange) -> Saved<Endpoint> = true;
    fn close(organization: &OrganizationId) -> bool = true;
});

on_the_line!(KeyShelf {
    fn load(organization: &OrganizationId) -> Option<SealedSecret>;
    fn save(organization: &OrganizationId, sealed: &SealedSecret) -> SealedSecret = true;
    fn destroy(organization: &OrganizationId) -> () = true;
});
