//! Registrations over connections that are kept alive, one at a time on each.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Requests under way at once.
const IN_FLIGHT: usize = 64;

/// How a measurement went.
pub(crate) struct Pace {
    pub(crate) per_s: f64,
    pub(crate) median_us: f64,
    pub(crate) p99_us: f64,
}

/// Who registers, and where.
#[derive(Clone)]
pub(crate) struct Load {
    address: String,
    path: String,
    key: String,
    secret: String,
}

impl Load {
    /// At the event that a ready line names.
    pub(crate) fn registrations(ready: &Value) -> Self {
        let on24 = &ready["on24"];
        let text = |name: &str| on24[name].as_str().unwrap_or_default().to_owned();
        let base_url = text("base_url");
        let address = base_url.trim_start_matches("http://").trim_end_matches("/v2");
        Self {
            address: address.to_owned(),
            path: format!("/v2/client/{}/event/{}/registrant", on24["client_id"], on24["event_id"]),
            key: text("access_token_key"),
            secret: text("access_token_secret"),
        }
    }

    /// Registers the persons of these numbers, each once.
    pub(crate) async fn run(&self, numbers: Range<u64>) -> Pace {
        let (next, end) = (Arc::new(AtomicU64::new(numbers.start)), numbers.end);
        let mut lines = JoinSet::new();
        let began = now();
        for _ in 0..IN_FLIGHT {
            lines.spawn(self.clone().line(Arc::clone(&next), end));
        }
        let mut times: Vec<Duration> = lines.join_all().await.into_iter().flatten().collect();
        let elapsed = began.elapsed();
        assert_eq!(u64::try_from(times.len()).ok(), Some(numbers.end - numbers.start));
        times.sort_unstable();
        let micros = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e6;
        #[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
        let per_s = times.len() as f64 / elapsed.as_secs_f64();
        Pace { per_s, median_us: micros(50), p99_us: micros(99) }
    }

    /// One connection: the next number, until there is none.
    async fn line(self, next: Arc<AtomicU64>, end: u64) -> Vec<Duration> {
        let mut sender = self.connect().await;
        let mut times = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= end {
                return times;
            }
            let began = now();
            let answer = sender.send_request(self.request(number)).await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK);
            answer.into_body().collect().await.expect("a whole answer");
            times.push(began.elapsed());
        }
    }

    async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(&self.address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("a connection");
        tokio::spawn(connection);
        sender
    }

    fn request(&self, number: u64) -> Request<Full<Bytes>> {
        let body = format!(
            "firstname=Person&lastname=Number+{number}&email=person.{number}%40example.com&company=Company+{}",
            number % 1000
        );
        Request::builder()
            .method(Method::POST)
            .uri(&self.path)
            .header(HOST, &self.address)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("accesstokenkey", &self.key)
            .header("accesstokensecret", &self.secret)
            .body(Full::new(Bytes::from(body)))
            .expect("a request")
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
fn now() -> Instant {
    Instant::now()
}
