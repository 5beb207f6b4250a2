//! An organization with a client that may do everything in it.

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use webinar_bridge_emulator::{Clock, Emulators, Options};

use crate::grant::token;

pub(crate) const A: &str = "00000000-0000-0000-0000-00000000000a";

pub(crate) struct Organization {
    pub(crate) emulators: Emulators,
    pub(crate) origin: String,
    token: String,
    client: reqwest::Client,
}

impl Organization {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        let emulators = Emulators::start(options, Clock::new()).await.unwrap();
        let origin = emulators.ready().dataverse.base_url.clone();
        let bearer = format!("Bearer {}", token(emulators.ready(), &origin).await);
        let headers =
            HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_str(&bearer).unwrap())]);
        let client = reqwest::Client::builder().no_proxy().default_headers(headers).build().unwrap();
        Self { emulators, origin, token: bearer, client }
    }

    /// The value of the header `Authorization`.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Response {
        let mut call = self.client.request(method, format!("{}/api/data/v9.2/{path}", self.origin));
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        if !body.is_null() {
            call = call.json(body);
        }
        call.send().await.unwrap()
    }

    /// A call whose connection may break.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> reqwest::Result<Response> {
        let call = self.client.request(method, format!("{}/api/data/v9.2/{path}", self.origin));
        if body.is_null() { call.send().await } else { call.json(body).send().await }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, &[], &Value::Null).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// Makes a row and says its id.
    pub(crate) async fn post(&self, set: &str, body: Value) -> String {
        let answer = self.send(Method::POST, set, &[], &body).await;
        let location = answer.headers().get("odata-entityid").map(|url| url.to_str().unwrap().to_owned());
        assert_eq!(answer.status(), 204, "{set}: {}", answer.text().await.unwrap());
        let location = location.unwrap();
        location.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned()
    }

    pub(crate) async fn patch(&self, row: &str, body: Value) {
        let answer = self.send(Method::PATCH, row, &[], &body).await;
        assert_eq!(answer.status(), 204, "{row}: {}", answer.text().await.unwrap());
    }

    pub(crate) async fn delete(&self, row: &str) {
        assert_eq!(self.send(Method::DELETE, row, &[], &Value::Null).await.status(), 204, "{row}");
    }

    /// Calls a control endpoint: its status and its answer.
    pub(crate) async fn control(&self, method: Method, name: &str, body: &Value) -> (u16, Value) {
        let call = self.client.request(method, format!("{}/_emulator/{name}", self.origin)).json(body);
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) async fn settings(&self, settings: Value) {
        let (status, shown) = self.control(Method::POST, "settings", &settings).await;
        assert_eq!(status, 200, "{shown}");
    }

    pub(crate) async fn register(&self, registration: Value) -> Value {
        let (status, shown) = self.control(Method::POST, "webhooks", &registration).await;
        assert_eq!(status, 200, "{shown}");
        shown
    }

    /// Registers an endpoint for one event of contacts.
    pub(crate) async fn hear(&self, url: &str, message: &str) {
        self.register(json!({"url": url, "steps": [{"message": message, "table": "contact"}]})).await;
    }

    /// The log of deliveries, once it has so many entries.
    pub(crate) async fn deliveries(&self, count: usize) -> Vec<Value> {
        loop {
            let (_, shown) = self.control(Method::GET, "webhooks", &Value::Null).await;
            let log = shown["deliveries"].as_array().unwrap().clone();
            if log.len() >= count {
                return log;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// The value of a key in what is a dictionary in .NET.
pub(crate) fn entry<'a>(dictionary: &'a Value, key: &str) -> Option<&'a Value> {
    dictionary.as_array().unwrap().iter().find(|pair| pair["key"] == key).map(|pair| &pair["value"])
}

/// The keys of such a dictionary.
pub(crate) fn keys(dictionary: &Value) -> Vec<&str> {
    dictionary.as_array().unwrap().iter().map(|pair| pair["key"].as_str().unwrap()).collect()
}
