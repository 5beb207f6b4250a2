//! Reconcile: a webinar's registrations beside the provider's list (rule A4).
//!
//! What differs becomes due again and is asserted like anything else. Only registrations of ours are compared: whoever else
//! is listed is counted, and left alone.

use std::collections::BTreeMap;

use super::tasks::{Stopped, Tasks};
use super::{Base, Topic, of_the_vault, registration_fact};
use crate::fact::{Step, Why};
use crate::id::{OrganizationId, ProviderEventId, Stored, WebinarId};
use crate::person::{Details, EmailKey, SealedPerson};
use crate::port::{
    Amendment, ConcealOrder, KeysOrder, Registrant, RegistrantPage, RegistrantQuery, RevealOrder, RollQuery,
    Settled, StoreError,
};
use crate::registration::{Input, Phase, Registration, Sighting};
use crate::task::{Findings, Job, Task, TaskName};
use crate::time::Timestamp;

/// How many registrations are compared at once.
const AT_ONCE: u32 = 500;

/// Whom the provider lists, by what finds them here.
#[derive(Default)]
struct Listing {
    people: BTreeMap<EmailKey, Listed>,
    count: u64,
    complete: bool,
}

/// Somebody as the provider lists them.
struct Listed {
    live: bool,
    details: Details,
}

/// A registration with what the list says of it.
struct Look {
    stored: Stored<Registration>,
    sighting: Sighting,
}

impl Base {
    /// Has a webinar compared as soon as may be.
    pub(crate) async fn plan_reconcile(
        &self,
        organization: OrganizationId,
        webinar: WebinarId,
        dry_run: bool,
    ) -> Result<TaskName, StoreError> {
        let name = TaskName::reconcile(webinar, dry_run);
        let known = self.ports.tasks.find(&organization, &name).await?;
        let (found, ended) = match known.map(|stored| (stored.item.job, stored.item.ended)) {
            Some((Job::Reconcile { found, .. }, ended)) => (found, ended),
            Some(_) | None => (None, None),
        };
        let job = Job::Reconcile { webinar, dry_run, found };
        let task = Task { ended, ..Task::new(organization, name.clone(), job, self.now()) };
        self.ports.tasks.plan(&task, &[]).await?;
        Ok(name)
    }
}

impl Tasks {
    /// Compares a webinar with the provider's list; what differs becomes due, unless it is a dry run.
    pub(super) async fn compare(
        &self,
        organization: OrganizationId,
        webinar: WebinarId,
        dry_run: bool,
    ) -> Result<Findings, Stopped> {
        let known = self.base.ports.webinars.find(&organization, &[webinar]).await?;
        let known = known.into_iter().next().flatten();
        let Some(event) = known.as_ref().and_then(|stored| stored.item.target()) else {
            return Ok(Findings::default());
        };
        // Whoever was asked or answered for later than this may not be listed as they are yet.
        let settled_by = self.settled_by();
        let listing = self.listing(organization, event).await?;
        let mut sums = Findings {
            event: true,
            listed: listing.count,
            complete: listing.complete,
            ..Findings::default()
        };
        let mut people = listing.people;
        let mut query = RollQuery { organization, webinar, after: None, limit: AT_ONCE };
        loop {
            let page = self.base.ports.books.roll(&query).await?;
            let Some(last) = page.last() else { break };
            query.after = Some(last.item.key.email);
            let looks = self.looked(organization, page, &mut people, settled_by, &mut sums).await?;
            self.heed(looks, dry_run, &mut sums).await?;
        }
        sums.foreign = count(people.values().filter(|listed| listed.live).count());
        Ok(sums)
    }

    fn settled_by(&self) -> Timestamp {
        let lag = self.base.ports.registrar.traits().read_lag;
        self.base.now().checked_sub(lag).unwrap_or(Timestamp::MIN)
    }

    /// The provider's whole list.
    async fn listing(
        &self,
        organization: OrganizationId,
        event: &ProviderEventId,
    ) -> Result<Listing, Stopped> {
        let mut listing = Listing { complete: true, ..Listing::default() };
        let mut query = RegistrantQuery { organization, event: event.clone(), page: None };
        loop {
            let page = self.page(&query).await?;
            query.page = page.next.clone();
            self.add(organization, page, &mut listing).await?;
            if query.page.is_none() {
                return Ok(listing);
            }
        }
    }

    async fn page(&self, query: &RegistrantQuery) -> Result<RegistrantPage, Stopped> {
        let (organization, now) = (query.organization, self.base.now());
        if let Some(until) = self.base.standing.rests(organization, &[Topic::Vault, Topic::Provider], now) {
            return Err(Stopped::Wait(until));
        }
        let budget = self.base.ports.registrar.traits().registrants;
        if let Some(until) = self.base.must_wait(organization, budget).await? {
            return Err(Stopped::Wait(until));
        }
        let page = self.base.ports.registrar.registrants(query).await;
        self.base.came(organization, budget, &page).await?;
        Ok(page?)
    }

    async fn add(
        &self,
        organization: OrganizationId,
        page: RegistrantPage,
        listing: &mut Listing,
    ) -> Result<(), Stopped> {
        listing.complete &= page.complete;
        listing.count += count(page.registrants.len());
        let addresses =
            page.registrants.iter().map(|registrant| registrant.details.address.clone()).collect();
        let order = KeysOrder { organization, addresses };
        let keys = self.base.ports.privacy.keys(&order).await.map_err(of_the_vault)?;
        for (registrant, key) in page.registrants.into_iter().zip(keys) {
            let Registrant { details, live, .. } = registrant;
            let Some(key) = key else { continue };
            // Somebody who came back may be listed with both lives.
            let known = listing.people.get(&key).is_some_and(|listed| listed.live);
            if live || !known {
                listing.people.insert(key, Listed { live, details });
            }
        }
        Ok(())
    }

    /// What the list says of each of a page of registrations; those that cannot be compared are counted.
    async fn looked(
        &self,
        organization: OrganizationId,
        page: Vec<Stored<Registration>>,
        people: &mut BTreeMap<EmailKey, Listed>,
        settled_by: Timestamp,
        sums: &mut Findings,
    ) -> Result<Vec<Look>, Stopped> {
        let (mut looks, mut there) = (vec![], vec![]);
        for stored in page {
            // Whoever was erased and is listed came by themselves: nobody of ours.
            if stored.item.phase == Phase::Erased {
                continue;
            }
            let listed = people.remove(&stored.item.key.email);
            let is_fresh = stored.item.tried.is_some_and(|tried| tried.last > settled_by);
            let Some(sighting) = stored.item.sighting(listed.as_ref().map(|listed| listed.live)) else {
                sums.moving += 1;
                continue;
            };
            match (sighting, listed) {
                (Sighting::Missing, _) if !sums.complete => sums.moving += 1,
                (Sighting::AsKnown, Some(listed)) if stored.item.is_wanted() => {
                    there.push((stored, listed.details, is_fresh));
                }
                (Sighting::AsKnown, _) => looks.push(Look { stored, sighting }),
                _ if is_fresh => sums.moving += 1,
                _ => looks.push(Look { stored, sighting }),
            }
        }
        let compared = self.with_details(organization, there).await?;
        for (look, is_fresh) in compared {
            if is_fresh && look.sighting != Sighting::AsKnown {
                sums.moving += 1;
            } else {
                looks.push(look);
            }
        }
        Ok(looks)
    }

    /// Compares the details of people who are there.
    async fn with_details(
        &self,
        organization: OrganizationId,
        there: Vec<(Stored<Registration>, Details, bool)>,
    ) -> Result<Vec<(Look, bool)>, Stopped> {
        let sealed = |(stored, ..): &(Stored<Registration>, Details, bool)| {
            stored.item.details().map(|(source, sealed)| (source.uuid(), sealed.clone()))
        };
        let order = RevealOrder { organization, sealed: there.iter().filter_map(sealed).collect() };
        if order.sealed.is_empty() {
            return Ok(vec![]);
        }
        let ours = self.base.ports.privacy.reveal(&order).await.map_err(of_the_vault)?;
        let registrar = self.base.ports.registrar.as_ref();
        let (mut looks, mut changed, mut others) = (vec![], vec![], vec![]);
        for ((stored, listed, is_fresh), ours) in there.into_iter().zip(ours) {
            if registrar.shows(&ours, &listed) {
                looks.push((Look { stored, sighting: Sighting::AsKnown }, is_fresh));
            } else {
                changed.push((stored, is_fresh));
                others.push((uuid::Uuid::nil(), listed));
            }
        }
        let order = ConcealOrder { organization, people: others };
        let others = self.base.ports.privacy.conceal(&order).await.map_err(of_the_vault)?;
        let other = |((stored, is_fresh), other): ((_, bool), SealedPerson)| {
            (Look { stored, sighting: Sighting::Other(other.digest) }, is_fresh)
        };
        looks.extend(changed.into_iter().zip(others).map(other));
        Ok(looks)
    }

    /// Counts what was seen, and has what differs mended.
    async fn heed(&self, looks: Vec<Look>, dry_run: bool, sums: &mut Findings) -> Result<(), Stopped> {
        let (now, policy) = (self.base.now(), &self.base.policies.registration);
        let (mut changes, mut seen) = (vec![], vec![]);
        for Look { stored, sighting } in looks {
            let step = stored.item.on(Input::Sighted(sighting), now, policy);
            let (next, facts) = match step {
                Ok(Step::Moved { next, fact }) => {
                    (next, vec![registration_fact(&stored.item.key, fact, now)])
                }
                Ok(Step::Noted { next }) => (next, vec![]),
                Ok(Step::Ignored(Why::AlreadySo)) => {
                    add(sums, sighting);
                    sums.lasting += u64::from(sighting != Sighting::AsKnown);
                    continue;
                }
                Ok(Step::Ignored(_)) | Err(_) => {
                    sums.moving += 1;
                    continue;
                }
            };
            changes.push(Amendment { expected: stored.revision, next, facts });
            seen.push(sighting);
        }
        if dry_run || changes.is_empty() {
            for sighting in seen {
                add(sums, sighting);
            }
            return Ok(());
        }
        let ends = self.base.ports.worklist.amend(&changes).await?;
        for (sighting, end) in seen.into_iter().zip(ends) {
            match end {
                Settled::Done(_) => add(sums, sighting),
                // It is no longer as it was compared.
                Settled::Moved(_) | Settled::Fenced => sums.moving += 1,
            }
        }
        self.base.ports.bell.ring();
        Ok(())
    }
}

fn add(sums: &mut Findings, sighting: Sighting) {
    let sum = match sighting {
        Sighting::AsKnown => &mut sums.same,
        Sighting::Missing => &mut sums.missing,
        Sighting::Gone => &mut sums.gone,
        Sighting::Other(_) => &mut sums.changed,
        Sighting::There => &mut sums.there,
    };
    *sum += 1;
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
