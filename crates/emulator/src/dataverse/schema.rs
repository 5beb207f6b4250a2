//! Tables, their columns and how they lead to each other.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use super::error::{Outcome, Refusal};
use super::tables;
use super::value::Value;

/// A table, by its place in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TableId(pub(super) usize);

/// The places of the columns that every table has.
pub(super) const KEY: usize = 0;
pub(super) const VERSION: usize = 1;
pub(super) const CREATED: usize = 2;
pub(super) const MODIFIED: usize = 3;
pub(super) const STATE: usize = 4;
pub(super) const STATUS: usize = 5;

/// One option of a choice: its value and its label.
pub(super) type Choice = (i64, &'static str);

/// What happens to a row when the row that one of its lookups names is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnDelete {
    RemoveLink,
    Cascade,
    Restrict,
}

/// A lookup's way to one of its target tables.
#[derive(Clone, Debug)]
pub(super) struct Navigation {
    /// As it is written in binds and `$expand`; its case matters.
    pub(super) name: &'static str,
    pub(super) target: &'static str,
    pub(super) on_delete: OnDelete,
    /// The relationship's name where it does not follow from the tables'. It is also the name of the way back, from
    /// the target to the rows that name it.
    pub(super) relationship: Option<&'static str>,
}

impl Navigation {
    pub(super) fn new(name: &'static str, target: &'static str, on_delete: OnDelete) -> Self {
        Self { name, target, on_delete, relationship: None }
    }

    pub(super) fn called(self, relationship: &'static str) -> Self {
        Self { relationship: Some(relationship), ..self }
    }

    /// The name of the relationship, seen from the table that has the lookup.
    pub(super) fn relationship(&self, table: &str) -> String {
        match self.relationship {
            Some(name) => name.to_owned(),
            None => format!("{}_{table}_{}", self.target, self.name.trim_start_matches("msevtmgt_")),
        }
    }
}

/// What a column holds.
#[derive(Debug)]
pub(super) enum Kind {
    Key,
    Version,
    Text {
        max: usize,
        url: bool,
    },
    Memo {
        max: usize,
    },
    Whole {
        min: i64,
        max: i64,
    },
    Decimal {
        min: f64,
        max: f64,
    },
    Flag,
    Choice(&'static [Choice]),
    State(&'static States),
    Status(&'static States),
    /// A moment: UTC on the wire.
    UserLocal,
    /// A wall clock, whose zone stands elsewhere.
    ZoneIndependent,
    Lookup(Vec<Navigation>),
}

/// The states of a table and their reasons.
#[derive(Debug)]
pub(super) struct States {
    pub(super) values: &'static [Choice],
    pub(super) reasons: &'static [Choice],
    /// Which status belongs to which state; the first of a state is the one that it brings along.
    pub(super) pairs: &'static [(i64, i64)],
}

impl States {
    /// The status that a state brings along.
    pub(super) fn first(&self, state: i64) -> Option<i64> {
        self.pairs.iter().find(|(of, _)| *of == state).map(|(_, status)| *status)
    }
}

/// What all tables but leads share.
pub(super) const ACTIVE_OR_NOT: &States = &States {
    values: &[(0, "Active"), (1, "Inactive")],
    reasons: &[(1, "Active"), (2, "Inactive")],
    pairs: &[(0, 1), (1, 2)],
};

impl Kind {
    /// The options of a choice, state or status.
    pub(super) fn choices(&self) -> Option<&'static [Choice]> {
        match self {
            Self::Choice(choices) => Some(choices),
            Self::State(states) => Some(states.values),
            Self::Status(states) => Some(states.reasons),
            _ => None,
        }
    }

    /// The type's name in OData.
    pub(super) fn edm(&self) -> &'static str {
        match self {
            Self::Key | Self::Lookup(_) => "Edm.Guid",
            Self::Version => "Edm.Int64",
            Self::Text { .. } | Self::Memo { .. } => "Edm.String",
            Self::Whole { .. } | Self::Choice(_) | Self::State(_) | Self::Status(_) => "Edm.Int32",
            Self::Decimal { .. } => "Edm.Decimal",
            Self::Flag => "Edm.Boolean",
            Self::UserLocal | Self::ZoneIndependent => "Edm.DateTimeOffset",
        }
    }

    pub(super) fn navigations(&self) -> &[Navigation] {
        match self {
            Self::Lookup(navigations) => navigations,
            _ => &[],
        }
    }
}

/// One column.
pub(super) struct Column {
    pub(super) logical: &'static str,
    pub(super) schema: &'static str,
    /// As it is read and selected: the logical name, or `_name_value` of a lookup.
    pub(super) property: String,
    pub(super) kind: Kind,
    pub(super) required: bool,
    /// Whether a client's value is taken; otherwise it is passed over.
    pub(super) writable: bool,
    pub(super) default: Option<Value>,
    /// Taken and never given back.
    pub(super) hidden: bool,
}

/// One table.
pub(super) struct Table {
    pub(super) logical: &'static str,
    pub(super) set: &'static str,
    pub(super) columns: Vec<Column>,
    /// The column whose text stands for the row.
    pub(super) name: usize,
    pub(super) organization_owned: bool,
    pub(super) by_property: HashMap<String, usize>,
    pub(super) by_logical: HashMap<&'static str, usize>,
    pub(super) by_navigation: HashMap<&'static str, (usize, usize)>,
}

impl Table {
    /// The column that is read by this name.
    pub(super) fn property(&self, name: &str) -> Option<usize> {
        self.by_property.get(name).copied()
    }

    pub(super) fn column(&self, logical: &str) -> Option<usize> {
        self.by_logical.get(logical).copied()
    }

    /// A column by whose values rows may be chosen or ordered.
    pub(super) fn comparable(&self, place: usize) -> Outcome<usize> {
        let column = &self.columns[place];
        if column.hidden { Err(Refusal::write_only(self, column.logical)) } else { Ok(place) }
    }

    /// The lookup that a navigation property belongs to, and the navigation itself.
    pub(super) fn navigation(&self, name: &str) -> Option<(usize, &Navigation)> {
        let (column, place) = self.by_navigation.get(name)?;
        self.columns.get(*column)?.kind.navigations().get(*place).map(|navigation| (*column, navigation))
    }

    /// All lookups with their navigations.
    pub(super) fn navigations(&self) -> impl Iterator<Item = (usize, &Navigation)> {
        self.columns.iter().enumerate().flat_map(|(place, column)| {
            column.kind.navigations().iter().map(move |navigation| (place, navigation))
        })
    }
}

/// A lookup somewhere that can name rows of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming {
    pub(super) table: TableId,
    pub(super) column: usize,
    pub(super) on_delete: OnDelete,
}

/// All tables.
pub(super) struct Schema {
    pub(super) tables: Vec<Table>,
    by_set: BTreeMap<&'static str, TableId>,
    by_logical: HashMap<&'static str, TableId>,
    incoming: Vec<Vec<Incoming>>,
    collections: Vec<BTreeMap<String, Incoming>>,
}

impl Schema {
    /// The schema of every emulated organization.
    pub(super) fn standard() -> &'static Self {
        static STANDARD: OnceLock<Schema> = OnceLock::new();
        STANDARD.get_or_init(|| Self::of(tables::all()))
    }

    fn of(tables: Vec<Table>) -> Self {
        let ids = || tables.iter().enumerate().map(|(place, table)| (TableId(place), table));
        let by_set = ids().map(|(id, table)| (table.set, id)).collect();
        let by_logical: HashMap<_, _> = ids().map(|(id, table)| (table.logical, id)).collect();
        let mut incoming: Vec<Vec<Incoming>> = tables.iter().map(|_| Vec::new()).collect();
        let mut collections: Vec<BTreeMap<String, Incoming>> =
            tables.iter().map(|_| BTreeMap::new()).collect();
        for (id, table) in ids() {
            for (column, navigation) in table.navigations() {
                let on_delete = navigation.on_delete;
                if let Some(target) = by_logical.get(navigation.target) {
                    let way = Incoming { table: id, column, on_delete };
                    incoming[target.0].push(way);
                    collections[target.0].insert(navigation.relationship(table.logical), way);
                }
            }
        }
        Self { tables, by_set, by_logical, incoming, collections }
    }

    pub(super) fn table(&self, id: TableId) -> &Table {
        &self.tables[id.0]
    }

    /// The table of an entity set; the case matters.
    pub(super) fn by_set(&self, set: &str) -> Option<TableId> {
        self.by_set.get(set).copied()
    }

    pub(super) fn by_logical(&self, logical: &str) -> Option<TableId> {
        self.by_logical.get(logical).copied()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = TableId> + use<> {
        (0..self.tables.len()).map(TableId)
    }

    /// The ways to the rows that name rows of a table, by the relationships' names.
    pub(super) fn collections(&self, table: TableId) -> impl Iterator<Item = (&str, Incoming)> {
        self.collections[table.0].iter().map(|(name, way)| (name.as_str(), *way))
    }

    /// The rows that name a row of this table by one of their lookups, found by the relationship's name.
    pub(super) fn collection(&self, table: TableId, name: &str) -> Option<(&str, Incoming)> {
        self.collections[table.0].get_key_value(name).map(|(name, way)| (name.as_str(), *way))
    }

    /// The lookups that can name rows of a table.
    pub(super) fn incoming(&self, target: TableId) -> &[Incoming] {
        &self.incoming[target.0]
    }
}
