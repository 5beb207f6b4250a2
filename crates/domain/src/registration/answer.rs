//! What the CRM is told of a registration: derived, and made equal to `answered` for each source.

use serde::{Deserialize, Serialize};

use super::{Applied, Cause, Phase, Registration, Source, Stance};
use crate::id::{ProviderPersonId, SourceId};

/// The outcome of a registration, as it is written to a CRM row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The provider has the person, under this id if it told us one.
    Admitted(Option<ProviderPersonId>),
    /// The provider does not have the person, as the row wants it.
    Cancelled,
    /// Stopped, and why.
    Held(Cause),
}

/// What is known of the answer in a CRM row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// The row never heard of us.
    Nothing,
    /// A write of some answer was begun, and its end is not recorded: the row may have that one or the one before.
    Unsure,
    /// The row has this answer.
    This(Answer),
}

impl Told {
    /// Whether the row is known to have `answer`.
    pub fn is(&self, answer: &Answer) -> bool {
        matches!(self, Self::This(told) if told == answer)
    }
}

impl Registration {
    /// The answers that the CRM does not have yet.
    pub fn answers_due(&self) -> Vec<(SourceId, Answer)> {
        let due = |(id, source): (&SourceId, &Source)| {
            self.answer_for(source).filter(|answer| !source.answered.is(answer)).map(|a| (*id, a))
        };
        self.sources.iter().filter_map(due).collect()
    }

    /// What there is to say to one source; nothing while a call is out, and nothing to a row that is gone.
    fn answer_for(&self, source: &Source) -> Option<Answer> {
        let wanted = match source.stance {
            Stance::Active(_) => true,
            Stance::Cancelled => false,
            Stance::Deleted | Stance::Left { .. } | Stance::Excluded => return None,
        };
        match &self.phase {
            _ if self.erasing.is_some() => None,
            Phase::Erased => None,
            Phase::Held { cause, .. } => Some(Answer::Held(cause.clone())),
            Phase::Due { .. } | Phase::Settled if !self.reached() || self.open.is_some() => None,
            // A row that was cancelled before anything was sent, and never heard of us, need not hear of us now.
            _ if self.applied == Applied::Never && source.answered == Told::Nothing => None,
            _ if wanted => Some(Answer::Admitted(self.person.clone())),
            _ => Some(Answer::Cancelled),
        }
    }
}
