//! Reading the CRM's tables whole, and the brake on what is found missing in them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use webinar_bridge_domain::id::WebinarId;

use super::responses::{Guarded, Named, Written};
use super::{known, to_the_end};
use crate::Admin;
use crate::auth::Caller;
use crate::extract::{Body, Path};
use crate::problem::Problem;

/// A webinar from which too many people vanished at once; those who vanish from now on are held.
#[derive(Serialize, ToSchema)]
pub(crate) struct BrakeView {
    /// Which webinar.
    webinar: Uuid,
    /// How many people vanished since `since`.
    vanished: u32,
    /// When counting began (RFC 3339).
    since: String,
    /// When they were too many (RFC 3339).
    #[schema(required)]
    tripped: Option<String>,
}

/// A person's word that so many removals are meant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    /// From which webinar.
    webinar: Uuid,
}

/// What an approval did.
#[derive(Serialize, ToSchema)]
pub(crate) struct Approved {
    /// How many held removals go on from now on.
    released: u64,
}

/// Reads all of the organization's tables whole, as if every place in their feeds had been lost. Rows that are missing in
/// them are looked at one by one before anything follows from it.
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/resync", operation_id = "resync", tag = "intake",
    params(("organization" = Uuid, Path)), responses((status = 202), Guarded, Named))]
pub(crate) async fn resync(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let id = known(&admin, id).await?;
    to_the_end(async move { Ok(admin.bridge.observe.resync(id).await?) }).await?;
    Ok(StatusCode::ACCEPTED)
}

/// The webinars whose brake is on.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/brakes", operation_id = "listBrakes", tag = "intake",
    params(("organization" = Uuid, Path)), responses((status = 200, body = Vec<BrakeView>), Guarded, Named))]
pub(crate) async fn brakes(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<Json<Vec<BrakeView>>, Problem> {
    let id = known(&admin, id).await?;
    let brakes = admin.bridge.desk.brakes(id).await?;
    let view = |(webinar, brake): (WebinarId, webinar_bridge_domain::registration::Brake)| BrakeView {
        webinar: webinar.uuid(),
        vanished: brake.vanished,
        since: brake.since.to_string(),
        tripped: brake.tripped.map(|at| at.to_string()),
    };
    Ok(Json(brakes.into_iter().map(view).collect()))
}

/// Says that the people who vanished from a webinar are meant to: they are taken off its list, and counting begins anew.
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/brakes/approvals", operation_id = "approveBrake",
    tag = "intake", params(("organization" = Uuid, Path)), request_body = Approval,
    responses((status = 200, body = Approved), Guarded, Named, Written))]
pub(crate) async fn approve(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
    Body(approval): Body<Approval>,
) -> Result<Json<Approved>, Problem> {
    let id = known(&admin, id).await?;
    let webinar = super::tasks::webinar(approval.webinar);
    let released = to_the_end(async move { Ok(admin.bridge.desk.approve_brake(id, webinar).await?) }).await?;
    Ok(Json(Approved { released }))
}
