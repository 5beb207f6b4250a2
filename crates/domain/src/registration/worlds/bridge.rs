//! The bridge, as small as it can be: homes, leases, and workers that crash, sleep and wake.

use std::collections::{BTreeMap, BTreeSet};

use super::Habits;
use super::crm::Reading;
use crate::balance::Exclusion;
use crate::fact::{FactKind, Step};
use crate::id::Version;
use crate::registration::product::oracle;
use crate::registration::sample::{contact, digest, key, sealed, source};
use crate::registration::{
    Applied, Call, Input, Observation, Phase, Registration, RegistrationKey, RegistrationPolicy, Stance, left,
};
use crate::time::{SignedDuration, Timestamp, later};

/// How long a lease is.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(120);

/// Where a row feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    At(u8),
    Excluded(Exclusion),
    Deleted,
}

#[derive(Clone, Copy)]
struct Lease {
    fence: u32,
    until: Timestamp,
}

pub(super) struct Bridge {
    pub(super) registrations: BTreeMap<u8, Registration>,
    pub(super) homes: BTreeMap<u8, (Place, u64)>,
    leases: BTreeMap<u8, Lease>,
    pub(super) policy: RegistrationPolicy,
    pub(super) habits: Habits,
    pub(super) facts: BTreeSet<FactKind>,
}

/// What a world found wrong.
pub(super) type Found<T = ()> = Result<T, String>;

pub(super) fn address_of(key: RegistrationKey) -> u8 {
    key.email.as_bytes()[0]
}

impl Bridge {
    pub(super) fn new(habits: Habits) -> Self {
        Self {
            registrations: BTreeMap::new(),
            homes: BTreeMap::new(),
            leases: BTreeMap::new(),
            policy: RegistrationPolicy::default(),
            habits,
            facts: BTreeSet::new(),
        }
    }

    /// One step of one registration, watched. `false`: nothing changed.
    pub(super) fn turn(&mut self, address: u8, input: Input, now: Timestamp) -> Found<bool> {
        let fresh = || Registration::new(key(address));
        let before = self.registrations.entry(address).or_insert_with(fresh).clone();
        let told = format!("{input:?}");
        let next = match before.on(input, now, &self.policy) {
            Err(refused) => return Err(format!("{refused}: {told} in {before:?}")),
            Ok(Step::Ignored(_)) => return Ok(false),
            Ok(Step::Noted { next }) if next.desired() != before.desired() => {
                return Err(format!("a note changed what is wanted: {told} in {before:?}"));
            }
            Ok(Step::Noted { next }) => next,
            Ok(Step::Moved { next, fact }) => {
                self.facts.insert(fact);
                next
            }
        };
        if !oracle::is_possible(&next) {
            return Err(format!("{told} leads from {before:?} to {next:?}"));
        }
        self.registrations.insert(address, next);
        Ok(true)
    }

    /// Takes a reading in: its age is judged at the one home of its row, and a move is two observations in one go.
    pub(super) fn observe(&mut self, reading: &Reading, now: Timestamp) -> Found {
        let Reading { source: n, row } = reading;
        let home = self.homes.get(n).copied();
        if row.deleted {
            return self.gone(*n, home, now);
        }
        if let Some((place, version)) = home
            && (place == Place::Deleted || (row.version <= version && self.habits.judges_age_at_home))
        {
            return Ok(());
        }
        let place = match row.address {
            None => Place::Excluded(Exclusion::NoAddress),
            // Who is erased gets no new rows; those that were there stay.
            Some(address)
                if self.is_erasing(address) && home.map(|(place, _)| place) != Some(Place::At(address)) =>
            {
                Place::Excluded(Exclusion::Erased)
            }
            Some(address) => Place::At(address),
        };
        self.homes.insert(*n, (place, row.version));
        let (id, version) = (source(*n), Version(row.version));
        if let Place::At(address) = place {
            let stance = if row.cancelled { Stance::Cancelled } else { Stance::Active(digest(row.details)) };
            let read = Some((sealed(address, row.details), contact(*n)));
            self.turn(address, Input::Observed(Observation { source: id, version, stance, read }), now)?;
        }
        match home {
            Some((Place::At(old), _)) if place != Place::At(old) => {
                let seen = match place {
                    Place::At(new) => left(id, version, key(new), !row.cancelled),
                    _ => Observation { source: id, version, stance: Stance::Excluded, read: None },
                };
                self.turn(old, Input::Observed(seen), now).map(drop)
            }
            _ => Ok(()),
        }
    }

    fn is_erasing(&self, address: u8) -> bool {
        self.registrations.get(&address).is_some_and(|registration| registration.erasing.is_some())
    }

    fn gone(&mut self, n: u8, home: Option<(Place, u64)>, now: Timestamp) -> Found {
        let Some((place, version)) = home else { return Ok(()) };
        self.homes.insert(n, (Place::Deleted, version));
        let Place::At(address) = place else { return Ok(()) };
        let (version, stance) = (Version(version), Stance::Deleted);
        let seen = Observation { source: source(n), version, stance, read: None };
        self.turn(address, Input::Observed(seen), now).map(drop)
    }

    /// When the registration can be claimed; `None`: it waits for somebody, or has nothing to do.
    pub(super) fn claimable(&self, address: u8) -> Option<Timestamp> {
        let registration = &self.registrations[&address];
        let Phase::Due { at, .. } = registration.phase else { return None };
        let other = registration.waits_for().filter(|_| self.habits.waits_for_moves);
        let other = other.and_then(|key| self.registrations.get(&address_of(key)));
        if other.is_some_and(|other| matches!(other.phase, Phase::Due { .. })) {
            return None;
        }
        Some(self.leases.get(&address).map_or(at, |lease| at.max(lease.until)))
    }

    /// Claims: whoever held a lease before holds none now.
    pub(super) fn claim(&mut self, address: u8, now: Timestamp) -> u32 {
        let fence = self.leases.get(&address).map_or(0, |lease| lease.fence) + 1;
        self.leases.insert(address, Lease { fence, until: later(now, LEASE) });
        fence
    }

    /// Whether the lease is still held.
    pub(super) fn holds(&self, address: u8, fence: u32, now: Timestamp) -> bool {
        self.leases.get(&address).is_some_and(|lease| lease.fence == fence && now < lease.until)
    }

    pub(super) fn release(&mut self, address: u8) {
        if let Some(lease) = self.leases.get_mut(&address) {
            lease.until = Timestamp::MIN;
        }
    }

    /// The call to be made, after a look at whom it is about.
    pub(super) fn next_call(&self, address: u8) -> Found<Call> {
        let registration = &self.registrations[&address];
        let call = registration.next_call();
        let Some((_, details)) = registration.details() else {
            return Err(format!("nobody knows whom {call:?} is about: {registration:?}"));
        };
        let right = match call {
            Call::Register(d) | Call::Amend(d) => sealed(address, crate::registration::sample::number(d)),
            Call::Cancel | Call::Forget => {
                sealed(address, u16::from_be_bytes([details.as_bytes()[1], details.as_bytes()[2]]))
            }
        };
        if *details != right {
            return Err(format!("{call:?} is about somebody else: {registration:?}"));
        }
        if call == Call::Cancel {
            self.look_for_a_gap(registration)?;
        }
        Ok(call)
    }

    /// Whoever moved here last and is still wanted there is there before the old address goes.
    fn look_for_a_gap(&self, registration: &Registration) -> Found {
        let newest = registration.sources.values().max_by_key(|row| row.changed);
        let Some(Stance::Left { to, live: true }) = newest.map(|row| row.stance) else { return Ok(()) };
        let there = &self.registrations[&address_of(to)];
        let absent = matches!(there.applied, Applied::Never);
        if absent && there.is_wanted() && matches!(there.phase, Phase::Due { .. }) {
            return Err(format!(
                "the old address goes before the new one is there: {registration:?}, {there:?}"
            ));
        }
        Ok(())
    }
}
