use std::sync::Arc;

use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use serde_json::Value;

use crate::base64url;
use crate::keyvault::key::{Algorithm, Material};

/// Made by `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048`; it opens nothing but these values.
const KEY: &str = include_str!("vectors/key.pem");
/// What `openssl pkeyutl -encrypt` 3.0 and Python's `cryptography` 48 made with the public half (`make.py theirs`).
const THEIRS: &str = include_str!("vectors/theirs.json");
/// What the vault makes of the same value, which both of them have opened (`make.py check`).
const OURS: &str = include_str!("vectors/ours.json");

fn material() -> Arc<Material> {
    Arc::new(Material::of(RsaPrivateKey::from_pkcs8_pem(KEY).unwrap()))
}

fn read(text: &str) -> (Vec<u8>, Vec<Value>) {
    let vectors: Value = serde_json::from_str(text).unwrap();
    let plain = base64url::decode(vectors["plain"].as_str().unwrap()).unwrap();
    (plain, vectors["wrapped"].as_array().unwrap().clone())
}

#[test]
fn azure_9_what_others_wrap_is_unwrapped() {
    let (plain, wrapped) = read(THEIRS);
    assert_eq!(wrapped.len(), 5);
    for vector in wrapped {
        let algorithm = Algorithm::named(vector["alg"].as_str().unwrap()).unwrap();
        let value = base64url::decode(vector["value"].as_str().unwrap()).unwrap();
        assert_eq!(material().decrypt(algorithm, &value).unwrap(), plain, "{}", vector["by"]);
    }
}

#[test]
fn azure_9_what_the_vault_wraps_is_what_others_have_unwrapped() {
    let (plain, wrapped) = read(OURS);
    assert_eq!(wrapped.len(), 3);
    let made: Vec<String> = wrapped
        .iter()
        .map(|vector| {
            let algorithm = Algorithm::named(vector["alg"].as_str().unwrap()).unwrap();
            base64url::encode(material().encrypt(algorithm, &plain, [7; 32]).unwrap())
        })
        .collect();
    let known: Vec<&str> = wrapped.iter().map(|vector| vector["value"].as_str().unwrap()).collect();
    assert_eq!(made, known);
}
