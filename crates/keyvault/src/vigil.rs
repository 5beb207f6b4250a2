//! Watches the house of the keys for a no, and has what was unwrapped forgotten at once.

use std::sync::Arc;

use async_trait::async_trait;
use webinar_bridge_domain::fault::Fault;
use webinar_bridge_domain::port::{DataKey, KeyWrap, WrappedKey};

use crate::cache::Cache;
use crate::fault::{FORBIDDEN, KEY_DISABLED, KEY_MISSING};

/// A house of keys whose noes empty a cache: whoever may not unwrap a key any more may not use it any more either.
pub(crate) struct Vigil<T> {
    house: Arc<dyn KeyWrap>,
    cache: Arc<Cache<T>>,
}

impl<T: Send + Sync> Vigil<T> {
    pub(crate) fn new(house: Arc<dyn KeyWrap>, cache: Arc<Cache<T>>) -> Self {
        Self { house, cache }
    }

    fn heed(&self, fault: &Fault, key_id: Option<&str>) {
        match (fault.code.as_str(), key_id) {
            // One version among several; what other versions wrapped is not concerned.
            (KEY_DISABLED, Some(key_id)) => self.cache.purge_key(key_id),
            (KEY_DISABLED | KEY_MISSING | FORBIDDEN, _) => self.cache.purge(),
            _ => return,
        }
        tracing::warn!(event = "vault_denied", code = %fault.code, "the vault denies its key");
    }
}

#[async_trait]
impl<T: Send + Sync> KeyWrap for Vigil<T> {
    fn algorithm(&self) -> u8 {
        self.house.algorithm()
    }

    async fn wrap(&self, key: &DataKey) -> Result<WrappedKey, Fault> {
        self.house.wrap(key).await.inspect_err(|fault| self.heed(fault, None))
    }

    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, Fault> {
        self.house.unwrap(wrapped).await.inspect_err(|fault| self.heed(fault, Some(&wrapped.key_id)))
    }
}
