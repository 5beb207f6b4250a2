#![doc = include_str!("../README.md")]

mod base64url;
mod clock;
mod control;
mod dataverse;
mod door;
mod emulated;
mod emulators;
mod entra;
mod forge;
mod keyvault;
mod line;
mod on24;
mod options;
mod people;
mod ready;
mod seeded;
mod server;
mod severed;
mod site;
mod tls;
mod weather;
mod wire;

pub use clock::Clock;
pub use emulators::Emulators;
pub use on24::{ManagementSettings, Missing, ReadSettings, RefusalStatus, Settings, Webinar};
pub use options::{Lag, Options, Quotas};
pub use people::{Person, person};
pub use ready::{DataverseReady, KeyVaultReady, On24Ready, Ready};
pub use tls::Scheme;
