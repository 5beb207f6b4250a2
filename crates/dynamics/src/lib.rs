//! Dynamics 365 behind the bridge's CRM ports.
//!
//! The change feed, the rows behind it, the answers and check-ins that go back, all over the Dataverse Web API. Every
//! name of a table, column or navigation, every value of a choice and every code of a time zone is a setting; the
//! defaults are those of the event management tables. Nothing is retried here but a call whose token had ended.

#![warn(missing_docs)]

mod access;
mod answers;
mod api;
mod batch;
mod checkins;
pub mod config;
mod dto;
mod feed;
mod link;
mod refusal;
mod rows;
mod schema;
mod translate;
mod zones;

use core::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tracing::instrument;
use webinar_bridge_domain::fault::{Fault, Peer};
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{
    Account, AnswerBatch, CheckInBatch, Clock, CredentialProvider, CrmAnswers, CrmFeed, CrmMetrics,
    CrmRegistration, CrmWebinar, FeedPage, FeedPosition, ItemOutcome, ProbeOrder, Reading, RowsQuery,
    SchemaReport,
};
use webinar_bridge_transport::{Bearer, Exchange, HttpClient};

pub use crate::access::{Access, secret};
pub use crate::config::DynamicsSettings;
pub use crate::zones::TimeZones;

use crate::api::{Api, Call};

const PROBE: Exchange = Exchange::read(Peer::Crm, "probe");

/// Dynamics 365, for all organizations. Clones share connections and tokens.
#[derive(Clone)]
pub struct Dynamics {
    api: Arc<Api>,
}

impl fmt::Debug for Dynamics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dynamics({})", self.api.settings.api_version)
    }
}

/// Dynamics 365 under these names. Each call asks `credentials` for the organization's secret in use, in the form
/// that [`secret`] writes.
pub fn crm(
    settings: DynamicsSettings,
    client: HttpClient,
    credentials: Arc<dyn CredentialProvider>,
    clock: Arc<dyn Clock>,
) -> Dynamics {
    let bearer = Bearer::new(client.clone(), Arc::clone(&clock));
    Dynamics { api: Arc::new(Api { settings, client, bearer, credentials, clock }) }
}

#[async_trait]
impl CrmFeed for Dynamics {
    #[instrument(skip_all, fields(table = at.table.name()))]
    async fn changes(&self, at: &FeedPosition) -> Result<FeedPage, Fault> {
        feed::changes(&self.api.open(at.organization).await?, at).await
    }

    #[instrument(skip_all)]
    async fn registrations(&self, rows: &RowsQuery) -> Result<Vec<Reading<CrmRegistration>>, Fault> {
        rows::registrations(&self.api.open(rows.organization).await?, rows).await
    }

    #[instrument(skip_all)]
    async fn webinars(&self, rows: &RowsQuery) -> Result<Vec<Reading<CrmWebinar>>, Fault> {
        rows::webinars(&self.api.open(rows.organization).await?, rows).await
    }

    #[instrument(skip_all)]
    async fn inspect(&self, organization: &OrganizationId) -> Result<SchemaReport, Fault> {
        schema::inspect(&self.api.open(*organization).await?).await
    }
}

#[async_trait]
impl CrmAnswers for Dynamics {
    #[instrument(skip_all)]
    async fn answer(&self, batch: &AnswerBatch) -> Result<Vec<ItemOutcome>, Fault> {
        answers::answer(&self.api.open(batch.organization).await?, batch).await
    }
}

#[async_trait]
impl CrmMetrics for Dynamics {
    #[instrument(skip_all)]
    async fn upsert(&self, batch: &CheckInBatch) -> Result<Vec<ItemOutcome>, Fault> {
        checkins::upsert(&self.api.open(batch.organization).await?, batch).await
    }
}

#[async_trait]
impl Account for Dynamics {
    /// Asks the organization who we are, with a token of its own: an older one would prove an older secret.
    #[instrument(skip_all)]
    async fn probe(&self, order: &ProbeOrder) -> Result<(), Fault> {
        let session = self.api.with(&order.secret, order.version)?;
        session.forget_token();
        let call = Call::get(session.root.at("WhoAmI", None));
        session.read::<serde_json::Value>(&call, &PROBE).await.map(drop)
    }
}
