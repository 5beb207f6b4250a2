use std::collections::{BTreeSet, HashMap};

use azure_core::time::OffsetDateTime;
use azure_sdk_conformance::Emulators;
use azure_security_keyvault_keys::ResourceExt;
use azure_security_keyvault_keys::models::{
    CreateKeyParameters, KeyAttributes, KeyClientGetKeyOptions, KeyClientListKeyPropertiesVersionsOptions,
    KeyClientUpdateKeyPropertiesOptions, KeyOperation, KeyType, UpdateKeyPropertiesParameters,
};
use futures::TryStreamExt;

use crate::{create, version};

#[tokio::test]
async fn creates_and_gets() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    let made = create(&vault, "made").await;
    let jwk = made.key.clone().unwrap();
    assert_eq!((jwk.kty, jwk.e), (Some(KeyType::Rsa), Some(vec![1, 0, 1])));
    assert_eq!(jwk.n.as_ref().map(Vec::len), Some(256));
    assert!(made.resource_id().unwrap().vault_url.starts_with("https://conformance.vault.azure.net:"));

    let newest = vault.get_key("made", None).await.unwrap().into_model().unwrap();
    assert_eq!(newest.key.unwrap().n, jwk.n);
    let options = KeyClientGetKeyOptions { key_version: Some(version(&made)), ..Default::default() };
    let named = vault.get_key("made", Some(options)).await.unwrap().into_model().unwrap();
    assert_eq!(named.attributes.unwrap().enabled, Some(true));
}

#[tokio::test]
async fn creates_what_it_is_told() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    let expires = OffsetDateTime::from_unix_timestamp(4_000_000_000).unwrap();
    let body = CreateKeyParameters {
        kty: Some(KeyType::Rsa),
        key_size: Some(3072),
        key_ops: Some(vec![KeyOperation::WrapKey, KeyOperation::UnwrapKey]),
        key_attributes: Some(KeyAttributes { expires: Some(expires), ..Default::default() }),
        tags: Some(HashMap::from([("purpose".to_owned(), "test".to_owned())])),
        ..Default::default()
    };
    let made = vault.create_key("told", body.try_into().unwrap(), None).await.unwrap().into_model().unwrap();
    let jwk = made.key.unwrap();
    assert_eq!(jwk.n.map(|n| n.len()), Some(384));
    assert_eq!(jwk.key_ops, Some(vec!["wrapKey".to_owned(), "unwrapKey".to_owned()]));
    let attributes = made.attributes.unwrap();
    assert_eq!(attributes.expires, Some(expires));
    assert!(attributes.recoverable_days.unwrap() >= 7);
    assert_eq!(made.tags.unwrap()["purpose"], "test");
}

#[tokio::test]
async fn lists_keys_and_pages_through_versions() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    let mut made = BTreeSet::new();
    for _ in 0..3 {
        made.insert(version(&create(&vault, "many").await));
    }
    let keys: Vec<_> = vault.list_key_properties(None).unwrap().try_collect().await.unwrap();
    let names: BTreeSet<_> = keys.iter().map(|key| key.resource_id().unwrap().name).collect();
    assert_eq!(names, BTreeSet::from(["many".to_owned(), emulators.key_name().to_owned()]));

    let options = KeyClientListKeyPropertiesVersionsOptions { maxresults: Some(2), ..Default::default() };
    let pages = vault.list_key_properties_versions("many", Some(options)).unwrap().into_pages();
    let pages: Vec<_> = pages.try_collect().await.unwrap();
    let pages: Vec<_> = pages.into_iter().map(|page| page.into_model().unwrap().value).collect();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(pages.iter().flatten().map(version).collect::<BTreeSet<_>>(), made);
}

#[tokio::test]
async fn updates_a_version() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    let made = create(&vault, "changed").await;
    let change = UpdateKeyPropertiesParameters {
        key_attributes: Some(KeyAttributes { enabled: Some(false), ..Default::default() }),
        tags: Some(HashMap::from([("state".to_owned(), "retired".to_owned())])),
        ..Default::default()
    };
    let options =
        KeyClientUpdateKeyPropertiesOptions { key_version: Some(version(&made)), ..Default::default() };
    let changed = vault.update_key_properties("changed", change.try_into().unwrap(), Some(options));
    let changed = changed.await.unwrap().into_model().unwrap();
    assert_eq!(changed.attributes.unwrap().enabled, Some(false));
    assert_eq!(changed.tags.unwrap()["state"], "retired");
}
