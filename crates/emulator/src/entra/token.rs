//! Access tokens of version 1.0: how they are signed, read and remembered.

use std::collections::HashMap;
use std::sync::Arc;

use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use crate::{base64url, forge};

use super::jwt::{self, Jwt};

const BITS: usize = 2048;
/// How many tokens are remembered whose signature was seen to be good.
const REMEMBERED: usize = 1024;

/// The key that signs every token of the tenant.
pub(super) struct SigningKey {
    private: Arc<RsaPrivateKey>,
    public: RsaPublicKey,
    /// The name of the key, in tokens and in the document of keys.
    id: String,
}

impl SigningKey {
    /// It takes a good part of a second the first time.
    pub(super) fn forge(seed: u64) -> Option<Self> {
        let private = forge::rsa_key(seed, "entra/signing/1", BITS)?;
        let public = private.to_public_key();
        let id = base64url::encode(Sha1::digest(public.n().to_bytes_be()));
        Some(Self { private, public, id })
    }

    pub(super) fn sign(&self, claims: &Value) -> Option<String> {
        jwt::signed(claims, &self.private, &[("x5t", &self.id), ("kid", &self.id)])
    }

    /// The public half, as the document of keys shows it.
    pub(super) fn public(&self) -> Value {
        let number = |number: &rsa::BigUint| base64url::encode(number.to_bytes_be());
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "x5t": self.id,
                "n": number(self.public.n()), "e": number(self.public.e()) })
    }
}

/// What a token says of its bearer, once its signature was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The application, and its principal in the tenant.
    pub(crate) client_id: String,
    pub(crate) object_id: String,
    /// The resource, as the token was asked for: with a slash at its end, if there was one.
    pub(crate) audience: String,
    pub(super) issuer: String,
    pub(super) tenant: String,
    pub(super) not_before: i64,
    pub(super) expires: i64,
}

impl Caller {
    fn of(token: &Jwt<'_>) -> Option<Self> {
        let text = |name| token.text(name).map(str::to_owned);
        Some(Self {
            client_id: text("appid").or_else(|| text("azp"))?,
            object_id: text("oid").unwrap_or_default(),
            audience: text("aud")?,
            issuer: text("iss")?,
            tenant: text("tid").unwrap_or_default(),
            not_before: token.seconds("nbf").unwrap_or_default(),
            expires: token.seconds("exp")?,
        })
    }
}

/// Tokens whose signature was found good: to look at each anew would cost more than all the rest of a call.
#[derive(Default)]
pub(super) struct Memory {
    callers: HashMap<String, Arc<Caller>>,
}

impl Memory {
    pub(super) fn recall(&self, token: &str) -> Option<Arc<Caller>> {
        self.callers.get(token).cloned()
    }

    /// The bearer of a token that the key has signed.
    pub(super) fn learn(&mut self, token: &str, caller: &Arc<Caller>) {
        if self.callers.len() >= REMEMBERED {
            self.callers.clear();
        }
        self.callers.insert(token.to_owned(), Arc::clone(caller));
    }
}

/// The bearer of the token; `None` unless the key has signed it.
pub(super) fn read(token: &str, key: &SigningKey) -> Option<Arc<Caller>> {
    let token = Jwt::read(token)?;
    let signed = token.header("kid") == Some(&key.id)
        && token.header("alg") == Some("RS256")
        && token.is_signed_by(&key.public);
    if signed { Caller::of(&token).map(Arc::new) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azure_31_tokens_are_remembered_within_bounds() {
        let mut memory = Memory::default();
        let caller = Arc::new(Caller {
            client_id: "client".to_owned(),
            object_id: String::new(),
            audience: String::new(),
            issuer: String::new(),
            tenant: String::new(),
            not_before: 0,
            expires: 0,
        });
        for number in 0..=REMEMBERED {
            memory.learn(&number.to_string(), &caller);
            assert!(memory.callers.len() <= REMEMBERED);
        }
        assert_eq!(memory.recall(&REMEMBERED.to_string()), Some(caller));
        assert_eq!(memory.recall("0"), None);
    }
}
