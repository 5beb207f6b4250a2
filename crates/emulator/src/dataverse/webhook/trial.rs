//! Synchronous steps: a request stays only if each of them that it concerns has been told and has agreed.
//!
//! The platform calls them within the request's transaction. Here a request is carried out as a trial first, which
//! finds the events; then the steps are called, and only then the request is carried out for good.

use std::sync::Arc;

use http::StatusCode;

use super::super::change::Change;
use super::super::error::{Outcome, Refusal};
use super::circumstances::Circumstances;
use super::log::Ending;
use super::{News, Step};

/// An event that a synchronous step is still to be told of.
pub(in super::super) struct Question {
    pub(super) step: Arc<Step>,
    pub(super) change: Change,
    pub(super) circumstances: Arc<Circumstances>,
}

/// What the steps have said so far, in the order of the events.
pub(in super::super) struct Trial {
    steps: Vec<Arc<Step>>,
    verdicts: Vec<Outcome<()>>,
    asked: usize,
    open: Vec<Question>,
}

impl Trial {
    pub(in super::super) fn new(steps: &[Arc<Step>], verdicts: Vec<Outcome<()>>) -> Self {
        let mut steps: Vec<_> = steps.iter().filter(|step| step.synchronous).map(Arc::clone).collect();
        steps.sort_by_key(|step| (step.stage, step.rank));
        Self { steps, verdicts, asked: 0, open: Vec::new() }
    }

    /// Puts an event to every step that it concerns: refused if one of them has refused it.
    pub(in super::super) fn hear(&mut self, news: &News) -> Outcome<()> {
        if news.circumstances.bypass.synchronous {
            return Ok(());
        }
        for step in self.steps.iter().filter(|step| step.hears(&news.change)) {
            let verdict = self.verdicts.get(self.asked);
            self.asked += 1;
            match verdict {
                Some(verdict) => verdict.clone()?,
                None => self.open.push(Question {
                    step: Arc::clone(step),
                    change: news.change.clone(),
                    circumstances: Arc::clone(&news.circumstances),
                }),
            }
        }
        Ok(())
    }

    /// What the verdicts leave open.
    pub(in super::super) fn questions(self) -> Vec<Question> {
        self.open
    }
}

/// What the end of a call means for the request; the words are this server's own.
pub(super) fn verdict(ending: Ending) -> Outcome<()> {
    if ending.is_success() {
        return Ok(());
    }
    let message = format!("The webhook call failed because {}.", ending.words());
    Err(Refusal::new(StatusCode::BAD_REQUEST, "0x80040265", message))
}
