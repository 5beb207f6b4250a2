//! JSON Web Tokens in their compact form.

use rsa::sha2::{Digest, Sha256};
use rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};
use serde_json::{Map, Value, json};

use crate::base64url;

/// A longer text is no token.
const LONGEST: usize = 16 * 1024;

/// A token that has been read; nobody has looked at its signature yet.
pub(super) struct Jwt<'a> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jwt<'a> {
    /// `None` when the text is no signed token.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.').filter(|_| text.len() <= LONGEST)?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signed,
            signature: base64url::decode(signature)?,
        })
    }

    /// A member of the header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// A claim that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// A claim that is a time, in whole Unix seconds.
    pub(super) fn seconds(&self, name: &str) -> Option<i64> {
        let claim = self.claims.get(name)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "parts of a second do not matter, and casts saturate"
        )]
        claim.as_i64().or_else(|| claim.as_f64().map(|seconds| seconds as i64))
    }

    /// The audiences that it names, one or several.
    pub(super) fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the owner of the key has signed it, by RS256 or PS256.
    pub(super) fn is_signed_by(&self, key: &RsaPublicKey) -> bool {
        let digest = Sha256::digest(self.signed);
        match self.header("alg") {
            Some("RS256") => key.verify(Pkcs1v15Sign::new::<Sha256>(), &digest, &self.signature).is_ok(),
            Some("PS256") => key.verify(Pss::new::<Sha256>(), &digest, &self.signature).is_ok(),
            _ => false,
        }
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&base64url::decode(part)?).ok()
}

/// The claims as a token that the key has signed by RS256. `identified` are members of the header that say which key
/// it is.
pub(super) fn signed(claims: &Value, key: &RsaPrivateKey, identified: &[(&str, &str)]) -> Option<String> {
    let mut header = json!({ "typ": "JWT", "alg": "RS256" });
    for (name, value) in identified {
        header[*name] = json!(value);
    }
    let text = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
    let signature = key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(&text)).ok()?;
    Some(format!("{text}.{}", base64url::encode(signature)))
}
