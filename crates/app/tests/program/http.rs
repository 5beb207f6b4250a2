//! A plain HTTP client.

use std::path::Path;

use reqwest::{Certificate, Client, Method, RequestBuilder};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// A client that waits for its answers.
pub(crate) struct Http {
    runtime: Runtime,
    client: Client,
}

impl Http {
    pub(crate) fn new() -> Self {
        Self::trusting(None)
    }

    /// A client that trusts this authority and no other, if one is given.
    pub(crate) fn trusting(ca: Option<&Path>) -> Self {
        // Another test may have been faster.
        drop(rustls::crypto::ring::default_provider().install_default());
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let roots = ca.map(|path| Certificate::from_pem(&std::fs::read(path).unwrap()).unwrap());
        let client = match roots {
            Some(root) => Client::builder().tls_certs_only([root]),
            None => Client::builder(),
        };
        Self { runtime, client: client.no_proxy().build().unwrap() }
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

    /// Status and body of a call that carries headers of its own.
    pub(crate) fn get_with(&self, url: &str, headers: &[(&str, String)]) -> (u16, Value) {
        self.exchange(self.client.get(url), headers)
    }

    pub(crate) fn post_form(
        &self,
        url: &str,
        headers: &[(&str, String)],
        form: &[(&str, &str)],
    ) -> (u16, Value) {
        self.exchange(self.client.post(url).form(form), headers)
    }

    fn exchange(&self, request: RequestBuilder, headers: &[(&str, String)]) -> (u16, Value) {
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        self.runtime.block_on(async {
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
