//! The sandbox: emulators, a bridge and a story in one process, under one virtual clock, and an auditor at the end.

mod audit;
mod conductor;
pub(crate) mod configuration;
mod crm;
mod peer;
mod progress;
pub(crate) mod ready;
mod story;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use webinar_bridge_admin::Token;
use webinar_bridge_domain::port::Clock as _;
use webinar_bridge_emulator::{Clock, Emulators, Options};

use crate::config::{Source, read};
use crate::exit::Failure;
use crate::service::{Service, asked_to_end, bind};
use crate::telemetry;
use crate::wiring::{Surroundings, wire};
use crate::world::SystemEntropy;

use conductor::{Conductor, VirtualClock};
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
    Stormy,
}

/// A folder for the data; a temporary one goes with it.
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    fn open(given: Option<&Path>) -> Result<Self, Failure> {
        let (path, temporary) = match given {
            Some(path) => (path.to_path_buf(), false),
            None => {
                let name = format!("webinar-bridge-sandbox-{}", std::process::id());
                (std::env::temp_dir().join(name), true)
            }
        };
        let made = std::fs::create_dir_all(&path).and_then(|()| path.canonicalize());
        let path = made.map_err(|error| {
            Failure::configuration(format!("the folder {} cannot be used: {error}", path.display()))
        })?;
        Ok(Self { path, temporary })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed from a temporary folder is left to the machine.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

/// Plays a story.
pub(crate) async fn run(plan: Plan) -> Result<(), Failure> {
    let began = crate::world::SystemClock.now();
    telemetry::start("error", crate::config::LogFormat::Auto);
    let public = bind(plan.listen, "--listen").await?;
    let folder = Folder::open(plan.data.as_deref())?;
    let progress = Progress::new(plan.json);
    progress.say("Starting four pretend services in this process …");
    let clock = Clock::new();
    let options = Options { seed: plan.seed, ..Options::default() };
    let emulators = Emulators::start(options, clock.clone()).await.map_err(Failure::unexpected)?;
    let outcome = staged(&plan, &folder, &emulators, clock, public, &progress, began).await;
    emulators.stop().await;
    outcome
}

async fn staged(
    plan: &Plan,
    folder: &Folder,
    emulators: &Emulators,
    clock: Clock,
    public: tokio::net::TcpListener,
    progress: &Progress,
    began: Timestamp,
) -> Result<(), Failure> {
    let written = configuration::write_for_sandbox(&folder.path, emulators.ready(), public.local_addr().ok())
        .map_err(Failure::unexpected)?;
    let source = Source { path: Some(written.path.clone()), variables: std::collections::HashMap::new() };
    let settings = read(&source).map_err(|unusable| Failure::configuration(unusable.to_string()))?;
    let clock = Arc::new(VirtualClock::new(clock));
    let around = Surroundings {
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy::new()),
        open_house: true,
        token_lifetime: None,
    };
    let house = wire(&settings, around).await.map_err(Failure::configuration_error)?;
    let token = Token::configured(written.token.clone().into())
        .ok_or_else(|| Failure::unexpected("the sandbox's token is too short"))?;
    house.admin.gate.admit(&token).await.map_err(Failure::unexpected)?;
    let organization = story::organization(&house.bridge).await.map_err(Failure::unexpected)?;
    crate::declare::apply(&house.bridge, &settings.organizations).await.map_err(Failure::unexpected)?;
    let service =
        Service::start(house.admin, house.board, public, None, clock.clone(), settings.deliver_workers)?;
    let console = format!("http://{}", service.public);
    let stage = ready::Stage {
        console: console.clone(),
        api_token: written.token,
        organization: organization.id.uuid(),
        store: settings.storage_url.clone(),
        config: written.path,
    };
    if plan.json {
        println!("{}", ready::sandbox_line(emulators.ready(), &stage));
    } else {
        progress.say(&ready::sandbox_block(emulators.ready(), &stage));
    }
    let conductor = Conductor::new(clock, service.loops.board.clone(), house.bridge.clone());
    let bridge = house.bridge.clone();
    let theatre =
        story::Theatre { plan, stage: &stage, peers: emulators.ready(), conductor, progress, bridge };
    let fatal = service.loops.fatal.clone();
    let played = tokio::select! {
        played = theatre.play() => played,
        () = fatal.cancelled() => Err(Failure::unexpected("the bridge ended itself; the log says why")),
        () = asked_to_end() => Err(Failure::unexpected("interrupted")),
    };
    let outcome = match played {
        Ok(()) => finale(plan, &stage, emulators, organization.id.uuid(), progress, began).await,
        Err(failure) => Err(failure),
    };
    if !plan.once && outcome.is_ok() {
        progress.say(&format!("The console stays open at {console} until you press Ctrl-C."));
        asked_to_end().await;
    }
    service.stop().await;
    let closed = house.store.close().await.map_err(Failure::unexpected);
    outcome.and(closed)
}

/// Audits, reports, and judges.
async fn finale(
    plan: &Plan,
    stage: &ready::Stage,
    emulators: &Emulators,
    organization: uuid::Uuid,
    progress: &Progress,
    began: Timestamp,
) -> Result<(), Failure> {
    let findings = audit::audit(emulators.ready(), stage, organization).await.map_err(Failure::unexpected)?;
    let elapsed = crate::world::SystemClock.now().duration_since(began);
    if plan.json {
        println!("{}", findings.line(elapsed));
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
