//! One tenant: who may ask for tokens, what they say, and whether one is good.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::seeded;

use super::directory::{Application, Directory, Secret, canonical};
use super::settings::Settings;
use super::token::{self, Caller, Memory, SigningKey};

/// Why a bearer token is not admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// It is no token that was signed here.
    Unknown,
    /// Its time is over.
    Expired,
    /// Its time is still to come.
    NotYet,
    /// It is of another tenant.
    WrongIssuer(String),
    /// It was issued for another resource.
    WrongAudience(String),
}

/// How a client has shown who it is, as tokens tell it (`appidacr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    Secret,
    Assertion,
}

/// A token with its times in Unix seconds.
pub(super) struct Grant {
    pub(super) token: String,
    pub(super) issued: i64,
    pub(super) expires: i64,
}

/// The tokens of one tenant: each is signed, and bound to one resource.
pub(crate) struct Issuer {
    clock: Clock,
    seed: u64,
    tenant: String,
    /// What tokens of the tenant name as their issuer, by the version of the token.
    providers: [String; 2],
    client_id: String,
    client_secret: String,
    /// The application that stands behind the identity endpoints, and the header that opens that of Service Fabric.
    identity: Application,
    identity_header: String,
    /// Of the certificate with which the endpoint is served, if it is.
    thumbprint: OnceLock<String>,
    key: OnceLock<Option<SigningKey>>,
    directory: Mutex<Directory>,
    settings: Mutex<Settings>,
    memory: Mutex<Memory>,
    generator: Mutex<StdRng>,
}

impl Issuer {
    /// Tenant, clients and secrets follow from the seed; a token lives 3599 seconds until told otherwise.
    pub(crate) fn new(clock: Clock, seed: u64) -> Arc<Self> {
        let mut names = seeded::generator(seed, "entra/names");
        let tenant = seeded::identifier(&mut names);
        let client_id = seeded::identifier(&mut names);
        let client_secret = seeded::draw_hex(&mut names, 40);
        let identity = application(seed, seeded::identifier(&mut names));
        let identity_header = seeded::draw_hex(&mut names, 40);
        let mut directory = Directory::default();
        let secret = Secret { secret: client_secret.clone(), expires: None };
        directory.register(Application { secrets: vec![secret], ..application(seed, client_id.clone()) });
        directory.register(identity.clone());
        Arc::new(Self {
            clock,
            seed,
            providers: [provider(&tenant), format!("https://login.microsoftonline.com/{tenant}/v2.0")],
            tenant,
            client_id,
            client_secret,
            identity,
            identity_header,
            thumbprint: OnceLock::new(),
            key: OnceLock::new(),
            directory: Mutex::new(directory),
            settings: Mutex::default(),
            memory: Mutex::default(),
            generator: Mutex::new(seeded::generator(seed, "entra/tokens")),
        })
    }

    /// Makes the key that signs, which takes a good part of a second; whoever needs it earlier makes it.
    pub(crate) fn forge(&self) {
        self.key();
    }

    pub(super) fn key(&self) -> Option<&SigningKey> {
        self.key.get_or_init(|| SigningKey::forge(self.seed)).as_ref()
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

    /// The application whose tokens the identity endpoints give out.
    pub(super) fn identity(&self) -> &Application {
        &self.identity
    }

    pub(super) fn identity_header(&self) -> &str {
        &self.identity_header
    }

    /// Which certificate clients of Service Fabric's endpoint are to expect; it is set once.
    pub(crate) fn set_thumbprint(&self, thumbprint: Option<&str>) {
        thumbprint.map(|thumbprint| self.thumbprint.set(thumbprint.to_owned()));
    }

    pub(super) fn thumbprint(&self) -> Option<&str> {
        self.thumbprint.get().map(String::as_str)
    }

    /// The clients that were there from the start.
    pub(crate) fn seeded_callers(&self) -> [String; 2] {
        [self.client_id.clone(), self.identity.client_id.clone()]
    }

    /// From now on tokens are issued for this resource (an origin, with or without a trailing slash). Origins of the
    /// loopback need no admission.
    pub(crate) fn admit_resource(&self, resource: &str) {
        self.directory().admit_resource(resource);
    }

    /// The lifetime of the tokens that are issued from now on.
    pub(crate) fn set_lifetime(&self, lifetime: SignedDuration) {
        self.settings().token_lifetime_seconds = u32::try_from(lifetime.as_secs().max(0)).unwrap_or(u32::MAX);
    }

    /// A new token of the first client for the resource and its lifetime in seconds; `None` when the resource is not
    /// known.
    #[cfg(test)]
    pub(crate) fn issue(&self, resource: &str) -> Option<(String, i64)> {
        let application = application(self.seed, self.client_id.clone());
        self.grant(&application, resource, Proof::Secret)
            .map(|grant| (grant.token, grant.expires - grant.issued))
    }

    /// A new token of this application; `None` when the resource is not known.
    pub(super) fn grant(&self, to: &Application, resource: &str, proof: Proof) -> Option<Grant> {
        if !self.directory().knows_resource(resource) {
            return None;
        }
        let issued = self.clock.now().as_second();
        let expires = issued.saturating_add(self.settings().token_lifetime_seconds.into());
        let claims = self.claims(to, resource, proof, (issued, expires));
        self.key()?.sign(&claims).map(|token| Grant { token, issued, expires })
    }

    /// What a token of version 1.0 says.
    pub(super) fn claims(
        &self,
        of: &Application,
        resource: &str,
        proof: Proof,
        (issued, expires): (i64, i64),
    ) -> Value {
        let mut generator = self.generator.lock().unwrap_or_else(PoisonError::into_inner);
        let [provider, _] = &self.providers;
        json!({
            "aud": resource,
            "iss": provider,
            "iat": issued,
            "nbf": issued,
            "exp": expires,
            "aio": seeded::draw_hex(&mut generator, 40),
            "appid": of.client_id,
            "appidacr": if proof == Proof::Secret { "1" } else { "2" },
            "idp": provider,
            "idtyp": "app",
            "oid": of.object_id,
            "rh": seeded::draw_hex(&mut generator, 24),
            "sub": of.object_id,
            "tid": self.tenant,
            "uti": seeded::draw_hex(&mut generator, 22),
            "ver": "1.0",
        })
    }

    /// Who bears the token, if a server of this audience admits it.
    pub(crate) fn check(&self, token: &str, audience: &str) -> Result<Arc<Caller>, TokenFault> {
        let caller = self.read(token).ok_or(TokenFault::Unknown)?;
        let now = self.clock.now();
        if caller.tenant != self.tenant || !self.providers.contains(&caller.issuer) {
            return Err(TokenFault::WrongIssuer(caller.issuer.clone()));
        }
        if now.as_second() >= caller.expires {
            return Err(TokenFault::Expired);
        }
        if now.as_second() < caller.not_before {
            return Err(TokenFault::NotYet);
        }
        if canonical(&caller.audience) == canonical(audience) {
            Ok(caller)
        } else {
            Err(TokenFault::WrongAudience(caller.audience.clone()))
        }
    }

    fn read(&self, token: &str) -> Option<Arc<Caller>> {
        if let Some(caller) = self.memory().recall(token) {
            return Some(caller);
        }
        let caller = token::read(token, self.key()?)?;
        self.memory().learn(token, &caller);
        Some(caller)
    }

    /// An application of this id without credentials; its principal follows from the seed.
    pub(super) fn newcomer(&self, client_id: Option<String>) -> Application {
        let drawn = || seeded::identifier(&mut self.generator.lock().unwrap_or_else(PoisonError::into_inner));
        application(self.seed, client_id.unwrap_or_else(drawn))
    }

    /// A secret that nobody can guess.
    pub(super) fn draw_secret(&self) -> String {
        seeded::draw_hex(&mut self.generator.lock().unwrap_or_else(PoisonError::into_inner), 40)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn directory(&self) -> MutexGuard<'_, Directory> {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Issuer").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// Who issues tokens of version 1.0 in this tenant.
pub(super) fn provider(tenant: &str) -> String {
    format!("https://sts.windows.net/{tenant}/")
}

fn application(seed: u64, client_id: String) -> Application {
    let mut generator = seeded::generator(seed, &format!("entra/objects/{}", client_id.to_ascii_lowercase()));
    Application {
        object_id: seeded::identifier(&mut generator),
        client_id,
        secrets: Vec::new(),
        certificates: Vec::new(),
        federations: Vec::new(),
    }
}
