//! Desk: what people ask. Console, API and command line all ask here.

use super::pull::unmatched_row;
use super::{Base, fact};
use crate::balance::{Balance, Scope};
use crate::fact::{FactKind, Subject};
use crate::fault::Fault;
use crate::id::{OrganizationId, Stored, WebinarId, mint};
use crate::metrics::Seen;
use crate::pace::Gate;
use crate::port::{BrakeChange, GateKey, HeldFilter, HeldQuery, PageRequest, RevealOrder, Saved, StoreError};
use crate::registration::{Brake, Cause, Phase, Registration, Tried};
use crate::task::{Job, Task, TaskName};
use crate::time::{SignedDuration, Timestamp, later};
use crate::webinar::Webinar;

/// Answers people's questions.
#[derive(Clone)]
pub struct Desk {
    base: Base,
}

/// A held registration, without telling who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPerson {
    /// Names the registration; the provider has it as the person's foreign id.
    pub id: String,
    /// The pseudonym.
    pub person: String,
    /// At which webinar.
    pub webinar: WebinarId,
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub since: Timestamp,
    /// How many calls were made for the person.
    pub attempts: u32,
    /// The first and the last call for what is wanted now.
    pub tried: Option<Tried>,
    /// Whether the person is wanted at the webinar, rather than to be removed from it.
    pub wanted: bool,
}

/// Attendance of somebody whom the CRM does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// At which webinar.
    pub webinar: WebinarId,
    /// The provider's id of the person.
    pub person: String,
    /// What was seen.
    pub seen: Seen,
}

impl Desk {
    pub(crate) const fn new(base: Base) -> Self {
        Self { base }
    }

    /// The balance of an organization, or of one webinar.
    pub async fn balance(&self, organization: OrganizationId, scope: Scope) -> Result<Balance, StoreError> {
        self.base.ports.books.balance(&organization, &scope).await
    }

    /// Every webinar with its balance, the next to start first.
    pub async fn webinars(
        &self,
        organization: OrganizationId,
    ) -> Result<Vec<(Webinar, Balance)>, StoreError> {
        let webinars = self.base.ports.webinars.list(&organization).await?;
        let balances = self.base.ports.books.balances(&organization).await?;
        let balance = |id: WebinarId| {
            balances.iter().find(|(webinar, _)| *webinar == id).map(|(_, b)| b.clone()).unwrap_or_default()
        };
        Ok(webinars.into_iter().map(|webinar| (webinar.clone(), balance(webinar.id))).collect())
    }

    /// Held registrations that a filter names, the longest held first.
    pub async fn held(&self, query: HeldQuery) -> Result<Vec<HeldPerson>, StoreError> {
        let held = self.base.ports.books.held(&query).await?;
        Ok(held.into_iter().filter_map(|stored| held_person(stored.item)).collect())
    }

    /// The gates of an organization's calls.
    pub async fn gates(&self, organization: OrganizationId) -> Result<Vec<(GateKey, Gate)>, StoreError> {
        self.base.ports.gates.of(&organization).await
    }

    /// The webinars whose brakes have tripped.
    pub async fn brakes(&self, organization: OrganizationId) -> Result<Vec<(WebinarId, Brake)>, StoreError> {
        self.base.ports.brakes.tripped(&organization).await
    }

    /// Says that the people who vanished from a webinar are meant to: counting begins anew, and those who are held for it
    /// are released. How many they are.
    pub async fn approve_brake(
        &self,
        organization: OrganizationId,
        webinar: WebinarId,
    ) -> Result<u64, StoreError> {
        let now = self.base.now();
        self.set_brake_back(organization, webinar, now).await?;
        let filter = HeldFilter {
            cause: Some(Cause::Brake.name().to_owned()),
            webinar: Some(webinar),
            ..HeldFilter::default()
        };
        Ok(self.release(organization, filter, "the brake was approved".to_owned()).await?.1)
    }

    async fn set_brake_back(
        &self,
        organization: OrganizationId,
        webinar: WebinarId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        loop {
            let known =
                self.base.ports.brakes.find(&organization, &[webinar]).await?.into_iter().next().flatten();
            let Some(Stored { revision, .. }) = known else { return Ok(()) };
            let fact = fact(organization, Subject::Webinar(webinar), FactKind::BrakeApproved, now);
            let (expected, next, facts) = (Some(revision), Brake::new(now), vec![fact]);
            let change = BrakeChange { organization, webinar, expected, next, facts };
            if let Saved::Done(_) = self.base.ports.brakes.save(&change).await? {
                return Ok(());
            }
        }
    }

    /// How many held registrations a filter names.
    pub async fn count(&self, organization: OrganizationId, filter: &HeldFilter) -> Result<u64, StoreError> {
        self.base.ports.books.count(&organization, filter).await
    }

    /// Has the held registrations that a filter names released, some at a time; whoever is held from now on is not among
    /// them. The task, and how many there are now. The reason is kept with it.
    pub async fn release(
        &self,
        organization: OrganizationId,
        filter: HeldFilter,
        reason: String,
    ) -> Result<(TaskName, u64), StoreError> {
        let now = self.base.now();
        let end = later(now, SignedDuration::from_micros(1));
        let filter = HeldFilter { to: Some(filter.to.map_or(end, |to| to.min(end))), ..filter };
        let expected = self.base.ports.books.count(&organization, &filter).await?;
        let name = TaskName::release(mint(self.base.ports.clock.as_ref(), self.base.ports.entropy.as_ref()));
        let job = Job::Release { filter, reason, expected, released: 0 };
        let task = Task::new(organization, name.clone(), job, now);
        let told = fact(organization, Subject::Organization, FactKind::ReleaseAsked, now);
        self.base.ports.tasks.plan(&task, &[told]).await?;
        self.base.ports.bell.ring();
        Ok((name, expected))
    }

    /// Has a webinar, or all that take place, compared with the provider's list. The tasks; none: there is no such webinar.
    pub async fn reconcile(
        &self,
        organization: OrganizationId,
        webinar: Option<WebinarId>,
        dry_run: bool,
    ) -> Result<Vec<TaskName>, StoreError> {
        let (now, policy) = (self.base.now(), &self.base.policies.night);
        let takes_place = |known: &Webinar| match webinar {
            Some(webinar) => known.id == webinar,
            None => known.target().is_some() && now < later(known.ends, policy.after_end),
        };
        let mut names = vec![];
        for webinar in self.base.ports.webinars.list(&organization).await? {
            if takes_place(&webinar) {
                names.push(self.base.plan_reconcile(organization, webinar.id, dry_run).await?);
            }
        }
        self.base.ports.bell.ring();
        Ok(names)
    }

    /// An organization's tasks, what is over among them for as long as it is kept.
    pub async fn tasks(&self, organization: OrganizationId) -> Result<Vec<Task>, StoreError> {
        self.base.ports.tasks.list(&organization).await
    }

    /// Attendance that belongs to nobody in the CRM.
    pub async fn unmatched(&self, page: PageRequest) -> Result<Vec<Unmatched>, StoreError> {
        let unmatched = self.base.ports.books.unmatched(&page).await?;
        let one = |attendance: crate::metrics::Attendance| Unmatched {
            webinar: attendance.key.webinar,
            person: attendance.key.person.as_str().to_owned(),
            seen: attendance.seen,
        };
        Ok(unmatched.into_iter().map(one).collect())
    }

    /// The addresses of unmatched people, where the provider told them; for somebody who may see them.
    pub async fn unmatched_addresses(
        &self,
        page: PageRequest,
    ) -> Result<Result<Vec<Option<crate::person::Address>>, Fault>, StoreError> {
        let unmatched = self.base.ports.books.unmatched(&page).await?;
        let sealed = |attendance: &crate::metrics::Attendance| {
            let row = unmatched_row(attendance.key.webinar, &attendance.key);
            attendance.details.clone().map(|details| (row, details))
        };
        let order = RevealOrder {
            organization: page.organization,
            sealed: unmatched.iter().filter_map(sealed).collect(),
        };
        let revealed = match self.base.ports.privacy.reveal(&order).await {
            Ok(revealed) => revealed,
            Err(fault) => return Ok(Err(fault)),
        };
        let mut revealed = revealed.into_iter().map(|details| details.address);
        let address = |attendance: &crate::metrics::Attendance| {
            attendance.details.as_ref().and_then(|_| revealed.next())
        };
        Ok(Ok(unmatched.iter().map(address).collect()))
    }
}

fn held_person(registration: Registration) -> Option<HeldPerson> {
    let wanted = registration.is_wanted();
    let Phase::Held { cause, since } = registration.phase else { return None };
    Some(HeldPerson {
        id: registration.key.correlation(),
        person: registration.key.email.to_string(),
        webinar: registration.key.webinar,
        cause,
        since,
        attempts: registration.attempts,
        tried: registration.tried,
        wanted,
    })
}
