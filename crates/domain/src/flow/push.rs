//! Push: attendance that the CRM does not have yet, in batches, only what changed.

use super::StepReport;
use super::metrics::{Changes, Metrics};
use crate::fault::{Code, Fault, FaultKind, Peer};
use crate::metrics::{Attendance, Input};
use crate::port::{CheckIn, CheckInBatch, ItemOutcome, LeasedSync, StoreError};
use crate::webinar::Webinar;

impl Metrics {
    /// Writes one batch; the sync goes on when nothing is left to be written.
    pub(super) async fn push(
        &self,
        leased: &LeasedSync,
        webinar: Option<&Webinar>,
    ) -> Result<StepReport, StoreError> {
        let (organization, id) = (leased.sync.organization, leased.sync.webinar);
        let limit = u32::try_from(CheckInBatch::LARGEST).unwrap_or(u32::MAX);
        let unwritten = self.base.ports.ledger.unwritten(&organization, &id, limit).await?;
        if unwritten.is_empty() {
            return self.end(leased, &Input::Upserted, Changes::default()).await;
        }
        let items: Vec<CheckIn> = unwritten.iter().filter_map(check_in).collect();
        let wanted = items.len();
        let outcomes = match self.base.ports.check_ins.upsert(&CheckInBatch { organization, items }).await {
            Ok(outcomes) if outcomes.len() == wanted => outcomes,
            Ok(_) => {
                let code = Code::new("crm.batch_mismatch");
                let fault = Fault::new(FaultKind::Ambiguous, Peer::Crm, "check_in", code);
                return self.failed(leased, webinar, &fault, Changes::default()).await;
            }
            Err(fault) => return self.failed(leased, webinar, &fault, Changes::default()).await,
        };
        self.base.answered(organization, Peer::Crm).await?;
        let (changes, failed) = sorted(unwritten, outcomes);
        match failed {
            Some(fault) => self.failed(leased, webinar, &fault, changes).await,
            None => self.keep(leased, changes).await,
        }
    }
}

/// What the outcomes change. A check-in of a registration that is gone from the CRM, and one that the CRM will not have
/// as it is, leaves its minutes unmatched, where people see them; the next pull tries again.
fn sorted(unwritten: Vec<Attendance>, outcomes: Vec<ItemOutcome>) -> (Changes, Option<Fault>) {
    let (mut changes, mut failed) = (Changes::default(), None);
    for (attendance, outcome) in unwritten.into_iter().zip(outcomes) {
        match outcome {
            ItemOutcome::Done => changes.written.push((attendance.key, attendance.seen.watched)),
            ItemOutcome::Failed(fault) if !matches!(fault.kind, FaultKind::Invalid { .. }) => {
                failed = Some(fault);
            }
            ItemOutcome::Absent | ItemOutcome::Failed(_) => {
                changes.seen.push(Attendance { matched: None, written: None, ..attendance });
            }
        }
    }
    (changes, failed)
}

fn check_in(attendance: &Attendance) -> Option<CheckIn> {
    let matched = attendance.matched?;
    Some(CheckIn {
        id: attendance.check_in()?,
        webinar: attendance.key.webinar,
        source: matched.source,
        contact: matched.contact,
        watched: attendance.seen.watched,
    })
}
