//! Who may come in: whoever holds a bootstrap token, until people sign in with roles.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};
use webinar_bridge_domain::port::{Clock, Entropy, StoreError, TokenDigest, TokenShelf};
use webinar_bridge_domain::time::{SignedDuration, later};

use crate::problem::Problem;

/// The cookie that the console's sign-in sets.
pub(crate) const COOKIE_NAME: &str = "wb";

/// A bootstrap token: 256 random bits. Only its digest is ever stored.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// Makes one.
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(SecretString::from(format!("wb_{hex}")))
    }

    /// Takes one that was configured. `None`: it is too short to be a secret.
    pub fn configured(token: SecretString) -> Option<Self> {
        (token.expose_secret().len() >= 32).then_some(Self(token))
    }

    /// The token in clear, for whoever it is made for.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is stored of it.
    pub fn digest(&self) -> TokenDigest {
        digest_of(self.0.expose_secret())
    }
}

fn digest_of(token: &str) -> TokenDigest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    TokenDigest(bytes)
}

/// Lets in whoever holds a token that was admitted and is not too old.
#[derive(Clone)]
pub struct TokenGate {
    shelf: Arc<dyn TokenShelf>,
    clock: Arc<dyn Clock>,
    lifetime: Option<SignedDuration>,
}

impl TokenGate {
    /// A gate over a shelf of digests; without a lifetime, tokens live as long as the store.
    pub fn new(shelf: Arc<dyn TokenShelf>, clock: Arc<dyn Clock>, lifetime: Option<SignedDuration>) -> Self {
        Self { shelf, clock, lifetime }
    }

    /// Admits a token. Its life counts from the first time, whatever restarts come.
    pub async fn admit(&self, token: &Token) -> Result<(), StoreError> {
        self.shelf.admit(&token.digest(), self.clock.now()).await.map(drop)
    }

    /// Whether a token is good.
    pub(crate) async fn lets_in(&self, token: &str) -> Result<bool, StoreError> {
        let Some(admitted) = self.shelf.admitted(&digest_of(token)).await? else { return Ok(false) };
        Ok(self.lifetime.is_none_or(|life| self.clock.now() < later(admitted, life)))
    }
}

/// Proof that the caller of an API route holds a good token, in the `Authorization` header.
pub(crate) struct Caller;

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    TokenGate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let gate = TokenGate::from_ref(state);
        let Some(token) = bearer(parts) else { return Err(Problem::unauthorised()) };
        if gate.lets_in(token).await? { Ok(Self) } else { Err(Problem::unauthorised()) }
    }
}

/// Whether the caller of a page holds a good token, in the header or in the cookie of the sign-in.
pub(crate) struct Visitor {
    pub(crate) known: bool,
}

impl<S> FromRequestParts<S> for Visitor
where
    S: Send + Sync,
    TokenGate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let gate = TokenGate::from_ref(state);
        let Some(token) = bearer(parts).or_else(|| cookie(parts)) else { return Ok(Self { known: false }) };
        Ok(Self { known: gate.lets_in(token).await? })
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(parts: &Parts) -> Option<&str> {
    let all = parts.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, token)| token)
}
