//! The auditor compares the provider with the CRM, and believes nobody.

use super::World;
use super::bridge::{Found, Place};
use super::crm::Row;
use super::provider::{is_malformed, is_refused};
use crate::balance::Exclusion;
use crate::person::Digest;
use crate::registration::sample::{digest, source};
use crate::registration::{Answer, Applied, Cause, Phase, Registration, Stance};

impl World {
    pub(super) fn audit(&self) -> Found {
        for (address, registration) in &self.bridge.registrations {
            self.audit_person(*address, registration)?;
        }
        for address in self.provider.people.keys() {
            if !self.bridge.registrations.contains_key(address) {
                return Err(format!("a stranger at the provider: {address}"));
            }
        }
        self.crm.rows.iter().try_for_each(|(n, row)| self.audit_row(*n, row))
    }

    fn audit_person(&self, address: u8, registration: &Registration) -> Found {
        let wanted: Vec<Digest> = self.crm.wanting(address).map(|row| digest(row.details)).collect();
        let there = self.provider.people.get(&address);
        let wrong = |what: &str| {
            Err(format!("{what}: {address} at the provider {there:?}, the CRM {wanted:?}, {registration:?}"))
        };
        if self.erased.contains(&address) {
            return match (&registration.phase, there) {
                (Phase::Erased, None) => Ok(()),
                _ => wrong("not erased"),
            };
        }
        match (&registration.phase, there) {
            (Phase::Settled, None) if wanted.is_empty() => Ok(()),
            (Phase::Settled, None) => wrong("lost"),
            (Phase::Settled, Some(_)) if wanted.is_empty() => wrong("undead"),
            (Phase::Settled, Some(person)) if wanted.contains(&person.digest) => Ok(()),
            (Phase::Settled, Some(_)) => wrong("stale"),
            (Phase::Held { cause: Cause::Refused(_), .. }, _) if wanted.iter().any(|d| is_refused(*d)) => {
                Ok(())
            }
            (Phase::Held { cause: Cause::Invalid(_), .. }, _) if wanted.iter().any(|d| is_malformed(*d)) => {
                Ok(())
            }
            (Phase::Held { cause: Cause::TooLate, .. }, Some(_))
                if wanted.is_empty() && self.provider.started =>
            {
                Ok(())
            }
            (Phase::Held { .. }, _) => wrong("held without reason"),
            (Phase::Due { .. }, _) => wrong("never settles"),
            (Phase::Erased, _) => wrong("erased for nothing"),
        }
    }

    /// What we know of a row is what it says, and it heard what became of it.
    fn audit_row(&self, n: u8, row: &Row) -> Found {
        let home = self.bridge.homes.get(&n).map(|(place, _)| *place);
        let expected = match (row.deleted, row.address) {
            (true, _) if home.is_none() => return Ok(()),
            (true, _) => Place::Deleted,
            (false, None) => Place::Excluded(Exclusion::NoAddress),
            (false, Some(address)) => Place::At(address),
        };
        let erased = row.address.is_some_and(|address| self.erased.contains(&address));
        if home != Some(expected) && !(erased && home == Some(Place::Excluded(Exclusion::Erased))) {
            return Err(format!("row {n} lives at {home:?}: {row:?}"));
        }
        for (address, registration) in &self.bridge.registrations {
            let here = home == Some(Place::At(*address));
            let known = registration.sources.get(&source(n)).map(|row| row.stance);
            let stays = matches!(known, Some(Stance::Active(_) | Stance::Cancelled));
            if registration.erasing.is_none() && here {
                let stance =
                    if row.cancelled { Stance::Cancelled } else { Stance::Active(digest(row.details)) };
                if known != Some(stance) {
                    return Err(format!("row {n} is known as {known:?}: {row:?}"));
                }
                if !self.forgotten.contains(&n) {
                    self.audit_answer(*address, registration, row)?;
                }
            } else if !here && stays {
                return Err(format!("row {n} is counted at {address}, too: {row:?}, {registration:?}"));
            }
        }
        Ok(())
    }

    fn audit_answer(&self, address: u8, registration: &Registration, row: &Row) -> Found {
        let expected = match &registration.phase {
            Phase::Held { cause, .. } => Answer::Held(cause.clone()),
            _ if !row.cancelled => {
                Answer::Admitted(self.provider.people.get(&address).map(|person| person.id.clone()))
            }
            // Cancelled before anything was sent: there is nothing to say.
            _ if registration.applied == Applied::Never => return Ok(()),
            _ => Answer::Cancelled,
        };
        if row.heard.as_ref() == Some(&expected) {
            return Ok(());
        }
        Err(format!("a row of {address} heard {:?}, not {expected:?}: {registration:?}", row.heard))
    }
}
