//! People who need a look: held registrations, and attendance of nobody in the CRM. Nobody is named.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use webinar_bridge_domain::port::PageRequest;
use webinar_bridge_domain::registration::Cause;

use super::known;
use super::responses::{Asked, Guarded, Named};
use crate::Admin;
use crate::auth::Caller;
use crate::extract::{Path, Query};
use crate::problem::Problem;

/// A held registration.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeldView {
    /// The person's pseudonym.
    person: String,
    /// At which webinar.
    webinar: Uuid,
    /// Why: `refused`, `too_late`, `invalid`, `exhausted`, `unresolved`, `poison`, `brake`.
    cause: &'static str,
    /// The provider's words, or the field at fault.
    #[schema(required)]
    words: Option<String>,
    /// What to do about it.
    remedy: &'static str,
    /// Since when (RFC 3339).
    since: String,
    /// How many calls were made for the person.
    attempts: u32,
    /// Whether the person is wanted at the webinar, rather than to be removed from it.
    wanted: bool,
}

/// Attendance of somebody whom the CRM does not know.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnmatchedView {
    /// The provider's id of the person.
    person: String,
    /// At which webinar.
    webinar: Uuid,
    /// Minutes watched.
    minutes: u32,
    /// Whether they may still grow.
    provisional: bool,
}

/// Which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// How many come before it; 0 unless told.
    #[serde(default)]
    skip: u32,
    /// How many are on it, 1 to 500; 100 unless told. What lies outside is taken as the nearest of these.
    limit: Option<u32>,
}

impl Page {
    fn of(&self, organization: webinar_bridge_domain::id::OrganizationId) -> PageRequest {
        PageRequest { organization, skip: self.skip, limit: self.limit.unwrap_or(100).clamp(1, 500) }
    }
}

/// Held registrations, the longest held first.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/held", operation_id = "listHeld", tag = "people",
    params(("organization" = Uuid, Path), Page), responses((status = 200, body = Vec<HeldView>), Guarded, Named, Asked))]
pub(crate) async fn held(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
    Query(page): Query<Page>,
) -> Result<Json<Vec<HeldView>>, Problem> {
    let id = known(&admin, id).await?;
    let held = admin.bridge.desk.held(page.of(id)).await?;
    let view = |person: webinar_bridge_domain::flow::HeldPerson| HeldView {
        cause: person.cause.name(),
        remedy: person.cause.remedy(),
        words: match &person.cause {
            Cause::Refused(words) => Some(words.to_string()),
            Cause::Invalid(field) => Some(field.to_string()),
            _ => None,
        },
        person: person.person,
        webinar: person.webinar.uuid(),
        since: person.since.to_string(),
        attempts: person.attempts,
        wanted: person.wanted,
    };
    Ok(Json(held.into_iter().map(view).collect()))
}

/// Attendance of nobody in the CRM.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/unmatched", operation_id = "listUnmatched", tag = "people",
    params(("organization" = Uuid, Path), Page),
    responses((status = 200, body = Vec<UnmatchedView>), Guarded, Named, Asked))]
pub(crate) async fn unmatched(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
    Query(page): Query<Page>,
) -> Result<Json<Vec<UnmatchedView>>, Problem> {
    let id = known(&admin, id).await?;
    let unmatched = admin.bridge.desk.unmatched(page.of(id)).await?;
    let view = |one: webinar_bridge_domain::flow::Unmatched| UnmatchedView {
        person: one.person,
        webinar: one.webinar.uuid(),
        minutes: one.seen.watched.minutes(),
        provisional: one.seen.provisional,
    };
    Ok(Json(unmatched.into_iter().map(view).collect()))
}
