//! The store passes the suites that every store must pass, on a file and in memory.

#![expect(clippy::unwrap_used, reason = "a store that cannot be opened ends the case")]

use std::sync::Arc;

use async_trait::async_trait;
use webinar_bridge_contract::subject::{StorePorts, StoreSubject};
use webinar_bridge_storage::{StorageSettings, Store, open};

/// A store on a file of its own.
struct OnFile {
    store: Store,
    settings: StorageSettings,
    _folder: tempfile::TempDir,
}

impl OnFile {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = StorageSettings::at(format!("sqlite://{}/bridge.db", folder.path().display()));
        Self { store: open(&settings).await.unwrap(), settings, _folder: folder }
    }
}

#[async_trait]
impl StoreSubject for OnFile {
    fn store(&self) -> StorePorts {
        StorePorts::of(&Arc::new(self.store.clone()))
    }

    async fn reopen(&mut self) -> bool {
        self.store.close().await.unwrap();
        self.store = open(&self.settings).await.unwrap();
        true
    }
}

/// A store that is gone with the case.
struct InMemory(Store);

impl InMemory {
    async fn new() -> Self {
        Self(open(&StorageSettings::at("sqlite::memory:")).await.unwrap())
    }
}

#[async_trait]
impl StoreSubject for InMemory {
    fn store(&self) -> StorePorts {
        StorePorts::of(&Arc::new(self.0.clone()))
    }
}

macro_rules! suites {
    ($subject:ident: $($suite:ident $module:ident),+ $(,)?) => {
        $(mod $module {
            webinar_bridge_contract::$suite!(super::super::$subject::new().await);
        })+
    };
}

macro_rules! stores {
    ($($module:ident = $subject:ident),+ $(,)?) => {
        $(mod $module {
            suites! { $subject:
                worklist_suite worklist,
                intake_suite intake,
                books_suite books,
                ledger_suite ledger,
                organizations_suite organizations,
                credentials_suite credentials,
                webinars_suite webinars,
                chronicle_suite chronicle,
                key_shelf_suite key_shelf,
                endpoints_suite endpoints,
                gates_suite gates,
                tasks_suite tasks,
                tokens_suite tokens,
            }
        })+
    };
}

stores! { on_file = OnFile, in_memory = InMemory }
