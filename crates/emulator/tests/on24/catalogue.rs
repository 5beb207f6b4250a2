//! `catalogue.txt`, read.

use std::collections::{BTreeMap, BTreeSet};

const TEXT: &str = include_str!("catalogue.txt");

/// What is said of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Documented,
    Captured,
    OtherContent,
    Never,
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) types: Vec<String>,
    pub(crate) mark: Mark,
}

impl Key {
    pub(crate) fn allows(&self, kind: &str) -> bool {
        self.types.iter().any(|known| known == kind || (known == "num" && kind == "int"))
    }
}

/// By path, such as `polls[].pollid`.
type Keys = BTreeMap<String, Key>;

#[derive(Default)]
pub(crate) struct Operation {
    /// Its method and path.
    pub(crate) name: String,
    pub(crate) takes: Vec<String>,
    pub(crate) keys: Keys,
    excused: BTreeSet<String>,
}

impl Operation {
    /// The path behind the client, with these in place of its variables.
    pub(crate) fn path(&self, event: i64, email: &str) -> String {
        let (_, path) = self.name.split_once(' ').unwrap();
        let path = path.trim_start_matches("/client/{clientId}").trim_start_matches('/');
        path.replace("{eventId}", &event.to_string()).replace("{email}", email)
    }
}

#[derive(Default)]
pub(crate) struct Catalogue {
    pub(crate) operations: Vec<Operation>,
    pub(crate) absent: Vec<Operation>,
}

impl Catalogue {
    pub(crate) fn read() -> Self {
        let mut catalogue = Self::default();
        let mut shapes: BTreeMap<String, Operation> = BTreeMap::new();
        let mut block = Operation::default();
        for line in TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(line) = line.strip_prefix("  ") {
                block.take(line, &shapes);
                continue;
            }
            let next = Operation { name: line.to_owned(), ..Operation::default() };
            catalogue.keep(std::mem::replace(&mut block, next), &mut shapes);
        }
        catalogue.keep(block, &mut shapes);
        catalogue
    }

    fn keep(&mut self, block: Operation, shapes: &mut BTreeMap<String, Operation>) {
        let never = block.keys.iter().filter(|(_, key)| key.mark == Mark::Never);
        assert!(never.into_iter().all(|(key, _)| block.excused.contains(key)), "{}: no reason", block.name);
        if let Some(name) = block.name.strip_prefix("shape ") {
            shapes.insert(name.to_owned(), block);
        } else if let Some(name) = block.name.strip_prefix("absent ") {
            self.absent.push(Operation { name: name.to_owned(), ..block });
        } else if !block.name.is_empty() {
            self.operations.push(block);
        }
    }
}

impl Operation {
    fn take(&mut self, line: &str, shapes: &BTreeMap<String, Operation>) {
        if let Some(names) = line.strip_prefix("takes ") {
            self.takes.extend(names.split(' ').map(str::to_owned));
        } else if let Some(reason) = line.strip_prefix("never ") {
            self.excused.insert(reason.split_once(": ").unwrap().0.to_owned());
        } else {
            let (path, items) = line.split_once(" = ").unwrap();
            match items.strip_prefix('@') {
                Some(shape) => self.shape(path, shape, shapes),
                None => self.keys.extend(items.split(' ').map(|item| key(path, item))),
            }
        }
    }

    fn shape(&mut self, path: &str, line: &str, shapes: &BTreeMap<String, Operation>) {
        let mut words = line.split(' ');
        let shape = &shapes[words.next().unwrap()];
        let without: Vec<&str> = words.map(|word| word.strip_prefix('-').unwrap()).collect();
        assert!(without.iter().all(|key| shape.keys.contains_key(*key)), "{line}");
        let kept = shape.keys.iter().filter(|(key, _)| !without.contains(&key.as_str()));
        self.keys.extend(kept.map(|(name, key)| (join(path, name), key.clone())));
        self.excused.extend(shape.excused.iter().map(|name| join(path, name)));
    }
}

fn key(path: &str, item: &str) -> (String, Key) {
    let (name, types) = item.split_once(':').unwrap();
    let (types, mark) = match types.split_at(types.len() - 1) {
        (types, "~") => (types, Mark::OtherContent),
        (types, "+") => (types, Mark::Captured),
        (types, "!") => (types, Mark::Never),
        _ => (types, Mark::Documented),
    };
    let types: Vec<String> = types.split('|').map(str::to_owned).collect();
    assert!(types.iter().all(|kind| ["str", "int", "num", "bool"].contains(&kind.as_str())), "{item}");
    (join(path, &name.replace('_', " ")), Key { types, mark })
}

fn join(path: &str, name: &str) -> String {
    if path == "." { name.to_owned() } else { format!("{path}.{name}") }
}
