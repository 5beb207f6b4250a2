use std::time::{Duration, Instant};

use azure_core::time::OffsetDateTime;
use azure_sdk_conformance::Emulators;
use azure_security_keyvault_keys::models::{
    EncryptionAlgorithm, KeyAttributes, KeyClientGetKeyOptions, KeyClientUpdateKeyPropertiesOptions,
    UpdateKeyPropertiesParameters,
};
use reqwest::Method;
use serde_json::json;

use crate::wrapping::{unwrap, with, wrap};
use crate::{DEK, create, refusal, told, version};

#[tokio::test]
async fn what_is_not_there() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    assert_eq!(refusal(vault.get_key("nothing", None).await), told(404, "KeyNotFound", None));
    let options = KeyClientGetKeyOptions { key_version: Some("0".repeat(32)), ..Default::default() };
    let unknown = vault.get_key(emulators.key_name(), Some(options)).await;
    assert_eq!(refusal(unknown), told(404, "KeyNotFound", None));
}

#[tokio::test]
async fn what_is_not_permitted() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    emulators.control(Method::POST, "key", Some(json!({ "denied": ["getKey"] }))).await;
    let (status, code, inner) = refusal(vault.get_key(emulators.key_name(), None).await);
    assert_eq!((status, code.as_str()), (403, "Forbidden"));
    assert!(inner.is_some_and(|inner| inner.starts_with("Forbidden") || inner == "AccessDenied"));
    wrap(&vault, emulators.key_name(), None).await.unwrap();
}

#[tokio::test]
async fn a_disabled_version() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    let version = version(&create(&vault, "off").await);
    let wrapped = wrap(&vault, "off", None).await.unwrap().result.unwrap();
    let change = UpdateKeyPropertiesParameters {
        key_attributes: Some(KeyAttributes { enabled: Some(false), ..Default::default() }),
        ..Default::default()
    };
    let options =
        KeyClientUpdateKeyPropertiesOptions { key_version: Some(version.clone()), ..Default::default() };
    vault.update_key_properties("off", change.try_into().unwrap(), Some(options)).await.unwrap();
    let disabled = told(403, "Forbidden", Some("KeyDisabled"));
    assert_eq!(refusal(wrap(&vault, "off", Some(&version)).await), disabled);
    assert_eq!(refusal(unwrap(&vault, "off", &version, &wrapped).await), disabled);
}

#[tokio::test]
async fn an_expired_version_still_unwraps() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    let version = version(&create(&vault, "late").await);
    let wrapped = wrap(&vault, "late", Some(&version)).await.unwrap().result.unwrap();
    let ends = OffsetDateTime::now_utc() + azure_core::time::Duration::minutes(30);
    let change = UpdateKeyPropertiesParameters {
        key_attributes: Some(KeyAttributes { expires: Some(ends), ..Default::default() }),
        ..Default::default()
    };
    let options =
        KeyClientUpdateKeyPropertiesOptions { key_version: Some(version.clone()), ..Default::default() };
    vault.update_key_properties("late", change.try_into().unwrap(), Some(options)).await.unwrap();

    emulators.control(Method::POST, "clock", Some(json!({ "advance": "PT2H" }))).await;
    // The token of before has expired with the key, which a client that keeps another clock does not know.
    let vault = emulators.vault();
    let expired = told(403, "Forbidden", Some("KeyExpired"));
    assert_eq!(refusal(wrap(&vault, "late", Some(&version)).await), expired);
    assert_eq!(unwrap(&vault, "late", &version, &wrapped).await.unwrap(), DEK);
}

#[tokio::test]
async fn what_cannot_be_unwrapped() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    let version = version(&create(&vault, "strict").await);
    let mut wrapped = wrap(&vault, "strict", None).await.unwrap().result.unwrap();
    wrapped[100] ^= 1;
    assert_eq!(refusal(unwrap(&vault, "strict", &version, &wrapped).await), told(400, "BadParameter", None));
    let body = with(EncryptionAlgorithm::A256Kw, &DEK).try_into().unwrap();
    assert_eq!(refusal(vault.wrap_key("strict", body, None).await), told(400, "BadParameter", None));
    let body = with(EncryptionAlgorithm::RsaOaep256, &[7; 191]).try_into().unwrap();
    assert_eq!(refusal(vault.wrap_key("strict", body, None).await), told(400, "BadParameter", None));
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "the SDK waits by the machine's clock, and that is what is measured"
)]
async fn a_throttled_call_is_tried_again_when_it_was_told_to_be() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    // Once without trouble, so that the challenge is behind us.
    vault.get_key(emulators.key_name(), None).await.unwrap();
    let rule = json!({ "operation": "wrapKey", "effect": "quota", "count": 2, "retry_after": "1" });
    emulators.control(Method::POST, "weather", Some(json!({ "rules": [rule] }))).await;
    let began = Instant::now();
    wrap(&vault, emulators.key_name(), None).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(emulators.calls("wrapKey").await, 3);
}

#[tokio::test]
async fn a_failed_call_and_a_lost_connection_are_tried_again() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    vault.get_key(emulators.key_name(), None).await.unwrap();
    let rules = json!([
        { "operation": "wrapKey", "effect": "status:503", "count": 1 },
        { "operation": "wrapKey", "effect": "reset", "count": 1 },
    ]);
    emulators.control(Method::POST, "weather", Some(json!({ "rules": rules }))).await;
    wrap(&vault, emulators.key_name(), None).await.unwrap();
    assert_eq!(emulators.calls("wrapKey").await, 3);
}
