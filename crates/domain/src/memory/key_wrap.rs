use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretBox};

use super::code::{Reader, Writer};
use crate::fault::{Code, Fault, FaultKind, Peer};
use crate::port::{DataKey, KeyWrap, WrappedKey};

const HOUSE: &str = "memory:house/";

/// A house key that wraps nothing: the key stands there in clear. Clones are one house.
#[derive(Clone, Debug, Default)]
pub struct PlainKeyWrap {
    version: Arc<AtomicU32>,
}

impl PlainKeyWrap {
    /// Makes a newer version of the house key.
    pub fn rotate(&self) {
        self.version.fetch_add(1, Ordering::Relaxed);
    }

    fn is_ours(&self, key_id: &str) -> bool {
        let version = key_id.strip_prefix(HOUSE).and_then(|version| version.parse::<u32>().ok());
        version.is_some_and(|version| version <= self.version.load(Ordering::Relaxed))
    }
}

#[async_trait]
impl KeyWrap for PlainKeyWrap {
    fn algorithm(&self) -> u8 {
        u8::MAX
    }

    async fn wrap(&self, key: &DataKey) -> Result<WrappedKey, Fault> {
        let key_id = format!("{HOUSE}{}", self.version.load(Ordering::Relaxed));
        let bytes = Writer::default().put(key.reveal().expose_secret()).close(&[key_id.as_bytes()]);
        Ok(WrappedKey { key_id, bytes })
    }

    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, Fault> {
        let key = || {
            let mut reader = Reader::open(&wrapped.bytes, &[wrapped.key_id.as_bytes()])?;
            <[u8; 32]>::try_from(reader.take()?).ok()
        };
        let key = self.is_ours(&wrapped.key_id).then(key).flatten().ok_or_else(|| {
            let kind = FaultKind::Invalid { field: Code::new("wrapped_key") };
            Fault::new(kind, Peer::Vault, "unwrap", Code::new("vault.wrapped_key_invalid"))
        })?;
        Ok(DataKey::new(SecretBox::new(Box::new(key))))
    }
}
