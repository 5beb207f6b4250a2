//! A bridge over emulators: the real adapters and a real store, wired as the program wires them.

use std::sync::Arc;

use secrecy::SecretString;
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::credential::Purpose;
use webinar_bridge_domain::flow::{Keyholder, Policies, Ports};
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::memory::SeededEntropy;
use webinar_bridge_domain::port::{Bell, Clock, Intake, Silence, Worklist};
use webinar_bridge_dynamics::{Access, DynamicsSettings};
use webinar_bridge_emulator::Ready;
use webinar_bridge_keyvault::{AzureSettings, CacheSettings, VaultSettings};
use webinar_bridge_on24::On24Settings;
use webinar_bridge_storage::Store;
use webinar_bridge_transport::{ClientSettings, HttpClient};

/// What a bridge is made of beside the emulators.
pub struct Wiring {
    /// Where it keeps everything.
    pub store: Store,
    /// Where it takes in what the CRM says; the store's own, unless somebody wants to watch.
    pub intake: Arc<dyn Intake>,
    /// How its work is found; the store's own, unless somebody wants to watch.
    pub worklist: Arc<dyn Worklist>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is told that there is something to do.
    pub bell: Arc<dyn Bell>,
    /// Waits, limits and sizes.
    pub policies: Policies,
    /// How ON24 is called.
    pub on24: On24Settings,
}

impl Wiring {
    /// The usual, for whoever steps the flows by hand.
    pub fn of(store: &Store, clock: Arc<dyn Clock>) -> Self {
        let policies = Policies::default();
        let worklist = Arc::new(store.clone());
        let intake = Arc::new(store.clone());
        let on24 = On24Settings::default();
        Self { store: store.clone(), intake, worklist, clock, bell: Arc::new(Silence), policies, on24 }
    }
}

/// The way into the CRM that the emulators name.
pub fn access(ready: &Ready) -> Access {
    let crm = &ready.dataverse;
    Access {
        base_url: crm.base_url.parse().expect("the emulator's address"),
        authority: crm.authority.parse().expect("the emulator's address"),
        tenant_id: crm.tenant_id.clone(),
        client_id: crm.client_id.clone(),
        client_secret: SecretString::from(crm.client_secret.clone()),
    }
}

fn vault(ready: &Ready) -> VaultSettings {
    let crm = access(ready);
    VaultSettings::Azure(Box::new(AzureSettings {
        base_url: ready.key_vault.base_url.parse().expect("the emulator's address"),
        key_name: ready.key_vault.key_name.clone(),
        authority: crm.authority,
        tenant_id: crm.tenant_id,
        client_id: crm.client_id,
        client_secret: crm.client_secret,
        installation: None,
        installation_key: SecretString::from("A".repeat(43)),
        retired_installation_keys: vec![],
        allow_insecure_loopback: true,
        api_version: AzureSettings::API_VERSION.to_owned(),
        cache: CacheSettings::default(),
    }))
}

/// A bridge over the emulators.
pub fn bridge(ready: &Ready, wiring: Wiring) -> Bridge {
    // Another bridge of this process may have been faster.
    drop(rustls::crypto::ring::default_provider().install_default());
    let Wiring { store, intake, worklist, clock, bell, policies, on24 } = wiring;
    let store = Arc::new(store);
    let entropy = Arc::new(SeededEntropy::new(7));
    let client = HttpClient::new(&ClientSettings::default()).expect("a client");
    let keys = webinar_bridge_keyvault::open(
        &vault(ready),
        store.clone(),
        client.clone(),
        clock.clone(),
        entropy.clone(),
    );
    let keys = keys.expect("keys");
    let keyholder = Arc::new(Keyholder::new(
        store.clone(),
        keys.vault(),
        clock.clone(),
        entropy.clone(),
        Arc::new(policies.clone()),
    ));
    let on24 =
        Arc::new(webinar_bridge_on24::provider(&on24, client.clone(), keyholder.clone(), clock.clone()));
    let crm = DynamicsSettings::default();
    let crm = Arc::new(webinar_bridge_dynamics::crm(crm, client, keyholder.clone(), clock.clone()));
    let ports = Ports {
        clock,
        entropy,
        bell,
        feed: crm.clone(),
        answers: crm.clone(),
        check_ins: crm.clone(),
        crm_account: crm,
        registrar: on24.clone(),
        attendance: on24.clone(),
        provider_account: on24,
        vault: keys.vault(),
        privacy: keys.privacy(),
        intake,
        worklist,
        books: store.clone(),
        ledger: store.clone(),
        organizations: store.clone(),
        credentials: store.clone(),
        webinars: store.clone(),
        brakes: store.clone(),
        endpoints: store.clone(),
        tasks: store.clone(),
        gates: store.clone(),
        key_shelf: store.clone(),
        chronicle: store,
    };
    Bridge::new(ports, keyholder, policies)
}

/// The secret of an organization's account at a peer of the emulators.
pub fn secret(ready: &Ready, purpose: Purpose) -> webinar_bridge_domain::port::OpenSecret {
    let on24 = &ready.on24;
    match purpose {
        Purpose::Provider => webinar_bridge_on24::secret(
            &on24.base_url,
            &on24.client_id.to_string(),
            &on24.access_token_key,
            &on24.access_token_secret,
        ),
        Purpose::Crm | Purpose::DataKey => webinar_bridge_dynamics::secret(&access(ready)),
    }
}

/// Founds an organization at the emulators and puts it to work: terms and both credentials.
pub async fn activated(bridge: &Bridge, ready: &Ready, name: &str) -> OrganizationId {
    let organization = bridge.steward.found(name, None).await.expect("a new organization").id;
    let terms = bridge.steward.terms();
    bridge.steward.accept_terms(organization, terms).await.expect("the terms in force");
    for purpose in [Purpose::Crm, Purpose::Provider] {
        bridge.steward.enter(organization, purpose, &secret(ready, purpose)).await.expect("a secret");
    }
    let stored = bridge.steward.load(organization).await.expect("the organization");
    assert!(stored.item.integration.is_active(), "the emulators accept their own secrets");
    organization
}
