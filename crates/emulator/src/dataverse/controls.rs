//! The control endpoints of the organization's data.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::alternate::{self, Wanted};
use super::key::IndexStatus;
use super::store::Store;
use crate::control::{not_allowed, refusal};
use crate::wire::{Answer, Call};

/// Answers `keys` and `tracking`; `None` for every other name.
pub(super) fn answer(store: &mut Store, name: &str, call: &Call) -> Option<Answer> {
    Some(match name {
        "keys" => keys(store, call),
        "tracking" => tracking(store, call),
        _ => return None,
    })
}

fn wrong(error: &str) -> Answer {
    refusal(StatusCode::BAD_REQUEST, error)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyWish {
    table: String,
    name: String,
    #[serde(default)]
    columns: Vec<String>,
    status: Option<IndexStatus>,
}

/// `GET` shows every alternate key, `POST` makes one or changes its status, `DELETE` removes it.
fn keys(store: &mut Store, call: &Call) -> Answer {
    if call.method == Method::GET {
        return Answer::json(StatusCode::OK, &shown(store));
    }
    let wish: KeyWish = match serde_json::from_slice(&call.body) {
        Ok(wish) => wish,
        Err(error) => return wrong(&error.to_string()),
    };
    let Some(table) = store.schema.by_logical(&wish.table) else {
        return wrong("there is no table of this logical name");
    };
    match call.method {
        Method::POST => {
            let status = wish.status.unwrap_or(IndexStatus::Active);
            let wanted = Wanted { name: wish.name, columns: wish.columns, status };
            match alternate::define(store, table, &wanted, true) {
                Ok(_) => Answer::json(StatusCode::OK, &shown(store)),
                Err(refused) => wrong(&refused.message),
            }
        }
        Method::DELETE if alternate::remove(store, table, &wish.name) => {
            Answer::json(StatusCode::OK, &shown(store))
        }
        Method::DELETE => refusal(StatusCode::NOT_FOUND, "there is no key of this name"),
        _ => not_allowed(),
    }
}

fn shown(store: &Store) -> Json {
    let tables = store.schema.ids().flat_map(|id| {
        let table = store.table(id);
        store.keys(id).iter().map(move |key| {
            let columns: Vec<&str> = key.columns.iter().map(|place| table.columns[*place].logical).collect();
            json!({"table": table.logical, "name": key.name, "columns": columns, "status": key.status})
        })
    });
    json!({ "keys": tables.collect::<Vec<_>>() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackingWish {
    /// Every token given so far ends, or those of the table that is named.
    #[serde(default)]
    reset: bool,
    table: Option<String>,
    /// The table's schema changes.
    #[serde(default)]
    schema_changed: bool,
}

fn tracking(store: &mut Store, call: &Call) -> Answer {
    if call.method != Method::POST {
        return not_allowed();
    }
    let wish: TrackingWish = match serde_json::from_slice(&call.body) {
        Ok(wish) => wish,
        Err(error) => return wrong(&error.to_string()),
    };
    let table = wish.table.as_deref().map(|logical| store.schema.by_logical(logical));
    match (table, wish.reset, wish.schema_changed) {
        (Some(None), ..) => return wrong("there is no table of this logical name"),
        (Some(Some(table)), false, true) => store.schema_changed(table),
        (table, true, false) => store.end_tracking(table.flatten()),
        _ => {
            return wrong(
                "expected {\"reset\":true}, with a table or without, or {\"schema_changed\":true} with one",
            );
        }
    }
    Answer::json(StatusCode::OK, &json!({"metadata_version": store.metadata_version()}))
}
