//! Errors as problem documents (RFC 9457), those of the framework too.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use webinar_bridge_domain::flow::{EnterError, Refusal};
use webinar_bridge_domain::port::StoreError;

/// A problem, as it is answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Names the kind of problem, as `code` does.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem, for people.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened this time, and what can be done about it.
    detail: String,
    /// The kind of problem, for programs; stable.
    code: &'static str,
    /// Finds this request in the logs; the same as the header `x-trace-id`.
    trace_id: String,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let (kind, trace_id) = (format!("urn:webinar-bridge:problem:{code}"), String::new());
        Self { kind, title, status: status.as_u16(), detail: detail.into(), code, trace_id }
    }

    pub(crate) fn unauthorised() -> Self {
        let detail =
            "send the token that was configured as `Authorization: Bearer …`; it may also have expired";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorised", "not signed in", detail)
    }

    pub(crate) fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "not found", format!("there is no such {what}"))
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "the request cannot be carried out", detail)
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "the query cannot be read", detail)
    }

    pub(crate) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "the request does not fit the present state", detail)
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        let title = "cannot be done just now";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title, detail)
    }

    pub(crate) fn unexpected() -> Self {
        let detail = "a fault of the bridge; the logs have more under this trace_id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "unexpected", detail)
    }

    /// The problem of a request that the logs know by `trace_id`.
    pub(crate) fn traced(mut self, trace_id: &str) -> Self {
        trace_id.clone_into(&mut self.trace_id);
        self
    }

    /// The document itself.
    pub(crate) fn document(&self) -> Body {
        // Text and a number under fixed names: there is nothing in it that serialization could fail at.
        serde_json::to_vec(self).map_or_else(|_| Body::empty(), Body::from)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.document());
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let status = response.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        // For whoever knows the trace id.
        response.extensions_mut().insert(self);
        response
    }
}

/// What the store says stays in the logs: it may speak of places that are nobody's business. How much was done before
/// is not known here, so nothing is promised about it.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(code = "store", %error, "the store could not serve a request");
        match error {
            StoreError::Unavailable(_) | StoreError::Fatal(_) => {
                Self::unavailable("the store is not available; try again in a few seconds")
            }
            StoreError::Full(_) => {
                Self::unavailable("the store has no room left; its operator must make some")
            }
            StoreError::Corrupt { .. } => Self::unexpected(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => Self::missing("organization"),
            Refusal::NameTaken => Self::conflict("name_taken", refusal.to_string()),
            Refusal::NotAllowed(_) => Self::conflict("not_allowed", refusal.to_string()),
            Refusal::OtherTerms(..) => Self::conflict("other_terms", refusal.to_string()),
            Refusal::Store(error) | Refusal::Secret(EnterError::Store(error)) => error.into(),
            Refusal::Secret(EnterError::Busy) => Self::unavailable(EnterError::Busy.to_string()),
            Refusal::Secret(EnterError::Vault(fault)) => {
                tracing::warn!(code = %fault.code, "a secret could not be sealed");
                Self::unavailable(format!("the secret could not be sealed and was not kept: {fault}"))
            }
        }
    }
}

pub(crate) async fn not_found() -> Problem {
    Problem::missing("page or resource")
}

pub(crate) async fn method_not_allowed() -> Problem {
    let detail = "the header `allow` names the methods that there are";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "not done this way", detail)
}
