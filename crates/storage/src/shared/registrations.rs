//! Registrations: rows as a change finds them, and as it leaves them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use webinar_bridge_domain::balance::Tally;
use webinar_bridge_domain::fact::Fact;
use webinar_bridge_domain::id::{Revision, Stored};
use webinar_bridge_domain::port::{Deferral, Lane, Lease, StoreError};
use webinar_bridge_domain::registration::{Registration, RegistrationKey};

use super::fault::Failed;
use super::tallies::Tallies;
use super::{Conn, Db, execute_all, facts};
use crate::record::{self, Columns, KeyRow};

/// What a change needs to know of a row; the document is not among it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Current {
    n: i64,
    id: i64,
    revision: i64,
    tally: String,
    deliver_later: Option<i64>,
    deliver_until: Option<i64>,
    deliver_fence: i64,
    answer_mark: Option<i64>,
    answer_due_at: Option<i64>,
    answer_later: Option<i64>,
    answer_tries: i64,
    answer_since: Option<i64>,
    answer_until: Option<i64>,
    answer_fence: i64,
    /// The organization's; nothing if it is not active.
    epoch: Option<i64>,
}

/// In the order of [`Current`]'s fields.
const LOAD: &str = gathered!(
    "n, id, revision, tally, deliver_later, deliver_until, deliver_fence, answer_mark, answer_due_at, answer_later,
     answer_tries, answer_since, answer_until, answer_fence, epoch",
    concat!(
        "SELECT ",
        number!("n"),
        " AS n, g.id, g.revision, g.tally, g.deliver_later, g.deliver_until, g.deliver_fence,
            g.answer_mark, g.answer_due_at, g.answer_later, g.answer_tries, g.answer_since, g.answer_until,
            g.answer_fence,
            (SELECT o.epoch FROM organization AS o WHERE o.id = g.organization AND o.active = 1) AS epoch
       FROM ",
        rows!("$1"),
        " CROSS JOIN registration AS g
      WHERE g.organization = ",
        text!("organization"),
        " AND g.webinar = ",
        text!("webinar"),
        " AND g.email_key = ",
        text!("email_key"),
        locked!()
    )
);
const DOCUMENTS: &str = concat!(
    "SELECT ",
    number!("n"),
    " AS n, g.id, g.revision, g.doc
       FROM ",
    rows!("$1"),
    " CROSS JOIN registration AS g
      WHERE g.organization = ",
    text!("organization"),
    " AND g.webinar = ",
    text!("webinar"),
    " AND g.email_key = ",
    text!("email_key")
);
const REWRITE: &str = concat!(
    "UPDATE registration AS g
        SET revision = ",
    number!("revision"),
    ", state = ",
    text!("state"),
    ", cause = ",
    text!("cause"),
    ", held_since = ",
    number!("held_since"),
    ", provider_person = ",
    text!("provider_person"),
    ", waits_webinar = ",
    text!("waits_webinar"),
    ", waits_email = ",
    text!("waits_email"),
    ", due_at = ",
    number!("due_at"),
    ", deliver_later = ",
    number!("deliver_later"),
    ", deliver_until = ",
    number!("deliver_until"),
    ", answer_mark = ",
    number!("answer_mark"),
    ", answer_due_at = ",
    number!("answer_due_at"),
    ", answer_later = ",
    number!("answer_later"),
    ", answer_tries = ",
    number!("answer_tries"),
    ", answer_since = ",
    number!("answer_since"),
    ", answer_until = ",
    number!("answer_until"),
    ", tally = ",
    text!("tally"),
    ", doc = ",
    text!("doc"),
    " FROM ",
    rows!("$1"),
    " WHERE g.id = ",
    number!("id")
);
const RELEASE: &str = concat!(
    "UPDATE registration AS g
        SET deliver_later = ",
    number!("deliver_later"),
    ", deliver_until = ",
    number!("deliver_until"),
    ", answer_later = ",
    number!("answer_later"),
    ", answer_tries = ",
    number!("answer_tries"),
    ", answer_since = ",
    number!("answer_since"),
    ", answer_until = ",
    number!("answer_until"),
    " FROM ",
    rows!("$1"),
    " WHERE g.id = ",
    number!("id")
);
/// A webinar that is known has the last word on urgency and deliverability: it may have changed since it was read.
const TAKE_IN: &str = concat!(
    "INSERT INTO registration (organization, webinar, email_key, correlation, revision, state, cause, held_since,
            provider_person, urgency, deliverable, waits_webinar, waits_email, due_at, answer_mark, answer_due_at,
            answer_later, answer_tries, answer_since, tally, doc)
     SELECT ", text!("organization"), ", ", text!("webinar"), ", ", text!("email_key"), ", ", text!("correlation"),
    ", ", number!("revision"), ", ", text!("state"), ", ", text!("cause"), ", ", number!("held_since"),
    ", ", text!("provider_person"), ", coalesce(w.starts, ", number!("starts"), "), coalesce(w.deliverable, ",
    number!("deliverable"), "), ", text!("waits_webinar"), ", ", text!("waits_email"), ", ", number!("due_at"),
    ", ", number!("answer_mark"), ", ", number!("answer_due_at"), ", ", number!("answer_later"),
    ", ", number!("answer_tries"), ", ", number!("answer_since"), ", ", text!("tally"), ", ", text!("doc"),
    " FROM ", rows!("$1"), " LEFT JOIN webinar AS w ON w.organization = ", text!("organization"),
    " AND w.id = ", text!("webinar"), " WHERE true
     ON CONFLICT (organization, webinar, email_key) DO UPDATE
        SET revision = excluded.revision, state = excluded.state, cause = excluded.cause,
            held_since = excluded.held_since, provider_person = excluded.provider_person,
            urgency = excluded.urgency, deliverable = excluded.deliverable,
            waits_webinar = excluded.waits_webinar, waits_email = excluded.waits_email, due_at = excluded.due_at,
            deliver_later = NULL, answer_mark = excluded.answer_mark, answer_due_at = excluded.answer_due_at,
            answer_later = excluded.answer_later, answer_tries = excluded.answer_tries,
            answer_since = excluded.answer_since, tally = excluded.tally, doc = excluded.doc"
);

#[derive(Serialize)]
struct Wanted {
    n: usize,
    #[serde(flatten)]
    key: KeyRow,
}

fn wanted(keys: &[RegistrationKey]) -> Result<String, StoreError> {
    let row = |(n, key): (usize, &RegistrationKey)| Wanted { n, key: key.into() };
    record::json(&keys.iter().enumerate().map(row).collect::<Vec<_>>())
}

/// A document as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Doc {
    n: i64,
    id: i64,
    revision: i64,
    #[sqlx(rename = "doc")]
    text: String,
}

impl Doc {
    /// The registration that it is.
    pub(super) fn registration(&self) -> Result<Stored<Registration>, StoreError> {
        let item = record::read("registration", &self.id, &self.text)?;
        Ok(Stored { item, revision: Revision(self.revision.cast_unsigned()) })
    }
}

/// The documents of the registrations that exist.
pub(super) async fn documents(
    conn: &mut Conn,
    keys: &[RegistrationKey],
) -> Result<BTreeMap<RegistrationKey, Doc>, Failed> {
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found: Vec<Doc> = sqlx::query_as::<Db, _>(DOCUMENTS).bind(wanted(keys)?).fetch_all(conn).await?;
    Ok(found.into_iter().filter_map(|doc| Some((*keys.get(usize::try_from(doc.n).ok()?)?, doc))).collect())
}

impl Current {
    pub(super) fn revision(&self) -> Revision {
        Revision(self.revision.cast_unsigned())
    }

    /// Whether the lease is the lane's present one.
    pub(super) fn holds(&self, lease: &Lease) -> bool {
        let (until, fence) = match lease.lane {
            Lane::Deliver => (self.deliver_until, self.deliver_fence),
            Lane::Answer => (self.answer_until, self.answer_fence),
        };
        until.is_some() && fence.cast_unsigned() == lease.fence
    }

    /// Whether a call may go out under the lease at `now`.
    pub(super) fn may_open(&self, lease: &Lease, now: i64) -> bool {
        let until = match lease.lane {
            Lane::Deliver => self.deliver_until,
            Lane::Answer => self.answer_until,
        };
        let active = self.epoch.is_some_and(|epoch| epoch.cast_unsigned() == lease.epoch.0);
        self.holds(lease) && active && until.is_some_and(|until| until > now)
    }

    /// Ends the lane's lease, with its next try if it has one of its own.
    pub(super) fn release(&mut self, lane: Lane, later: Option<&Deferral>) {
        let at = later.map(|later| record::micros(later.at));
        match lane {
            Lane::Deliver => {
                self.deliver_until = None;
                self.deliver_later = at;
            }
            Lane::Answer => {
                self.answer_until = None;
                self.answer_later = at;
                self.answer_tries = later.map_or(0, |later| i64::from(later.tries));
                self.answer_since = later.map(|later| record::micros(later.since));
            }
        }
    }

    /// Looks at the deliver lane when the registration says, whatever was put off.
    pub(super) fn look_anew(&mut self) {
        self.deliver_later = None;
    }

    /// Another set of answers is due, from `from` on; waits for the old one are over.
    fn answers(&mut self, mark: Option<i64>, from: i64) {
        if self.answer_mark == mark {
            return;
        }
        self.answer_mark = mark;
        self.answer_due_at = mark.map(|_| from);
        self.answer_later = None;
        self.answer_tries = 0;
        self.answer_since = None;
    }
}

/// When and whether a registration that is taken in may be delivered.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Terms {
    pub(super) starts: i64,
    pub(super) deliverable: i64,
}

/// The working copy of rows in one transaction: what was found, what becomes of it, and what follows.
#[derive(Debug, Default)]
pub(super) struct Desk {
    rows: BTreeMap<RegistrationKey, Current>,
    touched: BTreeMap<RegistrationKey, (Option<Columns>, Option<Terms>)>,
    pub(super) tallies: Tallies,
    facts: Vec<Fact>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: i64,
    revision: i64,
    deliver_later: Option<i64>,
    deliver_until: Option<i64>,
    answer_due_at: Option<i64>,
    answer_later: Option<i64>,
    answer_tries: i64,
    answer_since: Option<i64>,
    answer_until: Option<i64>,
    #[serde(flatten)]
    columns: Option<&'a Columns>,
}

#[derive(Serialize)]
struct Taken<'a> {
    #[serde(flatten)]
    key: KeyRow,
    correlation: String,
    #[serde(flatten)]
    terms: &'a Terms,
    #[serde(flatten)]
    row: Row<'a>,
}

impl Desk {
    /// Reads the rows that a change is about, for writing.
    pub(super) async fn load(conn: &mut Conn, keys: BTreeSet<RegistrationKey>) -> Result<Self, Failed> {
        let keys: Vec<RegistrationKey> = keys.into_iter().collect();
        let mut desk = Self::default();
        if keys.is_empty() {
            return Ok(desk);
        }
        let found: String = sqlx::query_scalar::<Db, _>(LOAD).bind(wanted(&keys)?).fetch_one(conn).await?;
        for row in record::gathered::<Current>("registration", &found)? {
            if let Some(key) = usize::try_from(row.n).ok().and_then(|n| keys.get(n)) {
                desk.rows.insert(*key, row);
            }
        }
        Ok(desk)
    }

    pub(super) fn find(&self, key: &RegistrationKey) -> Option<&Current> {
        self.rows.get(key)
    }

    /// The row, of which only the lanes change.
    pub(super) fn lanes(&mut self, key: RegistrationKey) -> &mut Current {
        self.touched.entry(key).or_default();
        self.rows.entry(key).or_default()
    }

    /// Puts the next state in the place of the last, or makes the row. Answers that become due are due from `from`.
    pub(super) fn put(
        &mut self,
        key: RegistrationKey,
        next: Columns,
        from: i64,
    ) -> Result<&mut Current, StoreError> {
        let row = self.rows.entry(key).or_default();
        let before = if row.tally.is_empty() {
            Tally::default()
        } else {
            record::tally_in("registration", &row.id, &row.tally)?
        };
        self.tallies.change(key.organization, key.webinar, &before, &next.counts);
        row.revision += 1;
        row.tally.clone_from(&next.tally);
        row.answers(next.answer_mark, from);
        self.touched.entry(key).or_default().0 = Some(next);
        Ok(row)
    }

    /// The terms of a registration that is taken in.
    pub(super) fn terms(&mut self, key: RegistrationKey, terms: Terms) {
        self.touched.entry(key).or_default().1 = Some(terms);
    }

    pub(super) fn explain(&mut self, facts: Vec<Fact>) {
        self.facts.extend(facts);
    }

    /// Writes everything that changed: one statement a kind of change, whatever their number.
    pub(super) async fn save(&self, conn: &mut Conn) -> Result<(), Failed> {
        let (mut taken, mut rewritten, mut released) = (vec![], vec![], vec![]);
        for (key, (columns, terms)) in &self.touched {
            let Some(current) = self.rows.get(key) else { continue };
            let row = row(current, columns.as_ref());
            match (columns, terms) {
                (Some(_), Some(terms)) => {
                    taken.push(Taken { key: key.into(), correlation: key.correlation(), terms, row });
                }
                (Some(_), None) => rewritten.push(row),
                (None, _) => released.push(row),
            }
        }
        let saving = [
            with_rows(TAKE_IN, &taken)?,
            with_rows(REWRITE, &rewritten)?,
            with_rows(RELEASE, &released)?,
            self.tallies.saving()?,
            facts::appending(&self.facts)?,
        ];
        execute_all(conn, saving.into_iter().flatten().collect()).await
    }
}

/// The statement with its rows, if there are any.
fn with_rows<T: Serialize>(
    statement: &'static str,
    rows: &[T],
) -> Result<Option<(&'static str, String)>, StoreError> {
    Ok(if rows.is_empty() { None } else { Some((statement, record::json(rows)?)) })
}

fn row<'a>(current: &Current, columns: Option<&'a Columns>) -> Row<'a> {
    Row {
        id: current.id,
        revision: current.revision,
        deliver_later: current.deliver_later,
        deliver_until: current.deliver_until,
        answer_due_at: current.answer_due_at,
        answer_later: current.answer_later,
        answer_tries: current.answer_tries,
        answer_since: current.answer_since,
        answer_until: current.answer_until,
        columns,
    }
}
