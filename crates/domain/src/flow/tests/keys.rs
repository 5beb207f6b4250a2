//! A vault and a privacy that can be switched off.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use uuid::Uuid;

use crate::credential::SealedSecret;
use crate::fault::{Code, Fault, FaultKind, Peer};
use crate::memory::{PlainPrivacy, PlainVault};
use crate::person::{Details, EmailKey, SealedPerson};
use crate::port::{ConcealOrder, KeysOrder, OpenSecret, Privacy, RevealOrder, SecretBond, Vault};

/// A vault with a switch, which counts what it opens.
#[derive(Default)]
pub(super) struct Secrets {
    pub(super) trouble: Mutex<Option<Fault>>,
    pub(super) opened: AtomicU32,
}

impl Secrets {
    pub(super) fn breaks(&self, kind: FaultKind) {
        *self.trouble.lock().unwrap() = Some(vault(kind));
    }

    pub(super) fn works(&self) {
        *self.trouble.lock().unwrap() = None;
    }

    pub(super) fn opened(&self) -> u32 {
        self.opened.load(Ordering::Relaxed)
    }

    fn check(&self) -> Result<(), Fault> {
        self.trouble.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

pub(super) fn vault(kind: FaultKind) -> Fault {
    Fault::new(kind, Peer::Vault, "open", Code::new("vault.test"))
}

#[async_trait]
impl Vault for Secrets {
    async fn seal(&self, bond: &SecretBond, plain: &OpenSecret) -> Result<SealedSecret, Fault> {
        self.check()?;
        PlainVault.seal(bond, plain).await
    }

    async fn open(&self, bond: &SecretBond, sealed: &SealedSecret) -> Result<OpenSecret, Fault> {
        self.check()?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        PlainVault.open(bond, sealed).await
    }
}

/// A privacy with a switch; the details of some rows do not open.
#[derive(Default)]
pub(super) struct Seals {
    pub(super) trouble: Mutex<Option<Fault>>,
    pub(super) spoilt: Mutex<BTreeSet<Uuid>>,
    /// How many people were sealed, by order.
    pub(super) concealed: Mutex<Vec<usize>>,
}

impl Seals {
    pub(super) fn breaks(&self, fault: Fault) {
        *self.trouble.lock().unwrap() = Some(fault);
    }

    pub(super) fn works(&self) {
        *self.trouble.lock().unwrap() = None;
    }

    fn check(&self) -> Result<(), Fault> {
        self.trouble.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Privacy for Seals {
    async fn conceal(&self, people: &ConcealOrder) -> Result<Vec<SealedPerson>, Fault> {
        self.check()?;
        self.concealed.lock().unwrap().push(people.people.len());
        PlainPrivacy.conceal(people).await
    }

    async fn reveal(&self, sealed: &RevealOrder) -> Result<Vec<Details>, Fault> {
        self.check()?;
        let spoilt = self.spoilt.lock().unwrap().clone();
        if sealed.sealed.iter().any(|(row, _)| spoilt.contains(row)) {
            return Err(vault(FaultKind::Invalid { field: Code::new("details") }));
        }
        PlainPrivacy.reveal(sealed).await
    }

    async fn keys(&self, addresses: &KeysOrder) -> Result<Vec<Option<EmailKey>>, Fault> {
        self.check()?;
        PlainPrivacy.keys(addresses).await
    }
}
