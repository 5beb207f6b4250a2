//! The terms, and their acceptance.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use webinar_bridge_domain::integration::TermsVersion;

use super::responses::{Contested, Guarded, Named, Written};
use super::{known, to_the_end};
use crate::Admin;
use crate::auth::Caller;
use crate::extract::{Body, Path};
use crate::problem::Problem;

/// The terms in force, and where the organization stands to them.
#[derive(Serialize, ToSchema)]
pub(crate) struct TermsView {
    /// The version in force.
    version: u32,
    /// Their text.
    text: String,
    /// The version that the organization has accepted.
    #[schema(required)]
    accepted: Option<u32>,
    /// Where the organization stands.
    state: &'static str,
}

/// The acceptance of terms.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acceptance {
    /// The version that is accepted: the one in force.
    version: u32,
}

async fn view(admin: &Admin, id: Uuid) -> Result<Json<TermsView>, Problem> {
    let organization = admin.bridge.steward.load(id.into()).await?.item;
    Ok(Json(TermsView {
        version: admin.terms.version.0,
        text: admin.terms.text.clone(),
        accepted: organization.integration.terms().map(|terms| terms.0),
        state: organization.integration.name(),
    }))
}

/// The terms in force.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/terms", operation_id = "showTerms", tag = "terms",
    params(("organization" = Uuid, Path)), responses((status = 200, body = TermsView), Guarded, Named))]
pub(crate) async fn show(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<Json<TermsView>, Problem> {
    view(&admin, id).await
}

/// Accepts the terms in force, which activates the organization as soon as its credentials are proven.
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/terms", operation_id = "acceptTerms", tag = "terms",
    params(("organization" = Uuid, Path)), request_body = Acceptance,
    responses((status = 200, body = TermsView), Guarded, Named, Written, Contested))]
pub(crate) async fn accept(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
    Body(acceptance): Body<Acceptance>,
) -> Result<Json<TermsView>, Problem> {
    let organization = known(&admin, id).await?;
    let version = TermsVersion(acceptance.version);
    to_the_end(async move {
        admin.bridge.steward.accept_terms(organization, version).await?;
        view(&admin, id).await
    })
    .await
}
