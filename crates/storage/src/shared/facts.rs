//! Facts: written with the state that they explain, read in the order in which they were stored.

use async_trait::async_trait;
use serde::Serialize;
use webinar_bridge_domain::fact::Fact;
use webinar_bridge_domain::port::{Chronicle, ChronicleQuery, Entry, StoreError};

use super::fault::Failed;
use super::{Conn, Db, Store, execute_all};
use crate::record;

#[derive(Serialize)]
struct Row {
    organization: String,
    doc: String,
}

const APPEND: &str = concat!(
    "INSERT INTO fact (organization, doc) SELECT ",
    text!("organization"),
    ", ",
    text!("doc"),
    " FROM ",
    rows!("$1"),
    " ORDER BY r.key"
);
const SINCE: &str = "SELECT position, doc FROM fact WHERE organization = $1 AND position > $2
     ORDER BY position LIMIT $3";

/// What stores facts, in order.
pub(super) fn appending(facts: &[Fact]) -> Result<Option<(&'static str, String)>, StoreError> {
    if facts.is_empty() {
        return Ok(None);
    }
    let row = |fact: &Fact| {
        Ok(Row { organization: record::id(fact.organization.uuid()), doc: record::document(fact)? })
    };
    let rows: Vec<Row> = facts.iter().map(row).collect::<Result<_, StoreError>>()?;
    Ok(Some((APPEND, record::json(&rows)?)))
}

/// Stores facts, in order.
pub(super) async fn append(conn: &mut Conn, facts: &[Fact]) -> Result<(), Failed> {
    execute_all(conn, appending(facts)?.into_iter().collect()).await
}

#[async_trait]
impl Chronicle for Store {
    async fn since(&self, query: &ChronicleQuery) -> Result<Vec<Entry>, StoreError> {
        let organization = record::id(query.organization.uuid());
        let (after, limit) = (i64::try_from(query.after).unwrap_or(i64::MAX), i64::from(query.limit));
        let rows: Vec<(i64, String)> = self
            .read(move |conn| {
                Box::pin(async move {
                    let rows = sqlx::query_as::<Db, _>(SINCE).bind(organization).bind(after).bind(limit);
                    Ok(rows.fetch_all(conn).await?)
                })
            })
            .await?;
        let entry = |(position, doc): (i64, String)| {
            Ok(Entry { position: position.cast_unsigned(), fact: record::read("fact", &position, &doc)? })
        };
        rows.into_iter().map(entry).collect()
    }
}
