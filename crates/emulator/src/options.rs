//! How the emulators begin.

use std::net::SocketAddr;

use crate::tls::Scheme;

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
