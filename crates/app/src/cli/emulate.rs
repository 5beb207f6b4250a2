//! `emulate`: the pretend peers alone, for anyone's client.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use webinar_bridge_emulator::{Clock, Emulators, Options};

use crate::exit::{Failure, print_line};
use crate::sandbox::{configuration, ready};
use crate::service::Ending;
use crate::telemetry;

#[derive(Args)]
pub(crate) struct Flags {
    /// Where ON24 listens, such as 127.0.0.1:8081; a free port of this machine by default.
    #[arg(long, value_name = "ADDR")]
    on24: Option<SocketAddr>,
    /// Where Dataverse listens; likewise.
    #[arg(long, value_name = "ADDR")]
    dataverse: Option<SocketAddr>,
    /// Where Entra ID listens; likewise.
    #[arg(long, value_name = "ADDR")]
    entra: Option<SocketAddr>,
    /// Where Key Vault listens; likewise.
    #[arg(long, value_name = "ADDR")]
    key_vault: Option<SocketAddr>,
    /// Decides everything that is left to chance.
    #[arg(long, value_name = "S", default_value_t = 42)]
    seed: u64,
    /// Contacts beside those of registrations.
    #[arg(long, value_name = "N", default_value_t = 0)]
    contacts: u32,
    /// Registrations for the seeded event, each with a contact of its own.
    #[arg(long, value_name = "N", default_value_t = 0)]
    registrations: u32,
    /// Write a complete configuration for `serve`, with made-up secrets, to this file (mode 0600).
    #[arg(long, value_name = "FILE")]
    write_config: Option<PathBuf>,
    /// Print one JSON line when everything listens, and nothing else on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    later: Later,
}

/// Flags that are promised and not built yet.
#[derive(Args)]
struct Later {
    #[arg(long, hide = true)]
    tls: bool,
    #[arg(long, hide = true, value_name = "ADDR")]
    on24_eu: Option<String>,
    #[arg(long, hide = true, value_name = "WHICH")]
    quotas: Option<String>,
    #[arg(long, hide = true, value_name = "WHICH")]
    lag: Option<String>,
}

impl Later {
    fn refuse(&self) -> Result<(), Failure> {
        let given = [
            ("--tls", self.tls),
            ("--on24-eu", self.on24_eu.is_some()),
            ("--quotas", self.quotas.is_some()),
            ("--lag", self.lag.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((flag, _)) => Err(Failure::usage(format!(
                "{flag} is not built yet: the emulators speak plain HTTP, have one ON24 server, no quotas and no lag. \
                 Leave the flag out."
            ))),
        }
    }
}

pub(crate) async fn run(flags: Flags) -> Result<(), Failure> {
    flags.later.refuse()?;
    let mut ending = Ending::caught()?;
    telemetry::start("warn", crate::config::LogFormat::Auto);
    let options = Options {
        seed: flags.seed,
        contacts: flags.contacts,
        registrations: flags.registrations,
        on24: flags.on24,
        dataverse: flags.dataverse,
        entra: flags.entra,
        key_vault: flags.key_vault,
    };
    let emulators = Emulators::start(options, Clock::new()).await.map_err(Failure::configuration)?;
    let written = match &flags.write_config {
        None => None,
        Some(path) => {
            let cannot = |error| format!("{} cannot be written: {error}", path.display());
            let written = configuration::write_for_serve(path, emulators.ready());
            Some(written.map_err(|error| Failure::configuration(cannot(error)))?)
        }
    };
    if flags.json {
        print_line(ready::emulate_line(emulators.ready(), written.as_ref()));
    } else {
        print_line(ready::emulate_block(emulators.ready(), written.as_ref()).trim_end());
    }
    ending.asked().await;
    emulators.stop().await;
    Ok(())
}
