//! Rounds: a flow's organizations side by side, so that one whose peers hang delays nobody else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tokio::task::{Id, JoinError, JoinSet};
use webinar_bridge_domain::flow::{Rest, Rounds as Flow, StepReport};
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::StoreError;

use super::board::Seat;
use super::{CALLS_END, Loops};

/// How many organizations' rounds of one flow run at the same time; the others wait for one to end.
const SIDE_BY_SIDE: usize = 64;

/// Runs one flow: for every organization one round at a time.
pub(super) struct Rounds {
    loops: Loops,
    seat: Seat,
    flow: Arc<dyn Flow>,
    running: JoinSet<Result<StepReport, StoreError>>,
    /// Whose round a task is, and whether something changed since it began.
    whose: HashMap<Id, (OrganizationId, bool)>,
    /// What each organization's last round asked for; forgotten when something changed.
    rests: BTreeMap<OrganizationId, Rest>,
}

impl Rounds {
    pub(super) fn new(loops: Loops, seat: Seat, flow: impl Flow + 'static) -> Self {
        let (running, whose, rests) = Default::default();
        Self { loops, seat, flow: Arc::new(flow), running, whose, rests }
    }

    pub(super) async fn run(mut self) {
        while !self.loops.stop.is_cancelled() {
            self.loops.board.busy(self.seat);
            let started = self.start().await;
            let rest = self.loops.judged(self.seat, started).rest;
            if self.running.is_empty() {
                if self.loops.rest(self.seat, rest).await {
                    self.something_changed();
                }
            } else {
                self.one_ends_or(rest).await;
            }
        }
        self.end().await;
    }

    /// Starts the rounds whose time has come; the report says when the next one's comes.
    async fn start(&mut self) -> Result<StepReport, StoreError> {
        let (due, now) = (self.flow.due().await?, self.loops.bridge.ports().clock.now());
        let busy: BTreeSet<OrganizationId> = self.whose.values().map(|(whose, _)| *whose).collect();
        let mut next = Rest::Idle;
        for (organization, rest) in due {
            if busy.contains(&organization) {
                continue;
            }
            match later_of(rest, self.rests.get(&organization).copied(), now) {
                Rest::Now if self.running.len() < SIDE_BY_SIDE => self.round(organization),
                // Somebody's end makes room.
                Rest::Now => {}
                rest => next = next.or_sooner(rest),
            }
        }
        Ok(StepReport::idle(next))
    }

    fn round(&mut self, organization: OrganizationId) {
        let flow = self.flow.clone();
        let task = self.running.spawn(async move { flow.round(organization).await });
        self.whose.insert(task.id(), (organization, false));
    }

    async fn one_ends_or(&mut self, rest: Rest) {
        tokio::select! {
            biased;
            Some(ended) = self.running.join_next_with_id() => self.ended(ended),
            () = self.loops.time(rest) => {}
            () = self.loops.board.woken(self.seat) => self.something_changed(),
            () = self.loops.stop.cancelled() => {}
        }
    }

    fn ended(&mut self, ended: Result<(Id, Result<StepReport, StoreError>), JoinError>) {
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, outcome),
            Err(error) => {
                self.whose.remove(&error.id());
                return self.loops.ended_in(self.seat, &error);
            }
        };
        let report = self.loops.judged(self.seat, outcome);
        self.loops.meters.count(self.seat.name(), &report);
        if report.settled > 0 {
            self.loops.board.wake_after(self.seat);
        }
        // A round that began before something changed may not have seen it: what it asks for does not count.
        if let Some((organization, false)) = self.whose.remove(&id) {
            self.rests.insert(organization, report.rest);
        }
    }

    /// Whatever organizations wanted to wait for may be there.
    fn something_changed(&mut self) {
        self.rests.clear();
        self.whose.values_mut().for_each(|(_, changed)| *changed = true);
    }

    /// Lets running rounds end within their time; what a round leaves open then is found by the next start.
    async fn end(mut self) {
        let calls_end = crate::world::pause(CALLS_END);
        tokio::pin!(calls_end);
        loop {
            tokio::select! {
                biased;
                next = self.running.join_next_with_id() => match next {
                    Some(ended) => self.ended(ended),
                    None => return,
                },
                () = &mut calls_end => return,
            }
        }
    }
}

/// A round starts when the store has something for it, and not before the last one wanted to come back.
fn later_of(due: Rest, asked: Option<Rest>, now: jiff::Timestamp) -> Rest {
    match (due, asked) {
        (Rest::Now, Some(Rest::Until(asked))) => Rest::until(asked, now),
        (Rest::Now, Some(Rest::Idle)) => Rest::Idle,
        (Rest::Until(due), Some(Rest::Until(asked))) => Rest::Until(due.max(asked)),
        (due, _) => due,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_round_comes_when_there_is_something_and_it_may() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let until = |second| Rest::Until(at(second));
        for (due, asked, comes) in [
            (Rest::Now, None, Rest::Now),
            (Rest::Now, Some(Rest::Now), Rest::Now),
            (Rest::Now, Some(until(5)), Rest::Now),
            (Rest::Now, Some(until(20)), until(20)),
            (Rest::Now, Some(Rest::Idle), Rest::Idle),
            (until(20), None, until(20)),
            (until(20), Some(Rest::Now), until(20)),
            (until(20), Some(until(30)), until(30)),
            (until(20), Some(until(12)), until(20)),
            (until(20), Some(Rest::Idle), until(20)),
            (Rest::Idle, Some(until(20)), Rest::Idle),
        ] {
            assert_eq!(later_of(due, asked, at(10)), comes, "{due:?} and {asked:?}");
        }
    }
}
