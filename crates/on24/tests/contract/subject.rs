//! The adapter, over an emulated ON24 that is arranged past it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use webinar_bridge_contract::subject::ProviderSubject;
use webinar_bridge_contract::world::{KeyState, ProviderStage, ProviderWorld, Weather, named};
use webinar_bridge_domain::credential::CredentialSlot;
use webinar_bridge_domain::fault::{Fault, Peer};
use webinar_bridge_domain::id::{OrganizationId, ProviderEventId};
use webinar_bridge_domain::metrics::Watched;
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{
    Account, AttendanceSource, Clock, CredentialProvider, OpenSecret, Registrar, Versioned,
};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};
use webinar_bridge_emulator::{self as emulator, Emulators, Options, Settings, Webinar};
use webinar_bridge_on24::{On24, On24Settings, provider, secret};
use webinar_bridge_transport::{ClientSettings, Exchange, HttpClient, Method, RequestBuilder};

const VERSION: u64 = 3;
const MINUTES: u32 = 60;
/// Chance may have nobody come; more draws than this it does not need.
const DRAWS: u64 = 50;

pub(crate) struct On24Subject {
    emulators: Emulators,
    client: HttpClient,
    secret: Arc<Mutex<OpenSecret>>,
    on24: On24,
}

/// The emulators' clock, which the adapter goes by too.
struct SharedClock(emulator::Clock);

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

struct SharedSecret(Arc<Mutex<OpenSecret>>);

#[async_trait]
impl CredentialProvider for SharedSecret {
    async fn current(&self, _: &CredentialSlot) -> Result<Versioned, Fault> {
        Ok(Versioned { version: VERSION, secret: self.0.lock().unwrap().clone() })
    }
}

impl On24Subject {
    pub(crate) async fn over_emulator() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = emulator::Clock::new();
        let emulators = Emulators::start(Options::default(), clock.clone()).await.unwrap();
        let client = HttpClient::new(&ClientSettings::default()).unwrap();
        let secret = Arc::new(Mutex::new(secret_of(&emulators, KeyState::Accepted)));
        let credentials = Arc::new(SharedSecret(secret.clone()));
        let on24 =
            provider(&On24Settings::default(), client.clone(), credentials, Arc::new(SharedClock(clock)));
        Self { emulators, client, secret, on24 }
    }

    /// A new event with these people, some of whom come if that is wanted.
    async fn event(&self, world: &ProviderWorld, draw: u64) -> i64 {
        let starts = self.emulators.clock().now() + SignedDuration::from_hours(1);
        let event = self.emulators.add_event(Webinar::new("Contract", starts, MINUTES));
        for details in world.registered.iter().chain(&world.attended) {
            self.register(event, details).await;
        }
        if world.started {
            let over = if world.attended.is_empty() { 90 } else { 180 };
            self.emulators.clock().advance(SignedDuration::from_mins(over));
        }
        if !world.attended.is_empty() {
            let turnout = json!({ "event_id": event, "seed": draw, "ondemand": true });
            self.control(Method::POST, "attendance", &turnout).await;
        }
        event
    }

    async fn register(&self, event: i64, details: &Details) {
        let path = format!("event/{event}/registrant?honorrequired=N");
        let form = [
            ("email", details.address.as_typed()),
            ("firstname", &details.first_name),
            ("lastname", &details.last_name),
            ("company", &details.company),
            ("jobtitle", &details.job_title),
        ];
        let request = self.account_request(Method::POST, &path).form(&form);
        self.send(request).await;
    }

    /// What the emulator itself shows of everybody who came.
    async fn watched(&self, event: i64) -> BTreeMap<String, Watched> {
        let list = self.send(self.account_request(Method::GET, &format!("event/{event}/attendee"))).await;
        let rows = list["attendees"].as_array().unwrap();
        rows.iter()
            .map(|row| (Address::new(row["email"].as_str().unwrap()).canonical().unwrap(), seen(row)))
            .collect()
    }

    fn account_request(&self, method: Method, path: &str) -> RequestBuilder {
        let ready = &self.emulators.ready().on24;
        let url = format!("{}/client/{}/{path}", ready.base_url, ready.client_id);
        self.client
            .request(method, url.parse().unwrap())
            .header("accessTokenKey", &ready.access_token_key)
            .header("accessTokenSecret", &ready.access_token_secret)
    }

    async fn control(&self, method: Method, name: &str, body: &Value) -> Value {
        let base = self.emulators.ready().on24.base_url.replace("/v2", "/_emulator/");
        let url = format!("{base}{name}").parse().unwrap();
        self.send(self.client.request(method, url).json(body)).await
    }

    async fn send(&self, request: RequestBuilder) -> Value {
        let answer =
            self.client.send(request, &Exchange::write(Peer::Provider, "arrange")).await.expect("an answer");
        assert!(answer.status.is_success(), "{answer:?}");
        answer.json().expect("JSON")
    }
}

#[async_trait]
impl ProviderSubject for On24Subject {
    async fn arrange(&mut self, world: ProviderWorld) -> ProviderStage {
        self.weather(Weather::Calm).await;
        let refused = named("No", "Body", "nobody@blocked.example", "Blocked");
        self.emulators.set_on24_settings(Settings {
            blocked_text: "nobody@blocked.example may not register for this.".to_owned(),
            ..Settings::default()
        });
        let (mut event, mut watched) = (0, BTreeMap::new());
        for draw in 0..DRAWS {
            event = self.event(&world, draw).await;
            watched = self.watched(event).await;
            if world.attended.is_empty() || !watched.is_empty() {
                break;
            }
        }
        let secret = secret_of(&self.emulators, world.key);
        *self.secret.lock().unwrap() = secret.clone();
        ProviderStage {
            organization: organization(),
            event: ProviderEventId::new(event.to_string()),
            nowhere: ProviderEventId::new("999999999"),
            version: VERSION,
            secret: secret.reveal().expose_secret().to_owned(),
            refused: Some(refused),
            watched,
        }
    }

    async fn weather(&mut self, weather: Weather) {
        let effect = match weather {
            Weather::Calm => {
                self.control(Method::DELETE, "weather", &Value::Null).await;
                return;
            }
            Weather::DropsAnswers => "drop_after_accept",
            Weather::Garbles => "garbage",
            Weather::Fails => "status:503",
            Weather::Throttles => "quota",
            other => panic!("no such weather here: {other:?}"),
        };
        let rules = json!({ "rules": [{ "operation": "*", "effect": effect }] });
        self.control(Method::POST, "weather", &rules).await;
    }

    fn registrar(&self) -> &dyn Registrar {
        &self.on24
    }

    fn attendance(&self) -> &dyn AttendanceSource {
        &self.on24
    }

    fn account(&self) -> &dyn Account {
        &self.on24
    }
}

fn organization() -> OrganizationId {
    uuid::Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0001).into()
}

/// The emulated account's secret, or one that is wrong in this way: the next client's account is somebody else's.
fn secret_of(emulators: &Emulators, key: KeyState) -> OpenSecret {
    let ready = &emulators.ready().on24;
    let (client, token) = match key {
        KeyState::Accepted => (ready.client_id, ready.access_token_secret.as_str()),
        KeyState::Wrong => (ready.client_id, "0bad"),
        KeyState::Powerless => (ready.client_id + 1, ready.access_token_secret.as_str()),
    };
    secret(&ready.base_url, &client.to_string(), &ready.access_token_key, token)
}

fn seen(row: &Value) -> Watched {
    let number = |name: &str| u32::try_from(row[name].as_u64().unwrap_or(0)).unwrap();
    let stamp = |name: &str| row[name].as_str().map(|text| text.parse::<Timestamp>().unwrap());
    let clicks = row["calltoactions"].as_array().map_or(0, Vec::len);
    Watched {
        live_minutes: number("cumulativeliveminutes"),
        ondemand_minutes: number("cumulativearchiveminutes"),
        interactions: number("askedquestions")
            + number("answeredpolls")
            + number("answeredsurveys")
            + number("resourcesdownloaded")
            + u32::try_from(clicks).unwrap(),
        first: [stamp("firstliveactivity"), stamp("firstarchiveactivity")].into_iter().flatten().min(),
        last: [stamp("lastliveactivity"), stamp("lastarchiveactivity")].into_iter().flatten().max(),
    }
}
