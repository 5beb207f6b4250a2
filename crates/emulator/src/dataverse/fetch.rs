//! `FetchXML`: a query of one table, with conditions, an order, pages, and lookups that are followed once.

use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::cookie::Cookie;
use super::error::{Outcome, Refusal};
use super::filter::Filter;
use super::listing;
use super::preference::LARGEST_PAGE;
use super::query::{Linked, Order, Query, Shape};
use super::render::{self, Annotations};
use super::row::Row;
use super::scene::{Scene, reply};
use super::schema::{KEY, Table, TableId};
use super::store::Store;
use super::syntax::Ast;
use super::xml::{self, Element};
use crate::wire::Answer;

/// What a query may say of itself. Some of it means nothing to a server that has no database.
const FETCH: [&str; 12] = [
    "version",
    "output-format",
    "mapping",
    "no-lock",
    "latematerialize",
    "distinct",
    "aggregate",
    "top",
    "count",
    "page",
    "paging-cookie",
    "returntotalrecordcount",
];

/// A query with its page.
struct Fetch {
    query: Query,
    limit: usize,
    page: usize,
    last: Option<Uuid>,
    total: bool,
}

/// Answers `set?fetchXml=…`.
pub(super) fn answer(scene: &Scene<'_>, table: TableId, text: &str) -> Outcome<Answer> {
    let root = xml::parse(text).filter(|root| root.name == "fetch");
    let root = root.ok_or_else(|| Refusal::fetch("Invalid XML."))?;
    let fetch = Reader { store: scene.store, table }.fetch(&root)?;
    Ok(shown(scene, &fetch))
}

fn shown(scene: &Scene<'_>, fetch: &Fetch) -> Answer {
    let query = &fetch.query;
    let given = (fetch.page - 1).saturating_mul(fetch.limit);
    let cookie = Cookie { page: 2, last: fetch.last, given, tracked: None };
    let mut rows = listing::in_order(scene.store, query, Some(&cookie), fetch.limit.saturating_add(1));
    let more = rows.len() > fetch.limit && query.top.is_none();
    rows.truncate(fetch.limit);
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), scene.context(&query.shape, "").into());
    let mut annotate = |name: &str, value: Json| {
        if scene.preferences.annotates(name) {
            body.insert(format!("@{name}"), value);
        }
    };
    annotate("Microsoft.Dynamics.CRM.morerecords", more.into());
    if let Some(last) = rows.last().filter(|_| more) {
        let cookie = paging_cookie(scene.store.table(query.shape.table), fetch.page, rows[0], last);
        annotate("Microsoft.Dynamics.CRM.fetchxmlpagingcookie", cookie.into());
    }
    if fetch.total {
        annotate("Microsoft.Dynamics.CRM.totalrecordcount", listing::count(scene.store, query).into());
    }
    let annotations = Annotations::of(scene.preferences);
    let shown = rows.iter().map(|row| Json::Object(render::row(scene, &query.shape, row, annotations)));
    body.insert("value".to_owned(), shown.collect());
    reply(StatusCode::OK, &Json::Object(body))
}

/// Where the next page begins; the inner cookie is encoded twice, as the platform does it.
fn paging_cookie(table: &Table, page: usize, first: &Row, last: &Row) -> String {
    let (key, first, last) = (table.columns[KEY].logical, first.id(), last.id());
    let inner =
        format!("<cookie page=\"{page}\"><{key} last=\"{{{last}}}\" first=\"{{{first}}}\" /></cookie>");
    let once = utf8_percent_encode(&inner, NON_ALPHANUMERIC).to_string();
    let twice = utf8_percent_encode(&once, NON_ALPHANUMERIC);
    format!("<cookie pagenumber=\"{}\" pagingcookie=\"{twice}\" istracking=\"False\" />", page + 1)
}

struct Reader<'a> {
    store: &'a Store,
    table: TableId,
}

/// A lookup that is followed: by its navigation's name, to its target.
#[derive(Clone, Copy)]
struct Way<'a> {
    navigation: &'a str,
    lookup: usize,
    target: TableId,
}

fn number(element: &Element, name: &str) -> Outcome<Option<usize>> {
    let Some(text) = element.attribute(name) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number > 0);
    number
        .map(Some)
        .ok_or_else(|| Refusal::fetch(format!("The attribute '{name}' is not a positive number.")))
}

/// Refuses what would change the meaning of an element and is not known here.
fn known(element: &Element, attributes: &[&str], children: &[&str]) -> Outcome<()> {
    let names =
        element.attributes.iter().map(|(name, _)| name).filter(|name| !attributes.contains(&name.as_str()));
    let inner =
        element.children.iter().map(|child| &child.name).filter(|name| !children.contains(&name.as_str()));
    match names.chain(inner).next() {
        Some(name) => {
            let message = format!("'{name}' of '{}' is not supported by this server.", element.name);
            Err(Refusal::fetch(message))
        }
        None => Ok(()),
    }
}

fn is_true(element: &Element, name: &str) -> bool {
    matches!(element.attribute(name), Some("true" | "1"))
}

impl Reader<'_> {
    /// The element about the table, if the query is about nothing else.
    fn entity<'x>(&self, root: &'x Element) -> Outcome<&'x Element> {
        if let Some(name) = ["aggregate", "distinct"].into_iter().find(|name| is_true(root, name)) {
            return Err(Refusal::fetch(format!("'{name}' is not supported by this server.")));
        }
        known(root, &FETCH, &["entity"])?;
        let table = self.store.table(self.table);
        let entity = root.named("entity").next();
        let entity = entity.filter(|entity| entity.attribute("name") == Some(table.logical));
        let entity =
            entity.ok_or_else(|| Refusal::fetch("The FetchXML is not about the table of the URL."))?;
        known(entity, &["name"], &["attribute", "all-attributes", "order", "filter", "link-entity"])?;
        Ok(entity)
    }

    fn fetch(&self, root: &Element) -> Outcome<Fetch> {
        let entity = self.entity(root)?;
        let (mut parts, mut linked) = (Vec::new(), Vec::new());
        for filter in entity.named("filter") {
            parts.push(self.filter(filter, None)?);
        }
        for link in entity.named("link-entity") {
            self.link(link, &mut parts, &mut linked)?;
        }
        let top = number(root, "top")?;
        let limit = number(root, "count")?.unwrap_or(LARGEST_PAGE).min(LARGEST_PAGE);
        let query = Query {
            shape: Shape {
                table: self.table,
                columns: self.columns(entity)?,
                expansions: Vec::new(),
                linked,
            },
            filter: (!parts.is_empty())
                .then(|| Filter::bind(self.store, self.table, Ast::All(parts)))
                .transpose()?,
            order: entity.named("order").map(|order| self.order(order)).collect::<Outcome<_>>()?,
            top,
            count: false,
            skip_token: None,
            delta_token: None,
        };
        Ok(Fetch {
            query,
            limit: top.map_or(limit, |top| top.min(LARGEST_PAGE)),
            page: number(root, "page")?.unwrap_or(1),
            last: root.attribute("paging-cookie").and_then(last),
            total: is_true(root, "returntotalrecordcount"),
        })
    }

    fn column(&self, table: TableId, element: &Element, name: &str) -> Outcome<usize> {
        let logical = element.attribute(name).unwrap_or_default();
        let shape = self.store.table(table);
        shape.column(logical).ok_or_else(|| Refusal::no_attribute(shape, logical))
    }

    fn columns(&self, entity: &Element) -> Outcome<Option<Vec<usize>>> {
        let mut columns = Vec::new();
        for attribute in entity.named("attribute") {
            known(attribute, &["name"], &[])?;
            columns.push(self.column(self.table, attribute, "name")?);
        }
        columns.sort_unstable();
        columns.dedup();
        let all = columns.is_empty() || entity.named("all-attributes").next().is_some();
        Ok((!all).then_some(columns))
    }

    fn order(&self, order: &Element) -> Outcome<Order> {
        known(order, &["attribute", "descending"], &[])?;
        let column = self.column(self.table, order, "attribute")?;
        let column = self.store.table(self.table).comparable(column)?;
        Ok(Order { column, descending: is_true(order, "descending") })
    }

    /// A lookup that is followed from the table to another one, by that one's primary key.
    fn link(&self, link: &Element, parts: &mut Vec<Ast>, linked: &mut Vec<Linked>) -> Outcome<()> {
        let unsupported = || {
            Refusal::fetch(
                "Only links by a lookup to the primary key of its target are supported by this server.",
            )
        };
        let lookup = self.column(self.table, link, "to")?;
        let navigations = self.store.table(self.table).columns[lookup].kind.navigations().iter();
        let navigation = navigations.into_iter().find(|way| Some(way.target) == link.attribute("name"));
        let navigation = navigation.ok_or_else(unsupported)?;
        let target = self.store.schema.by_logical(navigation.target).ok_or_else(unsupported)?;
        let key = self.store.table(target).columns[KEY].logical;
        known(link, &["name", "from", "to", "alias", "link-type", "visible"], &["attribute", "filter"])?;
        let outer = match link.attribute("link-type") {
            None | Some("inner") => false,
            Some("outer") => true,
            Some(_) => return Err(unsupported()),
        };
        // A filter of an outer link keeps its row and empties the link.
        if link.attribute("from").is_some_and(|from| from != key)
            || (outer && link.named("filter").next().is_some())
        {
            return Err(unsupported());
        }
        let way = Way { navigation: navigation.name, lookup, target };
        if !outer {
            parts.push(Ast::Not(Box::new(plain("=null", format!("{}/{key}", way.navigation), Vec::new()))));
        }
        for filter in link.named("filter") {
            parts.push(self.filter(filter, Some(way))?);
        }
        let alias = link.attribute("alias").unwrap_or(navigation.target);
        for attribute in link.named("attribute") {
            known(attribute, &["name"], &[])?;
            let column = self.column(way.target, attribute, "name")?;
            let name = format!("{alias}.{}", self.store.table(way.target).columns[column].logical);
            linked.push(Linked { name, lookup: way.lookup, target: way.target, column });
        }
        Ok(())
    }

    fn filter(&self, filter: &Element, way: Option<Way<'_>>) -> Outcome<Ast> {
        known(filter, &["type"], &["condition", "filter"])?;
        let parts = filter.children.iter().map(|child| match child.name.as_str() {
            "condition" => self.condition(child, way),
            _ => self.filter(child, way),
        });
        let parts = parts.collect::<Outcome<Vec<_>>>()?;
        let any = match filter.attribute("type") {
            None | Some("and") => false,
            Some("or") => !parts.is_empty(),
            Some(_) => return Err(Refusal::fetch("The type of a filter is 'and' or 'or'.")),
        };
        Ok(if any { Ast::Any(parts) } else { Ast::All(parts) })
    }

    fn condition(&self, condition: &Element, way: Option<Way<'_>>) -> Outcome<Ast> {
        known(condition, &["attribute", "operator", "value", "uiname", "uitype"], &["value"])?;
        let table = way.map_or(self.table, |way| way.target);
        let column = self.column(table, condition, "attribute")?;
        let property = &self.store.table(table).columns[column].property;
        let name = match way {
            Some(way) => format!("{}/{property}", way.navigation),
            None => property.clone(),
        };
        let listed = condition.named("value").map(|value| value.text.clone());
        let values: Vec<String> =
            condition.attribute("value").map(str::to_owned).into_iter().chain(listed).collect();
        let operator = condition.attribute("operator").unwrap_or_default();
        let (function, negated) = function(operator);
        let values = match operator.trim_start_matches("not-") {
            "begins-with" => values.into_iter().map(|text| format!("{text}%")).collect(),
            "ends-with" => values.into_iter().map(|text| format!("%{text}")).collect(),
            _ => values,
        };
        let ast = plain(&function, name, values);
        Ok(if negated { Ast::Not(Box::new(ast)) } else { ast })
    }
}

fn plain(function: &str, name: String, values: Vec<String>) -> Ast {
    Ast::Special { function: function.to_owned(), name, values }
}

/// What an operator is called in filters, and whether it is turned round.
fn function(operator: &str) -> (String, bool) {
    let (name, negated) = match operator {
        "eq" => ("=eq", false),
        "ne" | "neq" => ("=ne", false),
        "gt" => ("=gt", false),
        "ge" => ("=ge", false),
        "lt" => ("=lt", false),
        "le" => ("=le", false),
        "null" => ("=null", false),
        "not-null" => ("=null", true),
        "like" | "begins-with" | "ends-with" => ("=like", false),
        "not-like" | "not-begin-with" | "not-begins-with" | "not-end-with" | "not-ends-with" => {
            ("=like", true)
        }
        "in" => ("=in", false),
        "not-in" => ("=in", true),
        "eq-userid" => ("EqualUserId", false),
        "ne-userid" => ("NotEqualUserId", false),
        "last-seven-days" => ("Last7Days", false),
        "next-seven-days" => ("Next7Days", false),
        _ => return (camel(&operator.replace("olderthan", "older-than")), false),
    };
    (name.to_owned(), negated)
}

fn camel(text: &str) -> String {
    let words = text.split('-').map(|word| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
    });
    words.collect()
}

/// The last row of the page before, by the cookie that came with it.
fn last(cookie: &str) -> Option<Uuid> {
    let (_, rest) = cookie.split_once("last=\"")?;
    rest.split_once('"')?.0.trim_matches(['{', '}']).parse().ok()
}

impl Refusal {
    fn fetch(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "0x80040201", message)
    }

    fn no_attribute(table: &Table, column: &str) -> Self {
        let message = format!(
            "'{}' entity doesn't contain attribute with Name = '{column}' and NameMapping = 'Logical'.",
            table.logical
        );
        Self::new(StatusCode::BAD_REQUEST, "0x80041103", message)
    }

    /// A query in SQL that this server does not know.
    pub(super) fn sql(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "0x80040203", message)
    }
}
