//! A bridge at the emulators, with its loops and what watches them.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webinar_bridge_admin::Meters;
use webinar_bridge_app::pipeline::{Board, Loops, Seat};
use webinar_bridge_app::world::SystemClock;
use webinar_bridge_domain::balance::Scope;
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::flow::{Policies, Rest};
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::share::SharePolicy;
use webinar_bridge_emulator::Ready;
use webinar_bridge_on24::On24Settings;
use webinar_bridge_storage::{StorageSettings, Store};

use super::load;
use super::watch::{Watched, WatchedIntake};
use crate::house::{self, Wiring};

/// A bridge with its store, and what watches it.
pub struct Site {
    /// Where it keeps everything.
    pub store: Store,
    /// Its flows.
    pub bridge: Bridge,
    /// Its one organization.
    pub organization: OrganizationId,
    /// Sees what it takes in and delivers.
    pub watched: Arc<Watched>,
    /// Its loops, none of which runs yet.
    pub loops: Loops,
}

/// How a bridge goes about its work.
pub struct Manner {
    policies: Policies,
    on24: On24Settings,
}

impl Manner {
    /// As fast as it can be: nothing is paced, nobody has to share.
    pub fn fast() -> Self {
        let mut policies = Policies { share: SharePolicy::open(), ..Policies::default() };
        policies.pace.paced = false;
        // Its purpose is to slow such storms down.
        policies.reads_a_minute = 1_000_000;
        Self { policies, on24: On24Settings::default() }
    }

    /// As it is by default, but that calls go as fast as ON24 bears, and not as slowly as it publishes.
    pub fn usual() -> Self {
        let on24 = On24Settings { published_pace: false, ..On24Settings::default() };
        Self { policies: Policies::default(), on24 }
    }
}

impl Site {
    /// On the store at `url`, in which an organization is founded unless there is one; as fast as it can be.
    pub async fn open(ready: &Ready, url: &str) -> Self {
        Self::of(ready, url, Manner::fast()).await
    }

    /// On the store at `url`, in which an organization is founded unless there is one.
    pub async fn of(ready: &Ready, url: &str, manner: Manner) -> Self {
        let store = webinar_bridge_storage::open(&StorageSettings::at(url)).await.expect("a store");
        let watched = Arc::new(Watched::new(Arc::new(store.clone())));
        let board = Arc::new(Board::new());
        let clock = Arc::new(SystemClock::new());
        let wiring = Wiring {
            intake: Arc::new(WatchedIntake { within: Arc::new(store.clone()), notes: watched.clone() }),
            worklist: watched.clone(),
            bell: board.clone(),
            policies: manner.policies,
            on24: manner.on24,
            ..Wiring::of(&store, clock.clone())
        };
        let bridge = house::bridge(ready, wiring);
        let known = bridge.ports().organizations.list().await.expect("the store works");
        let organization = match known.first() {
            Some(known) => known.item.id,
            None => house::activated(&bridge, ready, "Contoso").await,
        };
        let loops = Loops::new(bridge.clone(), Meters::new("bench"), board, clock, CancellationToken::new());
        Self { store, bridge, organization, watched, loops }
    }

    /// Has the CRM read until so many registrations of its organization are known and due.
    pub async fn observed(&self, registrations: u64) {
        self.observed_of(self.organization, registrations).await;
    }

    /// Has the CRMs read until so many registrations of an organization are known and due.
    pub async fn observed_of(&self, organization: OrganizationId, registrations: u64) {
        loop {
            let report = self.bridge.observe.step().await.expect("a step");
            let balance = self.bridge.desk.balance(organization, Scope::Organization).await;
            let balance = balance.expect("a balance");
            if report.rest != Rest::Now && balance.registrations.crm == registrations {
                assert_eq!(balance.persons.on_their_way, registrations, "everybody is due");
                return;
            }
        }
    }

    /// Starts some of its loops, with as many calls out at once as the plain client has.
    pub fn start(&self, seats: &[Seat]) -> TaskTracker {
        self.loops.start_some(seats, u32::try_from(load::IN_FLIGHT).expect("a count"))
    }
}
