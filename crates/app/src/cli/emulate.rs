//! `emulate`: the pretend peers alone, for anyone's client.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use webinar_bridge_emulator::{Clock, Emulators, Lag, Options, Quotas, Scheme};

use crate::exit::{Failure, print_line};
use crate::sandbox::folder::Folder;
use crate::sandbox::{configuration, ready};
use crate::service::Ending;
use crate::telemetry;

#[derive(Args)]
pub(crate) struct Flags {
    /// Where ON24 listens, such as 127.0.0.1:8081; a free port of this machine by default.
    #[arg(long, value_name = "ADDR", help_heading = "Addresses")]
    on24: Option<SocketAddr>,
    /// Where ON24's European data centre listens, with an account of its own; left out, there is none.
    #[arg(long, value_name = "ADDR", help_heading = "Addresses")]
    on24_eu: Option<SocketAddr>,
    /// Where Dataverse listens; a free port by default.
    #[arg(long, value_name = "ADDR", help_heading = "Addresses")]
    dataverse: Option<SocketAddr>,
    /// Where Entra ID listens; likewise.
    #[arg(long, value_name = "ADDR", help_heading = "Addresses")]
    entra: Option<SocketAddr>,
    /// Where Key Vault listens; likewise.
    #[arg(long, value_name = "ADDR", help_heading = "Addresses")]
    key_vault: Option<SocketAddr>,
    /// Speak https alone, under an authority made at the start.
    #[arg(long, help_heading = "Addresses")]
    tls: bool,
    /// Decides everything that is left to chance.
    #[arg(long, value_name = "S", default_value_t = 42, help_heading = "World")]
    seed: u64,
    /// Contacts beside those of registrations.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "World")]
    contacts: u32,
    /// Registrations for the seeded event, each with a contact of its own.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "World")]
    registrations: u32,
    /// How late ON24 shows what has happened, on the emulators' clock.
    #[arg(long, value_enum, default_value_t, help_heading = "World")]
    lag: LagFlag,
    /// How often the servers may be called.
    #[arg(long, value_enum, default_value_t, help_heading = "World")]
    quotas: QuotasFlag,
    /// Write a complete configuration for `serve`, with made-up secrets, to this file (mode 0600).
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    write_config: Option<PathBuf>,
    /// Print one JSON line when everything listens, and nothing else on standard output.
    #[arg(long, help_heading = "Output")]
    json: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum LagFlag {
    /// At once.
    #[default]
    None,
    /// As ON24 documents it: registrations after 15 minutes, attendance after hours.
    Documented,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum QuotasFlag {
    /// As often as anybody likes.
    #[default]
    None,
    /// As the vendors publish it, Dataverse's protection limits included.
    Published,
}

impl Flags {
    fn options(&self) -> Options {
        Options {
            seed: self.seed,
            contacts: self.contacts,
            registrations: self.registrations,
            on24: self.on24,
            on24_eu: self.on24_eu,
            dataverse: self.dataverse,
            entra: self.entra,
            key_vault: self.key_vault,
            quotas: match self.quotas {
                QuotasFlag::None => Quotas::None,
                QuotasFlag::Published => Quotas::Published,
            },
            lag: match self.lag {
                LagFlag::None => Lag::None,
                LagFlag::Documented => Lag::Documented,
            },
            scheme: if self.tls { Scheme::Https } else { Scheme::Http },
        }
    }
}

pub(crate) async fn run(flags: Flags) -> Result<(), Failure> {
    let mut ending = Ending::caught()?;
    telemetry::start("warn", crate::config::LogFormat::Auto);
    let emulators = Emulators::start(flags.options(), Clock::new()).await.map_err(Failure::configuration)?;
    let beside = flags.write_config.as_deref();
    let authority = Authority::write(emulators.ready().ca.as_deref(), beside)?;
    let ca = authority.as_ref().map(|authority| authority.path.as_path());
    let written = beside.map(|path| write_config(path, &emulators, ca)).transpose()?;
    let shown = ready::Emulated { ready: emulators.ready(), ca, written: written.as_ref() };
    if flags.json {
        print_line(shown.line());
    } else {
        print_line(shown.block().trim_end());
    }
    ending.asked().await;
    emulators.stop().await;
    Ok(())
}

fn write_config(
    path: &Path,
    emulators: &Emulators,
    ca: Option<&Path>,
) -> Result<configuration::Written, Failure> {
    configuration::write_for_serve(path, emulators.ready(), ca).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::configuration(format!("{} cannot be written: {error}", path.display()))
}

/// The certificate of the emulators' authority as a file.
struct Authority {
    path: PathBuf,
    /// Goes when the program ends, unless the file stands beside the configuration.
    _folder: Option<Folder>,
}

impl Authority {
    fn write(pem: Option<&str>, beside: Option<&Path>) -> Result<Option<Self>, Failure> {
        let Some(pem) = pem else { return Ok(None) };
        let (path, folder) = match beside {
            Some(config) => (absolute(config)?.with_extension("ca.pem"), None),
            None => {
                let folder = Folder::open(None)?;
                (folder.path.join("ca.pem"), Some(folder))
            }
        };
        std::fs::write(&path, pem).map_err(|error| cannot_write(&path, &error))?;
        Ok(Some(Self { path, _folder: folder }))
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(Failure::configuration)
}
