//! The keys of an organization: one data key on the shelf, three keys made of it.

use std::sync::Arc;

use ring::error::Unspecified;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use webinar_bridge_domain::credential::{Purpose, SealedSecret};
use webinar_bridge_domain::fault::Fault;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{Entropy, KeyShelf, OpenSecret, SecretBond, Vault};

use crate::cache::{Cache, Loaded};
use crate::derive::{Derived, Root};
use crate::envelope::Envelope;
use crate::{base64url, fault};

/// What an organization's data key is used for, each with a key of its own.
pub(crate) struct KeySet {
    pub(crate) details: Derived,
    pub(crate) address: Derived,
    pub(crate) digest: Derived,
}

impl KeySet {
    fn derive(organization: OrganizationId, data_key: &[u8; 32]) -> Result<Self, Unspecified> {
        let root = Root::new(organization.uuid().as_bytes(), data_key);
        Ok(Self {
            details: root.derive(&[b"wb/org1/details"])?,
            address: root.derive(&[b"wb/org1/address"])?,
            digest: root.derive(&[b"wb/org1/digest"])?,
        })
    }
}

/// Whether an organization without a data key is given one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Made,
    Refused,
}

/// Fetches the data keys of organizations: from memory, or from the shelf through the vault.
pub(crate) struct OrganizationKeys {
    vault: Arc<dyn Vault>,
    shelf: Arc<dyn KeyShelf>,
    entropy: Arc<dyn Entropy>,
    cache: Arc<Cache<KeySet>>,
}

impl OrganizationKeys {
    pub(crate) fn new(
        vault: Arc<dyn Vault>,
        shelf: Arc<dyn KeyShelf>,
        entropy: Arc<dyn Entropy>,
        cache: Arc<Cache<KeySet>>,
    ) -> Self {
        Self { vault, shelf, entropy, cache }
    }

    pub(crate) async fn of(
        &self,
        organization: OrganizationId,
        missing: Missing,
    ) -> Result<Arc<KeySet>, Fault> {
        self.cache.get(organization, self.load(organization, missing)).await
    }

    pub(crate) fn forget(&self, organization: OrganizationId) {
        self.cache.forget(organization);
    }

    async fn load(&self, organization: OrganizationId, missing: Missing) -> Result<Loaded<KeySet>, Fault> {
        let standing = self.shelf.load(&organization).await.map_err(|error| fault::shelf(&error))?;
        let sealed = match (standing, missing) {
            (Some(sealed), _) => sealed,
            (None, Missing::Made) => self.make(organization).await?,
            (None, Missing::Refused) => return Err(fault::details()),
        };
        let opened = self.vault.open(&bond(organization), &sealed).await?;
        let data_key = base64url::decode_key(opened.reveal().expose_secret()).ok_or_else(fault::envelope)?;
        let value = KeySet::derive(organization, data_key.expose_secret())
            .map_err(|Unspecified| fault::cipher("data_key"))?;
        let key_id =
            Envelope::read(sealed.as_bytes()).map_or_else(|_| String::new(), |e| e.key_id().to_owned());
        Ok(Loaded { value, key_id })
    }

    /// Puts a new data key on the shelf, and answers what stands there: another replica may have been faster.
    async fn make(&self, organization: OrganizationId) -> Result<SealedSecret, Fault> {
        let data_key = SecretBox::init_with_mut(|key: &mut [u8; 32]| self.entropy.fill(key));
        let text = base64url::encode(data_key.expose_secret());
        let secret = OpenSecret::new(SecretString::from(text.as_str()));
        let sealed = self.vault.seal(&bond(organization), &secret).await?;
        self.shelf.save(&organization, &sealed).await.map_err(|error| fault::shelf(&error))
    }
}

/// An organization has one data key, so it is a row of its own, and its first version.
fn bond(organization: OrganizationId) -> SecretBond {
    SecretBond { organization, purpose: Purpose::DataKey, row: organization.uuid(), version: 1 }
}
