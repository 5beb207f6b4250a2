//! A filter bound to the columns of a table.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::error::{Outcome, Refusal};
use super::period;
use super::row::Row;
use super::schema::{Incoming, KEY, Kind, TableId};
use super::store::Store;
use super::syntax::{Ast, Literal, Operator, TextTest};
use super::value::{Value, folded, parse_time};

/// How long the pattern of `like` may be.
const LONGEST_PATTERN: usize = 1000;

/// Which cell is meant: of the row itself, or of the row that one of its lookups names.
#[derive(Clone)]
struct Path {
    through: Option<(usize, TableId)>,
    column: usize,
}

enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Compare {
        path: Path,
        operator: Operator,
        value: Option<Value>,
    },
    Text {
        kind: TextTest,
        path: Path,
        wanted: String,
    },
    /// Membership of ids, kept apart because it is asked with hundreds of them.
    Ids {
        path: Path,
        ids: HashSet<Uuid>,
    },
    In {
        path: Path,
        values: Vec<Value>,
    },
    /// A text against a pattern in which `%` stands for any text and `_` for any character.
    Like {
        path: Path,
        pattern: Vec<char>,
    },
    /// From one moment on, and before another.
    Period {
        path: Path,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    },
    /// Some or all of the rows that name the row.
    Named {
        table: TableId,
        way: Incoming,
        all: bool,
        inner: Option<Box<Node>>,
    },
}

/// A filter of one table's rows.
pub(super) struct Filter {
    table: TableId,
    root: Node,
}

impl Filter {
    /// Binds names to columns and literals to their types.
    pub(super) fn bind(store: &Store, table: TableId, ast: Ast) -> Outcome<Self> {
        Ok(Self { table, root: node(store, table, ast)? })
    }

    /// The rows that name a row in one column, and pass another filter besides.
    pub(super) fn naming(table: TableId, column: usize, id: Uuid, further: Option<Self>) -> Self {
        let path = Path { through: None, column };
        let naming = Node::Compare { path, operator: Operator::Eq, value: Some(Value::Id(id)) };
        let further = further.map(|filter| filter.root);
        Self { table, root: Node::All(std::iter::once(naming).chain(further).collect()) }
    }

    pub(super) fn holds(&self, store: &Store, row: &Row) -> bool {
        holds(&self.root, store, row)
    }

    /// The only rows that can pass, when the filter names ids; `None` when every row must be looked at.
    pub(super) fn narrowed(&self, store: &Store) -> Option<BTreeSet<Uuid>> {
        narrowed(&self.root, store, self.table)
    }
}

fn node(store: &Store, table: TableId, ast: Ast) -> Outcome<Node> {
    let each =
        |parts: Vec<Ast>| parts.into_iter().map(|part| node(store, table, part)).collect::<Outcome<Vec<_>>>();
    Ok(match ast {
        Ast::All(parts) => Node::All(each(parts)?),
        Ast::Any(parts) => Node::Any(each(parts)?),
        Ast::Not(inner) => Node::Not(Box::new(node(store, table, *inner)?)),
        Ast::Compare { name, operator, literal } => {
            let (path, kind) = path(store, table, &name, false)?;
            Node::Compare { value: value(kind, literal)?, path, operator }
        }
        Ast::Text { kind, name, text } => {
            let (path, column) = path(store, table, &name, false)?;
            if !matches!(column, Kind::Text { .. } | Kind::Memo { .. }) {
                return Err(incompatible(column, "Edm.String"));
            }
            Node::Text { kind, path, wanted: folded(&text) }
        }
        Ast::In { name, values } => {
            let (path, kind) = path(store, table, &name, true)?;
            within(path, kind, &values)?
        }
        Ast::Special { function, name, values } => {
            let (path, kind) = path(store, table, &name, true)?;
            special(store, &function, path, kind, &values)?
        }
        Ast::Some { collection, all, inner } => {
            let unknown = || Refusal::unknown_property(&collection, store.table(table).logical);
            let (_, way) = store.schema.collection(table, &collection).ok_or_else(unknown)?;
            let inner = inner.map(|inner| node(store, way.table, *inner)).transpose()?.map(Box::new);
            Node::Named { table, way, all, inner }
        }
    })
}

/// The functions of the platform's own.
fn special(store: &Store, function: &str, path: Path, kind: &Kind, values: &[String]) -> Outcome<Node> {
    let user = || within(path.clone(), kind, &[super::deed::USER.to_string()]);
    match function {
        "EqualUserId" => return user(),
        "NotEqualUserId" => return Ok(Node::Not(Box::new(user()?))),
        "=null" => return Ok(Node::Compare { path, operator: Operator::Eq, value: None }),
        "=in" => return within(path, kind, values),
        "=like" => return like(path, kind, values),
        "NotIn" => return Ok(Node::Not(Box::new(within(path, kind, values)?))),
        "Between" => return between(&path, kind, values),
        "NotBetween" => return Ok(Node::Not(Box::new(between(&path, kind, values)?))),
        _ => {}
    }
    if let Some(operator) = plain(function) {
        let text = values.first().ok_or_else(|| Refusal::query("A condition has no value."))?;
        let value = from_text(kind, text).ok_or_else(|| incompatible(kind, "Edm.String"))?;
        return Ok(Node::Compare { path, operator, value: Some(value) });
    }
    if !matches!(kind, Kind::UserLocal | Kind::ZoneIndependent) {
        return Err(incompatible(kind, "Edm.DateTimeOffset"));
    }
    let period = period::of(function, values.first().map(String::as_str), store.now)?;
    let node = Node::Period { path, from: period.from, until: period.until };
    Ok(if period.outside { Node::Not(Box::new(node)) } else { node })
}

/// The comparisons of `FetchXML` and SQL, whose values are texts.
fn plain(function: &str) -> Option<Operator> {
    Some(match function {
        "=eq" => Operator::Eq,
        "=ne" => Operator::Ne,
        "=gt" => Operator::Gt,
        "=ge" => Operator::Ge,
        "=lt" => Operator::Lt,
        "=le" => Operator::Le,
        _ => return None,
    })
}

fn like(path: Path, kind: &Kind, values: &[String]) -> Outcome<Node> {
    match (kind, values) {
        (Kind::Text { .. } | Kind::Memo { .. }, [pattern]) => {
            let pattern: Vec<char> = folded(pattern).chars().collect();
            if pattern.len() > LONGEST_PATTERN {
                return Err(Refusal::query("The pattern of a comparison is too long."));
            }
            if pattern.contains(&'[') {
                return Err(Refusal::query(
                    "Sets of characters in patterns are not supported by this server.",
                ));
            }
            Ok(Node::Like { path, pattern })
        }
        _ => Err(incompatible(kind, "Edm.String")),
    }
}

/// Whether a text fits a pattern. Only the last `%` is ever tried again, so that the time is bounded.
fn fits(text: &str, pattern: &[char]) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut of, mut again) = (0, 0, None);
    while at < text.len() {
        match pattern.get(of) {
            Some('%') => {
                again = Some((at, of));
                of += 1;
            }
            Some(char) if *char == '_' || *char == text[at] => {
                at += 1;
                of += 1;
            }
            _ => {
                let Some((start, percent)) = again else { return false };
                again = Some((start + 1, percent));
                at = start + 1;
                of = percent + 1;
            }
        }
    }
    pattern[of..].iter().all(|char| *char == '%')
}

fn between(path: &Path, kind: &Kind, texts: &[String]) -> Outcome<Node> {
    let [low, high] = texts else {
        return Err(Refusal::query("Between is about two values."));
    };
    let value = |text: &str| from_text(kind, text).ok_or_else(|| incompatible(kind, "Edm.String"));
    let limit =
        |operator, text: &str| Ok(Node::Compare { path: path.clone(), operator, value: Some(value(text)?) });
    Ok(Node::All(vec![limit(Operator::Ge, low)?, limit(Operator::Le, high)?]))
}

fn within(path: Path, kind: &Kind, texts: &[String]) -> Outcome<Node> {
    let values = texts.iter().map(|text| from_text(kind, text)).collect::<Option<Vec<_>>>();
    let values = values.ok_or_else(|| incompatible(kind, "Edm.String"))?;
    if matches!(kind, Kind::Key | Kind::Lookup(_)) {
        return Ok(Node::Ids { path, ids: values.iter().filter_map(Value::id).collect() });
    }
    Ok(Node::In { path, values })
}

/// A text given to `In` as a value of the column.
fn from_text(kind: &Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Key | Kind::Lookup(_) => text.trim_matches(['{', '}']).parse().ok().map(Value::Id),
        Kind::Text { .. } | Kind::Memo { .. } => Some(Value::text(text)),
        Kind::Flag => match text {
            "true" | "1" => Some(Value::Flag(true)),
            "false" | "0" => Some(Value::Flag(false)),
            _ => None,
        },
        Kind::Decimal { .. } => text.parse().ok().map(Value::Decimal),
        Kind::UserLocal | Kind::ZoneIndependent => parse_time(text).map(Value::Time),
        _ => text.parse().ok().map(Value::Number),
    }
}

/// The cell of this name. Functions of the platform's own know a lookup by its `logical` name as well.
fn path<'a>(store: &'a Store, table: TableId, name: &str, logical: bool) -> Outcome<(Path, &'a Kind)> {
    let shape = store.table(table);
    let unknown = || Refusal::unknown_property(name, shape.logical);
    let Some((navigation, property)) = name.split_once('/') else {
        let column = shape.property(name).or_else(|| logical.then(|| shape.column(name)).flatten());
        let column = shape.comparable(column.ok_or_else(unknown)?)?;
        return Ok((Path { through: None, column }, &shape.columns[column].kind));
    };
    let (lookup, leads) = shape.navigation(navigation).ok_or_else(unknown)?;
    let target = store.schema.by_logical(leads.target).ok_or_else(unknown)?;
    let other = store.table(target);
    let column =
        other.property(property).ok_or_else(|| Refusal::unknown_property(property, other.logical))?;
    let column = other.comparable(column)?;
    Ok((Path { through: Some((lookup, target)), column }, &other.columns[column].kind))
}

fn incompatible(kind: &Kind, found: &str) -> Refusal {
    Refusal::query(format!(
        "A binary operator with incompatible types was detected. Found operand types '{}' and '{found}'.",
        kind.edm()
    ))
}

fn value(kind: &Kind, literal: Literal) -> Outcome<Option<Value>> {
    let found = match &literal {
        Literal::Null => return Ok(None),
        Literal::Flag(_) => "Edm.Boolean",
        Literal::Whole(_) => "Edm.Int32",
        Literal::Decimal(_) => "Edm.Decimal",
        Literal::Text(_) => "Edm.String",
        Literal::Id(_) => "Edm.Guid",
        Literal::Time(_) => "Edm.DateTimeOffset",
    };
    let value = match (kind.edm(), literal) {
        ("Edm.Guid", Literal::Id(id)) => Value::Id(id),
        ("Edm.String", Literal::Text(text)) => Value::Text(text.into()),
        ("Edm.Boolean", Literal::Flag(flag)) => Value::Flag(flag),
        ("Edm.Int32" | "Edm.Int64" | "Edm.Decimal", Literal::Whole(number)) => Value::Number(number),
        ("Edm.Int32" | "Edm.Int64" | "Edm.Decimal", Literal::Decimal(number)) => Value::Decimal(number),
        ("Edm.DateTimeOffset", Literal::Time(time)) => Value::Time(time),
        _ => return Err(incompatible(kind, found)),
    };
    Ok(Some(value))
}

fn cell<'a>(path: &Path, store: &'a Store, row: &'a Row) -> Option<&'a Value> {
    let Some((lookup, target)) = path.through else { return row.get(path.column) };
    match row.get(lookup)? {
        Value::Link(table, id) if *table == target => store.row(target, *id)?.get(path.column),
        _ => None,
    }
}

fn holds(node: &Node, store: &Store, row: &Row) -> bool {
    match node {
        Node::All(parts) => parts.iter().all(|part| holds(part, store, row)),
        Node::Any(parts) => parts.iter().any(|part| holds(part, store, row)),
        Node::Not(inner) => !holds(inner, store, row),
        Node::Compare { path, operator, value } => {
            compares(cell(path, store, row), *operator, value.as_ref())
        }
        Node::Text { kind, path, wanted } => match cell(path, store, row) {
            Some(Value::Text(text)) => passes(*kind, &folded(text), wanted),
            _ => false,
        },
        Node::Ids { path, ids } => {
            cell(path, store, row).and_then(Value::id).is_some_and(|id| ids.contains(&id))
        }
        Node::In { path, values } => cell(path, store, row)
            .is_some_and(|cell| values.iter().any(|value| cell.compare(value) == Some(Ordering::Equal))),
        Node::Like { path, pattern } => match cell(path, store, row) {
            Some(Value::Text(text)) => fits(&folded(text), pattern),
            _ => false,
        },
        Node::Period { path, from, until } => match cell(path, store, row) {
            Some(Value::Time(time)) => {
                from.is_none_or(|from| *time >= from) && until.is_none_or(|until| *time < until)
            }
            _ => false,
        },
        Node::Named { table, way, all, inner } => {
            let naming = store.naming((*table, row.id()), way.table, way.column);
            let mut rows = naming.filter_map(|id| store.row(way.table, id));
            let passes = |row: &Row| inner.as_ref().is_none_or(|inner| holds(inner, store, row));
            if *all { rows.all(passes) } else { rows.any(passes) }
        }
    }
}

/// A comparison; an empty cell differs from every value and is neither smaller nor greater than one.
fn compares(cell: Option<&Value>, operator: Operator, value: Option<&Value>) -> bool {
    let order = match (cell, value) {
        (Some(cell), Some(value)) => cell.compare(value),
        (None, None) => Some(Ordering::Equal),
        _ => None,
    };
    match operator {
        Operator::Eq => order == Some(Ordering::Equal),
        Operator::Ne => order != Some(Ordering::Equal),
        Operator::Gt => order == Some(Ordering::Greater),
        Operator::Ge => value.is_some() && order.is_some_and(Ordering::is_ge),
        Operator::Lt => order == Some(Ordering::Less),
        Operator::Le => value.is_some() && order.is_some_and(Ordering::is_le),
    }
}

fn passes(kind: TextTest, text: &str, wanted: &str) -> bool {
    match kind {
        TextTest::Contains => text.contains(wanted),
        TextTest::StartsWith => text.starts_with(wanted),
        TextTest::EndsWith => text.ends_with(wanted),
    }
}

fn narrowed(node: &Node, store: &Store, table: TableId) -> Option<BTreeSet<Uuid>> {
    match node {
        // Each part narrows on its own; the smallest will do, as the rest is still tested.
        Node::All(parts) => {
            parts.iter().filter_map(|part| narrowed(part, store, table)).min_by_key(BTreeSet::len)
        }
        Node::Any(parts) => {
            let sets = parts.iter().map(|part| narrowed(part, store, table)).collect::<Option<Vec<_>>>()?;
            Some(sets.into_iter().flatten().collect())
        }
        Node::Compare { path, operator: Operator::Eq, value: Some(Value::Id(id)) } => {
            led_by(path, store, table, [*id].iter())
        }
        Node::Ids { path, ids } => led_by(path, store, table, ids.iter()),
        _ => None,
    }
}

fn led_by<'a>(
    path: &Path,
    store: &Store,
    table: TableId,
    ids: impl Iterator<Item = &'a Uuid>,
) -> Option<BTreeSet<Uuid>> {
    if path.through.is_some() {
        return None;
    }
    if path.column == KEY {
        return Some(ids.copied().collect());
    }
    let navigations = store.table(table).columns[path.column].kind.navigations();
    let targets: Vec<TableId> =
        navigations.iter().filter_map(|navigation| store.schema.by_logical(navigation.target)).collect();
    let pairs = ids.flat_map(|id| targets.iter().map(|target| (*target, *id)));
    Some(pairs.flat_map(|target| store.naming(target, table, path.column)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str, pattern: &str) -> bool {
        fits(text, &pattern.chars().collect::<Vec<char>>())
    }

    #[test]
    fn patterns_have_wildcards() {
        for (text, pattern, expected) in [
            ("anna", "a%", true),
            ("anna", "%n_", true),
            ("anna", "a_n%a", true),
            ("anna", "nn", false),
            ("anna", "%nn%", true),
            ("anna", "anna%", true),
            ("", "%", true),
            ("", "_", false),
            ("aab", "%ab", true),
        ] {
            assert_eq!(matches(text, pattern), expected, "{text} {pattern}");
        }
        assert!(!matches(&"a".repeat(5000), &"%a".repeat(200).replace("%a%a", "%ab")));
    }
}
