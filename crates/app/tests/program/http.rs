//! A plain HTTP client.

use reqwest::{Client, Method};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// A client that waits for its answers.
pub(crate) struct Http {
    runtime: Runtime,
    client: Client,
}

impl Http {
    pub(crate) fn new() -> Self {
        // Another test may have been faster.
        drop(rustls::crypto::ring::default_provider().install_default());
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, client: Client::builder().no_proxy().build().unwrap() }
    }

    /// The status and the body, if the other side answers.
    pub(crate) fn try_text(&self, url: &str) -> Option<(u16, String)> {
        self.runtime.block_on(async {
            let answer = self.client.get(url).send().await.ok()?;
            Some((answer.status().as_u16(), answer.text().await.ok()?))
        })
    }

    /// The status and the body; the body is JSON, or nothing.
    pub(crate) fn send(&self, method: Method, url: &str, token: &str, body: Option<&Value>) -> (u16, Value) {
        self.runtime.block_on(async {
            let request = self.client.request(method, url).bearer_auth(token);
            let request = match body {
                Some(body) => request.json(body),
                None => request,
            };
            let answer = request.send().await.unwrap();
            let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
            (status, serde_json::from_str(&text).unwrap_or_default())
        })
    }

    pub(crate) fn get(&self, url: &str, token: &str) -> Value {
        let (status, body) = self.send(Method::GET, url, token, None);
        assert_eq!(status, 200, "{url}: {body}");
        body
    }

    pub(crate) fn form(&self, url: &str, form: &[(&str, &str)]) -> Value {
        self.runtime.block_on(async {
            let answer = self.client.post(url).form(form).send().await.unwrap();
            answer.json().await.unwrap()
        })
    }
}
