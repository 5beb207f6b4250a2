//! What every answer has, whoever gave it: an id that finds it in the logs, and headers that keep browsers careful.

use std::any::Any;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::Admin;
use crate::problem::{self, Problem};

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 64 * 1024;

/// The header that carries a request's id.
const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// Nothing is loaded but what the bridge itself serves, nobody frames it, and no text becomes script.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'";

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    // Browsers heed it over TLS alone.
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
    (header::CACHE_CONTROL, "no-store"),
];

/// A whole router from its routes: whatever else happens to a request is a problem document too.
pub(crate) fn sealed(routes: Router, admin: &Admin) -> Router {
    let meters = admin.meters.clone();
    let panicked = move |_: Box<dyn Any + Send>| {
        meters.panicked();
        tracing::error!(code = "panic", "a request ended in a panic");
        Problem::unexpected().into_response()
    };
    routes
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        // Within the trace, so that a panic has its id too.
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(admin.clone(), trace))
        .layer(middleware::map_response(with_headers))
}

/// Gives each request an id that finds it in the logs, and puts it into problem documents.
async fn trace(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let mut bytes = [0; 16];
    admin.bridge.ports().entropy.fill(&mut bytes);
    let id = format!("{:032x}", u128::from_be_bytes(bytes));
    // The pattern, not the path: what somebody typed there is not for the logs.
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", trace_id = %id, method = %request.method(), route);
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = problem.traced(&id).document();
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(TRACE_ID, value);
    }
    span.in_scope(|| tracing::debug!(status = response.status().as_u16(), "answered"));
    response
}

async fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
