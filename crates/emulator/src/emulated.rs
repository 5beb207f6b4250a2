//! What each emulated server is to the sockets, the weather and the control endpoints around it.

use async_trait::async_trait;
use http::StatusCode;

use crate::wire::{Answer, Call};

/// One emulated server, without its sockets, weather and control endpoints.
#[async_trait]
pub(crate) trait Emulated: Send + Sync + 'static {
    /// The names of its operations, as weather rules and call counts use them.
    fn operations(&self) -> &'static [&'static str];
    /// Which of them a request is. Unknown paths are "other" (part of `operations`).
    fn operation(&self, call: &Call) -> &'static str;
    /// The answer, with its effect on the state.
    async fn handle(&self, call: Call) -> Answer;
    /// The shapes of its own that a failure can take, beside the plain ones (`weather::Dress`) that every server has.
    fn variants(&self) -> &'static [&'static str] {
        &[]
    }
    /// The vendor's own words for "too many calls" to this operation; `variant` is one of `variants`.
    fn quota(&self, operation: &str, variant: Option<&str>) -> Answer;
    /// What `GET /_emulator/state` shows: a JSON object. Its `calls`, if it has them, are calls that came inside of
    /// other ones, by operation; they are added to those that the sockets count.
    fn state(&self) -> serde_json::Value;
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
