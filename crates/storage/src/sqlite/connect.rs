//! Opening the file: lock, pragmas, version, migrations.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use log::LevelFilter;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection, SqlitePool};
use webinar_bridge_domain::port::StoreError;

use super::MIGRATIONS;
use super::fault::{Failed, store_error};
use crate::settings::Place;

/// How long a connection waits for another one's lock, and a reader for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first release without the bug that could lose commits when the write-ahead log began anew.
const OLDEST: u32 = 3_051_003;
/// A release that was withdrawn.
const WITHDRAWN: u32 = 3_052_000;

/// The proof that no other process works on the file; the lock ends with it.
pub(super) struct Held {
    _file: File,
}

/// Locks the file's `.lock` neighbour, and makes the folder if it is not there.
pub(super) fn hold(path: &Path) -> Result<Held, StoreError> {
    let unusable = |what: &Path, error: std::io::Error| {
        StoreError::Unavailable(format!("{} cannot be used: {error}", what.display()))
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| unusable(folder, error))?;
    }
    let neighbour = lock_file(path);
    let options = || private().create(true).truncate(false).write(true).to_owned();
    let file = options().open(&neighbour).map_err(|error| unusable(&neighbour, error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let (path, neighbour) = (path.display(), neighbour.display());
            let text = format!("another process works on {path}: it holds {neighbour}; end it first");
            return Err(StoreError::Unavailable(text));
        }
        Err(TryLockError::Error(error)) => return Err(unusable(&neighbour, error)),
    }
    // SQLite gives the files that it makes beside it the rights of this one.
    options().open(path).map_err(|error| unusable(path, error))?;
    Ok(Held { _file: file })
}

fn lock_file(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Options for files that only their owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The one connection that writes.
pub(super) async fn writer(place: &Place, max_pages: Option<u32>) -> Result<SqliteConnection, Failed> {
    let options = match place {
        Place::File(path) => on_file(path),
        Place::Memory => common(SqliteConnectOptions::new().in_memory(true)),
    };
    // Checkpoints are the writer's own, so that it sees their errors.
    let options = options.pragma("wal_autocheckpoint", "0").pragma("cache_size", "-16384");
    let options = match max_pages {
        Some(pages) => options.pragma("max_page_count", pages.to_string()),
        None => options,
    };
    let mut conn = options.connect().await?;
    check_version(&mut conn).await?;
    if matches!(place, Place::File(_)) {
        check_journal(&mut conn).await?;
    }
    migrate(&mut conn).await?;
    Ok(conn)
}

/// The connections that read; none for a store in memory, where one connection is all there is.
pub(super) fn readers(place: &Place, how_many: u32) -> Option<SqlitePool> {
    let Place::File(path) = place else { return None };
    let options = on_file(path).pragma("query_only", "ON").pragma("wal_autocheckpoint", "0");
    let pool = SqlitePoolOptions::new()
        .max_connections(how_many.max(1))
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None);
    Some(pool.connect_lazy_with(options))
}

fn on_file(path: &Path) -> SqliteConnectOptions {
    common(SqliteConnectOptions::new().filename(path))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
}

fn common(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .busy_timeout(PATIENCE)
        .foreign_keys(true)
        .pragma("secure_delete", "ON")
        .pragma("cell_size_check", "ON")
        .pragma("trusted_schema", "OFF")
        .pragma("temp_store", "MEMORY")
        .row_buffer_size(1024)
        // Statements hold no values, only their places.
        .log_statements(LevelFilter::Trace)
        .log_slow_statements(LevelFilter::Off, Duration::MAX)
}

async fn check_version(conn: &mut SqliteConnection) -> Result<(), Failed> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(conn).await?;
    if is_sound(&version) {
        return Ok(());
    }
    let text = format!("SQLite {version} may lose data; this program needs 3.51.3 or newer, and not 3.52.0");
    Err(StoreError::Unavailable(text).into())
}

fn is_sound(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    let number = part() * 1_000_000 + part() * 1_000 + part();
    number >= OLDEST && number != WITHDRAWN
}

async fn check_journal(conn: &mut SqliteConnection) -> Result<(), Failed> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(conn).await?;
    if mode == "wal" {
        return Ok(());
    }
    let text = format!("the file system keeps SQLite from its write-ahead log (journal mode {mode})");
    Err(StoreError::Unavailable(text).into())
}

async fn migrate(conn: &mut SqliteConnection) -> Result<(), Failed> {
    use sqlx::migrate::MigrateError;
    // `run` would make the future of opening one that cannot change threads.
    let text = match MIGRATIONS.run_direct(None, conn, false).await {
        Ok(()) => return Ok(()),
        Err(MigrateError::Execute(error)) => return Err(store_error(&error).into()),
        Err(MigrateError::VersionMissing(version)) => {
            format!(
                "the file was written by a newer release of this program (schema {version}); use that release"
            )
        }
        Err(MigrateError::VersionMismatch(version)) => {
            format!("the file was written by another build of this program (schema {version} differs)")
        }
        Err(error) => format!("the schema could not be brought up to date: {error}"),
    };
    Err(StoreError::Unavailable(text).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_releases_are_used() {
        for (version, sound) in [
            ("3.51.2", false),
            ("3.51.3", true),
            ("3.52.0", false),
            ("3.52.1", true),
            ("3.9.99", false),
            ("", false),
        ] {
            assert_eq!(is_sound(version), sound, "{version}");
        }
    }

    #[tokio::test]
    async fn the_release_that_is_built_in_is_sound() {
        let mut conn = writer(&Place::Memory, None).await.unwrap();
        check_version(&mut conn).await.unwrap();
    }
}
