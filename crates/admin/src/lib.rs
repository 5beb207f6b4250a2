#![doc = include_str!("../README.md")]

mod api;
mod auth;
mod console;
mod health;
mod meters;
mod problem;
mod state;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

pub use auth::{Token, TokenGate};
pub use meters::Meters;
pub use state::{Admin, CrmSecret, ProviderSecret, Readiness, Secrets, Terms};

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 64 * 1024;

/// The public router: console, `/api/v1`, and the description of the API.
pub fn public(admin: &Admin) -> Router {
    let (api, description) = api::router(admin).split_for_parts();
    Router::new()
        .merge(api)
        .merge(api::description(&description))
        .merge(console::router(admin))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(middleware::from_fn_with_state(admin.clone(), problem::trace))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(
            ServiceBuilder::new()
                .layer(always("content-security-policy", CONTENT_POLICY))
                .layer(always("x-content-type-options", "nosniff"))
                .layer(always("referrer-policy", "no-referrer"))
                .layer(always("cache-control", "no-store"))
                .layer(CatchPanicLayer::custom(problem::panicked)),
        )
}

/// The private router: health and metrics, for whoever runs the bridge.
pub fn private(admin: &Admin) -> Router {
    health::router(admin).fallback(problem::not_found)
}

/// Nothing but what the bridge itself serves.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

fn always(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    let name = HeaderName::from_static(name);
    debug_assert!(name != header::SET_COOKIE, "one value for every answer");
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
