use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::balance::{Balance, Scope, Tally};
use crate::id::{OrganizationId, Stored, WebinarId};
use crate::metrics::Attendance;
use crate::port::{Books, HeldFilter, HeldQuery, PageRequest, Place, RollQuery, StoreError};
use crate::registration::{Phase, Registration, RegistrationKey};
use crate::time::Timestamp;

#[async_trait]
impl Books for MemoryStore {
    async fn balance(&self, organization: &OrganizationId, scope: &Scope) -> Result<Balance, StoreError> {
        let mut sum = Tally::default();
        for (webinar, tally) in self.state().tallies(*organization) {
            if matches!(scope, Scope::Organization) || *scope == Scope::Webinar(webinar) {
                sum.merge(&tally);
            }
        }
        Ok(sum.balance())
    }

    async fn balances(&self, organization: &OrganizationId) -> Result<Vec<(WebinarId, Balance)>, StoreError> {
        let mut tallies = self.state().tallies(*organization);
        tallies.retain(|_, tally| tally.counters().next().is_some());
        Ok(tallies.into_iter().map(|(webinar, tally)| (webinar, tally.balance())).collect())
    }

    async fn find(&self, keys: &[RegistrationKey]) -> Result<Vec<Option<Stored<Registration>>>, StoreError> {
        let state = self.state();
        Ok(keys.iter().map(|key| state.registrations.get(key).map(|row| row.stored.clone())).collect())
    }

    async fn held(&self, query: &HeldQuery) -> Result<Vec<Stored<Registration>>, StoreError> {
        let state = self.state();
        let here = state.registrations.iter().filter(|(key, _)| key.organization == query.organization);
        let mut held: Vec<_> = here
            .filter_map(|(key, row)| match &row.stored.item.phase {
                Phase::Held { cause, since } if query.filter.names(key, cause.name(), *since) => {
                    Some((*since, *key, &row.stored))
                }
                _ => None,
            })
            .collect();
        held.sort_unstable_by_key(|(since, key, _)| (*since, *key));
        let page = PageRequest { organization: query.organization, skip: query.skip, limit: query.limit };
        Ok(paged(held.into_iter().map(|(_, _, stored)| stored.clone()), &page))
    }

    async fn count(&self, organization: &OrganizationId, filter: &HeldFilter) -> Result<u64, StoreError> {
        let (organization, filter) = (*organization, filter.clone());
        let query = HeldQuery { organization, filter, skip: 0, limit: u32::MAX };
        Ok(u64::try_from(self.held(&query).await?.len()).unwrap_or(u64::MAX))
    }

    async fn roll(&self, query: &RollQuery) -> Result<Vec<Stored<Registration>>, StoreError> {
        let state = self.state();
        let here = state.registrations.iter().filter(|(key, _)| {
            key.organization == query.organization
                && key.webinar == query.webinar
                && query.after.is_none_or(|after| key.email > after)
        });
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        Ok(here.take(limit).map(|(_, row)| row.stored.clone()).collect())
    }

    async fn unmatched(&self, page: &PageRequest) -> Result<Vec<Attendance>, StoreError> {
        let state = self.state();
        let here = state.attendance.values().filter(|one| one.key.organization == page.organization);
        Ok(paged(here.filter(|one| one.matched.is_none()).cloned(), page))
    }
}

impl HeldFilter {
    fn names(&self, key: &RegistrationKey, cause: &str, since: Timestamp) -> bool {
        (self.people.is_empty() || self.people.contains(&key.correlation()))
            && self.cause.as_ref().is_none_or(|wanted| wanted == cause)
            && self.webinar.is_none_or(|wanted| wanted == key.webinar)
            && self.from.is_none_or(|from| since >= from)
            && self.to.is_none_or(|to| since < to)
    }
}

fn paged<T>(all: impl Iterator<Item = T>, page: &PageRequest) -> Vec<T> {
    let count = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    all.skip(count(page.skip)).take(count(page.limit)).collect()
}

impl State {
    /// What everything stored adds to the balance of its webinar. A store on disk keeps these sums; here they are
    /// counted anew.
    fn tallies(&self, organization: OrganizationId) -> BTreeMap<WebinarId, Tally> {
        let mut sums: BTreeMap<WebinarId, Tally> = BTreeMap::new();
        let mut add = |webinar: WebinarId, tally: Tally| sums.entry(webinar).or_default().merge(&tally);
        for ((owner, _), home) in &self.homes {
            let excluded = match home.place {
                Place::Registration(_) => None,
                Place::Excluded(reason) => Some(reason),
                Place::Deleted(_) => continue,
            };
            if *owner == organization {
                add(home.event, Tally::of_row(excluded));
            }
        }
        for (key, row) in self.registrations.iter().filter(|(key, _)| key.organization == organization) {
            add(key.webinar, Tally::of_registration(&row.stored.item));
        }
        for (key, one) in self.attendance.iter().filter(|(key, _)| key.organization == organization) {
            add(key.webinar, Tally::of_attendance(one));
        }
        sums
    }
}
