//! What the tests of this crate stand on. Each test file uses a part of it.
#![expect(dead_code, reason = "every test file uses another part")]
#![expect(unreachable_pub, reason = "shared by several test crates")]

pub mod azure;
pub mod reference;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use uuid::Uuid;
use webinar_bridge_domain::credential::{Purpose, SealedSecret};
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Peer};
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{
    Clock, DataKey, Entropy, KeyShelf, KeyWrap, OpenSecret, SecretBond, StoreError, WrappedKey,
};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};
use webinar_bridge_keyvault::{Installation, Installations};

/// Bytes that differ at every draw, and are the same at every run.
struct Seeded(AtomicU64);

pub fn seeded(seed: u64) -> Arc<dyn Entropy> {
    Arc::new(Seeded(AtomicU64::new(seed << 32)))
}

impl Entropy for Seeded {
    fn fill(&self, into: &mut [u8]) {
        for chunk in into.chunks_mut(8) {
            let mut word = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

/// Gives out the bytes it was given, and no more.
struct Script(Mutex<VecDeque<u8>>);

pub fn scripted(parts: &[&[u8]]) -> Arc<dyn Entropy> {
    Arc::new(Script(Mutex::new(parts.concat().into())))
}

impl Entropy for Script {
    fn fill(&self, into: &mut [u8]) {
        let mut bytes = self.0.lock().unwrap();
        into.fill_with(|| bytes.pop_front().unwrap());
    }
}

/// A clock that stands still until it is turned.
#[derive(Default)]
pub struct Hands(AtomicI64);

impl Hands {
    pub fn turn(&self, by: SignedDuration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A house that knows the keys it was told, and counts who asks it to unwrap.
pub struct Book {
    pub algorithm: u8,
    keys: Vec<(WrappedKey, [u8; 32])>,
    pub unwraps: AtomicU32,
    /// What it says instead of an answer.
    pub fault: Mutex<Option<Fault>>,
}

impl Book {
    pub fn new(algorithm: u8, keys: Vec<(WrappedKey, [u8; 32])>) -> Arc<Self> {
        Arc::new(Self { algorithm, keys, unwraps: AtomicU32::new(0), fault: Mutex::new(None) })
    }

    fn find(
        &self,
        is_it: impl Fn(&(WrappedKey, [u8; 32])) -> bool,
    ) -> Result<&(WrappedKey, [u8; 32]), Fault> {
        if let Some(fault) = self.fault.lock().unwrap().clone() {
            return Err(fault);
        }
        let field = Code::new("test.unknown_key");
        let unknown = Fault::new(FaultKind::Invalid { field: field.clone() }, Peer::Vault, "unwrap", field);
        self.keys.iter().find(|entry| is_it(entry)).ok_or(unknown)
    }
}

#[async_trait]
impl KeyWrap for Book {
    fn algorithm(&self) -> u8 {
        self.algorithm
    }

    async fn wrap(&self, key: &DataKey) -> Result<WrappedKey, Fault> {
        self.find(|(_, known)| known == key.reveal().expose_secret()).map(|(wrapped, _)| wrapped.clone())
    }

    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, Fault> {
        self.unwraps.fetch_add(1, Ordering::SeqCst);
        self.find(|(known, _)| known == wrapped).map(|(_, key)| data_key(*key))
    }
}

/// A house that wraps by turning every bit: good enough where wrapping is not the matter.
#[derive(Default)]
pub struct Turned {
    pub calls: AtomicU32,
    pub fault: Mutex<Option<Fault>>,
}

impl Turned {
    fn turn(&self, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        match self.fault.lock().unwrap().clone() {
            Some(fault) => Err(fault),
            None => Ok(bytes.iter().map(|byte| !byte).collect()),
        }
    }
}

#[async_trait]
impl KeyWrap for Turned {
    fn algorithm(&self) -> u8 {
        2
    }

    async fn wrap(&self, key: &DataKey) -> Result<WrappedKey, Fault> {
        Ok(WrappedKey { key_id: "turned/1".to_owned(), bytes: self.turn(key.reveal().expose_secret())? })
    }

    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, Fault> {
        let key = self.turn(&wrapped.bytes)?;
        Ok(data_key(key.try_into().unwrap()))
    }
}

/// A shelf in memory.
#[derive(Default)]
pub struct Shelf {
    pub kept: Mutex<HashMap<OrganizationId, SealedSecret>>,
    pub error: Mutex<Option<StoreError>>,
}

#[async_trait]
impl KeyShelf for Shelf {
    async fn load(&self, organization: &OrganizationId) -> Result<Option<SealedSecret>, StoreError> {
        if let Some(error) = self.error.lock().unwrap().clone() {
            return Err(error);
        }
        let standing = self.kept.lock().unwrap().get(organization).cloned();
        // Lets another replica read the same before either writes.
        tokio::task::yield_now().await;
        Ok(standing)
    }

    async fn save(
        &self,
        organization: &OrganizationId,
        sealed: &SealedSecret,
    ) -> Result<SealedSecret, StoreError> {
        Ok(self.kept.lock().unwrap().entry(*organization).or_insert_with(|| sealed.clone()).clone())
    }

    async fn destroy(&self, organization: &OrganizationId) -> Result<(), StoreError> {
        self.kept.lock().unwrap().remove(organization);
        Ok(())
    }
}

pub fn data_key(key: [u8; 32]) -> DataKey {
    DataKey::new(SecretBox::new(Box::new(key)))
}

pub fn installation(id: u128, key: u8) -> Installation {
    Installation::new(Some(Uuid::from_u128(id)), SecretBox::new(Box::new([key; 32])))
}

pub fn installations() -> Installations {
    Installations::new(installation(1, 1), Vec::new())
}

pub fn organization(number: u128) -> OrganizationId {
    OrganizationId::from(Uuid::from_u128(number))
}

pub fn bond() -> SecretBond {
    SecretBond {
        organization: organization(1),
        purpose: Purpose::Provider,
        row: Uuid::from_u128(2),
        version: 3,
    }
}

pub fn secret(text: &str) -> OpenSecret {
    OpenSecret::new(SecretString::from(text))
}

pub fn text(secret: &OpenSecret) -> &str {
    secret.reveal().expose_secret()
}

pub fn code(fault: &Fault) -> &str {
    fault.code.as_str()
}

/// The one and the same answer to whatever does not open.
pub fn envelope_invalid() -> Fault {
    let code = Code::new("envelope.invalid");
    Fault::new(FaultKind::Invalid { field: code.clone() }, Peer::Vault, "open", code)
}

pub fn ada() -> Details {
    Details {
        address: Address::new("Ada@Example.com"),
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        company: "Engines & Söhne".to_owned(),
        job_title: "Countess".to_owned(),
        more: BTreeMap::from([("std1".to_owned(), "poetical \"science\"".to_owned())]),
    }
}
