//! What every vault, privacy and house of keys promises, over the emulated Azure and over the keyring.
#![expect(clippy::unwrap_used, reason = "a test that cannot arrange its world has failed")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use support::azure::{client, settings};
use support::{Hands, Shelf, seeded};
use tempfile::TempDir;
use webinar_bridge_contract::subject::{KeyWrapSubject, PrivacySubject, VaultSubject};
use webinar_bridge_contract::{key_wrap_suite, privacy_suite, vault_suite};
use webinar_bridge_domain::port::{KeyWrap, Privacy, Vault};
use webinar_bridge_emulator::{Clock, Emulators, Options};
use webinar_bridge_keyvault::azure::KeyVault;
use webinar_bridge_keyvault::keyring::Keyring;
use webinar_bridge_keyvault::{AzureSettings, VaultSettings};
use webinar_bridge_transport::Url;

/// A vault, a privacy and a house of keys, with what they live in.
struct Subject {
    vault: Arc<dyn Vault>,
    privacy: Arc<dyn Privacy>,
    house: Box<dyn KeyWrap>,
    home: Home,
}

enum Home {
    Azure(Box<Emulators>),
    Keyring { path: PathBuf, _folder: TempDir },
}

impl Subject {
    /// Over the emulated Key Vault and the emulated directory.
    async fn azure() -> Self {
        let emulators = Emulators::start(Options::default(), Clock::new()).await.unwrap();
        let settings = azure_settings(&emulators);
        let house = KeyVault::new(&settings, client(), Arc::new(Hands::default())).unwrap();
        let settings = VaultSettings::Azure(Box::new(settings));
        Self::of(&settings, Box::new(house), Home::Azure(Box::new(emulators)))
    }

    /// Over a keyring in a folder of its own.
    fn keyring() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring.json");
        let (house, _) = Keyring::open(&path, &seeded(3)).unwrap();
        let settings = VaultSettings::Keyring { path: path.clone() };
        Self::of(&settings, Box::new(house), Home::Keyring { path, _folder: folder })
    }

    fn of(settings: &VaultSettings, house: Box<dyn KeyWrap>, home: Home) -> Self {
        let (shelf, clock) = (Arc::new(Shelf::default()), Arc::new(Hands::default()));
        let keys = webinar_bridge_keyvault::open(settings, shelf, client(), clock, seeded(1)).unwrap();
        Self { vault: keys.vault(), privacy: keys.privacy(), house, home }
    }
}

fn azure_settings(emulators: &Emulators) -> AzureSettings {
    let ready = emulators.ready();
    AzureSettings {
        key_name: ready.key_vault.key_name.clone(),
        authority: Url::parse(&ready.dataverse.authority).unwrap(),
        tenant_id: ready.dataverse.tenant_id.clone(),
        client_id: ready.dataverse.client_id.clone(),
        client_secret: SecretString::from(ready.dataverse.client_secret.as_str()),
        ..settings(&ready.key_vault.base_url)
    }
}

impl VaultSubject for Subject {
    fn vault(&self) -> &dyn Vault {
        &*self.vault
    }
}

impl PrivacySubject for Subject {
    fn privacy(&self) -> &dyn Privacy {
        &*self.privacy
    }
}

#[async_trait]
impl KeyWrapSubject for Subject {
    fn key_wrap(&self) -> &dyn KeyWrap {
        &*self.house
    }

    async fn rotate(&mut self) {
        match &self.home {
            Home::Azure(emulators) => emulators.rotate_key().await.unwrap(),
            Home::Keyring { path, .. } => {
                Keyring::rotate(path, &*seeded(4)).unwrap();
                self.house = Box::new(Keyring::open(path, &seeded(5)).unwrap().0);
            }
        }
    }
}

mod azure {
    use super::*;

    vault_suite!(Subject::azure().await);
    privacy_suite!(Subject::azure().await);
    key_wrap_suite!(Subject::azure().await);
}

mod keyring {
    use super::*;

    vault_suite!(Subject::keyring());
    privacy_suite!(Subject::keyring());
    key_wrap_suite!(Subject::keyring());
}
