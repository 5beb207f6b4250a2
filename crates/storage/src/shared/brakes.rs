//! What vanished from webinars lately.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Serialize;
use webinar_bridge_domain::id::{OrganizationId, Revision, Stored, WebinarId};
use webinar_bridge_domain::port::{BrakeChange, Brakes, Saved, StoreError};
use webinar_bridge_domain::registration::Brake;

use super::fault::Failed;
use super::{Conn, Db, For, Store, facts};
use crate::record;

#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Row {
    webinar: String,
    revision: i64,
    doc: String,
}

#[derive(Serialize)]
struct Wanted {
    webinar: String,
}

macro_rules! find {
    () => {
        concat!(
            "SELECT b.webinar, b.revision, b.doc FROM ",
            rows!("$1"),
            " CROSS JOIN brake AS b WHERE b.organization = $2 AND b.webinar = ",
            text!("webinar")
        )
    };
}

const FIND: &str = find!();
const HOLD: &str = concat!(find!(), locked!());
const TRIPPED: &str =
    "SELECT webinar, revision, doc FROM brake WHERE organization = $1 AND tripped = 1 ORDER BY webinar";
const SAVE: &str =
    "INSERT INTO brake (organization, webinar, revision, tripped, doc) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (organization, webinar) DO UPDATE
        SET revision = excluded.revision, tripped = excluded.tripped, doc = excluded.doc";

impl Row {
    fn stored(&self) -> Result<Stored<Brake>, StoreError> {
        let item = record::read("brake", &self.webinar, &self.doc)?;
        Ok(Stored { item, revision: Revision(self.revision.cast_unsigned()) })
    }
}

async fn find(
    conn: &mut Conn,
    purpose: For,
    organization: OrganizationId,
    webinars: &[WebinarId],
) -> Result<BTreeMap<String, Row>, Failed> {
    let wanted: Vec<Wanted> = webinars.iter().map(|id| Wanted { webinar: record::id(id.uuid()) }).collect();
    let rows = sqlx::query_as::<Db, Row>(purpose.either(FIND, HOLD))
        .bind(record::json(&wanted)?)
        .bind(record::id(organization.uuid()));
    let rows = rows.fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.webinar.clone(), row)).collect())
}

/// Stores those that are as they were read; the webinars of the others, with what their brakes are now.
pub(super) async fn save(
    conn: &mut Conn,
    changes: &[BrakeChange],
) -> Result<BTreeMap<WebinarId, Option<Row>>, Failed> {
    let mut stale = BTreeMap::new();
    let Some(first) = changes.first() else { return Ok(stale) };
    let webinars: Vec<WebinarId> = changes.iter().map(|change| change.webinar).collect();
    let mut known = find(conn, For::Change, first.organization, &webinars).await?;
    for change in changes {
        let id = record::id(change.webinar.uuid());
        let row = known.remove(&id);
        if row.as_ref().map(|row| Revision(row.revision.cast_unsigned())) != change.expected {
            stale.insert(change.webinar, row);
            continue;
        }
        sqlx::query::<Db>(SAVE)
            .bind(record::id(change.organization.uuid()))
            .bind(id)
            .bind(row.map_or(0, |row| row.revision) + 1)
            .bind(i64::from(change.next.tripped.is_some()))
            .bind(record::document(&change.next)?)
            .execute(&mut *conn)
            .await?;
        facts::append(conn, &change.facts).await?;
    }
    Ok(stale)
}

#[async_trait]
impl Brakes for Store {
    async fn find(
        &self,
        organization: &OrganizationId,
        webinars: &[WebinarId],
    ) -> Result<Vec<Option<Stored<Brake>>>, StoreError> {
        let (organization, wanted) = (*organization, webinars.to_vec());
        let found = self
            .read(move |conn| Box::pin(async move { find(conn, For::Reading, organization, &wanted).await }))
            .await?;
        let one = |id: &WebinarId| found.get(&record::id(id.uuid())).map(Row::stored).transpose();
        webinars.iter().map(one).collect()
    }

    async fn tripped(&self, organization: &OrganizationId) -> Result<Vec<(WebinarId, Brake)>, StoreError> {
        let organization = record::id(organization.uuid());
        let rows: Vec<Row> = self
            .read(move |conn| {
                Box::pin(async move {
                    Ok(sqlx::query_as::<Db, _>(TRIPPED).bind(organization).fetch_all(conn).await?)
                })
            })
            .await?;
        let one =
            |row: &Row| Ok((record::id_in("brake", "webinar", &row.webinar)?.into(), row.stored()?.item));
        rows.iter().map(one).collect()
    }

    async fn save(&self, change: &BrakeChange) -> Result<Saved<Brake>, StoreError> {
        let (change, expected) = (change.clone(), change.expected);
        let stale = self.write(move |conn| Box::pin(async move { save(conn, &[change]).await })).await?;
        match stale.into_values().next() {
            None => Ok(Saved::Done(Revision(expected.unwrap_or_default().0 + 1))),
            Some(row) => Ok(Saved::Moved(row.map(|row| row.stored()).transpose()?)),
        }
    }
}
