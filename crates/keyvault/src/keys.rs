//! All of it, put together.

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretBox};
use subtle::ConstantTimeEq as _;
use webinar_bridge_domain::credential::SealedSecret;
use webinar_bridge_domain::fault::Fault;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{Clock, DataKey, Entropy, KeyShelf, KeyWrap, Privacy, Vault};
use webinar_bridge_transport::HttpClient;

use crate::azure::KeyVault;
use crate::cache::{Cache, CacheSettings};
use crate::envelope::Envelope;
use crate::fault;
use crate::installation::Installations;
use crate::keyring::{Keyring, KeyringError};
use crate::privacy::SealingPrivacy;
use crate::settings::{AzureSettings, SettingsError, VaultSettings};
use crate::vault::EnvelopeVault;
use crate::vigil::Vigil;

/// The vault and the privacy of an installation.
#[derive(Clone)]
pub struct Keys {
    vault: Arc<EnvelopeVault>,
    privacy: Arc<SealingPrivacy>,
    house: Arc<dyn KeyWrap>,
    entropy: Arc<dyn Entropy>,
    local: bool,
}

/// Opens the house of the keys. Azure is not called yet; a keyring that is missing is made.
pub fn open(
    settings: &VaultSettings,
    shelf: Arc<dyn KeyShelf>,
    client: HttpClient,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Keys, KeysError> {
    let home = match settings {
        VaultSettings::Azure(azure) => Home::azure(azure, client, &clock)?,
        VaultSettings::Keyring { path } => Home::keyring(path, &entropy)?,
    };
    let cache = Arc::new(Cache::new(home.cache, clock));
    let house: Arc<dyn KeyWrap> = Arc::new(Vigil::new(home.house, Arc::clone(&cache)));
    let vault = Arc::new(EnvelopeVault::new(Arc::clone(&house), home.installations, Arc::clone(&entropy)));
    let privacy =
        SealingPrivacy::cached(Arc::clone(&vault) as Arc<dyn Vault>, shelf, Arc::clone(&entropy), cache);
    let local = matches!(settings, VaultSettings::Keyring { .. });
    Ok(Keys { vault, privacy: Arc::new(privacy), house, entropy, local })
}

impl Keys {
    /// Seals credentials.
    pub fn vault(&self) -> Arc<dyn Vault> {
        Arc::clone(&self.vault) as Arc<dyn Vault>
    }

    /// Seals people.
    pub fn privacy(&self) -> Arc<dyn Privacy> {
        Arc::clone(&self.privacy) as Arc<dyn Privacy>
    }

    /// Whether the key lies in a file beside the data, which is worth a warning.
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// Drops an organization's keys from memory: when it is deactivated or removed.
    pub fn forget(&self, organization: OrganizationId) {
        self.privacy.forget(organization);
    }

    /// Wraps and unwraps a key that is used for nothing, and answers the identifier of the newest house key.
    /// Envelopes that name another ([`sealed_under`]) are due for sealing again.
    pub async fn probe(&self) -> Result<String, Fault> {
        let key = SecretBox::init_with_mut(|key: &mut [u8; 32]| self.entropy.fill(key));
        let key = DataKey::new(key);
        let wrapped = self.house.wrap(&key).await?;
        let back = self.house.unwrap(&wrapped).await?;
        let same = key.reveal().expose_secret().ct_eq(back.reveal().expose_secret());
        if bool::from(same) { Ok(wrapped.key_id) } else { Err(fault::unreadable("probe")) }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("local", &self.local).finish_non_exhaustive()
    }
}

/// The identifier of the house key that a secret says it is sealed under; `None` if it is no envelope. It is not
/// checked: good for counting what is left under an old key, and for nothing else.
pub fn sealed_under(sealed: &SealedSecret) -> Option<&str> {
    Envelope::read(sealed.as_bytes()).map(|envelope| envelope.key_id()).ok()
}

/// What differs between the houses.
struct Home {
    house: Arc<dyn KeyWrap>,
    installations: Installations,
    cache: CacheSettings,
}

impl Home {
    fn azure(
        settings: &AzureSettings,
        client: HttpClient,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, KeysError> {
        let house = KeyVault::new(settings, client, Arc::clone(clock))?;
        let installations = settings.installations()?;
        Ok(Self { house: Arc::new(house), installations, cache: settings.cache })
    }

    fn keyring(path: &Path, entropy: &Arc<dyn Entropy>) -> Result<Self, KeysError> {
        let (keyring, installations) = Keyring::open(path, entropy)?;
        Ok(Self { house: Arc::new(keyring), installations, cache: CacheSettings::default() })
    }
}

/// The keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A setting cannot be used.
    #[error("the key vault's settings: {0}")]
    Settings(#[from] SettingsError),
    /// The keyring cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}
