//! Work that people ask for and that goes on by itself: comparisons with the provider's lists, and releases.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use webinar_bridge_domain::id::{CrmRecordId, WebinarId};
use webinar_bridge_domain::port::HeldFilter;
use webinar_bridge_domain::task::{Findings, Job, Task};
use webinar_bridge_domain::time::Timestamp;

use super::responses::{Guarded, Named, Written};
use super::{known, to_the_end};
use crate::Admin;
use crate::auth::Caller;
use crate::extract::{Body, Path};
use crate::problem::Problem;

/// A task, as it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskView {
    /// Names it within the organization.
    name: String,
    /// What it is: `nightly`, `reconcile` or `release`.
    kind: &'static str,
    /// When it was asked for (RFC 3339).
    asked: String,
    /// When it goes on (RFC 3339); nothing once it is over.
    #[schema(required)]
    due: Option<String>,
    /// When it came to its end, last (RFC 3339).
    #[schema(required)]
    ended: Option<String>,
    /// How often in a row it could not go on.
    failed: u32,
    /// What a comparison is about; nothing of other tasks.
    #[schema(required)]
    reconcile: Option<ReconcileView>,
    /// What a release is about; nothing of other tasks.
    #[schema(required)]
    release: Option<ReleaseView>,
}

/// A comparison with the provider's list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReconcileView {
    /// Of which webinar.
    webinar: Uuid,
    /// Whether differences are only counted.
    dry_run: bool,
    /// What the last one found; nothing before it came to its end.
    #[schema(required)]
    found: Option<FindingsView>,
}

/// What a comparison found. Every registration of the webinar is one of `same`, `moving`, `missing`, `gone`, `changed` and
/// `there`, but for those that are erased.
#[derive(Serialize, ToSchema)]
pub(crate) struct FindingsView {
    /// Whether the provider has an event to compare with; if not, nothing was compared.
    event: bool,
    /// Whether the provider's list was whole; if not, nobody counts as missing.
    complete: bool,
    /// How many people the provider lists.
    listed: u64,
    /// How many of them are registered and nobody of ours, or somebody who was erased: they are left alone.
    foreign: u64,
    /// As the list says.
    same: u64,
    /// On their way, held, or too new for the list.
    moving: u64,
    /// Should be registered, and are not listed.
    missing: u64,
    /// Should be registered, and are listed as gone.
    gone: u64,
    /// Listed with other details.
    changed: u64,
    /// Should not be registered, and are.
    there: u64,
    /// How many of the last four were asserted before and are listed the same again: they are not asserted anew.
    lasting: u64,
    /// How many differ and are mended, or would be: `missing` + `gone` + `changed` + `there` - `lasting`.
    drift: u64,
}

/// A release of held registrations.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReleaseView {
    /// Why, in the words of whoever asked.
    reason: String,
    /// How many were held when it was asked for.
    expected: u64,
    /// How many were released so far.
    released: u64,
}

/// What is to be compared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Comparison {
    /// Which webinar; all that take place unless told.
    webinar: Option<Uuid>,
    /// Only count the differences, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Which held registrations are to be released: all that fit everything that is said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseOrder {
    /// These, by the `id` that the list of held registrations shows; at most 1000; all of them unless told.
    #[serde(default)]
    #[schema(max_items = 1000)]
    ids: Vec<String>,
    /// Held for this cause.
    cause: Option<String>,
    /// At this webinar.
    webinar: Option<Uuid>,
    /// Held since then or later (RFC 3339).
    from: Option<String>,
    /// Held before then (RFC 3339).
    to: Option<String>,
    /// Why, for whoever asks later; 1 to 300 characters. It is stored as it is: name nobody in it.
    #[schema(min_length = 1, max_length = 300)]
    reason: String,
    /// Only count them.
    #[serde(default)]
    dry_run: bool,
}

/// The names of the tasks that do what was asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct Planned {
    /// The tasks; their states are among the organization's tasks.
    tasks: Vec<String>,
}

/// What a release is about.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReleasePlanned {
    /// How many held registrations it is about.
    matched: u64,
    /// The task that releases them; nothing if they were only counted.
    #[schema(required)]
    task: Option<String>,
}

/// The most ids of one release.
const IDS: usize = 1_000;
/// The longest reason, in characters.
const REASON: usize = 300;

/// Everything that goes on by itself, and what is over, for 90 days.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/tasks", operation_id = "listTasks", tag = "tasks",
    params(("organization" = Uuid, Path)), responses((status = 200, body = Vec<TaskView>), Guarded, Named))]
pub(crate) async fn list(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<Json<Vec<TaskView>>, Problem> {
    let id = known(&admin, id).await?;
    let tasks = admin.bridge.desk.tasks(id).await?;
    Ok(Json(tasks.into_iter().map(TaskView::from).collect()))
}

/// Has registrations compared with the provider's list; what differs is asserted again. Without it, it comes with the night.
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/reconcile", operation_id = "reconcile", tag = "tasks",
    params(("organization" = Uuid, Path)), request_body = Comparison,
    responses((status = 202, body = Planned), Guarded, Named, Written))]
pub(crate) async fn reconcile(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
    Body(order): Body<Comparison>,
) -> Result<(StatusCode, Json<Planned>), Problem> {
    let id = known(&admin, id).await?;
    let webinar = order.webinar.map(webinar);
    let desk = admin.bridge.desk.clone();
    let names = to_the_end(async move { Ok(desk.reconcile(id, webinar, order.dry_run).await?) }).await?;
    if names.is_empty() && webinar.is_some() {
        return Err(Problem::missing("webinar"));
    }
    let tasks = names.iter().map(ToString::to_string).collect();
    Ok((StatusCode::ACCEPTED, Json(Planned { tasks })))
}

/// Has held registrations sent again, some at a time. Who asks counts them first with `dry_run`.
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/held/releases", operation_id = "releaseHeld",
    tag = "people", params(("organization" = Uuid, Path)), request_body = ReleaseOrder,
    responses((status = 200, body = ReleasePlanned, description = "counted"), (status = 202, body = ReleasePlanned),
        Guarded, Named, Written))]
pub(crate) async fn release(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
    Body(order): Body<ReleaseOrder>,
) -> Result<(StatusCode, Json<ReleasePlanned>), Problem> {
    let id = known(&admin, id).await?;
    let (reason, dry_run) = (order.reason.trim().to_owned(), order.dry_run);
    if reason.is_empty() || reason.chars().count() > REASON {
        return Err(Problem::invalid(format!("`reason` must have 1 to {REASON} characters")));
    }
    let filter = filter(order)?;
    if dry_run {
        let matched = admin.bridge.desk.count(id, &filter).await?;
        return Ok((StatusCode::OK, Json(ReleasePlanned { matched, task: None })));
    }
    let desk = admin.bridge.desk.clone();
    let (name, matched) = to_the_end(async move { Ok(desk.release(id, filter, reason).await?) }).await?;
    Ok((StatusCode::ACCEPTED, Json(ReleasePlanned { matched, task: Some(name.to_string()) })))
}

fn filter(order: ReleaseOrder) -> Result<HeldFilter, Problem> {
    if order.ids.len() > IDS {
        return Err(Problem::invalid(format!("`ids` must have at most {IDS} items")));
    }
    let (from, to) = (time("from", order.from.as_deref()), time("to", order.to.as_deref()));
    let (from, to) = (from.map_err(Problem::invalid)?, to.map_err(Problem::invalid)?);
    Ok(HeldFilter { people: order.ids, cause: order.cause, webinar: order.webinar.map(webinar), from, to })
}

/// A time as people write it; else what is wrong with it.
pub(super) fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, String> {
    let read = |text: &str| text.parse().map_err(|_| format!("`{field}` must be an RFC 3339 time"));
    text.map(read).transpose()
}

pub(super) fn webinar(id: Uuid) -> WebinarId {
    CrmRecordId::from(id).into()
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let (kind, reconcile, release) = match task.job {
            Job::Nightly => ("nightly", None, None),
            Job::Reconcile { webinar, dry_run, found } => {
                let found = found.map(FindingsView::from);
                ("reconcile", Some(ReconcileView { webinar: webinar.uuid(), dry_run, found }), None)
            }
            Job::Release { reason, expected, released, .. } => {
                ("release", None, Some(ReleaseView { reason, expected, released }))
            }
        };
        Self {
            name: task.name.to_string(),
            kind,
            asked: task.asked.to_string(),
            due: text(task.due),
            ended: text(task.ended),
            failed: task.failed.0,
            reconcile,
            release,
        }
    }
}

impl From<Findings> for FindingsView {
    fn from(found: Findings) -> Self {
        let drift = found.drift();
        let Findings {
            listed,
            foreign,
            same,
            moving,
            missing,
            gone,
            changed,
            there,
            lasting,
            complete,
            event,
        } = found;
        Self { event, complete, listed, foreign, same, moving, missing, gone, changed, there, lasting, drift }
    }
}
