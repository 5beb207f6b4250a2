//! Wiring: reading this, one can draw the house.

use std::sync::Arc;

use webinar_bridge_admin::{Admin, CrmSecret, Meters, ProviderSecret, Readiness, Secrets, TokenGate};
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::flow::{Keyholder, Ports};
use webinar_bridge_domain::port::{Clock, Entropy, OpenSecret, StoreError};
use webinar_bridge_domain::time::SignedDuration;
use webinar_bridge_dynamics::Access;
use webinar_bridge_keyvault::KeysError;
use webinar_bridge_on24::On24Settings;
use webinar_bridge_storage::{StorageSettings, Store};
use webinar_bridge_transport::{ClientError, ClientSettings, HttpClient};

use crate::config::Settings;
use crate::pipeline::Board;

/// The whole program, before its loops run and its sockets listen.
pub(crate) struct House {
    pub(crate) board: Arc<Board>,
    pub(crate) bridge: Bridge,
    pub(crate) admin: Admin,
    pub(crate) store: Store,
}

/// What differs between a real start and the sandbox.
pub(crate) struct Surroundings {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) open_house: bool,
    pub(crate) token_lifetime: Option<SignedDuration>,
}

/// Why the program could not be put together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WiringError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Keys(#[from] KeysError),
}

pub(crate) async fn wire(settings: &Settings, around: Surroundings) -> Result<House, WiringError> {
    let Surroundings { clock, entropy, open_house, token_lifetime } = around;
    let store = webinar_bridge_storage::open(&StorageSettings::at(settings.storage_url.clone())).await?;
    let shared = Arc::new(store.clone());
    let extra_roots = settings.ca.clone().into_iter().collect();
    let client = HttpClient::new(&ClientSettings { extra_roots, ..ClientSettings::default() })?;
    let keys = webinar_bridge_keyvault::open(
        &settings.vault.0,
        shared.clone(),
        client.clone(),
        clock.clone(),
        entropy.clone(),
    )?;
    if keys.is_local() && !open_house {
        tracing::warn!(
            code = "keyring",
            "the key of all secrets lies in a file of this machine; back it up, and \
            prefer a key vault where there is one"
        );
    }
    let policies = settings.policies.clone();
    let keyholder = Arc::new(Keyholder::new(
        shared.clone(),
        keys.vault(),
        clock.clone(),
        entropy.clone(),
        Arc::new(policies.clone()),
    ));
    let on24 = Arc::new(webinar_bridge_on24::provider(
        &settings.on24,
        client.clone(),
        keyholder.clone(),
        clock.clone(),
    ));
    let crm =
        webinar_bridge_dynamics::crm(settings.dynamics.clone(), client, keyholder.clone(), clock.clone());
    let crm = Arc::new(crm);
    let board = Arc::new(Board::new());
    let ports = Ports {
        clock: clock.clone(),
        entropy,
        bell: board.clone(),
        feed: crm.clone(),
        answers: crm.clone(),
        check_ins: crm.clone(),
        crm_account: crm,
        registrar: on24.clone(),
        attendance: on24.clone(),
        provider_account: on24,
        vault: keys.vault(),
        privacy: keys.privacy(),
        intake: shared.clone(),
        worklist: shared.clone(),
        books: shared.clone(),
        ledger: shared.clone(),
        organizations: shared.clone(),
        credentials: shared.clone(),
        webinars: shared.clone(),
        key_shelf: shared.clone(),
        chronicle: shared.clone(),
    };
    let bridge = Bridge::new(ports, keyholder, policies);
    let admin = Admin {
        bridge: bridge.clone(),
        gate: TokenGate::new(shared, clock, token_lifetime),
        terms: Arc::new(settings.terms.clone()),
        secrets: Arc::new(Writers {
            on24: settings.on24.clone(),
            on24_base_url: settings.on24_base_url.clone(),
            authority: AUTHORITY.to_owned(),
        }),
        meters: Meters::new(env!("CARGO_PKG_VERSION")),
        readiness: Readiness::default(),
        open_house,
    };
    Ok(House { board, bridge, admin, store })
}

/// The public cloud's directory; other clouds' are declared in the file.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// Writes secrets as the adapters read them.
struct Writers {
    on24: On24Settings,
    on24_base_url: String,
    authority: String,
}

impl Secrets for Writers {
    /// The address comes from the operator's file alone: whoever may enter credentials over the API must not be able
    /// to have them sent elsewhere.
    fn provider(&self, entered: &ProviderSecret) -> Result<OpenSecret, String> {
        use secrecy::ExposeSecret as _;
        if entered.base_url.as_ref().is_some_and(|url| *url != self.on24_base_url) {
            let why = "`base_url` is another than the one in the configuration; leave it out, or change `on24.base_url`";
            return Err(why.to_owned());
        }
        let secret = webinar_bridge_on24::secret(
            &self.on24_base_url,
            &entered.client_id,
            entered.access_token_key.expose_secret(),
            entered.access_token_secret.expose_secret(),
        );
        webinar_bridge_on24::check_secret(&self.on24, &secret).map_err(|fault| fault.to_string())?;
        Ok(secret)
    }

    fn crm(&self, entered: &CrmSecret) -> Result<OpenSecret, String> {
        let base_url = url::Url::parse(&entered.base_url).ok();
        let base_url =
            base_url.filter(|url| url.scheme() == "https" && url.host_str().is_some_and(is_dynamics));
        let base_url = base_url.ok_or("`base_url` must be the environment's address, such as https://contoso.crm4.dynamics.com; others are declared in the configuration")?;
        let authority =
            url::Url::parse(&self.authority).map_err(|_| "the directory's address cannot be read")?;
        Ok(webinar_bridge_dynamics::secret(&Access {
            base_url,
            authority,
            tenant_id: entered.tenant_id.clone(),
            client_id: entered.client_id.clone(),
            client_secret: entered.client_secret.clone(),
        }))
    }
}

fn is_dynamics(host: &str) -> bool {
    host.ends_with(".dynamics.com")
}
