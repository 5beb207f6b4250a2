//! The writer's promises, tried with jobs of the tests' own.

use futures::future::join_all;
use tokio::sync::oneshot;

use super::*;

const KEEP: &str =
    "INSERT INTO feed (organization, crm_table, place, snapshot, whole) VALUES ($1, 'x', $2, 1, 0)";
const COUNT: &str = "SELECT count(*) FROM feed";

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
}

async fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/bridge.db", folder.path().display());
    Bench { store: open(&StorageSettings::at(url)).await.unwrap(), folder }
}

async fn keep(conn: &mut Conn, name: &str, place: &str) -> Result<(), Failed> {
    sqlx::query(KEEP).bind(name.to_owned()).bind(place.to_owned()).execute(conn).await?;
    Ok(())
}

async fn ask(conn: &mut Conn, question: &'static str) -> Result<i64, Failed> {
    Ok(sqlx::query_scalar(question).fetch_one(conn).await?)
}

async fn kept(store: &Store) -> i64 {
    store
        .read(|conn| Box::pin(async move { Ok(sqlx::query_scalar(COUNT).fetch_one(conn).await?) }))
        .await
        .unwrap()
}

type Waiting<'a> = BoxFuture<'a, Result<i64, StoreError>>;

fn fail() -> Failed {
    Failed(StoreError::Unavailable("meant".to_owned()))
}

impl Store {
    /// Keeps the writer busy until the gate opens, so that what is asked meanwhile is one group.
    async fn busy(&self, gate: oneshot::Receiver<()>) {
        // It may share the fate of its group.
        let _ = self.write(|_| Box::pin(async move { gate.await.map_err(|_| fail()) })).await;
    }

    async fn keeps(&self, name: &'static str, fails: bool) -> Result<i64, StoreError> {
        let reader = self.clone();
        self.write(move |conn| {
            Box::pin(async move {
                keep(conn, name, "").await?;
                if fails { Err(fail()) } else { Ok(kept(&reader).await) }
            })
        })
        .await
    }
}

/// Runs jobs that were all waiting when the writer turned to them.
async fn in_one_group(store: &Store, jobs: Vec<Waiting<'_>>) -> Vec<Result<i64, StoreError>> {
    let (open, gate) = oneshot::channel();
    let ((), (answers, ())) = futures::join!(store.busy(gate), async {
        futures::join!(join_all(jobs), async { open.send(()).unwrap() })
    });
    answers
}

#[tokio::test]
async fn what_waits_together_is_committed_together() {
    let Bench { store, folder: _folder } = bench().await;
    let names = ["a", "b", "c"];
    let jobs = names.map(|name| Box::pin(store.keeps(name, false)) as Waiting<'_>).into();
    // While the last one runs, nobody else sees the first: they are on disk together or not at all.
    assert_eq!(in_one_group(&store, jobs).await, [Ok(0), Ok(0), Ok(0)]);
    assert_eq!(kept(&store).await, 3);
}

#[tokio::test]
async fn a_failing_job_is_undone_alone() {
    let Bench { store, folder: _folder } = bench().await;
    let jobs = [("a", false), ("b", true), ("c", false)];
    let jobs = jobs.map(|(name, fails)| Box::pin(store.keeps(name, fails)) as Waiting<'_>).into();
    assert_eq!(in_one_group(&store, jobs).await, [Ok(0), Err(fail().0), Ok(0)]);
    assert_eq!(kept(&store).await, 2);
    assert_eq!(store.keeps("d", true).await, Err(fail().0));
    assert_eq!(kept(&store).await, 2);
    assert_eq!(store.keeps("b", false).await, Ok(2));
}

#[tokio::test]
async fn a_job_goes_on_when_nobody_waits_for_it_any_more() {
    let Bench { store, folder: _folder } = bench().await;
    let (open, gate) = oneshot::channel();
    let mut busy = Box::pin(store.busy(gate));
    let mut asked = Box::pin(store.keeps("a", false));
    assert!(futures::poll!(&mut busy).is_pending() && futures::poll!(&mut asked).is_pending());
    drop(asked);
    open.send(()).unwrap();
    busy.await;
    assert_eq!(store.keeps("b", false).await, Ok(1));
}

#[tokio::test]
async fn a_full_disk_refuses_what_is_too_much_and_nothing_else() {
    let Bench { store, folder: _folder } = bench().await;
    store
        .write(|conn| {
            Box::pin(async move {
                let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *conn).await?;
                let limit = format!("PRAGMA max_page_count = {}", pages + 20);
                sqlx::query(sqlx::AssertSqlSafe(limit)).execute(conn).await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    let large = || {
        let place = "x".repeat(1_000_000);
        let job = store
            .write(move |conn| Box::pin(async move { keep(conn, "large", &place).await.map(|()| 0_i64) }));
        Box::pin(job) as Waiting<'_>
    };
    assert!(matches!(large().await, Err(StoreError::Full(_))));
    let jobs =
        vec![Box::pin(store.keeps("a", false)) as Waiting<'_>, large(), Box::pin(store.keeps("b", false))];
    let answers = in_one_group(&store, jobs).await;
    assert!(matches!(answers[1], Err(StoreError::Full(_))), "{answers:?}");
    let stored = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(kept(&store).await, i64::try_from(stored).unwrap(), "{answers:?}");
    assert!(store.keeps("c", false).await.is_ok());
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_done_any_more() {
    let Bench { store, folder: _folder } = bench().await;
    let fatal = StoreError::Fatal("sync failed".to_owned());
    let broken = fatal.clone();
    let job = store.write::<i64, _>(move |_| Box::pin(async move { Err(Failed(broken)) }));
    let jobs = vec![
        Box::pin(store.keeps("a", false)) as Waiting<'_>,
        Box::pin(job),
        Box::pin(store.keeps("b", false)),
    ];
    assert_eq!(
        in_one_group(&store, jobs).await,
        [Err(fatal.clone()), Err(fatal.clone()), Err(fatal.clone())]
    );
    assert_eq!(store.keeps("c", false).await, Err(fatal.clone()));
    let reading =
        store.read(|conn| Box::pin(async move { Ok(sqlx::query_scalar(COUNT).fetch_one(conn).await?) }));
    assert_eq!(reading.await, Err::<i64, _>(fatal.clone()));
    assert_eq!(store.close().await, Err(fatal));
}

#[tokio::test]
async fn a_long_log_is_moved_home() {
    let Bench { store, folder } = bench().await;
    let size = || std::fs::metadata(folder.path().join("bridge.db")).unwrap().len();
    let before = size();
    for n in 0..u8::try_from(COMMITS).unwrap() {
        let place = "x".repeat(600_000);
        store
            .write(move |conn| Box::pin(async move { keep(conn, &n.to_string(), &place).await }))
            .await
            .unwrap();
    }
    // The look at the log comes after the answers: one more answer, and it is over.
    store.keeps("last", false).await.unwrap();
    assert!(size() > before + 4_000_000, "{before} -> {}", size());
}

const COMMITS: u32 = 9;

#[tokio::test]
async fn the_connections_are_set_up_for_safety() {
    let Bench { store, folder: _folder } = bench().await;
    let wanted = [
        ("PRAGMA synchronous", 2),
        ("PRAGMA foreign_keys", 1),
        ("PRAGMA secure_delete", 1),
        ("PRAGMA cell_size_check", 1),
        ("PRAGMA trusted_schema", 0),
        ("PRAGMA busy_timeout", 5_000),
    ];
    for (pragma, value) in wanted {
        let written = store.write(move |conn| Box::pin(ask(conn, pragma))).await;
        let read = store.read(move |conn| Box::pin(ask(conn, pragma))).await;
        assert_eq!((written, read), (Ok(value), Ok(value)), "{pragma}");
    }
    let write = store.read(|conn| Box::pin(async move { keep(conn, "a", "").await }));
    assert!(matches!(write.await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn claims_and_restarts_look_only_at_what_is_to_be_done() {
    let Bench { store, folder: _folder } = bench().await;
    let ready = [worklist::READY_DELIVER, worklist::READY_ANSWER];
    for statement in [CLAIM_DELIVER, CLAIM_ANSWER].into_iter().chain(ready).chain(END_LEASES) {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let plan: Vec<(i64, i64, i64, String)> = store
            .read(move |conn| {
                Box::pin(
                    async move { Ok(sqlx::query_as(sqlx::AssertSqlSafe(explain)).fetch_all(conn).await?) },
                )
            })
            .await
            .unwrap();
        let whole = |line: &str| {
            let table = line.strip_prefix("SCAN ").is_some_and(|rest| {
                ["registration", "g", "f", "n", "w", "sync"].contains(&rest.split(' ').next().unwrap_or(rest))
            });
            table && !line.contains("INDEX")
        };
        assert!(!plan.iter().any(|(.., line)| whole(line)), "{plan:#?}");
    }
}
