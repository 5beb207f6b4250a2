use azure_sdk_conformance::Emulators;
use azure_security_keyvault_keys::models::{
    KeyRotationPolicy, KeyRotationPolicyAction, KeyRotationPolicyAttributes, LifetimeAction,
    LifetimeActionTrigger, LifetimeActionType,
};

use crate::wrapping::{unwrap, wrap};
use crate::{DEK, create, refusal, told, version};

#[tokio::test]
async fn rotates_and_still_unwraps_what_is_old() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    let old = version(&create(&vault, "turned").await);
    let wrapped = wrap(&vault, "turned", None).await.unwrap();
    let new = version(&vault.rotate_key("turned", None).await.unwrap().into_model().unwrap());
    assert_ne!(new, old);
    assert_eq!(version(&wrap(&vault, "turned", None).await.unwrap()), new);
    assert_eq!(unwrap(&vault, "turned", &old, &wrapped.result.unwrap()).await.unwrap(), DEK);
}

#[expect(clippy::field_reassign_with_default, reason = "the SDK lets nobody else write this struct out")]
fn policy(expiry: &str) -> KeyRotationPolicy {
    let rotate = LifetimeAction {
        action: Some(LifetimeActionType { type_prop: Some(KeyRotationPolicyAction::Rotate) }),
        trigger: Some(LifetimeActionTrigger {
            time_after_create: Some("P90D".to_owned()),
            time_before_expiry: None,
        }),
    };
    let attributes =
        KeyRotationPolicyAttributes { expiry_time: Some(expiry.to_owned()), ..Default::default() };
    let mut policy = KeyRotationPolicy::default();
    policy.attributes = Some(attributes);
    policy.lifetime_actions = Some(vec![rotate]);
    policy
}

#[tokio::test]
async fn keeps_a_rotation_policy() {
    let emulators = Emulators::start();
    let vault = emulators.vault();
    create(&vault, "kept").await;
    let asked = policy("P1Y").try_into().unwrap();
    let put = vault.update_key_rotation_policy("kept", asked, None).await.unwrap().into_model().unwrap();
    let got = vault.get_key_rotation_policy("kept", None).await.unwrap().into_model().unwrap();
    for policy in [put, got] {
        assert_eq!(policy.attributes.unwrap().expiry_time.as_deref(), Some("P1Y"));
        let actions = policy.lifetime_actions.unwrap();
        let rotate = actions.iter().find(|action| {
            action.action.as_ref().unwrap().type_prop == Some(KeyRotationPolicyAction::Rotate)
        });
        assert_eq!(rotate.unwrap().trigger.as_ref().unwrap().time_after_create.as_deref(), Some("P90D"));
    }
    let short = policy("P7D").try_into().unwrap();
    assert_eq!(
        refusal(vault.update_key_rotation_policy("kept", short, None).await),
        told(400, "BadParameter", None)
    );
}
