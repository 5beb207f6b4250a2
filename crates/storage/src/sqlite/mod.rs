//! SQLite: one task that writes, a few connections that read.
//!
//! This module is what the shared body needs of an engine: the types, the dialect's macros, the claim statements, and
//! [`Store::write`] and [`Store::read`]. The body itself is mounted below.

mod connect;
mod fault;
mod writer;

use core::fmt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures::future::BoxFuture;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use tokio::sync::{mpsc, oneshot};
use webinar_bridge_domain::port::StoreError;

use crate::settings::StorageSettings;
use fault::{Failed, store_error};
use writer::{Job, Left, Order, Writer};

type Db = sqlx::Sqlite;
type Conn = sqlx::SqliteConnection;
/// What a job or a reading does with its connection.
type Work<'c, T> = BoxFuture<'c, Result<T, Failed>>;

/// What rows are read for.
#[derive(Clone, Copy, Debug)]
enum For {
    Reading,
    Change,
}

impl For {
    /// The statement that looks, or the one that also locks.
    const fn either(self, find: &'static str, hold: &'static str) -> &'static str {
        match self {
            Self::Reading => find,
            Self::Change => hold,
        }
    }
}

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The rows of a JSON array, as `r.value`, in order by `r.key`. Without the limit SQLite would write each row's text
/// anew for each of its fields.
macro_rules! rows {
    ($param:literal) => {
        concat!("(SELECT key, value FROM json_each(", $param, ") LIMIT -1 OFFSET 0) AS r")
    };
}

/// A text of a row.
macro_rules! text {
    ($field:literal) => {
        concat!("(r.value ->> '", $field, "')")
    };
}

/// A whole number of a row.
macro_rules! number {
    ($field:literal) => {
        concat!("CAST(r.value ->> '", $field, "' AS BIGINT)")
    };
}

/// Ends a `SELECT` whose rows must stay as they are until the transaction ends; here nobody else writes.
macro_rules! locked {
    () => {
        ""
    };
}

/// Ends with all rows of a `SELECT` in one: a JSON array of arrays of the named columns. A row of its own costs more on its
/// way from SQLite's thread than all the columns together.
macro_rules! gathered {
    ($columns:literal, $select:expr) => {
        concat!("SELECT json_group_array(json_array(", $columns, ")) FROM (", $select, ")")
    };
}

/// Runs statements that each take one parameter, in order and together: each way to SQLite's thread and back costs more
/// than a small statement.
async fn execute_all(conn: &mut Conn, statements: Vec<(&'static str, String)>) -> Result<(), Failed> {
    if statements.is_empty() {
        return Ok(());
    }
    let texts: Vec<&'static str> = statements.iter().map(|(text, _)| *text).collect();
    let mut query = sqlx::query::<Db>(joined(&texts));
    for (_, parameter) in statements {
        query = query.bind(parameter);
    }
    query.execute(conn).await?;
    Ok(())
}

/// The statements as one text, each with a parameter of its own. There are as many such texts as there are kinds of changes
/// that come together, which is few: they are kept for good.
fn joined(texts: &[&'static str]) -> &'static str {
    static KNOWN: Mutex<BTreeMap<Vec<usize>, &'static str>> = Mutex::new(BTreeMap::new());
    let key: Vec<usize> = texts.iter().map(|text| text.as_ptr().addr()).collect();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(key).or_insert_with(|| {
        let numbered = texts.iter().enumerate().map(|(n, text)| text.replace("$1", &format!("${}", n + 1)));
        numbered.collect::<Vec<_>>().join(";").leak()
    })
}

/// Claims up to `$3` rows of organization `$1` that are due at `$2`, until `$4`.
///
/// It goes from one urgency to the next by seeking, and takes from each what is due: neither what waits for later nor
/// what is less urgent is looked at. `CROSS JOIN` keeps the planner to that order.
macro_rules! claim {
    ($lane:literal, $tries:literal, $unless:literal) => {
        concat!(
            "WITH RECURSIVE step(urgency) AS (
               SELECT min(urgency) FROM registration WHERE organization = $1 AND ",
            $lane,
            "_at IS NOT NULL
               UNION ALL
               SELECT (SELECT min(n.urgency) FROM registration AS n WHERE n.organization = $1
                         AND n.",
            $lane,
            "_at IS NOT NULL AND n.urgency > step.urgency)
                 FROM step WHERE step.urgency IS NOT NULL),
             due(id) AS (
               SELECT g.id FROM step CROSS JOIN registration AS g
                WHERE g.organization = $1 AND g.urgency = step.urgency AND g.",
            $lane,
            "_at <= $2 ",
            $unless,
            "
                LIMIT $3)
             UPDATE registration SET ",
            $lane,
            "_until = $4, ",
            $lane,
            "_fence = ",
            $lane,
            "_fence + 1,
                    ",
            $lane,
            "_epoch = (SELECT o.epoch FROM organization AS o WHERE o.id = $1)
              WHERE id IN (SELECT due.id FROM due)
                AND EXISTS (SELECT 1 FROM organization AS o WHERE o.id = $1 AND o.active = 1)
             RETURNING id, revision, urgency, ",
            $lane,
            "_fence AS fence, ",
            $lane,
            "_epoch AS epoch, ",
            $tries,
            ", doc"
        )
    };
}

const CLAIM_DELIVER: &str = claim!(
    "deliver",
    "due_at, 0 AS tries, NULL AS since",
    "AND NOT EXISTS (SELECT 1 FROM registration AS w WHERE w.organization = g.organization
        AND w.webinar = g.waits_webinar AND w.email_key = g.waits_email AND w.state = 'due')"
);
const CLAIM_ANSWER: &str =
    claim!("answer", "answer_due_at AS due_at, answer_tries AS tries, answer_since AS since", "");

#[path = "../shared/attendance.rs"]
mod attendance;
#[path = "../shared/books.rs"]
mod books;
#[path = "../shared/brakes.rs"]
mod brakes;
#[path = "../shared/change.rs"]
mod change;
#[path = "../shared/credentials.rs"]
mod credentials;
#[path = "../shared/endpoints.rs"]
mod endpoints;
#[path = "../shared/facts.rs"]
mod facts;
#[path = "../shared/feeds.rs"]
mod feeds;
#[path = "../shared/gates.rs"]
mod gates;
#[path = "../shared/hints.rs"]
mod hints;
#[path = "../shared/homes.rs"]
mod homes;
#[path = "../shared/intake.rs"]
mod intake;
#[path = "../shared/keys.rs"]
mod keys;
#[path = "../shared/ledger.rs"]
mod ledger;
#[path = "../shared/organizations.rs"]
mod organizations;
#[path = "../shared/registrations.rs"]
mod registrations;
#[path = "../shared/syncs.rs"]
mod syncs;
#[path = "../shared/tallies.rs"]
mod tallies;
#[path = "../shared/tasks.rs"]
mod tasks;
#[path = "../shared/tokens.rs"]
mod tokens;
#[path = "../shared/webinars.rs"]
mod webinars;
#[path = "../shared/worklist.rs"]
mod worklist;

/// How many jobs wait for the writer at the most; beyond that their callers do.
const WAITING: usize = 256;

/// The store: every store port on one file. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Doors>);

struct Doors {
    orders: mpsc::Sender<Order>,
    readers: Option<SqlitePool>,
    failed: Arc<OnceLock<String>>,
}

/// Opens the store: locks the file, brings its schema up to date and ends the leases of the process before.
///
/// A file that another process works on, a newer schema, an unsound SQLite and a foreign address are
/// [`StoreError::Unavailable`] with a sentence that says what to do. Must be called within a Tokio runtime.
pub async fn open(settings: &StorageSettings) -> Result<Store, StoreError> {
    let place = settings.place()?;
    let held = match &place {
        crate::settings::Place::File(path) => Some(connect::hold(path)?),
        crate::settings::Place::Memory => None,
    };
    let mut conn = connect::writer(&place, settings.max_pages).await.map_err(|Failed(error)| error)?;
    end_leases(&mut conn).await.map_err(|error| store_error(&error))?;
    let readers = connect::readers(&place, settings.readers);
    let (sender, orders) = mpsc::channel(WAITING);
    let failed = Arc::new(OnceLock::new());
    let writer =
        Writer { conn, orders, readers: readers.clone(), failed: Arc::clone(&failed), held, commits: 0 };
    tokio::spawn(writer.run());
    Ok(Store(Arc::new(Doors { orders: sender, readers, failed })))
}

const END_LEASES: [&str; 4] = [
    "UPDATE registration SET deliver_until = NULL WHERE deliver_until IS NOT NULL",
    "UPDATE registration SET answer_until = NULL WHERE answer_until IS NOT NULL",
    "UPDATE sync SET lease_until = NULL WHERE lease_until IS NOT NULL",
    "UPDATE task SET lease_until = NULL WHERE lease_until IS NOT NULL",
];

/// Nobody else works on the file, so nobody holds a lease. Attempts stay open: the next claimer finds them.
async fn end_leases(conn: &mut Conn) -> Result<(), sqlx::Error> {
    for statement in END_LEASES {
        sqlx::query(statement).execute(&mut *conn).await?;
    }
    Ok(())
}

impl Store {
    /// Ends the store: what waits is still done, then the file is closed and its lock given up.
    pub async fn close(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        if self.0.orders.send(Order::Close(reply)).await.is_ok() {
            answer.await.ok();
        }
        self.usable()
    }

    /// Runs `work` in a transaction that is on disk when this returns; if `work` fails, nothing of it is kept.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> Work<'c, T> + Send + 'static,
    {
        self.usable()?;
        let work: writer::Work = Box::new(move |conn| {
            let work = work(conn);
            Box::pin(async move { work.await.map(|left| Box::new(left) as Left) })
        });
        let (reply, answer) = oneshot::channel();
        self.0.orders.send(Order::Run(Job { work, reply })).await.map_err(|_| self.gone())?;
        let left = answer.await.map_err(|_| self.gone())??;
        left.downcast::<T>().map(|left| *left).map_err(|_| self.gone())
    }

    /// Runs `work` over one snapshot.
    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> Work<'c, T> + Send + 'static,
    {
        let Some(readers) = &self.0.readers else { return self.write(work).await };
        self.usable()?;
        let mut snapshot = readers.begin().await.map_err(|error| store_error(&error))?;
        work(&mut snapshot).await.map_err(|Failed(error)| error)
    }

    fn usable(&self) -> Result<(), StoreError> {
        self.0.failed.get().map_or(Ok(()), |why| Err(StoreError::Fatal(why.clone())))
    }

    fn gone(&self) -> StoreError {
        self.usable().err().unwrap_or_else(|| StoreError::Unavailable("the store is closed".to_owned()))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store(sqlite)")
    }
}

#[cfg(test)]
mod tests;
