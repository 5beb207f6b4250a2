#![doc = include_str!("../README.md")]

mod api;
mod auth;
mod console;
mod envelope;
mod extract;
mod health;
mod hooks;
mod meters;
mod problem;
mod state;
#[cfg(test)]
mod tests;

use axum::Router;

pub use auth::{Token, TokenGate};
pub use meters::Meters;
pub use state::{Admin, CrmSecret, ProviderSecret, Readiness, Secrets, Terms, Webhooks};

/// The digest of a key for webhooks; the key itself is never stored.
pub fn webhook_key_digest(key: &secrecy::SecretString) -> webinar_bridge_domain::endpoint::KeyDigest {
    hooks::key_digest(secrecy::ExposeSecret::expose_secret(key))
}

/// The public router: console, `/api/v1`, the description of the API, and the door for webhooks.
///
/// # Panics
///
/// If the text of `admin`'s terms is of another version than the bridge has people accept.
pub fn public(admin: &Admin) -> Router {
    assert_eq!(admin.terms.version, admin.bridge.steward.terms(), "the terms shown are those in force");
    let (api, description) = api::router(admin).split_for_parts();
    let routes = Router::new()
        .merge(api)
        .merge(api::description(&description))
        .merge(hooks::router(admin))
        .merge(console::router(admin));
    envelope::sealed(routes, admin)
}

/// The private router: health and metrics, for whoever runs the bridge.
pub fn private(admin: &Admin) -> Router {
    envelope::sealed(health::router(admin), admin)
}
