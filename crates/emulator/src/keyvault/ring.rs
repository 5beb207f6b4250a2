//! All keys with all their versions, those included that are deleted and could be recovered.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::seeded;

use super::body::{Changes, Order};
use super::key::{Attributes, KeyVersion, Kind, Material, Use};
use super::policy::Policy;
use super::refusal::Refusal;

/// The key that is always there.
pub(crate) const NAME: &str = "tenant-kek";

/// How many rotations that were missed are made up for at once.
const MOST_AT_ONCE: usize = 1000;

/// What a key is for, unless its owner says it.
const USUAL_USES: [&str; 6] = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"];

pub(super) struct KeyRing {
    seed: u64,
    keys: BTreeMap<String, NamedKey>,
    deleted: BTreeMap<String, Deleted>,
    /// How many versions were made so far, of whatever key.
    ordered: u64,
    /// Nothing happens by itself before.
    alarm: i64,
}

/// The newest version is the last.
pub(super) struct NamedKey {
    pub(super) name: String,
    pub(super) versions: Vec<Arc<KeyVersion>>,
    policy: Option<Policy>,
}

/// Times are Unix seconds.
pub(super) struct Deleted {
    pub(super) key: NamedKey,
    pub(super) at: i64,
    pub(super) purged: i64,
    settled: i64,
}

impl KeyRing {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, keys: BTreeMap::new(), deleted: BTreeMap::new(), ordered: 0, alarm: i64::MAX }
    }

    /// Makes the key that is always there.
    pub(super) fn found(&mut self, now: i64) {
        let uses = Some(vec!["wrapKey".to_owned(), "unwrapKey".to_owned()]);
        let order =
            Order { kind: Kind::Software, bits: 2048, changes: Changes { uses, ..Changes::default() } };
        // Nothing of that name is deleted yet.
        let _ = self.create(NAME, order, now);
    }

    /// A new version, of a new key or of one that there is.
    pub(super) fn create(&mut self, name: &str, order: Order, now: i64) -> Result<Arc<KeyVersion>, Refusal> {
        self.check_free(name, now)?;
        let uses = order.changes.uses.clone().unwrap_or_else(|| USUAL_USES.map(str::to_owned).to_vec());
        let mut version = self.next(order.kind, order.bits, uses, now);
        version.change(order.changes, now);
        let version = Arc::new(version);
        let key = self.keys.entry(name.to_ascii_lowercase()).or_insert_with(|| NamedKey {
            name: name.to_owned(),
            versions: Vec::new(),
            policy: None,
        });
        key.versions.push(Arc::clone(&version));
        self.alarm = i64::MIN;
        Ok(version)
    }

    /// A name is free unless a deleted key has it.
    fn check_free(&self, name: &str, now: i64) -> Result<(), Refusal> {
        match self.deleted.get(&name.to_ascii_lowercase()) {
            None => Ok(()),
            Some(deleted) if deleted.settled > now => Err(Refusal::BeingDeleted(name.to_owned())),
            Some(_) => Err(Refusal::Recoverable(name.to_owned())),
        }
    }

    fn next(&mut self, kind: Kind, bits: usize, uses: Vec<String>, now: i64) -> KeyVersion {
        self.ordered += 1;
        let number = self.ordered;
        KeyVersion {
            version: seeded::hex(self.seed, &format!("keyvault/versions/{number}"), 32),
            kind,
            bits,
            material: Arc::new(Material::new(self.seed, format!("keyvault/keys/{number}"), bits)),
            uses,
            attributes: Attributes {
                enabled: true,
                not_before: None,
                expires: None,
                created: now,
                updated: now,
            },
            tags: Map::new(),
        }
    }

    /// A new version like the newest; the older ones stay usable.
    pub(super) fn rotate(&mut self, name: &str, now: i64) -> Result<Arc<KeyVersion>, Refusal> {
        let key = self.find(name)?;
        let newest = Arc::clone(key.version(None)?);
        let expires = key.policy.as_ref().and_then(|policy| policy.expires(now));
        let mut version = self.next(newest.kind, newest.bits, newest.uses.clone(), now);
        version.attributes.expires = expires;
        version.tags.clone_from(&newest.tags);
        let version = Arc::new(version);
        if let Some(key) = self.keys.get_mut(&name.to_ascii_lowercase()) {
            key.versions.push(Arc::clone(&version));
        }
        self.alarm = i64::MIN;
        Ok(version)
    }

    /// What has happened by itself until now: deleted keys are gone for good, others have new versions.
    pub(super) fn settle(&mut self, now: i64) {
        if now < self.alarm {
            return;
        }
        self.deleted.retain(|_, deleted| deleted.purged > now);
        let names: Vec<String> = self.keys.keys().cloned().collect();
        for name in names {
            for _ in 0..MOST_AT_ONCE {
                let due = self.keys.get(&name).and_then(NamedKey::due).filter(|due| *due <= now);
                if due.is_none_or(|due| self.rotate(&name, due).is_err()) {
                    break;
                }
            }
        }
        let rotations = self.keys.values().filter_map(NamedKey::due);
        self.alarm =
            rotations.chain(self.deleted.values().map(|deleted| deleted.purged)).min().unwrap_or(i64::MAX);
    }

    pub(super) fn find(&self, name: &str) -> Result<&NamedKey, Refusal> {
        self.keys.get(&name.to_ascii_lowercase()).ok_or_else(|| Refusal::KeyNotFound(name.to_owned()))
    }

    fn find_mut(&mut self, name: &str) -> Result<&mut NamedKey, Refusal> {
        self.keys.get_mut(&name.to_ascii_lowercase()).ok_or_else(|| Refusal::KeyNotFound(name.to_owned()))
    }

    /// The keys after this name, in order.
    pub(super) fn after(&self, name: Option<&str>) -> impl Iterator<Item = (&str, &NamedKey)> {
        self.keys.range::<str, _>(beyond(name)).map(|(name, key)| (name.as_str(), key))
    }

    /// The deleted keys after this name, in order.
    pub(super) fn deleted_after(
        &self,
        name: Option<&str>,
        now: i64,
    ) -> impl Iterator<Item = (&str, &Deleted)> {
        let deleted =
            self.deleted.range::<str, _>(beyond(name)).map(|(name, deleted)| (name.as_str(), deleted));
        deleted.filter(move |(_, deleted)| deleted.settled <= now)
    }

    pub(super) fn update(
        &mut self,
        name: &str,
        version: Option<&str>,
        changes: Changes,
        now: i64,
    ) -> Result<Arc<KeyVersion>, Refusal> {
        let key = self.find_mut(name)?;
        let known = key.version(version)?.version.clone();
        let held = key.versions.iter_mut().find(|held| held.version == known);
        let held = held.ok_or_else(|| Refusal::KeyNotFound(name.to_owned()))?;
        Arc::make_mut(held).change(changes, now);
        let held = Arc::clone(held);
        self.alarm = i64::MIN;
        Ok(held)
    }

    /// Every version of the key that is always there, or the one that is named.
    pub(super) fn set_enabled(&mut self, version: Option<&str>, enabled: bool) {
        let Ok(key) = self.find_mut(NAME) else { return };
        for held in &mut key.versions {
            if version.is_none_or(|version| held.version == version) {
                Arc::make_mut(held).attributes.enabled = enabled;
            }
        }
    }

    /// The key can be recovered for that many days, once the deletion has settled.
    pub(super) fn delete(
        &mut self,
        name: &str,
        days: u16,
        settling: u32,
        now: i64,
    ) -> Result<&Deleted, Refusal> {
        let id = name.to_ascii_lowercase();
        let key = self.keys.remove(&id).ok_or_else(|| Refusal::KeyNotFound(name.to_owned()))?;
        self.alarm = i64::MIN;
        let purged = now + i64::from(days) * 24 * 3600;
        let deleted = Deleted { key, at: now, purged, settled: now + i64::from(settling) };
        Ok(self.deleted.entry(id).insert_entry(deleted).into_mut())
    }

    pub(super) fn deleted(&self, name: &str, now: i64) -> Result<&Deleted, Refusal> {
        let deleted = self.deleted.get(&name.to_ascii_lowercase());
        deleted.filter(|deleted| deleted.settled <= now).ok_or_else(|| Refusal::KeyNotFound(name.to_owned()))
    }

    /// The newest version of a key that is back with all its versions.
    pub(super) fn recover(&mut self, name: &str, now: i64) -> Result<Arc<KeyVersion>, Refusal> {
        self.check_settled(name, now)?;
        let id = name.to_ascii_lowercase();
        let deleted = self.deleted.remove(&id).ok_or_else(|| Refusal::KeyNotFound(name.to_owned()))?;
        self.alarm = i64::MIN;
        self.keys.insert(id, deleted.key);
        self.find(name)?.version(None).cloned()
    }

    /// Forgets a deleted key for good.
    pub(super) fn purge(&mut self, name: &str, now: i64) -> Result<(), Refusal> {
        self.check_settled(name, now)?;
        let purged = self.deleted.remove(&name.to_ascii_lowercase());
        purged.map(|_| ()).ok_or_else(|| Refusal::KeyNotFound(name.to_owned()))
    }

    fn check_settled(&self, name: &str, now: i64) -> Result<(), Refusal> {
        let deleted = self.deleted.get(&name.to_ascii_lowercase());
        match deleted {
            Some(deleted) if deleted.settled > now => Err(Refusal::BeingDeleted(name.to_owned())),
            _ => Ok(()),
        }
    }

    pub(super) fn policy(&self, name: &str) -> Result<Policy, Refusal> {
        let key = self.find(name)?;
        let born = key.versions.first().map(|version| version.attributes.created).unwrap_or_default();
        Ok(key.policy.clone().unwrap_or_else(|| Policy::usual(born)))
    }

    pub(super) fn set_policy(&mut self, name: &str, policy: Policy) -> Result<(), Refusal> {
        self.find_mut(name)?.policy = Some(policy);
        self.alarm = i64::MIN;
        Ok(())
    }

    /// The key that is always there, for the control endpoint.
    pub(super) fn show(&self) -> Value {
        let versions = self.find(NAME).map(|key| key.versions.as_slice()).unwrap_or_default();
        let versions: Vec<Value> = versions
            .iter()
            .map(|held| json!({ "version": held.version, "enabled": held.attributes.enabled }))
            .collect();
        json!({ "name": NAME, "versions": versions })
    }
}

fn beyond(name: Option<&str>) -> (Bound<&str>, Bound<&str>) {
    (name.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}

impl NamedKey {
    /// The version of that name, or the newest.
    pub(super) fn version(&self, version: Option<&str>) -> Result<&Arc<KeyVersion>, Refusal> {
        let found = match version {
            Some(version) => self.versions.iter().find(|held| held.version == version),
            None => self.versions.last(),
        };
        found.ok_or_else(|| Refusal::KeyNotFound(format!("{}/{}", self.name, version.unwrap_or_default())))
    }

    /// The version that is used: without a name the newest that is enabled. What makes something old readable always
    /// names one.
    pub(super) fn used(
        &self,
        version: Option<&str>,
        usage: Use,
        now: i64,
    ) -> Result<&Arc<KeyVersion>, Refusal> {
        let held = match version {
            Some(_) => self.version(version)?,
            None if usage.is_new() => {
                let mut newest_first = self.versions.iter().rev();
                newest_first.find(|held| held.attributes.enabled).ok_or(Refusal::KeyDisabled(usage.name()))?
            }
            None => return Err(Refusal::Parameter("The path must name the version of the key.")),
        };
        held.check(usage, now)?;
        Ok(held)
    }

    fn due(&self) -> Option<i64> {
        let newest = self.versions.last()?;
        self.policy.as_ref()?.due(newest.attributes.created, newest.attributes.expires)
    }
}

impl KeyVersion {
    fn change(&mut self, changes: Changes, now: i64) {
        let attributes = &mut self.attributes;
        attributes.enabled = changes.enabled.unwrap_or(attributes.enabled);
        attributes.not_before = changes.not_before.or(attributes.not_before);
        attributes.expires = changes.expires.or(attributes.expires);
        attributes.updated = now;
        if let Some(uses) = changes.uses {
            self.uses = uses;
        }
        if let Some(tags) = changes.tags {
            self.tags = tags;
        }
    }
}
