//! Tasks: work that people ask for or that comes with the night, and that outlives a process.

use core::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{OrganizationId, WebinarId};
use crate::port::HeldFilter;
use crate::time::{SignedDuration, Timestamp, later};

/// A task of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Whose.
    pub organization: OrganizationId,
    /// Names it within the organization: a task that is asked for twice is one.
    pub name: TaskName,
    /// What is to be done.
    pub job: Job,
    /// When it was asked for.
    pub asked: Timestamp,
    /// When it goes on; `None`: it is over.
    pub due: Option<Timestamp>,
    /// How often in a row it could not go on, and since when.
    pub failed: (u32, Option<Timestamp>),
    /// When it came to its end; kept while it runs again.
    pub ended: Option<Timestamp>,
}

impl Task {
    /// A task that is due at once.
    pub const fn new(organization: OrganizationId, name: TaskName, job: Job, now: Timestamp) -> Self {
        Self { organization, name, job, asked: now, due: Some(now), failed: (0, None), ended: None }
    }

    /// The task at its end.
    #[must_use]
    pub fn over(&self, job: Job, now: Timestamp) -> Self {
        Self { job, due: None, failed: (0, None), ended: Some(now), ..self.clone() }
    }
}

/// The name of a task within its organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskName(String);

impl TaskName {
    /// What comes with the night; an organization has one.
    pub fn nightly() -> Self {
        Self("nightly".to_owned())
    }

    /// The comparison of a webinar with the provider's list; a dry run is another task.
    pub fn reconcile(webinar: WebinarId, dry_run: bool) -> Self {
        let what = if dry_run { "compare" } else { "reconcile" };
        Self(format!("{what}-{}", webinar.uuid().simple()))
    }

    /// A release; each is a task of its own.
    pub fn release(id: Uuid) -> Self {
        Self(format!("release-{}", id.simple()))
    }

    /// A name as it was stored.
    pub fn stored(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a task is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Job {
    /// Have every webinar that takes place compared, and clear away what is long over.
    Nightly,
    /// Compare a webinar with the provider's list (rule A4).
    Reconcile {
        /// Which webinar.
        webinar: WebinarId,
        /// Only count the differences.
        dry_run: bool,
        /// What the last comparison found.
        found: Option<Findings>,
    },
    /// Release held registrations, some at a time.
    Release {
        /// Which.
        filter: HeldFilter,
        /// Why, in the words of whoever asked.
        reason: String,
        /// How many were held when it was asked for.
        expected: u64,
        /// How many were released so far.
        released: u64,
    },
}

/// What a comparison with the provider's list found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// How many people the provider lists, be they registered or not.
    pub listed: u64,
    /// How many of them are registered and nobody of ours, or somebody who was erased: they are left alone.
    pub foreign: u64,
    /// How many registrations are as the list says.
    pub same: u64,
    /// How many are on their way or held, or so new that the list may not know them yet.
    pub moving: u64,
    /// How many who should be registered are not on the list.
    pub missing: u64,
    /// How many who should be registered are listed as gone.
    pub gone: u64,
    /// How many are listed with other details.
    pub changed: u64,
    /// How many who should not be registered are.
    pub there: u64,
    /// How many of these four differ as they did when it was last mended: they are counted, and not mended again.
    pub lasting: u64,
    /// Whether the list was whole; if not, nobody counts as missing.
    pub complete: bool,
    /// Whether the provider has an event to compare with at all.
    pub event: bool,
}

impl Findings {
    /// How many registrations differ, and are mended unless it was a dry run.
    pub const fn drift(&self) -> u64 {
        self.missing + self.gone + self.changed + self.there - self.lasting
    }
}

/// When what comes with the night comes, and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NightPolicy {
    /// How often.
    pub every: SignedDuration,
    /// How long after midnight, in UTC.
    pub after_midnight: SignedDuration,
    /// How long after its end a webinar is still compared.
    pub after_end: SignedDuration,
    /// How long what is over stays to be read.
    pub keep: SignedDuration,
}

impl Default for NightPolicy {
    fn default() -> Self {
        Self {
            every: SignedDuration::from_hours(24),
            after_midnight: SignedDuration::from_hours(2),
            after_end: SignedDuration::from_hours(24),
            keep: SignedDuration::from_hours(24 * 90),
        }
    }
}

impl NightPolicy {
    /// The next night after `now`.
    pub fn next(&self, now: Timestamp) -> Timestamp {
        let every = self.every.as_micros().max(1);
        let since = i128::from(now.as_microsecond()) - self.after_midnight.as_micros();
        let wait = every - since.rem_euclid(every);
        later(now, SignedDuration::from_micros(i64::try_from(wait).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_are_a_day_apart_and_always_ahead() {
        let policy = NightPolicy::default();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (now, next) in [
            ("2026-03-01T00:00:00Z", "2026-03-01T02:00:00Z"),
            ("2026-03-01T01:59:59Z", "2026-03-01T02:00:00Z"),
            ("2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z"),
            ("2026-03-01T17:00:00Z", "2026-03-02T02:00:00Z"),
            ("1969-12-31T23:00:00Z", "1970-01-01T02:00:00Z"),
        ] {
            assert_eq!(policy.next(at(now)), at(next), "after {now}");
        }
    }

    #[test]
    fn what_lasts_is_no_drift() {
        let found = Findings { missing: 3, gone: 1, changed: 2, there: 1, lasting: 4, ..Findings::default() };
        assert_eq!(found.drift(), 3);
    }

    #[test]
    fn a_dry_run_is_another_task() {
        let webinar = WebinarId::from(Uuid::from_u128(7));
        assert_ne!(TaskName::reconcile(webinar, true), TaskName::reconcile(webinar, false));
        assert_eq!(TaskName::reconcile(webinar, true), TaskName::reconcile(webinar, true));
    }
}
