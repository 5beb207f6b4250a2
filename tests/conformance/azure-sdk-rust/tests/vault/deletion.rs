use azure_sdk_conformance::Emulators;
use azure_security_keyvault_keys::ResourceExt;
use azure_security_keyvault_keys::models::{CreateKeyParameters, KeyType};
use futures::TryStreamExt;

use crate::wrapping::{unwrap, wrap};
use crate::{DEK, create, refusal, told, version};

#[tokio::test]
async fn deletes_and_recovers_every_version() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    let old = version(&create(&vault, "lost").await);
    let wrapped = wrap(&vault, "lost", None).await.unwrap().result.unwrap();
    create(&vault, "lost").await;

    let deleted = vault.delete_key("lost", None).await.unwrap().into_model().unwrap();
    assert!(deleted.scheduled_purge_date.unwrap() > deleted.deleted_date.unwrap());
    assert!(deleted.recovery_id.unwrap().ends_with("/deletedkeys/lost"));
    assert_eq!(refusal(vault.get_key("lost", None).await), told(404, "KeyNotFound", None));
    let listed: Vec<_> = vault.list_deleted_key_properties(None).unwrap().try_collect().await.unwrap();
    assert_eq!(listed.iter().map(|key| key.resource_id().unwrap().name).collect::<Vec<_>>(), ["lost"]);

    let recovered = vault.recover_deleted_key("lost", None).await.unwrap().into_model().unwrap();
    assert_eq!(recovered.resource_id().unwrap().name, "lost");
    assert_eq!(unwrap(&vault, "lost", &old, &wrapped).await.unwrap(), DEK);
}

#[tokio::test]
async fn keeps_the_name_until_the_key_is_purged() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    create(&vault, "gone").await;
    vault.delete_key("gone", None).await.unwrap();
    let body = CreateKeyParameters { kty: Some(KeyType::Rsa), ..Default::default() };
    let again = vault.create_key("gone", body.try_into().unwrap(), None).await;
    assert_eq!(refusal(again), told(409, "Conflict", Some("ObjectIsDeletedButRecoverable")));

    vault.purge_deleted_key("gone", None).await.unwrap();
    assert_eq!(refusal(vault.get_deleted_key("gone", None).await).0, 404);
    create(&vault, "gone").await;
}
