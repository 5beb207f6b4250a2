//! The query options of a read.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::error::{Outcome, Refusal};
use super::filter::Filter;
use super::preference::split;
use super::schema::{Incoming, Table, TableId};
use super::store::Store;
use super::syntax;
use crate::wire::Call;

/// How deep `$expand` may be nested, and how many there may be side by side.
const DEPTH: usize = 10;
const EXPANSIONS: usize = 15;

/// Which columns of a row are shown, and which of its lookups are followed.
pub(super) struct Shape {
    pub(super) table: TableId,
    /// `None` is every column.
    pub(super) columns: Option<Vec<usize>>,
    pub(super) expansions: Vec<Expansion>,
    pub(super) linked: Vec<Linked>,
}

/// A cell of a row that a lookup names, shown among those of the row itself.
pub(super) struct Linked {
    pub(super) name: String,
    pub(super) lookup: usize,
    pub(super) target: TableId,
    pub(super) column: usize,
}

/// One followed lookup, or one collection of rows that name the row.
pub(super) struct Expansion {
    pub(super) name: &'static str,
    pub(super) way: Way,
    pub(super) shape: Shape,
    pub(super) choice: Choice,
}

/// How the rows of an expansion are found.
pub(super) enum Way {
    /// By the lookup in this column.
    Up(usize),
    /// By the lookups that name the row.
    Down(Incoming),
}

/// Which rows of an expanded collection are shown, and in which order.
#[derive(Default)]
pub(super) struct Choice {
    pub(super) filter: Option<Filter>,
    pub(super) order: Vec<Order>,
    pub(super) top: Option<usize>,
    pub(super) count: bool,
    /// The options as they were written, for the link to further rows.
    pub(super) options: String,
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

/// Parameters that hold or name a whole query.
const LANGUAGES: [&str; 4] = ["fetchXml", "sql", "savedQuery", "userQuery"];

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
            if LANGUAGES.contains(&name.as_str()) {
                let message = format!("Queries by the parameter '{name}' are not supported by this server.");
                return Err(Refusal::query(message));
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
        let reader = Reader { store, aliases: &options.aliases };
        Ok(Self {
            shape: reader.shape(table, options.get("$select"), options.get("$expand"), 0)?,
            filter: reader.filter(table, options.get("$filter"))?,
            order: orders(store.table(table), options.get("$orderby"))?,
            top: options.get("$top").map(top).transpose()?,
            count: options.get("$count").map(count).transpose()?.unwrap_or_default(),
            skip_token: options.get("$skiptoken").map(str::to_owned),
            delta_token: options.get("$deltatoken").map(str::to_owned),
        })
    }
}

impl Query {
    /// The same of those rows alone that name a row in one column.
    pub(super) fn naming(mut self, column: usize, id: Uuid) -> Self {
        self.filter = Some(Filter::naming(self.shape.table, column, id, self.filter));
        self
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
        let column = table.comparable(column)?;
        let descending = match (words.next(), words.next()) {
            (None | Some("asc"), None) => false,
            (Some("desc"), None) => true,
            _ => return Err(Refusal::query("Syntax error in the $orderby expression.")),
        };
        Ok(Order { column, descending })
    })
    .collect()
}

/// What names in a query are read against.
struct Reader<'a> {
    store: &'a Store,
    aliases: &'a HashMap<String, String>,
}

impl Reader<'_> {
    fn filter(&self, table: TableId, text: Option<&str>) -> Outcome<Option<Filter>> {
        let Some(text) = text else { return Ok(None) };
        Filter::bind(self.store, table, syntax::parse(text, self.aliases)?).map(Some)
    }

    fn shape(
        &self,
        table: TableId,
        select: Option<&str>,
        expand: Option<&str>,
        depth: usize,
    ) -> Outcome<Shape> {
        let columns = select.map(|text| columns(self.store.table(table), text)).transpose()?.flatten();
        let items: Vec<&str> = expand.into_iter().flat_map(|text| split(text, ',')).collect();
        if items.len() > EXPANSIONS {
            return Err(Refusal::query(format!("A query has no more than {EXPANSIONS} $expand options.")));
        }
        let expansions = items.into_iter().map(|item| self.expansion(table, item.trim(), depth + 1));
        let expansions = expansions.collect::<Outcome<Vec<_>>>()?;
        let names: HashSet<&str> = expansions.iter().map(|expansion| expansion.name).collect();
        if names.len() < expansions.len() {
            return Err(Refusal::query("A property is expanded twice by one $expand expression."));
        }
        Ok(Shape { table, columns, expansions, linked: Vec::new() })
    }

    fn expansion(&self, table: TableId, item: &str, depth: usize) -> Outcome<Expansion> {
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
        let (name, way, target) = self.way(table, name)?;
        // One deeper, the same rows would be shown again and again, for each row that leads to them.
        if depth > 1 && matches!(way, Way::Down(_)) {
            return Err(Refusal::query("A collection can be expanded at the first level alone."));
        }
        let inner = Inner::of(options, matches!(way, Way::Down(_)))?;
        let choice = Choice {
            filter: self.filter(target, inner.filter)?,
            order: orders(self.store.table(target), inner.order)?,
            top: inner.top.map(top).transpose()?,
            count: inner.count.map(count).transpose()?.unwrap_or_default(),
            options: split(options, ';').join("&"),
        };
        let shape = self.shape(target, inner.select, inner.expand, depth)?;
        Ok(Expansion { name, way, shape, choice })
    }

    fn way(&self, table: TableId, name: &str) -> Outcome<(&'static str, Way, TableId)> {
        let shape = self.store.table(table);
        let unknown = || Refusal::unknown_property(name, shape.logical);
        if let Some((column, navigation)) = shape.navigation(name) {
            let target = self.store.schema.by_logical(navigation.target).ok_or_else(unknown)?;
            return Ok((navigation.name, Way::Up(column), target));
        }
        let (name, way) = self.store.schema.collection(table, name).ok_or_else(unknown)?;
        Ok((name, Way::Down(way), way.table))
    }
}

/// The options inside of an `$expand`.
#[derive(Default)]
struct Inner<'a> {
    select: Option<&'a str>,
    expand: Option<&'a str>,
    filter: Option<&'a str>,
    order: Option<&'a str>,
    top: Option<&'a str>,
    count: Option<&'a str>,
}

impl<'a> Inner<'a> {
    fn of(text: &'a str, collection: bool) -> Outcome<Self> {
        let mut inner = Self::default();
        for option in split(text, ';').into_iter().map(str::trim).filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("$select", text)) => inner.select = Some(text),
                Some(("$expand", text)) => inner.expand = Some(text),
                Some(("$filter", text)) if collection => inner.filter = Some(text),
                Some(("$orderby", text)) if collection => inner.order = Some(text),
                Some(("$top", text)) if collection => inner.top = Some(text),
                Some(("$count", text)) if collection => inner.count = Some(text),
                _ => return Err(Refusal::query("This option is not supported inside this $expand.")),
            }
        }
        Ok(inner)
    }
}

impl Shape {
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
