//! Gates: how fast the bridge asks its peers, and why it asks them nothing.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use webinar_bridge_domain::pace::{Gate, Shut};
use webinar_bridge_domain::port::GateKey;

use super::known;
use super::responses::{Guarded, Named};
use crate::Admin;
use crate::auth::Caller;
use crate::extract::Path;
use crate::problem::Problem;

/// A gate: of an organization, towards a peer, for calls that the peer counts together.
#[derive(Serialize, ToSchema)]
pub(crate) struct GateView {
    /// Towards whom: `provider` or `crm`.
    peer: String,
    /// For which calls; empty: for all of them.
    calls: String,
    /// The pace, in calls a minute; nothing: as fast as it goes.
    #[schema(required)]
    a_minute: Option<u32>,
    /// Why no calls are made: `quota`, `asked_to_wait`, `credential`, `denied`, `outage`; nothing: they are made.
    #[schema(required)]
    shut: Option<&'static str>,
    /// Since when it is shut (RFC 3339).
    #[schema(required)]
    since: Option<String>,
    /// When one call goes to see (RFC 3339).
    #[schema(required)]
    next_probe: Option<String>,
}

fn view((key, gate): (GateKey, Gate)) -> GateView {
    let shut = gate.shut();
    GateView {
        peer: key.peer.to_string(),
        calls: key.group,
        a_minute: gate.limit(),
        shut: shut.map(|(why, ..)| Shut::name(why)),
        since: shut.map(|(_, since, _)| since.to_string()),
        next_probe: shut.map(|(.., until)| until.to_string()),
    }
}

/// The gates of the organization's calls. A shut gate stops calls and holds no registration.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/gates", operation_id = "listGates", tag = "gates",
    params(("organization" = Uuid, Path)), responses((status = 200, body = Vec<GateView>), Guarded, Named))]
pub(crate) async fn list(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<Json<Vec<GateView>>, Problem> {
    let id = known(&admin, id).await?;
    let gates = admin.bridge.desk.gates(id).await?;
    Ok(Json(gates.into_iter().map(view).collect()))
}
