//! Errors as problem documents (RFC 9457), those of the framework too.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use webinar_bridge_domain::flow::Refusal;
use webinar_bridge_domain::port::StoreError;

use crate::Admin;

/// A problem, as it is answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Where the kind of problem is described.
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
    /// Finds this request in the logs.
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

    pub(crate) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "the request does not fit the present state", detail)
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        let title = "cannot be done just now";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let content = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, content);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(code = "store", %error, "the store could not serve a request");
        Self::unavailable("the store is not available; nothing was changed; try again in a few seconds")
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => Self::missing("organization"),
            Refusal::NameTaken => Self::conflict("name_taken", refusal.to_string()),
            Refusal::NotAllowed(_) => Self::conflict("not_allowed", refusal.to_string()),
            Refusal::OtherTerms(..) => Self::conflict("other_terms", refusal.to_string()),
            Refusal::Secret(error) => {
                tracing::warn!(code = "secret", %error, "a secret could not be kept");
                let detail = format!("the secret was not kept: {error}");
                Self::unavailable(detail)
            }
            Refusal::Store(error) => error.into(),
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let (code, title) = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ("media_type", "the body is not JSON"),
            StatusCode::UNPROCESSABLE_ENTITY => ("invalid", "the body does not say what is needed"),
            _ => ("malformed", "the body cannot be read"),
        };
        let detail = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "send less".to_owned(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "send `Content-Type: application/json`".to_owned(),
            // The message names the field and what was expected; a value that it quotes could be a secret.
            StatusCode::UNPROCESSABLE_ENTITY => without_values(&rejection.body_text()),
            _ => "the body is not well-formed JSON".to_owned(),
        };
        Self::new(rejection.status(), code, title, detail)
    }
}

/// What a decoder said, without what it quotes of the body.
fn without_values(text: &str) -> String {
    let text =
        text.strip_prefix("Failed to deserialize the JSON body into the target type: ").unwrap_or(text);
    let mut quoted = false;
    let kept = text.chars().filter(|c| {
        if *c == '"' {
            quoted = !quoted;
        }
        !quoted || *c == '"'
    });
    kept.collect::<String>().replace("\"\"", "the given text")
}

/// A JSON body; what is wrong with it is a problem document.
pub(crate) struct Body<T>(pub(crate) T);

impl<T, S> FromRequest<S> for Body<T>
where
    Json<T>: FromRequest<S, Rejection = JsonRejection>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Json(body) = Json::from_request(request, state).await?;
        Ok(Self(body))
    }
}

/// A path parameter; one that cannot be read names nothing that there is.
pub(crate) struct Path<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    axum::extract::Path<T>: FromRequestParts<S, Rejection = PathRejection>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::missing("resource")),
        }
    }
}

/// Query parameters; what is wrong with them is a problem document.
pub(crate) struct Query<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    axum::extract::Query<T>: FromRequestParts<S, Rejection = QueryRejection>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(_) => {
                let detail = "a query parameter cannot be read; the description of the API lists them";
                let title = "the query cannot be read";
                Err(Problem::new(StatusCode::BAD_REQUEST, "malformed", title, detail))
            }
        }
    }
}

pub(crate) async fn not_found() -> Problem {
    Problem::missing("page or resource")
}

pub(crate) async fn method_not_allowed() -> Problem {
    let detail = "the description of the API says which methods there are";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "not done this way", detail)
}

pub(crate) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!(code = "panic", "a request ended in a panic");
    let detail = "nothing is known to have changed; the logs have the trace";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "unexpected", detail).into_response()
}

/// Gives each request an id that finds it in the logs, and puts it into problem documents.
pub(crate) async fn trace(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let mut bytes = [0; 16];
    admin.bridge.ports().entropy.fill(&mut bytes);
    let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let method = request.method().clone();
    let route = request.extensions().get::<axum::extract::MatchedPath>().map(|path| path.as_str().to_owned());
    let mut response = next.run(request).await;
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        problem.trace_id.clone_from(&id);
        let headers = std::mem::take(response.headers_mut());
        response = problem.into_response();
        response.extensions_mut().remove::<Problem>();
        for (name, value) in headers {
            if let Some(name) = name.filter(|name| *name != header::CONTENT_LENGTH) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-trace-id", value);
    }
    let route = route.as_deref().unwrap_or("(none)");
    tracing::debug!(%method, route, status = response.status().as_u16(), trace_id = %id, "request");
    response
}
