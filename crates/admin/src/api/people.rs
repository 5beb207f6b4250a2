//! People who need a look: held registrations, and attendance of nobody in the CRM. Nobody is named.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{HeldFilter, HeldQuery, PageRequest};
use webinar_bridge_domain::registration::Cause;

use super::known;
use super::responses::{Asked, Guarded, Named};
use super::tasks::{time, webinar};
use crate::Admin;
use crate::auth::Caller;
use crate::extract::{Path, Query};
use crate::problem::Problem;

/// A held registration.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeldView {
    /// Names the registration; ON24 has it as the person's `exteventusercd`.
    id: String,
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
    /// When the first call was made for what is wanted now (RFC 3339).
    #[schema(required)]
    first_tried: Option<String>,
    /// When the last was (RFC 3339).
    #[schema(required)]
    last_tried: Option<String>,
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
    fn of(&self, organization: OrganizationId) -> PageRequest {
        PageRequest { organization, skip: self.skip, limit: self.limit.unwrap_or(100).clamp(1, 500) }
    }
}

/// Which held registrations, and which page of them.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Held for this cause.
    cause: Option<String>,
    /// At this webinar.
    webinar: Option<Uuid>,
    /// Held since then or later (RFC 3339).
    from: Option<String>,
    /// Held before then (RFC 3339).
    to: Option<String>,
    /// How many come before the page; 0 unless told.
    #[serde(default)]
    skip: u32,
    /// How many are on it, 1 to 500; 100 unless told. What lies outside is taken as the nearest of these.
    limit: Option<u32>,
}

impl Wanted {
    fn query(self, organization: OrganizationId) -> Result<HeldQuery, Problem> {
        let (from, to) = (time("from", self.from.as_deref()), time("to", self.to.as_deref()));
        let (from, to) = (from.map_err(Problem::malformed)?, to.map_err(Problem::malformed)?);
        let (cause, webinar) = (self.cause, self.webinar.map(webinar));
        let filter = HeldFilter { people: vec![], cause, webinar, from, to };
        let limit = self.limit.unwrap_or(100).clamp(1, 500);
        Ok(HeldQuery { organization, filter, skip: self.skip, limit })
    }
}

/// Held registrations, the longest held first. None is tried again by itself: each waits for a change in the CRM, or for
/// somebody who releases it.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/held", operation_id = "listHeld", tag = "people",
    params(("organization" = Uuid, Path), Wanted),
    responses((status = 200, body = Vec<HeldView>), Guarded, Named, Asked))]
pub(crate) async fn held(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<HeldView>>, Problem> {
    let id = known(&admin, id).await?;
    let held = admin.bridge.desk.held(wanted.query(id)?).await?;
    let view = |person: webinar_bridge_domain::flow::HeldPerson| HeldView {
        cause: person.cause.name(),
        remedy: person.cause.remedy(),
        words: match &person.cause {
            Cause::Refused(words) => Some(words.to_string()),
            Cause::Invalid(field) => Some(field.to_string()),
            _ => None,
        },
        first_tried: person.tried.map(|tried| tried.first.to_string()),
        last_tried: person.tried.map(|tried| tried.last.to_string()),
        id: person.id,
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
