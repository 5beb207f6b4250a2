//! The balance: what an admin asks, answered so that both lines add up.
//!
//! ```text
//! CRM registrations = at the provider + on their way + held + excluded
//! provider minutes  = in the CRM      + on their way + unmatched
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::WebinarId;
use crate::metrics::Attendance;
use crate::registration::{Phase, Registration, Stance};

#[cfg(test)]
mod sums;

/// Both lines of the balance, of one webinar or of an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// CRM registration rows.
    pub registrations: RegistrationBalance,
    /// Persons: canonical addresses at one webinar.
    pub persons: PersonBalance,
    /// Minutes watched.
    pub minutes: MinutesBalance,
}

/// Where the CRM's registration rows are. Rows that are gone from the CRM are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrationBalance {
    /// Rows in the CRM, counted where they were read.
    pub crm: u64,
    /// Of persons the provider has as the CRM wants them.
    pub at_provider: u64,
    /// Of persons with something left to be done.
    pub on_their_way: u64,
    /// Of persons that are held, by cause.
    pub held: BTreeMap<String, u64>,
    /// Of no person, or no longer wanted, by reason.
    pub excluded: BTreeMap<String, u64>,
}

impl RegistrationBalance {
    /// Whether the line adds up.
    pub fn adds_up(&self) -> bool {
        let held: u64 = self.held.values().sum();
        let excluded: u64 = self.excluded.values().sum();
        self.crm == self.at_provider + self.on_their_way + held + excluded
    }
}

/// Where the persons are; one may have several rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PersonBalance {
    /// Wanted at their webinars.
    pub wanted: u64,
    /// At the provider, as the CRM wants them.
    pub at_provider: u64,
    /// With something left to be done, removals included.
    pub on_their_way: u64,
    /// Held although wanted.
    pub held: u64,
    /// Held although not wanted: a removal that did not go through.
    pub held_removals: u64,
}

/// Where the minutes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinutesBalance {
    /// Minutes that the provider counted.
    pub provider: u64,
    /// Of those, in the CRM.
    pub crm: u64,
    /// Of those, to be written.
    pub on_their_way: i64,
    /// Of people that the CRM does not know.
    pub unmatched: u64,
    /// How many people those are.
    pub unmatched_people: u64,
}

impl MinutesBalance {
    /// Whether the line adds up.
    pub fn adds_up(&self) -> bool {
        i128::from(self.provider)
            == i128::from(self.crm) + i128::from(self.on_their_way) + i128::from(self.unmatched)
    }
}

/// Why a CRM registration row leads to no registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Exclusion {
    /// The contact has no e-mail address that mail could arrive at.
    NoAddress,
    /// The event is not a webinar of ours.
    NotAWebinar,
    /// The person was erased, or is to be.
    Erased,
}

impl Exclusion {
    /// The reason's stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoAddress => "no_address",
            Self::NotAWebinar => "not_a_webinar",
            Self::Erased => "erased",
        }
    }
}

/// The name under which cancelled rows are excluded.
pub const CANCELLED: &str = "cancelled";

/// What one stored thing adds to the balance of its webinar: counters by name. A store keeps their sums, so that a
/// balance costs the same whatever is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<String, i64>);

impl Tally {
    /// What one CRM row adds, where it was read.
    pub fn of_row(excluded: Option<Exclusion>) -> Self {
        let mut tally = Self::default();
        tally.add("row.crm", 1);
        if let Some(reason) = excluded {
            tally.add(format!("row.excluded.{}", reason.name()), 1);
        }
        tally
    }

    /// What a registration adds: each of its rows that is still in the CRM, and the person.
    pub fn of_registration(registration: &Registration) -> Self {
        let stances = registration.sources.values().map(|source| source.stance);
        let (mut active, mut cancelled) = (0, 0);
        for stance in stances {
            match stance {
                Stance::Active(_) => active += 1,
                Stance::Cancelled => cancelled += 1,
                Stance::Deleted | Stance::Left { .. } | Stance::Excluded => {}
            }
        }
        let mut tally = Self::default();
        let wanted = registration.is_wanted() && registration.phase != Phase::Erased;
        tally.add("person.wanted", i64::from(wanted));
        match &registration.phase {
            Phase::Due { .. } => {
                tally.add("row.on_their_way", active + cancelled);
                tally.add("person.on_their_way", 1);
            }
            Phase::Settled => {
                tally.add("row.at_provider", active);
                tally.add(format!("row.excluded.{CANCELLED}"), cancelled);
                tally.add("person.at_provider", i64::from(registration.is_wanted()));
            }
            Phase::Held { cause, .. } => {
                tally.add(format!("row.held.{}", cause.name()), active + cancelled);
                let wanted = registration.is_wanted();
                tally.add(if wanted { "person.held" } else { "person.held_removal" }, 1);
            }
            Phase::Erased => {
                tally.add(format!("row.excluded.{}", Exclusion::Erased.name()), active + cancelled);
            }
        }
        tally
    }

    /// What one person's attendance adds.
    pub fn of_attendance(attendance: &Attendance) -> Self {
        let mut tally = Self::default();
        let seen = i64::from(attendance.seen.watched.minutes());
        tally.add("minutes.provider", seen);
        if attendance.matched.is_some() {
            let written = attendance.written.map_or(0, |written| i64::from(written.minutes()));
            tally.add("minutes.crm", written);
            tally.add("minutes.on_their_way", seen - written);
        } else {
            tally.add("minutes.unmatched", seen);
            tally.add("minutes.unmatched_people", 1);
        }
        tally
    }

    /// What changes when `self` becomes `next`.
    #[must_use]
    pub fn change_to(&self, next: &Self) -> Self {
        let mut change = next.clone();
        for (name, n) in &self.0 {
            change.add(name.clone(), -n);
        }
        change.0.retain(|_, n| *n != 0);
        change
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: &Self) {
        for (name, n) in &other.0 {
            self.add(name.clone(), *n);
        }
    }

    /// The counters that are not zero.
    pub fn counters(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().filter(|(_, n)| **n != 0).map(|(name, n)| (name.as_str(), *n))
    }

    /// The tally with these counters.
    pub fn from_counters<'a>(counters: impl IntoIterator<Item = (&'a str, i64)>) -> Self {
        let mut tally = Self::default();
        for (name, n) in counters {
            tally.add(name, n);
        }
        tally
    }

    fn add(&mut self, name: impl Into<String>, n: i64) {
        if n != 0 {
            *self.0.entry(name.into()).or_default() += n;
        }
    }

    fn get(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    fn count(&self, name: &str) -> u64 {
        u64::try_from(self.get(name)).unwrap_or(0)
    }

    fn group(&self, prefix: &str) -> BTreeMap<String, u64> {
        let named = self.counters().filter_map(|(name, n)| {
            let rest = name.strip_prefix(prefix)?;
            Some((rest.to_owned(), u64::try_from(n).unwrap_or(0)))
        });
        named.collect()
    }

    /// The balance that these counters are.
    pub fn balance(&self) -> Balance {
        Balance {
            registrations: RegistrationBalance {
                crm: self.count("row.crm"),
                at_provider: self.count("row.at_provider"),
                on_their_way: self.count("row.on_their_way"),
                held: self.group("row.held."),
                excluded: self.group("row.excluded."),
            },
            persons: PersonBalance {
                wanted: self.count("person.wanted"),
                at_provider: self.count("person.at_provider"),
                on_their_way: self.count("person.on_their_way"),
                held: self.count("person.held"),
                held_removals: self.count("person.held_removal"),
            },
            minutes: MinutesBalance {
                provider: self.count("minutes.provider"),
                crm: self.count("minutes.crm"),
                on_their_way: self.get("minutes.on_their_way"),
                unmatched: self.count("minutes.unmatched"),
                unmatched_people: self.count("minutes.unmatched_people"),
            },
        }
    }
}

/// What a balance is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything of the organization.
    Organization,
    /// One of its webinars.
    Webinar(WebinarId),
}
