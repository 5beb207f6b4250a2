//! The names that may stand in a file, asked of the file's type itself, so that no second list can grow old.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::file::File;

/// What may stand at one place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A table with these names and no others.
    Section(BTreeMap<String, Shape>),
    /// A list of tables.
    List(Box<Shape>),
    /// A value.
    Leaf,
}

impl Shape {
    /// The whole file's.
    pub(crate) fn of_file() -> &'static Self {
        static FILE: LazyLock<Shape> = LazyLock::new(|| Shape::asked("", ""));
        &FILE
    }

    /// Asks for a name that nobody has in the table at `path`, which stands in the text after `before`.
    fn asked(before: &str, path: &str) -> Self {
        let section = |before: &str, names: Vec<String>| {
            let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            Self::Section(
                names.into_iter().map(|name| (name.clone(), Self::asked(before, &below(&name)))).collect(),
            )
        };
        let table = if path.is_empty() { String::new() } else { format!("{before}[{path}]\n") };
        if let Some(names) = names_after(&table) {
            return section(before, names);
        }
        let list = format!("{before}[[{path}]]\n");
        match names_after(&list) {
            Some(names) => Self::List(Box::new(section(&list, names))),
            None => Self::Leaf,
        }
    }

    /// Whether a value of this name can stand somewhere.
    pub(crate) fn has_leaf(&self, name: &str) -> bool {
        match self {
            Self::Section(names) => names.iter().any(|(known, shape)| match shape {
                Self::Leaf => known == name,
                _ => shape.has_leaf(name),
            }),
            Self::List(of) => of.has_leaf(name),
            Self::Leaf => false,
        }
    }
}

/// The names that the table has which `head` opens; `None`: a table that takes no names, or no table at all.
fn names_after(head: &str) -> Option<Vec<String>> {
    let error = toml::from_str::<File>(&format!("{head}\"?\" = 0\n")).err()?;
    let (unknown, known) = unknown_name(error.message())?;
    (unknown == "?").then(|| known.into_iter().map(str::to_owned).collect())
}

/// The unknown name that a fault speaks of, and the known ones.
pub(crate) fn unknown_name(said: &str) -> Option<(&str, Vec<&str>)> {
    let rest = said.strip_prefix("unknown field `")?;
    let (unknown, known) = rest.split_once('`')?;
    let known = known.split(" for key ").next().unwrap_or(known);
    Some((unknown, known.split('`').skip(1).step_by(2).collect()))
}

/// What helps whoever wrote an unknown name: the known name that is near, or all of them.
pub(crate) fn advice<'a>(unknown: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let nearest = known.clone().map(|name| (distance(unknown, name), name)).min();
    match nearest.filter(|(letters, _)| *letters <= unknown.chars().count() / 3 + 1) {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => {
            format!("known here: {}", known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        }
    }
}

/// How many letters differ, at the least, between two words (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (corner + usize::from(x != *y)).min(above + 1).min(row[j] + 1);
            corner = above;
        }
    }
    row[b.len()]
}
