//! One registration's way from the CRM to ON24 and its answer back; one webinar's minutes on their way home. Every flow
//! is stepped by hand, so that each place on the way can be looked at.
#![expect(clippy::unwrap_used, reason = "what fails in a step of a test fails the test")]

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use webinar_bridge_domain::balance::{Balance, Scope};
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::credential::Purpose;
use webinar_bridge_domain::flow::{ProbeOutcome, Rest, StepReport};
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{Clock, StoreError};
use webinar_bridge_domain::time::whole_micros;
use webinar_bridge_emulator::{Emulators, Options, Ready};
use webinar_bridge_storage::{StorageSettings, Store};
use webinar_bridge_tests::house::{self, Wiring};

/// The emulators' clock, as the bridge reads it.
struct EmulatorClock(webinar_bridge_emulator::Clock);

impl Clock for EmulatorClock {
    fn now(&self) -> Timestamp {
        whole_micros(self.0.now())
    }
}

/// The emulators, and a bridge on a store of its own that nobody drives but the test.
struct House {
    emulators: Emulators,
    bridge: Bridge,
    store: Store,
    organization: OrganizationId,
    client: Client,
    _folder: TempDir,
}

impl House {
    async fn with(registrations: u32) -> Self {
        let clock = webinar_bridge_emulator::Clock::new();
        let options = Options { registrations, ..Options::default() };
        let emulators = Emulators::start(options, clock.clone()).await.unwrap();
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("bridge.db").display());
        let store = webinar_bridge_storage::open(&StorageSettings::at(url)).await.unwrap();
        let wiring = Wiring::of(&store, Arc::new(EmulatorClock(clock)));
        let bridge = house::bridge(emulators.ready(), wiring);
        let organization = bridge.steward.found("Contoso", None).await.unwrap().id;
        let client = Client::builder().no_proxy().build().unwrap();
        Self { emulators, bridge, store, organization, client, _folder: folder }
    }

    fn ready(&self) -> &Ready {
        self.emulators.ready()
    }

    async fn enters(&self, purpose: Purpose) -> ProbeOutcome {
        let secret = house::secret(self.ready(), purpose);
        self.bridge.steward.enter(self.organization, purpose, &secret).await.unwrap()
    }

    /// Terms and credentials.
    async fn activated(self) -> Self {
        let terms = self.bridge.steward.terms();
        self.bridge.steward.accept_terms(self.organization, terms).await.unwrap();
        self.enters(Purpose::Crm).await;
        self.enters(Purpose::Provider).await;
        assert_eq!(self.state().await, "active");
        self
    }

    async fn state(&self) -> &'static str {
        self.bridge.steward.load(self.organization).await.unwrap().item.integration.name()
    }

    async fn balance(&self) -> Balance {
        let balance = self.bridge.desk.balance(self.organization, Scope::Organization).await.unwrap();
        assert!(balance.registrations.adds_up() && balance.minutes.adds_up(), "at every moment: {balance:?}");
        balance
    }

    async fn observe(&self) {
        self.bridge.observe.hurry();
        at_rest(async || self.bridge.observe.step().await).await;
    }

    /// Delivers everything; what the pace keeps for the next seconds too.
    async fn deliver(&self) {
        for _ in 0..50 {
            match self.bridge.deliver.step(10).await.unwrap().rest {
                Rest::Now => {}
                Rest::Until(at) => {
                    let wait = at.duration_since(self.emulators.clock().now());
                    if wait > SignedDuration::from_mins(1) {
                        return;
                    }
                    self.emulators.clock().advance(wait.max(SignedDuration::ZERO));
                }
                Rest::Idle => return,
            }
        }
        panic!("the flow does not come to rest");
    }

    /// Everybody who is live at ON24.
    async fn live(&self) -> Vec<Value> {
        let root = self.ready().on24.base_url.trim_end_matches("/v2");
        let answer = self.client.get(format!("{root}/_emulator/state")).send().await.unwrap();
        let mut state: Value = answer.json().await.unwrap();
        let Value::Array(everybody) = state["events"][0]["registrants"].take() else { panic!("a list") };
        everybody.into_iter().filter(|one| one["state"] == "live").collect()
    }

    async fn crm_token(&self) -> String {
        let crm = &self.ready().dataverse;
        let scope = format!("{}/.default", crm.base_url);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &crm.client_id),
            ("client_secret", &crm.client_secret),
            ("scope", &scope),
        ];
        let url = format!("{}/{}/oauth2/v2.0/token", crm.authority, crm.tenant_id);
        let answer: Value = self.client.post(url).form(&form).send().await.unwrap().json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn crm_rows(&self, query: &str) -> Vec<Value> {
        let url = format!("{}/api/data/v9.2/{query}", self.ready().dataverse.base_url);
        let answer = self.client.get(url).bearer_auth(self.crm_token().await).send().await.unwrap();
        let mut rows: Value = answer.json().await.unwrap();
        let Value::Array(rows) = rows["value"].take() else { panic!("rows") };
        rows
    }

    /// What the CRM's one registration says of ON24: the person's id there, and the outcome.
    async fn answered(&self) -> (Value, Value) {
        let query =
            "msevtmgt_eventregistrations?$select=msevtmgt_webinarregistrationid,msevtmgt_publishingstate";
        let mut rows = self.crm_rows(query).await;
        (rows[0]["msevtmgt_webinarregistrationid"].take(), rows[0]["msevtmgt_publishingstate"].take())
    }

    async fn ended(self) {
        self.store.close().await.unwrap();
        self.emulators.stop().await;
    }
}

/// Steps a flow until it wants to rest.
async fn at_rest(mut step: impl AsyncFnMut() -> Result<StepReport, StoreError>) {
    for _ in 0..50 {
        if step().await.unwrap().rest != Rest::Now {
            return;
        }
    }
    panic!("the flow does not come to rest");
}

#[tokio::test]
async fn permission_comes_before_everything() {
    let house = House::with(1).await;
    assert_eq!(house.state().await, "dormant");
    house.observe().await;
    assert_eq!(house.balance().await.registrations.crm, 0, "nothing is read");
    let outcome = house.enters(Purpose::Crm).await;
    assert!(matches!(outcome, ProbeOutcome::Nothing), "kept and not tried: {outcome:?}");

    let terms = house.bridge.steward.terms();
    house.bridge.steward.accept_terms(house.organization, terms).await.unwrap();
    assert_eq!(house.state().await, "awaiting credentials");
    house.observe().await;
    assert_eq!(house.balance().await.registrations.crm, 0);

    let outcome = house.enters(Purpose::Provider).await;
    assert!(matches!(outcome, ProbeOutcome::Accepted), "{outcome:?}");
    at_rest(async || house.bridge.steward.step().await).await;
    assert_eq!(house.state().await, "active");
    house.ended().await;
}

#[tokio::test]
async fn a_registration_goes_to_on24_and_its_answer_comes_back() {
    let house = House::with(1).await.activated().await;
    assert_eq!(house.balance().await.registrations.crm, 0);

    house.observe().await;
    let balance = house.balance().await;
    assert_eq!(
        (balance.registrations.crm, balance.registrations.on_their_way),
        (1, 1),
        "known, and on its way"
    );
    assert_eq!((balance.persons.at_provider, house.live().await.len()), (0, 0), "ON24 has not heard of it");

    house.deliver().await;
    let balance = house.balance().await;
    assert_eq!((balance.persons.at_provider, balance.persons.on_their_way), (1, 0));
    let live = house.live().await;
    assert_eq!((live.len(), &live[0]["writes"]), (1, &json!(1)), "sent once");
    let (id, outcome) = house.answered().await;
    assert!(id.is_null() && outcome != json!(100_000_001), "the CRM has not heard of it: {id} {outcome}");

    at_rest(async || house.bridge.answer.step().await).await;
    let (id, outcome) = house.answered().await;
    assert_eq!(id, json!(live[0]["event_user_id"].to_string()), "the person's id at ON24");
    assert_eq!(outcome, json!(100_000_001), "published");

    // Our own answer changes the row in the CRM; nothing comes of it.
    house.observe().await;
    house.deliver().await;
    assert_eq!(house.balance().await.persons.on_their_way, 0);
    assert_eq!(house.live().await[0]["writes"], 1, "an echo is no news");
    house.ended().await;
}

#[tokio::test]
async fn the_minutes_of_a_webinar_come_home() {
    let house = House::with(12).await.activated().await;
    house.observe().await;
    house.deliver().await;
    at_rest(async || house.bridge.answer.step().await).await;
    assert_eq!(house.balance().await.persons.at_provider, 12);
    at_rest(async || house.bridge.metrics.step().await).await;
    assert_eq!(house.balance().await.minutes.provider, 0, "the webinar is still to come");

    let webinars = house.bridge.desk.webinars(house.organization).await.unwrap();
    let [(webinar, _)] = &webinars[..] else { panic!("one webinar") };
    let after = webinar.ends.duration_since(house.emulators.clock().now()) + SignedDuration::from_hours(1);
    house.emulators.clock().advance(after);
    at_rest(async || house.bridge.metrics.step().await).await;
    let minutes = house.balance().await.minutes;
    assert!(minutes.provider > 0, "somebody watched");
    assert_eq!((minutes.crm, minutes.on_their_way), (minutes.provider, 0), "all of it is home");
    assert_eq!(minutes.unmatched_people, 0, "everybody who watched had registered");

    let rows = house.crm_rows("msevtmgt_checkins?$select=msevtmgt_viewingdurationinmins").await;
    let written = rows.iter().filter_map(|row| row["msevtmgt_viewingdurationinmins"].as_u64());
    assert_eq!(written.sum::<u64>(), minutes.crm, "and the CRM says so itself");
    assert!(rows.len() <= 12, "one row a person: {}", rows.len());
    house.ended().await;
}
