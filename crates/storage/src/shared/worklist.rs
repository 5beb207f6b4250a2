//! What is to be done, in two lanes.

use async_trait::async_trait;
use webinar_bridge_domain::id::{Epoch, Revision};
use webinar_bridge_domain::port::{
    Amendment, ClaimOrder, Journalled, Lane, Lease, Leased, Opening, PutOff, Ready, Settled, Settlement,
    StoreError, Worklist,
};
use webinar_bridge_domain::registration::{Phase, Registration};
use webinar_bridge_domain::time::{Timestamp, later};

use super::change::{Change, Verdict, apply};
use super::{CLAIM_ANSWER, CLAIM_DELIVER, Db, Store};
use crate::record;

/// The first row of each active organization, found by going from one urgency to the next.
macro_rules! ready {
    ($lane:literal, $unless:literal) => {
        concat!(
            "WITH RECURSIVE step(organization, urgency) AS (
               SELECT o.id, (SELECT min(f.urgency) FROM registration AS f
                              WHERE f.organization = o.id AND f.",
            $lane,
            "_at IS NOT NULL)
                 FROM organization AS o WHERE o.active = 1
               UNION ALL
               SELECT step.organization, (SELECT min(n.urgency) FROM registration AS n
                        WHERE n.organization = step.organization AND n.",
            $lane,
            "_at IS NOT NULL
                          AND n.urgency > step.urgency)
                 FROM step WHERE step.urgency IS NOT NULL),
             first(organization, urgency, due) AS MATERIALIZED (
               SELECT step.organization, step.urgency, (SELECT g.",
            $lane,
            "_at FROM registration AS g
                        WHERE g.organization = step.organization AND g.urgency = step.urgency
                          AND g.",
            $lane,
            "_at IS NOT NULL ",
            $unless,
            "
                        ORDER BY g.",
            $lane,
            "_at LIMIT 1)
                 FROM step WHERE step.urgency IS NOT NULL)
             SELECT first.organization, min(first.due),
                    coalesce(min(CASE WHEN first.due <= $1 THEN first.urgency END), min(first.urgency))
               FROM first WHERE first.due IS NOT NULL
              GROUP BY first.organization ORDER BY 2, 1"
        )
    };
}

pub(super) const READY_DELIVER: &str = ready!(
    "deliver",
    "AND NOT EXISTS (SELECT 1 FROM registration AS w WHERE w.organization = g.organization
        AND w.webinar = g.waits_webinar AND w.email_key = g.waits_email AND w.state = 'due')"
);
pub(super) const READY_ANSWER: &str = ready!("answer", "");

/// What is under a lease comes to its own end.
const PUT_OFF: &str = "UPDATE registration SET deliver_later = $3
      WHERE organization = $1 AND webinar = $2 AND due_at IS NOT NULL AND deliver_until IS NULL";

/// A claimed row.
#[derive(Debug, sqlx::FromRow)]
struct Claimed {
    id: i64,
    revision: i64,
    urgency: i64,
    fence: i64,
    epoch: i64,
    due_at: i64,
    tries: i64,
    since: Option<i64>,
    doc: String,
}

impl Claimed {
    fn leased(&self, lane: Lane, until: Timestamp) -> Result<Leased, StoreError> {
        let registration: Registration = record::read("registration", &self.id, &self.doc)?;
        let tries = match (lane, &registration.phase) {
            (Lane::Answer, _) => {
                (u32::try_from(self.tries).unwrap_or(u32::MAX), self.since.map(record::time))
            }
            (Lane::Deliver, Phase::Due { tries, since, .. }) => (*tries, *since),
            (Lane::Deliver, _) => (0, None),
        };
        let (fence, epoch) = (self.fence.cast_unsigned(), Epoch(self.epoch.cast_unsigned()));
        let lease = Lease { key: registration.key, lane, fence, epoch, until };
        Ok(Leased { registration, lease, revision: Revision(self.revision.cast_unsigned()), tries })
    }
}

/// The rows that can be read. One that cannot stays under its lease, out of the way of the others; if there are no
/// others, it is the answer.
fn readable(claimed: &[Claimed], lane: Lane, until: Timestamp) -> Result<Vec<Leased>, StoreError> {
    let mut leased = vec![];
    let mut unreadable = None;
    for row in claimed {
        match row.leased(lane, until) {
            Ok(item) => leased.push(item),
            Err(error) => {
                tracing::error!(%error, "a claimed registration is passed over");
                unreadable = Some(error);
            }
        }
    }
    match unreadable {
        Some(error) if leased.is_empty() => Err(error),
        _ => Ok(leased),
    }
}

impl Store {
    async fn change(&self, changes: Result<Vec<Change>, StoreError>) -> Result<Vec<Verdict>, StoreError> {
        let changes = changes?;
        if changes.is_empty() {
            return Ok(vec![]);
        }
        self.write(move |conn| Box::pin(apply(conn, changes))).await
    }
}

fn settled(verdict: &Verdict) -> Result<Settled, StoreError> {
    Ok(match verdict {
        Verdict::Done(revision) => Settled::Done(*revision),
        Verdict::Fenced => Settled::Fenced,
        Verdict::Moved(doc) => Settled::Moved(Box::new(doc.registration()?)),
    })
}

fn journalled(verdict: &Verdict) -> Result<Journalled, StoreError> {
    Ok(match verdict {
        Verdict::Done(revision) => Journalled::Open(*revision),
        Verdict::Fenced => Journalled::Fenced,
        Verdict::Moved(doc) => Journalled::Moved(Box::new(doc.registration()?)),
    })
}

#[async_trait]
impl Worklist for Store {
    async fn ready(&self, lane: Lane, now: Timestamp) -> Result<Vec<Ready>, StoreError> {
        let statement = match lane {
            Lane::Deliver => READY_DELIVER,
            Lane::Answer => READY_ANSWER,
        };
        let now = record::micros(now);
        let rows: Vec<(String, i64, i64)> = self
            .read(move |conn| {
                Box::pin(
                    async move { Ok(sqlx::query_as::<Db, _>(statement).bind(now).fetch_all(conn).await?) },
                )
            })
            .await?;
        let ready = |(organization, at, starts): (String, i64, i64)| {
            let organization = record::id_in("registration", "organization", &organization)?.into();
            Ok(Ready { organization, at: record::time(at), starts: record::time(starts) })
        };
        rows.into_iter().map(ready).collect()
    }

    async fn claim(&self, order: &ClaimOrder) -> Result<Vec<Leased>, StoreError> {
        let statement = match order.lane {
            Lane::Deliver => CLAIM_DELIVER,
            Lane::Answer => CLAIM_ANSWER,
        };
        let until = later(order.now, order.lease);
        let organization = record::id(order.organization.uuid());
        let (now, limit) = (record::micros(order.now), i64::from(order.limit));
        let mut claimed: Vec<Claimed> = self
            .write(move |conn| {
                Box::pin(async move {
                    let rows = sqlx::query_as::<Db, _>(statement).bind(organization).bind(now).bind(limit);
                    Ok(rows.bind(record::micros(until)).fetch_all(conn).await?)
                })
            })
            .await?;
        claimed.sort_by_key(|row| (row.urgency, row.due_at, row.id));
        readable(&claimed, order.lane, record::time(record::micros(until)))
    }

    async fn journal(&self, openings: &[Opening]) -> Result<Vec<Journalled>, StoreError> {
        let changes = openings.iter().map(Change::try_from).collect();
        self.change(changes).await?.iter().map(journalled).collect()
    }

    async fn settle(&self, ends: &[Settlement]) -> Result<Vec<Settled>, StoreError> {
        let changes = ends.iter().map(Change::try_from).collect();
        self.change(changes).await?.iter().map(settled).collect()
    }

    async fn put_off(&self, order: &PutOff) -> Result<(), StoreError> {
        let PutOff { organization, webinar, until } = *order;
        self.write(move |conn| {
            Box::pin(async move {
                let put_off = sqlx::query::<Db>(PUT_OFF).bind(record::id(organization.uuid()));
                let put_off = put_off.bind(record::id(webinar.uuid())).bind(record::micros(until));
                put_off.execute(conn).await?;
                Ok(())
            })
        })
        .await
    }

    async fn amend(&self, changes: &[Amendment]) -> Result<Vec<Settled>, StoreError> {
        let changes = changes.iter().map(Change::try_from).collect();
        self.change(changes).await?.iter().map(settled).collect()
    }
}
