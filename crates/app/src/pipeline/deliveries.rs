//! Deliveries: the deliver flow in stages that run side by side, so that neither a slow call nor the store holds the others
//! back. Each stage has one batch under way; what gathers meanwhile is its next one.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;

use tokio::task::{Id, JoinError, JoinHandle, JoinSet};
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
    claiming: Stage<(Vec<Delivery>, StepReport)>,
    /// When to claim again.
    rest: Rest,
    /// Claimed, not journalled.
    waiting: VecDeque<Delivery>,
    /// Claimed, not journalled, and to go one by one with nothing beside (rule R4).
    solitary: VecDeque<Delivery>,
    /// Whether what is out goes alone.
    alone: bool,
    /// Whether a solitary one has just had its turn, so that the others have theirs.
    others: bool,
    journalling: Stage<Vec<Sent>>,
    /// Whose the calls are that are being journalled.
    opening: Vec<OrganizationId>,
    /// Journalled and out.
    calls: JoinSet<Delivered>,
    /// What is out, for the case that a call is given up.
    out: HashMap<Id, Sent>,
    settling: Stage<StepReport>,
    /// What is being settled, for the case that the store cannot.
    ending: Vec<Delivered>,
    /// Calls that have ended, not settled.
    ended: Vec<Delivered>,
    /// When to settle again, after the store could not.
    settle_rest: Rest,
}

/// Work under way, or none.
struct Stage<T>(Option<JoinHandle<Result<T, StoreError>>>);

impl<T: Send + 'static> Stage<T> {
    const fn idle() -> Self {
        Self(None)
    }

    const fn is_idle(&self) -> bool {
        self.0.is_none()
    }

    fn start(&mut self, work: impl Future<Output = Result<T, StoreError>> + Send + 'static) {
        self.0 = Some(tokio::spawn(work));
    }

    /// What the work came to; never, if none is under way.
    async fn done(&mut self) -> Result<Result<T, StoreError>, JoinError> {
        let Some(work) = self.0.as_mut() else { return std::future::pending().await };
        let done = work.await;
        self.0 = None;
        done
    }
}

impl Deliveries {
    pub(super) fn new(loops: Loops, workers: u32) -> Self {
        let deliver = loops.bridge.deliver.clone();
        let workers = usize::try_from(workers).unwrap_or(1).max(1);
        Self {
            loops,
            deliver,
            workers,
            claiming: Stage::idle(),
            rest: Rest::Now,
            waiting: VecDeque::new(),
            solitary: VecDeque::new(),
            alone: false,
            others: false,
            journalling: Stage::idle(),
            opening: vec![],
            calls: JoinSet::new(),
            out: HashMap::new(),
            settling: Stage::idle(),
            ending: vec![],
            ended: vec![],
            settle_rest: Rest::Now,
        }
    }

    pub(super) async fn run(mut self) {
        while !self.loops.stop.is_cancelled() {
            self.loops.board.busy(Seat::Deliver);
            self.start();
            if self.has_nothing() {
                self.loops.rest(Seat::Deliver, self.rest).await;
                self.rest = Rest::Now;
            } else {
                self.next().await;
            }
        }
        self.end().await;
    }

    /// Starts every stage that has something to do and is not at it.
    fn start(&mut self) {
        if self.claiming.is_idle() && self.claimed() < self.workers && self.is_over(self.rest) {
            let room = u32::try_from(2 * self.workers - self.claimed()).unwrap_or(1);
            let (deliver, in_hand) = (self.deliver.clone(), self.in_hand());
            self.claiming.start(async move { deliver.take(room, &in_hand).await });
        }
        if self.journalling.is_idle() {
            let batch = self.next_batch();
            if !batch.is_empty() {
                self.opening = batch.iter().map(Delivery::organization).collect();
                let deliver = self.deliver.clone();
                self.journalling.start(async move { deliver.begin(batch).await });
            }
        }
        if self.settling.is_idle() && !self.ended.is_empty() && self.is_over(self.settle_rest) {
            self.ending = std::mem::take(&mut self.ended);
            let (deliver, ends) = (self.deliver.clone(), self.ending.clone());
            self.settling.start(async move { deliver.finish(ends).await });
        }
    }

    fn is_over(&self, rest: Rest) -> bool {
        match rest {
            Rest::Now => true,
            Rest::Until(at) => at <= self.loops.bridge.ports().clock.now(),
            Rest::Idle => false,
        }
    }

    fn has_nothing(&self) -> bool {
        self.claiming.is_idle()
            && self.journalling.is_idle()
            && self.settling.is_idle()
            && self.calls.is_empty()
            && self.ended.is_empty()
            && self.claimed() == 0
    }

    /// How much is claimed and not journalled.
    fn claimed(&self) -> usize {
        self.waiting.len() + self.solitary.len()
    }

    /// What each organization has claimed, about to go out, or out.
    fn in_hand(&self) -> BTreeMap<OrganizationId, u32> {
        let claimed = self.waiting.iter().chain(&self.solitary).map(Delivery::organization);
        let out = self.out.values().map(Sent::organization);
        let mut in_hand = BTreeMap::new();
        for organization in claimed.chain(self.opening.iter().copied()).chain(out) {
            *in_hand.entry(organization).or_insert(0) += 1;
        }
        in_hand
    }

    /// What may be journalled now: as many as there are free calls for, or one alone.
    fn next_batch(&mut self) -> Vec<Delivery> {
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

    /// Waits for the next thing to happen, whatever it is. In this order, so that a run can be repeated.
    async fn next(&mut self) {
        // What may be done already is under way, or waits for another stage.
        let to_come = |rest| if self.is_over(rest) { Rest::Idle } else { rest };
        let again = to_come(self.settle_rest).or_sooner(to_come(self.rest));
        tokio::select! {
            biased;
            settled = self.settling.done() => self.settled(settled),
            sent = self.journalling.done() => self.journalled(sent),
            Some(ended) = self.calls.join_next_with_id() => self.call_ended(ended),
            claimed = self.claiming.done() => self.claimed_some(claimed),
            () = self.loops.board.woken(Seat::Deliver) => self.rest = Rest::Now,
            () = self.loops.time(again) => {}
            () = self.loops.stop.cancelled() => {}
        }
    }

    fn claimed_some(&mut self, claimed: Result<Result<(Vec<Delivery>, StepReport), StoreError>, JoinError>) {
        let Some((taken, report)) = self.outcome(claimed) else { return };
        self.count(&report);
        self.rest = if taken.is_empty() { report.rest } else { Rest::Now };
        let (solitary, others): (Vec<_>, Vec<_>) = taken.into_iter().partition(Delivery::goes_alone);
        self.solitary.extend(solitary);
        self.waiting.extend(others);
    }

    fn journalled(&mut self, sent: Result<Result<Vec<Sent>, StoreError>, JoinError>) {
        self.opening.clear();
        let Some(sent) = self.outcome(sent) else { return };
        for sent in sent {
            let (deliver, kept) = (self.deliver.clone(), sent.clone());
            let call = self.calls.spawn(async move { deliver.send(sent).await });
            self.out.insert(call.id(), kept);
        }
    }

    fn call_ended(&mut self, first: Result<(Id, Delivered), JoinError>) {
        let first = self.delivered(first);
        self.ended.extend(first);
        while let Some(next) = self.calls.try_join_next_with_id() {
            let next = self.delivered(next);
            self.ended.extend(next);
        }
        // Whoever had as much in hand as they may have can have more.
        self.rest = Rest::Now;
    }

    /// A call that ended in a panic may have happened.
    fn delivered(&mut self, ended: Result<(Id, Delivered), JoinError>) -> Option<Delivered> {
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

    /// What could not be settled is kept: as long as its lease lasts, its end can still be told.
    fn settled(&mut self, settled: Result<Result<StepReport, StoreError>, JoinError>) {
        let ending = std::mem::take(&mut self.ending);
        self.settle_rest = Rest::Now;
        if let Some(report) = self.outcome(settled) {
            self.count(&report);
            // A failure may have shut a gate or put something off.
            self.rest = Rest::Now;
        } else {
            self.settle_rest = self.rest;
            self.ended.splice(0..0, ending);
        }
    }

    /// What a stage came to. `None`: the store could not serve it, and everything rests for a while.
    fn outcome<T>(&mut self, done: Result<Result<T, StoreError>, JoinError>) -> Option<T> {
        match done {
            Ok(Ok(done)) => Some(done),
            Ok(Err(error)) => {
                self.rest = self.loops.judged(Seat::Deliver, Err(error)).rest;
                None
            }
            Err(error) => {
                self.loops.ended_in(Seat::Deliver, &error);
                None
            }
        }
    }

    fn count(&self, report: &StepReport) {
        self.loops.meters.count(Seat::Deliver.name(), report);
        if report.settled + report.held > 0 {
            self.loops.board.wake_after(Seat::Deliver);
        }
    }

    /// Gives back what was not sent, lets calls end within their time, and settles the rest as unclear.
    async fn end(mut self) {
        let calls_end = crate::world::pause(CALLS_END);
        tokio::pin!(calls_end);
        loop {
            let waits = !(self.claiming.is_idle() && self.journalling.is_idle() && self.calls.is_empty());
            tokio::select! {
                biased;
                claimed = self.claiming.done() => self.claimed_some(claimed),
                sent = self.journalling.done() => self.journalled(sent),
                Some(ended) = self.calls.join_next_with_id() => self.call_ended(ended),
                () = &mut calls_end => break,
                () = std::future::ready(()), if !waits => break,
            }
        }
        self.calls.abort_all();
        let mut out: Vec<(Id, Sent)> = self.out.drain().collect();
        out.sort_by_key(|(_, sent)| sent.organization());
        self.ended.extend(out.into_iter().map(|(_, sent)| self.deliver.abandoned(sent)));
        if !self.settling.is_idle() {
            let settled = self.settling.done().await;
            self.settled(settled);
        }
        let waiting: Vec<Delivery> = self.waiting.drain(..).chain(self.solitary.drain(..)).collect();
        let released = self.deliver.release(waiting).await;
        let settled = self.deliver.finish(self.ended).await.map(drop);
        for error in [released, settled].into_iter().filter_map(Result::err) {
            // What could not be settled is found open by the next start.
            tracing::error!(code = "store", flow = "deliver", %error, "the last calls could not be settled");
        }
    }
}
