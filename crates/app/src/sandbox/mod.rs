//! The sandbox: emulators, a bridge and a story in one process, under one virtual clock, and an auditor at the end.

mod audit;
mod conductor;
pub(crate) mod configuration;
mod crm;
pub(crate) mod folder;
mod peer;
mod progress;
pub(crate) mod ready;
mod story;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use webinar_bridge_admin::Token;
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::port::Clock as _;
use webinar_bridge_emulator::{Clock, Emulators, Options};

use crate::config::{Settings, Source, read};
use crate::exit::{Failure, print_line};
use crate::service::{Ending, Service, bind};
use crate::telemetry;
use crate::wiring::{House, Surroundings, wire};
use crate::world::SystemEntropy;

use conductor::{Conductor, VirtualClock};
use folder::Folder;
use progress::Progress;

/// What is to be played.
pub(crate) struct Plan {
    pub(crate) registrations: u32,
    pub(crate) seed: u64,
    pub(crate) story: Story,
    pub(crate) listen: SocketAddr,
    pub(crate) once: bool,
    pub(crate) json: bool,
    pub(crate) data: Option<PathBuf>,
}

/// The stories there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
    AllWell,
    RateLimited,
    Stormy,
}

/// Plays a story.
pub(crate) async fn run(plan: Plan) -> Result<(), Failure> {
    let began = crate::world::SystemClock::new().now();
    let mut ending = Ending::caught()?;
    telemetry::start("error", crate::config::LogFormat::Auto);
    let public = bind(plan.listen, "--listen").await?;
    let folder = Folder::open(plan.data.as_deref())?;
    let progress = Progress::new(plan.json);
    progress.say("Starting four pretend services in this process …");
    let clock = Clock::new();
    let options = Options { seed: plan.seed, ..Options::default() };
    let emulators = Emulators::start(options, clock.clone()).await.map_err(Failure::unexpected)?;
    let stage = Staged { plan: &plan, folder: &folder, emulators: &emulators, progress: &progress, began };
    let outcome = Box::pin(stage.run(clock, public, &mut ending)).await;
    emulators.stop().await;
    outcome
}

/// The emulators run; the bridge is put beside them.
struct Staged<'a> {
    plan: &'a Plan,
    folder: &'a Folder,
    emulators: &'a Emulators,
    progress: &'a Progress,
    began: Timestamp,
}

impl Staged<'_> {
    async fn run(
        &self,
        clock: Clock,
        public: tokio::net::TcpListener,
        ending: &mut Ending,
    ) -> Result<(), Failure> {
        let peers = self.emulators.ready();
        let written = configuration::write_for_sandbox(&self.folder.path, peers, public.local_addr().ok())
            .map_err(Failure::unexpected)?;
        let source = Source { path: Some(written.path.clone()), variables: std::collections::HashMap::new() };
        let settings = read(&source).map_err(Failure::configuration)?;
        let clock = Arc::new(VirtualClock::new(clock));
        let house = self.house(&settings, clock.clone(), &written.token).await?;
        let organization = story::organization(&house.bridge).await.map_err(Failure::unexpected)?;
        crate::declare::apply(&house.bridge, &settings.organizations).await.map_err(Failure::unexpected)?;
        let service =
            Service::start(house.admin, house.board, public, None, clock.clone(), settings.deliver_workers)?;
        let stage = ready::Stage {
            console: format!("http://{}", service.public),
            api_token: written.token,
            organization: organization.id.uuid(),
            store: settings.storage_url.clone(),
            config: written.path,
        };
        if self.plan.json {
            print_line(ready::sandbox_line(peers, &stage));
        } else {
            self.progress.say(&ready::sandbox_block(peers, &stage));
        }
        let conductor = Conductor::new(clock, service.loops.board.clone(), house.bridge.clone());
        let fatal = service.loops.fatal.clone();
        let outcome = tokio::select! {
            played = self.play(&stage, conductor, house.bridge.clone()) => played,
            () = fatal.cancelled() => Err(Failure::unexpected("the bridge ended itself; the log says why")),
            () = ending.asked() => Err(Failure::unexpected("interrupted")),
        };
        if !self.plan.once && outcome.is_ok() {
            let console = &stage.console;
            self.progress.say(&format!("The console stays open at {console} until you press Ctrl-C."));
            ending.asked().await;
        }
        Box::pin(service.stop(Duration::ZERO)).await;
        let closed = house.store.close().await.map_err(Failure::unexpected);
        outcome.and(closed)
    }

    async fn house(
        &self,
        settings: &Settings,
        clock: Arc<VirtualClock>,
        token: &str,
    ) -> Result<House, Failure> {
        let entropy = Arc::new(SystemEntropy::new());
        let around = Surroundings { clock, entropy, open_house: true, token_lifetime: None };
        let house = wire(settings, around).await.map_err(Failure::configuration_error)?;
        let token = Token::configured(token.to_owned().into())
            .ok_or_else(|| Failure::unexpected("the sandbox's token cannot be used"))?;
        house.admin.gate.admit(&token).await.map_err(Failure::unexpected)?;
        Ok(house)
    }

    /// Plays the story, audits, reports, and judges.
    async fn play(&self, stage: &ready::Stage, conductor: Conductor, bridge: Bridge) -> Result<(), Failure> {
        let Self { plan, emulators, progress, began, .. } = *self;
        let peers = emulators.ready();
        Box::pin(story::Theatre { plan, stage, peers, conductor, progress, bridge }.play()).await?;
        let findings = audit::audit(peers, stage, stage.organization).await.map_err(Failure::unexpected)?;
        let elapsed = crate::world::SystemClock::new().now().duration_since(began);
        if plan.json {
            print_line(findings.line(elapsed));
        } else {
            progress.say(&findings.block(elapsed));
        }
        for complaint in &findings.complaints {
            eprintln!("{complaint}");
        }
        if findings.balanced() || !plan.once {
            Ok(())
        } else {
            Err(Failure::findings("the two sides do not agree"))
        }
    }
}
