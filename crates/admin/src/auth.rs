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
        let [first, second] = [(); 2].map(|()| {
            let mut bytes = [0; 16];
            entropy.fill(&mut bytes);
            u128::from_be_bytes(bytes)
        });
        Self(SecretString::from(format!("wb_{first:032x}{second:032x}")))
    }

    /// Takes one that was configured. `None`: it is shorter than 32 characters, or has one that a cookie cannot carry:
    /// a blank, a quotation mark, a comma, a semicolon, a backslash, or anything beyond ASCII.
    pub fn configured(token: SecretString) -> Option<Self> {
        let text = token.expose_secret();
        (text.len() >= 32 && is_cookie_safe(text)).then_some(Self(token))
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

/// Whether a cookie's value can carry the text as it is (RFC 6265).
pub(crate) fn is_cookie_safe(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte))
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
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visitor {
    /// No token, or not a good one.
    Stranger,
    /// With a good token in the header.
    Bearer,
    /// Signed in: with a good token in the cookie.
    SignedIn,
}

impl<S> FromRequestParts<S> for Visitor
where
    S: Send + Sync,
    TokenGate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let gate = TokenGate::from_ref(state);
        if let Some(token) = bearer(parts) {
            return Ok(if gate.lets_in(token).await? { Self::Bearer } else { Self::Stranger });
        }
        let Some(token) = cookie(parts) else { return Ok(Self::Stranger) };
        Ok(if gate.lets_in(token).await? { Self::SignedIn } else { Self::Stranger })
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
