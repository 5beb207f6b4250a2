//! A file that may not grow any more.

use webinar_bridge_domain::port::{CrmRow, CrmTable, Hint, Intake as _, StoreError};
use webinar_bridge_storage::{StorageSettings, open};

use crate::given::{id, settings_in};

/// A hundred hints of their own.
fn hints(hundred: u128) -> Vec<Hint> {
    let row = |n: u128| CrmRow { table: CrmTable::Registrations, id: id(hundred * 100 + n) };
    (0..100).map(|n| Hint { organization: id(1), row: row(n) }).collect()
}

#[tokio::test]
async fn a_full_store_says_so_and_goes_on_with_more_room() {
    let folder = tempfile::tempdir().unwrap();
    let roomy = settings_in(&folder);
    open(&roomy).await.unwrap().close().await.unwrap();
    let file = folder.path().join("data/bridge.db");
    let pages = u32::try_from(std::fs::metadata(file).unwrap().len() / 4096).unwrap() + 20;
    let store = open(&StorageSettings { max_pages: Some(pages), ..roomy.clone() }).await.unwrap();
    let mut stored = 0;
    let full = loop {
        match store.hint(&hints(stored)).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 1_000, "it never gets full");
    };
    assert!(matches!(full, StoreError::Full(_)), "{full}");
    assert!(matches!(store.hint(&hints(stored)).await, Err(StoreError::Full(_))), "and it stays so");
    assert!(!store.hints(&id(1), 1).await.unwrap().is_empty(), "what was taken in can be read");
    store.close().await.unwrap();

    let store = open(&roomy).await.unwrap();
    let kept = store.hints(&id(1), u32::MAX).await.unwrap();
    assert_eq!(kept.len(), usize::try_from(stored * 100).unwrap(), "all of what was acknowledged");
    store.hint(&hints(stored)).await.unwrap();
    store.close().await.unwrap();
}
