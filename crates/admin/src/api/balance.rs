//! The balance.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use webinar_bridge_domain::balance::{Balance, Scope};
use webinar_bridge_domain::id::WebinarId;
use webinar_bridge_domain::webinar::{Link, Webinar};

use super::known;
use super::responses::{Asked, Guarded, Named};
use crate::Admin;
use crate::auth::Caller;
use crate::extract::{Path, Query};
use crate::problem::Problem;

/// Both lines of the balance; each adds up.
#[derive(Serialize, ToSchema)]
pub(crate) struct BalanceView {
    /// CRM registrations = at the provider + on their way + held + excluded.
    registrations: RegistrationsView,
    /// The persons behind the registrations; one person may have several rows.
    persons: PersonsView,
    /// Provider minutes = in the CRM + on their way + unmatched.
    minutes: MinutesView,
    /// Whether both lines add up.
    adds_up: bool,
}

/// Registration rows of the CRM.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegistrationsView {
    /// Rows in the CRM.
    crm: u64,
    /// Of persons the provider has as the CRM wants them.
    at_provider: u64,
    /// Of persons with something left to be done.
    on_their_way: u64,
    /// Of persons that are held.
    held: u64,
    /// Of no person, or no longer wanted.
    excluded: u64,
    /// The held ones, by cause.
    held_by_cause: BTreeMap<String, u64>,
    /// The excluded ones, by reason.
    excluded_by_reason: BTreeMap<String, u64>,
}

/// Persons: canonical addresses at one webinar.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonsView {
    /// At the provider, as the CRM wants them.
    at_provider: u64,
    /// With something left to be done, removals included.
    on_their_way: u64,
    /// Held although wanted.
    held: u64,
    /// Held although to be removed.
    held_removals: u64,
}

/// Viewing minutes.
#[derive(Serialize, ToSchema)]
pub(crate) struct MinutesView {
    /// Counted by the provider.
    provider: u64,
    /// Of those, in the CRM.
    crm: u64,
    /// Of those, to be written; negative while a correction is to be written.
    on_their_way: i64,
    /// Of people whom the CRM does not know.
    unmatched: u64,
    /// How many people those are.
    unmatched_people: u64,
}

/// A webinar with its balance.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebinarView {
    /// The CRM's event.
    id: Uuid,
    /// Its title.
    title: String,
    /// Its start (RFC 3339).
    starts: String,
    /// Its end (RFC 3339).
    ends: String,
    /// `linked`, `waiting` for a provider event, or `called off`.
    link: &'static str,
    /// The provider's event.
    #[schema(required)]
    provider_event: Option<String>,
    /// Its balance.
    balance: BalanceView,
}

/// Of what the balance is asked.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Of {
    /// Only of this webinar.
    webinar: Option<Uuid>,
}

pub(crate) fn view(balance: Balance) -> BalanceView {
    let adds_up = balance.registrations.adds_up() && balance.minutes.adds_up();
    let (rows, persons, minutes) = (balance.registrations, balance.persons, balance.minutes);
    BalanceView {
        registrations: RegistrationsView {
            crm: rows.crm,
            at_provider: rows.at_provider,
            on_their_way: rows.on_their_way,
            held: rows.held.values().sum(),
            excluded: rows.excluded.values().sum(),
            held_by_cause: rows.held,
            excluded_by_reason: rows.excluded,
        },
        persons: PersonsView {
            at_provider: persons.at_provider,
            on_their_way: persons.on_their_way,
            held: persons.held,
            held_removals: persons.held_removals,
        },
        minutes: MinutesView {
            provider: minutes.provider,
            crm: minutes.crm,
            on_their_way: minutes.on_their_way,
            unmatched: minutes.unmatched,
            unmatched_people: minutes.unmatched_people,
        },
        adds_up,
    }
}

fn webinar(webinar: &Webinar, balance: Balance) -> WebinarView {
    let (link, event) = match &webinar.link {
        Link::Linked(event) => ("linked", Some(event)),
        Link::Waiting => ("waiting", None),
        Link::Foreign => ("foreign", None),
        Link::CalledOff(event) => ("called off", event.as_ref()),
    };
    WebinarView {
        id: webinar.id.uuid(),
        title: webinar.title.clone(),
        starts: webinar.starts.to_string(),
        ends: webinar.ends.to_string(),
        link,
        provider_event: event.map(|event| event.as_str().to_owned()),
        balance: view(balance),
    }
}

/// The balance of an organization, or of one of its webinars.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/balance", operation_id = "showBalance", tag = "balance",
    params(("organization" = Uuid, Path), Of), responses((status = 200, body = BalanceView), Guarded, Named, Asked))]
pub(crate) async fn show(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
    Query(of): Query<Of>,
) -> Result<Json<BalanceView>, Problem> {
    let id = known(&admin, id).await?;
    let webinar = |id: Uuid| Scope::Webinar(WebinarId::from(id));
    let balance = admin.bridge.desk.balance(id, of.webinar.map_or(Scope::Organization, webinar)).await?;
    Ok(Json(view(balance)))
}

/// All webinars with their balances, the next to start first.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/webinars", operation_id = "listWebinars", tag = "balance",
    params(("organization" = Uuid, Path)), responses((status = 200, body = Vec<WebinarView>), Guarded, Named))]
pub(crate) async fn webinars(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<Json<Vec<WebinarView>>, Problem> {
    let id = known(&admin, id).await?;
    let all = admin.bridge.desk.webinars(id).await?;
    Ok(Json(all.into_iter().map(|(one, balance)| webinar(&one, balance)).collect()))
}
