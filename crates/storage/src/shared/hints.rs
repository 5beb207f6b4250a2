//! Hints: rows to be looked at, each once, in the order in which they were first hinted at.

use std::collections::BTreeSet;

use serde::Serialize;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{CrmRow, CrmTable, Hint, PendingHint, StoreError};

use super::fault::Failed;
use super::{Conn, Db};
use crate::record;

#[derive(Serialize)]
struct Row {
    organization: String,
    crm_table: &'static str,
    crm_id: String,
    generation: i64,
}

/// Generations never come again, not even those of rows that are no longer hinted at: who read an old hint cannot
/// finish a new one.
const NEXT: &str = "UPDATE counter SET n = n + 1 WHERE name = 'hint' RETURNING n";
const RAISE: &str = concat!(
    "INSERT INTO hint (organization, crm_table, crm_id, generation, first)
     SELECT ",
    text!("organization"),
    ", ",
    text!("crm_table"),
    ", ",
    text!("crm_id"),
    ", $2, $2 FROM ",
    rows!("$1"),
    " WHERE true
     ON CONFLICT (organization, crm_table, crm_id) DO UPDATE SET generation = excluded.generation"
);
const RAISE_EVENT: &str = "INSERT INTO hint (organization, crm_table, crm_id, generation, first)
     SELECT h.organization, $4, h.source, $3, $3 FROM home AS h
      WHERE h.organization = $1 AND h.event = $2 AND h.place <> 'deleted'
     ON CONFLICT (organization, crm_table, crm_id) DO UPDATE SET generation = excluded.generation";
const RAISE_UNSEEN: &str = "INSERT INTO hint (organization, crm_table, crm_id, generation, first)
     SELECT h.organization, $4, h.source, $3, $3 FROM home AS h
      WHERE h.organization = $1 AND h.seen < $2 AND h.place <> 'deleted'
     ON CONFLICT (organization, crm_table, crm_id) DO UPDATE SET generation = excluded.generation";
const FINISH: &str = concat!(
    "DELETE FROM hint WHERE organization = $2 AND (crm_table, crm_id, generation) IN
       (SELECT ",
    text!("crm_table"),
    ", ",
    text!("crm_id"),
    ", ",
    number!("generation"),
    " FROM ",
    rows!("$1"),
    ")"
);
const OLDEST: &str = "SELECT crm_table, crm_id, generation FROM hint WHERE organization = $1
     ORDER BY first, crm_table, crm_id LIMIT $2";

async fn next_generation(conn: &mut Conn) -> Result<i64, Failed> {
    Ok(sqlx::query_scalar::<Db, i64>(NEXT).fetch_one(conn).await?)
}

/// Hints at rows; those for one row coalesce.
pub(super) async fn raise(conn: &mut Conn, hints: &BTreeSet<Hint>) -> Result<(), Failed> {
    if hints.is_empty() {
        return Ok(());
    }
    let generation = next_generation(conn).await?;
    let row = |hint: &Hint| row(hint.organization, hint.row, generation);
    let rows = record::json(&hints.iter().map(row).collect::<Vec<_>>())?;
    sqlx::query::<Db>(RAISE).bind(rows).bind(generation).execute(conn).await?;
    Ok(())
}

/// Hints at every registration row of an event that is still there.
pub(super) async fn raise_event(conn: &mut Conn, organization: &str, event: &str) -> Result<(), Failed> {
    let generation = next_generation(conn).await?;
    let raise = sqlx::query::<Db>(RAISE_EVENT).bind(organization).bind(event).bind(generation);
    raise.bind(CrmTable::Registrations.name()).execute(conn).await?;
    Ok(())
}

/// Hints at every registration row that is still there, as far as is known, and was not seen in a snapshot.
pub(super) async fn raise_unseen(conn: &mut Conn, organization: &str, snapshot: i64) -> Result<(), Failed> {
    let generation = next_generation(conn).await?;
    let raise = sqlx::query::<Db>(RAISE_UNSEEN).bind(organization).bind(snapshot).bind(generation);
    raise.bind(CrmTable::Registrations.name()).execute(conn).await?;
    Ok(())
}

/// Takes hints away that were not raised again since they were read.
pub(super) async fn finish(
    conn: &mut Conn,
    organization: OrganizationId,
    finished: &[PendingHint],
) -> Result<(), Failed> {
    if finished.is_empty() {
        return Ok(());
    }
    let row = |hint: &PendingHint| row(organization, hint.row, hint.generation.cast_signed());
    let rows = record::json(&finished.iter().map(row).collect::<Vec<_>>())?;
    sqlx::query::<Db>(FINISH).bind(rows).bind(record::id(organization.uuid())).execute(conn).await?;
    Ok(())
}

/// The oldest hints of an organization.
pub(super) async fn oldest(
    conn: &mut Conn,
    organization: String,
    limit: u32,
) -> Result<Vec<(String, String, i64)>, Failed> {
    let rows = sqlx::query_as::<Db, _>(OLDEST).bind(organization).bind(i64::from(limit));
    Ok(rows.fetch_all(conn).await?)
}

/// The hint of a stored row.
pub(super) fn pending((table, id, generation): (String, String, i64)) -> Result<PendingHint, StoreError> {
    let corrupt = || StoreError::Corrupt { table: "hint", column: "crm_table", key: id.clone() };
    let table = CrmTable::named(&table).ok_or_else(corrupt)?;
    let row = CrmRow { table, id: record::id_in("hint", "crm_id", &id)?.into() };
    Ok(PendingHint { row, generation: generation.cast_unsigned() })
}

fn row(organization: OrganizationId, row: CrmRow, generation: i64) -> Row {
    Row {
        organization: record::id(organization.uuid()),
        crm_table: row.table.name(),
        crm_id: record::id(row.id.uuid()),
        generation,
    }
}
