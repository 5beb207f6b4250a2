//! Peers made of a bare socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use webinar_bridge_domain::fault;
use webinar_bridge_transport::{ClientSettings, Exchange, ExchangeKind, HttpClient, Url};

/// Installs the TLS provider, as a program does once.
pub(crate) fn provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

pub(crate) fn client() -> HttpClient {
    client_with(&ClientSettings::default())
}

pub(crate) fn client_with(settings: &ClientSettings) -> HttpClient {
    provider();
    HttpClient::new(settings).unwrap()
}

pub(crate) fn exchange(kind: ExchangeKind) -> Exchange {
    Exchange { peer: fault::Peer::Provider, operation: "test", kind }
}

pub(crate) struct Peer {
    url: Url,
    calls: Arc<AtomicUsize>,
}

impl Peer {
    /// An address where nobody listens.
    pub(crate) fn nobody() -> Url {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        url_of(listener.local_addr().unwrap())
    }

    /// Answers each connection's request with the next bytes and hangs up.
    pub(crate) fn answering(answers: Vec<Vec<u8>>) -> Self {
        Self::serving(|listener, calls| async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                hear(&mut stream, &calls).await;
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        })
    }

    /// Answers requests with the next bytes and keeps the connection; hangs up at an empty answer.
    pub(crate) fn keeping(answers: Vec<Vec<u8>>) -> Self {
        Self::serving(|listener, calls| async move {
            let mut answers = answers.into_iter();
            while let Ok((mut stream, _)) = listener.accept().await {
                while hear(&mut stream, &calls).await {
                    let Some(answer) = answers.next().filter(|answer| !answer.is_empty()) else { break };
                    stream.write_all(&answer).await.unwrap();
                }
            }
        })
    }

    /// Takes connections and requests, and says nothing.
    pub(crate) fn silent() -> Self {
        Self::serving(|listener, calls| async move {
            let mut streams = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                hear(&mut stream, &calls).await;
                streams.push(stream);
            }
        })
    }

    /// Answers with a body that does not end.
    pub(crate) fn endless() -> Self {
        Self::serving(|listener, calls| async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                hear(&mut stream, &calls).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
                let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
                while stream.write_all(&chunk).await.is_ok() {}
            }
        })
    }

    pub(crate) fn url(&self) -> Url {
        self.url.clone()
    }

    /// How many requests were heard.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn serving<F, S>(serve: F) -> Self
    where
        F: FnOnce(TcpListener, Arc<AtomicUsize>) -> S,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = url_of(listener.local_addr().unwrap());
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        tokio::spawn(serve(listener, Arc::clone(&calls)));
        Self { url, calls }
    }
}

fn url_of(address: SocketAddr) -> Url {
    format!("http://{address}/").parse().unwrap()
}

/// Hears one request without a body; `false` when the caller hung up instead.
async fn hear(stream: &mut TcpStream, calls: &AtomicUsize) -> bool {
    let mut heard = Vec::new();
    let mut byte = [0; 1];
    while !heard.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte).await {
            Ok(1) => heard.push(byte[0]),
            _ => return false,
        }
        // A TLS greeting: there is no end of a head to wait for.
        if heard[0] == 0x16 {
            return true;
        }
    }
    calls.fetch_add(1, Ordering::SeqCst);
    true
}
