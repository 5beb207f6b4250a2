//! One tenant with one registered client: what it may ask tokens for, and which it was given.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Uri;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;

use crate::clock::Clock;
use crate::seeded;

/// Why a bearer token is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// It was never issued here.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was issued for another resource.
    WrongAudience,
}

/// The tokens of one tenant. They are opaque to clients, random, and bound to one resource each.
pub(crate) struct Issuer {
    clock: Clock,
    tenant: String,
    client_id: String,
    client_secret: String,
    ledger: Mutex<Ledger>,
}

struct Ledger {
    resources: BTreeSet<String>,
    grants: HashMap<String, Grant>,
    lifetime: SignedDuration,
    generator: StdRng,
}

struct Grant {
    audience: String,
    expires: Timestamp,
}

impl Issuer {
    /// Tenant, client and secret follow from the seed; a token lives 3599 seconds until told otherwise.
    pub(crate) fn new(clock: Clock, seed: u64) -> Arc<Self> {
        let mut names = seeded::generator(seed, "entra/names");
        let ledger = Ledger {
            resources: BTreeSet::new(),
            grants: HashMap::new(),
            lifetime: SignedDuration::from_secs(3599),
            generator: seeded::generator(seed, "entra/tokens"),
        };
        Arc::new(Self {
            clock,
            tenant: seeded::identifier(&mut names),
            client_id: seeded::identifier(&mut names),
            client_secret: seeded::draw_hex(&mut names, 40),
            ledger: Mutex::new(ledger),
        })
    }

    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// From now on tokens are issued for this resource (an origin, with or without a trailing slash). Origins of the
    /// loopback need no admission: behind each of them may stand a proxy that records what goes through it.
    pub(crate) fn admit_resource(&self, resource: &str) {
        self.ledger().resources.insert(canonical(resource));
    }

    /// The lifetime of the tokens that are issued from now on.
    pub(crate) fn set_lifetime(&self, lifetime: SignedDuration) {
        self.ledger().lifetime = lifetime;
    }

    /// A new token for the resource and its lifetime in seconds; `None` when the resource is not known.
    pub(crate) fn issue(&self, resource: &str) -> Option<(String, i64)> {
        let audience = canonical(resource);
        let now = self.clock.now();
        let mut ledger = self.ledger();
        if !ledger.resources.contains(&audience) && !is_loopback(&audience) {
            return None;
        }
        let token = seeded::draw_hex(&mut ledger.generator, 64);
        let lifetime = ledger.lifetime;
        let expires = now.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
        ledger.grants.insert(token.clone(), Grant { audience, expires });
        Some((token, lifetime.as_secs()))
    }

    /// Whether a server of this audience admits the token, given bare or behind the word `Bearer`.
    pub(crate) fn check(&self, bearer: &str, audience: &str) -> Result<(), TokenFault> {
        let token = match bearer.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => bearer,
        };
        let ledger = self.ledger();
        let grant = ledger.grants.get(token).ok_or(TokenFault::Unknown)?;
        if grant.expires <= self.clock.now() {
            return Err(TokenFault::Expired);
        }
        if grant.audience == canonical(audience) { Ok(()) } else { Err(TokenFault::WrongAudience) }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Issuer").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

fn canonical(resource: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    const CRM: &str = "http://127.0.0.1:4711";

    #[test]
    fn a_token_is_admitted_by_its_audience_until_it_expires() {
        let clock = Clock::new();
        let issuer = Issuer::new(clock.clone(), 42);
        issuer.admit_resource("http://127.0.0.1:4711/");
        issuer.admit_resource("https://vault.azure.net");
        let (token, seconds) = issuer.issue(CRM).unwrap();
        assert_eq!(seconds, 3599);
        assert_eq!(issuer.check(&token, CRM), Ok(()));
        assert_eq!(issuer.check(&format!("Bearer {token}"), "http://127.0.0.1:4711/"), Ok(()));
        assert_eq!(issuer.check(&token, "https://vault.azure.net"), Err(TokenFault::WrongAudience));
        assert_eq!(issuer.check("made-up", CRM), Err(TokenFault::Unknown));
        clock.advance(SignedDuration::from_secs(3599));
        assert_eq!(issuer.check(&token, CRM), Err(TokenFault::Expired));
    }

    #[test]
    fn a_shorter_lifetime_holds_for_new_tokens() {
        let clock = Clock::new();
        let issuer = Issuer::new(clock.clone(), 42);
        issuer.admit_resource(CRM);
        let (old, _) = issuer.issue(CRM).unwrap();
        issuer.set_lifetime(SignedDuration::from_secs(30));
        let (new, seconds) = issuer.issue(CRM).unwrap();
        assert_eq!(seconds, 30);
        clock.advance(SignedDuration::from_secs(31));
        assert_eq!(issuer.check(&old, CRM), Ok(()));
        assert_eq!(issuer.check(&new, CRM), Err(TokenFault::Expired));
    }

    #[test]
    fn an_unknown_resource_gets_no_token() {
        let issuer = Issuer::new(Clock::new(), 42);
        for resource in [
            "https://crm.example",
            "http://localhost.example:4711",
            "http://127.0.0.1.example",
            "http://10.0.0.1:4711",
            "http://localhost:4711/path",
            "ftp://localhost",
            "localhost",
            "",
        ] {
            assert!(issuer.issue(resource).is_none(), "{resource}");
        }
    }

    #[test]
    fn every_port_of_the_loopback_is_a_resource_of_its_own() {
        let issuer = Issuer::new(Clock::new(), 42);
        for resource in
            ["http://127.0.0.1:4711", "http://LOCALHOST:80/", "http://[::1]:9000", "https://localhost"]
        {
            let (token, _) = issuer.issue(resource).unwrap();
            assert_eq!(issuer.check(&token, resource), Ok(()), "{resource}");
            assert_eq!(issuer.check(&token, "http://127.0.0.1:4712"), Err(TokenFault::WrongAudience));
        }
    }

    #[test]
    fn its_debug_form_keeps_the_secret() {
        let issuer = Issuer::new(Clock::new(), 42);
        assert!(!format!("{issuer:?}").contains(issuer.client_secret()));
    }
}
