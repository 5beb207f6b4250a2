use async_trait::async_trait;

use crate::fault::Fault;
use crate::id::{OrganizationId, SourceId};
use crate::registration::Answer;

/// Writing outcomes back to registrations. Replays change nothing; a row that is gone is never made again.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait CrmAnswers: Send + Sync {
    /// One outcome per item, in order, also in a partial failure; an `Err` means that no item is known to be done.
    async fn answer(&self, batch: &AnswerBatch) -> Result<Vec<ItemOutcome>, Fault>;
}

/// Answers to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerBatch {
    /// Whose.
    pub organization: OrganizationId,
    /// Which; at most [`AnswerBatch::LARGEST`].
    pub items: Vec<AnswerItem>,
}

impl AnswerBatch {
    /// How many items a batch has at the most.
    pub const LARGEST: usize = 100;
}

/// One answer to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerItem {
    /// To which row.
    pub source: SourceId,
    /// The answer.
    pub answer: Answer,
}

/// What became of one item of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// Done.
    Done,
    /// The row is gone; there is nobody to tell.
    Absent,
    /// This item failed; the others have outcomes of their own.
    Failed(Fault),
}
