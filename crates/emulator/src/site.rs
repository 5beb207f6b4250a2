//! One emulated server with what stands around it: weather, counts and control endpoints.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use jiff::SignedDuration;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::{Clock, pause};
use crate::emulated::{Emulated, Presence};
use crate::weather::{DRESSES, Effect, Strike, Weather, dressed, gateway_page};
use crate::wire::{Answer, Call};

/// How a connection ends without an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// It is closed as usual.
    Closed,
    /// It is reset.
    Torn,
}

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Closed => "the connection is closed without an answer",
            Self::Torn => "the connection is reset without an answer",
        })
    }
}

impl std::error::Error for Dropped {}

/// An answer, and how it ends.
pub(crate) enum Reply {
    Whole(Answer),
    /// The connection closes in the middle of the body.
    Cut(Answer),
}

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
    pub(crate) async fn answer(&self, call: Call) -> Result<Reply, Dropped> {
        let operation = self.emulated.operation(&call);
        self.count(operation);
        let presence = match self.emulated.arrive(&call) {
            Ok(presence) => presence,
            Err(refused) => return Ok(Reply::Whole(*refused)),
        };
        let Some(strike) = self.weather.strike(operation) else {
            return Ok(Reply::Whole(self.emulated.handle(call).await));
        };
        tracing::debug!(operation, ?strike, "weather");
        match strike.effect {
            Effect::Status(_) | Effect::Quota => Ok(Reply::Whole(self.refusal(operation, &call, &strike))),
            Effect::Reset => Err(Dropped::Torn),
            Effect::Hang => std::future::pending().await,
            Effect::Delay(time) => self.delayed(call, time, presence).await,
            Effect::Late(time) => self.late(call, time, presence).await,
            applied => spoilt(self.emulated.handle(call).await, applied),
        }
    }

    /// What the weather answers itself.
    fn refusal(&self, operation: &str, call: &Call, strike: &Strike) -> Answer {
        let variant = strike.variant.as_deref();
        let own = variant.filter(|variant| !DRESSES.contains(variant));
        let answer = match strike.effect {
            Effect::Status(status) => self.emulated.failure(status, own),
            _ => self.emulated.quota(operation, own),
        };
        let answer = self.emulated.echoed(call, answer);
        let answer = match variant {
            Some(variant) => dressed(answer, variant),
            None => answer,
        };
        match strike.retry_after {
            None => answer,
            Some(retry_after) => retry_after.on(answer, self.clock.now()),
        }
    }

    /// A task of its own, because a server does not notice at once that nobody waits any more.
    async fn delayed(&self, call: Call, time: Duration, presence: Presence) -> Result<Reply, Dropped> {
        let (emulated, closing) = (Arc::clone(&self.emulated), self.closing.clone());
        let task = self.tasks.spawn(async move {
            let _presence = presence;
            tokio::select! {
                () = closing.cancelled() => Err(Dropped::Closed),
                () = pause(time) => Ok(Reply::Whole(emulated.handle(call).await)),
            }
        });
        task.await.unwrap_or(Err(Dropped::Closed))
    }

    /// The call lands when its time has come, long after the client has given up.
    async fn late(&self, call: Call, time: SignedDuration, presence: Presence) -> Result<Reply, Dropped> {
        let (emulated, closing, clock) =
            (Arc::clone(&self.emulated), self.closing.clone(), self.clock.clone());
        let at = clock.now().saturating_add(time).unwrap_or(jiff::Timestamp::MAX);
        self.tasks.spawn(async move {
            let _presence = presence;
            tokio::select! {
                () = closing.cancelled() => {}
                () = clock.reached(at) => drop(emulated.handle(call).await),
            }
        });
        std::future::pending().await
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

/// What becomes of the answer to a call that was carried out.
fn spoilt(mut answer: Answer, effect: Effect) -> Result<Reply, Dropped> {
    match effect {
        Effect::DropAfterAccept => return Err(Dropped::Closed),
        Effect::Cut => return Ok(Reply::Cut(answer)),
        Effect::Garbage => answer = gateway_page(),
        Effect::Truncate => answer.body = half(&answer.body),
        Effect::WrongType => {
            answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        }
        _ => {}
    }
    Ok(Reply::Whole(answer))
}

/// The first half of a body, which is less than the whole.
pub(crate) fn half(body: &Bytes) -> Bytes {
    body.slice(..body.len() / 2)
}
