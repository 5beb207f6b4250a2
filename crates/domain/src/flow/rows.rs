//! What readings of registration rows mean: each lands at the home of its source, where its age is judged.

use std::collections::{BTreeMap, BTreeSet};

use super::registration_fact;
use crate::balance::Exclusion;
use crate::fact::{Fact, FactKind, Step};
use crate::id::{OrganizationId, Revision, SourceId, Stored, Version, WebinarId};
use crate::person::SealedPerson;
use crate::port::{CrmRegistration, Home, IntakeGroup, Known, Place, Reading, RegistrationChange};
use crate::registration::{
    Input, Observation, Registration, RegistrationKey, RegistrationPolicy, Stance, left,
};
use crate::time::Timestamp;
use crate::webinar::Webinar;

/// One row as read, with the person sealed.
pub(crate) struct Read {
    pub(crate) source: SourceId,
    /// `None`: the row is gone.
    pub(crate) row: Option<ReadRow>,
}

/// A row that is there.
pub(crate) struct ReadRow {
    pub(crate) version: Version,
    pub(crate) home: Home,
    pub(crate) cancelled: bool,
    /// Missing where the row is excluded.
    pub(crate) person: Option<SealedPerson>,
}

/// Where a row feeds, before the person is sealed.
pub(crate) fn exclusion(row: &CrmRegistration, webinar: Option<&Webinar>) -> Option<Exclusion> {
    if !webinar.is_some_and(Webinar::is_ours) {
        return Some(Exclusion::NotAWebinar);
    }
    row.details.address.canonical().is_none().then_some(Exclusion::NoAddress)
}

impl ReadRow {
    pub(crate) fn new(
        organization: OrganizationId,
        reading: &Reading<CrmRegistration>,
        excluded: Option<Exclusion>,
        person: Option<SealedPerson>,
    ) -> Self {
        let row = &reading.row;
        let place = match (&person, excluded) {
            (Some(person), None) => {
                Place::Registration(RegistrationKey { organization, webinar: row.event, email: person.key })
            }
            (_, excluded) => Place::Excluded(excluded.unwrap_or(Exclusion::NoAddress)),
        };
        let version = reading.version;
        let home = Home { version, place, event: row.event, contact: row.contact, company: row.company };
        Self { version, home, cancelled: row.cancelled, person }
    }
}

/// The working copy of what is known, while readings are taken in.
pub(crate) struct Taking<'a> {
    homes: BTreeMap<SourceId, Home>,
    registrations: BTreeMap<RegistrationKey, Working>,
    moved: BTreeSet<SourceId>,
    /// Who is no longer wanted because a row vanished, by webinar.
    vanished: BTreeMap<WebinarId, BTreeSet<RegistrationKey>>,
    webinars: &'a BTreeMap<WebinarId, Webinar>,
    policy: &'a RegistrationPolicy,
    now: Timestamp,
}

struct Working {
    expected: Option<Revision>,
    next: Registration,
    facts: Vec<Fact>,
    changed: bool,
    sources: BTreeSet<SourceId>,
}

impl<'a> Taking<'a> {
    pub(crate) fn new(
        known: Known,
        webinars: &'a BTreeMap<WebinarId, Webinar>,
        policy: &'a RegistrationPolicy,
        now: Timestamp,
    ) -> Self {
        let working = |stored: Stored<Registration>| Working {
            expected: Some(stored.revision),
            next: stored.item,
            facts: vec![],
            changed: false,
            sources: BTreeSet::new(),
        };
        let registrations = known.registrations.into_iter().map(|(key, stored)| (key, working(stored)));
        Self {
            homes: known.homes,
            registrations: registrations.collect(),
            moved: BTreeSet::new(),
            vanished: BTreeMap::new(),
            webinars,
            policy,
            now,
        }
    }

    /// Takes one reading in.
    pub(crate) fn take(&mut self, read: Read) {
        match read.row {
            None => self.gone(read.source),
            Some(row) => self.here(read.source, row),
        }
    }

    /// A row that is gone has neither version nor address: it goes to its home.
    fn gone(&mut self, source: SourceId) {
        let Some(home) = self.homes.get(&source).copied() else { return };
        let key = match home.place {
            Place::Deleted(_) => return,
            Place::Registration(key) => Some(key),
            Place::Excluded(_) => None,
        };
        self.set_home(source, Home { place: Place::Deleted(key), ..home });
        if let Some(key) = key {
            let stance = Stance::Deleted;
            let wanted = self.is_wanted(key);
            self.observe(key, Observation { source, version: home.version, stance, read: None });
            if wanted && !self.is_wanted(key) {
                self.vanished.entry(key.webinar).or_default().insert(key);
            }
        }
    }

    fn is_wanted(&self, key: RegistrationKey) -> bool {
        self.registrations.get(&key).is_some_and(|working| working.next.is_wanted())
    }

    /// How many people vanished from each webinar, and were not brought back by another row.
    pub(crate) fn vanished(&self) -> BTreeMap<WebinarId, u32> {
        let still =
            |keys: &BTreeSet<RegistrationKey>| keys.iter().filter(|key| !self.is_wanted(**key)).count();
        let counted =
            self.vanished.iter().map(|(id, keys)| (*id, u32::try_from(still(keys)).unwrap_or(u32::MAX)));
        counted.filter(|(_, people)| *people > 0).collect()
    }

    /// How many registrations heard something new.
    pub(crate) fn news(&self) -> u32 {
        let is_news =
            |working: &&Working| working.facts.iter().any(|fact| fact.kind == FactKind::RegistrationObserved);
        u32::try_from(self.registrations.values().filter(is_news).count()).unwrap_or(u32::MAX)
    }

    fn here(&mut self, source: SourceId, mut row: ReadRow) {
        let before = self.homes.get(&source).copied();
        self.leave_out_erased(before.as_ref(), &mut row);
        if before.as_ref().is_none_or(|home| home.version <= row.version) {
            self.follow_event(source, &row);
        }
        if before.as_ref().is_some_and(|home| !is_news(home, &row.home)) {
            return;
        }
        self.set_home(source, row.home);
        let version = row.version;
        let here = match row.home.place {
            Place::Registration(key) => Some(key),
            Place::Excluded(_) | Place::Deleted(_) => None,
        };
        if let (Some(key), Some(person)) = (here, row.person) {
            let stance = if row.cancelled { Stance::Cancelled } else { Stance::Active(person.digest) };
            let read = Some((person.details, row.home.contact));
            self.observe(key, Observation { source, version, stance, read });
        }
        let Some(Place::Registration(old)) = before.map(|home| home.place) else { return };
        match here {
            Some(new) if new == old => {}
            Some(new) => self.observe(old, left(source, version, new, !row.cancelled)),
            None => {
                let stance = Stance::Excluded;
                self.observe(old, Observation { source, version, stance, read: None });
            }
        }
    }

    /// Who is erased, or is to be, gets no new rows; those that were there stay.
    fn leave_out_erased(&self, before: Option<&Home>, row: &mut ReadRow) {
        let Place::Registration(key) = row.home.place else { return };
        let erased = self.registrations.get(&key).is_some_and(|known| known.next.erasing.is_some());
        if erased && before.map(|home| home.place) != Some(row.home.place) {
            row.home.place = Place::Excluded(Exclusion::Erased);
        }
    }

    /// Whose webinar is bound to another provider event now is not known to be there, whatever the old event has.
    fn follow_event(&mut self, source: SourceId, row: &ReadRow) {
        let Place::Registration(key) = row.home.place else { return };
        let target = self.webinars.get(&key.webinar).and_then(Webinar::target);
        let Some(working) = self.registrations.get_mut(&key) else { return };
        let elsewhere =
            working.next.event.as_ref().is_some_and(|event| target.is_some_and(|now| now != event));
        if !elsewhere {
            return;
        }
        if let Ok(Step::Moved { next, fact }) = working.next.on(Input::Drifted, self.now, self.policy) {
            working.next = next;
            working.facts.push(registration_fact(&key, fact, self.now));
            working.changed = true;
            working.sources.insert(source);
            self.set_home(source, row.home);
        }
    }

    fn set_home(&mut self, source: SourceId, home: Home) {
        self.homes.insert(source, home);
        self.moved.insert(source);
    }

    fn observe(&mut self, key: RegistrationKey, seen: Observation) {
        let working = self.registrations.entry(key).or_insert_with(|| Working {
            expected: None,
            next: Registration::new(key),
            facts: vec![],
            changed: false,
            sources: BTreeSet::new(),
        });
        let source = seen.source;
        // A reading that this registration has no answer to changes nothing; its home has its version all the same.
        let step = working.next.on(Input::Observed(seen), self.now, self.policy);
        match step {
            Ok(Step::Moved { next, fact }) => {
                working.next = next;
                working.facts.push(registration_fact(&key, fact, self.now));
            }
            Ok(Step::Noted { next }) => working.next = next,
            Ok(Step::Ignored(_)) | Err(_) => return,
        }
        working.changed = true;
        working.sources.insert(source);
    }

    /// What is to be stored, in groups that are taken together or not at all.
    pub(crate) fn into_groups(self) -> Vec<IntakeGroup> {
        let mut groups = Groups::default();
        for (key, working) in self.registrations {
            if working.changed {
                groups.add_registration(key, working, self.webinars);
            }
        }
        for source in self.moved {
            if let Some(home) = self.homes.get(&source) {
                groups.add_home(source, *home);
            }
        }
        groups.done
    }
}

/// Whether a reading says something that its home does not know: each word of a row has its version, but whether its
/// event is ours is not its own word, and changes without one.
fn is_news(known: &Home, read: &Home) -> bool {
    match (known.place, read.place) {
        (Place::Deleted(_), _) => false,
        (Place::Excluded(_), _) | (_, Place::Excluded(_)) if known.place != read.place => {
            read.version >= known.version
        }
        _ => read.version > known.version,
    }
}

/// Registrations and homes that share a source belong together.
#[derive(Default)]
struct Groups {
    done: Vec<IntakeGroup>,
    of: BTreeMap<SourceId, usize>,
}

impl Groups {
    fn add_registration(
        &mut self,
        key: RegistrationKey,
        working: Working,
        webinars: &BTreeMap<WebinarId, Webinar>,
    ) {
        let at = self.joined(&working.sources);
        let webinar = webinars.get(&key.webinar);
        let change = RegistrationChange {
            expected: working.expected,
            next: working.next,
            starts: webinar.map_or(Timestamp::MAX, |webinar| webinar.starts),
            deliverable: webinar.is_some_and(|webinar| webinar.target().is_some()),
            facts: working.facts,
        };
        if let Some(group) = self.done.get_mut(at) {
            group.registrations.push(change);
        }
    }

    fn add_home(&mut self, source: SourceId, home: Home) {
        let at = self.joined(&BTreeSet::from([source]));
        if let Some(group) = self.done.get_mut(at) {
            group.homes.push((source, home));
        }
    }

    /// The one group of all these sources; groups that they had are joined.
    fn joined(&mut self, sources: &BTreeSet<SourceId>) -> usize {
        let had: BTreeSet<usize> = sources.iter().filter_map(|source| self.of.get(source).copied()).collect();
        let at = had.first().copied().unwrap_or(self.done.len());
        if at == self.done.len() {
            self.done.push(IntakeGroup::default());
        }
        for other in had.into_iter().skip(1) {
            let joined = std::mem::take(&mut self.done[other]);
            self.done[at].registrations.extend(joined.registrations);
            self.done[at].homes.extend(joined.homes);
            for group in self.of.values_mut().filter(|group| **group == other) {
                *group = at;
            }
        }
        self.of.extend(sources.iter().map(|source| (*source, at)));
        at
    }
}
