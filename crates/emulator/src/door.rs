//! Addresses that are listened on before there is a server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::emulated::Emulated;
use crate::options::Options;
use crate::server::Server;
use crate::tls::Tls;
use crate::wire;

/// The doors of all servers.
pub(crate) struct Doors {
    pub(crate) on24: Door,
    pub(crate) on24_eu: Option<Door>,
    pub(crate) dataverse: Door,
    pub(crate) entra: Door,
    pub(crate) key_vault: Door,
}

impl Doors {
    /// An address that cannot be listened on is an error that names the server and the address.
    pub(crate) async fn open(options: &Options, tls: &Tls) -> io::Result<Self> {
        let on24_eu = match options.on24_eu {
            Some(address) => Some(Door::open("on24_eu", Some(address), tls).await?),
            None => None,
        };
        Ok(Self {
            on24: Door::open("on24", options.on24, tls).await?,
            on24_eu,
            dataverse: Door::open("dataverse", options.dataverse, tls).await?,
            entra: Door::open("entra", options.entra, tls).await?,
            key_vault: Door::open("key_vault", options.key_vault, tls).await?,
        })
    }
}

/// An address that is listened on already, for a server that is still to be made.
pub(crate) struct Door {
    name: &'static str,
    listener: TcpListener,
    tls: Tls,
    pub(crate) origin: String,
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

    pub(crate) fn serve(self, emulated: Arc<dyn Emulated>, clock: &Clock, seed: u64) -> Server {
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
