//! Attendance: rows as they are found, and as a sync leaves them.

use std::collections::BTreeMap;

use serde::Serialize;
use webinar_bridge_domain::balance::Tally;
use webinar_bridge_domain::metrics::{Attendance, AttendanceKey, Watched};
use webinar_bridge_domain::port::StoreError;

use super::fault::Failed;
use super::tallies::Tallies;
use super::{Conn, Db, For};
use crate::record;

#[derive(Serialize)]
struct Wanted<'a> {
    n: usize,
    organization: String,
    webinar: String,
    person: &'a str,
}

impl<'a> Wanted<'a> {
    fn new(n: usize, key: &'a AttendanceKey) -> Self {
        let (organization, webinar) = (record::id(key.organization.uuid()), record::id(key.webinar.uuid()));
        Self { n, organization, webinar, person: key.person.as_str() }
    }
}

/// A row as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct AttendanceRow {
    n: i64,
    id: i64,
    tally: String,
    doc: String,
}

#[derive(Serialize)]
struct Row<'a> {
    organization: String,
    webinar: String,
    person: &'a str,
    matched: i64,
    unwritten: i64,
    tally: String,
    doc: String,
}

macro_rules! load {
    () => {
        concat!(
            "SELECT ",
            number!("n"),
            " AS n, a.id, a.tally, a.doc FROM ",
            rows!("$1"),
            " CROSS JOIN attendance AS a
      WHERE a.organization = ",
            text!("organization"),
            " AND a.webinar = ",
            text!("webinar"),
            " AND a.person = ",
            text!("person")
        )
    };
}

const LOAD: &str = load!();
const HOLD: &str = concat!(load!(), locked!());
const SAVE: &str = concat!(
    "INSERT INTO attendance (organization, webinar, person, matched, unwritten, tally, doc)
     SELECT ", text!("organization"), ", ", text!("webinar"), ", ", text!("person"), ", ", number!("matched"), ", ",
    number!("unwritten"), ", ", text!("tally"), ", ", text!("doc"), " FROM ", rows!("$1"), " WHERE true
     ON CONFLICT (organization, webinar, person) DO UPDATE
        SET matched = excluded.matched, unwritten = excluded.unwritten, tally = excluded.tally, doc = excluded.doc"
);
/// Attendance of a webinar that the CRM does not have yet.
pub(super) const UNWRITTEN: &str = "SELECT id, doc FROM attendance
      WHERE organization = $1 AND webinar = $2 AND unwritten = 1 ORDER BY id LIMIT $3";

impl AttendanceRow {
    pub(super) fn attendance(&self) -> Result<Attendance, StoreError> {
        record::read("attendance", &self.id, &self.doc)
    }
}

/// The rows that exist.
pub(super) async fn load(
    conn: &mut Conn,
    purpose: For,
    keys: &[AttendanceKey],
) -> Result<BTreeMap<AttendanceKey, AttendanceRow>, Failed> {
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wanted: Vec<Wanted<'_>> = keys.iter().enumerate().map(|(n, key)| Wanted::new(n, key)).collect();
    let wanted = record::json(&wanted)?;
    let found: Vec<AttendanceRow> =
        sqlx::query_as::<Db, _>(purpose.either(LOAD, HOLD)).bind(wanted).fetch_all(conn).await?;
    Ok(found
        .into_iter()
        .filter_map(|row| Some((keys.get(usize::try_from(row.n).ok()?)?.clone(), row)))
        .collect())
}

/// Stores what was seen, then what the CRM has of it.
pub(super) async fn save(
    conn: &mut Conn,
    seen: Vec<Attendance>,
    written: Vec<(AttendanceKey, Watched)>,
    tallies: &mut Tallies,
) -> Result<(), Failed> {
    let mut next: BTreeMap<AttendanceKey, Attendance> =
        seen.into_iter().map(|attendance| (attendance.key.clone(), attendance)).collect();
    let mut keys: Vec<AttendanceKey> =
        next.keys().cloned().chain(written.iter().map(|(key, _)| key.clone())).collect();
    keys.sort_unstable();
    keys.dedup();
    let found = load(conn, For::Change, &keys).await?;
    for (key, watched) in written {
        let stored = || found.get(&key).map(AttendanceRow::attendance).transpose();
        let Some(mut attendance) = next.remove(&key).map_or_else(stored, |seen| Ok(Some(seen)))? else {
            continue;
        };
        attendance.written = Some(watched);
        next.insert(key, attendance);
    }
    let mut rows = vec![];
    for (key, attendance) in &next {
        let before =
            found.get(key).map(|row| record::tally_in("attendance", &row.id, &row.tally)).transpose()?;
        let counts = Tally::of_attendance(attendance);
        tallies.change(key.organization, key.webinar, &before.unwrap_or_default(), &counts);
        rows.push(row(key, attendance, &counts)?);
    }
    if !rows.is_empty() {
        sqlx::query::<Db>(SAVE).bind(record::json(&rows)?).execute(conn).await?;
    }
    Ok(())
}

fn row<'a>(key: &'a AttendanceKey, attendance: &Attendance, counts: &Tally) -> Result<Row<'a>, StoreError> {
    Ok(Row {
        organization: record::id(key.organization.uuid()),
        webinar: record::id(key.webinar.uuid()),
        person: key.person.as_str(),
        matched: i64::from(attendance.matched.is_some()),
        unwritten: i64::from(attendance.is_unwritten()),
        tally: record::tally_text(counts)?,
        doc: record::document(attendance)?,
    })
}
