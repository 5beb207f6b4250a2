//! The one task that writes. What waits while it commits is committed together next (group commit).

use std::any::Any;
use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;
use sqlx::{Connection as _, SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};
use webinar_bridge_domain::port::StoreError;

use super::connect::Held;
use super::fault::{Failed, commit_error, store_error};

/// How many jobs one commit carries at the most.
const GROUP: usize = 128;
/// How many commits there are between two looks at the length of the write-ahead log.
const COMMITS_A_LOOK: u32 = 8;
/// How many pages of the write-ahead log are moved home at the latest.
const LONGEST_LOG: i64 = 1_000;

/// What a job leaves, whatever it is.
pub(super) type Left = Box<dyn Any + Send>;
/// What a job does inside its transaction.
pub(super) type Work =
    Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<Left, Failed>> + Send>;
type Reply = oneshot::Sender<Result<Left, StoreError>>;

/// A job, and who waits for it.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) reply: Reply,
}

/// What the writer is told.
pub(super) enum Order {
    Run(Job),
    Close(oneshot::Sender<()>),
}

/// The task's own things.
pub(super) struct Writer {
    pub(super) conn: SqliteConnection,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) readers: Option<SqlitePool>,
    pub(super) failed: Arc<OnceLock<String>>,
    /// Kept until the connection is closed; `None` in memory.
    pub(super) held: Option<Held>,
    pub(super) commits: u32,
}

/// What became of the work of one job.
enum Ran {
    Kept(Left),
    Undone(StoreError),
    /// The whole transaction is gone.
    Lost(StoreError),
}

impl Writer {
    /// Works until it is told to close or nobody is left to tell it anything.
    pub(super) async fn run(mut self) {
        let mut waiting = Vec::with_capacity(GROUP);
        let mut closers = vec![];
        while self.orders.recv_many(&mut waiting, GROUP).await > 0 {
            let mut jobs = vec![];
            for order in waiting.drain(..) {
                match order {
                    Order::Run(job) => jobs.push(job),
                    Order::Close(closer) => {
                        self.orders.close();
                        closers.push(closer);
                    }
                }
            }
            self.group(jobs).await;
        }
        self.end().await;
        for closer in closers {
            closer.send(()).ok();
        }
    }

    /// Readers go first, so that the last connection to close is the one that may move the log home.
    async fn end(self) {
        if let Some(readers) = self.readers {
            readers.close().await;
        }
        if let Err(error) = self.conn.close().await {
            tracing::warn!(%error, "the store was not closed cleanly; nothing is lost");
        }
        drop(self.held);
    }

    async fn group(&mut self, jobs: Vec<Job>) {
        if let Some(why) = self.failed.get() {
            let fatal = StoreError::Fatal(why.clone());
            for job in jobs {
                answer(job.reply, Err(fatal.clone()));
            }
            return;
        }
        if jobs.is_empty() {
            return;
        }
        self.transaction(jobs).await;
        self.commits += 1;
        if self.held.is_some() && self.commits.is_multiple_of(COMMITS_A_LOOK) {
            self.checkpoint().await;
        }
    }

    /// One transaction for all jobs. Answers go out when it is on disk; those of failed jobs at once.
    async fn transaction(&mut self, jobs: Vec<Job>) {
        let alone = jobs.len() == 1;
        let begin = if alone { "BEGIN IMMEDIATE" } else { "BEGIN IMMEDIATE; SAVEPOINT job" };
        if let Err(error) = self.command(begin).await {
            self.command("ROLLBACK").await.ok();
            return self.refuse(jobs.into_iter().map(|job| job.reply), &store_error(&error));
        }
        let mut kept = vec![];
        let mut jobs = jobs.into_iter();
        while let Some(Job { work, reply }) = jobs.next() {
            match self.job(work, alone).await {
                Ran::Kept(left) => kept.push((reply, left)),
                Ran::Undone(error) => answer(reply, Err(error)),
                Ran::Lost(error) => {
                    self.command("ROLLBACK").await.ok();
                    let others = kept.into_iter().map(|(reply, _)| reply).chain(jobs.map(|job| job.reply));
                    return self.refuse(others.chain([reply]), &error);
                }
            }
        }
        let commit = if alone { "COMMIT" } else { "RELEASE job; COMMIT" };
        match self.command(commit).await {
            Ok(()) => kept.into_iter().for_each(|(reply, left)| answer(reply, Ok(left))),
            Err(error) => {
                self.command("ROLLBACK").await.ok();
                self.refuse(kept.into_iter().map(|(reply, _)| reply), &commit_error(&error));
            }
        }
    }

    /// One job in a savepoint of its own, which is there already; alone, the transaction itself is that. Afterwards there is
    /// one for the next.
    async fn job(&mut self, work: Work, alone: bool) -> Ran {
        match work(&mut self.conn).await {
            Ok(left) if alone => Ran::Kept(left),
            Ok(left) => match self.command("RELEASE job; SAVEPOINT job").await {
                Ok(()) => Ran::Kept(left),
                Err(error) => Ran::Lost(commit_error(&error)),
            },
            Err(Failed(error @ StoreError::Fatal(_))) => Ran::Lost(error),
            Err(Failed(error)) if alone => Ran::Lost(error),
            Err(Failed(error)) => match self.undo().await {
                Ok(()) => Ran::Undone(error),
                // SQLite gave the whole transaction up, as it does when there is no room.
                Err(_) => Ran::Lost(error),
            },
        }
    }

    async fn undo(&mut self) -> Result<(), sqlx::Error> {
        // The savepoint stays.
        self.command("ROLLBACK TO job").await
    }

    async fn command(&mut self, command: &'static str) -> Result<(), sqlx::Error> {
        sqlx::query(command).execute(&mut self.conn).await.map(drop)
    }

    /// Nothing of it is stored. After a fatal error nothing ever is again (rule D4).
    fn refuse(&mut self, replies: impl Iterator<Item = Reply>, error: &StoreError) {
        self.heed(error);
        replies.for_each(|reply| answer(reply, Err(error.clone())));
    }

    fn heed(&mut self, error: &StoreError) {
        if let StoreError::Fatal(why) = error {
            tracing::error!(%error, "the store is out of use");
            self.failed.set(why.clone()).ok();
        }
    }

    /// Moves a long log home. SQLite would do it by itself, but keep a failed sync to itself, too.
    async fn checkpoint(&mut self) {
        let looked = self.log("PRAGMA wal_checkpoint(NOOP)").await;
        let error = match looked {
            Ok(pages) if pages < LONGEST_LOG => return,
            Ok(_) => match self.log("PRAGMA wal_checkpoint(PASSIVE)").await {
                Ok(_) => return,
                Err(error) => commit_error(&error),
            },
            Err(error) => commit_error(&error),
        };
        tracing::warn!(%error, "the write-ahead log was not moved home");
        self.heed(&error);
    }

    /// How many pages the log has, after a checkpoint of some kind.
    async fn log(&mut self, checkpoint: &'static str) -> Result<i64, sqlx::Error> {
        let (_, pages, _): (i64, i64, i64) = sqlx::query_as(checkpoint).fetch_one(&mut self.conn).await?;
        Ok(pages)
    }
}

/// Whoever has stopped waiting is not told.
fn answer(reply: Reply, outcome: Result<Left, StoreError>) {
    drop(reply.send(outcome));
}
