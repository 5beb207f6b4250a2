//! Places in feeds, and the snapshots that they may be in.

use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{CrmTable, Cursor, FeedPlace, FeedStep};

use super::fault::Failed;
use super::{Conn, Db, hints, homes};
use crate::record;

const PLACE: &str = "SELECT place, snapshot, whole FROM feed WHERE organization = $1 AND crm_table = $2";
const BEGIN: &str =
    "INSERT INTO feed (organization, crm_table, place, snapshot, whole) VALUES ($1, $2, NULL, 1, 1)
     ON CONFLICT (organization, crm_table) DO UPDATE
        SET place = NULL, snapshot = feed.snapshot + 1, whole = 1
     RETURNING place, snapshot, whole";
/// Only from where the page was read: who reads behind somebody else moves nothing.
const MOVE_ON: &str = "UPDATE feed SET place = $3, whole = $4
      WHERE organization = $1 AND crm_table = $2 AND snapshot = $5 AND whole = $6
        AND coalesce(place, '') = $7";

#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    place: Option<String>,
    snapshot: i64,
    whole: i64,
}

impl From<Row> for FeedPlace {
    fn from(row: Row) -> Self {
        Self {
            cursor: row.place.map(Cursor::new),
            snapshot: row.snapshot.cast_unsigned(),
            whole: row.whole == 1,
        }
    }
}

/// The place in a table's feed.
pub(super) async fn place(
    conn: &mut Conn,
    organization: String,
    table: CrmTable,
) -> Result<Option<Row>, Failed> {
    let row = sqlx::query_as::<Db, _>(PLACE).bind(organization).bind(table.name());
    Ok(row.fetch_optional(conn).await?)
}

/// Begins the table's next snapshot.
pub(super) async fn begin(conn: &mut Conn, organization: String, table: CrmTable) -> Result<Row, Failed> {
    let row = sqlx::query_as::<Db, _>(BEGIN).bind(organization).bind(table.name());
    Ok(row.fetch_one(conn).await?)
}

/// Moves on, and marks what a snapshot has seen; at its end, what it has not seen is hinted at.
pub(super) async fn move_on(
    conn: &mut Conn,
    organization: OrganizationId,
    step: &FeedStep,
) -> Result<(), Failed> {
    let (id, snapshot) = (record::id(organization.uuid()), step.from.snapshot.cast_signed());
    homes::see(conn, &id, snapshot, &step.seen).await?;
    let from = step.from.cursor.as_ref().map_or("", Cursor::as_str).to_owned();
    let moved = sqlx::query::<Db>(MOVE_ON)
        .bind(&id)
        .bind(step.table.name())
        .bind(step.to.as_str().to_owned())
        .bind(i64::from(step.from.whole && !step.end))
        .bind(snapshot)
        .bind(i64::from(step.from.whole))
        .bind(from);
    let moved = moved.execute(&mut *conn).await?.rows_affected() > 0;
    if moved && step.from.whole && step.end && step.table == CrmTable::Registrations {
        hints::raise_unseen(conn, &id, snapshot).await?;
    }
    Ok(())
}
