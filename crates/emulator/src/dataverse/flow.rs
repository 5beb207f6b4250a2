//! What surrounds each request to an organization: who may do what, what it costs, and who is told of it.

use std::sync::Arc;

use http::Method;
use uuid::Uuid;

use super::access::Denied;
use super::change::Change;
use super::error::Outcome;
use super::limits::LimitRules;
use super::settings::Settings;
use super::webhook::{self, Circumstances, News, Question, Trial};
use super::world::{World, operation};
use crate::wire::Call;

/// The part of an organization's state that belongs to the request that is being answered, and to its rules.
#[derive(Default)]
pub(super) struct Flow {
    pub(super) denied: Denied,
    /// Up to which change each request, alone or in a batch, has come.
    heard: Vec<(usize, Arc<Circumstances>)>,
    /// The execution time that the request has cost.
    spent_ms: u64,
    /// What synchronous steps say to the request, where there are any.
    pub(super) trial: Option<Trial>,
}

impl Flow {
    /// The execution time of the request that was answered last.
    pub(super) fn spent(&mut self) -> u64 {
        std::mem::take(&mut self.spent_ms)
    }

    /// Nobody is charged or told.
    pub(super) fn forget(&mut self) {
        self.heard.clear();
        self.spent_ms = 0;
    }

    pub(super) fn spend(&mut self, ms: u64) {
        self.spent_ms = self.spent_ms.saturating_add(ms);
    }

    /// Puts to each change the request that made it.
    pub(super) fn news(&mut self, changes: Vec<Change>) -> Vec<News> {
        let heard = std::mem::take(&mut self.heard);
        let mut heard = heard.into_iter().peekable();
        let numbered = changes.into_iter().enumerate();
        numbered
            .filter_map(|(place, change)| {
                while heard.next_if(|(end, _)| *end <= place).is_some() {}
                let (_, circumstances) = heard.peek()?;
                Some(News { change, circumstances: Arc::clone(circumstances) })
            })
            .collect()
    }
}

impl World {
    /// Takes new settings on.
    pub(super) fn adopt(&mut self, settings: Arc<Settings>) {
        self.flow.denied = Denied::of(&settings.access.missing_privileges);
        self.store.settings = settings;
    }

    /// Looks at what a request has changed since a mark, before it stays.
    pub(super) fn admitted(&mut self, call: &Call, mark: usize) -> Outcome<()> {
        let rules = &self.store.settings.webhooks;
        self.store.pending(mark).try_for_each(|change| webhook::check(&self.store, change, rules))?;
        let end = self.store.mark();
        let further = u64::try_from((end - mark).saturating_sub(1)).unwrap_or(u64::MAX);
        self.flow.spend(self.store.settings.limits.cost_row_ms.saturating_mul(further));
        // Requests of a change set that was taken back have left their marks.
        while self.flow.heard.last().is_some_and(|(heard, _)| *heard > mark) {
            self.flow.heard.pop();
        }
        if end == mark {
            return Ok(());
        }
        let name = format!("request/{}/{mark}", self.answered);
        let id = Uuid::new_v5(&self.organization, name.as_bytes());
        let circumstances = Arc::new(Circumstances::of(call, id));
        if let Some(trial) = &mut self.flow.trial {
            let news = self.store.pending(mark).cloned();
            news.map(|change| News { change, circumstances: Arc::clone(&circumstances) })
                .try_for_each(|news| trial.hear(&news))?;
        }
        self.flow.heard.push((end, circumstances));
        Ok(())
    }

    /// Carries a request out as a trial and takes everything back: what synchronous steps are still to be asked.
    pub(super) fn rehearse(&mut self, call: &Call, trial: Trial) -> Vec<Question> {
        let (counters, answered, batched) = (self.store.counters(), self.answered, self.batched.clone());
        self.flow.trial = Some(trial);
        let _ = self.outcome(call);
        self.store.roll_back(0);
        self.store.rewind(counters);
        (self.answered, self.batched) = (answered, batched);
        self.flow.forget();
        self.flow.trial.take().map(Trial::questions).unwrap_or_default()
    }
}

/// The model of execution time: a fixed cost for each kind of request, refused or not, beside one for each further row
/// that a write changes. It is this server's own; the platform measures what it really spends.
pub(super) fn cost(rules: &LimitRules, call: &Call) -> u64 {
    match operation(call, None) {
        "list" | "changes" => rules.cost_list_ms,
        "batch" => 0,
        _ if call.method == Method::GET => rules.cost_read_ms,
        _ => rules.cost_write_ms,
    }
}
