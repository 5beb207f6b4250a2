//! `emulate`: the pretend peers alone, for anyone's client.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::RangedI64ValueParser;
use clap::{Args, ValueEnum, value_parser};
use webinar_bridge_emulator::{Clock, Emulators, Lag, Options, Quotas, Scheme};

use crate::exit::{Failure, print_line};
use crate::sandbox::folder::Folder;
use crate::sandbox::{configuration, ready};
use crate::service::Ending;
use crate::telemetry;
use crate::world::pause;

#[derive(Args)]
pub(crate) struct Flags {
    /// Where ON24 listens, such as 127.0.0.1:8081; a free port of 127.0.0.1 by default, as for the others.
    #[arg(long, value_name = "ADDR", value_parser = address, help_heading = "Addresses")]
    on24: Option<SocketAddr>,
    /// Where ON24's European data centre listens, with an account of its own; left out, there is none.
    #[arg(long, value_name = "ADDR", value_parser = address, help_heading = "Addresses")]
    on24_eu: Option<SocketAddr>,
    /// Where Dataverse listens.
    #[arg(long, value_name = "ADDR", value_parser = address, help_heading = "Addresses")]
    dataverse: Option<SocketAddr>,
    /// Where Entra ID listens.
    #[arg(long, value_name = "ADDR", value_parser = address, help_heading = "Addresses")]
    entra: Option<SocketAddr>,
    /// Where Key Vault listens.
    #[arg(long, value_name = "ADDR", value_parser = address, help_heading = "Addresses")]
    key_vault: Option<SocketAddr>,
    /// Speak https alone, under an authority made at the start, whose certificate clients must trust.
    #[arg(long, help_heading = "Addresses")]
    tls: bool,
    /// Decides everything that is left to chance.
    #[arg(long, value_name = "S", default_value_t = 42, help_heading = "World")]
    seed: u64,
    /// Contacts beside those of registrations.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = rows(), help_heading = "World")]
    contacts: u32,
    /// Registrations for the seeded event, each with a contact of its own.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = rows(), help_heading = "World")]
    registrations: u32,
    /// How late ON24 shows what has happened, on the emulators' clock.
    #[arg(long, value_enum, default_value_t, help_heading = "World")]
    lag: LagFlag,
    /// How often the servers may be called.
    #[arg(long, value_enum, default_value_t, help_heading = "World")]
    quotas: QuotasFlag,
    /// Write a complete configuration for `serve`, with made-up secrets, to this file (mode 0600), in place of what is
    /// there.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    write_config: Option<PathBuf>,
    /// Print one JSON line when everything listens, and nothing else on standard output.
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// An address by numbers, or by the one name that every machine has.
fn address(text: &str) -> Result<SocketAddr, String> {
    let numbers = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numbers.as_deref().unwrap_or(text).parse().map_err(|_| {
        "expected an address and a port, such as 127.0.0.1:8081; port 0 is a free one".to_owned()
    })
}

/// As many rows as a machine holds without trouble.
fn rows() -> RangedI64ValueParser<u32> {
    value_parser!(u32).range(0..=1_000_000)
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
    let Some(emulators) = started(&flags, &mut ending).await? else { return Ok(()) };
    let beside = flags.write_config.as_deref();
    let authority = Authority::write(emulators.ready().ca.as_deref(), beside)?;
    let ca = authority.as_ref().map(|authority| authority.path.as_path());
    let on24 = configuration::Manners {
        published_pace: matches!(flags.quotas, QuotasFlag::Published),
        lags: matches!(flags.lag, LagFlag::Documented),
    };
    let written = beside.map(|path| write_config(path, &emulators, ca, on24)).transpose()?;
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

/// How long nothing is said of a start that takes its time.
const PATIENCE: Duration = Duration::from_secs(2);

/// The emulators, unless the program is asked to end before they are ready.
async fn started(flags: &Flags, ending: &mut Ending) -> Result<Option<Emulators>, Failure> {
    let start = Emulators::start(flags.options(), Clock::new());
    let told = async {
        pause(PATIENCE).await;
        eprintln!("Making keys, {} contacts and {} registrations …", flags.contacts, flags.registrations);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        started = start => started.map(Some).map_err(|error| Failure::configuration(hinted(&error))),
        () = ending.asked() => Ok(None),
        () = told => Ok(None),
    }
}

fn hinted(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable => {
            format!("{error}. Choose another address; port 0 takes a free one.")
        }
        _ => error.to_string(),
    }
}

fn write_config(
    path: &Path,
    emulators: &Emulators,
    ca: Option<&Path>,
    on24: configuration::Manners,
) -> Result<configuration::Written, Failure> {
    configuration::write_for_serve(path, emulators.ready(), ca, on24)
        .map_err(|error| cannot_write(path, &error))
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
        let (path, folder) = if let Some(config) = beside {
            (absolute(config)?.with_extension("ca.pem"), None)
        } else {
            let folder = Folder::open(None)?;
            (folder.path.join("ca.pem"), Some(folder))
        };
        std::fs::write(&path, pem).map_err(|error| cannot_write(&path, &error))?;
        Ok(Some(Self { path, _folder: folder }))
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(Failure::configuration)
}
