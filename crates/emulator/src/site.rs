//! One emulated server with what stands around it: weather, counts and control endpoints.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::emulated::Emulated;
use crate::weather::{Effect, Weather};
use crate::wire::{Answer, Call};

/// The connection closes without an answer.
#[derive(Debug)]
pub(crate) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection is closed without an answer")
    }
}

impl std::error::Error for Dropped {}

/// A server as the sockets see it.
pub(crate) struct Site {
    pub(crate) emulated: Arc<dyn Emulated>,
    pub(crate) weather: Weather,
    pub(crate) clock: Clock,
    calls: Vec<(&'static str, AtomicU64)>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl Site {
    /// `tasks` and `closing` are those of the server: what is begun here ends with it.
    pub(crate) fn new(
        emulated: Arc<dyn Emulated>,
        clock: Clock,
        weather: Weather,
        tasks: TaskTracker,
        closing: CancellationToken,
    ) -> Self {
        let calls = emulated.operations().iter().map(|name| (*name, AtomicU64::new(0))).collect();
        Self { emulated, weather, clock, calls, tasks, closing }
    }

    /// Counts the call and answers it as the weather allows.
    pub(crate) async fn answer(&self, call: Call) -> Result<Answer, Dropped> {
        let operation = self.emulated.operation(&call);
        self.count(operation);
        let Some(effect) = self.weather.strike(operation) else {
            return Ok(self.emulated.handle(call).await);
        };
        tracing::debug!(operation, ?effect, "weather");
        match effect {
            Effect::Status(status) => Ok(self.emulated.failure(status)),
            Effect::Quota => Ok(self.emulated.quota(operation)),
            Effect::Reset => Err(Dropped),
            Effect::Hang => std::future::pending().await,
            Effect::Delay(time) => self.late(call, time).await,
            Effect::DropAfterAccept => {
                self.emulated.handle(call).await;
                Err(Dropped)
            }
            Effect::Garbage => {
                self.emulated.handle(call).await;
                Ok(gateway_page())
            }
        }
    }

    /// A task of its own, because a server does not notice at once that nobody waits any more.
    async fn late(&self, call: Call, time: Duration) -> Result<Answer, Dropped> {
        let (emulated, closing) = (Arc::clone(&self.emulated), self.closing.clone());
        let task = self.tasks.spawn(async move {
            tokio::select! {
                () = closing.cancelled() => Err(Dropped),
                () = pause(time) => Ok(emulated.handle(call).await),
            }
        });
        task.await.unwrap_or(Err(Dropped))
    }

    /// How often each operation was called, those that never were included.
    pub(crate) fn calls(&self) -> Map<String, Value> {
        let counts = self.calls.iter();
        counts.map(|(name, count)| ((*name).to_owned(), count.load(Ordering::SeqCst).into())).collect()
    }

    fn count(&self, operation: &str) {
        if let Some((_, count)) = self.calls.iter().find(|(name, _)| *name == operation) {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a delayed answer takes the machine's time")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

fn gateway_page() -> Answer {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/html"))]);
    Answer {
        status: StatusCode::OK,
        headers,
        body: Bytes::from_static(b"<html><body>The page is on its way.</body></html>"),
    }
}
