//! A client of the emulated ON24, without pooled connections, so that each call has one of its own.

use std::time::Duration;

use serde_json::Value;
use webinar_bridge_emulator::{Clock, Emulators, On24Ready, Options};

pub(crate) struct Client {
    pub(crate) emulators: Emulators,
    http: reqwest::Client,
}

/// A status and a JSON body; null is a body that is none.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// What came, byte by byte; a header that did not come is empty.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) retry_after: String,
    pub(crate) text: String,
}

impl Client {
    pub(crate) async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let emulators = Emulators::start(Options::default(), Clock::new()).await.unwrap();
        Self { emulators, http }
    }

    fn on24(&self) -> &On24Ready {
        &self.emulators.ready().on24
    }

    /// One registration; an error is a call without an answer.
    pub(crate) async fn try_register(&self, email: &str, patience: Duration) -> reqwest::Result<Reply> {
        reply(self.registration(email).timeout(patience)).await
    }

    /// One registration with its answer as it came.
    pub(crate) async fn raw_register(&self, email: &str) -> reqwest::Result<Raw> {
        let response = self.registration(email).send().await?;
        let status = response.status().as_u16();
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
        };
        let (kind, retry_after) = (header("content-type"), header("retry-after"));
        Ok(Raw { status, kind, retry_after, text: response.text().await? })
    }

    fn registration(&self, email: &str) -> reqwest::RequestBuilder {
        let on24 = self.on24();
        let url = format!("{}/client/{}/event/{}/registrant", on24.base_url, on24.client_id, on24.event_id);
        let form = [("firstname", "Ada"), ("lastname", "Lovelace"), ("email", email)];
        self.http
            .post(url)
            .header("accessTokenKey", &on24.access_token_key)
            .header("accessTokenSecret", &on24.access_token_secret)
            .form(&form)
    }

    pub(crate) async fn control(&self, method: &str, name: &str, body: &Value) -> Reply {
        let url = format!("{}/_emulator/{name}", self.on24().base_url.strip_suffix("/v2").unwrap());
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        reply(self.http.request(method, url).json(body)).await.unwrap()
    }

    /// Everybody at the first event, as the emulator's state shows them.
    pub(crate) async fn people(&self) -> Vec<Value> {
        let state = self.control("GET", "state", &Value::Null).await.body;
        state["events"][0]["registrants"].as_array().unwrap().clone()
    }

    pub(crate) async fn calls(&self, operation: &str) -> u64 {
        self.control("GET", "state", &Value::Null).await.body["calls"][operation].as_u64().unwrap()
    }

    pub(crate) async fn stop(self) {
        drop(self.http);
        self.emulators.stop().await;
    }
}

async fn reply(request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
    Ok(Reply { status, body })
}
