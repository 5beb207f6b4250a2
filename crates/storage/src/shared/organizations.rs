//! Where organizations stand.

use async_trait::async_trait;
use webinar_bridge_domain::id::{Epoch, OrganizationId, Revision, Stored};
use webinar_bridge_domain::port::{Organization, OrganizationChange, Organizations, Saved, StoreError};
use webinar_bridge_domain::time::Timestamp;

use super::fault::Failed;
use super::{Conn, Db, Store, facts};
use crate::record;

#[derive(Clone, Debug, sqlx::FromRow)]
struct Row {
    id: String,
    revision: i64,
    epoch: i64,
    doc: String,
}

const LOAD: &str = "SELECT id, revision, epoch, doc FROM organization WHERE id = $1";
const LIST: &str = "SELECT id, revision, epoch, doc FROM organization ORDER BY name";
/// The one to be saved, and the one that has its name already.
const EITHER: &str =
    concat!("SELECT id, revision, epoch, doc FROM organization WHERE id = $1 OR name = $2", locked!());
const SAVE: &str = "INSERT INTO organization (id, name, revision, epoch, active, state, doc)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (id) DO UPDATE
        SET name = excluded.name, revision = excluded.revision, epoch = excluded.epoch, active = excluded.active,
            state = excluded.state, doc = excluded.doc";
const RUNNING: &str = "SELECT
       (SELECT count(*) FROM registration AS g
         WHERE g.organization = o.id AND g.deliver_until > $2 AND g.deliver_epoch < o.epoch)
     + (SELECT count(*) FROM registration AS g
         WHERE g.organization = o.id AND g.answer_until > $2 AND g.answer_epoch < o.epoch)
     + (SELECT count(*) FROM sync AS s
         WHERE s.organization = o.id AND s.lease_until > $2 AND s.epoch < o.epoch)
      FROM organization AS o WHERE o.id = $1";

impl Row {
    fn stored(&self) -> Result<Stored<Organization>, StoreError> {
        let item = record::read("organization", &self.id, &self.doc)?;
        Ok(Stored { item, revision: Revision(self.revision.cast_unsigned()) })
    }
}

async fn save(conn: &mut Conn, change: OrganizationChange) -> Result<Result<Revision, Option<Row>>, Failed> {
    let OrganizationChange { expected, mut next, facts } = change;
    let id = record::id(next.id.uuid());
    let found = sqlx::query_as::<Db, Row>(EITHER).bind(&id).bind(&next.name).fetch_all(&mut *conn).await?;
    let (own, other): (Vec<Row>, Vec<Row>) = found.into_iter().partition(|row| row.id == id);
    let own = own.into_iter().next();
    if own.as_ref().map(|row| Revision(row.revision.cast_unsigned())) != expected {
        return Ok(Err(own));
    }
    if let Some(other) = other.into_iter().next() {
        return Ok(Err(Some(other)));
    }
    let (revision, epoch) = own.map_or((1, 1), |row| (row.revision + 1, row.epoch + 1));
    next.epoch = Epoch(epoch.cast_unsigned());
    sqlx::query::<Db>(SAVE)
        .bind(id)
        .bind(next.name.clone())
        .bind(revision)
        .bind(epoch)
        .bind(i64::from(next.integration.is_active()))
        .bind(next.integration.name())
        .bind(record::document(&next)?)
        .execute(&mut *conn)
        .await?;
    facts::append(conn, &facts).await?;
    Ok(Ok(Revision(revision.cast_unsigned())))
}

#[async_trait]
impl Organizations for Store {
    async fn load(&self, id: &OrganizationId) -> Result<Option<Stored<Organization>>, StoreError> {
        let id = record::id(id.uuid());
        let row: Option<Row> = self
            .read(move |conn| {
                Box::pin(
                    async move { Ok(sqlx::query_as::<Db, _>(LOAD).bind(id).fetch_optional(conn).await?) },
                )
            })
            .await?;
        row.map(|row| row.stored()).transpose()
    }

    async fn list(&self) -> Result<Vec<Stored<Organization>>, StoreError> {
        let rows: Vec<Row> = self
            .read(move |conn| {
                Box::pin(async move { Ok(sqlx::query_as::<Db, _>(LIST).fetch_all(conn).await?) })
            })
            .await?;
        rows.iter().map(Row::stored).collect()
    }

    async fn save(&self, change: &OrganizationChange) -> Result<Saved<Organization>, StoreError> {
        let change = change.clone();
        Ok(match self.write(move |conn| Box::pin(save(conn, change))).await? {
            Ok(revision) => Saved::Done(revision),
            Err(row) => Saved::Moved(row.map(|row| row.stored()).transpose()?),
        })
    }

    async fn running(&self, organization: &OrganizationId, now: Timestamp) -> Result<u64, StoreError> {
        let (id, now) = (record::id(organization.uuid()), record::micros(now));
        let running: Option<i64> = self
            .read(move |conn| {
                Box::pin(async move {
                    let running = sqlx::query_scalar::<Db, i64>(RUNNING).bind(id).bind(now);
                    Ok(running.fetch_optional(conn).await?)
                })
            })
            .await?;
        Ok(running.map_or(0, i64::cast_unsigned))
    }
}
