//! The sockets of one emulated server: HTTP/1.1 with keep-alive on one listener.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::control;
use crate::emulated::Emulated;
use crate::site::{Dropped, Site};
use crate::weather::Weather;
use crate::wire::{Answer, Call};

/// The largest body that is read, in bytes; a larger one is answered 413.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A server that answers until it is stopped.
pub(crate) struct Server {
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl Server {
    /// Begins to answer on the listener. `name` and `seed` decide the weather's chance.
    pub(crate) fn start(
        listener: TcpListener,
        emulated: Arc<dyn Emulated>,
        clock: Clock,
        seed: u64,
        name: &str,
    ) -> Self {
        let (tasks, closing) = (TaskTracker::new(), CancellationToken::new());
        let weather = Weather::new(emulated.operations(), seed, name);
        let site = Arc::new(Site::new(emulated, clock, weather, tasks.clone(), closing.clone()));
        tasks.spawn(accept(listener, site, tasks.clone(), closing.clone()));
        Self { tasks, closing }
    }

    /// Closes every connection, answered or not, and waits until nothing of the server runs any more.
    pub(crate) async fn stop(self) {
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

async fn accept(listener: TcpListener, site: Arc<Site>, tasks: TaskTracker, closing: CancellationToken) {
    loop {
        let stream = tokio::select! {
            () = closing.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match stream {
            Ok((stream, _)) => {
                tasks.spawn(converse(stream, Arc::clone(&site), closing.clone()));
            }
            // Out of descriptors or a peer that was gone at once: others may fare better.
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn converse(stream: TcpStream, site: Arc<Site>, closing: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| exchange(Arc::clone(&site), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = closing.cancelled() => {}
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        },
    }
}

async fn exchange(site: Arc<Site>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Dropped> {
    let Ok(call) = read(request).await? else {
        return Ok(response(Answer::empty(StatusCode::PAYLOAD_TOO_LARGE)));
    };
    match control::answer(&site, &call) {
        Some(answer) => Ok(response(answer)),
        None => site.answer(call).await.map(response),
    }
}

/// The whole request; the inner error is a body that is too large.
async fn read(request: Request<Incoming>) -> Result<Result<Call, TooLarge>, Dropped> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => return Ok(Err(TooLarge)),
        Err(_) => return Err(Dropped),
    };
    Ok(Ok(Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    }))
}

struct TooLarge;

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
