//! All of it, put together.
#![expect(clippy::unwrap_used, reason = "a test that cannot arrange its world has failed")]

mod support;

use std::sync::Arc;

use secrecy::SecretString;
use support::azure::{
    VERSION, base64url, client, error, give_tokens, key_calls, key_id, keys_say, keys_work, server, settings,
};
use support::{Hands, Shelf, ada, bond, code, organization, secret, seeded, text};
use uuid::Uuid;
use webinar_bridge_domain::fault::FaultKind;
use webinar_bridge_domain::port::{ConcealOrder, KeyShelf};
use webinar_bridge_domain::time::SignedDuration;
use webinar_bridge_keyvault::{Keys, KeysError, SettingsError, VaultSettings, open, sealed_under};
use wiremock::{MockServer, ResponseTemplate};

fn keys(settings: &VaultSettings, clock: &Arc<Hands>) -> Result<Keys, KeysError> {
    open(settings, Arc::new(Shelf::default()), client(), Arc::<Hands>::clone(clock), seeded(1))
}

/// Keys over a vault that works.
struct World {
    server: MockServer,
    clock: Arc<Hands>,
    shelf: Arc<Shelf>,
    keys: Keys,
}

impl World {
    async fn new() -> Self {
        let (server, clock, shelf) = (server().await, Arc::new(Hands::default()), Arc::new(Shelf::default()));
        keys_work(&server).await;
        let settings = VaultSettings::Azure(Box::new(settings(&server.uri())));
        let kept = Arc::clone(&shelf) as Arc<dyn KeyShelf>;
        let keys = open(&settings, kept, client(), Arc::<Hands>::clone(&clock), seeded(1)).unwrap();
        Self { server, clock, shelf, keys }
    }

    async fn conceal(&self, of: u128) -> Result<(), FaultKind> {
        let order =
            ConcealOrder { organization: organization(of), people: vec![(Uuid::from_u128(7), ada())] };
        self.keys.privacy().conceal(&order).await.map(|_| ()).map_err(|fault| fault.kind)
    }

    /// From now on the vault says this.
    async fn say(&self, response: ResponseTemplate) {
        self.server.reset().await;
        give_tokens(&self.server).await;
        keys_say(&self.server, response).await;
    }
}

#[tokio::test]
async fn a_keyring_seals_and_says_that_it_is_local() {
    let folder = tempfile::tempdir().unwrap();
    let settings = VaultSettings::Keyring { path: folder.path().join("keyring.json") };
    let (before, after) =
        (keys(&settings, &Arc::default()).unwrap(), keys(&settings, &Arc::default()).unwrap());
    assert!(before.is_local());
    let sealed = before.vault().seal(&bond(), &secret("token")).await.unwrap();
    assert_eq!(text(&after.vault().open(&bond(), &sealed).await.unwrap()), "token");
    assert_eq!(sealed_under(&sealed), Some(before.probe().await.unwrap().as_str()));
}

#[tokio::test]
async fn a_key_vault_seals_under_the_version_it_names() {
    let world = World::new().await;
    assert!(!world.keys.is_local());
    let sealed = world.keys.vault().seal(&bond(), &secret("token")).await.unwrap();
    assert_eq!(text(&world.keys.vault().open(&bond(), &sealed).await.unwrap()), "token");
    let key_id = key_id(&world.server, VERSION);
    assert_eq!(sealed_under(&sealed), Some(key_id.as_str()));
    assert_eq!(world.keys.probe().await, Ok(key_id));
}

#[tokio::test]
async fn opening_calls_nobody() {
    let world = World::new().await;
    assert!(world.server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn replicas_with_one_installation_key_read_each_other() {
    let world = World::new().await;
    let sealed = world.keys.vault().seal(&bond(), &secret("token")).await.unwrap();
    let mut same = settings(&world.server.uri());
    let mut other = same.clone();
    other.installation_key = SecretString::from(base64url(&[2; 32]));
    let replica = |settings| keys(&VaultSettings::Azure(Box::new(settings)), &world.clock).unwrap().vault();
    assert_eq!(text(&replica(same.clone()).open(&bond(), &sealed).await.unwrap()), "token");
    assert_eq!(code(&replica(other.clone()).open(&bond(), &sealed).await.unwrap_err()), "envelope.invalid");
    other.retired_installation_keys.push(same.installation_key.clone());
    assert_eq!(
        text(&replica(other).open(&bond(), &sealed).await.unwrap()),
        "token",
        "its key is being replaced"
    );
    same.installation = Some(Uuid::from_u128(5));
    assert_eq!(code(&replica(same).open(&bond(), &sealed).await.unwrap_err()), "envelope.invalid");
}

#[tokio::test]
async fn an_outage_of_the_vault_is_bridged() {
    for outage in [error(503, "Unavailable", None), error(429, "Throttled", None)] {
        let world = World::new().await;
        world.conceal(1).await.unwrap();
        world.clock.turn(SignedDuration::from_mins(30));
        world.say(outage).await;
        assert_eq!(world.conceal(1).await, Ok(()));
        assert_eq!(key_calls(&world.server).await.len(), 1, "the vault was asked");
        world.clock.turn(SignedDuration::from_mins(45));
        assert!(world.conceal(1).await.is_err());
    }
}

#[tokio::test]
async fn a_no_of_the_vault_ends_the_use_of_all_keys_at_once() {
    let noes = [
        error(403, "Forbidden", Some("ForbiddenByRbac")),
        error(404, "KeyNotFound", None),
        error(403, "Forbidden", Some("KeyDisabled")),
    ];
    for no in noes {
        let world = World::new().await;
        world.conceal(1).await.unwrap();
        let sealed = world.keys.vault().seal(&bond(), &secret("token")).await.unwrap();
        world.say(no).await;
        assert_eq!(world.conceal(1).await, Ok(()), "nobody knows yet");
        assert!(world.keys.vault().open(&bond(), &sealed).await.is_err(), "now it is known");
        assert!(matches!(world.conceal(1).await, Err(FaultKind::Denied { .. })));
    }
}

#[tokio::test]
async fn a_version_that_is_disabled_ends_the_use_of_its_keys_alone() {
    let world = World::new().await;
    world.conceal(1).await.unwrap();
    let older = "00000000000000000000000000000002";
    let bytes = world.keys.vault().seal(&bond(), &secret("token")).await.unwrap();
    assert!(sealed_under(&bytes).is_some_and(|key_id| key_id.ends_with(VERSION)));
    world.say(error(403, "Forbidden", Some("KeyDisabled"))).await;
    let under_older = sealed_under_version(&world, older);
    assert!(world.keys.vault().open(&bond(), &under_older).await.is_err());
    assert_eq!(world.conceal(1).await, Ok(()), "that is another version's");
}

/// A secret of this installation that names a version which is not the newest.
fn sealed_under_version(world: &World, version: &str) -> webinar_bridge_domain::credential::SealedSecret {
    use webinar_bridge_domain::port::WrappedKey;
    use webinar_bridge_keyvault::envelope::Draw;
    let installations = {
        let key = SecretString::from(base64url(&[1; 32]));
        let installation = webinar_bridge_keyvault::Installation::parse(None, &key).unwrap();
        webinar_bridge_keyvault::Installations::new(installation, vec![])
    };
    let wrapped = WrappedKey { key_id: key_id(&world.server, version), bytes: vec![7; 256] };
    let bytes = Draw::from(&*seeded(9)).seal(&wrapped, 1, &installations, &bond(), b"token").unwrap();
    webinar_bridge_domain::credential::SealedSecret::new(bytes)
}

#[tokio::test]
async fn a_key_that_wraps_no_more_still_gives_back_what_it_wrapped() {
    let world = World::new().await;
    world.conceal(1).await.unwrap();
    world.say(error(403, "Forbidden", Some("KeyExpired"))).await;
    assert!(world.keys.vault().seal(&bond(), &secret("token")).await.is_err());
    assert_eq!(world.conceal(1).await, Ok(()));
}

#[tokio::test]
async fn a_forgotten_organization_is_asked_for_anew() {
    let world = World::new().await;
    world.conceal(1).await.unwrap();
    let before = key_calls(&world.server).await.len();
    world.conceal(1).await.unwrap();
    assert_eq!(key_calls(&world.server).await.len(), before);
    world.keys.forget(organization(1));
    world.conceal(1).await.unwrap();
    assert_eq!(key_calls(&world.server).await.len(), before + 1);
    assert_eq!(world.shelf.kept.lock().unwrap().len(), 1, "its data key is the same");
}

#[test]
fn settings_that_cannot_be_used_are_told_by_name() {
    let mut azure = settings("https://contoso.vault.azure.net");
    azure.installation_key = SecretString::from("too short");
    let refused = keys(&VaultSettings::Azure(Box::new(azure.clone())), &Arc::default()).unwrap_err();
    assert!(matches!(refused, KeysError::Settings(SettingsError::InstallationKey(_))));
    assert!(refused.to_string().contains("installation key") && !refused.to_string().contains("too short"));
    azure.key_name = "no/name".to_owned();
    let refused = keys(&VaultSettings::Azure(Box::new(azure)), &Arc::default()).unwrap_err();
    assert!(refused.to_string().contains("key_name"), "{refused}");
}

#[test]
fn nothing_prints_a_key() {
    let settings = VaultSettings::Azure(Box::new(settings("https://contoso.vault.azure.net")));
    let printed = format!("{:?} {settings:?}", keys(&settings, &Arc::default()).unwrap());
    assert!(!printed.contains("sesame") && !printed.contains(&base64url(&[1; 32])), "{printed}");
}
