//! A table in the making.

use std::collections::HashMap;

use super::schema::{ACTIVE_OR_NOT, Choice, Column, KEY, Kind, Navigation, OnDelete, States, Table};
use super::value::Value;

/// A table whose columns are still being added; what is said of "the last column" is said of the one added last.
pub(super) struct Draft {
    table: Table,
}

impl Draft {
    pub(super) fn new(logical: &'static str, set: &'static str, key: &'static str) -> Self {
        Self::with_states(logical, set, key, ACTIVE_OR_NOT)
    }

    pub(super) fn with_states(
        logical: &'static str,
        set: &'static str,
        key: &'static str,
        states: &'static States,
    ) -> Self {
        let table = Table {
            logical,
            set,
            columns: Vec::new(),
            name: KEY,
            organization_owned: false,
            by_property: HashMap::new(),
            by_logical: HashMap::new(),
            by_navigation: HashMap::new(),
        };
        Self { table }
            .column(key, Kind::Key)
            .column("versionnumber", Kind::Version)
            .computed()
            .column("createdon", Kind::UserLocal)
            .computed()
            .column("modifiedon", Kind::UserLocal)
            .computed()
            .column("statecode", Kind::State(states))
            .default(Value::Number(0))
            .column("statuscode", Kind::Status(states))
            .default(Value::Number(1))
    }

    fn column(self, logical: &'static str, kind: Kind) -> Self {
        self.column_as(logical, logical, kind)
    }

    fn column_as(mut self, logical: &'static str, schema: &'static str, kind: Kind) -> Self {
        let property =
            if matches!(kind, Kind::Lookup(_)) { format!("_{logical}_value") } else { logical.to_owned() };
        self.table.columns.push(Column {
            logical,
            schema,
            property,
            kind,
            required: false,
            writable: true,
            default: None,
            hidden: false,
        });
        self
    }

    fn last(mut self, change: impl FnOnce(&mut Column)) -> Self {
        if let Some(column) = self.table.columns.last_mut() {
            change(column);
        }
        self
    }

    /// The last column is asked for by forms; the API takes its absence.
    pub(super) fn required(self) -> Self {
        self.last(|column| column.required = true)
    }

    /// The last column is filled by the platform alone.
    pub(super) fn computed(self) -> Self {
        self.last(|column| column.writable = false)
    }

    /// The last column is taken and never given back.
    pub(super) fn hidden(self) -> Self {
        self.last(|column| column.hidden = true)
    }

    pub(super) fn default(self, value: Value) -> Self {
        self.last(|column| column.default = Some(value))
    }

    /// The last column names the row.
    pub(super) fn name(mut self) -> Self {
        self.table.name = self.table.columns.len() - 1;
        self
    }

    pub(super) fn organization_owned(mut self) -> Self {
        self.table.organization_owned = true;
        self
    }

    pub(super) fn text(self, logical: &'static str, max: usize) -> Self {
        self.column(logical, Kind::Text { max, url: false })
    }

    pub(super) fn url(self, logical: &'static str, max: usize) -> Self {
        self.column(logical, Kind::Text { max, url: true })
    }

    pub(super) fn memo(self, logical: &'static str, max: usize) -> Self {
        self.column(logical, Kind::Memo { max })
    }

    pub(super) fn whole(self, logical: &'static str, min: i64) -> Self {
        self.column(logical, Kind::Whole { min, max: i64::from(i32::MAX) })
    }

    pub(super) fn decimal(self, logical: &'static str, min: f64, max: f64) -> Self {
        self.column(logical, Kind::Decimal { min, max })
    }

    pub(super) fn flag(self, logical: &'static str) -> Self {
        self.column(logical, Kind::Flag)
    }

    pub(super) fn choice(self, logical: &'static str, choices: &'static [Choice]) -> Self {
        self.column(logical, Kind::Choice(choices))
    }

    pub(super) fn user_local(self, logical: &'static str) -> Self {
        self.column(logical, Kind::UserLocal)
    }

    pub(super) fn zone_independent(self, logical: &'static str) -> Self {
        self.column(logical, Kind::ZoneIndependent)
    }

    /// A lookup of one target, whose navigation property is written like its schema name.
    pub(super) fn lookup(
        self,
        logical: &'static str,
        name: &'static str,
        target: &'static str,
        on_delete: OnDelete,
    ) -> Self {
        self.column_as(logical, name, Kind::Lookup(vec![Navigation::new(name, target, on_delete)]))
    }

    /// A lookup whose schema name differs from its navigation properties.
    pub(super) fn lookup_as(
        self,
        logical: &'static str,
        schema: &'static str,
        navigations: Vec<Navigation>,
    ) -> Self {
        self.column_as(logical, schema, Kind::Lookup(navigations))
    }

    pub(super) fn done(self) -> Table {
        let mut table = self.table;
        for (place, column) in table.columns.iter().enumerate() {
            table.by_property.insert(column.property.clone(), place);
            table.by_logical.insert(column.logical, place);
            for (nth, navigation) in column.kind.navigations().iter().enumerate() {
                table.by_navigation.insert(navigation.name, (place, nth));
            }
        }
        table
    }
}
