//! The doubles of the domain keep the promises of the ports.

use std::sync::Arc;

use async_trait::async_trait;
use webinar_bridge_contract::subject::{
    Ability, KeyWrapSubject, PrivacySubject, StorePorts, StoreSubject, VaultSubject,
};
use webinar_bridge_contract::{
    books_suite, chronicle_suite, credentials_suite, endpoints_suite, gates_suite, intake_suite,
    key_shelf_suite, key_wrap_suite, ledger_suite, organizations_suite, privacy_suite, tasks_suite,
    tokens_suite, vault_suite, webinars_suite, worklist_suite,
};
use webinar_bridge_domain::memory::{MemoryStore, PlainKeyWrap, PlainPrivacy, PlainVault};
use webinar_bridge_domain::port::{KeyWrap, Privacy, Vault};

/// The store in memory; nothing of it outlives a case.
struct Store(Arc<MemoryStore>);

impl Store {
    fn empty() -> Self {
        Self(Arc::new(MemoryStore::new()))
    }
}

#[async_trait]
impl StoreSubject for Store {
    fn store(&self) -> StorePorts {
        StorePorts::of(&self.0)
    }

    async fn reopen(&mut self) -> bool {
        self.0 = Arc::new(MemoryStore::clone(&self.0));
        true
    }
}

worklist_suite!(Store::empty());
intake_suite!(Store::empty());
books_suite!(Store::empty());
ledger_suite!(Store::empty());
organizations_suite!(Store::empty());
credentials_suite!(Store::empty());
webinars_suite!(Store::empty());
chronicle_suite!(Store::empty());
key_shelf_suite!(Store::empty());
endpoints_suite!(Store::empty());
gates_suite!(Store::empty());
tasks_suite!(Store::empty());
tokens_suite!(Store::empty());

struct Plain(PlainKeyWrap);

impl VaultSubject for Plain {
    fn vault(&self) -> &dyn Vault {
        &PlainVault
    }

    fn can(&self, ability: Ability) -> bool {
        ability != Ability::Conceals
    }
}

impl PrivacySubject for Plain {
    fn privacy(&self) -> &dyn Privacy {
        &PlainPrivacy
    }

    fn can(&self, ability: Ability) -> bool {
        ability != Ability::Conceals
    }
}

#[async_trait]
impl KeyWrapSubject for Plain {
    fn key_wrap(&self) -> &dyn KeyWrap {
        &self.0
    }

    async fn rotate(&mut self) {
        self.0.rotate();
    }

    fn can(&self, ability: Ability) -> bool {
        ability != Ability::Conceals
    }
}

vault_suite!(Plain(PlainKeyWrap::default()));
privacy_suite!(Plain(PlainKeyWrap::default()));
key_wrap_suite!(Plain(PlainKeyWrap::default()));
