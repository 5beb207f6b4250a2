//! A request as bytes, and what comes back.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use webinar_bridge_emulator::Ready;

use crate::grant::token;

/// Where the servers are, and what opens them.
pub(crate) struct World {
    pub(crate) ready: Ready,
    pub(crate) crm_token: String,
    pub(crate) vault_token: String,
    http: reqwest::Client,
}

impl World {
    pub(crate) async fn of(ready: &Ready) -> Self {
        let crm_token = token(ready, &ready.dataverse.base_url).await;
        let vault_token = token(ready, "https://vault.azure.net").await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { ready: ready.clone(), crm_token, vault_token, http }
    }

    pub(crate) fn on24(&self) -> &str {
        authority(self.ready.on24.base_url.trim_end_matches("/v2"))
    }

    pub(crate) fn dataverse(&self) -> &str {
        authority(&self.ready.dataverse.base_url)
    }

    pub(crate) fn entra(&self) -> &str {
        authority(&self.ready.dataverse.authority)
    }

    pub(crate) fn vault(&self) -> &str {
        authority(&self.ready.key_vault.base_url)
    }

    /// A good request is answered as if nothing had been.
    pub(crate) async fn still_works(&self) {
        let url = format!("{}/api/data/v9.2/contacts?$count=true", self.ready.dataverse.base_url);
        let answer = self.http.get(url).bearer_auth(&self.crm_token).send().await.unwrap();
        let contacts: Value = answer.json().await.unwrap();
        assert_eq!(contacts["@odata.count"], 10, "no malformed request made or removed a row");
        let on24 = &self.ready.on24;
        let state = format!("{}/_emulator/state", on24.base_url.trim_end_matches("/v2"));
        let state: Value = self.http.get(state).send().await.unwrap().json().await.unwrap();
        assert_eq!(state["events"][0]["registrants"].as_array().map(Vec::len), Some(0));
        assert_eq!(state["events"].as_array().map(Vec::len), Some(1));
    }
}

fn authority(origin: &str) -> &str {
    origin.trim_start_matches("http://")
}

/// A request to a server, byte by byte.
pub(crate) struct Wire {
    to: String,
    bytes: Vec<u8>,
}

impl Wire {
    pub(crate) fn raw(to: &str, bytes: Vec<u8>) -> Self {
        Self { to: to.to_owned(), bytes }
    }

    /// Well-formed as HTTP, whatever else it is.
    pub(crate) fn http(to: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n");
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !body.is_empty() || method == "POST" {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        Self::raw(to, [head.as_bytes(), b"\r\n", body].concat())
    }

    /// Enough of it to try it again by hand, without what would authorize it.
    pub(crate) fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let lines =
            text.lines().filter(|line| !line.starts_with("authorization") && !line.starts_with("access"));
        lines.take(8).map(|line| line.chars().take(300).collect::<String>()).collect::<Vec<_>>().join(" | ")
    }
}

/// The status of the answer; `None` when the connection closed without one.
pub(crate) async fn status(request: &Wire) -> Option<u16> {
    let exchange = async {
        let mut stream = TcpStream::connect(&request.to).await.ok()?;
        // A server may refuse before it has read everything.
        let _ = stream.write_all(&request.bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let line = String::from_utf8_lossy(&answer);
        line.strip_prefix("HTTP/1.1 ").or(line.strip_prefix("HTTP/1.0 "))?.get(..3)?.parse().ok()
    };
    tokio::time::timeout(Duration::from_secs(20), exchange).await.ok().flatten()
}
