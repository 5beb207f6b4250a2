//! The read side: sums that are kept, and registrations by key.

use std::collections::BTreeMap;

use async_trait::async_trait;
use webinar_bridge_domain::balance::{Balance, Scope, Tally};
use webinar_bridge_domain::id::{OrganizationId, Stored, WebinarId};
use webinar_bridge_domain::metrics::Attendance;
use webinar_bridge_domain::port::{Books, HeldQuery, PageRequest, StoreError};
use webinar_bridge_domain::registration::{Registration, RegistrationKey};

use super::registrations::{Doc, documents};
use super::{Db, Store};
use crate::record;

const BALANCE: &str =
    "SELECT counter, CAST(sum(n) AS BIGINT) FROM tally WHERE organization = $1 GROUP BY counter";
const BALANCE_OF_ONE: &str = "SELECT counter, n FROM tally WHERE organization = $1 AND webinar = $2";
const BALANCES: &str = "SELECT webinar, counter, n FROM tally WHERE organization = $1 AND n <> 0";
const HELD: &str = "SELECT id, doc FROM registration WHERE organization = $1 AND held_since IS NOT NULL
      ORDER BY held_since, id LIMIT $2 OFFSET $3";
/// What a filter leaves open matches everything.
const SELECT: &str = "SELECT 0 AS n, id, revision, doc FROM registration
      WHERE organization = $1 AND held_since IS NOT NULL AND cause = coalesce($2, cause)
        AND webinar = coalesce($3, webinar) AND held_since >= $4 AND held_since < $5
      ORDER BY held_since, id LIMIT $6";
const UNMATCHED: &str = "SELECT id, doc FROM attendance WHERE organization = $1 AND matched = 0
      ORDER BY id LIMIT $2 OFFSET $3";

impl Store {
    /// A page of documents with their row ids.
    async fn page(
        &self,
        statement: &'static str,
        page: &PageRequest,
    ) -> Result<Vec<(i64, String)>, StoreError> {
        let page = *page;
        self.read(move |conn| {
            Box::pin(async move {
                let rows = sqlx::query_as::<Db, _>(statement).bind(record::id(page.organization.uuid()));
                Ok(rows.bind(i64::from(page.limit)).bind(i64::from(page.skip)).fetch_all(conn).await?)
            })
        })
        .await
    }
}

#[async_trait]
impl Books for Store {
    async fn balance(&self, organization: &OrganizationId, scope: &Scope) -> Result<Balance, StoreError> {
        let organization = record::id(organization.uuid());
        let (statement, webinar) = match scope {
            Scope::Organization => (BALANCE, None),
            Scope::Webinar(webinar) => (BALANCE_OF_ONE, Some(record::id(webinar.uuid()))),
        };
        let counters: Vec<(String, i64)> = self
            .read(move |conn| {
                Box::pin(async move {
                    let mut counters = sqlx::query_as::<Db, _>(statement).bind(organization);
                    if let Some(webinar) = webinar {
                        counters = counters.bind(webinar);
                    }
                    Ok(counters.fetch_all(conn).await?)
                })
            })
            .await?;
        Ok(Tally::from_counters(counters.iter().map(|(name, n)| (name.as_str(), *n))).balance())
    }

    async fn balances(&self, organization: &OrganizationId) -> Result<Vec<(WebinarId, Balance)>, StoreError> {
        let organization = record::id(organization.uuid());
        let rows: Vec<(String, String, i64)> = self
            .read(move |conn| {
                Box::pin(async move {
                    Ok(sqlx::query_as::<Db, _>(BALANCES).bind(organization).fetch_all(conn).await?)
                })
            })
            .await?;
        let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
        for (webinar, counter, n) in &rows {
            tallies.entry(webinar).or_default().merge(&Tally::from_counters([(counter.as_str(), *n)]));
        }
        let balance = |(webinar, tally): (&str, Tally)| {
            Ok((record::id_in("tally", "webinar", webinar)?.into(), tally.balance()))
        };
        tallies.into_iter().map(balance).collect()
    }

    async fn find(&self, keys: &[RegistrationKey]) -> Result<Vec<Option<Stored<Registration>>>, StoreError> {
        let wanted = keys.to_vec();
        let docs = self.read(move |conn| Box::pin(async move { documents(conn, &wanted).await })).await?;
        keys.iter().map(|key| docs.get(key).map(Doc::registration).transpose()).collect()
    }

    async fn held(&self, page: &PageRequest) -> Result<Vec<Registration>, StoreError> {
        let rows = self.page(HELD, page).await?;
        rows.iter().map(|(id, doc)| record::read("registration", &id, doc)).collect()
    }

    async fn select(&self, query: &HeldQuery) -> Result<Vec<Stored<Registration>>, StoreError> {
        let HeldQuery { organization, filter, limit } = query.clone();
        let (from, to) =
            (filter.from.map_or(i64::MIN, record::micros), filter.to.map_or(i64::MAX, record::micros));
        let found: Vec<Doc> = self
            .read(move |conn| {
                Box::pin(async move {
                    let rows = sqlx::query_as::<Db, _>(SELECT)
                        .bind(record::id(organization.uuid()))
                        .bind(filter.cause)
                        .bind(filter.webinar.map(|webinar| record::id(webinar.uuid())));
                    Ok(rows.bind(from).bind(to).bind(i64::from(limit)).fetch_all(conn).await?)
                })
            })
            .await?;
        found.iter().map(Doc::registration).collect()
    }

    async fn unmatched(&self, page: &PageRequest) -> Result<Vec<Attendance>, StoreError> {
        let rows = self.page(UNMATCHED, page).await?;
        rows.iter().map(|(id, doc)| record::read("attendance", &id, doc)).collect()
    }
}
