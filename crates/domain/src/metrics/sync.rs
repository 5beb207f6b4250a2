//! The machine that brings one webinar's metrics home, a page at a time.

use serde::{Deserialize, Serialize};

use crate::fact::{FactKind, NotAllowed, Step, Why};
use crate::fault::Verdict;
use crate::id::{OrganizationId, WebinarId};
use crate::registration::Cause;
use crate::schedule::Cadence;
use crate::time::Timestamp;

#[cfg(test)]
mod product;

/// A place in the provider's list of attendance; opaque.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PageMark(Option<String>);

impl PageMark {
    /// The first page.
    pub const FIRST: Self = Self(None);

    /// A page that the provider's adapter named.
    pub fn at(mark: impl Into<String>) -> Self {
        Self(Some(mark.into()))
    }

    /// The adapter's name of the page; `None` for the first.
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether a pull begins here.
    pub const fn is_first(&self) -> bool {
        self.0.is_none()
    }
}

/// The metrics of one webinar on their way home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricsSync {
    /// Whose.
    pub organization: OrganizationId,
    /// Of which webinar.
    pub webinar: WebinarId,
    /// When the webinar ends.
    pub ends: Timestamp,
    /// Where it stands.
    pub state: SyncState,
}

/// Where a sync stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SyncState {
    /// A page is to be pulled.
    Scheduled {
        /// When.
        due: Timestamp,
        /// Which.
        page: PageMark,
        /// Counted tries so far.
        tries: u32,
        /// The first of them.
        since: Option<Timestamp>,
    },
    /// A page is in hand, to be written to the CRM.
    Staged {
        /// When.
        due: Timestamp,
        /// The page after it, if there is one.
        more: Option<PageMark>,
        /// Counted tries so far.
        tries: u32,
        /// The first of them.
        since: Option<Timestamp>,
        /// Whether the webinar is gone, so that this is the last page.
        last: bool,
    },
    /// Stopped.
    Suspended {
        /// What goes on when it is released.
        resume: Resume,
        /// Why.
        cause: Cause,
        /// Since when.
        at: Timestamp,
    },
    /// The archive is closed and the numbers are settled.
    Closed {
        /// Since when.
        at: Timestamp,
    },
}

/// What a suspended sync goes on with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Resume {
    /// Pulling this page.
    Scheduled {
        /// Which.
        page: PageMark,
    },
    /// Writing the page in hand.
    Staged {
        /// The page after it, if there is one.
        more: Option<PageMark>,
        /// Whether the webinar is gone, so that this is the last page.
        last: bool,
    },
}

/// What can happen to a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A page was pulled and staged.
    Pulled {
        /// The page after it, if there is one.
        more: Option<PageMark>,
    },
    /// The pull brought nothing new.
    Unchanged,
    /// The page in hand is in the CRM.
    Upserted,
    /// The pull or the write failed, and this was decided.
    Faulted {
        /// What becomes of it.
        verdict: Verdict,
    },
    /// Released, by a person or an open gate.
    Resumed,
    /// The webinar's times moved.
    Replanned {
        /// When it ends now.
        ends: Timestamp,
    },
    /// The archive is closed.
    PeriodOver,
    /// The webinar was cancelled, or is gone.
    WebinarGone,
}

type Moves = Result<Step<MetricsSync>, NotAllowed>;

impl MetricsSync {
    /// A sync begins when its webinar is first seen.
    pub fn planned(
        organization: OrganizationId,
        webinar: WebinarId,
        ends: Timestamp,
        now: Timestamp,
        cadence: &Cadence,
    ) -> Self {
        let state = SyncState::Scheduled {
            due: cadence.first(ends, now),
            page: PageMark::FIRST,
            tries: 0,
            since: None,
        };
        Self { organization, webinar, ends, state }
    }

    /// When something is to be done next.
    pub const fn due(&self) -> Option<Timestamp> {
        match self.state {
            SyncState::Scheduled { due, .. } | SyncState::Staged { due, .. } => Some(due),
            SyncState::Suspended { .. } | SyncState::Closed { .. } => None,
        }
    }

    /// Counted tries so far, and the first of them.
    pub const fn tries(&self) -> (u32, Option<Timestamp>) {
        match self.state {
            SyncState::Scheduled { tries, since, .. } | SyncState::Staged { tries, since, .. } => {
                (tries, since)
            }
            SyncState::Suspended { .. } | SyncState::Closed { .. } => (0, None),
        }
    }

    /// The state's name.
    pub const fn state_name(&self) -> &'static str {
        match self.state {
            SyncState::Scheduled { .. } => "scheduled",
            SyncState::Staged { .. } => "staged",
            SyncState::Suspended { .. } => "suspended",
            SyncState::Closed { .. } => "closed",
        }
    }

    /// The next state, and the fact that explains it.
    pub fn on(&self, input: &Input, now: Timestamp, cadence: &Cadence) -> Moves {
        let moved = match input {
            Input::Pulled { more } => self.pulled(more.as_ref(), now),
            Input::Unchanged => self.unchanged(now, cadence),
            Input::Upserted => self.upserted(now, cadence),
            Input::Faulted { verdict } => self.faulted(verdict, now),
            Input::Resumed => self.resumed(now),
            Input::Replanned { ends } => return Ok(self.replanned(*ends, now, cadence)),
            Input::PeriodOver => return self.period_over(now),
            Input::WebinarGone if matches!(self.state, SyncState::Staged { last: true, .. }) => {
                return Ok(Step::Ignored(Why::AlreadySo));
            }
            Input::WebinarGone => self.webinar_gone(now),
        };
        let (state, fact) = moved.ok_or_else(|| self.refuse(input))?;
        Ok(Step::Moved { next: Self { state, ..self.clone() }, fact })
    }

    const fn refuse(&self, input: &Input) -> NotAllowed {
        NotAllowed { state: self.state_name(), input: input.name() }
    }

    fn pulled(&self, more: Option<&PageMark>, now: Timestamp) -> Option<(SyncState, FactKind)> {
        let SyncState::Scheduled { .. } = self.state else { return None };
        let more = more.cloned();
        let state = SyncState::Staged { due: now, more, tries: 0, since: None, last: false };
        Some((state, FactKind::MetricsPulled))
    }

    fn unchanged(&self, now: Timestamp, cadence: &Cadence) -> Option<(SyncState, FactKind)> {
        let SyncState::Scheduled { .. } = self.state else { return None };
        Some((self.next_pull(now, cadence), FactKind::MetricsUnchanged))
    }

    fn upserted(&self, now: Timestamp, cadence: &Cadence) -> Option<(SyncState, FactKind)> {
        let SyncState::Staged { more, last, .. } = &self.state else { return None };
        let state = match more {
            _ if *last => SyncState::Closed { at: now },
            Some(page) => SyncState::Scheduled { due: now, page: page.clone(), tries: 0, since: None },
            None => self.next_pull(now, cadence),
        };
        Some((state, FactKind::MetricsUpserted))
    }

    /// The first page again, when the cadence says; after the archive has closed, at once, so that it can close.
    fn next_pull(&self, now: Timestamp, cadence: &Cadence) -> SyncState {
        let due = cadence.next(self.ends, now).unwrap_or_else(|| cadence.closes(self.ends).max(now));
        SyncState::Scheduled { due, page: PageMark::FIRST, tries: 0, since: None }
    }

    fn faulted(&self, verdict: &Verdict, now: Timestamp) -> Option<(SyncState, FactKind)> {
        let (at, counted) = match verdict {
            Verdict::Hold(cause) => return self.suspended(cause, now),
            Verdict::Again { at, counted } => (*at, *counted),
            Verdict::Ambiguous { last: true, .. } => return self.suspended(&Cause::Unresolved, now),
            Verdict::Ambiguous { at, last: false } => (*at, true),
        };
        let mut state = self.state.clone();
        match &mut state {
            SyncState::Scheduled { due, tries, since, .. } | SyncState::Staged { due, tries, since, .. } => {
                *due = at.max(now);
                *tries += u32::from(counted);
                if counted {
                    since.get_or_insert(now);
                }
            }
            SyncState::Suspended { .. } | SyncState::Closed { .. } => return None,
        }
        Some((state, FactKind::SyncDeferred))
    }

    fn suspended(&self, cause: &Cause, at: Timestamp) -> Option<(SyncState, FactKind)> {
        let resume = match &self.state {
            SyncState::Scheduled { page, .. } => Resume::Scheduled { page: page.clone() },
            SyncState::Staged { more, last, .. } => Resume::Staged { more: more.clone(), last: *last },
            SyncState::Suspended { .. } | SyncState::Closed { .. } => return None,
        };
        Some((SyncState::Suspended { resume, cause: cause.clone(), at }, FactKind::SyncSuspended))
    }

    fn resumed(&self, now: Timestamp) -> Option<(SyncState, FactKind)> {
        let first = || SyncState::Scheduled { due: now, page: PageMark::FIRST, tries: 0, since: None };
        let state = match &self.state {
            SyncState::Suspended { resume: Resume::Scheduled { page }, .. } => {
                SyncState::Scheduled { due: now, page: page.clone(), tries: 0, since: None }
            }
            SyncState::Suspended { resume: Resume::Staged { more, last }, .. } => {
                SyncState::Staged { due: now, more: more.clone(), tries: 0, since: None, last: *last }
            }
            SyncState::Closed { .. } => first(),
            SyncState::Scheduled { .. } | SyncState::Staged { .. } => return None,
        };
        Some((state, FactKind::SyncResumed))
    }

    /// A pull that has begun goes on; one that waits for its time is timed anew; one that had ended begins again if
    /// the archive is open again.
    fn replanned(&self, ends: Timestamp, now: Timestamp, cadence: &Cadence) -> Step<Self> {
        let mut next = Self { ends, ..self.clone() };
        match &mut next.state {
            SyncState::Scheduled { due, page, tries: 0, .. } if page.is_first() => {
                *due = cadence.first(ends, now);
            }
            SyncState::Closed { .. } if cadence.closes(ends) > now => {
                next.state = Self::planned(self.organization, self.webinar, ends, now, cadence).state;
            }
            SyncState::Scheduled { .. }
            | SyncState::Staged { .. }
            | SyncState::Suspended { .. }
            | SyncState::Closed { .. } => {}
        }
        Step::Moved { next, fact: FactKind::SyncPlanned }
    }

    fn period_over(&self, now: Timestamp) -> Moves {
        match &self.state {
            SyncState::Scheduled { page, .. } if page.is_first() => {
                let next = Self { state: SyncState::Closed { at: now }, ..self.clone() };
                Ok(Step::Moved { next, fact: FactKind::SyncClosed })
            }
            // In the middle of a pull: it ends first.
            SyncState::Scheduled { .. } => Ok(Step::Ignored(Why::InFlight)),
            SyncState::Staged { .. } | SyncState::Suspended { .. } | SyncState::Closed { .. } => {
                Err(self.refuse(&Input::PeriodOver))
            }
        }
    }

    fn webinar_gone(&self, now: Timestamp) -> Option<(SyncState, FactKind)> {
        match &self.state {
            SyncState::Scheduled { .. } | SyncState::Suspended { .. } => {
                Some((SyncState::Closed { at: now }, FactKind::SyncClosed))
            }
            SyncState::Staged { due, tries, since, .. } => {
                let state =
                    SyncState::Staged { due: *due, more: None, tries: *tries, since: *since, last: true };
                Some((state, FactKind::SyncCurtailed))
            }
            SyncState::Closed { .. } => None,
        }
    }
}

impl Input {
    const fn name(&self) -> &'static str {
        match self {
            Self::Pulled { .. } => "pulled",
            Self::Unchanged => "unchanged",
            Self::Upserted => "upserted",
            Self::Faulted { .. } => "faulted",
            Self::Resumed => "resumed",
            Self::Replanned { .. } => "replanned",
            Self::PeriodOver => "period over",
            Self::WebinarGone => "webinar gone",
        }
    }
}
