//! The file: locked, found again after any end, and without a clear name in it.

use std::path::Path;
use std::process::Command;

use sqlx::Connection as _;
use webinar_bridge_domain::balance::Scope;
use webinar_bridge_domain::person::{Digest, SealedDetails};
use webinar_bridge_domain::port::{
    Books as _, Chronicle as _, ChronicleQuery, CrmRow, CrmTable, Hint, Intake as _, Journalled, Lane,
    Organizations as _, StoreError, Worklist as _,
};
use webinar_bridge_domain::registration::{Input, Observation, Registration, Stance};
use webinar_bridge_storage::{StorageSettings, open};

use crate::given::{
    ACTIVE, at, claim, deliver_all, due, id, key, opening, record_id, settings_in, stand, step, take_in,
};

/// Tells a copy of this program what to do, and where.
const ORDER: &str = "WEBINAR_BRIDGE_STORAGE_TEST";

#[tokio::test]
async fn what_was_stored_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&settings_in(&folder)).await.unwrap();
    due(&store, 3).await;
    deliver_all(&store, at(1)).await;
    let keys = [key(1, 50, 1), key(1, 50, 2)];
    let before = (store.find(&keys).await, store.balance(&id(1), &Scope::Organization).await);
    store.close().await.unwrap();
    assert!(matches!(store.find(&keys).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.hint(&[hint()]).await, Err(StoreError::Unavailable(_))));
    let store = open(&settings_in(&folder)).await.unwrap();
    assert_eq!((store.find(&keys).await, store.balance(&id(1), &Scope::Organization).await), before);
    assert!(store.load(&id(1)).await.unwrap().is_some());
}

fn hint() -> Hint {
    Hint { organization: id(1), row: CrmRow { table: CrmTable::Registrations, id: record_id(1) } }
}

#[tokio::test]
async fn a_second_process_is_told_which_file_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(&folder);
    let store = open(&settings).await.unwrap();
    let error = open(&settings).await.unwrap_err().to_string();
    let lock = folder.path().join("data/bridge.db.lock");
    assert!(error.contains(&lock.display().to_string()) && error.contains("another process"), "{error}");
    store.close().await.unwrap();
    open(&settings).await.unwrap();
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plain");
    std::fs::write(&file, "not a folder").unwrap();
    for url in ["postgres://somewhere/db", &format!("sqlite://{}/bridge.db", file.display())] {
        let error = open(&StorageSettings::at(url)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    }
    let nonsense = folder.path().join("nonsense.db");
    std::fs::write(&nonsense, vec![b'x'; 8192]).unwrap();
    let error = open(&StorageSettings::at(format!("sqlite://{}", nonsense.display()))).await.unwrap_err();
    assert!(matches!(error, StoreError::Fatal(_)), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&settings_in(&folder)).await.unwrap();
    due(&store, 1).await;
    let files: Vec<_> = std::fs::read_dir(folder.path().join("data")).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{file:?}");
    }
}

async fn plain(folder: &tempfile::TempDir) -> sqlx::SqliteConnection {
    let path = folder.path().join("data/bridge.db");
    sqlx::SqliteConnection::connect_with(&sqlx::sqlite::SqliteConnectOptions::new().filename(path))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    open(&settings_in(&folder)).await.unwrap().close().await.unwrap();
    let mut conn = plain(&folder).await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'later', TRUE, x'00', 0)";
    sqlx::query(newer).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    let error = open(&settings_in(&folder)).await.unwrap_err().to_string();
    assert!(error.contains("newer release") && error.contains("9999"), "{error}");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_does_not_keep_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&settings_in(&folder)).await.unwrap();
    due(&store, 3).await;
    let mut conn = plain(&folder).await;
    sqlx::query("UPDATE registration SET doc = '{\"v\":9}' WHERE id = 2").execute(&mut conn).await.unwrap();
    assert_eq!(claim(&store, Lane::Deliver, 9, at(1)).await.len(), 2);
    let corrupt = StoreError::Corrupt { table: "registration", column: "doc", key: "2".to_owned() };
    assert_eq!(store.find(&[key(1, 50, 2)]).await, Err(corrupt));
}

#[tokio::test]
async fn no_clear_name_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&settings_in(&folder)).await.unwrap();
    let epoch = stand(&store, 1, ACTIVE).await;
    let name = "Ada Lovelace <ada@example.com>";
    let sealed: Vec<u8> = name.bytes().map(|byte| byte ^ 0xa5).collect();
    let (stance, key) = (Stance::Active(Digest::new([1; 32])), key(1, 50, 1));
    let version = webinar_bridge_domain::id::Version(1);
    let read = Some((SealedDetails::new(sealed.clone()), id(7)));
    let seen = Input::Observed(Observation { source: id(1), version, stance, read });
    take_in(&store, epoch, vec![(step(&Registration::new(key), seen, at(0)), at(1000))]).await;
    let stored = store.find(&[key]).await.unwrap().remove(0).unwrap().item;
    assert_eq!(stored.details().unwrap().1.as_bytes(), sealed);
    let bytes = every_byte(&folder.path().join("data"));
    let has = |needle: &str| {
        bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
    };
    for needle in ["Lovelace", "example.com", "ada@"] {
        assert!(!has(needle), "{needle}");
    }
    assert!(has("Organization 1"), "the search itself finds what is there");
}

fn every_byte(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

/// Not a case of its own: what the copies of this program do.
#[test]
#[ignore = "started by other cases"]
fn a_copy_does_as_it_is_told() {
    let Ok(path) = std::env::var(ORDER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = open(&StorageSettings::at(format!("sqlite://{path}"))).await.unwrap();
        due(&store, 2).await;
        let leased = claim(&store, Lane::Deliver, 9, at(1)).await;
        let journalled = store.journal(&[opening(&leased[0], at(2))]).await.unwrap();
        assert!(matches!(journalled[..], [Journalled::Open(_)]));
        // No end of any kind: neither a destructor nor the store itself has a word.
        std::process::abort();
    });
}

#[tokio::test]
async fn a_process_that_dies_between_journal_and_end_leaves_its_attempt_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/bridge.db");
    let copy = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "file::a_copy_does_as_it_is_told"])
        .env(ORDER, &path)
        .output()
        .unwrap();
    assert!(!copy.status.success(), "the copy died");
    let store = open(&settings_in(&folder)).await.unwrap();
    let found = claim(&store, Lane::Deliver, 9, at(3)).await;
    assert_eq!(found.len(), 2, "the leases of the dead are over");
    let open: Vec<_> = found.iter().filter_map(|leased| leased.registration.open).collect();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].number, open[0].opened), (1, at(2)));
    assert!(found.iter().all(|leased| leased.lease.fence == 2));
    let facts = store.since(&ChronicleQuery { organization: id(1), after: 0, limit: 99 }).await.unwrap();
    assert_eq!(facts.len(), 3);
}
