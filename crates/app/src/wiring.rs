//! Wiring: reading this, one can draw the house.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use url::Url;
use webinar_bridge_admin::{
    Admin, CrmSecret, Meters, ProviderSecret, Readiness, Secrets, TokenGate, Webhooks,
};
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::flow::{Keyholder, Ports};
use webinar_bridge_domain::port::{Clock, CrmTable, Entropy, OpenSecret, StoreError};
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

fn storage(settings: &Settings) -> StorageSettings {
    let at = StorageSettings::at(settings.storage_url.clone());
    StorageSettings { max_pages: settings.storage_pages, ..at }
}

pub(crate) async fn wire(settings: &Settings, around: Surroundings) -> Result<House, WiringError> {
    let Surroundings { clock, entropy, open_house, token_lifetime } = around;
    let store = webinar_bridge_storage::open(&storage(settings)).await?;
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
        brakes: shared.clone(),
        endpoints: shared.clone(),
        tasks: shared.clone(),
        gates: shared.clone(),
        key_shelf: shared.clone(),
        chronicle: shared.clone(),
    };
    #[cfg(feature = "faults")]
    let ports = deadly(ports);
    let bridge = Bridge::new(ports, keyholder, policies);
    let admin = Admin {
        bridge: bridge.clone(),
        gate: TokenGate::new(shared, clock, token_lifetime),
        terms: Arc::new(settings.terms.clone()),
        secrets: Arc::new(Writers::new(settings)),
        webhooks: Arc::new(webhooks(settings)),
        meters: Meters::new(env!("CARGO_PKG_VERSION")),
        readiness: Readiness::default(),
        open_house,
    };
    Ok(House { board, bridge, admin, store })
}

/// The same, with places where the process dies on demand.
#[cfg(feature = "faults")]
fn deadly(ports: Ports) -> Ports {
    use crate::faults::{Deadly, Deathtrap};
    let trap = Deathtrap::armed();
    Ports {
        intake: Arc::new(Deadly { port: ports.intake.clone(), trap: trap.clone() }),
        worklist: Arc::new(Deadly { port: ports.worklist.clone(), trap: trap.clone() }),
        registrar: Arc::new(Deadly { port: ports.registrar.clone(), trap }),
        ..ports
    }
}

/// What the CRM's webhooks look like: its tables by the names that the configuration gives them.
fn webhooks(settings: &Settings) -> Webhooks {
    let crm = &settings.dynamics;
    let tables = [
        (&crm.events.table, CrmTable::Webinars),
        (&crm.registrations.table, CrmTable::Registrations),
        (&crm.contacts.table, CrmTable::Contacts),
        (&crm.accounts.table, CrmTable::Accounts),
    ];
    let tables = tables.map(|(name, table)| (name.clone(), table)).into();
    Webhooks { header: settings.webhook_header.clone(), tables }
}

/// The public cloud's directory; other clouds' are declared in the file.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// Writes secrets as the adapters read them. Addresses come from the operator's file alone: whoever may enter credentials
/// over the API must not be able to have them sent elsewhere.
struct Writers {
    on24: On24Settings,
    on24_base_url: String,
    /// ON24 addresses of organizations that the file declares.
    other_on24: Vec<String>,
    /// Dynamics 365 addresses that the file declares, with their directories.
    declared_crm: Vec<(Url, Url)>,
}

impl Writers {
    fn new(settings: &Settings) -> Self {
        let organizations = settings.organizations.iter();
        let crm = organizations.clone().filter_map(|one| one.dataverse.as_ref());
        Self {
            on24: settings.on24.clone(),
            on24_base_url: settings.on24_base_url.clone(),
            other_on24: organizations
                .filter_map(|one| one.on24.as_ref())
                .map(|on24| on24.base_url.clone())
                .collect(),
            declared_crm: crm.map(|crm| (crm.base_url.clone(), crm.authority.clone())).collect(),
        }
    }

    fn on24_address<'a>(&'a self, entered: Option<&'a str>) -> Result<&'a str, String> {
        let Some(entered) = entered else { return Ok(&self.on24_base_url) };
        let known = std::iter::once(&self.on24_base_url).chain(&self.other_on24);
        known.map(String::as_str).find(|known| same(known, entered)).ok_or_else(|| {
            "`base_url` is not in the configuration; leave it out, or have it set as `on24.base_url`"
                .to_owned()
        })
    }
}

impl Secrets for Writers {
    fn provider(&self, entered: &ProviderSecret) -> Result<OpenSecret, String> {
        let secret = webinar_bridge_on24::secret(
            self.on24_address(entered.base_url.as_deref())?,
            &entered.client_id,
            entered.access_token_key.expose_secret(),
            entered.access_token_secret.expose_secret(),
        );
        webinar_bridge_on24::check_secret(&self.on24, &secret).map_err(|fault| fault.to_string())?;
        Ok(secret)
    }

    fn crm(&self, entered: &CrmSecret) -> Result<OpenSecret, String> {
        let declared =
            self.declared_crm.iter().find(|(base_url, _)| same(base_url.as_str(), &entered.base_url));
        let (base_url, authority) = match declared {
            Some((base_url, authority)) => (base_url.clone(), authority.clone()),
            None => (
                dynamics_origin(&entered.base_url).ok_or(
                    "`base_url` must be an environment's bare address, such as https://contoso.crm4.dynamics.com; \
                     others are declared in the configuration",
                )?,
                Url::parse(AUTHORITY).map_err(|_| "the directory's address cannot be read")?,
            ),
        };
        Ok(webinar_bridge_dynamics::secret(&Access {
            base_url,
            authority,
            tenant_id: entered.tenant_id.clone(),
            client_id: entered.client_id.clone(),
            client_secret: entered.client_secret.clone(),
        }))
    }
}

/// Whether two addresses are one, but for a slash at the end.
fn same(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}

/// The bare https origin of an environment of the public cloud.
fn dynamics_origin(entered: &str) -> Option<Url> {
    let url = Url::parse(entered).ok()?;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.port().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    let host = url.host_str()?;
    (url.scheme() == "https" && bare && host.ends_with(".dynamics.com")).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_environment_is_taken_from_the_api() {
        assert!(dynamics_origin("https://contoso.crm4.dynamics.com").is_some());
        assert!(dynamics_origin("https://contoso.crm4.dynamics.com/").is_some());
        for refused in [
            "http://contoso.crm4.dynamics.com",
            "https://contoso.crm4.dynamics.com:8443",
            "https://user@contoso.crm4.dynamics.com",
            "https://contoso.crm4.dynamics.com/api",
            "https://contoso.crm4.dynamics.com/?x",
            "https://contoso.crm4.dynamics.com.evil.example",
            "https://evildynamics.com",
            "https://127.0.0.1",
            "contoso",
        ] {
            assert!(dynamics_origin(refused).is_none(), "{refused}");
        }
    }

    #[test]
    fn an_on24_address_is_one_of_the_operators() {
        let writers = Writers {
            on24: On24Settings::default(),
            on24_base_url: "https://api.on24.com/v2".to_owned(),
            other_on24: vec!["https://api.eu.on24.com/v2".to_owned()],
            declared_crm: vec![],
        };
        assert_eq!(writers.on24_address(None).unwrap(), "https://api.on24.com/v2");
        assert_eq!(
            writers.on24_address(Some("https://api.eu.on24.com/v2/")).unwrap(),
            "https://api.eu.on24.com/v2"
        );
        assert!(writers.on24_address(Some("https://api.on24.com.evil.example/v2")).is_err());
    }
}
