//! Create, update and delete, with what the platform adds to them.

use jiff::Timestamp;
use uuid::Uuid;

use super::error::{Outcome, Refusal};
use super::row::Row;
use super::schema::{CREATED, Kind, MODIFIED, OnDelete, STATE, STATUS, Table, TableId};
use super::settings::Required;
use super::store::Store;
use super::value::Value;
use super::write::Changes;

const NAMESPACE: Uuid = Uuid::from_u128(0x6a1d_3c52_8f0e_5b47_9c11_2e7d_40aa_93f6);

/// The application user, who owns every row.
pub(super) const USER: Uuid = Uuid::from_u128(0x2f64_b1de_77a3_ec11_9840_0022_4829_1c05);

/// Makes a row and gives its id: the one that the client chose, or a new one.
pub(super) fn create(store: &mut Store, table: TableId, changes: Changes, now: Timestamp) -> Outcome<Uuid> {
    let id = changes.id.unwrap_or_else(|| mint(store, table));
    if store.row(table, id).is_some() {
        return Err(Refusal::taken());
    }
    let mut row = Row::new(id);
    let shape = store.table(table);
    for (place, column) in shape.columns.iter().enumerate().filter(|(_, column)| column.default.is_some()) {
        row.set(place, column.default.clone());
    }
    if let (Some(owner), Some(users)) = (shape.column("ownerid"), store.schema.by_logical("systemuser")) {
        row.set(owner, Some(Value::Link(users, USER)));
    }
    row.set(CREATED, whole_seconds(now));
    write(store, table, row, changes, now)?;
    Ok(id)
}

/// Changes cells of a row that is there.
pub(super) fn update(
    store: &mut Store,
    table: TableId,
    id: Uuid,
    changes: Changes,
    now: Timestamp,
) -> Outcome<()> {
    let shape = store.table(table);
    let row = store.row(table, id).ok_or_else(|| Refusal::missing(shape, id))?.clone();
    if changes.id.is_some_and(|named| named != id) {
        return Err(Refusal::argument("The primary key in the body differs from the one in the URL."));
    }
    write(store, table, row, changes, now)
}

fn write(store: &mut Store, table: TableId, mut row: Row, changes: Changes, now: Timestamp) -> Outcome<()> {
    let shape = store.table(table);
    let set = |place| changes.cells.iter().any(|(changed, _)| *changed == place);
    let (with_state, with_status) = (set(STATE), set(STATUS));
    let columns = changes.cells.iter().map(|(place, _)| *place).collect();
    for (place, value) in changes.cells {
        row.set(place, value);
    }
    if with_state || with_status {
        agree(shape, &mut row, with_status)?;
    }
    derive(shape, &mut row);
    if store.settings.required_lookups == Required::ByPlugIn {
        complete(shape, &row)?;
    }
    store.admits(table, &row)?;
    row.set(MODIFIED, whole_seconds(now));
    store.put(table, row, columns);
    Ok(())
}

/// Whether every lookup is filled that a plug-in would ask for.
fn complete(table: &Table, row: &Row) -> Outcome<()> {
    let mut lookups = table.columns.iter().enumerate();
    let lacking = lookups.find(|(place, column)| {
        column.required && matches!(column.kind, Kind::Lookup(_)) && row.get(*place).is_none()
    });
    match lacking {
        Some((_, column)) => Err(Refusal::plug_in(format!("{} is required.", column.schema))),
        None => Ok(()),
    }
}

/// State and status go in pairs. A state alone brings its first status along.
fn agree(table: &Table, row: &mut Row, with_status: bool) -> Outcome<()> {
    let Kind::State(model) = table.columns[STATE].kind else { return Ok(()) };
    let number = |place| row.get(place).and_then(Value::number);
    let state = number(STATE).unwrap_or_default();
    let reason = number(STATUS).filter(|_| with_status).or_else(|| model.first(state)).unwrap_or_default();
    if !model.pairs.contains(&(state, reason)) {
        return Err(Refusal::state(table, row.id(), model, (state, reason)));
    }
    row.set(STATE, Some(Value::Number(state)));
    row.set(STATUS, Some(Value::Number(reason)));
    Ok(())
}

/// Fills what follows from other cells.
fn derive(table: &Table, row: &mut Row) {
    if let (Some(full), Some(first), Some(last)) =
        (table.column("fullname"), table.column("firstname"), table.column("lastname"))
    {
        let parts: Vec<&str> = [first, last].into_iter().filter_map(|place| row.text(place)).collect();
        let name = parts.join(" ");
        row.set(full, (!name.is_empty()).then(|| Value::text(&name)));
    }
    if let (Some(minutes), Some(start), Some(end)) = (
        table.column("msevtmgt_durationmins"),
        table.column("msevtmgt_starttime"),
        table.column("msevtmgt_endtime"),
    ) {
        let duration = match (row.get(start), row.get(end)) {
            (Some(Value::Time(start)), Some(Value::Time(end))) => Some(end.duration_since(*start).as_mins()),
            _ => None,
        };
        row.set(minutes, duration.map(|minutes| Value::Number(minutes.max(0))));
    }
}

/// Deletes a row and what hangs on it; refused when a row that stands in the way names it.
pub(super) fn delete(store: &mut Store, table: TableId, id: Uuid, now: Timestamp) -> Outcome<()> {
    store.row(table, id).ok_or_else(|| Refusal::missing(store.table(table), id))?;
    let mut pending = vec![(table, id)];
    while let Some((table, id)) = pending.pop() {
        // A ring of rows leads here twice.
        if store.row(table, id).is_none() {
            continue;
        }
        store.remove(table, id);
        for incoming in store.schema.incoming(table) {
            let naming: Vec<Uuid> = store.naming((table, id), incoming.table, incoming.column).collect();
            for other in naming {
                match incoming.on_delete {
                    OnDelete::Restrict => return Err(Refusal::associated()),
                    OnDelete::Cascade => pending.push((incoming.table, other)),
                    OnDelete::RemoveLink => {
                        update(store, incoming.table, other, Changes::emptied(incoming.column), now)?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// An id that no row of the table has, not even one whose id a client chose.
fn mint(store: &mut Store, table: TableId) -> Uuid {
    loop {
        let id = Uuid::new_v5(&NAMESPACE, &store.mint().to_be_bytes());
        if store.row(table, id).is_none() {
            return id;
        }
    }
}

fn whole_seconds(now: Timestamp) -> Option<Value> {
    Timestamp::from_second(now.as_second()).ok().map(Value::Time)
}
