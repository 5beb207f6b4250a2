//! Syncs: the rows of metrics on their way home.

use webinar_bridge_domain::id::{OrganizationId, Revision, Stored, WebinarId};
use webinar_bridge_domain::metrics::MetricsSync;
use webinar_bridge_domain::port::{StoreError, SyncLease};

use super::fault::Failed;
use super::{Conn, Db, For};
use crate::record;

/// A sync as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct SyncRow {
    id: i64,
    revision: i64,
    lease_until: Option<i64>,
    fence: i64,
    doc: String,
}

const FIND: &str =
    "SELECT id, revision, lease_until, fence, doc FROM sync WHERE organization = $1 AND webinar = $2";
const HOLD: &str = concat!(
    "SELECT id, revision, lease_until, fence, doc FROM sync WHERE organization = $1 AND webinar = $2",
    locked!()
);
const SAVE: &str = "INSERT INTO sync (organization, webinar, revision, state, due_at, doc)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (organization, webinar) DO UPDATE
        SET revision = excluded.revision, state = excluded.state, due_at = excluded.due_at, doc = excluded.doc,
            lease_until = CASE WHEN $7 = 1 THEN NULL ELSE sync.lease_until END";

impl SyncRow {
    pub(super) fn stored(&self) -> Result<Stored<MetricsSync>, StoreError> {
        Ok(Stored { item: record::read("sync", &self.id, &self.doc)?, revision: self.revision() })
    }

    pub(super) fn revision(&self) -> Revision {
        Revision(self.revision.cast_unsigned())
    }

    /// Whether the lease is the present one.
    pub(super) fn holds(&self, lease: &SyncLease) -> bool {
        self.lease_until.is_some() && self.fence.cast_unsigned() == lease.fence
    }
}

pub(super) async fn find(
    conn: &mut Conn,
    purpose: For,
    organization: OrganizationId,
    webinar: WebinarId,
) -> Result<Option<SyncRow>, Failed> {
    let statement = purpose.either(FIND, HOLD);
    let row = sqlx::query_as::<Db, _>(statement).bind(record::id(organization.uuid()));
    let row = row.bind(record::id(webinar.uuid()));
    Ok(row.fetch_optional(conn).await?)
}

/// Stores the next state after `before`, and says its revision.
pub(super) async fn save(
    conn: &mut Conn,
    before: Option<&SyncRow>,
    next: &MetricsSync,
    release: bool,
) -> Result<Revision, Failed> {
    let revision = before.map_or(0, |row| row.revision) + 1;
    sqlx::query::<Db>(SAVE)
        .bind(record::id(next.organization.uuid()))
        .bind(record::id(next.webinar.uuid()))
        .bind(revision)
        .bind(next.state_name())
        .bind(next.due().map(record::micros))
        .bind(record::document(next)?)
        .bind(i64::from(release))
        .execute(conn)
        .await?;
    Ok(Revision(revision.cast_unsigned()))
}
