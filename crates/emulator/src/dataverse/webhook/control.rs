//! `/_emulator/webhooks`: registers a webhook in one call and shows what became of its deliveries.

use std::collections::BTreeMap;

use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::super::error::{Outcome, Refusal};
use super::super::row::Row;
use super::super::schema::Schema;
use super::super::value::Value;
use super::super::world::World;
use super::endpoint::{HTTP_HEADER, HTTP_QUERY_STRING, WEBHOOK_KEY, written};
use super::tables::{ENDPOINT, FILTER, MESSAGE};
use super::{Step, Webhooks};
use crate::control;
use crate::wire::{Answer, Call};

const EXPECTED: &str = "expected {\"url\":\"http://127.0.0.1:PORT/…\",\"auth\":{\"type\":\"HttpHeader|HttpQueryString\",\
                        \"values\":{}} or {\"type\":\"WebhookKey\",\"value\":\"…\"},\"steps\":[{\"message\":\
                        \"Create|Update|Delete|CreateMultiple|UpdateMultiple\",\"table\":\"contact\",\"filtering\":[],\"synchronous\":false,\
                        \"stage\":40,\"images\":[{\"alias\":\"before\",\"type\":\"pre|post|both\",\"columns\":[]}]}]}";

/// An endpoint with its steps.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    url: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    auth: Option<Authentication>,
    steps: Vec<StepDraft>,
}

#[derive(Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
enum Authentication {
    WebhookKey { value: String },
    HttpHeader { values: BTreeMap<String, String> },
    HttpQueryString { values: BTreeMap<String, String> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepDraft {
    message: String,
    #[serde(default)]
    table: Option<String>,
    #[serde(default)]
    filtering: Vec<String>,
    #[serde(default)]
    synchronous: bool,
    #[serde(default)]
    stage: Option<i64>,
    #[serde(default)]
    images: Vec<ImageDraft>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageDraft {
    alias: String,
    #[serde(rename = "type")]
    kind: ImageKind,
    #[serde(default)]
    columns: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ImageKind {
    Pre,
    Post,
    Both,
}

impl Webhooks {
    /// `GET` shows, `POST` adds an endpoint with its steps, `DELETE` removes all and forgets the log.
    pub(in super::super) fn control(&self, world: &mut World, call: &Call) -> Answer {
        let done = match call.method {
            Method::GET => Ok(()),
            Method::POST => match serde_json::from_slice::<Registration>(&call.body) {
                Ok(registration) => register(world, call, &registration),
                Err(error) => {
                    return control::refusal(StatusCode::BAD_REQUEST, &format!("{EXPECTED}: {error}"));
                }
            },
            Method::DELETE => self.clear(world, call),
            _ => return control::not_allowed(),
        };
        let changes = world.store.settle();
        world.flow.forget();
        self.learn(&world.store, &changes);
        match done {
            Ok(()) => Answer::json(StatusCode::OK, &self.show()),
            Err(refusal) => control::refusal(StatusCode::BAD_REQUEST, &refusal.message),
        }
    }

    fn clear(&self, world: &mut World, call: &Call) -> Outcome<()> {
        for id in ids(world, ENDPOINT) {
            world.respond(
                &inner(call, Method::DELETE, &format!("serviceendpoints({id})"), &Json::Null),
                None,
            )?;
        }
        self.outbox.clear();
        self.log().clear();
        Ok(())
    }

    fn show(&self) -> Json {
        let steps = self.steps();
        let (waiting, lost) = self.outbox.counts();
        let steps: Vec<Json> = steps.iter().map(|step| shown(step)).collect();
        json!({ "steps": steps, "waiting": waiting, "lost": lost, "deliveries": self.log().show() })
    }
}

fn shown(step: &Step) -> Json {
    let endpoint = &step.endpoint;
    // A query may hold a secret of its own.
    let url = endpoint.url.split('?').next().unwrap_or_default();
    let table = step.table.map(|table| Schema::standard().table(table).logical);
    json!({
        "step": step.id.to_string(), "name": step.name, "endpoint": endpoint.id.to_string(),
        "endpoint_name": endpoint.name, "url": url, "auth": endpoint.credential.kind(),
        "message": step.message(), "table": table, "stage": step.stage,
        "mode": if step.synchronous { "synchronous" } else { "asynchronous" },
        "images": step.images.iter().map(|image| image.alias.as_str()).collect::<Vec<_>>(),
    })
}

fn ids(world: &World, logical: &str) -> Vec<Uuid> {
    let table = world.store.schema.by_logical(logical);
    table.into_iter().flat_map(|table| world.store.rows_after(table, None).map(Row::id)).collect()
}

/// A call as the Plug-in Registration Tool would make it.
fn inner(call: &Call, method: Method, path: &str, body: &Json) -> Call {
    Call {
        method,
        path: format!("/api/data/v9.2/{path}"),
        query: String::new(),
        headers: HeaderMap::new(),
        body: body.to_string().into(),
        ..call.clone()
    }
}

/// Makes the rows of a registration, all or none.
fn register(world: &mut World, call: &Call, registration: &Registration) -> Outcome<()> {
    let mark = world.store.mark();
    let done = rows(world, call, registration);
    if done.is_err() {
        world.store.roll_back(mark);
    }
    done
}

fn rows(world: &mut World, call: &Call, registration: &Registration) -> Outcome<()> {
    let (kind, value) = match &registration.auth {
        None => (HTTP_HEADER, "<settings></settings>".to_owned()),
        Some(Authentication::WebhookKey { value }) => (WEBHOOK_KEY, value.clone()),
        Some(Authentication::HttpHeader { values }) => (HTTP_HEADER, settings(values)),
        Some(Authentication::HttpQueryString { values }) => (HTTP_QUERY_STRING, settings(values)),
    };
    let name = registration.name.as_deref().unwrap_or("Webhook");
    let endpoint =
        json!({ "name": name, "contract": 8, "url": registration.url, "authtype": kind, "authvalue": value });
    let endpoint = made(world, call, "serviceendpoints", &endpoint)?;
    registration.steps.iter().try_for_each(|step| step.rows(world, call, name, endpoint))
}

fn settings(values: &BTreeMap<String, String>) -> String {
    written(values.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

fn made(world: &mut World, call: &Call, set: &str, body: &Json) -> Outcome<Uuid> {
    let reply = world.respond(&inner(call, Method::POST, set, body), None)?;
    reply.row.map(|(_, id)| id).ok_or_else(|| Refusal::argument("No row was made."))
}

impl StepDraft {
    fn rows(&self, world: &mut World, call: &Call, endpoint_name: &str, endpoint: Uuid) -> Outcome<()> {
        let message = found(world, MESSAGE, &[("name", &self.message)])
            .ok_or_else(|| Refusal::argument(format!("There is no message '{}'.", self.message)))?;
        let name =
            format!("{endpoint_name}: {} of {}", self.message, self.table.as_deref().unwrap_or("any table"));
        let mut step = json!({
            "name": name, "mode": i64::from(!self.synchronous), "stage": self.stage.unwrap_or(40), "rank": 1,
            "supporteddeployment": 0, "asyncautodelete": true,
            "eventhandler_serviceendpoint@odata.bind": format!("/serviceendpoints({endpoint})"),
            "sdkmessageid@odata.bind": format!("/sdkmessages({message})"),
        });
        if let Some(table) = &self.table {
            let filter = found(
                world,
                FILTER,
                &[("primaryobjecttypecode", table), ("sdkmessageid", &message.to_string())],
            )
            .ok_or_else(|| {
                Refusal::argument(format!("There is no message '{}' of '{table}'.", self.message))
            })?;
            step["sdkmessagefilterid@odata.bind"] = format!("/sdkmessagefilters({filter})").into();
        }
        if !self.filtering.is_empty() {
            step["filteringattributes"] = self.filtering.join(",").into();
        }
        let step = made(world, call, "sdkmessageprocessingsteps", &step)?;
        self.images.iter().try_for_each(|image| {
            let property = if self.message == "Create" { "Id" } else { "Target" };
            made(world, call, "sdkmessageprocessingstepimages", &image.row(step, property)).map(drop)
        })
    }
}

impl ImageDraft {
    fn row(&self, step: Uuid, property: &str) -> Json {
        let kind = match self.kind {
            ImageKind::Pre => 0,
            ImageKind::Post => 1,
            ImageKind::Both => 2,
        };
        let columns = (!self.columns.is_empty()).then(|| self.columns.join(","));
        json!({
            "name": self.alias, "entityalias": self.alias, "imagetype": kind, "messagepropertyname": property,
            "attributes": columns,
            "sdkmessageprocessingstepid@odata.bind": format!("/sdkmessageprocessingsteps({step})"),
        })
    }
}

/// The row whose columns hold these texts or lead to these ids.
fn found(world: &World, logical: &str, wanted: &[(&str, &str)]) -> Option<Uuid> {
    let table = world.store.schema.by_logical(logical)?;
    let shape = world.store.table(table);
    let mut rows = world.store.rows_after(table, None);
    let row = rows.find(|row| {
        wanted.iter().all(|(column, text)| {
            let Some(place) = shape.column(column) else { return false };
            let id = row.get(place).and_then(Value::id);
            row.text(place) == Some(text) || id.is_some_and(|id| id.to_string() == *text)
        })
    })?;
    Some(row.id())
}
