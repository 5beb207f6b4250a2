//! The sockets of one emulated server: HTTP/1.1 with keep-alive on one listener, plain, by TLS, or both.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::{Clock, pause};
use crate::control;
use crate::emulated::Emulated;
use crate::line::{Line, Tear};
use crate::severed::Severed;
use crate::site::{Dropped, Reply, Site};
use crate::tls::Tls;
use crate::weather::Weather;
use crate::wire::{Answer, Call};

/// A whole body, or one that breaks off.
type Body = Either<Full<Bytes>, Severed>;

/// The largest body that is read, in bytes; a larger one is answered 413.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// How long nobody is let in after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A server that answers until it is stopped.
pub(crate) struct Server {
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl Server {
    /// Begins to answer on the listener. `name` and `seed` decide the weather's chance.
    pub(crate) fn start(
        listener: TcpListener,
        tls: Tls,
        emulated: Arc<dyn Emulated>,
        clock: Clock,
        seed: u64,
        name: &str,
    ) -> Self {
        let (tasks, closing) = (TaskTracker::new(), CancellationToken::new());
        emulated.begin(&tasks, &closing);
        let weather = Weather::new(emulated.as_ref(), clock.clone(), seed, name);
        let site = Arc::new(Site::new(emulated, clock, weather, tasks.clone(), closing.clone()));
        tasks.spawn(accept(listener, tls, site, tasks.clone(), closing.clone()));
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

async fn accept(
    listener: TcpListener,
    tls: Tls,
    site: Arc<Site>,
    tasks: TaskTracker,
    closing: CancellationToken,
) {
    loop {
        let stream = tokio::select! {
            () = closing.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match stream {
            Ok((stream, _)) => {
                let conversation = converse(stream, tls.clone(), Arc::clone(&site));
                let closing = closing.clone();
                tasks.spawn(async move {
                    tokio::select! {
                        () = closing.cancelled() => {}
                        () = conversation => {}
                    }
                });
            }
            // A peer that was gone at once, or out of descriptors, which is not over at once.
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                pause(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A whole connection; whoever does not speak what this server speaks is left.
async fn converse(stream: TcpStream, tls: Tls, site: Arc<Site>) {
    let _ = stream.set_nodelay(true);
    let acceptor = tls.acceptor_for(&stream).await;
    let (line, tear) = Line::new(stream);
    match acceptor {
        Ok(None) => serve(line, tear, site, false).await,
        Ok(Some(acceptor)) => match acceptor.accept(line).await {
            Ok(stream) => serve(stream, tear, site, true).await,
            Err(error) => tracing::debug!(%error, "no TLS came about"),
        },
        Err(error) => tracing::debug!(%error, "a connection ended before its first byte"),
    }
}

async fn serve<S>(stream: S, tear: Tear, site: Arc<Site>, secure: bool)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(move |request| {
        let (site, tear) = (Arc::clone(&site), tear.clone());
        async move {
            let outcome = exchange(site, request, secure).await;
            if matches!(outcome, Err(Dropped::Torn)) {
                tear.tear();
            }
            outcome
        }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn exchange(
    site: Arc<Site>,
    request: Request<Incoming>,
    secure: bool,
) -> Result<Response<Body>, Dropped> {
    let call = match read(request, secure).await {
        Ok(call) => call,
        Err(status) => return Ok(whole(Answer::empty(status))),
    };
    if let Some(answer) = control::answer(&site, &call) {
        return Ok(whole(answer));
    }
    site.answer(call).await.map(|reply| match reply {
        Reply::Whole(answer) => whole(answer),
        Reply::Cut(answer) => severed(answer),
    })
}

/// The whole request, or the status for a body that is too large or does not come to its end.
async fn read(request: Request<Incoming>, secure: bool) -> Result<Call, StatusCode> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            StatusCode::PAYLOAD_TOO_LARGE
        } else {
            StatusCode::BAD_REQUEST
        }
    })?;
    Ok(Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_bytes(),
        secure,
    })
}

fn whole(answer: Answer) -> Response<Body> {
    let body = Full::new(answer.body.clone());
    response(answer, Either::Left(body))
}

/// The head promises the whole body, of which half comes.
fn severed(answer: Answer) -> Response<Body> {
    let promised = answer.body.len().max(1);
    let body = Severed::of(&answer.body);
    let mut response = response(answer, Either::Right(body));
    response.headers_mut().insert(CONTENT_LENGTH, promised.into());
    response
}

fn response(answer: Answer, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
