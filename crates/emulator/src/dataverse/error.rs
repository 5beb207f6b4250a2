//! What Dataverse says when it refuses.

use http::StatusCode;
use serde_json::json;

use super::schema::Table;
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

    pub(super) fn state(table: &Table, id: uuid::Uuid, state: i64, status: i64) -> Self {
        let named = if state == 0 { "Active" } else { "Inactive" };
        let message = format!(
            "{status} is not a valid status code for state code {0}State.{named} on {0} with Id {id}.",
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

    pub(super) fn expired_version() -> Self {
        Self::bad(
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
