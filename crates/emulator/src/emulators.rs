//! All four servers, started and stopped together.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::dataverse::{self, Dataverse};
use crate::emulated::Emulated;
use crate::entra::{Entra, Issuer};
use crate::keyvault::{KEY_NAME, KeyVault};
use crate::on24::{Centre, On24, Region, Settings, Webinar};
use crate::ready::{DataverseReady, KeyVaultReady, On24Ready, Ready};
use crate::server::Server;
use crate::tls::{Scheme, Tls};
use crate::wire;

/// How long the event that is always there lasts, in minutes.
const EVENT_MINUTES: u32 = 60;
/// What it is called, on both sides.
pub(crate) const EVENT_TITLE: &str = "Autumn Product Webinar: What's New & What's Next";

/// How the emulators begin.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where all chance, names, ids and credentials come from.
    pub seed: u64,
    /// Contacts in Dataverse beside those of the registrations.
    pub contacts: u32,
    /// Registrations in Dataverse for the event that is always there.
    pub registrations: u32,
    /// Where a server listens; `None` is a free loopback port.
    pub on24: Option<SocketAddr>,
    /// Where ON24's European data centre listens; there is none unless an address is given.
    pub on24_eu: Option<SocketAddr>,
    pub dataverse: Option<SocketAddr>,
    pub entra: Option<SocketAddr>,
    pub key_vault: Option<SocketAddr>,
    /// How often a server may be called.
    pub quotas: Quotas,
    /// How late ON24 shows what has happened.
    pub lag: Lag,
    /// How the servers are reached.
    pub scheme: Scheme,
}

/// How often a server may be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quotas {
    /// As often as anybody likes.
    #[default]
    None,
    /// As often as the vendors say, Dataverse's protection limits included.
    Published,
}

/// How late ON24 shows what has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lag {
    /// At once.
    #[default]
    None,
    /// After the times that ON24 documents, on the emulators' clock.
    Documented,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 42,
            contacts: 0,
            registrations: 0,
            on24: None,
            on24_eu: None,
            dataverse: None,
            entra: None,
            key_vault: None,
            quotas: Quotas::None,
            lag: Lag::None,
            scheme: Scheme::Http,
        }
    }
}

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
        let on24_door = Door::open("on24", options.on24, &tls).await?;
        let eu_door = match options.on24_eu {
            Some(address) => Some(Door::open("on24_eu", Some(address), &tls).await?),
            None => None,
        };
        let dataverse_door = Door::open("dataverse", options.dataverse, &tls).await?;
        let entra_door = Door::open("entra", options.entra, &tls).await?;
        let vault_door = Door::open("key_vault", options.key_vault, &tls).await?;

        let issuer = Issuer::new(clock.clone(), options.seed);
        let (seed, quotas, lag) = (options.seed, options.quotas, options.lag);
        let centre = |region| Centre { seed, region, quotas, lag };
        let starts = first_event_starts(&clock);
        let (on24, event_id) = open_account(&clock, centre(Region::NorthAmerica), starts);
        let eu = eu_door.map(|door| (open_account(&clock, centre(Region::Europe), starts), door));
        let seed = dataverse::Seed {
            seed: options.seed,
            title: EVENT_TITLE.to_owned(),
            contacts: options.contacts,
            registrations: options.registrations,
            provider_event_id: event_id.to_string(),
            event_starts: starts,
            event_minutes: EVENT_MINUTES,
            origin: dataverse_door.origin.clone(),
        };
        issuer.admit_resource(&dataverse_door.origin);
        issuer.set_thumbprint(tls.thumbprint());
        let entra = Arc::new(Entra::new(clock.clone(), Arc::clone(&issuer), options.seed));
        let (dataverse, key_vault, ()) = tokio::try_join!(
            found_organization(clock.clone(), Arc::clone(&issuer), seed),
            forge_vault(clock.clone(), Arc::clone(&issuer), entra_door.origin.clone(), options.seed),
            forge_tenant(Arc::clone(&issuer)),
        )?;
        if options.quotas == Quotas::Published {
            dataverse.set_limits(true);
            key_vault.limit();
        }

        let ready = Ready {
            on24: on24_ready(&on24, &on24_door, event_id),
            on24_eu: eu.as_ref().map(|((eu, event_id), door)| on24_ready(eu, door, *event_id)),
            dataverse: dataverse_ready(&issuer, &dataverse_door, &entra_door),
            key_vault: KeyVaultReady { base_url: vault_door.origin.clone(), key_name: KEY_NAME.to_owned() },
            ca: tls.ca().map(str::to_owned),
        };
        let mut servers = vec![
            on24_door.serve(on24.clone(), &clock, options.seed),
            dataverse_door.serve(dataverse, &clock, options.seed),
            entra_door.serve(entra, &clock, options.seed),
            vault_door.serve(key_vault.clone(), &clock, options.seed),
        ];
        servers.extend(eu.map(|((eu, _), door)| door.serve(eu, &clock, options.seed)));
        Ok(Self { clock, issuer, on24, key_vault, ready, servers })
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

/// An account of ON24 with the event that is always there.
fn open_account(clock: &Clock, centre: Centre, starts: Timestamp) -> (Arc<On24>, i64) {
    let on24 = Arc::new(On24::new(clock.clone(), centre));
    let event_id = on24.add_event(Webinar::new(EVENT_TITLE, starts, EVENT_MINUTES));
    (on24, event_id)
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

fn on24_ready(on24: &On24, door: &Door, event_id: i64) -> On24Ready {
    let account = on24.account();
    On24Ready {
        base_url: format!("{}/v2", door.origin),
        client_id: account.client_id(),
        access_token_key: account.token_key().to_owned(),
        access_token_secret: account.token_secret().to_owned(),
        event_id,
    }
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

/// An address that is listened on already, for a server that is still to be made.
struct Door {
    name: &'static str,
    listener: TcpListener,
    tls: Tls,
    origin: String,
}

impl Door {
    async fn open(name: &'static str, address: Option<SocketAddr>, tls: &Tls) -> io::Result<Self> {
        let wanted = address.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("{name} cannot listen on {wanted}: {error}"))
        };
        let listener = TcpListener::bind(wanted).await.map_err(named)?;
        let origin = wire::origin(tls.is_only(), reachable(listener.local_addr().map_err(named)?));
        Ok(Self { name, listener, tls: tls.clone(), origin })
    }

    fn serve(self, emulated: Arc<dyn Emulated>, clock: &Clock, seed: u64) -> Server {
        Server::start(self.listener, self.tls, emulated, clock.clone(), seed, self.name)
    }
}

/// A client on this machine reaches a listener of all interfaces by the loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
