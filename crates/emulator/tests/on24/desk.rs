//! The running emulators with a client of ON24.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use webinar_bridge_emulator::{Clock, Emulators, On24Ready, Options};

pub(crate) struct Desk {
    emulators: Emulators,
    http: reqwest::Client,
}

impl Desk {
    pub(crate) async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { emulators: Emulators::start(Options::default(), Clock::new()).await.unwrap(), http }
    }

    fn on24(&self) -> &On24Ready {
        &self.emulators.ready().on24
    }

    pub(crate) fn clock(&self) -> &Clock {
        self.emulators.clock()
    }

    /// The event that is always there.
    pub(crate) fn event(&self) -> i64 {
        self.on24().event_id
    }

    /// A call of the client; the path stands behind its id.
    pub(crate) async fn send(&self, method: &str, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let on24 = self.on24();
        let url = format!("{}/client/{}/{path}", on24.base_url, on24.client_id);
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let call = self.http.request(method.clone(), url);
        let call = call.header("accessTokenKey", &on24.access_token_key);
        let call = call.header("accessTokenSecret", &on24.access_token_secret);
        let call = if method == reqwest::Method::GET { call } else { call.form(form) };
        let answer = call.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    pub(crate) async fn control(&self, name: &str, body: &str) -> Value {
        let answer = self.http.post(self.control_url(name)).body(body.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
        answer.json().await.unwrap()
    }

    async fn state(&self) -> Value {
        self.http.get(self.control_url("state")).send().await.unwrap().json().await.unwrap()
    }

    fn control_url(&self, name: &str) -> String {
        format!("{}/_emulator/{name}", self.on24().base_url.strip_suffix("/v2").unwrap())
    }

    /// How many operations count their calls.
    pub(crate) async fn operations(&self) -> usize {
        self.state().await["calls"].as_object().unwrap().len()
    }

    /// The hour after the event's start, as query parameters.
    pub(crate) async fn hour_of(&self, event: i64) -> String {
        let event = self.send("GET", &format!("event/{event}"), &[]).await.1;
        let starts: Timestamp = event["goodafter"].as_str().unwrap().parse().unwrap();
        let written = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%S%%2B00:00").to_string();
        format!("startdate={}&enddate={}", written(starts), written(starts + SignedDuration::from_hours(1)))
    }

    /// The address of somebody who registered on ON24's own page, percent-encoded.
    pub(crate) async fn stranger(&self, event: i64) -> String {
        let state = self.state().await;
        let events = state["events"].as_array().unwrap();
        let event = events.iter().find(|known| known["event_id"] == event).unwrap();
        let people = event["registrants"].as_array().unwrap();
        let stranger = people.iter().find(|person| person["origin"] == "on24").unwrap();
        stranger["email"].as_str().unwrap().replace('+', "%2B").replace('@', "%40")
    }

    pub(crate) async fn stop(self) {
        drop(self.http);
        self.emulators.stop().await;
    }
}
