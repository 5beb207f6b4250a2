//! The provider: does what it is told, sometimes much later.

use std::collections::BTreeMap;

use super::dice::Dice;
use crate::id::ProviderPersonId;
use crate::person::Digest;
use crate::registration::sample::number;
use crate::registration::{Call, Outcome, Words};
use crate::time::Timestamp;

/// How many different details people can have; the last but one is refused, the last is not even well-formed.
pub(super) const DETAILS: u8 = 10;

pub(super) fn is_refused(digest: Digest) -> bool {
    number(digest) == u16::from(DETAILS) - 2
}

pub(super) fn is_malformed(digest: Digest) -> bool {
    number(digest) == u16::from(DETAILS) - 1
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) id: ProviderPersonId,
    pub(super) digest: Digest,
}

#[derive(Default)]
pub(super) struct Provider {
    pub(super) people: BTreeMap<u8, Person>,
    /// Nobody is taken off the list any more.
    pub(super) started: bool,
    admitted: u32,
    late: Vec<(Timestamp, u8, Call)>,
    pub(super) landed_late: u32,
}

impl Provider {
    /// Does what is asked, and says so.
    pub(super) fn hear(&mut self, address: u8, call: Call) -> Outcome {
        let there = self.people.contains_key(&address);
        match call {
            Call::Register(digest) | Call::Amend(digest) if is_refused(digest) => {
                Outcome::Refused(Words::new("no"))
            }
            Call::Register(digest) => Outcome::Admitted(Some(self.admit(address, digest))),
            Call::Amend(digest) if there => Outcome::Amended(Some(self.admit(address, digest))),
            Call::Amend(_) => Outcome::NotThere,
            Call::Cancel | Call::Forget if !there => Outcome::NotThere,
            Call::Cancel if self.started => Outcome::TooLate,
            Call::Cancel => {
                self.people.remove(&address);
                Outcome::Cancelled
            }
            Call::Forget => {
                self.people.remove(&address);
                Outcome::Forgotten
            }
        }
    }

    fn admit(&mut self, address: u8, digest: Digest) -> ProviderPersonId {
        let new = || {
            self.admitted += 1;
            ProviderPersonId::new(self.admitted.to_string())
        };
        let id = self.people.get(&address).map_or_else(new, |person| person.id.clone());
        self.people.insert(address, Person { id: id.clone(), digest });
        id
    }

    /// Keeps a request for later; nobody will be told what came of it.
    pub(super) fn delay(&mut self, until: Timestamp, address: u8, call: Call) {
        self.late.push((until, address, call));
    }

    /// Does what was kept until now.
    pub(super) fn land(&mut self, now: Timestamp) {
        self.late.sort_by_key(|(at, ..)| *at);
        let ripe = self.late.partition_point(|(at, ..)| *at <= now);
        for (_, address, call) in self.late.drain(..ripe).collect::<Vec<_>>() {
            self.hear(address, call);
            self.landed_late += 1;
        }
    }

    pub(super) fn next_landing(&self) -> Option<Timestamp> {
        self.late.iter().map(|(at, ..)| *at).min()
    }

    /// Somebody changes a person by hand.
    pub(super) fn tamper(&mut self, address: u8, dice: &mut Dice) {
        match self.people.get_mut(&address) {
            Some(person) if dice.chance(50) => person.digest = crate::registration::sample::digest(77),
            Some(_) => drop(self.people.remove(&address)),
            None => drop(self.admit(address, crate::registration::sample::digest(77))),
        }
    }
}
