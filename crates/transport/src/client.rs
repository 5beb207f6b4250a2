use core::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, Url, redirect, retry};
use tokio::time::Instant;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind};

use crate::answer::Answer;
use crate::exchange::{Exchange, ExchangeKind};

/// The limits of every call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    /// How long a connection may take to come about: name, TCP and TLS.
    pub connect: Duration,
    /// How long a call may take, up to the last byte of the answer.
    pub call: Duration,
    /// The same for a page of a long list.
    pub page: Duration,
    /// How many bytes a body may have once it is decompressed.
    pub body_limit: usize,
    /// The same for a page of a long list: some peers send all of it at once.
    pub page_limit: usize,
    /// Certificates in PEM that are trusted beside the machine's own.
    pub extra_roots: Vec<Vec<u8>>,
    /// How the client calls itself.
    pub user_agent: String,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            call: Duration::from_secs(30),
            page: Duration::from_mins(1),
            body_limit: 32 << 20,
            page_limit: 256 << 20,
            extra_roots: Vec::new(),
            user_agent: concat!("webinar-bridge/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No TLS provider is installed in this process.
    #[error("no TLS provider is installed; the program installs one before it builds a client")]
    NoTls,
    /// One of the extra roots is not a certificate.
    #[error("extra root number {0} is not a PEM certificate")]
    BadRoot(usize),
    /// The settings do not make a client, or the machine trusts no certificate at all.
    #[error("the HTTP client cannot be built: {0}")]
    Build(#[source] reqwest::Error),
}

/// One HTTP client for all peers. Clones share their connections.
///
/// It follows no redirects, keeps no cookies, takes no proxy from the environment and never sends anything twice.
#[derive(Clone)]
pub struct HttpClient {
    client: Client,
    call: Duration,
    page: Duration,
    body_limit: usize,
    page_limit: usize,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpClient(call {:?}, page {:?}, body {})", self.call, self.page, self.body_limit)
    }
}

impl HttpClient {
    /// A client with these limits. The program has installed a TLS provider before.
    pub fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(ClientError::NoTls);
        }
        let client = Client::builder()
            .user_agent(&settings.user_agent)
            .connect_timeout(settings.connect)
            .pool_idle_timeout(Duration::from_mins(1))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .gzip(true)
            .tls_certs_merge(certificates(&settings.extra_roots)?)
            .build()
            .map_err(ClientError::Build)?;
        Ok(Self {
            client,
            call: settings.call,
            page: settings.page,
            body_limit: settings.body_limit,
            page_limit: settings.page_limit,
        })
    }

    /// Begins a request.
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends once, never again, and reads the whole answer, whatever its status.
    ///
    /// A connection that does not come about is transient even for a write: nothing was sent. Everything later is
    /// ambiguous for a write: time-out, reset, a body that breaks off, is garbled or longer than the limit.
    #[tracing::instrument(skip_all, fields(peer = %exchange.peer, operation = exchange.operation))]
    pub async fn send(&self, request: RequestBuilder, exchange: &Exchange) -> Result<Answer, Fault> {
        let started = Instant::now();
        let outcome = self.exchange(request, exchange).await;
        let elapsed = started.elapsed().as_millis();
        match &outcome {
            Ok(answer) => tracing::debug!(
                status = answer.status.as_u16(),
                elapsed_ms = elapsed,
                body = answer.fingerprint(),
                "answered"
            ),
            Err(fault) => tracing::debug!(code = %fault.code, elapsed_ms = elapsed, "not answered"),
        }
        outcome
    }

    async fn exchange(&self, request: RequestBuilder, exchange: &Exchange) -> Result<Answer, Fault> {
        let patience = match exchange.kind {
            ExchangeKind::Read | ExchangeKind::Write => self.call,
            ExchangeKind::PageRead => self.page,
        };
        let request = request.timeout(patience).build().map_err(|_| not_sent(exchange))?;
        let mut response = self.client.execute(request).await.map_err(|error| failed(&error, exchange))?;
        let body = self.body(&mut response, exchange).await?;
        Ok(Answer { status: response.status(), headers: std::mem::take(response.headers_mut()), body })
    }

    async fn body(&self, response: &mut Response, exchange: &Exchange) -> Result<Bytes, Fault> {
        let limit = match exchange.kind {
            ExchangeKind::Read | ExchangeKind::Write => self.body_limit,
            ExchangeKind::PageRead => self.page_limit,
        };
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error, exchange))? {
            if body.len() + chunk.len() > limit {
                return Err(exchange.unclear("transport.body_too_large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

/// The request could not even be put together: a value in it has characters that no header or URL can carry.
const fn not_sent(exchange: &Exchange) -> Fault {
    let field = Code::new("transport.request");
    exchange.fault(FaultKind::Invalid { field }, "transport.request")
}

fn failed(error: &reqwest::Error, exchange: &Exchange) -> Fault {
    if error.is_builder() {
        not_sent(exchange)
    } else if error.is_connect() {
        exchange.fault(FaultKind::Transient, "transport.connect")
    } else if error.is_timeout() {
        exchange.unclear("transport.timeout")
    } else if error.is_decode() {
        exchange.unclear("transport.body_garbled")
    } else {
        exchange.unclear("transport.reset")
    }
}

fn certificates(bundles: &[Vec<u8>]) -> Result<Vec<Certificate>, ClientError> {
    let mut certificates = Vec::new();
    for (index, bundle) in bundles.iter().enumerate() {
        let parsed = Certificate::from_pem_bundle(bundle).map_err(|_| ClientError::BadRoot(index))?;
        if parsed.is_empty() {
            return Err(ClientError::BadRoot(index));
        }
        certificates.extend(parsed);
    }
    Ok(certificates)
}
