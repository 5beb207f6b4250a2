//! Where webinars stand.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Serialize;
use webinar_bridge_domain::id::{OrganizationId, Revision, Stored, WebinarId};
use webinar_bridge_domain::port::{Saved, StoreError, WebinarChange, WebinarStore};
use webinar_bridge_domain::webinar::Webinar;

use super::fault::Failed;
use super::syncs::{self, SyncRow};
use super::{Conn, Db, For, Store, facts, hints};
use crate::record;

#[derive(Clone, Debug, sqlx::FromRow)]
struct Row {
    id: String,
    revision: i64,
    doc: String,
}

#[derive(Serialize)]
struct Wanted {
    id: String,
}

macro_rules! find {
    () => {
        concat!(
            "SELECT w.id, w.revision, w.doc FROM ",
            rows!("$1"),
            " CROSS JOIN webinar AS w
              WHERE w.organization = $2 AND w.id = ",
            text!("id")
        )
    };
}

const FIND: &str = find!();
const HOLD: &str = concat!(find!(), locked!());
const LIST: &str =
    "SELECT id, revision, doc FROM webinar WHERE organization = $1 AND ours = 1 ORDER BY starts, id";
const SAVE: &str = "INSERT INTO webinar (organization, id, revision, starts, ours, deliverable, doc)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (organization, id) DO UPDATE
        SET revision = excluded.revision, starts = excluded.starts, ours = excluded.ours,
            deliverable = excluded.deliverable, doc = excluded.doc";
const SPREAD: &str = "UPDATE registration SET urgency = $3, deliverable = $4
      WHERE organization = $1 AND webinar = $2 AND (urgency <> $3 OR deliverable <> $4)";

impl Row {
    fn stored(&self) -> Result<Stored<Webinar>, StoreError> {
        Ok(Stored { item: record::read("webinar", &self.id, &self.doc)?, revision: self.revision() })
    }

    fn revision(&self) -> Revision {
        Revision(self.revision.cast_unsigned())
    }
}

async fn find(
    conn: &mut Conn,
    purpose: For,
    organization: OrganizationId,
    ids: &[WebinarId],
) -> Result<Vec<Row>, Failed> {
    let wanted: Vec<Wanted> = ids.iter().map(|id| Wanted { id: record::id(id.uuid()) }).collect();
    let rows = sqlx::query_as::<Db, _>(purpose.either(FIND, HOLD))
        .bind(record::json(&wanted)?)
        .bind(record::id(organization.uuid()));
    Ok(rows.fetch_all(conn).await?)
}

/// All or nothing: a sync that moved keeps the webinar as it is, too.
async fn save(conn: &mut Conn, change: WebinarChange) -> Result<Result<Revision, Option<Row>>, Failed> {
    let WebinarChange { expected, next, sync, facts } = change;
    let found = find(conn, For::Change, next.organization, &[next.id]).await?.into_iter().next();
    if found.as_ref().map(Row::revision) != expected {
        return Ok(Err(found));
    }
    if let Some((expected, sync)) = sync {
        let stored = syncs::find(conn, For::Change, sync.organization, sync.webinar).await?;
        if stored.as_ref().map(SyncRow::revision) != expected {
            return Ok(Err(found));
        }
        syncs::save(conn, stored.as_ref(), &sync, false).await?;
    }
    let before = found.as_ref().map(Row::stored).transpose()?.map(|stored| stored.item);
    let revision = found.map_or(0, |row| row.revision) + 1;
    let (organization, id) = (record::id(next.organization.uuid()), record::id(next.id.uuid()));
    let (starts, deliverable) = (record::micros(next.starts), i64::from(next.target().is_some()));
    sqlx::query::<Db>(SAVE)
        .bind(&organization)
        .bind(&id)
        .bind(revision)
        .bind(starts)
        .bind(i64::from(next.is_ours()))
        .bind(deliverable)
        .bind(record::document(&next)?)
        .execute(&mut *conn)
        .await?;
    let spread = sqlx::query::<Db>(SPREAD).bind(&organization).bind(&id).bind(starts).bind(deliverable);
    spread.execute(&mut *conn).await?;
    if before.is_none_or(|before| before.link != next.link) {
        hints::raise_event(conn, &organization, &id).await?;
    }
    facts::append(conn, &facts).await?;
    Ok(Ok(Revision(revision.cast_unsigned())))
}

#[async_trait]
impl WebinarStore for Store {
    async fn find(
        &self,
        organization: &OrganizationId,
        ids: &[WebinarId],
    ) -> Result<Vec<Option<Stored<Webinar>>>, StoreError> {
        let (organization, wanted) = (*organization, ids.to_vec());
        let rows = self
            .read(move |conn| Box::pin(async move { find(conn, For::Reading, organization, &wanted).await }))
            .await?;
        let found: BTreeMap<&str, &Row> = rows.iter().map(|row| (row.id.as_str(), row)).collect();
        let one =
            |id: &WebinarId| found.get(record::id(id.uuid()).as_str()).map(|row| row.stored()).transpose();
        ids.iter().map(one).collect()
    }

    async fn list(&self, organization: &OrganizationId) -> Result<Vec<Webinar>, StoreError> {
        let id = record::id(organization.uuid());
        let rows: Vec<Row> = self
            .read(move |conn| {
                Box::pin(async move { Ok(sqlx::query_as::<Db, _>(LIST).bind(id).fetch_all(conn).await?) })
            })
            .await?;
        rows.iter().map(|row| row.stored().map(|stored| stored.item)).collect()
    }

    async fn save(&self, change: &WebinarChange) -> Result<Saved<Webinar>, StoreError> {
        let change = change.clone();
        Ok(match self.write(move |conn| Box::pin(save(conn, change))).await? {
            Ok(revision) => Saved::Done(revision),
            Err(row) => Saved::Moved(row.map(|row| row.stored()).transpose()?),
        })
    }
}
