//! Metrics on their way home: syncs under lease, and attendance.

use async_trait::async_trait;
use serde::Serialize;
use webinar_bridge_domain::id::{Epoch, OrganizationId, Revision, Stored, WebinarId};
use webinar_bridge_domain::metrics::{Attendance, AttendanceKey, MetricsSync};
use webinar_bridge_domain::port::{
    Clue, CluesQuery, LeasedSync, Saved, StoreError, SyncChange, SyncClaim, SyncEnd, SyncLease, SyncLedger,
    SyncSettled,
};
use webinar_bridge_domain::registration::Registration;
use webinar_bridge_domain::time::{Timestamp, later};

use super::attendance::{self, AttendanceRow};
use super::fault::Failed;
use super::syncs::{self, SyncRow};
use super::tallies::Tallies;
use super::{Conn, Db, For, Store, facts};
use crate::record;

const READY: &str = "SELECT o.id, (SELECT min(s.ready_at) FROM sync AS s
            WHERE s.organization = o.id AND s.ready_at IS NOT NULL) AS at
       FROM organization AS o WHERE o.active = 1";
const CLAIM: &str = "UPDATE sync SET lease_until = $2, fence = fence + 1,
            epoch = (SELECT o.epoch FROM organization AS o WHERE o.id = sync.organization)
      WHERE id IN (SELECT s.id FROM sync AS s CROSS JOIN organization AS o
                    WHERE s.organization = $4 AND s.ready_at <= $1 AND o.id = s.organization AND o.active = 1
                    ORDER BY s.ready_at LIMIT $3)
     RETURNING id, revision, fence, epoch, due_at, doc";
const RECOGNISE: &str = concat!(
    "SELECT ",
    number!("n"),
    " AS n, g.id, g.doc FROM ",
    rows!("$1"),
    " CROSS JOIN registration AS g
      WHERE g.id = coalesce(
            (SELECT min(p.id) FROM registration AS p
              WHERE p.organization = $2 AND p.webinar = $3 AND p.provider_person = ",
    text!("person"),
    "),
            (SELECT c.id FROM registration AS c WHERE c.correlation = ",
    text!("correlation"),
    "
                AND c.organization = $2 AND c.webinar = $3),
            (SELECT e.id FROM registration AS e
              WHERE e.organization = $2 AND e.webinar = $3 AND e.email_key = ",
    text!("email"),
    "))"
);

#[derive(Serialize)]
struct ClueRow<'a> {
    n: usize,
    person: &'a str,
    correlation: Option<&'a str>,
    email: Option<String>,
}

impl<'a> ClueRow<'a> {
    fn new(n: usize, clue: &'a Clue) -> Self {
        let (person, correlation) = (clue.person.as_str(), clue.correlation.as_deref());
        Self { n, person, correlation, email: clue.email.as_ref().map(record::email) }
    }
}

/// A claimed sync.
#[derive(Debug, sqlx::FromRow)]
struct Claimed {
    id: i64,
    revision: i64,
    fence: i64,
    epoch: i64,
    due_at: i64,
    doc: String,
}

impl Claimed {
    fn leased(&self, until: Timestamp) -> Result<LeasedSync, StoreError> {
        let sync: MetricsSync = record::read("sync", &self.id, &self.doc)?;
        let lease = SyncLease {
            organization: sync.organization,
            webinar: sync.webinar,
            fence: self.fence.cast_unsigned(),
            epoch: Epoch(self.epoch.cast_unsigned()),
            until,
        };
        Ok(LeasedSync { sync, revision: Revision(self.revision.cast_unsigned()), lease })
    }
}

/// What became of the end of work, with the row where it moved.
enum Ended {
    Done(Revision),
    Fenced,
    Moved(SyncRow),
}

async fn end(conn: &mut Conn, end: SyncEnd) -> Result<Ended, Failed> {
    let found = syncs::find(conn, For::Change, end.lease.organization, end.lease.webinar).await?;
    let Some(row) = found.filter(|row| row.holds(&end.lease)) else { return Ok(Ended::Fenced) };
    if row.revision() != end.expected {
        return Ok(Ended::Moved(row));
    }
    let mut tallies = Tallies::default();
    attendance::save(conn, end.seen, end.written, &mut tallies).await?;
    let revision = syncs::save(conn, Some(&row), &end.next, end.release).await?;
    tallies.save(conn).await?;
    facts::append(conn, &end.facts).await?;
    Ok(Ended::Done(revision))
}

async fn amend(conn: &mut Conn, change: SyncChange) -> Result<Result<Revision, Option<SyncRow>>, Failed> {
    let found = syncs::find(conn, For::Change, change.next.organization, change.next.webinar).await?;
    if found.as_ref().map(SyncRow::revision) != change.expected {
        return Ok(Err(found));
    }
    let revision = syncs::save(conn, found.as_ref(), &change.next, false).await?;
    facts::append(conn, &change.facts).await?;
    Ok(Ok(revision))
}

fn clues(query: &CluesQuery) -> Result<String, StoreError> {
    let rows: Vec<ClueRow<'_>> =
        query.clues.iter().enumerate().map(|(n, clue)| ClueRow::new(n, clue)).collect();
    record::json(&rows)
}

#[async_trait]
impl SyncLedger for Store {
    async fn ready(&self, _now: Timestamp) -> Result<Vec<(OrganizationId, Timestamp)>, StoreError> {
        let rows: Vec<(String, Option<i64>)> = self
            .read(|conn| Box::pin(async move { Ok(sqlx::query_as::<Db, _>(READY).fetch_all(conn).await?) }))
            .await?;
        let mut ready = vec![];
        for (organization, at) in rows {
            let Some(at) = at else { continue };
            ready.push((record::id_in("organization", "id", &organization)?.into(), record::time(at)));
        }
        ready.sort_by_key(|(organization, at)| (*at, *organization));
        Ok(ready)
    }

    async fn claim(&self, order: &SyncClaim) -> Result<Vec<LeasedSync>, StoreError> {
        let until = record::micros(later(order.now, order.lease));
        let (now, limit) = (record::micros(order.now), i64::from(order.limit));
        let organization = record::id(order.organization.uuid());
        let mut claimed: Vec<Claimed> = self
            .write(move |conn| {
                Box::pin(async move {
                    let rows = sqlx::query_as::<Db, _>(CLAIM).bind(now).bind(until).bind(limit);
                    let rows = rows.bind(organization);
                    Ok(rows.fetch_all(conn).await?)
                })
            })
            .await?;
        claimed.sort_by_key(|row| (row.due_at, row.id));
        claimed.iter().map(|row| row.leased(record::time(until))).collect()
    }

    async fn find(
        &self,
        organization: &OrganizationId,
        webinar: &WebinarId,
    ) -> Result<Option<Stored<MetricsSync>>, StoreError> {
        let (organization, webinar) = (*organization, *webinar);
        let row =
            self.read(move |conn| Box::pin(syncs::find(conn, For::Reading, organization, webinar))).await?;
        row.map(|row| row.stored()).transpose()
    }

    async fn recognise(&self, query: &CluesQuery) -> Result<Vec<Option<Registration>>, StoreError> {
        if query.clues.is_empty() {
            return Ok(vec![]);
        }
        let rows = clues(query)?;
        let (organization, webinar) =
            (record::id(query.organization.uuid()), record::id(query.webinar.uuid()));
        let found: Vec<(i64, i64, String)> = self
            .read(move |conn| {
                Box::pin(async move {
                    let found =
                        sqlx::query_as::<Db, _>(RECOGNISE).bind(rows).bind(organization).bind(webinar);
                    Ok(found.fetch_all(conn).await?)
                })
            })
            .await?;
        let mut recognised = vec![None; query.clues.len()];
        for (n, id, doc) in found {
            if let Some(place) = usize::try_from(n).ok().and_then(|n| recognised.get_mut(n)) {
                *place = Some(record::read("registration", &id, &doc)?);
            }
        }
        Ok(recognised)
    }

    async fn attendance(&self, keys: &[AttendanceKey]) -> Result<Vec<Option<Attendance>>, StoreError> {
        let wanted = keys.to_vec();
        let found = self
            .read(move |conn| Box::pin(async move { attendance::load(conn, For::Reading, &wanted).await }))
            .await?;
        keys.iter().map(|key| found.get(key).map(AttendanceRow::attendance).transpose()).collect()
    }

    async fn unwritten(
        &self,
        organization: &OrganizationId,
        webinar: &WebinarId,
        limit: u32,
    ) -> Result<Vec<Attendance>, StoreError> {
        let (organization, webinar) = (record::id(organization.uuid()), record::id(webinar.uuid()));
        let rows: Vec<(i64, String)> = self
            .read(move |conn| {
                Box::pin(async move {
                    let rows =
                        sqlx::query_as::<Db, _>(attendance::UNWRITTEN).bind(organization).bind(webinar);
                    Ok(rows.bind(i64::from(limit)).fetch_all(conn).await?)
                })
            })
            .await?;
        rows.iter().map(|(id, doc)| record::read("attendance", &id, doc)).collect()
    }

    async fn settle(&self, done: &SyncEnd) -> Result<SyncSettled, StoreError> {
        let done = done.clone();
        Ok(match self.write(move |conn| Box::pin(end(conn, done))).await? {
            Ended::Done(revision) => SyncSettled::Done(revision),
            Ended::Fenced => SyncSettled::Fenced,
            Ended::Moved(row) => SyncSettled::Moved(Box::new(row.stored()?)),
        })
    }

    async fn amend(&self, change: &SyncChange) -> Result<Saved<MetricsSync>, StoreError> {
        let change = change.clone();
        Ok(match self.write(move |conn| Box::pin(amend(conn, change))).await? {
            Ok(revision) => Saved::Done(revision),
            Err(row) => Saved::Moved(row.map(|row| row.stored()).transpose()?),
        })
    }
}
