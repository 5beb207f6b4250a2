//! The door between details in clear and sealed ones.

use core::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use ring::error::Unspecified;
use webinar_bridge_domain::fault::Fault;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::person::{Details, EmailKey, SealedPerson};
use webinar_bridge_domain::port::{
    Clock, ConcealOrder, Entropy, KeyShelf, KeysOrder, Privacy, RevealOrder, Vault,
};

use crate::cache::{Cache, CacheSettings};
use crate::details::{DetailsCipher, digest, email_key};
use crate::fault;
use crate::organization::{KeySet, Missing, OrganizationKeys};

/// Seals people under the data key of their organization. Without a call, once that key is unwrapped.
pub struct SealingPrivacy {
    keys: OrganizationKeys,
    entropy: Arc<dyn Entropy>,
}

impl SealingPrivacy {
    /// A privacy whose data keys stand on `shelf`, sealed by `vault`.
    pub fn new(
        vault: Arc<dyn Vault>,
        shelf: Arc<dyn KeyShelf>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        cache: CacheSettings,
    ) -> Self {
        Self::cached(vault, shelf, entropy, Arc::new(Cache::new(cache, clock)))
    }

    pub(crate) fn cached(
        vault: Arc<dyn Vault>,
        shelf: Arc<dyn KeyShelf>,
        entropy: Arc<dyn Entropy>,
        cache: Arc<Cache<KeySet>>,
    ) -> Self {
        let keys = OrganizationKeys::new(vault, shelf, Arc::clone(&entropy), cache);
        Self { keys, entropy }
    }

    /// Drops the organization's keys from memory.
    pub fn forget(&self, organization: OrganizationId) {
        self.keys.forget(organization);
    }

    fn conceal_all(&self, order: &ConcealOrder, keys: &KeySet) -> Result<Vec<SealedPerson>, Fault> {
        let cipher = cipher(order.organization, keys, "conceal")?;
        let seal = |(row, person): &(_, Details)| {
            let key = email_key(keys, &person.address).ok_or_else(fault::no_address)?;
            let details = cipher.seal(*row, person, &*self.entropy);
            let details = details.map_err(|Unspecified| fault::cipher("conceal"))?;
            Ok(SealedPerson { key, digest: digest(keys, person), details })
        };
        order.people.iter().map(seal).collect()
    }
}

#[async_trait]
impl Privacy for SealingPrivacy {
    async fn conceal(&self, people: &ConcealOrder) -> Result<Vec<SealedPerson>, Fault> {
        if people.people.is_empty() {
            return Ok(Vec::new());
        }
        let keys = self.keys.of(people.organization, Missing::Made).await?;
        self.conceal_all(people, &keys)
    }

    async fn reveal(&self, sealed: &RevealOrder) -> Result<Vec<Details>, Fault> {
        if sealed.sealed.is_empty() {
            return Ok(Vec::new());
        }
        let keys = self.keys.of(sealed.organization, Missing::Refused).await?;
        let cipher = cipher(sealed.organization, &keys, "reveal")?;
        let opened = sealed.sealed.iter().map(|(row, details)| cipher.open(*row, details));
        opened.collect::<Option<_>>().ok_or_else(fault::details)
    }

    async fn keys(&self, addresses: &KeysOrder) -> Result<Vec<Option<EmailKey>>, Fault> {
        if addresses.addresses.is_empty() {
            return Ok(Vec::new());
        }
        let keys = self.keys.of(addresses.organization, Missing::Made).await?;
        Ok(addresses.addresses.iter().map(|address| email_key(&keys, address)).collect())
    }
}

impl fmt::Debug for SealingPrivacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingPrivacy").finish_non_exhaustive()
    }
}

fn cipher(
    organization: OrganizationId,
    keys: &KeySet,
    operation: &'static str,
) -> Result<DetailsCipher, Fault> {
    DetailsCipher::new(organization, keys).map_err(|Unspecified| fault::cipher(operation))
}
