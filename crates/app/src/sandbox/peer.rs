//! A plain HTTP client of the emulators, for the story and the auditor: it shares nothing with the bridge's adapters.

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use webinar_bridge_emulator::Ready;

/// Why an emulator could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PeerError {
    #[error("{0} cannot be reached: {1}")]
    Unreachable(&'static str, reqwest::Error),
    #[error("{0} answered {1}")]
    Refused(&'static str, StatusCode),
    #[error("{0} answered something that is not as it should be")]
    Odd(&'static str),
}

/// The emulators, as their own clients know them.
#[derive(Clone)]
pub(crate) struct Peers {
    client: Client,
    ready: Ready,
}

impl Peers {
    pub(crate) fn new(ready: Ready) -> Result<Self, PeerError> {
        let client = Client::builder().no_proxy().build();
        let client = client.map_err(|error| PeerError::Unreachable("the HTTP client", error))?;
        Ok(Self { client, ready })
    }

    /// Reads JSON from ON24, below the client.
    pub(crate) async fn on24(&self, path: &str) -> Result<Value, PeerError> {
        let on24 = &self.ready.on24;
        let url = format!("{}/client/{}/{path}", on24.base_url, on24.client_id);
        let request = self.client.get(url).header("accept", "application/json");
        let request = request.header("accessTokenKey", &on24.access_token_key);
        let request = request.header("accessTokenSecret", &on24.access_token_secret);
        json("ON24", request).await
    }

    /// Replaces the weather of one server.
    pub(crate) async fn weather(&self, base_url: &str, rules: &Value) -> Result<(), PeerError> {
        let root = base_url.strip_suffix("/v2").unwrap_or(base_url);
        let request = self.client.post(format!("{root}/_emulator/weather")).json(rules);
        json("an emulator", request).await.map(drop)
    }

    /// A token for Dataverse.
    pub(crate) async fn token(&self) -> Result<String, PeerError> {
        let crm = &self.ready.dataverse;
        let url = format!("{}/{}/oauth2/v2.0/token", crm.authority, crm.tenant_id);
        let scope = format!("{}/.default", crm.base_url);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &crm.client_id),
            ("client_secret", &crm.client_secret),
            ("scope", &scope),
        ];
        let answer = json("Entra ID", self.client.post(url).form(&form)).await?;
        answer["access_token"].as_str().map(str::to_owned).ok_or(PeerError::Odd("Entra ID"))
    }

    /// Sends a batch of requests to Dataverse; all of them must succeed. What was not carried out is sent again, as
    /// anybody would who meets bad weather.
    pub(crate) async fn batch(&self, token: &str, requests: &[CrmWrite]) -> Result<(), PeerError> {
        for _ in 0..PATIENCE {
            match self.batch_once(token, requests).await {
                Err(PeerError::Refused(_, StatusCode::SERVICE_UNAVAILABLE)) => {}
                other => return other,
            }
        }
        self.batch_once(token, requests).await
    }

    async fn batch_once(&self, token: &str, requests: &[CrmWrite]) -> Result<(), PeerError> {
        let mut body: Vec<String> = requests.iter().map(CrmWrite::part).collect();
        body.push("--batch_story--\r\n".to_owned());
        let body = body.concat();
        let url = format!("{}/api/data/v9.2/$batch", self.ready.dataverse.base_url);
        let request = self.client.post(url).bearer_auth(token).body(body);
        let request = request.header("content-type", "multipart/mixed; boundary=batch_story");
        let answer = request.send().await.map_err(|error| PeerError::Unreachable("Dataverse", error))?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(PeerError::Refused("Dataverse", answer.status()))
        }
    }

    /// All rows of a set, page after page.
    pub(crate) async fn rows(&self, token: &str, query: &str) -> Result<Vec<Value>, PeerError> {
        let mut next = Some(format!("{}/api/data/v9.2/{query}", self.ready.dataverse.base_url));
        let mut rows = vec![];
        while let Some(url) = next {
            let request = self.client.get(url).bearer_auth(token).header("prefer", "odata.maxpagesize=1000");
            let mut page = json("Dataverse", request).await?;
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
            match page["value"].take() {
                Value::Array(values) => rows.extend(values),
                _ => return Err(PeerError::Odd("Dataverse")),
            }
        }
        Ok(rows)
    }

    /// Changes settings of an emulated service.
    pub(crate) async fn settings(&self, base_url: &str, settings: &Value) -> Result<(), PeerError> {
        let url = format!("{}/_emulator/settings", base_url.trim_end_matches("/v2"));
        json("an emulator", self.client.post(url).json(settings)).await.map(drop)
    }

    /// Calls the bridge's own API.
    pub(crate) async fn bridge(
        &self,
        method: Method,
        url: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Value, PeerError> {
        let request = self.client.request(method, url).bearer_auth(token);
        let request = if let Some(body) = body { request.json(body) } else { request };
        json("the bridge", request).await
    }
}

/// How often somebody tries again.
const PATIENCE: u32 = 20;

/// One write to Dataverse.
pub(crate) struct CrmWrite {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Value,
}

impl CrmWrite {
    fn part(&self) -> String {
        let Self { method, path, body } = self;
        let head = if *method == Method::PATCH { "If-Match: *\r\n" } else { "" };
        format!(
            "--batch_story\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
             {method} /api/data/v9.2/{path} HTTP/1.1\r\nContent-Type: application/json\r\n{head}\r\n{body}\r\n"
        )
    }
}

async fn json(who: &'static str, request: reqwest::RequestBuilder) -> Result<Value, PeerError> {
    let answer = request.send().await.map_err(|error| PeerError::Unreachable(who, error.without_url()))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(PeerError::Refused(who, status));
    }
    answer.json().await.map_err(|_| PeerError::Odd(who))
}
