//! The query options of a read.

use std::collections::HashMap;

use super::error::{Outcome, Refusal};
use super::filter::Filter;
use super::preference::split;
use super::schema::{Table, TableId};
use super::store::Store;
use super::syntax;
use crate::wire::Call;

/// How deep `$expand` may be nested.
const DEPTH: usize = 10;

/// Which columns of a row are shown, and which of its lookups are followed.
pub(super) struct Shape {
    pub(super) table: TableId,
    /// `None` is every column.
    pub(super) columns: Option<Vec<usize>>,
    pub(super) expansions: Vec<Expansion>,
}

/// One followed lookup.
pub(super) struct Expansion {
    pub(super) name: &'static str,
    pub(super) column: usize,
    pub(super) shape: Shape,
}

/// One key of an order.
pub(super) struct Order {
    pub(super) column: usize,
    pub(super) descending: bool,
}

/// A read of a set or row.
pub(super) struct Query {
    pub(super) shape: Shape,
    pub(super) filter: Option<Filter>,
    pub(super) order: Vec<Order>,
    pub(super) top: Option<usize>,
    pub(super) count: bool,
    pub(super) skip_token: Option<String>,
    pub(super) delta_token: Option<String>,
}

/// The raw options, each given at most once.
#[derive(Default)]
struct Options {
    given: HashMap<String, String>,
    aliases: HashMap<String, String>,
}

const KNOWN: [&str; 8] =
    ["$select", "$filter", "$orderby", "$expand", "$top", "$count", "$skiptoken", "$deltatoken"];

impl Options {
    fn of(call: &Call) -> Outcome<Self> {
        let mut options = Self::default();
        for (name, value) in call.parameters() {
            if name.starts_with('@') {
                options.aliases.insert(name, value);
                continue;
            }
            if name == "$skip" {
                return Err(Refusal::query("Skip Clause is not supported in CRM"));
            }
            if name.starts_with('$') && !KNOWN.contains(&name.as_str()) {
                return Err(Refusal::query(format!("The query parameter {name} is not supported.")));
            }
            if name.starts_with('$') && options.given.insert(name.clone(), value).is_some() {
                let message = format!(
                    "Query option '{name}' was specified more than once, but it must be specified at most once."
                );
                return Err(Refusal::query(message));
            }
        }
        Ok(options)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }
}

impl Query {
    /// Reads the options against a table. `tracked` reads take no filter, order, expansion or limit.
    pub(super) fn of(call: &Call, store: &Store, table: TableId, tracked: bool) -> Outcome<Self> {
        let options = Options::of(call)?;
        if tracked || options.get("$deltatoken").is_some() {
            let refused = ["filter", "orderby", "expand", "top"]
                .into_iter()
                .find(|name| options.given.contains_key(&format!("${name}")));
            if let Some(name) = refused {
                return Err(Refusal::untracked_option(name));
            }
        }
        let filter = match options.get("$filter") {
            Some(text) => Some(Filter::bind(store, table, syntax::parse(text, &options.aliases)?)?),
            None => None,
        };
        Ok(Self {
            shape: Shape::of(store, table, options.get("$select"), options.get("$expand"), 0)?,
            filter,
            order: orders(store.table(table), options.get("$orderby"))?,
            top: options.get("$top").map(top).transpose()?,
            count: options.get("$count").map(count).transpose()?.unwrap_or_default(),
            skip_token: options.get("$skiptoken").map(str::to_owned),
            delta_token: options.get("$deltatoken").map(str::to_owned),
        })
    }
}

fn top(text: &str) -> Outcome<usize> {
    let message = "Invalid value for $top query option found. A non-negative integer is expected.";
    text.trim().parse().map_err(|_| Refusal::query(message))
}

fn count(text: &str) -> Outcome<bool> {
    let message = "Invalid value for $count query option found. Valid values are 'true' or 'false'.";
    text.trim().parse().map_err(|_| Refusal::query(message))
}

fn orders(table: &Table, text: Option<&str>) -> Outcome<Vec<Order>> {
    let keys = text.into_iter().flat_map(|text| text.split(',')).map(str::trim);
    keys.map(|key| {
        let mut words = key.split_whitespace();
        let name = words.next().unwrap_or_default();
        let column = table.property(name).ok_or_else(|| Refusal::unknown_property(name, table.logical))?;
        let descending = match (words.next(), words.next()) {
            (None | Some("asc"), None) => false,
            (Some("desc"), None) => true,
            _ => return Err(Refusal::query("Syntax error in the $orderby expression.")),
        };
        Ok(Order { column, descending })
    })
    .collect()
}

impl Shape {
    fn of(
        store: &Store,
        table: TableId,
        select: Option<&str>,
        expand: Option<&str>,
        depth: usize,
    ) -> Outcome<Self> {
        let columns = select.map(|text| columns(store.table(table), text)).transpose()?.flatten();
        let items = expand.into_iter().flat_map(|text| split(text, ','));
        let expansions = items.map(|item| expansion(store, table, item.trim(), depth + 1));
        Ok(Self { table, columns, expansions: expansions.collect::<Outcome<_>>()? })
    }

    /// How the context names what is shown: `firstname,lastname,parentcustomerid_account(name)`.
    pub(super) fn described(&self, store: &Store) -> String {
        let table = store.table(self.table);
        let columns = self.columns.iter().flatten().map(|column| table.columns[*column].property.clone());
        let expansions =
            self.expansions.iter().map(|each| format!("{}({})", each.name, each.shape.described(store)));
        columns.chain(expansions).collect::<Vec<_>>().join(",")
    }
}

fn columns(table: &Table, text: &str) -> Outcome<Option<Vec<usize>>> {
    let names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() || names.contains(&"*") {
        return Ok(None);
    }
    let found = names
        .into_iter()
        .map(|name| table.property(name).ok_or_else(|| Refusal::unknown_property(name, table.logical)));
    let mut columns = found.collect::<Outcome<Vec<_>>>()?;
    columns.sort_unstable();
    columns.dedup();
    Ok(Some(columns))
}

fn expansion(store: &Store, table: TableId, item: &str, depth: usize) -> Outcome<Expansion> {
    if depth > DEPTH {
        return Err(Refusal::query("The $expand expression is nested too deeply."));
    }
    let (name, options) = match item.split_once('(') {
        Some((name, rest)) => {
            let inner = rest.strip_suffix(')');
            (name.trim(), inner.ok_or_else(|| Refusal::query("Syntax error in the $expand expression."))?)
        }
        None => (item, ""),
    };
    let shape = store.table(table);
    let unknown = || Refusal::unknown_property(name, shape.logical);
    let (column, navigation) = shape.navigation(name).ok_or_else(unknown)?;
    let target = store.schema.by_logical(navigation.target).ok_or_else(unknown)?;
    let (mut select, mut expand) = (None, None);
    for option in split(options, ';').into_iter().map(str::trim).filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("$select", text)) => select = Some(text),
            Some(("$expand", text)) => expand = Some(text),
            _ => return Err(Refusal::query("Only $select and $expand are supported inside this $expand.")),
        }
    }
    let shape = Shape::of(store, target, select, expand, depth)?;
    Ok(Expansion { name: navigation.name, column, shape })
}
