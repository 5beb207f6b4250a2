//! Endpoints, steps and images as rows: what may be registered, and what is.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::super::change::{Change, Operation};
use super::super::deed;
use super::super::error::{Outcome, Refusal};
use super::super::metadata;
use super::super::row::Row;
use super::super::schema::{STATE, Table, TableId};
use super::super::store::Store;
use super::super::value::Value;
use super::super::write::Changes;
use super::endpoint::{Credential, Endpoint, admit};
use super::rules::WebhookRules;
use super::step::{Image, POST_OPERATION, PRE_OPERATION, Step, event};
use super::tables::{ENDPOINT, FILTER, IMAGE, MESSAGE, STEP};

const WEBHOOK: i64 = 8;
const PRE_VALIDATION: i64 = 10;

/// Whether a change of this table changes what is registered.
pub(super) fn concerns(table: &Table) -> bool {
    matches!(table.logical, ENDPOINT | STEP | IMAGE)
}

/// Puts in the messages of all tables, as far as metadata names them too.
pub(in super::super) fn plant(store: &mut Store, now: Timestamp) -> Outcome<()> {
    let Some(messages) = store.schema.by_logical(MESSAGE) else { return Ok(()) };
    for name in metadata::messages() {
        let message = metadata::message_id(name);
        put(store, MESSAGE, message, vec![("name", Value::text(name))], now)?;
        for table in &store.schema.tables {
            let cells = vec![
                ("primaryobjecttypecode", Value::text(table.logical)),
                ("secondaryobjecttypecode", Value::text("none")),
                ("sdkmessageid", Value::Link(messages, message)),
            ];
            put(store, FILTER, metadata::message_filter_id(name, table.logical), cells, now)?;
        }
    }
    drop(store.settle());
    Ok(())
}

fn put(
    store: &mut Store,
    logical: &str,
    id: Uuid,
    cells: Vec<(&'static str, Value)>,
    now: Timestamp,
) -> Outcome<()> {
    let Some(table) = store.schema.by_logical(logical) else { return Ok(()) };
    let shape = store.table(table);
    let cells = cells.into_iter().filter_map(|(name, value)| Some((shape.column(name)?, Some(value))));
    let changes = Changes { id: Some(id), cells: cells.collect() };
    deed::create(store, table, changes, now).map(drop)
}

/// A row with its table.
#[derive(Clone, Copy)]
struct Record<'a> {
    store: &'a Store,
    table: &'a Table,
    row: &'a Row,
}

impl<'a> Record<'a> {
    fn get(&self, column: &str) -> Option<&'a Value> {
        self.row.get(self.table.column(column)?)
    }

    fn text(&self, column: &str) -> Option<&'a str> {
        self.row.text(self.table.column(column)?)
    }

    fn number(&self, column: &str) -> Option<i64> {
        self.get(column)?.number()
    }

    /// The row that a lookup leads to.
    fn linked(&self, column: &str) -> Option<Self> {
        let Some(Value::Link(table, id)) = self.get(column) else { return None };
        Some(Self { row: self.store.row(*table, *id)?, table: self.store.table(*table), ..*self })
    }
}

/// All rows of a table.
fn records<'a>(store: &'a Store, logical: &str) -> impl Iterator<Item = Record<'a>> {
    let table = store.schema.by_logical(logical);
    table.into_iter().flat_map(move |id| {
        store.rows_after(id, None).map(move |row| Record { store, table: store.table(id), row })
    })
}

/// Every step whose handler is a webhook and which is enabled, in the order of their ranks.
pub(super) fn steps(store: &Store) -> Arc<[Arc<Step>]> {
    let enabled =
        records(store, STEP).filter(|record| record.row.get(STATE).and_then(Value::number) == Some(0));
    let mut steps: Vec<Step> = enabled.filter_map(|record| step(record).ok()).collect();
    for image in records(store, IMAGE) {
        let owner = image.linked("sdkmessageprocessingstepid").map(|step| step.row.id());
        if let Some(step) = steps.iter_mut().find(|step| Some(step.id) == owner)
            && let Ok(image) = self::image(image, step.table)
        {
            step.images.push(image);
        }
    }
    for step in &mut steps {
        step.images.sort_by(|one, other| one.alias.cmp(&other.alias));
    }
    steps.sort_by_key(|step| step.rank);
    steps.into_iter().map(Arc::new).collect()
}

/// Checks a row that takes part in a registration; other rows pass.
pub(in super::super) fn check(store: &Store, change: &Change, rules: &WebhookRules) -> Outcome<()> {
    let Some(row) = &change.after else { return Ok(()) };
    let record = Record { store, table: store.table(change.table), row };
    let checked = match record.table.logical {
        ENDPOINT => endpoint(record).and_then(|endpoint| admit(&endpoint.url, rules.published_ports_only)),
        STEP => step(record).map(drop),
        IMAGE => owned_image(record),
        _ => return Ok(()),
    };
    checked.map_err(Refusal::argument)
}

fn endpoint(record: Record<'_>) -> Result<Endpoint, String> {
    if record.number("contract") != Some(WEBHOOK) {
        return Err("This server sends to service endpoints of contract 8 (Webhook) only.".to_owned());
    }
    let kind = record.number("authtype").ok_or("A webhook needs an authentication type.")?;
    let value = record.text("authvalue").unwrap_or_default();
    Ok(Endpoint {
        id: record.row.id(),
        name: record.text("name").unwrap_or_default().to_owned(),
        url: record.text("url").ok_or("A webhook needs a URL.")?.to_owned(),
        credential: Credential::read(kind, value)?,
    })
}

fn step(record: Record<'_>) -> Result<Step, String> {
    let handler = record.linked("eventhandler").ok_or("A step needs eventhandler_serviceendpoint.")?;
    let message = record.linked("sdkmessageid").ok_or("A step needs a message.")?;
    let name = message.text("name").unwrap_or_default();
    let (operation, many) = event(name).ok_or_else(|| format!("This server raises no event '{name}'."))?;
    let table = table(record, message.row.id())?;
    let synchronous = record.number("mode") != Some(1);
    let stage = record.number("stage").ok_or("A step needs a stage.")?;
    if !synchronous && stage != POST_OPERATION {
        return Err("An asynchronous step runs in stage 40 (PostOperation).".to_owned());
    }
    if many && synchronous {
        return Err("A step for many rows runs asynchronously on this server.".to_owned());
    }
    if stage == PRE_VALIDATION {
        return Err(format!("Steps run in stage {PRE_OPERATION} or {POST_OPERATION} on this server."));
    }
    Ok(Step {
        id: record.row.id(),
        name: record.text("name").unwrap_or_default().to_owned(),
        endpoint: Arc::new(endpoint(handler)?),
        message: operation,
        many,
        table,
        filtering: columns(record, "filteringattributes", table)?,
        stage,
        synchronous,
        rank: record.number("rank").unwrap_or_default(),
        forgets_success: matches!(record.get("asyncautodelete"), Some(Value::Flag(true))),
        images: Vec::new(),
    })
}

/// The table of the step's filter, which must be one for its message.
fn table(record: Record<'_>, message: Uuid) -> Result<Option<TableId>, String> {
    let Some(filter) = record.linked("sdkmessagefilterid") else { return Ok(None) };
    if filter.linked("sdkmessageid").map(|message| message.row.id()) != Some(message) {
        return Err("The filter of a step must belong to its message.".to_owned());
    }
    let logical = filter.text("primaryobjecttypecode").unwrap_or_default();
    Ok(record.store.schema.by_logical(logical))
}

/// The columns that a comma-separated text names; `None` when it names none.
fn columns(
    record: Record<'_>,
    name: &str,
    table: Option<TableId>,
) -> Result<Option<BTreeSet<usize>>, String> {
    let (Some(names), Some(table)) = (record.text(name), table) else { return Ok(None) };
    let table = record.store.table(table);
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let found = names.map(|name| {
        table.column(name).ok_or_else(|| format!("'{name}' is no column of '{}'.", table.logical))
    });
    let found: BTreeSet<usize> = found.collect::<Result<_, _>>()?;
    Ok((!found.is_empty()).then_some(found))
}

fn image(record: Record<'_>, table: Option<TableId>) -> Result<Image, String> {
    let kind = record.number("imagetype").ok_or("An image needs a type.")?;
    let alias = record.text("entityalias").ok_or("An image needs an alias.")?.to_owned();
    Ok(Image { alias, before: kind != 1, after: kind != 0, columns: columns(record, "attributes", table)? })
}

fn owned_image(record: Record<'_>) -> Result<(), String> {
    let owner = record.linked("sdkmessageprocessingstepid").ok_or("An image needs a step.")?;
    let step = step(owner)?;
    let image = image(record, step.table)?;
    if step.many {
        return Err("A step for many rows has no images on this server.".to_owned());
    }
    let name = step.message();
    let expected = if step.message == Operation::Create { "Id" } else { "Target" };
    let property = record.text("messagepropertyname").unwrap_or_default();
    if property != expected {
        return Err(format!("Message property name '{property}' is not valid on message {name}."));
    }
    match step.message {
        Operation::Create if image.before => Err("PreImage is not supported for message Create.".to_owned()),
        Operation::Delete if image.after => Err("PostImage is not supported for message Delete.".to_owned()),
        _ => Ok(()),
    }
}
