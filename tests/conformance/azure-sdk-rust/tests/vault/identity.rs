use std::sync::Arc;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_identity::ClientSecretCredential;
use azure_sdk_conformance::Emulators;

use crate::{refusal, story};

#[tokio::test]
async fn a_wrong_secret_gets_no_token() {
    let emulators = Emulators::start();
    let vault = emulators.vault_for(emulators.credential_with("wrong"));
    let told = story(vault.get_key(emulators.key_name(), None).await);
    assert!(told.contains("AADSTS7000215"), "{told}");
}

#[tokio::test]
async fn a_token_is_asked_for_once() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    for _ in 0..3 {
        vault.get_key(emulators.key_name(), None).await.unwrap();
    }
    // One call without a token, which is told where to get one.
    assert_eq!(emulators.calls("getKey").await, 4);
}

/// Asks for tokens for another resource than the vault names.
#[derive(Debug)]
struct Astray {
    credential: Arc<ClientSecretCredential>,
    scope: String,
}

#[async_trait::async_trait]
impl TokenCredential for Astray {
    async fn get_token(
        &self,
        _: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.credential.get_token(&[&self.scope], options).await
    }
}

#[tokio::test]
async fn a_token_for_dataverse_does_not_open_the_vault() {
    let emulators = Emulators::start();
    let scope = format!("{}/.default", emulators.dataverse());
    let vault = emulators.vault_for(Arc::new(Astray { credential: emulators.credential(), scope }));
    let (status, code, _) = refusal(vault.get_key(emulators.key_name(), None).await);
    assert_eq!((status, code.as_str()), (401, "Unauthorized"));
}
