//! Rows that are worked on under a lease.

use crate::id::{Epoch, Stored};
use crate::metrics::MetricsSync;
use crate::port::{Deferral, Lane};
use crate::registration::{Phase, Registration};
use crate::time::Timestamp;

/// A registration with what its lanes need.
pub(super) struct RegistrationRow {
    pub(super) stored: Stored<Registration>,
    pub(super) starts: Timestamp,
    pub(super) deliverable: bool,
    pub(super) deliver: Work,
    pub(super) answer: Work,
}

/// A sync with its lease.
pub(super) struct SyncRow {
    pub(super) stored: Stored<MetricsSync>,
    pub(super) work: Work,
}

/// Who works on a row, and when the next one may.
#[derive(Default)]
pub(super) struct Work {
    pub(super) fence: u64,
    pub(super) held: Option<Held>,
    pub(super) later: Option<Deferral>,
}

/// A lease that was not given back; it may be over.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) epoch: Epoch,
    pub(super) until: Timestamp,
}

impl Work {
    /// When an item that is due at `due` can be had: not while somebody else has it.
    pub(super) fn free_at(&self, due: Timestamp) -> Timestamp {
        self.held.map_or(due, |held| held.until.max(due))
    }

    pub(super) fn take(&mut self, epoch: Epoch, until: Timestamp) -> u64 {
        self.fence += 1;
        self.held = Some(Held { epoch, until });
        self.fence
    }

    /// Whether the lease of that fence is still out, be it over or not.
    pub(super) fn is_held_under(&self, fence: u64) -> bool {
        self.held.is_some() && self.fence == fence
    }

    pub(super) fn release(&mut self, later: Option<Deferral>) {
        self.held = None;
        self.later = later;
    }
}

impl RegistrationRow {
    pub(super) fn new(starts: Timestamp, deliverable: bool, stored: Stored<Registration>) -> Self {
        Self { stored, starts, deliverable, deliver: Work::default(), answer: Work::default() }
    }

    pub(super) const fn work(&self, lane: Lane) -> &Work {
        match lane {
            Lane::Deliver => &self.deliver,
            Lane::Answer => &self.answer,
        }
    }

    pub(super) const fn work_mut(&mut self, lane: Lane) -> &mut Work {
        match lane {
            Lane::Deliver => &mut self.deliver,
            Lane::Answer => &mut self.answer,
        }
    }

    /// When the lane has something to do here, were nobody at it; `None`: never, as things stand.
    pub(super) fn due(&self, lane: Lane, now: Timestamp) -> Option<Timestamp> {
        let registration = &self.stored.item;
        let by_itself = match lane {
            // What became of an open attempt is asked as soon as nobody works on it.
            Lane::Deliver if registration.open.is_some() => return self.deliverable.then_some(now),
            Lane::Deliver => match registration.phase {
                Phase::Due { at, .. } if self.deliverable => at,
                _ => return None,
            },
            Lane::Answer if registration.answers_due().is_empty() => return None,
            Lane::Answer => now,
        };
        Some(self.work(lane).later.map_or(by_itself, |later| later.at.max(by_itself)))
    }

    pub(super) const fn is_due_some_time(&self) -> bool {
        matches!(self.stored.item.phase, Phase::Due { .. })
    }
}
