//! A process: the service's own loops over the world, with a life of its own.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webinar_bridge_admin::Meters;
use webinar_bridge_app::pipeline::{Board, Loops};
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::flow::{Keyholder, Policies, Ports};
use webinar_bridge_domain::memory::{MemoryStore, PlainPrivacy, PlainVault, SeededEntropy};
use webinar_bridge_domain::port::{Bell, Silence};

use super::air::Air;
use super::crm::{Crm, CrmLine};
use super::life::Life;
use super::provider::{Provider, ProviderLine};
use super::store::Line;

/// What all processes share.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) air: Air,
    pub(super) store: MemoryStore,
    pub(super) crm: Arc<Crm>,
    pub(super) provider: Arc<Provider>,
    pub(super) policies: Policies,
}

/// A process that runs.
pub(super) struct Process {
    pub(super) life: Life,
    loops: Loops,
    tasks: TaskTracker,
}

impl Process {
    pub(super) fn start(around: &Surroundings) -> Self {
        let life = Life::new();
        let board = Arc::new(Board::new());
        let bridge = bridge(around, &life, board.clone());
        let wait = Arc::new(around.air.clone());
        let loops = Loops::new(bridge, Meters::new("sim"), board, wait, CancellationToken::new());
        let tasks = loops.start(around.policies.share.slots);
        Self { life, loops, tasks }
    }

    /// Whether it ended itself, which nothing here gives it a reason for.
    pub(super) fn gave_up(&self) -> bool {
        self.loops.fatal.is_cancelled()
    }

    /// Asks it to end and waits for that, as long as it has.
    pub(super) async fn end(&self, air: &Air) {
        self.loops.stop.cancel();
        tokio::select! {
            biased;
            () = self.tasks.wait() => air.count("processes ended in time"),
            () = air.pass(std::time::Duration::from_secs(20)) => air.count("processes ended too late"),
        }
        self.life.kill();
    }

    /// Wakes its loops, as a notice at its door would.
    pub(super) fn ring(&self) {
        self.loops.board.ring();
    }
}

/// A bridge over the world, with a way of its own to everything.
pub(super) fn bridge(around: &Surroundings, life: &Life, bell: Arc<dyn Bell>) -> Bridge {
    let Surroundings { air, store, crm, provider, policies } = around;
    let shelf = Line::new(store, air, life);
    let crm = Arc::new(CrmLine { crm: crm.clone(), life: life.clone() });
    let provider = Arc::new(ProviderLine { provider: provider.clone(), life: life.clone() });
    let clock = Arc::new(air.clone());
    let entropy = Arc::new(SeededEntropy::new(air.below(u64::MAX)));
    let vault = Arc::new(PlainVault);
    let keyholder = Arc::new(Keyholder::new(
        shelf.clone(),
        vault.clone(),
        clock.clone(),
        entropy.clone(),
        Arc::new(policies.clone()),
    ));
    let ports = Ports {
        clock,
        entropy,
        bell,
        feed: crm.clone(),
        answers: crm.clone(),
        check_ins: crm.clone(),
        crm_account: crm,
        registrar: provider.clone(),
        attendance: provider.clone(),
        provider_account: provider,
        vault,
        privacy: Arc::new(PlainPrivacy),
        intake: shelf.clone(),
        worklist: shelf.clone(),
        books: Arc::new(store.clone()),
        ledger: shelf.clone(),
        organizations: shelf.clone(),
        credentials: shelf.clone(),
        webinars: shelf.clone(),
        brakes: shelf.clone(),
        endpoints: shelf.clone(),
        tasks: shelf.clone(),
        gates: shelf.clone(),
        key_shelf: shelf,
        chronicle: Arc::new(store.clone()),
    };
    Bridge::new(ports, keyholder, policies.clone())
}

/// A bridge that nothing happens to, for whoever sets the world up and looks at it.
pub(super) fn overseer(around: &Surroundings) -> Bridge {
    bridge(around, &Life::new(), Arc::new(Silence))
}
