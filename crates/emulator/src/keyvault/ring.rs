//! The key with all its versions, and what the client may do with it.

use std::sync::Arc;

use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::seeded;

use super::key::{Algorithm, KeyVersion};
use super::refusal::Refusal;
use super::request::{Asked, KeyPath};

/// The name of the key.
pub(crate) const NAME: &str = "tenant-kek";

pub(super) struct KeyRing {
    /// The newest is the last.
    versions: Vec<Held>,
    denied: Vec<String>,
    /// How many versions were ordered so far.
    ordered: u64,
    /// Where the padding of what is wrapped comes from.
    generator: StdRng,
}

struct Held {
    key: Arc<KeyVersion>,
    enabled: bool,
}

impl KeyRing {
    /// A ring without a key.
    pub(super) fn new(seed: u64) -> Self {
        let generator = seeded::generator(seed, "keyvault/padding");
        Self { versions: Vec::new(), denied: Vec::new(), ordered: 0, generator }
    }

    /// The number of the next version, which is still to be forged.
    pub(super) fn order(&mut self) -> u64 {
        self.ordered += 1;
        self.ordered
    }

    pub(super) fn add(&mut self, key: KeyVersion) {
        self.versions.push(Held { key: Arc::new(key), enabled: true });
    }

    /// Every version, or the one that is named.
    pub(super) fn set_enabled(&mut self, version: Option<&str>, enabled: bool) {
        for held in &mut self.versions {
            if version.is_none_or(|version| held.key.version == version) {
                held.enabled = enabled;
            }
        }
    }

    /// Replaces what is denied.
    pub(super) fn deny(&mut self, operations: Vec<String>) {
        self.denied = operations;
    }

    /// The version that a call is about, and its identifier below the origin that was called, because
    /// clients compare the two.
    pub(super) fn open(&self, path: &KeyPath, origin: &str) -> Result<(Arc<KeyVersion>, String), Refusal> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if path.name.len() > 127 || !path.name.chars().all(is_name) {
            return Err(Refusal::KeyName);
        }
        if self.denied.iter().any(|denied| denied.eq_ignore_ascii_case(path.asked.operation())) {
            return Err(Refusal::Denied);
        }
        if path.name != NAME {
            return Err(Refusal::KeyNotFound);
        }
        let held = self.pick(path)?;
        if !held.enabled {
            return Err(Refusal::KeyDisabled);
        }
        let kid = format!("{origin}/keys/{NAME}/{}", held.key.version);
        Ok((Arc::clone(&held.key), kid))
    }

    /// Without a version the newest that is enabled; unwrapping always names one.
    fn pick(&self, path: &KeyPath) -> Result<&Held, Refusal> {
        match &path.version {
            Some(version) => {
                self.versions.iter().find(|held| held.key.version == *version).ok_or(Refusal::KeyNotFound)
            }
            None if path.asked == Asked::Unwrap => Err(Refusal::Body),
            None => {
                let mut newest_first = self.versions.iter().rev();
                newest_first.find(|held| held.enabled).ok_or(Refusal::KeyDisabled)
            }
        }
    }

    pub(super) fn encrypt(
        &mut self,
        key: &KeyVersion,
        algorithm: Algorithm,
        value: &[u8],
    ) -> Result<Vec<u8>, Refusal> {
        key.encrypt(&mut self.generator, algorithm, value)
    }

    pub(super) fn show(&self) -> Value {
        let versions: Vec<Value> = self
            .versions
            .iter()
            .map(|held| json!({ "version": held.key.version, "enabled": held.enabled }))
            .collect();
        json!({ "name": NAME, "versions": versions, "denied": self.denied })
    }
}
