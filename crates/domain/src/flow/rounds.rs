//! Rounds: organizations side by side, so that one which hangs delays nobody else.

use async_trait::async_trait;

use super::{Rest, StepReport};
use crate::id::OrganizationId;
use crate::port::StoreError;

/// A flow that goes round the organizations. Whoever runs it may run the rounds of several organizations at the same time,
/// and never two of one: an organization then has one call out in each flow, however many flows there are.
#[async_trait]
pub trait Rounds: Send + Sync {
    /// Who has something to do, and when.
    async fn due(&self) -> Result<Vec<(OrganizationId, Rest)>, StoreError>;

    /// One organization's round.
    async fn round(&self, organization: OrganizationId) -> Result<StepReport, StoreError>;

    /// The rounds of all who are due, one after another.
    async fn all(&self) -> Result<StepReport, StoreError> {
        let mut report = StepReport::idle(Rest::Idle);
        for (organization, rest) in self.due().await? {
            match rest {
                Rest::Now => report.add(self.round(organization).await?),
                rest => report.rest = report.rest.or_sooner(rest),
            }
        }
        Ok(report)
    }
}
