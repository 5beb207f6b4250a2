//! Secrets and personal data, sealed.
//!
//! A secret is kept as an *envelope*: encrypted under a key of its own, which is wrapped by a key that never leaves its
//! house. The house is Azure Key Vault, or a keyring file for installations without one. Personal data are encrypted
//! under the data key of their organization, which is itself such a secret.
//!
//! [`open`] makes all of it; the parts are public for whoever puts them together differently.

pub mod azure;
mod base64url;
mod bond;
mod cache;
mod derive;
mod details;
pub mod envelope;
mod fault;
mod installation;
pub mod keyring;
mod keys;
mod organization;
mod privacy;
mod settings;
mod vault;
mod vigil;

pub use bond::associated_data;
pub use cache::CacheSettings;
pub use installation::{Installation, InstallationKeyError, Installations};
pub use keys::{Keys, KeysError, open, sealed_under};
pub use privacy::SealingPrivacy;
pub use settings::{AzureSettings, SettingsError, VaultSettings};
pub use vault::EnvelopeVault;
