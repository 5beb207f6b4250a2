//! Work that people asked for, or that comes with the night.

use async_trait::async_trait;
use webinar_bridge_domain::fact::Fact;
use webinar_bridge_domain::id::{OrganizationId, Revision, Stored};
use webinar_bridge_domain::port::{LeasedTask, StoreError, TaskClaim, TaskEnd, TaskEnded, TaskStore};
use webinar_bridge_domain::task::{Task, TaskName};
use webinar_bridge_domain::time::{Timestamp, later};

use super::fault::Failed;
use super::{Conn, Db, Store, facts};
use crate::record;

/// A task as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
struct Row {
    name: String,
    revision: i64,
    lease_until: Option<i64>,
    fence: i64,
    doc: String,
}

const READY: &str = "SELECT o.id, (SELECT min(t.ready_at) FROM task AS t
            WHERE t.organization = o.id AND t.ready_at IS NOT NULL) AS at
       FROM organization AS o WHERE o.active = 1";
const CLAIM: &str = "UPDATE task SET lease_until = $3, fence = fence + 1
      WHERE organization = $1
        AND name = (SELECT t.name FROM task AS t CROSS JOIN organization AS o
                     WHERE t.organization = $1 AND t.ready_at <= $2 AND o.id = t.organization AND o.active = 1
                     ORDER BY t.ready_at, t.name LIMIT 1)
     RETURNING name, revision, lease_until, fence, doc";
const FIND: &str =
    "SELECT name, revision, lease_until, fence, doc FROM task WHERE organization = $1 AND name = $2";
const HOLD: &str = concat!(
    "SELECT name, revision, lease_until, fence, doc FROM task WHERE organization = $1 AND name = $2",
    locked!()
);
const PLAN: &str = "INSERT INTO task (organization, name, revision, due_at, ended_at, doc)
     VALUES ($1, $2, 1, $3, $4, $5)
     ON CONFLICT (organization, name) DO UPDATE
        SET revision = task.revision + 1, due_at = excluded.due_at, ended_at = excluded.ended_at,
            doc = excluded.doc";
const END: &str =
    "UPDATE task SET revision = revision + 1, due_at = $3, ended_at = $4, doc = $5, lease_until = NULL
      WHERE organization = $1 AND name = $2";
const RELEASE: &str = "UPDATE task SET lease_until = NULL WHERE organization = $1 AND name = $2";
const LIST: &str =
    "SELECT name, revision, lease_until, fence, doc FROM task WHERE organization = $1 ORDER BY name";
const CLEAR: &str = "DELETE FROM task WHERE organization = $1 AND due_at IS NULL AND ended_at < $2";

impl Row {
    fn task(&self) -> Result<Task, StoreError> {
        record::read("task", &self.name, &self.doc)
    }

    fn stored(&self) -> Result<Stored<Task>, StoreError> {
        Ok(Stored { item: self.task()?, revision: self.revision() })
    }

    const fn revision(&self) -> Revision {
        Revision(self.revision.cast_unsigned())
    }

    const fn is_held_under(&self, fence: u64) -> bool {
        self.lease_until.is_some() && self.fence.cast_unsigned() == fence
    }
}

/// Writes a task by one of the statements that take all of it.
async fn write(conn: &mut Conn, statement: &'static str, task: &Task) -> Result<(), Failed> {
    sqlx::query::<Db>(statement)
        .bind(record::id(task.organization.uuid()))
        .bind(task.name.as_str())
        .bind(task.due.map(record::micros))
        .bind(task.ended.map(record::micros))
        .bind(record::document(task)?)
        .execute(conn)
        .await?;
    Ok(())
}

async fn end(conn: &mut Conn, end: TaskEnd) -> Result<TaskEnded, Failed> {
    let (organization, name) = (record::id(end.next.organization.uuid()), end.next.name.as_str());
    let row = sqlx::query_as::<Db, Row>(HOLD).bind(&organization).bind(name);
    let row = row.fetch_optional(&mut *conn).await?;
    let Some(row) = row.filter(|row| row.is_held_under(end.fence)) else { return Ok(TaskEnded::Fenced) };
    if row.revision() != end.expected {
        sqlx::query::<Db>(RELEASE).bind(&organization).bind(name).execute(conn).await?;
        return Ok(TaskEnded::Moved);
    }
    write(conn, END, &end.next).await?;
    facts::append(conn, &end.facts).await?;
    Ok(TaskEnded::Done)
}

#[async_trait]
impl TaskStore for Store {
    async fn ready(&self) -> Result<Vec<(OrganizationId, Option<Timestamp>)>, StoreError> {
        let rows: Vec<(String, Option<i64>)> = self
            .read(|conn| Box::pin(async move { Ok(sqlx::query_as::<Db, _>(READY).fetch_all(conn).await?) }))
            .await?;
        let one = |(organization, at): &(String, Option<i64>)| {
            Ok((record::id_in("organization", "id", organization)?.into(), at.map(record::time)))
        };
        rows.iter().map(one).collect()
    }

    async fn claim(&self, order: &TaskClaim) -> Result<Option<LeasedTask>, StoreError> {
        let TaskClaim { organization, now, lease } = *order;
        let row: Option<Row> = self
            .write(move |conn| {
                Box::pin(async move {
                    let claim = sqlx::query_as::<Db, _>(CLAIM).bind(record::id(organization.uuid()));
                    let claim = claim.bind(record::micros(now)).bind(record::micros(later(now, lease)));
                    Ok(claim.fetch_optional(conn).await?)
                })
            })
            .await?;
        let one = |row: Row| {
            let (revision, fence) = (row.revision(), row.fence.cast_unsigned());
            Ok(LeasedTask { task: row.task()?, revision, fence })
        };
        row.map(one).transpose()
    }

    async fn plan(&self, task: &Task, facts: &[Fact]) -> Result<(), StoreError> {
        let (task, facts) = (task.clone(), facts.to_vec());
        self.write(move |conn| {
            Box::pin(async move {
                write(conn, PLAN, &task).await?;
                facts::append(conn, &facts).await
            })
        })
        .await
    }

    async fn find(
        &self,
        organization: &OrganizationId,
        name: &TaskName,
    ) -> Result<Option<Stored<Task>>, StoreError> {
        let (organization, name) = (record::id(organization.uuid()), name.clone());
        let row: Option<Row> = self
            .read(move |conn| {
                Box::pin(async move {
                    let row = sqlx::query_as::<Db, _>(FIND).bind(organization).bind(name.as_str());
                    Ok(row.fetch_optional(conn).await?)
                })
            })
            .await?;
        row.map(|row| row.stored()).transpose()
    }

    async fn settle(&self, ended: &TaskEnd) -> Result<TaskEnded, StoreError> {
        let ended = ended.clone();
        self.write(move |conn| Box::pin(end(conn, ended))).await
    }

    async fn list(&self, organization: &OrganizationId) -> Result<Vec<Task>, StoreError> {
        let organization = record::id(organization.uuid());
        let rows: Vec<Row> = self
            .read(move |conn| {
                Box::pin(async move {
                    Ok(sqlx::query_as::<Db, _>(LIST).bind(organization).fetch_all(conn).await?)
                })
            })
            .await?;
        rows.iter().map(Row::task).collect()
    }

    async fn clear(&self, organization: &OrganizationId, before: Timestamp) -> Result<u64, StoreError> {
        let organization = record::id(organization.uuid());
        let cleared = self
            .write(move |conn| {
                Box::pin(async move {
                    let clear = sqlx::query::<Db>(CLEAR).bind(organization).bind(record::micros(before));
                    Ok(clear.execute(conn).await?)
                })
            })
            .await?;
        Ok(cleared.rows_affected())
    }
}
