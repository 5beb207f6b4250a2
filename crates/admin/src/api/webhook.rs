//! The door at which an organization's CRM says that rows changed: its address, and its keys, which are shown once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use webinar_bridge_domain::endpoint::{Endpoint, EndpointKey};

use super::known;
use super::responses::{Guarded, Named};
use crate::Admin;
use crate::auth::{Caller, Token};
use crate::extract::Path;
use crate::hooks::key_digest;
use crate::problem::Problem;

/// A key of the door, as far as it is told.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyView {
    /// The first eight hexadecimal digits of its SHA-256: enough to tell keys apart, and no key.
    fingerprint: String,
    /// Since when it is valid (RFC 3339).
    since: String,
}

/// The door.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookView {
    /// Where it is, below the address of the bridge.
    path: String,
    /// The header in which Dynamics 365 sends the key.
    header: String,
    /// The key that was made last.
    key: KeyView,
    /// The one before, while it is still valid.
    #[schema(required)]
    former_key: Option<KeyView>,
    /// When a notice was last heard here (RFC 3339), give or take a minute.
    #[schema(required)]
    heard: Option<String>,
}

/// The door, with its new key.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookOpened {
    /// The new key. It is not shown again.
    #[schema(format = Password)]
    secret: String,
    /// The door.
    webhook: WebhookView,
}

fn view(admin: &Admin, endpoint: &Endpoint) -> WebhookView {
    let key =
        |key: &EndpointKey| KeyView { fingerprint: key.digest.fingerprint(), since: key.since.to_string() };
    WebhookView {
        path: format!("/hooks/dataverse/{}", endpoint.id),
        header: admin.webhooks.header.clone(),
        key: key(&endpoint.key),
        former_key: endpoint.former.as_ref().map(key),
        heard: endpoint.heard.map(|at| at.to_string()),
    }
}

fn none() -> Problem {
    Problem::missing("webhook; `POST` makes one")
}

/// The door at which the organization's CRM says that rows changed.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/webhook", operation_id = "showWebhook", tag = "webhook",
    params(("organization" = Uuid, Path)), responses((status = 200, body = WebhookView), Guarded, Named))]
pub(crate) async fn show(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<Json<WebhookView>, Problem> {
    let id = known(&admin, id).await?;
    let endpoint = admin.bridge.doorkeeper.endpoint(id).await?.ok_or_else(none)?;
    Ok(Json(view(&admin, &endpoint)))
}

/// Opens the door, or changes its key. The former key stays valid until it is taken back or the key changes again, so that
/// no notice is lost while the new one is entered in Dynamics 365.
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/webhook", operation_id = "openWebhook", tag = "webhook",
    params(("organization" = Uuid, Path)), responses((status = 200, body = WebhookOpened), Guarded, Named))]
pub(crate) async fn open(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<Json<WebhookOpened>, Problem> {
    let id = known(&admin, id).await?;
    let key = Token::mint(admin.bridge.ports().entropy.as_ref());
    let opened = admin.bridge.doorkeeper.open(id, key_digest(key.reveal())).await?;
    let endpoint = opened.ok_or_else(|| Problem::unavailable("no name could be found for it; try again"))?;
    Ok(Json(WebhookOpened { secret: key.reveal().to_owned(), webhook: view(&admin, &endpoint) }))
}

/// Closes the door: whatever knocks is a stranger. The change feeds go on.
#[utoipa::path(delete, path = "/api/v1/organizations/{organization}/webhook", operation_id = "closeWebhook",
    tag = "webhook", params(("organization" = Uuid, Path)), responses((status = 204), Guarded, Named))]
pub(crate) async fn close(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let id = known(&admin, id).await?;
    if admin.bridge.doorkeeper.close(id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(none()) }
}

/// Takes the former key back: from now on only the newest one is valid.
#[utoipa::path(delete, path = "/api/v1/organizations/{organization}/webhook/former-key",
    operation_id = "retireWebhookKey", tag = "webhook", params(("organization" = Uuid, Path)),
    responses((status = 200, body = WebhookView), Guarded, Named))]
pub(crate) async fn retire(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<Json<WebhookView>, Problem> {
    let id = known(&admin, id).await?;
    let endpoint = admin.bridge.doorkeeper.settle(id).await?.ok_or_else(none)?;
    Ok(Json(view(&admin, &endpoint)))
}
