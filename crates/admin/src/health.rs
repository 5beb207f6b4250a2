//! Health, for whoever runs the bridge. Liveness leans on nothing; readiness leans on the store alone: a peer that is
//! out of reach is named in the body, and work waits for it.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use uuid::Uuid;
use webinar_bridge_domain::flow::{Note, Topic};
use webinar_bridge_domain::id::OrganizationId;

use crate::Admin;

#[derive(Serialize)]
struct Readings {
    ready: bool,
    store: &'static str,
    ending: bool,
    troubles: Vec<Trouble>,
}

#[derive(Serialize)]
struct Trouble {
    organization: Uuid,
    with: &'static str,
    what: String,
    since: String,
}

pub(crate) fn router(admin: &Admin) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/startupz", get(startupz))
        .route("/metrics", get(metrics))
        .with_state(admin.clone())
}

async fn readyz(State(admin): State<Admin>) -> Response {
    let store = admin.bridge.ports().organizations.list().await;
    let ending = admin.readiness.is_ending();
    let ready = store.is_ok() && admin.readiness.has_started() && !ending;
    let trouble = |(id, topic, note): (OrganizationId, Topic, Note)| Trouble {
        organization: id.uuid(),
        with: topic.name(),
        what: note.what,
        since: note.since.to_string(),
    };
    let body = Readings {
        ready,
        store: if store.is_ok() { "ok" } else { "unavailable" },
        ending,
        troubles: admin.bridge.standing.notes().into_iter().map(trouble).collect(),
    };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

async fn startupz(State(admin): State<Admin>) -> (StatusCode, &'static str) {
    if admin.readiness.has_started() {
        (StatusCode::OK, "started\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting\n")
    }
}

async fn metrics(State(admin): State<Admin>) -> Response {
    match admin.meters.render(&admin.bridge).await {
        Ok(text) => {
            let content = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, content)], text).into_response()
        }
        Err(error) => {
            tracing::error!(code = "store", %error, "the balance could not be read for the metrics");
            (StatusCode::SERVICE_UNAVAILABLE, "the store is unavailable\n").into_response()
        }
    }
}
