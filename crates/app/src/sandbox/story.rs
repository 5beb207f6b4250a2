//! The story: people register, change their minds, come, watch; and everything finds its way.

use reqwest::Method;
use serde_json::json;
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::fault::Peer;
use webinar_bridge_domain::flow::Refusal;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::Organization;
use webinar_bridge_domain::time::SignedDuration;
use webinar_bridge_emulator::Ready;

use super::conductor::Conductor;
use super::crm::CrmUser;
use super::peer::{PeerError, Peers};
use super::progress::{Bar, Progress};
use super::ready::Stage;
use super::{Plan, Story};
use crate::exit::Failure;

/// The organization of the sandbox; a kept data folder has it already.
pub(super) async fn organization(bridge: &Bridge) -> Result<Organization, Refusal> {
    const NAME: &str = "Contoso (sandbox)";
    let known = bridge.steward.list().await?.into_iter().find(|known| known.name == NAME);
    match known {
        Some(known) => Ok(known),
        None => bridge.steward.found(NAME, None).await,
    }
}

/// Everything that a story needs.
pub(super) struct Theatre<'a> {
    pub(super) plan: &'a Plan,
    pub(super) stage: &'a Stage,
    pub(super) peers: &'a Ready,
    pub(super) conductor: Conductor,
    pub(super) progress: &'a Progress,
    pub(super) bridge: Bridge,
}

/// Who does what. `wanted` persons want to come at the end; the others come on top.
struct Cast {
    wanted: u32,
    some: u32,
}

impl Cast {
    const fn new(wanted: u32) -> Self {
        let some = wanted / 40;
        Self { wanted, some: if some == 0 { 1 } else { some } }
    }

    fn wanted(&self) -> std::ops::Range<u32> {
        0..self.wanted
    }

    /// The `n`-th group of those who do something special; small stories have few people, so groups may overlap.
    fn group(&self, n: u32) -> impl Iterator<Item = u32> + use<> {
        let (wanted, some) = (self.wanted, self.some);
        (0..some.min(wanted)).map(move |i| (n * some + i) % wanted)
    }

    /// Those who register and cancel for good.
    fn leavers(&self) -> std::ops::Range<u32> {
        self.wanted..self.wanted + self.some
    }

    /// Those whose contact has no address.
    fn nameless(&self) -> std::ops::Range<u32> {
        self.wanted + self.some..self.wanted + self.some + 2
    }

    /// Rows in the CRM once everybody is registered, and once some have registered again.
    fn rows(&self, again: bool) -> u64 {
        u64::from(self.wanted + self.some + 2) + if again { u64::from(self.some.min(self.wanted)) } else { 0 }
    }
}

impl Theatre<'_> {
    pub(super) async fn play(self) -> Result<(), Failure> {
        let cast = Cast::new(self.plan.registrations);
        let user = CrmUser::new(self.peers, self.plan.seed).await.map_err(Failure::unexpected)?;
        self.weather().await.map_err(Failure::unexpected)?;
        self.activate().await?;
        self.registrations_come(&cast, &user).await?;
        self.minds_change(&cast, &user).await?;
        self.webinar_takes_place().await?;
        self.say_pace().await?;
        self.clear_up().await.map_err(Failure::unexpected)
    }

    /// Says what the bridge has found out about ON24's quotas.
    async fn say_pace(&self) -> Result<(), Failure> {
        if self.plan.story != Story::RateLimited {
            return Ok(());
        }
        let organization = OrganizationId::from(self.stage.organization);
        for (key, gate) in self.bridge.desk.gates(organization).await.map_err(Failure::unexpected)? {
            let pace = match gate.limit() {
                Some(limit) => format!("{limit} calls a minute"),
                None => "as fast as it goes, nothing was refused".to_owned(),
            };
            if key.peer == Peer::Provider && !key.group.is_empty() {
                self.progress.say(&format!("The pace that the bridge found for `{}`: {pace}.", key.group));
            }
        }
        Ok(())
    }

    /// The auditor reads in good weather, and without a quota.
    async fn clear_up(&self) -> Result<(), PeerError> {
        let (peers, calm) = (Peers::new(self.peers.clone())?, json!({ "rules": [] }));
        if self.plan.story == Story::RateLimited {
            peers.settings(&self.peers.on24.base_url, &json!({ "quotas": false })).await?;
        }
        peers.weather(&self.peers.on24.base_url, &calm).await?;
        peers.weather(&self.peers.dataverse.base_url, &calm).await
    }

    async fn weather(&self) -> Result<(), PeerError> {
        match self.plan.story {
            Story::AllWell => return Ok(()),
            Story::RateLimited => {
                self.progress.say(
                    "ON24's published quotas hold: 1000 registrations a minute, fewer of other calls. Nobody tells the bridge.",
                );
                let peers = Peers::new(self.peers.clone())?;
                return peers.settings(&self.peers.on24.base_url, &json!({ "quotas": true })).await;
            }
            Story::Stormy => {}
        }
        self.progress
            .say("Stormy: 5 % of calls fail, 10 % of ON24's answers are lost, a quota bites now and then.");
        let peers = Peers::new(self.peers.clone())?;
        let rule = |operation: &str, effect: &str, probability: f64| json!({ "operation": operation, "effect": effect, "probability": probability, "count": null });
        let writes = ["register", "amend"].into_iter().flat_map(|operation| {
            [
                rule(operation, "status:503", 0.05),
                rule(operation, "drop_after_accept", 0.10),
                rule(operation, "quota", 0.02),
            ]
        });
        let mut on24: Vec<_> = writes.collect();
        on24.push(rule("attendees", "status:503", 0.05));
        peers.weather(&self.peers.on24.base_url, &json!({ "rules": on24 })).await?;
        let crm = ["changes", "list", "batch"].map(|operation| rule(operation, "status:503", 0.05));
        peers.weather(&self.peers.dataverse.base_url, &json!({ "rules": crm })).await
    }

    /// Accepts the terms and enters ON24's credentials, over the bridge's own API.
    async fn activate(&self) -> Result<(), Failure> {
        self.progress.say("Accepting the terms, and sealing the credentials with the key vault …");
        let peers = Peers::new(self.peers.clone()).map_err(Failure::unexpected)?;
        let base = format!("{}/api/v1/organizations/{}", self.stage.console, self.stage.organization);
        let token = &self.stage.api_token;
        let call = async |method, path: &str, body| {
            let url = format!("{base}/{path}");
            peers.bridge(method, &url, token, body).await.map_err(Failure::unexpected)
        };
        let terms = call(Method::GET, "terms", None).await?;
        let acceptance = json!({ "version": terms["version"] });
        call(Method::POST, "terms", Some(&acceptance)).await?;
        let on24 = &self.peers.on24;
        let secret = json!({
            "client_id": on24.client_id,
            "access_token_key": on24.access_token_key,
            "access_token_secret": on24.access_token_secret,
        });
        let entered = call(Method::PUT, "credentials/on24", Some(&secret)).await?;
        self.progress
            .say(&format!("ON24's credentials: {}.", entered["outcome"].as_str().unwrap_or("unknown")));
        self.conductor.hurry();
        Ok(())
    }

    async fn registrations_come(&self, cast: &Cast, user: &CrmUser) -> Result<(), Failure> {
        self.progress.say(&format!("{} people register in Dynamics 365 …", cast.rows(false)));
        let bar = self.progress.bar("Registrations at ON24", u64::from(cast.wanted + cast.some));
        self.in_crm(user.register(cast.wanted().chain(cast.leavers()))).await?;
        self.in_crm(user.register_without_address(cast.nameless())).await?;
        self.delivered("registrations reach ON24", cast.rows(false), &bar).await
    }

    async fn minds_change(&self, cast: &Cast, user: &CrmUser) -> Result<(), Failure> {
        self.progress.say("Some cancel, some marry, some move, some register twice …");
        let staying = cast.wanted - cast.some.min(cast.wanted);
        let bar = self.progress.bar("Changes at ON24", u64::from(staying));
        self.in_crm(user.cancel(cast.leavers().chain(cast.group(0)), true)).await?;
        self.in_crm(user.marry(cast.group(1))).await?;
        self.in_crm(user.move_house(cast.group(2))).await?;
        self.in_crm(user.register_again(cast.group(3))).await?;
        self.delivered("changes reach ON24", cast.rows(true), &bar).await?;
        self.progress.say("… and some who had cancelled come back.");
        let bar = self.progress.bar("Returns at ON24", u64::from(cast.wanted));
        self.in_crm(user.cancel(cast.group(0), false)).await?;
        self.delivered("returns reach ON24", cast.rows(true), &bar).await
    }

    /// The webinar takes place, and its minutes come home: live ones first, later those watched on demand.
    async fn webinar_takes_place(&self) -> Result<(), Failure> {
        let organization = OrganizationId::from(self.stage.organization);
        let webinars = self.bridge.desk.webinars(organization).await.map_err(Failure::unexpected)?;
        let ends = webinars.first().map(|(webinar, _)| webinar.ends);
        let ends = ends.ok_or_else(|| Failure::unexpected("the webinar was not found in the CRM"))?;
        self.progress.say("A week passes, and the webinar takes place …");
        self.conductor.pass_time_to(ends).await;
        let bar = self.progress.bar("Minutes in Dynamics", 0);
        for hours in [1, 7, 25] {
            self.conductor.pass_time_to(ends + SignedDuration::from_hours(hours)).await;
        }
        let reached = async |conductor: &Conductor| {
            let minutes = conductor.balance(organization).await?.minutes;
            let pulled = conductor.next_pull().await?.is_some_and(|next| next > conductor.now());
            Ok(pulled && minutes.on_their_way == 0 && conductor.all_told().await?)
        };
        let look = async |conductor: &Conductor| {
            if let Ok(balance) = conductor.balance(organization).await {
                bar.at(balance.minutes.crm, balance.minutes.provider);
            }
        };
        self.conductor.until("minutes come home", reached, look).await?;
        bar.done();
        Ok(())
    }

    /// Waits until every row is read and everything is where it should be.
    async fn delivered(&self, scene: &str, rows: u64, bar: &Bar) -> Result<(), Failure> {
        let organization = OrganizationId::from(self.stage.organization);
        self.conductor.hurry();
        let mut looks = 0_u32;
        let reached = async |conductor: &Conductor| {
            let balance = conductor.balance(organization).await?;
            let registrations = &balance.registrations;
            // Two quiet moments in a row: what was just written to the CRM has been looked at.
            let calm = registrations.crm == rows && registrations.on_their_way == 0;
            looks = if calm { looks + 1 } else { 0 };
            Ok(looks > QUIET_MOMENTS && conductor.all_told().await?)
        };
        let look = async |conductor: &Conductor| {
            if let Ok(balance) = conductor.balance(organization).await {
                bar.at(balance.persons.at_provider, 0);
            }
        };
        self.conductor.until(scene, reached, look).await?;
        bar.done();
        Ok(())
    }

    async fn in_crm(&self, work: impl Future<Output = Result<(), PeerError>>) -> Result<(), Failure> {
        work.await.map_err(Failure::unexpected)
    }
}

/// How many quiet moments with nothing on its way end a scene: after each the clock moves on to the next poll.
const QUIET_MOMENTS: u32 = 4;
