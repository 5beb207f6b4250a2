//! Settings: which house the keys live in.

use std::path::PathBuf;

use secrecy::SecretString;
use url::{Host, Url};
use uuid::Uuid;

use crate::cache::CacheSettings;
use crate::installation::{Installation, InstallationKeyError, Installations};

/// Where the key lives that never leaves its house.
#[derive(Clone, Debug)]
pub enum VaultSettings {
    /// In Azure Key Vault.
    Azure(Box<AzureSettings>),
    /// In a file of this installation.
    Keyring {
        /// The file. It is made at the first start, readable by its owner alone.
        path: PathBuf,
    },
}

/// An Azure Key Vault, and the client that may use it.
#[derive(Clone, Debug)]
pub struct AzureSettings {
    /// The vault, such as `https://contoso.vault.azure.net`.
    pub base_url: Url,
    /// The key's name in the vault.
    pub key_name: String,
    /// Who gives out tokens, such as `https://login.microsoftonline.com`.
    pub authority: Url,
    /// The directory that the client belongs to.
    pub tenant_id: String,
    /// The client.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: SecretString,
    /// Which installation this is; `None`: it follows from the installation key.
    pub installation: Option<Uuid>,
    /// The installation's authentication key: 32 random bytes in base64url, the same for all replicas.
    pub installation_key: SecretString,
    /// Installation keys that are being replaced: what they vouch for still opens.
    pub retired_installation_keys: Vec<SecretString>,
    /// Whether a loopback address may be spoken to without TLS.
    pub allow_insecure_loopback: bool,
    /// The version of the vault's interface.
    pub api_version: String,
    /// How long data keys are kept in memory.
    pub cache: CacheSettings,
}

impl VaultSettings {
    /// Whether the settings can be used, as far as they themselves tell; no key and no file is looked at.
    pub fn check(&self) -> Result<(), SettingsError> {
        match self {
            Self::Azure(azure) => azure.check().and_then(|()| azure.installations().map(drop)),
            Self::Keyring { .. } => Ok(()),
        }
    }
}

impl AzureSettings {
    /// The version of the vault's interface, if nothing else is said.
    pub const API_VERSION: &str = "2025-07-01";

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        self.check_url("base_url", &self.base_url)?;
        self.check_url("authority", &self.authority)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !(1..=127).contains(&self.key_name.len()) || !self.key_name.chars().all(is_name) {
            return Err(SettingsError::KeyName);
        }
        let named = [
            ("tenant_id", &self.tenant_id),
            ("client_id", &self.client_id),
            ("api_version", &self.api_version),
        ];
        match named.iter().find(|(_, value)| value.trim().is_empty()) {
            Some((setting, _)) => Err(SettingsError::Empty { setting }),
            None => Ok(()),
        }
    }

    fn check_url(&self, setting: &'static str, url: &Url) -> Result<(), SettingsError> {
        let secure = url.scheme() == "https"
            || (url.scheme() == "http" && self.allow_insecure_loopback && is_loopback(url));
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.path() == "/";
        match (secure, bare) {
            (true, true) => Ok(()),
            (false, _) => Err(SettingsError::Insecure { setting }),
            (_, false) => Err(SettingsError::NotBare { setting }),
        }
    }

    pub(crate) fn installations(&self) -> Result<Installations, SettingsError> {
        let parse = |key| Installation::parse(self.installation, key);
        let current = parse(&self.installation_key)?;
        let retires = self.retired_installation_keys.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Installations::new(current, retires))
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A setting that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Secrets would travel in clear.
    #[error(
        "{setting} must begin with https://; plain http is only for loopback addresses, and only where allow_insecure_loopback is set"
    )]
    Insecure {
        /// Which setting.
        setting: &'static str,
    },
    /// More than an origin.
    #[error("{setting} must be scheme and host alone, such as https://contoso.vault.azure.net")]
    NotBare {
        /// Which setting.
        setting: &'static str,
    },
    /// No key is called that.
    #[error("key_name must be 1 to 127 letters, digits and hyphens")]
    KeyName,
    /// Nothing was set.
    #[error("{setting} must not be empty")]
    Empty {
        /// Which setting.
        setting: &'static str,
    },
    /// Not a key.
    #[error(transparent)]
    InstallationKey(#[from] InstallationKeyError),
}
