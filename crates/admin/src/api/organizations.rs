//! Organizations.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::Organization;

use super::responses::{Contested, Guarded, Named, Written};
use crate::Admin;
use crate::auth::Caller;
use crate::extract::{Body, Path};
use crate::problem::Problem;

/// An organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrganizationView {
    /// Its id, as it stands in paths.
    id: Uuid,
    /// Its name.
    name: String,
    /// Where it stands: `dormant`, `awaiting credentials`, `active`, `draining`, `awaiting terms`, `erased`.
    state: &'static str,
    /// The version of the terms that were accepted.
    #[schema(required)]
    terms: Option<u32>,
    /// What keeps it from working just now.
    troubles: Vec<TroubleView>,
}

/// Something that keeps an organization from working.
#[derive(Serialize, ToSchema)]
pub(crate) struct TroubleView {
    /// With whom: `vault`, `provider`, `crm`, `names`.
    with: &'static str,
    /// What is the matter.
    what: String,
    /// Since when (RFC 3339).
    since: String,
}

/// A new organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrganization {
    /// Its name; one organization has it.
    name: String,
}

fn view(admin: &Admin, organization: &Organization) -> OrganizationView {
    let troubles = admin.bridge.standing.notes().into_iter().filter(|(id, ..)| *id == organization.id);
    OrganizationView {
        id: organization.id.uuid(),
        name: organization.name.clone(),
        state: organization.integration.name(),
        terms: organization.integration.terms().map(|terms| terms.0),
        troubles: troubles
            .map(|(_, topic, note)| TroubleView {
                with: topic.name(),
                what: note.what,
                since: note.since.to_string(),
            })
            .collect(),
    }
}

/// All organizations, by name.
#[utoipa::path(get, path = "/api/v1/organizations", operation_id = "listOrganizations", tag = "organizations",
    responses((status = 200, body = Vec<OrganizationView>), Guarded))]
pub(crate) async fn list(
    _: Caller,
    State(admin): State<Admin>,
) -> Result<Json<Vec<OrganizationView>>, Problem> {
    let all = admin.bridge.steward.list().await?;
    Ok(Json(all.iter().map(|organization| view(&admin, organization)).collect()))
}

/// Where a new resource is.
type Located = [(HeaderName, String); 1];

/// Whether a character is not seen, or changes how its neighbours are seen.
fn misleads(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Makes an organization known. It is dormant until its terms are accepted.
#[utoipa::path(post, path = "/api/v1/organizations", operation_id = "foundOrganization", tag = "organizations",
    request_body = NewOrganization, responses(
        (status = 201, body = OrganizationView, headers(("location" = String, description = "Its path"))),
        Guarded, Written, Contested))]
pub(crate) async fn found(
    _: Caller,
    State(admin): State<Admin>,
    Body(new): Body<NewOrganization>,
) -> Result<(StatusCode, Located, Json<OrganizationView>), Problem> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(misleads) {
        return Err(Problem::invalid(
            "`name` must have 1 to 100 characters, none of them a control character",
        ));
    }
    let organization = admin.bridge.steward.found(name, None).await?;
    let location = format!("/api/v1/organizations/{}", organization.id.uuid());
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view(&admin, &organization))))
}

/// One organization.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}", operation_id = "showOrganization",
    tag = "organizations", params(("organization" = Uuid, Path)),
    responses((status = 200, body = OrganizationView), Guarded, Named))]
pub(crate) async fn show(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<Json<OrganizationView>, Problem> {
    let organization = admin.bridge.steward.load(OrganizationId::from(id)).await?.item;
    Ok(Json(view(&admin, &organization)))
}
