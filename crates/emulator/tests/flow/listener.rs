//! A plain server that records requests and answers as it was told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

/// How a request is answered.
#[derive(Clone, Copy)]
pub(crate) enum Reply {
    Status(u16),
    /// With this status, once the listener is told to.
    Later(u16),
    /// Not at all; the connection stays open.
    Silence,
    /// The connection closes.
    Reset,
}

/// A request that came.
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn context(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// What a listener was told.
#[derive(Default)]
struct Script {
    replies: Mutex<VecDeque<Reply>>,
    released: Notify,
}

pub(crate) struct Listener {
    pub(crate) origin: String,
    script: Arc<Script>,
    received: UnboundedReceiver<Received>,
}

impl Listener {
    pub(crate) async fn start() -> Self {
        Self::listen(None).await
    }

    /// With a certificate that it has signed itself.
    pub(crate) async fn start_with_tls() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        Self::listen(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let origin = format!("{scheme}://{}", listener.local_addr().unwrap());
        let script = Arc::<Script>::default();
        let (sender, received) = unbounded_channel();
        let followed = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, sender, tls) = (Arc::clone(&followed), sender.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, script, sender).await,
                        Some(tls) => serve(tls.accept(stream).await.unwrap(), script, sender).await,
                    }
                });
            }
        });
        Self { origin, script, received }
    }

    /// How the next requests are answered, in their order; then 200.
    pub(crate) fn reply(&self, replies: &[Reply]) {
        self.script.replies.lock().unwrap().extend(replies);
    }

    /// Answers a request that is to be answered later.
    pub(crate) fn release(&self) {
        self.script.released.notify_one();
    }

    /// The next request.
    pub(crate) async fn next(&mut self) -> Received {
        tokio::time::timeout(Duration::from_secs(20), self.received.recv()).await.unwrap().unwrap()
    }

    /// Whether a request has come that nobody has looked at.
    pub(crate) fn has_more(&mut self) -> bool {
        self.received.try_recv().is_ok()
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    script: Arc<Script>,
    sender: UnboundedSender<Received>,
) {
    let service = service_fn(move |request| answer(request, Arc::clone(&script), sender.clone()));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    script: Arc<Script>,
    sender: UnboundedSender<Received>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let (parts, body) = request.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let reply = script.replies.lock().unwrap().pop_front().unwrap_or(Reply::Status(200));
    let _ = sender.send(Received { method: parts.method, uri: parts.uri, headers: parts.headers, text });
    if matches!(reply, Reply::Later(_)) {
        script.released.notified().await;
    }
    match reply {
        Reply::Status(status) | Reply::Later(status) => {
            let body = Full::new(Bytes::from_static(b"nobody reads this"));
            Ok(Response::builder().status(status).body(body).unwrap())
        }
        Reply::Silence => Ok(std::future::pending::<Result<_, Infallible>>().await.unwrap()),
        Reply::Reset => Err("reset".into()),
    }
}
