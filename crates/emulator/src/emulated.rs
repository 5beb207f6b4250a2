//! What each emulated server is to the sockets, the weather and the control endpoints around it.

use async_trait::async_trait;
use http::StatusCode;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::wire::{Answer, Call};

/// That a call is under way. It is over when this is dropped.
#[derive(Default)]
pub(crate) struct Presence(
    #[expect(dead_code, reason = "it is kept to be dropped")] Option<Box<dyn Send + Sync>>,
);

impl Presence {
    pub(crate) fn of(guard: impl Send + Sync + 'static) -> Self {
        Self(Some(Box::new(guard)))
    }
}

/// One emulated server, without its sockets, weather and control endpoints.
#[async_trait]
pub(crate) trait Emulated: Send + Sync + 'static {
    /// The names of its operations, as weather rules and call counts use them.
    fn operations(&self) -> &'static [&'static str];
    /// Which of them a request is. Unknown paths are "other" (part of `operations`).
    fn operation(&self, call: &Call) -> &'static str;
    /// A call has come in, before any weather. What this gives is kept until the call is answered or nobody waits for it
    /// any more; or else the call is refused at once.
    fn arrive(&self, _call: &Call) -> Result<Presence, Box<Answer>> {
        Ok(Presence::default())
    }
    /// The server begins to answer. What is begun here ends with it: a task of `tasks` heeds `closing`.
    fn begin(&self, _tasks: &TaskTracker, _closing: &CancellationToken) {}
    /// The answer, with its effect on the state.
    async fn handle(&self, call: Call) -> Answer;
    /// The shapes of its own that a failure can take, beside the plain ones (`weather::DRESSES`) that every server has.
    fn variants(&self) -> &'static [&'static str] {
        &[]
    }
    /// The answer with what the vendor repeats of the call in every answer, those of the weather included.
    fn echoed(&self, _call: &Call, answer: Answer) -> Answer {
        answer
    }
    /// The vendor's own words for "too many calls" to this operation; `variant` is one of `variants`.
    fn quota(&self, operation: &str, variant: Option<&str>) -> Answer;
    /// What `GET /_emulator/state` shows: a JSON object. Its `calls`, if it has them, are calls that came inside of
    /// other ones, by operation; they are added to those that the sockets count.
    fn state(&self) -> serde_json::Value;
    /// The names of its own control endpoints, for people who ask for another one.
    fn controls(&self) -> &'static [&'static str] {
        &[]
    }
    /// A control endpoint of its own below `/_emulator/`, e.g. `attendance`; `None` when there is none of that name.
    fn control(&self, _name: &str, _call: &Call) -> Option<Answer> {
        None
    }
    /// How the vendor dresses a failure of this status that has no cause in the request; empty unless it is known.
    /// `variant` is one of `variants`.
    fn failure(&self, status: StatusCode, _variant: Option<&str>) -> Answer {
        Answer::empty(status)
    }
}
