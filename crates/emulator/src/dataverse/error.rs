//! What Dataverse says when it refuses.

use http::StatusCode;
use serde_json::json;

use super::key::Key;
use super::schema::{States, Table};
use super::settings::QueryCode;
use crate::wire::Answer;

/// A refused request: the HTTP status, the platform's code and its words.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// What every step of a request ends in.
pub(super) type Outcome<T> = Result<T, Refusal>;

const PAYLOAD: &str = "0x80048d19";
const QUERY: &str = "0x80060888";
const VALIDATION_RANGE: &str = "0x80044330";
const VALIDATION_LENGTH: &str = "0x80044331";

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn answer(&self) -> Answer {
        let body = json!({"error": {"code": self.code, "message": self.message}});
        Answer::json(self.status, &body)
    }

    /// A query that cannot be read or combined.
    pub(super) fn query(message: impl Into<String>) -> Self {
        Self::bad(QUERY, message)
    }

    pub(super) fn argument(message: impl Into<String>) -> Self {
        Self::bad("0x80040203", message)
    }

    pub(super) fn unknown_property(name: &str, kind: &str) -> Self {
        Self::query(format!(
            "Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{kind}'."
        ))
    }

    pub(super) fn segment(name: &str) -> Self {
        let message = format!("Resource not found for the segment '{name}'.");
        Self::new(StatusCode::NOT_FOUND, "0x8006088a", message)
    }

    pub(super) fn missing(table: &Table, id: uuid::Uuid) -> Self {
        let message = format!("{} With Id = {id} Does Not Exist", table.logical);
        Self::new(StatusCode::NOT_FOUND, "0x80040217", message)
    }

    /// The same in a message about several rows.
    pub(super) fn missing_many(table: &Table, id: uuid::Uuid) -> Self {
        let message = format!("{} With Ids = {id} Do Not Exist", table.logical);
        Self::new(StatusCode::NOT_FOUND, "0x80040217", message)
    }

    pub(super) fn unknown_table(logical: &str) -> Self {
        let message = format!("The entity with a name = '{logical}' was not found in the MetadataCache.");
        Self::bad("0x80041102", message)
    }

    pub(super) fn not_supported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "0x80040800", message)
    }

    pub(super) fn key(table: &Table) -> Self {
        Self::bad(
            QUERY,
            format!(
                "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.{}'. Ensure that the \
                 names and number of key properties match the declared or alternate key properties for the resource.",
                table.logical
            ),
        )
    }

    /// No row has these values of an alternate key.
    pub(super) fn missing_by_key(table: &Table) -> Self {
        let message =
            format!("A record with the specified key values does not exist in {} entity", table.logical);
        Self::new(StatusCode::NOT_FOUND, "0x80060891", message)
    }

    /// Another row has the values of an alternate key.
    pub(super) fn key_violated(table: &Table, key: &Key) -> Self {
        let columns: Vec<&str> = key.columns.iter().map(|place| table.columns[*place].logical).collect();
        let message = format!(
            "Entity Key {} violated. A record with the same value for {} already exists. A duplicate record cannot be \
             created. Select one or more unique values and try again.",
            key.name,
            columns.join(", ")
        );
        Self::new(StatusCode::PRECONDITION_FAILED, "0x80060892", message)
    }

    /// What a plug-in says that stands in the way.
    pub(super) fn plug_in(message: impl Into<String>) -> Self {
        Self::bad("0x80040265", message)
    }

    /// The reader's role does not reach as far as change tracking asks.
    pub(super) fn depth(table: &Table, user: uuid::Uuid) -> Self {
        let name = privilege_name(table);
        let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes());
        let message = format!(
            "SecLib::CheckPrivilege failed. User: {user}, PrivilegeName: {name}, PrivilegeId: {id}, Required Depth: \
             Global, BusinessUnitId: {}, MetadataCache Privileges Count: 7356, User Privileges Count: 586",
            uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, b"business unit")
        );
        Self::new(StatusCode::FORBIDDEN, "0x80040220", message)
    }

    pub(super) fn untracked(table: &Table) -> Self {
        Self::query(format!("Entity: {} isn't enabled for change tracking.", table.logical))
    }

    pub(super) fn unversioned(table: &Table) -> Self {
        let message = format!(
            "Optimistic concurrency isn't enabled for entity type {}. The IfVersionMatches value of ConcurrencyBehavior \
             can only be used if optimistic concurrency is enabled.",
            table.logical
        );
        Self::bad("0x80060893", message)
    }

    /// A message that a table does not have.
    pub(super) fn unsupported(message: &str, table: &Table) -> Self {
        let message = format!(
            "The '{message}' method does not support entities of type '{}'. MessageProcessorCache returned \
             MessageProcessor.Empty.",
            table.logical
        );
        Self::not_supported(message)
    }

    /// A value for a column that only the platform fills.
    pub(super) fn read_only(table: &Table, column: &str) -> Self {
        Self::argument(format!(
            "The attribute '{column}' of the entity '{}' cannot be set: it is not valid for create or update.",
            table.logical
        ))
    }

    /// A column that is taken and never given back, not even by whether it passes a condition.
    pub(super) fn write_only(table: &Table, column: &str) -> Self {
        Self::query(format!(
            "The attribute '{column}' of the entity '{}' is not valid for read.",
            table.logical
        ))
    }

    pub(super) fn unexpected() -> Self {
        Self::bad("0x80040216", "An unexpected error occurred.")
    }

    pub(super) fn verb(method: &http::Method) -> Self {
        let message = format!("The requested resource does not support http method '{method}'.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "0x0", message)
    }

    /// A body that the OData reader could not make sense of.
    pub(super) fn payload(table: &Table, detail: &str) -> Self {
        let message = format!(
            "Error identified in Payload provided by the user for Entity :'{}', For more information on this error \
             please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : \
             Microsoft.OData.ODataException: {detail}",
            table.set
        );
        Self::bad(PAYLOAD, message)
    }

    pub(super) fn undeclared_annotation(table: &Table, name: &str) -> Self {
        Self::payload(
            table,
            &format!(
                "An undeclared property '{name}' which only has property annotations in the payload but no property \
                 value was found in the payload. In OData, only declared navigation properties and declared named \
                 streams can be represented as properties without values."
            ),
        )
    }

    pub(super) fn undeclared_property(table: &Table, name: &str) -> Self {
        let message = format!(
            "Invalid property '{name}' was found in entity 'Microsoft.Dynamics.CRM.{}'.",
            table.logical
        );
        Self::bad(PAYLOAD, message)
    }

    /// A JSON value of another type than the column's. The value itself is not repeated.
    pub(super) fn mistyped(table: &Table, column: &str, expected: &str) -> Self {
        let detail =
            format!("Cannot convert the value of property '{column}' to the expected type '{expected}'.");
        Self::payload(table, &detail)
    }

    pub(super) fn too_long(table: &Table, column: &str, max: usize) -> Self {
        let message = format!(
            "A validation error occurred.  The length of the '{column}' attribute of the '{}' entity exceeded the \
             maximum allowed length of '{max}'.",
            table.logical
        );
        Self::bad(VALIDATION_LENGTH, message)
    }

    pub(super) fn outside(table: &Table, column: &str, value: &str, accepted: &str) -> Self {
        let message = format!(
            "A validation error occurred. The value {value} of '{column}' on record of type '{}' is outside the \
             valid range. Accepted Values: {accepted}",
            table.logical
        );
        Self::bad(VALIDATION_RANGE, message)
    }

    pub(super) fn lookup_by_value() -> Self {
        Self::query(
            "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.",
        )
    }

    pub(super) fn state(table: &Table, id: uuid::Uuid, model: &States, pair: (i64, i64)) -> Self {
        let (state, reason) = pair;
        let named = model.values.iter().find(|(value, _)| *value == state).map_or("", |(_, label)| label);
        let message = format!(
            "{reason} is not a valid status code for state code {0}State.{named} on {0} with Id {id}.",
            table.logical
        );
        Self::bad("0x80048408", message)
    }

    pub(super) fn stale() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "0x80060882",
            "The version of the existing record doesn't match the RowVersion property provided.",
        )
    }

    pub(super) fn taken() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "0x80040237",
            "A record with matching key values already exists.",
        )
    }

    pub(super) fn associated() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "0x80040227",
            "The object you tried to delete is associated with another object and cannot be deleted.",
        )
    }

    pub(super) fn untracked_option(option: &str) -> Self {
        Self::query(format!(
            "The \"{option}\" query parameter isn't supported when Change Tracking is enabled."
        ))
    }

    /// With the code that this organization gives to queries that cannot be read.
    pub(super) fn coded(mut self, code: QueryCode) -> Self {
        if self.code == QUERY {
            self.code = code.text();
        }
        self
    }

    pub(super) fn expired_version(status: u16) -> Self {
        Self::new(
            StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
            "0x80044352",
            "Version stamp associated with the client has expired. Please perform a full sync.",
        )
    }

    pub(super) fn batch(message: impl Into<String>) -> Self {
        Self::bad("0x80060000", message)
    }

    pub(super) fn reference(name: &str) -> Self {
        Self::bad(QUERY, format!("Content-ID Reference: '{name}' does not exist in the batch context."))
    }
}

fn privilege_name(table: &Table) -> String {
    match table.logical {
        "account" => "prvReadAccount".to_owned(),
        "contact" => "prvReadContact".to_owned(),
        "lead" => "prvReadLead".to_owned(),
        "systemuser" => "prvReadUser".to_owned(),
        other => format!("prvRead{other}"),
    }
}
