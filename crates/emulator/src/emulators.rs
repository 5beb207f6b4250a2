//! All four servers, started and stopped together.

use std::io;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::dataverse::{self, Dataverse};
use crate::door::{Door, Doors};
use crate::emulated::Emulated;
use crate::entra::{Entra, Issuer};
use crate::keyvault::{KEY_NAME, KeyVault};
use crate::on24::{Centre, On24, Region, Settings, Webinar};
use crate::options::{Options, Quotas};
use crate::ready::{DataverseReady, KeyVaultReady, On24Ready, Ready};
use crate::server::Server;
use crate::tls::Tls;

/// How long the event that is always there lasts, in minutes.
const EVENT_MINUTES: u32 = 60;
/// What it is called, on both sides.
pub(crate) const EVENT_TITLE: &str = "Autumn Product Webinar: What's New & What's Next";

/// The running servers. Dropping them closes them without waiting; `stop` waits.
pub struct Emulators {
    clock: Clock,
    issuer: Arc<Issuer>,
    on24: Arc<On24>,
    key_vault: Arc<KeyVault>,
    ready: Ready,
    servers: Vec<Server>,
}

impl Emulators {
    /// Starts all servers on one clock; when it returns, every listener answers.
    ///
    /// An address that cannot be listened on is an error that names the server and the address.
    pub async fn start(options: Options, clock: Clock) -> io::Result<Self> {
        let tls = Tls::new(options.scheme)?;
        let doors = Doors::open(&options, &tls).await?;
        let issuer = Issuer::new(clock.clone(), options.seed);
        issuer.admit_resource(&doors.dataverse.origin);
        issuer.set_thumbprint(tls.thumbprint());
        let starts = first_event_starts(&clock);
        let account = |region| open_account(&clock, Centre::of(&options, region), starts);
        let (on24, eu) =
            (account(Region::NorthAmerica), doors.on24_eu.is_some().then(|| account(Region::Europe)));
        let seed = crm_seed(&options, &doors.dataverse, on24.event_id, starts);
        let (dataverse, key_vault, ()) = tokio::try_join!(
            found_organization(clock.clone(), Arc::clone(&issuer), seed),
            forge_vault(clock.clone(), Arc::clone(&issuer), doors.entra.origin.clone(), options.seed),
            forge_tenant(Arc::clone(&issuer)),
        )?;
        if options.quotas == Quotas::Published {
            dataverse.set_limits(true);
            key_vault.limit();
        }
        let ready = Ready {
            on24: on24.ready(&doors.on24),
            on24_eu: eu.as_ref().zip(doors.on24_eu.as_ref()).map(|(eu, door)| eu.ready(door)),
            dataverse: dataverse_ready(&issuer, &doors.dataverse, &doors.entra),
            key_vault: KeyVaultReady {
                base_url: doors.key_vault.origin.clone(),
                key_name: KEY_NAME.to_owned(),
            },
            ca: tls.ca().map(str::to_owned),
        };
        let entra = Arc::new(Entra::new(clock.clone(), Arc::clone(&issuer), options.seed));
        let serve = |door: Door, emulated: Arc<dyn Emulated>| door.serve(emulated, &clock, options.seed);
        let mut servers = vec![
            serve(doors.on24, on24.on24.clone()),
            serve(doors.dataverse, dataverse),
            serve(doors.entra, entra),
            serve(doors.key_vault, key_vault.clone()),
        ];
        servers.extend(eu.zip(doors.on24_eu).map(|(eu, door)| serve(door, eu.on24)));
        Ok(Self { clock, issuer, on24: on24.on24, key_vault, ready, servers })
    }

    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The clock that all servers share.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Adds an event at ON24 and says its id. The CRM does not hear of it.
    pub fn add_event(&self, webinar: Webinar) -> i64 {
        self.on24.add_event(webinar)
    }

    /// Switches an event off or on at ON24; false when there is none of that id.
    pub fn set_event_active(&self, event: i64, active: bool) -> bool {
        self.on24.set_event_active(event, active)
    }

    /// Replaces ON24's words and its block list.
    pub fn set_on24_settings(&self, settings: Settings) {
        self.on24.set_settings(settings);
    }

    /// How long the tokens live that Entra issues from now on.
    pub fn set_token_lifetime(&self, lifetime: SignedDuration) {
        self.issuer.set_lifetime(lifetime);
    }

    /// Disables or enables every version of the vault's key.
    pub fn set_key_enabled(&self, enabled: bool) {
        self.key_vault.set_enabled(enabled);
    }

    /// What nobody may do with any key from now on, such as `wrapKey`, `unwrapKey`, `get`.
    pub fn deny_key_operations(&self, operations: &[&str]) {
        self.key_vault.deny(operations.iter().map(|&name| name.to_owned()).collect());
    }

    /// Makes a new version of the vault's key; the older ones stay usable.
    pub async fn rotate_key(&self) -> io::Result<()> {
        let vault = Arc::clone(&self.key_vault);
        tokio::task::spawn_blocking(move || vault.rotate()).await.map_err(io::Error::other)
    }

    /// Closes every connection, and returns when nothing of the servers runs any more.
    pub async fn stop(self) {
        for server in self.servers {
            server.stop().await;
        }
    }
}

/// Seven days from now, in whole seconds, because that is all that both vendors write.
fn first_event_starts(clock: &Clock) -> Timestamp {
    let starts = clock.now() + SignedDuration::from_hours(7 * 24);
    Timestamp::from_second(starts.as_second()).unwrap_or(starts)
}

/// An account of ON24 and the event that is always there.
struct Account {
    on24: Arc<On24>,
    event_id: i64,
}

fn open_account(clock: &Clock, centre: Centre, starts: Timestamp) -> Account {
    let on24 = Arc::new(On24::new(clock.clone(), centre));
    let event_id = on24.add_event(Webinar::new(EVENT_TITLE, starts, EVENT_MINUTES));
    Account { on24, event_id }
}

impl Account {
    fn ready(&self, door: &Door) -> On24Ready {
        let account = self.on24.account();
        On24Ready {
            base_url: format!("{}/v2", door.origin),
            client_id: account.client_id(),
            access_token_key: account.token_key().to_owned(),
            access_token_secret: account.token_secret().to_owned(),
            event_id: self.event_id,
        }
    }
}

/// What the CRM begins with: its event names the provider's.
fn crm_seed(options: &Options, door: &Door, event_id: i64, starts: Timestamp) -> dataverse::Seed {
    dataverse::Seed {
        seed: options.seed,
        title: EVENT_TITLE.to_owned(),
        contacts: options.contacts,
        registrations: options.registrations,
        provider_event_id: event_id.to_string(),
        event_starts: starts,
        event_minutes: EVENT_MINUTES,
        origin: door.origin.clone(),
    }
}

/// Rows by the hundred thousand keep a processor busy, so that they have a thread of their own.
async fn found_organization(
    clock: Clock,
    issuer: Arc<Issuer>,
    seed: dataverse::Seed,
) -> io::Result<Arc<Dataverse>> {
    let organization = tokio::task::spawn_blocking(move || Dataverse::new(clock, issuer, seed));
    organization.await.map(Arc::new).map_err(io::Error::other)
}

/// Making a key keeps a processor busy, so that it has a thread of its own.
async fn forge_vault(
    clock: Clock,
    issuer: Arc<Issuer>,
    authority: String,
    seed: u64,
) -> io::Result<Arc<KeyVault>> {
    let vault = tokio::task::spawn_blocking(move || KeyVault::new(clock, issuer, authority, seed));
    vault.await.map(Arc::new).map_err(io::Error::other)
}

/// So does making the key that signs tokens.
async fn forge_tenant(issuer: Arc<Issuer>) -> io::Result<()> {
    tokio::task::spawn_blocking(move || issuer.forge()).await.map_err(io::Error::other)
}

fn dataverse_ready(issuer: &Issuer, door: &Door, entra: &Door) -> DataverseReady {
    DataverseReady {
        base_url: door.origin.clone(),
        authority: entra.origin.clone(),
        tenant_id: issuer.tenant().to_owned(),
        client_id: issuer.client_id().to_owned(),
        client_secret: issuer.client_secret().to_owned(),
    }
}
