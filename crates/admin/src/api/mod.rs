//! The API, one resource a file.

mod balance;
mod credentials;
mod gates;
mod organizations;
mod people;
mod responses;
mod resync;
mod tasks;
mod terms;
mod webhook;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use tracing::Instrument as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use webinar_bridge_domain::id::OrganizationId;

use crate::Admin;
use crate::problem::Problem;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "webinar-bridge",
        description = "Registrations from Dynamics 365 to ON24, viewing minutes back, and a balance that adds up."
    ),
    components(schemas(Problem)),
    modifiers(&Bearer),
    security(("token" = []))
)]
struct Description;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, api: &mut OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = api.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

pub(crate) fn router(admin: &Admin) -> OpenApiRouter {
    OpenApiRouter::with_openapi(<Description as utoipa::OpenApi>::openapi())
        .routes(routes!(organizations::list, organizations::found))
        .routes(routes!(organizations::show))
        .routes(routes!(terms::show, terms::accept))
        .routes(routes!(credentials::list))
        .routes(routes!(credentials::enter_on24, credentials::remove_on24))
        .routes(routes!(credentials::enter_dataverse, credentials::remove_dataverse))
        .routes(routes!(balance::show))
        .routes(routes!(balance::webinars))
        .routes(routes!(people::held))
        .routes(routes!(people::unmatched))
        .routes(routes!(tasks::release))
        .routes(routes!(tasks::reconcile))
        .routes(routes!(tasks::list))
        .routes(routes!(webhook::show, webhook::open, webhook::close))
        .routes(routes!(webhook::retire))
        .routes(routes!(gates::list))
        .routes(routes!(resync::resync))
        .routes(routes!(resync::brakes))
        .routes(routes!(resync::approve))
        .with_state(admin.clone())
}

/// The description of the API, readable without a token so that tools can load it.
pub(crate) fn description(api: &OpenApi) -> Router {
    let text = api.to_json().unwrap_or_default();
    let answer = move || async move { ([(header::CONTENT_TYPE, "application/json")], text) };
    Router::new().route("/api/openapi.json", get(answer))
}

/// Does something to its end, even if the caller hangs up meanwhile: what changes several rows one after the other must
/// not stop between them.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => done,
        Err(end) if end.is_panic() => std::panic::resume_unwind(end.into_panic()),
        // The runtime is going down.
        Err(_) => {
            Err(Problem::unavailable("the bridge is stopping; look what became of this once it is back"))
        }
    }
}

/// The organization of a path, if there is one.
async fn known(admin: &Admin, id: uuid::Uuid) -> Result<OrganizationId, Problem> {
    let id = OrganizationId::from(id);
    admin.bridge.steward.load(id).await?;
    Ok(id)
}
