//! What the vault answers, and how it writes keys.

use std::sync::Arc;

use http::StatusCode;
use rsa::traits::PublicKeyParts;
use serde_json::{Map, Value, json};

use crate::base64url;
use crate::wire::{self, Answer, Call};

use super::key::{Algorithm, KeyVersion, Use};
use super::refusal::Refusal;
use super::ring::{Deleted, NamedKey};
use super::settings::{KidScheme, Settings};

/// Under which addresses the vault speaks of itself: those that were called, because clients compare them.
pub(super) struct Place {
    /// How identifiers begin, and how links do.
    ids: String,
    links: String,
    recovery_level: &'static str,
    recoverable_days: u16,
}

impl Place {
    pub(super) fn of(call: &Call, settings: &Settings) -> Self {
        let links = call.origin().unwrap_or_else(|| wire::origin(call.secure, "localhost"));
        let authority = links.split_once("://").map_or("localhost", |(_, authority)| authority);
        let ids = match settings.kid_scheme {
            KidScheme::Https => format!("https://{authority}"),
            KidScheme::Called => links.clone(),
        };
        Self {
            ids,
            links,
            recovery_level: settings.recovery_level(),
            recoverable_days: settings.recoverable_days.into(),
        }
    }

    /// A key without a version.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}/keys/{name}", self.ids)
    }

    pub(super) fn kid(&self, name: &str, key: &KeyVersion) -> String {
        format!("{}/keys/{name}/{}", self.ids, key.version)
    }

    pub(super) fn deleted(&self, name: &str) -> String {
        format!("{}/deletedkeys/{name}", self.ids)
    }

    /// The page after the one that was called for.
    pub(super) fn next(&self, call: &Call, last: &str) -> String {
        let kept = call.parameters().into_iter().filter(|(name, _)| name != "$skiptoken");
        let mut pairs: Vec<_> = kept.collect();
        pairs.push(("$skiptoken".to_owned(), base64url::encode(last)));
        let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
        format!("{}{}?{query}", self.links, call.path)
    }

    pub(super) fn attributes(&self, key: &KeyVersion) -> Value {
        let own = &key.attributes;
        let mut shown = json!({ "enabled": own.enabled });
        for (name, time) in [("nbf", own.not_before), ("exp", own.expires)] {
            if let Some(time) = time {
                shown[name] = json!(time);
            }
        }
        shown["created"] = json!(own.created);
        shown["updated"] = json!(own.updated);
        shown["recoveryLevel"] = json!(self.recovery_level);
        shown["recoverableDays"] = json!(self.recoverable_days);
        shown
    }

    /// A member of a list.
    pub(super) fn item(&self, kid: &str, key: &KeyVersion) -> Value {
        json!({ "kid": kid, "attributes": self.attributes(key), "tags": key.tags })
    }

    pub(super) fn bundle(&self, name: &str, key: Arc<KeyVersion>) -> Reply {
        let (kid, attributes) = (self.kid(name, &key), self.attributes(&key));
        Reply::Bundle { key, kid, attributes, more: Map::new() }
    }

    pub(super) fn deleted_bundle(&self, deleted: &Deleted) -> Result<Reply, Refusal> {
        let NamedKey { name, .. } = &deleted.key;
        let key = deleted.key.version(None)?;
        let reply = Reply::Bundle {
            key: Arc::clone(key),
            kid: self.kid(name, key),
            attributes: self.attributes(key),
            more: self.deletion(deleted),
        };
        Ok(reply)
    }

    /// A member of the list of deleted keys.
    pub(super) fn deleted_item(&self, deleted: &Deleted) -> Result<Value, Refusal> {
        let mut item = self.item(&self.key(&deleted.key.name), deleted.key.version(None)?);
        if let Some(members) = item.as_object_mut() {
            members.extend(self.deletion(deleted));
        }
        Ok(item)
    }

    fn deletion(&self, deleted: &Deleted) -> Map<String, Value> {
        Map::from_iter([
            ("recoveryId".to_owned(), json!(self.deleted(&deleted.key.name))),
            ("deletedDate".to_owned(), json!(deleted.at)),
            ("scheduledPurgeDate".to_owned(), json!(deleted.purged)),
        ])
    }
}

/// An answer that is still to be written, perhaps with work for a key.
pub(super) enum Reply {
    Done(Value),
    Gone,
    Bundle {
        key: Arc<KeyVersion>,
        kid: String,
        attributes: Value,
        more: Map<String, Value>,
    },
    Used {
        key: Arc<KeyVersion>,
        kid: String,
        usage: Use,
        algorithm: Algorithm,
        value: Vec<u8>,
        chance: [u8; 32],
    },
}

impl Reply {
    /// Whether to write it keeps a processor busy.
    pub(super) fn is_slow(&self) -> bool {
        match self {
            Self::Done(_) | Self::Gone => false,
            Self::Bundle { key, .. } => !key.material.is_ready(),
            Self::Used { .. } => true,
        }
    }

    /// The key that it is about.
    pub(super) fn kid(&self) -> Option<&str> {
        match self {
            Self::Done(_) | Self::Gone => None,
            Self::Bundle { kid, .. } | Self::Used { kid, .. } => Some(kid),
        }
    }

    pub(super) fn write(self) -> Result<Answer, Refusal> {
        let body = match self {
            Self::Done(body) => body,
            Self::Gone => return Ok(Answer::empty(StatusCode::NO_CONTENT)),
            Self::Bundle { key, kid, attributes, more } => bundle(&key, &kid, &attributes, more)?,
            Self::Used { key, kid, usage, algorithm, value, chance } => {
                let value = if usage.is_new() {
                    key.material.encrypt(algorithm, &value, chance)?
                } else {
                    key.material.decrypt(algorithm, &value)?
                };
                json!({ "kid": kid, "value": base64url::encode(value) })
            }
        };
        Ok(Answer::json(StatusCode::OK, &body))
    }
}

/// The public half of a key with what is known of it.
fn bundle(
    key: &KeyVersion,
    kid: &str,
    attributes: &Value,
    more: Map<String, Value>,
) -> Result<Value, Refusal> {
    let public = key.material.private()?.to_public_key();
    let number = |number: &rsa::BigUint| base64url::encode(number.to_bytes_be());
    let mut bundle = json!({
        "key": { "kid": kid, "kty": key.kind.name(), "key_ops": key.uses, "n": number(public.n()),
                 "e": number(public.e()) },
        "attributes": attributes,
        "tags": key.tags,
    });
    if let Some(members) = bundle.as_object_mut() {
        members.extend(more);
    }
    Ok(bundle)
}
