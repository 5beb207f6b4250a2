//! Changes of registrations that exist: judged one by one, written together.

use webinar_bridge_domain::fact::Fact;
use webinar_bridge_domain::id::Revision;
use webinar_bridge_domain::port::{Amendment, Deferral, Lease, Opening, Settlement, StoreError};
use webinar_bridge_domain::registration::RegistrationKey;

use super::Conn;
use super::fault::Failed;
use super::registrations::{Current, Desk, Doc, documents};
use crate::record::{Columns, columns_of, micros};

/// One change, ready to be written.
#[derive(Debug)]
pub(super) struct Change {
    key: RegistrationKey,
    expected: Revision,
    next: Option<Columns>,
    facts: Vec<Fact>,
    by: By,
}

/// By what right it is made.
#[derive(Debug)]
enum By {
    /// A lease that is not over at this time, of an organization at work.
    Opening(Lease, i64),
    /// A lease, which ends with it.
    Settlement(Lease, Option<Deferral>),
    /// The revision alone.
    Amendment,
}

/// What became of one change.
#[derive(Debug)]
pub(super) enum Verdict {
    Done(Revision),
    Fenced,
    Moved(Doc),
}

impl TryFrom<&Opening> for Change {
    type Error = StoreError;

    fn try_from(opening: &Opening) -> Result<Self, StoreError> {
        Ok(Self {
            key: opening.lease.key,
            expected: opening.expected,
            next: Some(columns_of(&opening.next)?),
            facts: opening.facts.clone(),
            by: By::Opening(opening.lease, micros(opening.now)),
        })
    }
}

impl TryFrom<&Settlement> for Change {
    type Error = StoreError;

    fn try_from(end: &Settlement) -> Result<Self, StoreError> {
        Ok(Self {
            key: end.lease.key,
            expected: end.expected,
            next: end.next.as_ref().map(columns_of).transpose()?,
            facts: end.facts.clone(),
            by: By::Settlement(end.lease, end.later),
        })
    }
}

impl TryFrom<&Amendment> for Change {
    type Error = StoreError;

    fn try_from(change: &Amendment) -> Result<Self, StoreError> {
        Ok(Self {
            key: change.next.key,
            expected: change.expected,
            next: Some(columns_of(&change.next)?),
            facts: change.facts.clone(),
            by: By::Amendment,
        })
    }
}

impl By {
    fn permits(&self, row: &Current) -> bool {
        match self {
            Self::Opening(lease, now) => row.may_open(lease, *now),
            Self::Settlement(lease, _) => row.holds(lease),
            Self::Amendment => true,
        }
    }
}

enum Judged {
    Done(Revision),
    Fenced,
    Moved(RegistrationKey),
}

/// Makes the changes that are still called for; one verdict each, in order.
pub(super) async fn apply(conn: &mut Conn, changes: Vec<Change>) -> Result<Vec<Verdict>, Failed> {
    let mut desk = Desk::load(conn, changes.iter().map(|change| change.key).collect()).await?;
    let judged = changes.into_iter().map(|change| judge(&mut desk, change)).collect::<Result<Vec<_>, _>>()?;
    desk.save(conn).await?;
    let moved = judged.iter().filter_map(|judged| match judged {
        Judged::Moved(key) => Some(*key),
        Judged::Done(_) | Judged::Fenced => None,
    });
    let moved = documents(conn, &moved.collect::<Vec<_>>()).await?;
    let verdict = |judged| match judged {
        Judged::Done(revision) => Verdict::Done(revision),
        Judged::Fenced => Verdict::Fenced,
        Judged::Moved(key) => moved.get(&key).cloned().map_or(Verdict::Fenced, Verdict::Moved),
    };
    Ok(judged.into_iter().map(verdict).collect())
}

/// A row that is not there has no lease and no revision: nothing is done to it.
fn judge(desk: &mut Desk, change: Change) -> Result<Judged, StoreError> {
    let Change { key, expected, next, facts, by } = change;
    let Some(row) = desk.find(&key).filter(|row| by.permits(row)) else { return Ok(Judged::Fenced) };
    if row.revision() != expected {
        return Ok(Judged::Moved(key));
    }
    // Answers are due from the change that makes them due; its facts say when that was.
    let from = facts.last().map_or(0, |fact| micros(fact.at));
    let row = match next {
        Some(next) => desk.put(key, next, from)?,
        None => desk.lanes(key),
    };
    match by {
        By::Opening(..) => {}
        By::Settlement(lease, later) => row.release(lease.lane, later.as_ref()),
        By::Amendment => row.look_anew(),
    }
    let revision = row.revision();
    desk.explain(facts);
    Ok(Judged::Done(revision))
}
