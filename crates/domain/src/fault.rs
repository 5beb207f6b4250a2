//! Faults: what went wrong outside, and the one place that decides what follows from it.
//!
//! Adapters classify (they know the wire), [`judge`] decides (it is pure and the only one), flows obey.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::registration::Cause;
use crate::schedule::{Jitter, RetryPolicy, hurried, next_try};
use crate::time::{SignedDuration, Timestamp, later};

/// Something outside did not go as asked. Carries a code, never a body and never a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{peer} {operation}: {kind} ({code})")]
pub struct Fault {
    /// What it means for the work at hand.
    pub kind: FaultKind,
    /// Who it was.
    pub peer: Peer,
    /// Which of its operations, by our name for it.
    pub operation: &'static str,
    /// Which fault exactly; stable and documented.
    pub code: Code,
}

impl Fault {
    /// A fault of `kind`, as `code` names it.
    pub const fn new(kind: FaultKind, peer: Peer, operation: &'static str, code: Code) -> Self {
        Self { kind, peer, operation, code }
    }
}

/// Whom the bridge speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Peer {
    /// The webinar provider.
    Provider,
    /// Dynamics 365.
    Crm,
    /// The directory that gives out tokens.
    Directory,
    /// The house of the keys.
    Vault,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provider => "provider",
            Self::Crm => "crm",
            Self::Directory => "directory",
            Self::Vault => "vault",
        })
    }
}

/// A stable name of one way to fail, such as `on24.quota` or `vault.key_disabled`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(std::borrow::Cow<'static, str>);

impl Code {
    /// A code known when this was compiled.
    pub const fn new(code: &'static str) -> Self {
        Self(std::borrow::Cow::Borrowed(code))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The seven ways in which something outside fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Nothing happened, it may pass: no connection; a read that failed.
    Transient,
    /// A write may have happened: time-out, reset, 5xx, garbled echo.
    Ambiguous,
    /// Later, says the peer; `None`: it did not say when (a blind quota).
    Throttled {
        /// How long to wait, if the peer said so.
        after: Option<SignedDuration>,
    },
    /// The credential was not accepted.
    Unauthorised {
        /// Which version of it.
        version: u64,
    },
    /// Known but not permitted: role, licence, inactive account; `None`: the peer's text is unknown.
    Denied {
        /// Why, if it is known.
        why: Option<Code>,
    },
    /// What the work leans on is missing.
    Gone {
        /// Which of them.
        what: Missing,
    },
    /// This item is wrong and stays wrong.
    Invalid {
        /// The field at fault.
        field: Code,
    },
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transient => f.write_str("did not answer, nothing happened"),
            Self::Ambiguous => f.write_str("outcome unknown"),
            Self::Throttled { .. } => f.write_str("too many calls"),
            Self::Unauthorised { .. } => f.write_str("credential not accepted"),
            Self::Denied { .. } => f.write_str("not permitted"),
            Self::Gone { what } => write!(f, "{what} is missing"),
            Self::Invalid { field } => write!(f, "{field} is not valid"),
        }
    }
}

/// What work can lean on and find missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The provider's event.
    Webinar,
    /// The place in a change feed.
    Cursor,
    /// A table or column of the CRM.
    Table,
    /// A credential that was never entered, or was removed.
    Credential,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Webinar => "the webinar",
            Self::Cursor => "the place in the change feed",
            Self::Table => "a table or column",
            Self::Credential => "the credential",
        })
    }
}

/// What a verdict depends on beside the fault (rule R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Counted tries so far.
    pub tries: u32,
    /// The first of them.
    pub since: Option<Timestamp>,
    /// Start of the webinar.
    pub starts: Timestamp,
    /// End of the webinar.
    pub ends: Timestamp,
}

/// What becomes of one item of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Tried again.
    Again {
        /// When.
        at: Timestamp,
        /// Whether this counts against the horizon.
        counted: bool,
    },
    /// Asserted again, with a doubt (rules A1 to A3).
    Ambiguous {
        /// When, at the earliest.
        at: Timestamp,
        /// Whether the horizon is reached, so that a person must look.
        last: bool,
    },
    /// Stopped, until something or someone releases it.
    Hold(Cause),
}

/// Decides what follows from `fault` for `work`.
pub fn judge(fault: &Fault, work: &Work, now: Timestamp, jitter: Jitter, policy: &RetryPolicy) -> Verdict {
    match &fault.kind {
        FaultKind::Transient => counted(work, now, jitter, policy, policy.horizon),
        FaultKind::Ambiguous => unclear(work, now, jitter, policy),
        FaultKind::Throttled { after } => {
            let wait = after.unwrap_or(policy.blind_quota).clamp(policy.shortest_wait, policy.longest_wait);
            uncounted(now, jitter.stretch(wait))
        }
        FaultKind::Unauthorised { .. } | FaultKind::Gone { what: Missing::Credential } => {
            uncounted(now, policy.credential_probe)
        }
        FaultKind::Denied { why: Some(_) } | FaultKind::Gone { .. } => {
            uncounted(now, hurried(policy.permission_probe, work, now, policy))
        }
        FaultKind::Denied { why: None } => counted(work, now, jitter, policy, policy.unknown_denial),
        FaultKind::Invalid { field } => Verdict::Hold(Cause::Invalid(field.clone())),
    }
}

/// The verdict on a request whose outcome nobody will report any more.
pub fn unclear(work: &Work, now: Timestamp, jitter: Jitter, policy: &RetryPolicy) -> Verdict {
    let (at, last) = next_try(work, now, jitter, policy, policy.horizon);
    Verdict::Ambiguous { at, last }
}

fn counted(
    work: &Work,
    now: Timestamp,
    jitter: Jitter,
    policy: &RetryPolicy,
    horizon: SignedDuration,
) -> Verdict {
    match next_try(work, now, jitter, policy, horizon) {
        (_, true) => Verdict::Hold(Cause::Exhausted),
        (at, false) => Verdict::Again { at, counted: true },
    }
}

fn uncounted(now: Timestamp, wait: SignedDuration) -> Verdict {
    Verdict::Again { at: later(now, wait), counted: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_000_000, 0);
    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn fault(kind: FaultKind) -> Fault {
        Fault::new(kind, Peer::Provider, "register", Code::new("test"))
    }

    fn work(tries: u32, since: Option<SignedDuration>) -> Work {
        Work {
            tries,
            since: since.map(|ago| NOW - ago),
            starts: NOW + DAY * 5,
            ends: NOW + DAY * 5 + SignedDuration::from_hours(1),
        }
    }

    fn verdict(kind: FaultKind, work: &Work) -> Verdict {
        judge(&fault(kind), work, NOW, Jitter::NONE, &RetryPolicy::default())
    }

    fn again(secs: i64, counted: bool) -> Verdict {
        Verdict::Again { at: NOW + SignedDuration::from_secs(secs), counted }
    }

    #[test]
    fn each_kind_has_its_verdict() {
        let fresh = work(0, None);
        let table = [
            (FaultKind::Transient, again(0, true)),
            (FaultKind::Ambiguous, Verdict::Ambiguous { at: NOW, last: false }),
            (FaultKind::Throttled { after: Some(SignedDuration::from_secs(7)) }, again(7, false)),
            (FaultKind::Throttled { after: None }, again(60, false)),
            (FaultKind::Throttled { after: Some(DAY) }, again(3600, false)),
            (FaultKind::Throttled { after: Some(SignedDuration::ZERO) }, again(1, false)),
            (FaultKind::Unauthorised { version: 3 }, again(300, false)),
            (FaultKind::Denied { why: Some(Code::new("role")) }, again(3600, false)),
            (FaultKind::Denied { why: None }, again(0, true)),
            (FaultKind::Gone { what: Missing::Webinar }, again(3600, false)),
            (FaultKind::Gone { what: Missing::Credential }, again(300, false)),
            (
                FaultKind::Invalid { field: Code::new("email") },
                Verdict::Hold(Cause::Invalid(Code::new("email"))),
            ),
        ];
        for (kind, expected) in table {
            assert_eq!(verdict(kind.clone(), &fresh), expected, "{kind:?}");
        }
    }

    #[test]
    fn shortly_before_the_start_a_missing_webinar_is_looked_for_often() {
        let soon = Work { starts: NOW + SignedDuration::from_mins(30), ..work(0, None) };
        assert_eq!(verdict(FaultKind::Gone { what: Missing::Webinar }, &soon), again(300, false));
    }

    #[test]
    fn what_is_counted_ends_at_its_horizon() {
        let long = work(9, Some(SignedDuration::from_hours(72)));
        assert_eq!(verdict(FaultKind::Transient, &long), Verdict::Hold(Cause::Exhausted));
        assert!(matches!(verdict(FaultKind::Ambiguous, &long), Verdict::Ambiguous { last: true, .. }));
        let hour = work(9, Some(SignedDuration::from_hours(1)));
        assert_eq!(verdict(FaultKind::Denied { why: None }, &hour), Verdict::Hold(Cause::Exhausted));
        assert!(matches!(verdict(FaultKind::Transient, &hour), Verdict::Again { counted: true, .. }));
    }

    #[test]
    fn what_is_not_counted_never_ends() {
        let ages = work(1_000, Some(DAY * 30));
        for kind in [
            FaultKind::Throttled { after: None },
            FaultKind::Unauthorised { version: 1 },
            FaultKind::Denied { why: Some(Code::new("role")) },
            FaultKind::Gone { what: Missing::Webinar },
        ] {
            assert!(matches!(verdict(kind, &ages), Verdict::Again { counted: false, .. }));
        }
    }

    #[test]
    fn a_message_says_who_what_and_which() {
        let text = fault(FaultKind::Gone { what: Missing::Webinar }).to_string();
        assert_eq!(text, "provider register: the webinar is missing (test)");
    }
}
