//! Deliveries: the deliver flow in stages, so that no slow call holds the others back.

use std::collections::{BTreeMap, HashMap, VecDeque};

use tokio::task::{Id, JoinSet};
use webinar_bridge_domain::flow::{Deliver, Delivered, Delivery, Rest, Sent, StepReport};
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::StoreError;

use super::board::Seat;
use super::{CALLS_END, Loops};

/// Claims ahead, journals as calls become free, sends side by side, settles what has ended together.
pub(super) struct Deliveries {
    loops: Loops,
    deliver: Deliver,
    workers: usize,
    /// Claimed, not journalled.
    waiting: VecDeque<Delivery>,
    /// Claimed, not journalled, and to go one by one with nothing beside (rule R4).
    solitary: VecDeque<Delivery>,
    /// Whether what is out goes alone.
    alone: bool,
    /// Whether a solitary one has just had its turn, so that the others have theirs.
    others: bool,
    /// Journalled and out.
    calls: JoinSet<Delivered>,
    /// What is out, for the case that a call is given up.
    out: HashMap<Id, Sent>,
}

impl Deliveries {
    pub(super) fn new(loops: Loops, workers: u32) -> Self {
        let deliver = loops.bridge.deliver.clone();
        let workers = usize::try_from(workers).unwrap_or(1).max(1);
        let (waiting, solitary, calls, out) = Default::default();
        Self { loops, deliver, workers, waiting, solitary, alone: false, others: false, calls, out }
    }

    pub(super) async fn run(mut self) {
        while !self.loops.stop.is_cancelled() {
            self.loops.board.busy(Seat::Deliver);
            let outcome = self.turn().await;
            let report = self.loops.judged(Seat::Deliver, outcome);
            self.loops.meters.count(Seat::Deliver.name(), &report);
            if report.settled + report.held > 0 {
                self.loops.board.wake_all_but(Seat::Deliver);
            }
            if self.calls.is_empty() && self.claimed() == 0 {
                self.loops.rest(Seat::Deliver, report.rest).await;
            }
        }
        self.end().await;
    }

    /// Claims if there is room, journals and sends what there are free calls for, settles what has ended.
    async fn turn(&mut self) -> Result<StepReport, StoreError> {
        let mut report = StepReport::idle(Rest::Idle);
        if self.claimed() < self.workers {
            let room = u32::try_from(2 * self.workers - self.claimed()).unwrap_or(1);
            let (taken, some) = self.deliver.take(room, &self.in_hand()).await?;
            report.add(some);
            let (solitary, others): (Vec<_>, Vec<_>) = taken.into_iter().partition(Delivery::goes_alone);
            self.solitary.extend(solitary);
            self.waiting.extend(others);
        }
        self.send().await?;
        if let Some(ended) = self.ended().await {
            report.add(self.deliver.finish(ended).await?);
        }
        Ok(report)
    }

    /// What each organization has claimed or out.
    fn in_hand(&self) -> BTreeMap<OrganizationId, u32> {
        let waiting = self.waiting.iter().chain(&self.solitary).map(Delivery::organization);
        let mut in_hand = BTreeMap::new();
        for organization in waiting.chain(self.out.values().map(Sent::organization)) {
            *in_hand.entry(organization).or_insert(0) += 1;
        }
        in_hand
    }

    /// How much is claimed and not journalled.
    fn claimed(&self) -> usize {
        self.waiting.len() + self.solitary.len()
    }

    /// What may go out now: as many as there are free calls for, or one alone.
    fn next(&mut self) -> Vec<Delivery> {
        if self.calls.is_empty() && self.alone {
            (self.alone, self.others) = (false, true);
        }
        if self.alone {
            return vec![];
        }
        let others_first = self.others && !self.waiting.is_empty();
        if self.solitary.is_empty() || others_first {
            self.others = false;
            let free = self.workers.saturating_sub(self.calls.len()).min(self.waiting.len());
            return self.waiting.drain(..free).collect();
        }
        if !self.calls.is_empty() {
            return vec![];
        }
        self.alone = true;
        self.solitary.pop_front().into_iter().collect()
    }

    async fn send(&mut self) -> Result<(), StoreError> {
        let batch = self.next();
        if batch.is_empty() {
            return Ok(());
        }
        for sent in self.deliver.begin(batch).await? {
            let (deliver, kept) = (self.deliver.clone(), sent.clone());
            let call = self.calls.spawn(async move { deliver.send(sent).await });
            self.out.insert(call.id(), kept);
        }
        Ok(())
    }

    /// The calls that have ended, at least one; `None`: none is out, or the process ends.
    async fn ended(&mut self) -> Option<Vec<Delivered>> {
        let room = self.calls.len() < self.workers;
        let first = tokio::select! {
            first = self.calls.join_next_with_id() => first?,
            // Something new may be more urgent than what is out.
            () = self.loops.board.woken(Seat::Deliver), if room => return None,
            () = self.loops.stop.cancelled() => return None,
        };
        let mut ended = vec![self.one(first)];
        while let Some(next) = self.calls.try_join_next_with_id() {
            ended.push(self.one(next));
        }
        Some(ended.into_iter().flatten().collect())
    }

    /// A call that ended in a panic may have happened.
    fn one(&mut self, ended: Result<(Id, Delivered), tokio::task::JoinError>) -> Option<Delivered> {
        match ended {
            Ok((id, delivered)) => {
                self.out.remove(&id);
                Some(delivered)
            }
            Err(error) => {
                if error.is_panic() {
                    self.loops.meters.panicked();
                    tracing::error!(code = "panic", flow = "deliver", "a call ended in a panic");
                }
                self.out.remove(&error.id()).map(|sent| self.deliver.abandoned(sent))
            }
        }
    }

    /// Gives back what was not sent, lets calls end within their time, and settles the rest as unclear.
    async fn end(mut self) {
        let waiting: Vec<Delivery> = self.waiting.drain(..).chain(self.solitary.drain(..)).collect();
        let released = self.deliver.release(waiting).await;
        let mut ended = vec![];
        let calls_end = crate::world::pause(CALLS_END);
        tokio::pin!(calls_end);
        loop {
            tokio::select! {
                next = self.calls.join_next_with_id() => match next {
                    Some(next) => ended.extend(self.one(next)),
                    None => break,
                },
                () = &mut calls_end => break,
            }
        }
        self.calls.abort_all();
        ended.extend(self.out.drain().map(|(_, sent)| self.deliver.abandoned(sent)));
        let settled = self.deliver.finish(ended).await.map(drop);
        for error in [released, settled].into_iter().filter_map(Result::err) {
            // What could not be settled is found open by the next start.
            tracing::error!(code = "store", flow = "deliver", %error, "the last calls could not be settled");
        }
    }
}
