use azure_core::Error;
use azure_sdk_conformance::Emulators;
use azure_security_keyvault_keys::models::{
    EncryptionAlgorithm, KeyClientWrapKeyOptions, KeyOperationParameters, KeyOperationResult,
};
use azure_security_keyvault_keys::{KeyClient, ResourceExt};

use crate::{DEK, create, story, version};

pub fn with(algorithm: EncryptionAlgorithm, value: &[u8]) -> KeyOperationParameters {
    KeyOperationParameters { algorithm: Some(algorithm), value: Some(value.to_vec()), ..Default::default() }
}

pub async fn wrap(vault: &KeyClient, name: &str, version: Option<&str>) -> Result<KeyOperationResult, Error> {
    let options = KeyClientWrapKeyOptions { key_version: version.map(str::to_owned), ..Default::default() };
    let body = with(EncryptionAlgorithm::RsaOaep256, &DEK).try_into()?;
    vault.wrap_key(name, body, Some(options)).await?.into_model()
}

pub async fn unwrap(vault: &KeyClient, name: &str, version: &str, value: &[u8]) -> Result<Vec<u8>, Error> {
    let body = with(EncryptionAlgorithm::RsaOaep256, value).try_into()?;
    Ok(vault.unwrap_key(name, version, body, None).await?.into_model()?.result.unwrap())
}

#[tokio::test]
async fn wraps_with_a_named_version_and_unwraps() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    let version = version(&create(&vault, "kek").await);
    let wrapped = wrap(&vault, "kek", Some(&version)).await.unwrap().result.unwrap();
    assert_eq!(wrapped.len(), 256);
    assert_ne!(wrap(&vault, "kek", Some(&version)).await.unwrap().result.unwrap(), wrapped);
    assert_eq!(unwrap(&vault, "kek", &version, &wrapped).await.unwrap(), DEK);
    assert_eq!((emulators.calls("wrapKey").await, emulators.calls("unwrapKey").await), (2, 1));
}

#[tokio::test]
async fn wraps_without_a_version_and_is_told_which() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    let wrapped = wrap(&vault, emulators.key_name(), None).await.unwrap();
    let used = wrapped.resource_id().unwrap();
    assert_eq!(used.name, emulators.key_name());
    let back = unwrap(&vault, &used.name, &used.version.unwrap(), &wrapped.result.unwrap()).await.unwrap();
    assert_eq!(back, DEK);
}

#[tokio::test]
async fn wraps_with_the_older_algorithm() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    let version = version(&create(&vault, "older").await);
    let body = with(EncryptionAlgorithm::RsaOaep, &DEK).try_into().unwrap();
    let wrapped = vault.wrap_key("older", body, None).await.unwrap().into_model().unwrap().result.unwrap();
    let body = with(EncryptionAlgorithm::RsaOaep, &wrapped).try_into().unwrap();
    let back = vault.unwrap_key("older", &version, body, None).await.unwrap().into_model().unwrap();
    assert_eq!(back.result.unwrap(), DEK);
}

#[tokio::test]
async fn reaches_the_vault_by_its_loopback_address_when_told_not_to_check_the_challenge() {
    let emulators = Emulators::start();
    let vault = emulators.vault_on_loopback(false);
    let wrapped = wrap(&vault, emulators.key_name(), None).await.unwrap();
    let used = wrapped.resource_id().unwrap();
    let back = unwrap(&vault, &used.name, &used.version.unwrap(), &wrapped.result.unwrap()).await.unwrap();
    assert_eq!(back, DEK);

    let checked = emulators.vault_on_loopback(true).get_key(emulators.key_name(), None).await;
    let told = story(checked);
    assert!(told.contains("challenge"), "{told}");
}
