//! `serve`: the service.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use webinar_bridge_domain::time::SignedDuration;

use crate::config::{Source, read};
use crate::exit::Failure;
use crate::service::{Ending, Service, bind};
use crate::wiring::{Surroundings, wire};
use crate::world::{SystemClock, SystemEntropy};
use crate::{declare, telemetry};

#[derive(Args)]
pub(crate) struct Flags {
    /// The configuration file; settings can also come from `WEBINAR_BRIDGE__SECTION__KEY`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// How long a bootstrap token lives.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(24);

pub(crate) async fn run(flags: Flags) -> Result<(), Failure> {
    let mut ending = Ending::caught()?;
    let settings =
        read(&Source::file(flags.config)).map_err(|unusable| Failure::configuration(unusable.to_string()))?;
    telemetry::start(&settings.log_filter, settings.log_format);
    let public = bind(settings.public, "server.public").await?;
    let private = bind(settings.private, "server.private").await?;
    let around = Surroundings {
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(SystemEntropy::new()),
        open_house: false,
        token_lifetime: Some(TOKEN_LIFE),
    };
    let house = wire(&settings, around).await.map_err(Failure::configuration_error)?;
    if let Some(token) = &settings.token {
        house.admin.gate.admit(token).await.map_err(Failure::unexpected)?;
    } else {
        tracing::warn!(code = "no_token", "no `api.bootstrap_token` is configured: nobody can use the API");
    }
    let service = Service::start(
        house.admin,
        house.board,
        public,
        Some(private),
        Arc::new(SystemClock::new()),
        settings.deliver_workers,
    )?;
    tracing::info!(code = "ready", public = %service.public, private = %service.private.unwrap_or(settings.private), "ready");
    let declaring = async {
        declare::until_applied(&house.bridge, &settings.organizations, settings.policies.outage_rest).await;
        service.loops.board.wake_all();
        std::future::pending::<()>().await;
    };
    let fatal = service.loops.fatal.clone();
    let failed = tokio::select! {
        () = ending.asked() => false,
        () = fatal.cancelled() => true,
        () = declaring => false,
    };
    tracing::info!(code = "draining", "ending: no new work, running calls end");
    Box::pin(service.stop(settings.drain)).await;
    house.store.close().await.map_err(Failure::unexpected)?;
    tracing::info!(code = "ended", "ended");
    if failed { Err(Failure::unexpected("the service ended itself; the log says why")) } else { Ok(()) }
}
