//! Alternate keys, made and removed.

use serde_json::Value as Json;
use uuid::Uuid;

use super::error::{Outcome, Refusal};
use super::key::{self, IndexStatus, Key};
use super::schema::TableId;
use super::store::Store;

const NAMESPACE: Uuid = Uuid::from_u128(0x83c5_10fe_2ab4_5c91_a7d0_6e12_9b38_04d7);

/// A key as it is asked for: its schema name and the logical names of its columns.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) status: IndexStatus,
}

impl Wanted {
    /// Reads `EntityKeyMetadata`; its index is ready at once.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: Json = serde_json::from_slice(body).ok()?;
        let name = body.get("SchemaName")?.as_str().filter(|name| !name.is_empty())?.to_owned();
        let columns = body.get("KeyAttributes")?.as_array()?.iter();
        let columns = columns.map(|column| column.as_str().map(str::to_owned)).collect::<Option<_>>()?;
        Some(Self { name, columns, status: IndexStatus::Active })
    }
}

/// Makes a key, or sets the status of the one that has this name already, and gives its id.
pub(super) fn define(store: &mut Store, table: TableId, wanted: &Wanted, again: bool) -> Outcome<Uuid> {
    let shape = store.table(table);
    let columns = columns(store, table, &wanted.columns)?;
    let id = Uuid::new_v5(&NAMESPACE, format!("{}.{}", shape.logical, wanted.name).as_bytes());
    let known = store.keys(table).iter().any(|key| key.id == id);
    let twin = store.keys(table).iter().any(|key| key.id != id && key.columns == columns);
    if twin || (known && !again) {
        return Err(Refusal::argument("A key with this name or with these columns exists already."));
    }
    if !known && store.keys(table).len() >= key::KEYS {
        return Err(Refusal::argument(format!("A table has no more than {} keys.", key::KEYS)));
    }
    store.with_keys(table, |keys, rows| {
        keys.retain(|key| key.id != id);
        let mut key = Key::new(id, &wanted.name, columns);
        key.set_status(wanted.status, rows.values().map(AsRef::as_ref));
        keys.push(key);
    });
    store.schema_changed(table);
    Ok(id)
}

/// Removes a key by its id or name; whether there was one.
pub(super) fn remove(store: &mut Store, table: TableId, named: &str) -> bool {
    let removed = store.with_keys(table, |keys, _| {
        let before = keys.len();
        keys.retain(|key| key.id.to_string() != named && !key.name.eq_ignore_ascii_case(named));
        keys.len() < before
    });
    if removed {
        store.schema_changed(table);
    }
    removed
}

fn columns(store: &Store, table: TableId, names: &[String]) -> Outcome<Vec<usize>> {
    let shape = store.table(table);
    if names.is_empty() || names.len() > key::COLUMNS {
        return Err(Refusal::argument(format!("A key has from 1 to {} columns.", key::COLUMNS)));
    }
    let mut places = Vec::with_capacity(names.len());
    for name in names {
        let place = shape.column(name).ok_or_else(|| Refusal::unknown_property(name, shape.logical))?;
        if !key::allows(&shape.columns[place]) || places.contains(&place) {
            return Err(Refusal::argument(format!("The column '{name}' cannot be part of a key.")));
        }
        places.push(place);
    }
    Ok(places)
}
