//! Rows as JSON.

use serde_json::{Map, Value as Json, json};

use super::listing;
use super::preference::Preferences;
use super::query::{Choice, Expansion, Linked, Shape, Way};
use super::row::Row;
use super::scene::Scene;
use super::schema::{Column, Incoming, KEY, Kind, Table, TableId};
use super::store::Store;
use super::value::{Value, print_time};

const FORMATTED: &str = "OData.Community.Display.V1.FormattedValue";
const LOGICAL_NAME: &str = "Microsoft.Dynamics.CRM.lookuplogicalname";
const NAVIGATION: &str = "Microsoft.Dynamics.CRM.associatednavigationproperty";

/// Which annotations stand beside the columns.
#[derive(Clone, Copy, Default)]
pub(super) struct Annotations {
    formatted: bool,
    logical_name: bool,
    navigation: bool,
}

impl Annotations {
    pub(super) fn of(preferences: &Preferences) -> Self {
        Self {
            formatted: preferences.annotates(FORMATTED),
            logical_name: preferences.annotates(LOGICAL_NAME),
            navigation: preferences.annotates(NAVIGATION),
        }
    }
}

/// A row in the shape that was asked for, with its `ETag`; its key is always shown.
pub(super) fn row(
    scene: &Scene<'_>,
    shape: &Shape,
    row: &Row,
    annotations: Annotations,
) -> Map<String, Json> {
    let store = scene.store;
    let table = store.table(shape.table);
    let mut members = Map::new();
    members.insert("@odata.etag".to_owned(), row.etag().into());
    let mut show = |place: usize| {
        if let Some(column) = table.columns.get(place) {
            cell(store, column, row.get(place), annotations, &mut members);
        }
    };
    match &shape.columns {
        Some(columns) => {
            columns.iter().copied().for_each(&mut show);
            if !columns.contains(&KEY) {
                show(KEY);
            }
        }
        None => (0..table.columns.len()).for_each(show),
    }
    for expansion in &shape.expansions {
        match expansion.way {
            Way::Up(column) => {
                let target = followed(store, row, column, expansion.shape.table);
                let inner = target.map(|target| self::row(scene, &expansion.shape, target, annotations));
                members.insert(expansion.name.to_owned(), inner.map_or(Json::Null, Json::Object));
            }
            Way::Down(way) => {
                collection(scene, (shape.table, row), expansion, way, annotations, &mut members);
            }
        }
    }
    for linked in &shape.linked {
        far(store, linked, row, annotations, &mut members);
    }
    members
}

/// A cell of the row that a lookup names; nothing where it is empty.
fn far(store: &Store, linked: &Linked, row: &Row, annotations: Annotations, members: &mut Map<String, Json>) {
    let target = followed(store, row, linked.lookup, linked.target);
    let column = &store.table(linked.target).columns[linked.column];
    let value = target.and_then(|target| target.get(linked.column)).filter(|_| !column.hidden);
    let Some(value) = value else { return };
    if annotations.formatted
        && let Some(text) = formatted(store, column, value)
    {
        members.insert(format!("{}@{FORMATTED}", linked.name), text.into());
    }
    members.insert(linked.name.clone(), plain(value));
}

/// The rows that name a row, a page of them at most.
fn collection(
    scene: &Scene<'_>,
    (table, row): (TableId, &Row),
    expansion: &Expansion,
    way: Incoming,
    annotations: Annotations,
    members: &mut Map<String, Json>,
) {
    let name = expansion.name;
    let Choice { filter, order, top, count, options } = &expansion.choice;
    let naming = scene.store.naming((table, row.id()), way.table, way.column);
    let rows = naming.filter_map(|id| scene.store.row(way.table, id));
    let mut rows: Vec<&Row> =
        rows.filter(|row| filter.as_ref().is_none_or(|filter| filter.holds(scene.store, row))).collect();
    if *count {
        members.insert(format!("{name}@odata.count"), rows.len().into());
    }
    listing::sort(order, &mut rows);
    let limit = top.unwrap_or_else(|| scene.preferences.page());
    let more = rows.len() > limit && top.is_none();
    rows.truncate(limit);
    let shown = rows.iter().map(|row| Json::Object(self::row(scene, &expansion.shape, row, annotations)));
    members.insert(name.to_owned(), shown.collect());
    if more && let Some(last) = rows.last() {
        let path = format!("{}({})/{name}", scene.store.table(table).set, row.id());
        members
            .insert(format!("{name}@odata.nextLink"), scene.onwards(&path, options, last.id(), limit).into());
    }
}

/// The row that a lookup names, when it names one of that table.
fn followed<'a>(store: &'a Store, row: &Row, column: usize, table: TableId) -> Option<&'a Row> {
    match row.get(column)? {
        Value::Link(target, id) if *target == table => store.row(*target, *id),
        _ => None,
    }
}

fn cell(
    store: &Store,
    column: &Column,
    value: Option<&Value>,
    annotations: Annotations,
    members: &mut Map<String, Json>,
) {
    let name = &column.property;
    let value = value.filter(|_| !column.hidden);
    if let Some(value) = value {
        if annotations.formatted
            && let Some(text) = formatted(store, column, value)
        {
            members.insert(format!("{name}@{FORMATTED}"), text.into());
        }
        if let Value::Link(target, _) = value {
            lookup_annotations(store.table(*target), column, annotations, members);
        }
    }
    members.insert(name.clone(), value.map_or(Json::Null, plain));
}

fn lookup_annotations(
    target: &Table,
    column: &Column,
    annotations: Annotations,
    members: &mut Map<String, Json>,
) {
    if annotations.navigation {
        let found = column.kind.navigations().iter().find(|navigation| navigation.target == target.logical);
        if let Some(navigation) = found {
            members.insert(format!("{}@{NAVIGATION}", column.property), navigation.name.into());
        }
    }
    if annotations.logical_name {
        members.insert(format!("{}@{LOGICAL_NAME}", column.property), target.logical.into());
    }
}

/// A value alone.
pub(super) fn plain(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Number(number) => json!(number),
        Value::Decimal(number) => json!(number),
        Value::Flag(flag) => json!(flag),
        Value::Time(time) => json!(print_time(*time)),
        Value::Id(id) | Value::Link(_, id) => json!(id.to_string()),
    }
}

/// A value as people read it; `None` where the value says it all.
fn formatted(store: &Store, column: &Column, value: &Value) -> Option<String> {
    match value {
        Value::Link(target, id) => {
            store.row(*target, *id)?.text(store.table(*target).name).map(str::to_owned)
        }
        Value::Number(number) => match column.kind.choices() {
            Some(choices) => {
                choices.iter().find(|(value, _)| value == number).map(|(_, label)| (*label).to_owned())
            }
            None => Some(grouped(*number)),
        },
        Value::Decimal(number) => Some(format!("{number:.2}")),
        Value::Flag(flag) => Some(if *flag { "Yes" } else { "No" }.to_owned()),
        Value::Time(time) if matches!(column.kind, Kind::UserLocal | Kind::ZoneIndependent) => {
            Some(time.strftime("%-m/%-d/%Y %-I:%M %p").to_string())
        }
        _ => None,
    }
}

/// A number with a comma after each three digits.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(-100), "-100");
        assert_eq!(grouped(0), "0");
    }
}
