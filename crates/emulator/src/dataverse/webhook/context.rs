//! The execution context of an event: the body of a webhook.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::super::change::{Change, Operation};
use super::super::deed::USER;
use super::super::row::Row;
use super::super::schema::{KEY, MODIFIED, Schema, Table, VERSION};
use super::circumstances::Circumstances;
use super::entity::{attributes, collection, entity, local_date, pair, reference, written};
use super::step::{Image, POST_OPERATION, Step};

/// The largest body that is sent whole, in bytes.
const WHOLE: usize = 256 * 1024;
/// What a larger one goes without.
const REMOVED: [&str; 4] = ["ParentContext", "InputParameters", "PreEntityImages", "PostEntityImages"];
/// The main operation, between the stages that steps can be registered for.
const MAIN_OPERATION: i64 = 30;

/// How the sending organization is known.
#[derive(Clone, Debug)]
pub(in super::super) struct Organization {
    pub(in super::super) id: Uuid,
    pub(in super::super) business_unit: Uuid,
    /// Its unique name.
    pub(in super::super) name: String,
    /// Its address without scheme.
    pub(in super::super) domain: String,
}

impl Organization {
    /// Of the organization that answers at this origin.
    pub(in super::super) fn of(id: Uuid, origin: &str) -> Self {
        let domain = origin.split_once("://").map_or(origin, |(_, authority)| authority);
        let name: String = id.simple().to_string().chars().take(8).collect();
        let business_unit = Uuid::new_v5(&id, b"business unit");
        Self { id, business_unit, name: format!("org{name}"), domain: domain.to_owned() }
    }
}

/// An event on its way to one step.
pub(super) struct Event<'a> {
    pub(super) organization: &'a Organization,
    pub(super) step: &'a Step,
    pub(super) change: &'a Change,
    /// The further changes of an event of many rows.
    pub(super) rest: &'a [Change],
    pub(super) circumstances: &'a Circumstances,
    pub(super) operation: Uuid,
    pub(super) at: Timestamp,
    pub(super) offset_minutes: i32,
}

/// A body, and whether it had to go without its larger parts.
pub(super) struct Body {
    pub(super) text: String,
    pub(super) exceeded: bool,
}

impl Event<'_> {
    pub(super) fn table(&self) -> &'static Table {
        Schema::standard().table(self.change.table)
    }

    pub(super) fn message(&self) -> &'static str {
        self.step.message()
    }

    /// The body: whole, or without its larger parts when it is beyond 256 kB.
    pub(super) fn body(&self) -> Body {
        let mut context =
            self.context(self.step.stage, self.input(self.step.stage == POST_OPERATION), self.parent());
        context.insert("OutputParameters".to_owned(), self.output());
        context.insert("PreEntityImages".to_owned(), self.images(true));
        context.insert("PostEntityImages".to_owned(), self.images(false));
        let whole = written(&Json::Object(context.clone()));
        if whole.len() <= WHOLE {
            return Body { text: whole, exceeded: false };
        }
        context.retain(|name, _| !REMOVED.contains(&name.as_str()));
        Body { text: written(&Json::Object(context)), exceeded: true }
    }

    fn context(&self, stage: i64, input: Json, parent: Json) -> Map<String, Json> {
        let synchronous = self.step.synchronous;
        let members = [
            ("BusinessUnitId", json!(self.organization.business_unit.to_string())),
            ("CorrelationId", json!(self.circumstances.correlation.to_string())),
            ("Depth", json!(1)),
            ("InitiatingUserAzureActiveDirectoryObjectId", json!(Uuid::nil().to_string())),
            ("InitiatingUserId", json!(USER.to_string())),
            ("InputParameters", input),
            ("IsExecutingOffline", json!(false)),
            ("IsInTransaction", json!(synchronous)),
            ("IsOfflinePlayback", json!(false)),
            ("IsolationMode", json!(1)),
            ("MessageName", json!(self.message())),
            ("Mode", json!(i64::from(!synchronous))),
            ("OperationCreatedOn", json!(local_date(self.at, self.offset_minutes))),
            ("OperationId", json!(self.operation.to_string())),
            ("OrganizationId", json!(self.organization.id.to_string())),
            ("OrganizationName", json!(self.organization.name)),
            ("OutputParameters", json!([])),
            ("OwningExtension", self.owner()),
            ("ParentContext", parent),
            ("PostEntityImages", json!([])),
            ("PreEntityImages", json!([])),
            ("PrimaryEntityId", json!(self.primary().to_string())),
            ("PrimaryEntityName", json!(self.table().logical)),
            (
                "RequestId",
                if synchronous { json!(self.circumstances.request.to_string()) } else { Json::Null },
            ),
            ("SecondaryEntityName", json!("none")),
            ("SharedVariables", self.shared()),
            ("Stage", json!(stage)),
            ("UserAzureActiveDirectoryObjectId", json!(Uuid::nil().to_string())),
            ("UserId", json!(USER.to_string())),
        ];
        members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    /// The step, as a reference that needs no marker.
    fn owner(&self) -> Json {
        json!({ "Id": self.step.id.to_string(), "KeyAttributes": [], "LogicalName": "sdkmessageprocessingstep",
                "Name": null, "RowVersion": null })
    }

    /// The main operation that raised the event: what the client itself asked for.
    fn parent(&self) -> Json {
        if self.step.synchronous {
            return Json::Null;
        }
        let mut input = self.input(false);
        if let (Some(parameters), false) =
            (input.as_array_mut(), self.change.operation() == Operation::Delete)
        {
            let suppress = self.circumstances.suppress_duplicate_detection;
            parameters.push(pair("SuppressDuplicateDetection", suppress));
        }
        Json::Object(self.context(MAIN_OPERATION, input, Json::Null))
    }

    /// `Target`: what was created, what of it was changed, or which row was deleted. The platform adds to the columns
    /// that a client set those that it set itself.
    fn input(&self, with_added: bool) -> Json {
        let table = self.table();
        if !self.step.many {
            return json!([pair("Target", target(table, self.change, with_added, true))]);
        }
        let rows = self.changes().map(|change| target(table, change, with_added, false));
        json!([pair("Targets", collection(table, &rows.collect::<Vec<_>>()))])
    }

    fn changes(&self) -> impl Iterator<Item = &Change> {
        std::iter::once(self.change).chain(self.rest)
    }

    /// The row that the event is about; many are named in their collection alone.
    fn primary(&self) -> Uuid {
        if self.step.many { Uuid::nil() } else { self.change.id }
    }

    fn output(&self) -> Json {
        let created = self.change.operation() == Operation::Create && self.step.stage == POST_OPERATION;
        if !created {
            return json!([]);
        }
        if self.step.many {
            let ids: Vec<String> = self.changes().map(|change| change.id.to_string()).collect();
            return json!([pair("Ids", ids)]);
        }
        json!([pair("id", self.change.id.to_string())])
    }

    /// The text that the client marked its request with.
    fn shared(&self) -> Json {
        match &self.circumstances.tag {
            Some(tag) => json!([pair("tag", tag.as_str())]),
            None => json!([]),
        }
    }

    fn images(&self, before: bool) -> Json {
        let row = if before { &self.change.before } else { &self.change.after };
        let row = row.as_ref().filter(|_| !self.step.many);
        let Some(row) = row else { return json!([]) };
        let wanted = self.step.images.iter().filter(|image| if before { image.before } else { image.after });
        let mut images: Vec<Json> = wanted.map(|image| pair(&image.alias, self.image(row, image))).collect();
        if !before && !self.step.synchronous {
            images.push(pair("AsynchronousStepPrimaryName", self.named(row)));
        }
        Json::Array(images)
    }

    fn image(&self, row: &Row, image: &Image) -> Json {
        let holds =
            |place| place == KEY || image.columns.as_ref().is_none_or(|columns| columns.contains(&place));
        entity(self.table(), self.change.id, attributes(self.table(), row, holds, |_| false), false)
    }

    /// The row's name, which goes along with every asynchronous step.
    fn named(&self, row: &Row) -> Json {
        let table = self.table();
        let holds = |place| place == KEY || place == table.name;
        entity(table, self.change.id, attributes(table, row, holds, |_| false), false)
    }
}

/// One row as the target of a message.
fn target(table: &Table, change: &Change, with_added: bool, typed: bool) -> Json {
    let Some(row) = &change.after else { return reference(table.logical, change.id) };
    let set = |place| place == KEY || change.columns.contains(&place);
    let holds = |place| set(place) || (with_added && added(change, row, place));
    entity(table, change.id, attributes(table, row, holds, holds), typed)
}

/// Whether the platform filled or changed a column by itself.
fn added(change: &Change, row: &Row, place: usize) -> bool {
    match &change.before {
        None => row.get(place).is_some(),
        Some(before) => place != VERSION && (place == MODIFIED || before.get(place) != row.get(place)),
    }
}
