//! The machine: one transition function over the whole product of states and inputs.

use super::{
    Answer, Applied, Attempt, Call, Cause, Doubt, Effect, Phase, Registration, RegistrationKey,
    RegistrationPolicy, Sighting, Source, Stance, Told, Tried, Words,
};
use crate::fact::{FactKind, NotAllowed, Step, Why};
use crate::fault::Verdict;
use crate::id::{CrmRecordId, ProviderPersonId, SourceId, Version};
use crate::person::SealedDetails;
use crate::time::{Timestamp, later};

/// What can happen to a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A CRM row was read.
    Observed(Observation),
    /// A call is about to be sent.
    Opened(Call),
    /// The provider answered.
    Replied(Outcome),
    /// The call failed, and this was decided. Not for an unclear outcome.
    Faulted {
        /// What becomes of it.
        verdict: Verdict,
    },
    /// A next claimer found the attempt open: nobody will report its outcome.
    Interrupted {
        /// What becomes of it.
        verdict: Verdict,
    },
    /// An answer came whose lease was gone: this may have landed.
    Strayed(Effect),
    /// The provider's event is another one now: nobody is known to be there.
    Drifted,
    /// A reconciliation saw the person in the provider's list, or did not (rule A4).
    Sighted(Sighting),
    /// Too many cancels came at once; this is one of them.
    Braked,
    /// A person wants it tried again.
    Released,
    /// The person is to be erased.
    Erase,
    /// An answer is about to be written to the CRM row (rule D2).
    Answering {
        /// Which row.
        source: SourceId,
    },
    /// The CRM row has the answer.
    Answered {
        /// Which row.
        source: SourceId,
        /// Which answer.
        answer: Answer,
    },
}

/// What one reading says of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Which row.
    pub source: SourceId,
    /// The greatest row version in the reading.
    pub version: Version,
    /// What it says.
    pub stance: Stance,
    /// The details as read, with the contact they came from; `None` when the row is gone or has moved away.
    pub read: Option<(SealedDetails, CrmRecordId)>,
}

/// The provider's answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Created or replaced, under this id.
    Admitted(Option<ProviderPersonId>),
    /// Changed.
    Amended(Option<ProviderPersonId>),
    /// Taken off the list.
    Cancelled,
    /// Erased.
    Forgotten,
    /// Nobody of that address is there.
    NotThere,
    /// The webinar has started; nobody is taken off the list any more.
    TooLate,
    /// No, in the provider's words.
    Refused(Words),
}

impl Input {
    const fn name(&self) -> &'static str {
        match self {
            Self::Observed(_) => "observed",
            Self::Opened(_) => "opened",
            Self::Replied(_) => "replied",
            Self::Faulted { .. } => "faulted",
            Self::Interrupted { .. } => "interrupted",
            Self::Strayed(_) => "strayed",
            Self::Drifted => "drifted",
            Self::Sighted(_) => "sighted",
            Self::Braked => "braked",
            Self::Released => "released",
            Self::Erase => "erase",
            Self::Answering { .. } => "answering",
            Self::Answered { .. } => "answered",
        }
    }
}

type Moves = Result<Step<Registration>, NotAllowed>;

#[expect(clippy::unnecessary_wraps, reason = "said where a transition ends, beside those that are refused")]
fn moved(next: Registration, fact: FactKind) -> Moves {
    Ok(Step::Moved { next, fact })
}

impl Registration {
    /// The next state, and the fact that explains it.
    pub fn on(&self, input: Input, now: Timestamp, policy: &RegistrationPolicy) -> Moves {
        if self.phase == Phase::Erased {
            return self.after_the_end(&input);
        }
        let next = self.clone();
        match input {
            Input::Observed(seen) => next.observed(seen, now, policy),
            Input::Opened(call) => next.opened(call, now),
            Input::Replied(outcome) => next.replied(outcome, now, policy),
            Input::Faulted { verdict } => next.faulted(verdict, now, policy),
            Input::Interrupted { verdict } => next.interrupted(&verdict, now, policy),
            Input::Strayed(effect) => next.strayed(effect, now, policy),
            Input::Drifted => next.elsewhere(now),
            Input::Sighted(sighting) => next.sighted(sighting, now),
            Input::Braked => next.braked(now),
            Input::Released => next.released(now, policy),
            Input::Erase => next.erase(now, policy),
            Input::Answering { source } => next.answering(source),
            Input::Answered { source, answer } => next.answered(source, answer),
        }
    }

    fn after_the_end(&self, input: &Input) -> Moves {
        match input {
            Input::Observed(seen) => Ok(self.clone().observed_too_late(seen)),
            Input::Strayed(_)
            | Input::Drifted
            | Input::Sighted(_)
            | Input::Erase
            | Input::Answering { .. }
            | Input::Answered { .. } => Ok(Step::Ignored(Why::Erased)),
            Input::Opened(_)
            | Input::Replied(_)
            | Input::Faulted { .. }
            | Input::Interrupted { .. }
            | Input::Braked
            | Input::Released => Err(self.refuse(input)),
        }
    }

    fn refuse(&self, input: &Input) -> NotAllowed {
        NotAllowed { state: self.state(), input: input.name() }
    }

    /// The state's name, with what is in flight.
    pub const fn state(&self) -> &'static str {
        match (&self.phase, self.open.is_some()) {
            (Phase::Due { .. }, false) => "due",
            (Phase::Due { .. }, true) => "due, open",
            (Phase::Settled, _) => "settled",
            (Phase::Held { .. }, _) => "held",
            (Phase::Erased, _) => "erased",
        }
    }

    fn observed(mut self, seen: Observation, now: Timestamp, policy: &RegistrationPolicy) -> Moves {
        if self.erasing.is_some() {
            return Ok(self.observed_too_late(&seen));
        }
        let before = self.desired();
        let known = self.sources.get(&seen.source);
        if known.is_some_and(|source| source.outdates(&seen)) {
            return Ok(Step::Ignored(Why::Stale));
        }
        let echo = known.is_some_and(|source| source.stance == seen.stance);
        if !self.take(seen) {
            return Err(NotAllowed { state: self.state(), input: "observed away" });
        }
        if echo {
            return Ok(Step::Noted { next: self });
        }
        if self.desired() != before {
            self.wanted_otherwise(now, policy);
        }
        moved(self, FactKind::RegistrationObserved)
    }

    /// Nothing more is learned of a person who is to be erased; only that a row is here no longer, so that it is not
    /// counted twice.
    fn observed_too_late(mut self, seen: &Observation) -> Step<Self> {
        match self.sources.get_mut(&seen.source) {
            Some(source) if seen.stance.is_elsewhere() && !source.outdates(seen) => {
                source.take(Observation { read: None, ..seen.clone() });
                Step::Noted { next: self }
            }
            _ => Step::Ignored(Why::Erased),
        }
    }

    /// Takes a reading in. `false` if it says that an unknown source has moved away or is gone, or if it does not
    /// bring the details that it speaks of.
    fn take(&mut self, seen: Observation) -> bool {
        if matches!(seen.stance, Stance::Active(_)) && seen.read.is_none() {
            return false;
        }
        if let Some(source) = self.sources.get_mut(&seen.source) {
            source.take(seen);
            return true;
        }
        let Some((details, contact)) = seen.read else { return false };
        if seen.stance.is_elsewhere() {
            return false;
        }
        let Observation { source, version, stance, .. } = seen;
        let new = Source { version, changed: version, stance, details, contact, answered: Told::Nothing };
        self.sources.insert(source, new);
        true
    }

    /// What is wanted has changed: a call that is out goes on, everything else is aimed anew.
    fn wanted_otherwise(&mut self, now: Timestamp, policy: &RegistrationPolicy) {
        (self.tried, self.difference) = (None, None);
        if self.open.is_some() {
            self.phase = Phase::Due { at: now, tries: 0, since: None };
        } else {
            self.aim(now, policy);
        }
    }

    fn opened(mut self, call: Call, now: Timestamp) -> Moves {
        let ready = matches!(self.phase, Phase::Due { at, .. } if at <= now);
        if !ready || self.open.is_some() || call != self.next_call() {
            return Err(self.refuse(&Input::Opened(call)));
        }
        self.attempts += 1;
        self.open = Some(Attempt { number: self.attempts, call, opened: now });
        let first = self.tried.map_or(now, |tried| tried.first);
        self.tried = Some(Tried { first, last: now });
        moved(self, FactKind::AttemptOpened)
    }

    fn replied(mut self, outcome: Outcome, now: Timestamp, policy: &RegistrationPolicy) -> Moves {
        let Some(attempt) = self.open else { return Err(self.refuse(&Input::Replied(outcome))) };
        let (effect, fact) = match (attempt.call, &outcome) {
            (Call::Register(digest), Outcome::Admitted(_)) => {
                (Effect::Present(digest), FactKind::RegistrationAdmitted)
            }
            (Call::Amend(digest), Outcome::Amended(_)) => {
                (Effect::Present(digest), FactKind::RegistrationAmended)
            }
            (Call::Amend(_), Outcome::NotThere) => (Effect::Absent, FactKind::FoundMissing),
            (Call::Cancel, Outcome::Cancelled | Outcome::NotThere) => {
                (Effect::Absent, FactKind::RegistrationCancelled)
            }
            (Call::Forget, Outcome::Forgotten | Outcome::NotThere) => {
                (Effect::Forgotten, FactKind::RegistrationForgotten)
            }
            (_, Outcome::Refused(words)) => {
                let cause = Cause::Refused(words.clone());
                return self.denied(attempt, cause, now, policy);
            }
            (Call::Cancel, Outcome::TooLate) => return self.denied(attempt, Cause::TooLate, now, policy),
            _ => return Err(self.refuse(&Input::Replied(outcome))),
        };
        if let Outcome::Admitted(Some(person)) | Outcome::Amended(Some(person)) = outcome {
            self.person = Some(person);
        }
        self.landed(attempt, effect, now);
        self.aim(now, policy);
        if self.phase == Phase::Erased {
            self.let_go();
            return moved(self, FactKind::RegistrationErased);
        }
        moved(self, fact)
    }

    /// The call is known to have had this effect.
    fn landed(&mut self, attempt: Attempt, effect: Effect, now: Timestamp) {
        self.close();
        self.tried = self.tried.map(|tried| Tried { last: now, ..tried });
        self.applied = Applied::Known(effect);
        // A reply that arrives late says nothing of what landed between: only the time of opening counts.
        if self.doubt.is_some_and(|doubt| doubt.until <= attempt.opened) {
            self.doubt = None;
        }
        if !self.contested() && effect == Effect::Forgotten {
            self.erasing = self.erasing.map(|checks| checks + 1);
        }
    }

    /// What is erased is erased here, too: what stays says that there was somebody, not who.
    fn let_go(&mut self) {
        self.person = None;
        for source in self.sources.values_mut() {
            source.details = SealedDetails::new(vec![]);
            source.answered = Told::Nothing;
        }
    }

    fn close(&mut self) {
        self.open = None;
        self.takeovers = 0;
    }

    /// A verdict on content that is no longer wanted holds nothing.
    fn denied(
        mut self,
        attempt: Attempt,
        cause: Cause,
        now: Timestamp,
        policy: &RegistrationPolicy,
    ) -> Moves {
        self.close();
        if self.still_wants(attempt.call, policy) {
            self.phase = Phase::Held { cause, since: now };
            return moved(self, FactKind::RegistrationHeld);
        }
        self.aim(now, policy);
        moved(self, FactKind::AttemptDeferred)
    }

    fn still_wants(&self, call: Call, policy: &RegistrationPolicy) -> bool {
        call.effect() == self.desired() && !self.covers(policy)
    }

    fn faulted(mut self, verdict: Verdict, now: Timestamp, policy: &RegistrationPolicy) -> Moves {
        let Some(attempt) = self.open else { return Err(self.refuse(&Input::Faulted { verdict })) };
        match verdict {
            Verdict::Hold(cause) => self.denied(attempt, cause, now, policy),
            Verdict::Again { at, counted } => {
                let (tries, since) = self.tries();
                self.close();
                if self.still_wants(attempt.call, policy) {
                    let since = if counted { since.or(Some(now)) } else { since };
                    self.phase = Phase::Due { at: at.max(now), tries: tries + u32::from(counted), since };
                } else {
                    self.aim(now, policy);
                }
                moved(self, FactKind::AttemptDeferred)
            }
            Verdict::Ambiguous { at, last } => {
                self.takeovers = 0;
                self.unclear(attempt, at, last.then_some(Cause::Unresolved), now, policy)
            }
        }
    }

    fn interrupted(mut self, verdict: &Verdict, now: Timestamp, policy: &RegistrationPolicy) -> Moves {
        let (Some(attempt), Verdict::Ambiguous { at, last }) = (self.open, verdict) else {
            return Err(self.refuse(&Input::Interrupted { verdict: verdict.clone() }));
        };
        self.takeovers += 1;
        let poison = (self.takeovers >= policy.takeovers).then_some(Cause::Poison);
        self.unclear(attempt, *at, poison.or(last.then_some(Cause::Unresolved)), now, policy)
    }

    fn unclear(
        mut self,
        attempt: Attempt,
        at: Timestamp,
        end: Option<Cause>,
        now: Timestamp,
        policy: &RegistrationPolicy,
    ) -> Moves {
        let (tries, since) = self.tries();
        self.open = None;
        self.applied = Applied::Unknown;
        self.doubted(attempt.call.effect(), attempt.opened, now, later(now, policy.landing));
        let wanted = attempt.call.effect() == self.desired();
        self.phase = match end {
            Some(Cause::Poison) => Phase::Held { cause: Cause::Poison, since: now },
            Some(cause) if wanted => Phase::Held { cause, since: now },
            _ => Phase::Due {
                at: later(now, policy.pause).max(at),
                tries: tries + 1,
                since: since.or(Some(now)),
            },
        };
        moved(self, FactKind::OutcomeUnknown)
    }

    const fn tries(&self) -> (u32, Option<Timestamp>) {
        match self.phase {
            Phase::Due { tries, since, .. } => (tries, since),
            Phase::Settled | Phase::Held { .. } | Phase::Erased => (0, None),
        }
    }

    /// A late answer says what was asked, not when it lands: it may still be on its way.
    fn strayed(mut self, effect: Effect, now: Timestamp, policy: &RegistrationPolicy) -> Moves {
        self.doubted(effect, Timestamp::MIN, now, later(now, policy.landing));
        if self.contested() {
            self.erasing = self.erasing.map(|_| 0);
            if self.open.is_none() && !matches!(self.phase, Phase::Held { .. }) {
                self.phase = Phase::Due { at: self.pause_over(now, policy), tries: 0, since: None };
            }
        }
        moved(self, FactKind::AnswerStrayed)
    }

    fn elsewhere(mut self, now: Timestamp) -> Moves {
        self.difference = None;
        self.drifted(now)
    }

    fn drifted(mut self, now: Timestamp) -> Moves {
        match self.phase {
            Phase::Due { .. } => return Ok(Step::Ignored(Why::InFlight)),
            Phase::Settled => {
                self.phase = Phase::Due { at: now, tries: 0, since: None };
                self.tried = None;
            }
            Phase::Held { .. } | Phase::Erased => {}
        }
        self.applied = Applied::Unknown;
        moved(self, FactKind::DriftFound)
    }

    /// Who is missing, or there with other details, is asserted once. If the list shows the same again, the provider has a
    /// reason, and asserting it every night would only send the person another confirmation; it is counted for somebody to
    /// look at. Whoever is listed as gone, or still there, was made so by somebody else: that is mended each time.
    fn sighted(mut self, sighting: Sighting, now: Timestamp) -> Moves {
        match self.phase {
            Phase::Settled => {}
            Phase::Due { .. } => return Ok(Step::Ignored(Why::InFlight)),
            Phase::Held { .. } | Phase::Erased => return Ok(Step::Ignored(Why::NotConcerned)),
        }
        let lasts = match sighting {
            Sighting::Missing | Sighting::Other(_) => Some(sighting),
            Sighting::AsKnown | Sighting::Gone | Sighting::There => None,
        };
        let again = self.difference == lasts;
        self.difference = lasts;
        match sighting {
            Sighting::AsKnown | Sighting::Missing | Sighting::Other(_) if again => {
                Ok(Step::Ignored(Why::AlreadySo))
            }
            Sighting::AsKnown => Ok(Step::Noted { next: self }),
            Sighting::Missing | Sighting::Other(_) | Sighting::Gone | Sighting::There => self.drifted(now),
        }
    }

    fn braked(mut self, now: Timestamp) -> Moves {
        match self.phase {
            Phase::Due { .. } if self.open.is_some() => Ok(Step::Ignored(Why::InFlight)),
            Phase::Due { .. } if self.desired() != Effect::Absent => Ok(Step::Ignored(Why::NotConcerned)),
            Phase::Due { .. } => {
                self.phase = Phase::Held { cause: Cause::Brake, since: now };
                moved(self, FactKind::CancelBraked)
            }
            Phase::Settled | Phase::Held { .. } | Phase::Erased => Err(self.refuse(&Input::Braked)),
        }
    }

    fn released(mut self, now: Timestamp, policy: &RegistrationPolicy) -> Moves {
        match self.phase {
            Phase::Due { .. } if self.open.is_some() => Ok(Step::Ignored(Why::InFlight)),
            // Between the checks of an erasure there is nothing to hurry: the wait is what is checked.
            Phase::Due { .. } if self.erasing.is_some() && self.reached() => {
                Ok(Step::Ignored(Why::NotConcerned))
            }
            Phase::Due { .. } | Phase::Held { .. } => {
                self.takeovers = 0;
                self.phase = Phase::Due { at: self.pause_over(now, policy), tries: 0, since: None };
                moved(self, FactKind::RegistrationReleased)
            }
            Phase::Settled | Phase::Erased => Err(self.refuse(&Input::Released)),
        }
    }

    fn erase(mut self, now: Timestamp, policy: &RegistrationPolicy) -> Moves {
        if self.erasing.is_some() {
            return Ok(Step::Ignored(Why::AlreadySo));
        }
        self.erasing = Some(0);
        self.wanted_otherwise(now, policy);
        moved(self, FactKind::ErasureBegun)
    }

    /// From here on until the end is recorded nobody knows which answer the row has; so it is written again, even if the
    /// outcome turns back meanwhile to the one that the row had before.
    fn answering(mut self, source: SourceId) -> Moves {
        let Some(known) = self.sources.get_mut(&source) else {
            return Err(NotAllowed { state: self.state(), input: "answering" });
        };
        if known.answered == Told::Unsure {
            return Ok(Step::Ignored(Why::AlreadySo));
        }
        known.answered = Told::Unsure;
        Ok(Step::Noted { next: self })
    }

    fn answered(mut self, source: SourceId, answer: Answer) -> Moves {
        let Some(known) = self.sources.get_mut(&source) else {
            return Err(NotAllowed { state: self.state(), input: "answered" });
        };
        if known.answered.is(&answer) {
            return Ok(Step::Ignored(Why::AlreadySo));
        }
        known.answered = Told::This(answer);
        moved(self, FactKind::AnswerWritten)
    }

    /// The one place where the phase follows from what is wanted and what is known.
    fn aim(&mut self, now: Timestamp, policy: &RegistrationPolicy) {
        let due = |at| Phase::Due { at, tries: 0, since: None };
        self.phase = if self.covers(policy) {
            if self.erasing.is_some() { Phase::Erased } else { Phase::Settled }
        } else if self.open.is_none() && self.reached() {
            due(self.next_look(now, policy))
        } else {
            due(self.pause_over(now, policy))
        };
    }

    /// When what is known already is asserted once more: after the doubt, or at the next check of an erasure.
    fn next_look(&self, now: Timestamp, policy: &RegistrationPolicy) -> Timestamp {
        match self.doubt {
            Some(doubt) if self.contested() => doubt.until.max(now),
            _ => {
                let done = usize::try_from(self.erasing.unwrap_or(0)).unwrap_or(usize::MAX);
                let wait = policy.erase_checks.get(done.saturating_sub(1)).copied().unwrap_or_default();
                later(now, wait)
            }
        }
    }

    /// A different request waits a while after an unclear one.
    fn pause_over(&self, now: Timestamp, policy: &RegistrationPolicy) -> Timestamp {
        match self.doubt {
            Some(doubt) if self.contested() => later(doubt.since, policy.pause).max(now),
            _ => now,
        }
    }

    fn doubted(&mut self, of: Effect, sent: Timestamp, now: Timestamp, until: Timestamp) {
        // A doubt that was over before this request was sent says nothing any more.
        let old = self.doubt.filter(|doubt| doubt.until > sent);
        self.doubt = Some(match old {
            None => Doubt { of: Some(of), since: now, until },
            Some(doubt) => Doubt {
                of: doubt.of.filter(|effect| *effect == of),
                since: now,
                until: until.max(doubt.until),
            },
        });
    }
}

impl Source {
    /// Whether a reading says nothing new: the delete of a row is final, and every other word has its version. That
    /// its event became ours, or ceased to be, is not the row's word: it comes with the version that is known already.
    fn outdates(&self, seen: &Observation) -> bool {
        let event_changed = (self.stance == Stance::Excluded) != (seen.stance == Stance::Excluded);
        let old = if event_changed { seen.version < self.version } else { seen.version <= self.version };
        self.stance == Stance::Deleted || (seen.stance != Stance::Deleted && old)
    }

    fn take(&mut self, seen: Observation) {
        self.version = self.version.max(seen.version);
        if self.stance != seen.stance {
            self.changed = self.version;
            if self.stance.is_elsewhere() {
                // It was elsewhere meanwhile, and heard another registration's answers.
                self.answered = Told::Nothing;
            }
            self.stance = seen.stance;
        }
        if let Some((details, contact)) = seen.read {
            self.details = details;
            self.contact = contact;
        }
    }
}

/// What a move away says at the old home.
pub(crate) const fn left(source: SourceId, version: Version, to: RegistrationKey, live: bool) -> Observation {
    Observation { source, version, stance: Stance::Left { to, live }, read: None }
}
