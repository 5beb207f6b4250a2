//! One read request with what its answer is made from.

use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::cookie::Cookie;
use super::preference::Preferences;
use super::query::Shape;
use super::store::Store;
use crate::wire::{Answer, Call};

/// What may not stand in a query as it is, apart from what divides it.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'+').add(b'%');

pub(super) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// A request against the rows as they stand.
pub(super) struct Scene<'a> {
    pub(super) store: &'a Store,
    /// The origin for requests that do not say by which they came.
    pub(super) origin: &'a str,
    pub(super) now: Timestamp,
    pub(super) call: &'a Call,
    pub(super) preferences: &'a Preferences,
}

/// Where the client believes the organization to be: the origin that it called, or else the configured one.
fn origin(configured: &str, call: &Call) -> String {
    call.origin().unwrap_or_else(|| configured.to_owned())
}

/// The root of the Web API, at the origin and in the version that the request used.
pub(super) fn root(configured: &str, call: &Call) -> String {
    let version = call.segments().into_iter().nth(2).unwrap_or_default();
    format!("{}/api/data/{version}", origin(configured, call))
}

/// A JSON answer as the Web API labels it.
pub(super) fn reply(status: StatusCode, body: &Json) -> Answer {
    let mut answer = Answer::json(status, body);
    let label = HeaderValue::from_static("application/json; odata.metadata=minimal");
    answer.headers.insert(CONTENT_TYPE, label);
    answer
}

impl Scene<'_> {
    pub(super) fn root(&self) -> String {
        root(self.origin, self.call)
    }

    /// The `@odata.context` of a set in a shape.
    pub(super) fn context(&self, shape: &Shape, suffix: &str) -> String {
        let set = self.store.table(shape.table).set;
        let described = shape.described(self.store);
        let columns = if described.is_empty() { described } else { format!("({described})") };
        format!("{}/$metadata#{set}{columns}{suffix}", self.root())
    }

    /// This request's URL again, with its tokens replaced by one that is already encoded.
    pub(super) fn again(&self, keep_delta: bool, name: &str, token: &str) -> String {
        let mut parts: Vec<&str> = self.call.query.split('&').filter(|part| !part.is_empty()).collect();
        parts.retain(|part| {
            let name = part.split('=').next().unwrap_or_default().to_ascii_lowercase();
            let name = name.replace("%24", "$");
            name != "$skiptoken" && (keep_delta || name != "$deltatoken")
        });
        let added = format!("{name}={token}");
        parts.push(&added);
        format!("{}{}?{}", origin(self.origin, self.call), self.call.path, parts.join("&"))
    }

    /// The link to what follows a row in a collection of another row, with the options of that collection.
    pub(super) fn onwards(&self, path: &str, options: &str, last: Uuid, given: usize) -> String {
        let options = utf8_percent_encode(options, QUERY);
        let cookie = Cookie { page: 2, last: Some(last), given, tracked: None }.encode();
        let joined = if options.clone().next().is_some() { "&" } else { "" };
        format!("{}/{path}?{options}{joined}$skiptoken={cookie}", self.root())
    }

    /// A list as an answer.
    pub(super) fn list(&self, body: Map<String, Json>) -> Answer {
        let answer = reply(StatusCode::OK, &Json::Object(body));
        match self.preferences.applied() {
            Some(applied) => answer.with(PREFERENCE_APPLIED, &applied),
            None => answer,
        }
    }
}
