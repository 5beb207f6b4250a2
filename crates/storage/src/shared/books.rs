//! The read side: sums that are kept, and registrations by key.

use std::collections::BTreeMap;

use async_trait::async_trait;
use webinar_bridge_domain::balance::{Balance, Scope, Tally};
use webinar_bridge_domain::id::{OrganizationId, Stored, WebinarId};
use webinar_bridge_domain::metrics::Attendance;
use webinar_bridge_domain::port::{Books, HeldFilter, HeldQuery, PageRequest, RollQuery, StoreError};
use webinar_bridge_domain::registration::{Registration, RegistrationKey};

use super::registrations::{Doc, documents};
use super::{Db, Store};
use crate::record;

const BALANCE: &str =
    "SELECT counter, CAST(sum(n) AS BIGINT) FROM tally WHERE organization = $1 GROUP BY counter";
const BALANCE_OF_ONE: &str = "SELECT counter, n FROM tally WHERE organization = $1 AND webinar = $2";
const BALANCES: &str = "SELECT webinar, counter, n FROM tally WHERE organization = $1 AND n <> 0";
/// What a filter leaves open matches everything; `$6` is an array of people, an empty one are all.
macro_rules! named {
    ($columns:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM registration
      WHERE organization = $1 AND held_since IS NOT NULL AND cause = coalesce($2, cause)
        AND webinar = coalesce($3, webinar) AND held_since >= $4 AND held_since < $5
        AND ($6 = '[]' OR correlation IN (SELECT r.value FROM ",
            rows!("$6"),
            "))"
        )
    };
}
const HELD: &str =
    concat!(named!("0 AS n, id, revision, doc"), " ORDER BY held_since, id LIMIT $7 OFFSET $8");
const COUNT: &str = named!("count(*)");
const ROLL: &str = "SELECT 0 AS n, id, revision, doc FROM registration
      WHERE organization = $1 AND webinar = $2 AND email_key > $3 ORDER BY email_key LIMIT $4";
const UNMATCHED: &str = "SELECT id, doc FROM attendance WHERE organization = $1 AND matched = 0
      ORDER BY id LIMIT $2 OFFSET $3";

/// A filter as statements take it.
struct Wanted {
    cause: Option<String>,
    webinar: Option<String>,
    from: i64,
    to: i64,
    people: String,
}

impl Wanted {
    fn new(filter: &HeldFilter) -> Result<Self, StoreError> {
        Ok(Self {
            cause: filter.cause.clone(),
            webinar: filter.webinar.map(|webinar| record::id(webinar.uuid())),
            from: filter.from.map_or(i64::MIN, record::micros),
            to: filter.to.map_or(i64::MAX, record::micros),
            people: record::json(&filter.people)?,
        })
    }
}

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

    async fn held(&self, query: &HeldQuery) -> Result<Vec<Stored<Registration>>, StoreError> {
        let HeldQuery { organization, filter, skip, limit } = query.clone();
        let wanted = Wanted::new(&filter)?;
        let found: Vec<Doc> = self
            .read(move |conn| {
                Box::pin(async move {
                    let rows = sqlx::query_as::<Db, _>(HELD).bind(record::id(organization.uuid()));
                    let rows = rows.bind(wanted.cause).bind(wanted.webinar).bind(wanted.from).bind(wanted.to);
                    let rows = rows.bind(wanted.people).bind(i64::from(limit)).bind(i64::from(skip));
                    Ok(rows.fetch_all(conn).await?)
                })
            })
            .await?;
        found.iter().map(Doc::registration).collect()
    }

    async fn count(&self, organization: &OrganizationId, filter: &HeldFilter) -> Result<u64, StoreError> {
        let (organization, wanted) = (record::id(organization.uuid()), Wanted::new(filter)?);
        let n: i64 = self
            .read(move |conn| {
                Box::pin(async move {
                    let n = sqlx::query_scalar::<Db, _>(COUNT).bind(organization).bind(wanted.cause);
                    let n = n.bind(wanted.webinar).bind(wanted.from).bind(wanted.to).bind(wanted.people);
                    Ok(n.fetch_one(conn).await?)
                })
            })
            .await?;
        Ok(n.cast_unsigned())
    }

    async fn roll(&self, query: &RollQuery) -> Result<Vec<Stored<Registration>>, StoreError> {
        let RollQuery { organization, webinar, after, limit } = *query;
        let found: Vec<Doc> = self
            .read(move |conn| {
                Box::pin(async move {
                    let rows = sqlx::query_as::<Db, _>(ROLL).bind(record::id(organization.uuid()));
                    let after = after.as_ref().map_or_else(String::new, record::email);
                    let rows = rows.bind(record::id(webinar.uuid())).bind(after).bind(i64::from(limit));
                    Ok(rows.fetch_all(conn).await?)
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
