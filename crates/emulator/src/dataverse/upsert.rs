//! Writes to rows that are named by an alternate key.

use http::Method;
use uuid::Uuid;

use super::deed;
use super::error::{Outcome, Refusal};
use super::preference::Preferences;
use super::schema::TableId;
use super::settings::{KeyInBody, SpecialCharacters};
use super::store::Store;
use super::target::{Named, References, Target};
use super::value::Value;
use super::world::{Reply, World};
use super::write::Changes;
use crate::wire::Call;

/// What the platform cannot find again in the URL of an upsert, however it is encoded.
const SPECIAL: [char; 10] = ['<', '>', '*', '%', '&', ':', '/', '\\', '?', '+'];

impl World {
    /// A request for a row by its alternate key: as if it were by its id when the row is there, an upsert that creates
    /// it when it is not.
    pub(super) fn keyed(
        &mut self,
        call: &Call,
        preferences: &Preferences,
        (named, rest): (&Named, &[String]),
        references: Option<&References>,
    ) -> Outcome<Reply> {
        let table = self.store.table(named.table);
        if call.method == Method::PATCH
            && self.store.settings.special_characters_in_keys == SpecialCharacters::Refused
            && named.parts.iter().any(|part| part.quoted && part.value.contains(SPECIAL))
        {
            return Err(Refusal::key(table));
        }
        if let Some(id) = self.store.find(named)? {
            let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
            return self.reach(call, preferences, Target::inside(named.table, id, &rest)?, references);
        }
        let conditional = call.header("if-match").is_some();
        if call.method != Method::PATCH || !rest.is_empty() || conditional {
            return Err(Refusal::missing_by_key(table));
        }
        let changes = Changes::read(&self.store, named.table, &call.body, references)?;
        let forbids = self.store.settings.key_in_upsert_body == KeyInBody::Rejected;
        let id = create(self, named, changes, forbids)?;
        self.written(call, preferences, (named.table, id), true)
    }
}

/// Makes the row that an alternate key names, with the key's own values.
pub(super) fn create(world: &mut World, named: &Named, mut changes: Changes, strict: bool) -> Outcome<Uuid> {
    let cells = cells(&world.store, named)?;
    let twice = |(place, _): &(usize, Option<Value>)| cells.iter().any(|(column, _)| column == place);
    if strict && changes.cells.iter().any(twice) {
        return Err(Refusal::unexpected());
    }
    changes.cells.retain(|cell| !twice(cell));
    changes.cells.extend(cells);
    let now = world.clock.now();
    deed::create(&mut world.store, named.table, changes, now)
}

/// The cells that a key fills; a lookup among them must lead to a row.
fn cells(store: &Store, named: &Named) -> Outcome<Vec<(usize, Option<Value>)>> {
    let table = store.table(named.table);
    let mut keys = store.keys(named.table).iter().filter(|key| key.is_active());
    let found = keys.find_map(|key| Some((key, key.read(table, &named.parts)?)));
    let (key, values) = found.ok_or_else(|| Refusal::key(table))?;
    let cells = key.columns.iter().zip(values).map(|(place, value)| {
        let value = match value {
            Value::Id(id) => linked(store, named.table, *place, id)?,
            value => value,
        };
        Ok((*place, Some(value)))
    });
    cells.collect()
}

fn linked(store: &Store, table: TableId, place: usize, id: Uuid) -> Outcome<Value> {
    let column = &store.table(table).columns[place];
    let targets = column.kind.navigations().iter().filter_map(|way| store.schema.by_logical(way.target));
    let mut last = None;
    for target in targets {
        if store.row(target, id).is_some() {
            return Ok(Value::Link(target, id));
        }
        last = Some(target);
    }
    Err(last
        .map_or_else(|| Refusal::key(store.table(table)), |target| Refusal::missing(store.table(target), id)))
}
