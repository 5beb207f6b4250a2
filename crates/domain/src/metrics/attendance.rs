//! What one person watched at one webinar, and its merge.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{CrmRecordId, OrganizationId, ProviderPersonId, SourceId, WebinarId};
use crate::person::SealedDetails;
use crate::time::Timestamp;

/// Names one person's attendance: the provider's own id of the person at the webinar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttendanceKey {
    /// Whose it is.
    pub organization: OrganizationId,
    /// At which webinar.
    pub webinar: WebinarId,
    /// Who it was.
    pub person: ProviderPersonId,
}

/// The deterministic id of a check-in row: the same registration at the same webinar is the same row, whatever is
/// repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttendanceId(Uuid);

impl AttendanceId {
    /// The id for a CRM registration row at a webinar: a UUID version 5.
    pub fn of(organization: OrganizationId, webinar: WebinarId, source: SourceId) -> Self {
        let mut name = Vec::with_capacity(48);
        name.extend_from_slice(organization.uuid().as_bytes());
        name.extend_from_slice(webinar.uuid().as_bytes());
        name.extend_from_slice(source.uuid().as_bytes());
        Self(Uuid::new_v5(&CHECK_IN, &name))
    }

    /// The id as a GUID.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

/// The namespace of check-in ids: a random constant of this product.
const CHECK_IN: Uuid = Uuid::from_u128(0x2d84_71c0_5a36_4e9b_8f02_b6d1_94e3_70aa);

/// What somebody watched and did. Minutes are whole; live and on demand are kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Minutes watched while it was live.
    pub live_minutes: u32,
    /// Minutes watched on demand.
    pub ondemand_minutes: u32,
    /// Questions asked, polls and surveys answered, resources and calls to action used.
    pub interactions: u32,
    /// First activity.
    pub first: Option<Timestamp>,
    /// Last activity.
    pub last: Option<Timestamp>,
}

impl Watched {
    /// The viewing duration: live plus on demand.
    pub const fn minutes(&self) -> u32 {
        self.live_minutes.saturating_add(self.ondemand_minutes)
    }

    /// What is known after a newer pull. Minutes never shrink, unless the pull was complete and so says all.
    #[must_use]
    pub fn merged(self, newer: Self, complete: bool) -> Self {
        if complete {
            return newer;
        }
        Self {
            live_minutes: self.live_minutes.max(newer.live_minutes),
            ondemand_minutes: self.ondemand_minutes.max(newer.ondemand_minutes),
            interactions: self.interactions.max(newer.interactions),
            first: [self.first, newer.first].into_iter().flatten().min(),
            last: self.last.max(newer.last),
        }
    }
}

/// What was seen, and how final it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What it was.
    pub watched: Watched,
    /// When it was pulled.
    pub pulled: Timestamp,
    /// Whether it may still grow.
    pub provisional: bool,
}

/// Whose attendance it is, in the CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// The CRM registration row.
    pub source: SourceId,
    /// Its contact.
    pub contact: CrmRecordId,
}

/// One person's attendance: `seen` is merged from pulls, `written` is made equal to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendance {
    /// Names it.
    pub key: AttendanceKey,
    /// Who it is in the CRM; `None`: nobody there, so the minutes are unmatched and shown.
    pub matched: Option<Matched>,
    /// What was seen.
    pub seen: Seen,
    /// What the CRM has.
    pub written: Option<Watched>,
    /// Who it was, sealed, for the list of unmatched people; matched people are known from their registration.
    pub details: Option<SealedDetails>,
}

impl Attendance {
    /// Whether the CRM is to be told.
    pub fn is_unwritten(&self) -> bool {
        self.matched.is_some() && self.written != Some(self.seen.watched)
    }

    /// The id of its check-in row, if it has one.
    pub fn check_in(&self) -> Option<AttendanceId> {
        let matched = self.matched?;
        Some(AttendanceId::of(self.key.organization, self.key.webinar, matched.source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn watched() -> impl Strategy<Value = Watched> {
        let stamp = proptest::option::of((0_i64..10_000).prop_map(|s| Timestamp::from_second(s).unwrap()));
        (0..500_u32, 0..500_u32, 0..50_u32, stamp.clone(), stamp).prop_map(
            |(live_minutes, ondemand_minutes, interactions, first, last)| Watched {
                live_minutes,
                ondemand_minutes,
                interactions,
                first,
                last,
            },
        )
    }

    proptest! {
        #[test]
        fn minutes_never_shrink_in_an_incomplete_pull(a in watched(), b in watched()) {
            let merged = a.merged(b, false);
            prop_assert!(merged.live_minutes >= a.live_minutes.max(b.live_minutes));
            prop_assert!(merged.minutes() >= a.minutes().max(b.minutes()));
            prop_assert!(merged.last >= a.last);
        }

        #[test]
        fn the_merge_does_not_care_about_order_or_repetition(a in watched(), b in watched(), c in watched()) {
            let one = a.merged(b, false).merged(c, false);
            let other = c.merged(b, false).merged(a, false).merged(a, false);
            prop_assert_eq!(one, other);
        }

        #[test]
        fn a_complete_pull_says_all(a in watched(), b in watched()) {
            prop_assert_eq!(a.merged(b, true), b);
        }
    }

    #[test]
    fn a_check_in_has_one_id() {
        let (org, webinar, source) =
            (Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), Uuid::from_u128(3));
        let id = AttendanceId::of(org, webinar, source.into());
        assert_eq!(id, AttendanceId::of(org, webinar, source.into()));
        assert_ne!(id, AttendanceId::of(org, webinar, Uuid::from_u128(4).into()));
        assert_ne!(id, AttendanceId::of(org, Uuid::from_u128(5).into(), source.into()));
        assert_eq!(id.uuid().get_version_num(), 5);
    }
}
