//! Calls on their way, and the workers that made them.

use super::World;
use super::bridge::Found;
use super::provider::is_malformed;
use crate::fault::{Code, Fault, FaultKind, Peer, Work, judge, unclear};
use crate::registration::sample::NOW;
use crate::registration::{Call, Input, Outcome, Phase};
use crate::schedule::Jitter;
use crate::time::{SignedDuration, Timestamp, later};

/// A call on its way.
pub(super) struct Flight {
    address: u8,
    fence: u32,
    call: Call,
    pub(super) stage: Stage,
}

pub(super) enum Stage {
    /// The worker sleeps before it sends.
    Asleep { until: Timestamp },
    /// The worker will know at that time.
    Sent { until: Timestamp, end: End },
}

pub(super) enum End {
    Heard(Outcome),
    Failed(FaultKind),
}

impl World {
    /// What the verdicts know of the work.
    fn work(&self, address: u8) -> Work {
        let (tries, since) = match self.bridge.registrations[&address].phase {
            Phase::Due { tries, since, .. } => (tries, since),
            _ => (0, None),
        };
        let starts = later(NOW, SignedDuration::from_hours(1_000));
        Work { tries, since, starts, ends: starts }
    }

    pub(super) fn deliver(&mut self, address: u8) -> Found {
        let fence = self.bridge.claim(address, self.now);
        if self.bridge.registrations[&address].open.is_some() {
            let verdict = unclear(&self.work(address), self.now, Jitter::NONE, &self.retry);
            self.bridge.turn(address, Input::Interrupted { verdict }, self.now)?;
            self.bridge.release(address);
            return Ok(());
        }
        if !self.calm && self.dice.chance(4) {
            return Ok(()); // A crash between claim and journal.
        }
        let call = self.bridge.next_call(address)?;
        self.bridge.turn(address, Input::Opened(call), self.now)?;
        let soon = later(self.now, self.dice.seconds(0, 40));
        let long = later(self.now, self.dice.seconds(130, 2_000));
        let sent = |until, end| Some(Stage::Sent { until, end });
        let fate = if self.calm { 100 } else { self.dice.below(100) };
        let stage = match fate {
            // Done, and the answer is lost.
            0..=9 => {
                self.provider.hear(address, call);
                sent(soon, End::Failed(FaultKind::Ambiguous))
            }
            // Never arrived, which nobody can know.
            10..=13 => sent(soon, End::Failed(FaultKind::Ambiguous)),
            14..=21 => {
                let landing = later(self.now, self.dice.seconds(0, 600));
                self.provider.delay(landing, address, call);
                sent(soon, End::Failed(FaultKind::Ambiguous))
            }
            22..=25 => sent(soon, End::Failed(FaultKind::Transient)),
            26..=29 => sent(soon, End::Failed(FaultKind::Throttled { after: None })),
            30..=31 => sent(soon, End::Failed(FaultKind::Denied { why: None })),
            // Crashes after and before the call was sent.
            32..=35 => {
                self.provider.hear(address, call);
                None
            }
            36..=37 => None,
            38..=40 => Some(Stage::Asleep { until: long }),
            // Sent, and asleep before the answer was stored.
            41..=43 => Some(self.sent(address, call, long)),
            _ => Some(self.sent(address, call, soon)),
        };
        self.flights.extend(stage.map(|stage| Flight { address, fence, call, stage }));
        Ok(())
    }

    fn sent(&mut self, address: u8, call: Call, until: Timestamp) -> Stage {
        let end = match call {
            Call::Register(digest) | Call::Amend(digest) if is_malformed(digest) => {
                End::Failed(FaultKind::Invalid { field: Code::new("email") })
            }
            _ => End::Heard(self.provider.hear(address, call)),
        };
        Stage::Sent { until, end }
    }

    /// Workers that slept before they sent send now, whoever has the lease.
    pub(super) fn wake(&mut self) {
        for mut flight in core::mem::take(&mut self.flights) {
            if let Stage::Asleep { until } = flight.stage
                && until <= self.now
            {
                let soon = later(self.now, self.dice.seconds(0, 40));
                flight.stage = if self.dice.chance(30) {
                    let landing = later(self.now, self.dice.seconds(0, 600));
                    self.provider.delay(landing, flight.address, flight.call);
                    Stage::Sent { until: soon, end: End::Failed(FaultKind::Ambiguous) }
                } else {
                    self.sent(flight.address, flight.call, soon)
                };
            }
            self.flights.push(flight);
        }
    }

    /// Workers learn how their calls ended.
    pub(super) fn hear(&mut self) -> Found {
        let now = self.now;
        let ended = |flight: &mut Flight| matches!(flight.stage, Stage::Sent { until, .. } if until <= now);
        for Flight { address, fence, call, stage } in self.flights.extract_if(.., ended).collect::<Vec<_>>() {
            let Stage::Sent { end, .. } = stage else { continue };
            if self.bridge.holds(address, fence, now) {
                let input = match end {
                    End::Heard(outcome) => Input::Replied(outcome),
                    End::Failed(kind) => {
                        let fault = Fault::new(kind, Peer::Provider, "register", Code::new("test"));
                        Input::Faulted {
                            verdict: judge(&fault, &self.work(address), now, Jitter::NONE, &self.retry),
                        }
                    }
                };
                self.bridge.turn(address, input, now)?;
                self.bridge.release(address);
            } else if may_have_landed(&end) && self.bridge.habits.tells_strays {
                self.bridge.turn(address, Input::Strayed(call.effect()), now)?;
            }
        }
        Ok(())
    }
}

const fn may_have_landed(end: &End) -> bool {
    match end {
        End::Heard(outcome) => !matches!(outcome, Outcome::Refused(_) | Outcome::TooLate),
        End::Failed(kind) => matches!(kind, FaultKind::Ambiguous),
    }
}
