//! The door at which Dynamics 365 says that a row changed (rules W1 to W5).
//!
//! A notice is a hint and nothing more: which row, and that something happened to it. The key is looked at before the
//! body is read. Whatever keeps a notice from being stored is 503, the one kind of answer after which Dataverse tries
//! once more.

mod notice;

use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use ring::digest::{SHA256, digest};
use tracing::Instrument as _;
use uuid::Uuid;
use webinar_bridge_domain::endpoint::{Endpoint, EndpointId, KeyDigest};
use webinar_bridge_domain::flow::Heard;
use webinar_bridge_domain::id::Stored;
use webinar_bridge_domain::port::{CrmRow, StoreError};

use crate::Admin;
use crate::extract::Path;
use crate::problem::Problem;
use notice::Notice;

/// The largest notice that is read, in bytes. Dataverse cuts its own to a quarter of that.
const LARGEST_NOTICE: usize = 1024 * 1024;

/// How long a notice may take to be stored.
const BUDGET: Duration = Duration::from_secs(2);

/// How long its body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

pub(crate) fn router(admin: &Admin) -> Router {
    Router::new().route("/hooks/dataverse/{endpoint}", post(knock)).with_state(admin.clone())
}

/// The digest of an endpoint's key.
pub(crate) fn key_digest(key: &str) -> KeyDigest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
    KeyDigest::new(bytes)
}

/// One knock at the door, to its end: a panic on the way is an inability to store, too.
async fn knock(State(admin): State<Admin>, Path(endpoint): Path<String>, request: Request) -> Response {
    let meters = admin.meters.clone();
    let work = async move { answer(&admin, &endpoint, request).await };
    let outcome = match tokio::spawn(work.in_current_span()).await {
        Ok(outcome) => outcome,
        Err(end) => {
            if end.is_panic() {
                meters.panicked();
                tracing::error!(code = "panic", "a webhook ended in a panic");
            }
            Err(Refused::Unstored)
        }
    };
    meters.heard(outcome.map_or_else(Refused::name, name));
    match outcome {
        Ok(_) => StatusCode::ACCEPTED.into_response(),
        Err(refused) => refused.problem().into_response(),
    }
}

const fn name(heard: Heard) -> &'static str {
    match heard {
        Heard::Stored => "stored",
        Heard::Elsewhere => "elsewhere",
        Heard::AtRest => "at_rest",
    }
}

/// Why a notice was not taken.
#[derive(Clone, Copy)]
enum Refused {
    Stranger,
    TooLarge,
    MediaType,
    Malformed,
    Unstored,
}

impl Refused {
    const fn name(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::TooLarge => "too_large",
            Self::MediaType => "media_type",
            Self::Malformed => "malformed",
            Self::Unstored => "unstored",
        }
    }

    /// The answer; to a stranger it is the same whether there is a door or not.
    fn problem(self) -> Problem {
        match self {
            Self::Stranger => {
                let detail = "the address or the key is not one of ours; a key can be made anew over the API";
                Problem::new(StatusCode::UNAUTHORIZED, "unauthorised", "not let in", detail)
            }
            Self::TooLarge => {
                let detail = "a notice has at most one mebibyte";
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is too large", detail)
            }
            Self::MediaType => {
                let detail = "send `Content-Type: application/json`";
                Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", "the body is not JSON", detail)
            }
            Self::Malformed => {
                let detail = "the body is no execution context of Dataverse that can be read";
                Problem::new(StatusCode::BAD_REQUEST, "malformed", "the body cannot be read", detail)
            }
            Self::Unstored => Problem::unavailable("the notice could not be stored; send it once more"),
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        tracing::error!(code = "store", %error, "the store could not take a webhook in");
        Self::Unstored
    }
}

async fn answer(admin: &Admin, endpoint: &str, request: Request) -> Result<Heard, Refused> {
    let (Parts { headers, .. }, body) = request.into_parts();
    let door = in_time(let_in(admin, endpoint, &headers)).await?.ok_or(Refused::Stranger)?;
    if !is_json(&headers) {
        return Err(Refused::MediaType);
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|length| length.parse::<usize>().ok()).is_some_and(|n| n > LARGEST_NOTICE) {
        return Err(Refused::TooLarge);
    }
    let arriving = tokio::time::timeout(ARRIVAL, to_bytes(body, LARGEST_NOTICE));
    let body = match arriving.await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) if is_too_long(&error) => return Err(Refused::TooLarge),
        Ok(Err(_)) | Err(_) => return Err(Refused::Malformed),
    };
    let notice = Notice::read(&body).ok_or(Refused::Malformed)?;
    let table = admin.webhooks.tables.get(&notice.entity).copied();
    let row = table.zip(notice.row).map(|(table, id)| CrmRow { table, id: id.into() });
    tracing::debug!(operation = ?notice.operation, message = notice.message_name(), "heard");
    in_time(admin.bridge.doorkeeper.hear(&door, row)).await
}

/// Something that the store does, within its budget.
async fn in_time<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, Refused> {
    let Ok(done) = tokio::time::timeout(BUDGET, work).await else {
        tracing::error!(code = "store", "the store did not take a webhook in within its time");
        return Err(Refused::Unstored);
    };
    Ok(done?)
}

/// The door, if its key is shown. A name that is none, and a key that is missing, are looked up and compared all the same.
async fn let_in(
    admin: &Admin,
    endpoint: &str,
    headers: &HeaderMap,
) -> Result<Option<Stored<Endpoint>>, StoreError> {
    let id = Uuid::try_parse(endpoint).unwrap_or(Uuid::nil());
    let key = headers.get(&admin.webhooks.header).and_then(|key| key.to_str().ok());
    admin.bridge.doorkeeper.admits(EndpointId::from(id), &key_digest(key.unwrap_or_default())).await
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let essence = media.and_then(|media| media.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}
