//! References between rows, set and taken away by their own URLs: `…/Nav/$ref`.

use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::deed;
use super::error::{Outcome, Refusal};
use super::scene::{reply, root};
use super::schema::{Incoming, TableId};
use super::target::References;
use super::value::Value;
use super::world::{Reply, World};
use super::write::{Changes, bound};
use crate::wire::{Answer, Call};

/// What a navigation of a row leads to: the row that a lookup names, or those that name it.
enum Way {
    Up(usize, TableId),
    Down(Incoming),
}

impl World {
    /// `GET` tells a lookup's reference, `PUT` sets it, `POST` adds a row to a collection, `DELETE` takes it away.
    pub(super) fn link(
        &mut self,
        call: &Call,
        row: (TableId, Uuid),
        name: &str,
        references: Option<&References>,
    ) -> Outcome<Reply> {
        let (name, key) = keyed(name);
        match (self.way(row.0, name)?, &call.method) {
            (Way::Up(place, target), &Method::GET) => self.reference(call, row, place, target),
            (Way::Up(place, target), &Method::PUT) => {
                let named = self.named(call, target, references)?;
                self.point(row, place, Some(named))
            }
            (Way::Up(place, _), &Method::DELETE) => self.point(row, place, None),
            (Way::Down(way), &Method::POST) => {
                let (table, id) = self.named(call, way.table, references)?;
                self.point((table, id), way.column, Some(row))
            }
            (Way::Down(way), &Method::DELETE) => {
                let id = self.member(call, &way, key, references)?;
                self.leave(row, (way.table, id), way.column)
            }
            (_, method) => Err(Refusal::verb(method)),
        }
    }

    fn way(&self, table: TableId, name: &str) -> Outcome<Way> {
        let schema = self.store.schema;
        if let Some((place, navigation)) = schema.table(table).navigation(name) {
            let target = schema.by_logical(navigation.target).ok_or_else(|| Refusal::segment(name))?;
            return Ok(Way::Up(place, target));
        }
        let (_, way) = schema.collection(table, name).ok_or_else(|| Refusal::segment(name))?;
        Ok(Way::Down(way))
    }

    fn reference(
        &self,
        call: &Call,
        (table, id): (TableId, Uuid),
        place: usize,
        target: TableId,
    ) -> Outcome<Reply> {
        let row = self.store.row(table, id).ok_or_else(|| Refusal::missing(self.store.table(table), id))?;
        let Some(Value::Link(found, named)) = row.get(place).filter(|value| leads(value, target)) else {
            return Ok(Answer::empty(StatusCode::NO_CONTENT).into());
        };
        let root = root(&self.origin, call);
        let url = format!("{root}/{}({named})", self.store.table(*found).set);
        let body = json!({"@odata.context": format!("{root}/$metadata#$ref"), "@odata.id": url});
        Ok(reply(StatusCode::OK, &body).into())
    }

    /// The row of `{"@odata.id": …}`, which must be one of that table.
    fn named(
        &self,
        call: &Call,
        table: TableId,
        references: Option<&References>,
    ) -> Outcome<(TableId, Uuid)> {
        let shape = self.store.table(table);
        let unreadable = || Refusal::payload(shape, "The body does not name a row by '@odata.id'.");
        let body: Json = serde_json::from_slice(&call.body).map_err(|_| unreadable())?;
        let text = body.get("@odata.id").and_then(Json::as_str).ok_or_else(unreadable)?;
        self.of_table(bound(&self.store, text, references)?, table)
    }

    fn of_table(&self, row: (TableId, Uuid), table: TableId) -> Outcome<(TableId, Uuid)> {
        let shape = self.store.table(table);
        if row.0 != table {
            return Err(Refusal::payload(shape, &format!("The reference does not lead to '{}'.", shape.set)));
        }
        self.store.row(table, row.1).map(|_| row).ok_or_else(|| Refusal::missing(shape, row.1))
    }

    /// The member of a collection that is meant: `collection(id)/$ref`, or `collection/$ref?$id=url`.
    fn member(
        &self,
        call: &Call,
        way: &Incoming,
        key: Option<&str>,
        references: Option<&References>,
    ) -> Outcome<Uuid> {
        if let Some(key) = key {
            return key.parse().map_err(|_| Refusal::key(self.store.table(way.table)));
        }
        let parameters = call.parameters();
        let url = parameters.iter().find(|(name, _)| name == "$id").map(|(_, value)| value.as_str());
        let url = url.ok_or_else(|| Refusal::query("The member of the collection is not named by $id."))?;
        Ok(self.of_table(bound(&self.store, url, references)?, way.table)?.1)
    }

    fn leave(&mut self, row: (TableId, Uuid), member: (TableId, Uuid), place: usize) -> Outcome<Reply> {
        let found = self.store.row(member.0, member.1);
        let found = found.ok_or_else(|| Refusal::missing(self.store.table(member.0), member.1))?;
        if found.get(place) == Some(&Value::Link(row.0, row.1)) {
            return self.point(member, place, None);
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT).into())
    }

    fn point(
        &mut self,
        (table, id): (TableId, Uuid),
        place: usize,
        to: Option<(TableId, Uuid)>,
    ) -> Outcome<Reply> {
        let shape = self.store.table(table);
        if !shape.columns[place].writable {
            return Err(Refusal::read_only(shape, shape.columns[place].logical));
        }
        let cells = vec![(place, to.map(|(table, id)| Value::Link(table, id)))];
        deed::update(&mut self.store, table, id, Changes { id: None, cells }, self.clock.now())?;
        Ok(Answer::empty(StatusCode::NO_CONTENT).into())
    }
}

fn leads(value: &Value, target: TableId) -> bool {
    matches!(value, Value::Link(table, _) if *table == target)
}

/// `name` or `name(key)`.
fn keyed(name: &str) -> (&str, Option<&str>) {
    match name.split_once('(') {
        Some((name, key)) => (name, Some(key.trim_end_matches(')'))),
        None => (name, None),
    }
}
