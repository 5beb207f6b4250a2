//! The organization's rows, found by id, by version and by what they lead to; every change can be taken back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::change::Change;
use super::error::{Outcome, Refusal};
use super::key::Key;
use super::row::Row;
use super::schema::{Schema, Table, TableId, VERSION};
use super::settings::Settings;
use super::target::Named;
use super::value::Value;

/// Where the row versions of an organization start: far from 1, so that nobody takes them for a count.
const FIRST_VERSION: u64 = 1_000_000;

/// A lookup cell: which column of which row.
type Site = (TableId, usize, Uuid);

/// What a table holds, and how it is found.
#[derive(Default)]
struct Content {
    rows: BTreeMap<Uuid, Arc<Row>>,
    by_version: BTreeMap<u64, Uuid>,
    deleted: BTreeMap<u64, Uuid>,
    deleted_at: HashMap<Uuid, u64>,
    keys: Vec<Key>,
    /// Delta tokens of an older version than this have ended.
    tracked_from: u64,
}

/// A change, and what is needed besides to take it back.
struct Entry {
    change: Change,
    was_deleted_at: Option<u64>,
}

/// All rows of an organization.
pub(super) struct Store {
    pub(super) schema: &'static Schema,
    pub(super) settings: Arc<Settings>,
    /// When the request came that is under way.
    pub(super) now: Timestamp,
    contents: Vec<Content>,
    links: HashMap<(TableId, Uuid), BTreeSet<Site>>,
    version: u64,
    /// How many rows have got an id of the server's own.
    minted: u64,
    schema_changes: u64,
    journal: Vec<Entry>,
}

impl Store {
    pub(super) fn new(schema: &'static Schema) -> Self {
        let contents = schema.tables.iter().map(|_| Content::default()).collect();
        Self {
            schema,
            settings: Arc::default(),
            now: Timestamp::UNIX_EPOCH,
            contents,
            links: HashMap::new(),
            version: FIRST_VERSION,
            minted: 0,
            schema_changes: 0,
            journal: Vec::new(),
        }
    }

    pub(super) fn table(&self, id: TableId) -> &'static Table {
        self.schema.table(id)
    }

    /// The version that was given last.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn count(&self, table: TableId) -> usize {
        self.contents[table.0].rows.len()
    }

    pub(super) fn row(&self, table: TableId, id: Uuid) -> Option<&Row> {
        self.contents[table.0].rows.get(&id).map(Arc::as_ref)
    }

    /// The rows whose ids come after one, in the order of their ids.
    pub(super) fn rows_after(&self, table: TableId, after: Option<Uuid>) -> impl Iterator<Item = &Row> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.contents[table.0].rows.range((from, Bound::Unbounded)).map(|(_, row)| row.as_ref())
    }

    /// The rows written after one version up to another, in the order of their versions.
    pub(super) fn changed(&self, table: TableId, after: u64, until: u64) -> impl Iterator<Item = &Row> {
        let content = &self.contents[table.0];
        versions(&content.by_version, after, until)
            .filter_map(|(_, id)| content.rows.get(id).map(Arc::as_ref))
    }

    /// The ids deleted after one version up to another, with the version of each deletion.
    pub(super) fn deleted(
        &self,
        table: TableId,
        after: u64,
        until: u64,
    ) -> impl Iterator<Item = (u64, Uuid)> {
        versions(&self.contents[table.0].deleted, after, until).map(|(version, id)| (*version, *id))
    }

    /// The ids of the rows of one table that name a row in one column.
    pub(super) fn naming(
        &self,
        target: (TableId, Uuid),
        table: TableId,
        column: usize,
    ) -> impl Iterator<Item = Uuid> {
        let span = (table, column, Uuid::nil())..=(table, column, Uuid::max());
        self.links
            .get(&target)
            .into_iter()
            .flat_map(move |sites| sites.range(span.clone()))
            .map(|site| site.2)
    }

    /// What `globalmetadataversion` tells: another number after each change of the schema.
    pub(super) fn metadata_version(&self) -> String {
        (FIRST_VERSION + self.schema_changes).to_string()
    }

    /// The version from which on delta tokens of a table hold.
    pub(super) fn tracked_from(&self, table: TableId) -> u64 {
        self.contents[table.0].tracked_from
    }

    /// Ends every delta token that was given so far, of one table or of all.
    pub(super) fn end_tracking(&mut self, table: Option<TableId>) {
        self.version += 1;
        for id in self.schema.ids().filter(|id| table.is_none_or(|table| table == *id)) {
            self.contents[id.0].tracked_from = self.version;
        }
    }

    /// Takes note that a table is not what it was.
    pub(super) fn schema_changed(&mut self, table: TableId) {
        self.schema_changes += 1;
        if self.settings.schema_change_ends_tracking {
            self.end_tracking(Some(table));
        }
    }

    /// The alternate keys of a table.
    pub(super) fn keys(&self, table: TableId) -> &[Key] {
        &self.contents[table.0].keys
    }

    /// Changes the alternate keys of a table. The rows stand beside them, for their indexes.
    pub(super) fn with_keys<T>(
        &mut self,
        table: TableId,
        change: impl FnOnce(&mut Vec<Key>, &BTreeMap<Uuid, Arc<Row>>) -> T,
    ) -> T {
        let content = &mut self.contents[table.0];
        change(&mut content.keys, &content.rows)
    }

    /// The row that an alternate key names, if there is one; a refusal when there is no such key.
    pub(super) fn find(&self, named: &Named) -> Outcome<Option<Uuid>> {
        let table = self.table(named.table);
        let mut keys = self.keys(named.table).iter().filter(|key| key.is_active());
        let found = keys.find_map(|key| Some((key, key.read(table, &named.parts)?)));
        let (key, values) = found.ok_or_else(|| Refusal::key(table))?;
        Ok(key.find(&values))
    }

    /// Whether a row may stand beside the others: no two have the values of an alternate key.
    pub(super) fn admits(&self, table: TableId, row: &Row) -> Outcome<()> {
        let mut keys = self.keys(table).iter();
        match keys.find(|key| key.rival(row).is_some()) {
            Some(key) => Err(Refusal::key_violated(self.table(table), key)),
            None => Ok(()),
        }
    }

    /// Puts a row in, or in the place of its older self, under the next version. `columns` are those that were set.
    pub(super) fn put(&mut self, table: TableId, mut row: Row, columns: Vec<usize>) {
        self.version += 1;
        row.set(VERSION, i64::try_from(self.version).ok().map(Value::Number));
        let id = row.id();
        self.change(table, id, Some(Arc::new(row)), None, columns);
    }

    /// Takes a row out and remembers that it was there.
    pub(super) fn remove(&mut self, table: TableId, id: Uuid) {
        self.version += 1;
        self.change(table, id, None, Some(self.version), Vec::new());
    }

    fn change(
        &mut self,
        table: TableId,
        id: Uuid,
        after: Option<Arc<Row>>,
        deleted_at: Option<u64>,
        columns: Vec<usize>,
    ) {
        let (before, was_deleted_at) = self.swap(table, id, after.clone(), deleted_at);
        self.journal.push(Entry { change: Change { table, id, before, after, columns }, was_deleted_at });
    }

    /// Makes an id stand as told, in the rows and in every index, and gives back how it stood.
    fn swap(
        &mut self,
        table: TableId,
        id: Uuid,
        row: Option<Arc<Row>>,
        deleted_at: Option<u64>,
    ) -> (Option<Arc<Row>>, Option<u64>) {
        let content = &mut self.contents[table.0];
        let before = match row {
            Some(row) => {
                content.by_version.insert(row.version(), id);
                link(&mut self.links, table, &row);
                content.rows.insert(id, row)
            }
            None => content.rows.remove(&id),
        };
        let after = content.rows.get(&id).map(Arc::as_ref);
        for key in &mut content.keys {
            key.follow(before.as_deref(), after);
        }
        if let Some(before) = &before {
            content.by_version.remove(&before.version());
            unlink(&mut self.links, table, before, after);
        }
        let was_deleted_at = match deleted_at {
            Some(version) => content.deleted_at.insert(id, version),
            None => content.deleted_at.remove(&id),
        };
        if let Some(version) = was_deleted_at {
            content.deleted.remove(&version);
        }
        if let Some(version) = deleted_at {
            content.deleted.insert(version, id);
        }
        (before, was_deleted_at)
    }

    /// A point to which the rows can be taken back.
    pub(super) fn mark(&self) -> usize {
        self.journal.len()
    }

    /// The changes since a mark that can still be taken back.
    pub(super) fn pending(&self, mark: usize) -> impl Iterator<Item = &Change> {
        self.journal.iter().skip(mark).map(|entry| &entry.change)
    }

    /// Takes back every change since a mark; versions that were used stay used.
    pub(super) fn roll_back(&mut self, mark: usize) {
        while self.journal.len() > mark {
            if let Some(Entry { change, was_deleted_at }) = self.journal.pop() {
                let _ = self.swap(change.table, change.id, change.before, was_deleted_at);
            }
        }
    }

    /// A number for the next id of the server's own. It follows from such ids alone, so that a row that is made as a
    /// trial has the same id when it is made for good, whatever is written between.
    pub(super) fn mint(&mut self) -> u64 {
        self.minted += 1;
        self.minted
    }

    /// What versions and ids have come to.
    pub(super) fn counters(&self) -> (u64, u64) {
        (self.version, self.minted)
    }

    /// Gives versions and ids from here on once more, after everything since then was taken back.
    pub(super) fn rewind(&mut self, counters: (u64, u64)) {
        (self.version, self.minted) = counters;
    }

    /// Makes every change so far final, and tells them in the order in which they were made.
    pub(super) fn settle(&mut self) -> Vec<Change> {
        self.journal.drain(..).map(|entry| entry.change).collect()
    }
}

fn versions(index: &BTreeMap<u64, Uuid>, after: u64, until: u64) -> impl Iterator<Item = (&u64, &Uuid)> {
    // A range must not end before it starts.
    index
        .range((Bound::Excluded(after), Bound::Included(until.max(after.saturating_add(1)))))
        .take_while(move |(version, _)| **version <= until)
}

fn sites(table: TableId, row: &Row) -> impl Iterator<Item = ((TableId, Uuid), Site)> {
    let id = row.id();
    row.cells().filter_map(move |(column, value)| match value {
        Value::Link(target, leads_to) => Some(((*target, *leads_to), (table, column, id))),
        _ => None,
    })
}

fn link(links: &mut HashMap<(TableId, Uuid), BTreeSet<Site>>, table: TableId, row: &Row) {
    for (target, site) in sites(table, row) {
        links.entry(target).or_default().insert(site);
    }
}

/// Forgets the links of an older self, but for those that the newer one has as well.
fn unlink(
    links: &mut HashMap<(TableId, Uuid), BTreeSet<Site>>,
    table: TableId,
    before: &Row,
    after: Option<&Row>,
) {
    for (target, site) in sites(table, before) {
        let kept = after
            .and_then(|row| row.get(site.1))
            .is_some_and(|value| matches!(value, Value::Link(same, id) if (*same, *id) == target));
        if !kept && let Some(sites) = links.get_mut(&target) {
            sites.remove(&site);
            if sites.is_empty() {
                links.remove(&target);
            }
        }
    }
}
