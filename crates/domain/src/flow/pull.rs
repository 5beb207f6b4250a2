//! Pull: a page of attendance from the provider, matched and merged.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::metrics::{Changes, Metrics};
use super::{StepReport, Topic, of_the_vault};
use crate::fault::{Fault, Verdict};
use crate::id::{OrganizationId, SourceId, WebinarId};
use crate::metrics::{Attendance, AttendanceKey, Input, Matched, PageMark, Seen};
use crate::person::{Address, Details, EmailKey, SealedDetails};
use crate::port::{
    AttendancePage, AttendanceQuery, Attendee, Clue, CluesQuery, ConcealOrder, KeysOrder, LeasedSync,
    StoreError,
};
use crate::registration::Registration;
use crate::webinar::{Link, Webinar};

/// The namespace of the rows that unmatched people's details are bound to: a random constant of this product.
const UNMATCHED: Uuid = Uuid::from_u128(0x91b7_0d44_6a2e_4c58_b3cf_5e18_20f9_d6a1);

impl Metrics {
    pub(super) async fn pull(
        &self,
        leased: &LeasedSync,
        webinar: Option<&Webinar>,
        page: PageMark,
    ) -> Result<StepReport, StoreError> {
        let now = self.base.now();
        let Some((webinar, event)) = webinar.and_then(|webinar| Some((webinar, webinar.target()?))) else {
            return self.end(leased, &Input::WebinarGone, Changes::default()).await;
        };
        debug_assert!(matches!(webinar.link, Link::Linked(_)), "only a linked webinar has a target");
        if now >= self.base.policies.cadence.closes(webinar.ends) && page.is_first() {
            return self.end(leased, &Input::PeriodOver, Changes::default()).await;
        }
        let query = AttendanceQuery { organization: webinar.organization, event: event.clone(), page };
        let budget = self.base.ports.registrar.traits().attendance;
        if let Some(until) = self.base.must_wait(webinar.organization, budget).await? {
            let verdict = Verdict::Again { at: until, counted: false };
            return self.end(leased, &Input::Faulted { verdict }, Changes::default()).await;
        }
        let pulled = self.base.ports.attendance.attendance(&query).await;
        self.base.came(webinar.organization, budget, &pulled).await?;
        let pulled = match pulled {
            Ok(pulled) => pulled,
            Err(fault) => return self.failed(leased, Some(webinar), &fault, Changes::default()).await,
        };
        self.base.standing.clear(webinar.organization, Topic::Provider);
        let more = pulled.next.clone();
        match self.merged(webinar, pulled).await? {
            Err(fault) => self.failed(leased, Some(webinar), &fault, Changes::default()).await,
            Ok(seen) if seen.is_empty() && more.is_none() => {
                self.end(leased, &Input::Unchanged, Changes::default()).await
            }
            Ok(seen) => {
                let changes = Changes { seen, ..Changes::default() };
                self.end(leased, &Input::Pulled { more }, changes).await
            }
        }
    }

    /// The attendance that changed with this page.
    async fn merged(
        &self,
        webinar: &Webinar,
        page: AttendancePage,
    ) -> Result<Result<Vec<Attendance>, Fault>, StoreError> {
        let attendees = one_each(page.attendees);
        let keys: Vec<AttendanceKey> = attendees.iter().map(|attendee| key(webinar, attendee)).collect();
        let known = self.base.ports.ledger.attendance(&keys).await?;
        let emails = match self.email_keys(webinar.organization, &attendees).await {
            Ok(emails) => emails,
            Err(fault) => return Ok(Err(fault)),
        };
        let matched = self.recognised(webinar, &attendees, &emails, &known).await?;
        let matched = one_person_a_row(&known, matched);
        let strangers = attendees.iter().zip(&matched).filter(|(_, matched)| matched.is_none());
        let details = match self.concealed(webinar, strangers.map(|(attendee, _)| attendee)).await {
            Ok(details) => details,
            Err(fault) => return Ok(Err(fault)),
        };
        let now = self.base.now();
        let provisional = self.base.policies.cadence.is_provisional(webinar.ends, now);
        let mut changed = vec![];
        for (((attendee, key), known), matched) in attendees.into_iter().zip(keys).zip(known).zip(matched) {
            let watched = known
                .as_ref()
                .map_or(attendee.watched, |known| known.seen.watched.merged(attendee.watched, page.complete));
            let next = Attendance {
                details: details.get(&key).cloned(),
                matched,
                seen: Seen { watched, pulled: now, provisional },
                written: known.as_ref().and_then(|known| known.written.filter(|_| known.matched == matched)),
                key,
            };
            if known.as_ref().is_none_or(|known| differs(known, &next)) {
                changed.push(next);
            }
        }
        Ok(Ok(changed))
    }

    async fn email_keys(
        &self,
        organization: OrganizationId,
        attendees: &[Attendee],
    ) -> Result<Vec<Option<EmailKey>>, Fault> {
        let nowhere = || Address::new("");
        let addresses =
            attendees.iter().map(|attendee| attendee.address.clone().unwrap_or_else(nowhere)).collect();
        if attendees.is_empty() {
            return Ok(vec![]);
        }
        self.base.ports.privacy.keys(&KeysOrder { organization, addresses }).await.map_err(of_the_vault)
    }

    /// Whose attendance it is: by the provider's id of the person, then by our correlation, then by address. Of several rows
    /// of one person the one that has the minutes keeps them, whichever row speaks for the person now: written under another,
    /// they would be in the CRM twice.
    async fn recognised(
        &self,
        webinar: &Webinar,
        attendees: &[Attendee],
        emails: &[Option<EmailKey>],
        known: &[Option<Attendance>],
    ) -> Result<Vec<Option<Matched>>, StoreError> {
        let clue = |(attendee, email): (&Attendee, &Option<EmailKey>)| Clue {
            person: attendee.person.clone(),
            correlation: attendee.correlation.clone(),
            email: *email,
        };
        let clues = attendees.iter().zip(emails).map(clue).collect();
        let query = CluesQuery { organization: webinar.organization, webinar: webinar.id, clues };
        let found = self.base.ports.ledger.recognise(&query).await?;
        let matched =
            |((registration, attendee), known): ((Option<Registration>, &Attendee), &Option<Attendance>)| {
                // The provider told us another id for this registration: two people would write one check-in.
                let ours = |one: &Registration| one.person.as_ref().is_none_or(|id| *id == attendee.person);
                let registration = registration.filter(ours)?;
                let keeps = known.as_ref().and_then(|known| known.matched).filter(|had| {
                    registration.sources.get(&had.source).is_some_and(|source| !source.stance.is_elsewhere())
                });
                let spokesman =
                    || registration.spokesman().map(|(source, contact)| Matched { source, contact });
                keeps.or_else(spokesman)
            };
        Ok(found.into_iter().zip(attendees).zip(known).map(matched).collect())
    }

    async fn concealed<'a>(
        &self,
        webinar: &Webinar,
        strangers: impl Iterator<Item = &'a Attendee> + Send,
    ) -> Result<BTreeMap<AttendanceKey, SealedDetails>, Fault> {
        let (mut keys, mut people) = (vec![], vec![]);
        for attendee in strangers {
            let Some(address) = attendee.address.clone().filter(|address| address.canonical().is_some())
            else {
                continue;
            };
            let key = key(webinar, attendee);
            people.push((unmatched_row(webinar.id, &key), nameless(address)));
            keys.push(key);
        }
        if people.is_empty() {
            return Ok(BTreeMap::new());
        }
        let order = ConcealOrder { organization: webinar.organization, people };
        let sealed = self.base.ports.privacy.conceal(&order).await.map_err(of_the_vault)?;
        Ok(keys.into_iter().zip(sealed.into_iter().map(|person| person.details)).collect())
    }
}

/// The row that an unmatched person's details are bound to.
pub(super) fn unmatched_row(webinar: WebinarId, key: &AttendanceKey) -> Uuid {
    let name = [webinar.uuid().as_bytes().as_slice(), key.person.as_str().as_bytes()].concat();
    Uuid::new_v5(&UNMATCHED, &name)
}

/// Details of somebody of whom only the address is known.
fn nameless(address: Address) -> Details {
    let (first_name, last_name, company, job_title) = Default::default();
    Details { address, first_name, last_name, company, job_title, more: BTreeMap::new() }
}

fn key(webinar: &Webinar, attendee: &Attendee) -> AttendanceKey {
    let (organization, webinar) = (webinar.organization, webinar.id);
    AttendanceKey { organization, webinar, person: attendee.person.clone() }
}

/// Rows can shift between pages, so one person may come twice; the first word counts.
fn one_each(attendees: Vec<Attendee>) -> Vec<Attendee> {
    let mut seen = BTreeSet::new();
    attendees.into_iter().filter(|attendee| seen.insert(attendee.person.clone())).collect()
}

/// A CRM row has one check-in, so one person of a page at the most: who had it before, else who comes first.
fn one_person_a_row(known: &[Option<Attendance>], matched: Vec<Option<Matched>>) -> Vec<Option<Matched>> {
    let mut of: BTreeMap<SourceId, (bool, usize)> = BTreeMap::new();
    for (at, (known, matched)) in known.iter().zip(&matched).enumerate() {
        let Some(matched) = matched else { continue };
        let had_it = known.as_ref().is_some_and(|known| known.matched == Some(*matched));
        let first = of.entry(matched.source).or_insert((had_it, at));
        if had_it && !first.0 {
            *first = (true, at);
        }
    }
    let first = |at, one: &Matched| of.get(&one.source).is_some_and(|(_, first)| *first == at);
    let one = |(at, matched): (usize, Option<Matched>)| matched.filter(|one| first(at, one));
    matched.into_iter().enumerate().map(one).collect()
}

/// Whether there is anything to store: when it was pulled alone is not.
fn differs(known: &Attendance, next: &Attendance) -> bool {
    known.seen.watched != next.seen.watched
        || known.seen.provisional != next.seen.provisional
        || known.matched != next.matched
}
