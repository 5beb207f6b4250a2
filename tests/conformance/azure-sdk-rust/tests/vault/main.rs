//! The official Azure SDK for Rust against the emulated Key Vault and Entra ID. Each test has emulators of its own.

mod deletion;
mod identity;
mod keys;
mod refusals;
mod rotation;
mod wrapping;

use azure_core::Error;
use azure_core::error::{ErrorKind, ErrorResponse};
use azure_security_keyvault_keys::models::{CreateKeyParameters, Key, KeyType};
use azure_security_keyvault_keys::{KeyClient, ResourceExt};

const DEK: [u8; 32] = *b"a data key of thirty-two bytes..";

async fn create(vault: &KeyClient, name: &str) -> Key {
    let body = CreateKeyParameters { kty: Some(KeyType::Rsa), key_size: Some(2048), ..Default::default() };
    vault.create_key(name, body.try_into().unwrap(), None).await.unwrap().into_model().unwrap()
}

fn version(of: &impl ResourceExt) -> String {
    of.resource_id().unwrap().version.unwrap()
}

/// Status, code and inner code, as the SDK reports them.
fn refusal<T>(outcome: Result<T, Error>) -> (u16, String, Option<String>) {
    let Err(error) = outcome else { panic!("this had to be refused") };
    let ErrorKind::HttpResponse { status, error_code, .. } = error.kind().clone() else {
        panic!("not an answer: {error:?}")
    };
    let detail = ErrorResponse::try_from(error).unwrap().error.unwrap();
    assert_eq!(detail.code, error_code);
    (u16::from(status), error_code.unwrap(), detail.inner_error.and_then(|inner| inner.code))
}

fn told(status: u16, code: &str, inner: Option<&str>) -> (u16, String, Option<String>) {
    (status, code.to_owned(), inner.map(str::to_owned))
}

/// What an error says, and what the errors say that it came from.
fn story<T>(outcome: Result<T, Error>) -> String {
    let Err(error) = outcome else { panic!("this had to be refused") };
    let (mut told, mut next) = (error.to_string(), std::error::Error::source(&error));
    while let Some(error) = next {
        told = format!("{told}: {error}");
        next = error.source();
    }
    told
}
