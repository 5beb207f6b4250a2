//! Desk: what people ask. Console, API and command line all ask here.

use super::pull::unmatched_row;
use super::{Base, fact, registration_fact};
use crate::balance::{Balance, Scope};
use crate::fact::{FactKind, Step, Subject};
use crate::fault::Fault;
use crate::id::{OrganizationId, Stored, WebinarId};
use crate::metrics::Seen;
use crate::pace::Gate;
use crate::port::{
    Amendment, BrakeChange, GateKey, HeldFilter, HeldQuery, PageRequest, RevealOrder, Saved, Settled,
    StoreError,
};
use crate::registration::{Brake, Cause, Input, Phase, Registration};
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

/// How many held registrations one transaction releases.
const RELEASED_AT_ONCE: u32 = 200;

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

    /// Held registrations, the longest held first.
    pub async fn held(&self, page: PageRequest) -> Result<Vec<HeldPerson>, StoreError> {
        let held = self.base.ports.books.held(&page).await?;
        Ok(held.into_iter().filter_map(held_person).collect())
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
    /// are released. How many they were.
    pub async fn approve_brake(
        &self,
        organization: OrganizationId,
        webinar: WebinarId,
    ) -> Result<u32, StoreError> {
        let now = self.base.now();
        self.set_brake_back(organization, webinar, now).await?;
        let filter = HeldFilter {
            cause: Some(Cause::Brake.name().to_owned()),
            webinar: Some(webinar),
            // Who is held from now on is not meant.
            to: Some(later(now, SignedDuration::from_micros(1))),
            ..HeldFilter::default()
        };
        self.release(organization, filter).await
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

    /// Releases held registrations that a filter names, some at a time; how many they were.
    pub async fn release(&self, organization: OrganizationId, filter: HeldFilter) -> Result<u32, StoreError> {
        let query = HeldQuery { organization, filter, limit: RELEASED_AT_ONCE };
        let mut released = 0;
        loop {
            let held = self.base.ports.books.select(&query).await?;
            let now = self.base.now();
            let changes: Vec<Amendment> = held.iter().filter_map(|held| self.released(held, now)).collect();
            if changes.is_empty() {
                self.base.ports.bell.ring();
                return Ok(released);
            }
            let done = self.base.ports.worklist.amend(&changes).await?;
            let done = done.iter().filter(|end| matches!(end, Settled::Done(_))).count();
            released += u32::try_from(done).unwrap_or(u32::MAX);
        }
    }

    fn released(&self, held: &Stored<Registration>, now: Timestamp) -> Option<Amendment> {
        let step = held.item.on(Input::Released, now, &self.base.policies.registration).ok()?;
        let Step::Moved { next, fact } = step else { return None };
        let facts = vec![registration_fact(&held.item.key, fact, now)];
        Some(Amendment { expected: held.revision, next, facts })
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
        person: registration.key.email.to_string(),
        webinar: registration.key.webinar,
        cause,
        since,
        attempts: registration.attempts,
        wanted,
    })
}
