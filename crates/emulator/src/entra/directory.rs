//! Who is known in the tenant: applications with their credentials, and foreign issuers that vouch for some of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use http::Uri;
use jiff::Timestamp;
use rsa::{BigUint, RsaPublicKey};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::base64url;

use super::certificate::Certificate;

/// How many applications, issuers and spent assertions are kept at most.
const MOST: usize = 10_000;

/// What a client may present as its secret.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secret {
    pub(super) secret: String,
    #[serde(default, deserialize_with = "time")]
    pub(super) expires: Option<Timestamp>,
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

/// Tokens of this issuer about this subject are as good as a secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Federation {
    pub(super) issuer: String,
    pub(super) subject: String,
    #[serde(default = "usual_audience")]
    pub(super) audience: String,
}

fn usual_audience() -> String {
    "api://AzureADTokenExchange".to_owned()
}

/// An application of the tenant with its service principal.
#[derive(Clone)]
pub(super) struct Application {
    pub(super) client_id: String,
    pub(super) object_id: String,
    pub(super) secrets: Vec<Secret>,
    pub(super) certificates: Vec<Certificate>,
    pub(super) federations: Vec<Federation>,
}

/// A public key as a foreign issuer's document shows it.
#[derive(Deserialize)]
pub(super) struct ForeignKey {
    #[serde(default)]
    kid: String,
    n: String,
    e: String,
}

#[derive(Default)]
pub(super) struct Directory {
    applications: BTreeMap<String, Application>,
    issuers: BTreeMap<String, Vec<(String, RsaPublicKey)>>,
    resources: BTreeSet<String>,
    /// Ids of assertions that were taken, with the times until which they could come again.
    spent: BTreeMap<String, i64>,
}

impl Directory {
    /// Replaces an application of the same client id; false when there are too many.
    pub(super) fn register(&mut self, application: Application) -> bool {
        let name = application.client_id.to_ascii_lowercase();
        let room = self.applications.len() < MOST || self.applications.contains_key(&name);
        if room {
            self.applications.insert(name, application);
        }
        room
    }

    pub(super) fn application(&self, client_id: &str) -> Option<&Application> {
        self.applications.get(&client_id.to_ascii_lowercase())
    }

    pub(super) fn applications(&self) -> impl Iterator<Item = &Application> {
        self.applications.values()
    }

    /// Forgets an application; false when there was none.
    pub(super) fn remove(&mut self, client_id: &str) -> bool {
        self.applications.remove(&client_id.to_ascii_lowercase()).is_some()
    }

    /// Knows the issuer by these keys; false when one of them is no RSA key, or there are too many issuers.
    pub(super) fn trust(&mut self, issuer: &str, keys: &[ForeignKey]) -> bool {
        let keys: Option<Vec<_>> = keys.iter().map(ForeignKey::public).collect();
        let Some(keys) = keys.filter(|_| self.issuers.len() < MOST) else { return false };
        self.issuers.insert(issuer.to_owned(), keys);
        true
    }

    /// The issuers by name, with the names of their keys.
    pub(super) fn issuers(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.issuers
            .iter()
            .map(|(issuer, keys)| (issuer.as_str(), keys.iter().map(|(name, _)| name.as_str()).collect()))
    }

    /// The keys of an issuer that may have signed a token which names this key, or none.
    pub(super) fn keys(&self, issuer: &str, kid: Option<&str>) -> impl Iterator<Item = &RsaPublicKey> {
        let keys = self.issuers.get(issuer).into_iter().flatten();
        keys.filter(move |(name, _)| kid.is_none_or(|kid| kid == name)).map(|(_, key)| key)
    }

    /// Remembers that an assertion was taken; false when it was before.
    pub(super) fn spend(&mut self, id: &str, expires: i64, now: i64) -> bool {
        self.spent.retain(|_, expires| *expires > now);
        if self.spent.contains_key(id) || self.spent.len() >= MOST {
            return false;
        }
        self.spent.insert(id.to_owned(), expires);
        true
    }

    pub(super) fn admit_resource(&mut self, resource: &str) {
        self.resources.insert(canonical(resource));
    }

    /// Whether tokens are issued for a resource. Origins of the loopback need no admission: behind each of them may
    /// stand a proxy that records what goes through it.
    pub(super) fn knows_resource(&self, resource: &str) -> bool {
        let resource = canonical(resource);
        self.resources.contains(&resource) || is_loopback(&resource)
    }
}

impl ForeignKey {
    fn public(&self) -> Option<(String, RsaPublicKey)> {
        let number = |text: &str| base64url::decode(text).map(|bytes| BigUint::from_bytes_be(&bytes));
        let key = RsaPublicKey::new(number(&self.n)?, number(&self.e)?).ok()?;
        Some((self.kid.clone(), key))
    }
}

/// A resource by its only name: in lower case, without a slash at its end.
pub(super) fn canonical(resource: &str) -> String {
    resource.trim_end_matches('/').to_ascii_lowercase()
}

/// Whether the resource is an origin of this machine alone, at whatever port.
fn is_loopback(resource: &str) -> bool {
    let Ok(uri) = resource.parse::<Uri>() else { return false };
    let web =
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.path() == "/" && uri.query().is_none();
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    web && (host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback()))
}
