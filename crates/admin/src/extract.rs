//! What handlers read of a request. What cannot be read is a problem document that quotes nothing of the request.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use utoipa::PartialSchema;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::problem::Problem;

/// A JSON body, as its schema describes it.
pub(crate) struct Body<T>(pub(crate) T);

impl<T, S> FromRequest<S> for Body<T>
where
    T: PartialSchema,
    Json<T>: FromRequest<S, Rejection = JsonRejection>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(unreadable(&rejection, &T::schema())),
        }
    }
}

fn unreadable(rejection: &JsonRejection, schema: &RefOr<Schema>) -> Problem {
    let status = rejection.status();
    let (code, title, detail) = match status {
        StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the body is too large", "send less".to_owned()),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("media_type", "the body is not JSON", "send `Content-Type: application/json`".to_owned())
        }
        StatusCode::UNPROCESSABLE_ENTITY => {
            let detail = complaint(&rejection.body_text(), &fields(schema));
            ("invalid", "the body does not say what is needed", detail)
        }
        _ => ("malformed", "the body cannot be read", "the body is not well-formed JSON".to_owned()),
    };
    Problem::new(status, code, title, detail)
}

/// A field of a body: its name, and what it must be.
type Field = (String, &'static str);

fn fields(schema: &RefOr<Schema>) -> Vec<Field> {
    let RefOr::T(Schema::Object(object)) = schema else { return vec![] };
    object.properties.iter().map(|(name, schema)| (name.clone(), nature(schema))).collect()
}

fn nature(schema: &RefOr<Schema>) -> &'static str {
    let RefOr::T(Schema::Object(object)) = schema else { return "as it is described" };
    let is = |wanted: Type| match &object.schema_type {
        SchemaType::Type(one) => *one == wanted,
        SchemaType::Array(several) => several.contains(&wanted),
        SchemaType::AnyValue => false,
    };
    match () {
        () if is(Type::String) => "text",
        () if is(Type::Integer) => "a whole number, neither negative nor too large",
        () => "as it is described",
    }
}

/// What is wrong with a body. The decoder's words quote what it found, and that may be a secret: they are only compared
/// with what they can begin with, and every word of the answer is ours.
fn complaint(said: &str, fields: &[Field]) -> String {
    let said =
        said.strip_prefix("Failed to deserialize the JSON body into the target type: ").unwrap_or(said);
    let all = fields.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let after = |name: &str| said.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
    for (name, nature) in fields {
        if said.starts_with(&format!("missing field `{name}`")) {
            return format!("`{name}` is missing");
        }
        if said.starts_with(&format!("duplicate field `{name}`")) {
            return format!("`{name}` is given twice");
        }
        if after(name).is_some_and(|rest| rest.starts_with("invalid ")) {
            return format!("`{name}` must be {nature}");
        }
    }
    format!("the body must be an object of {all} and nothing else")
}

/// A path parameter; one that cannot be read names nothing that there is.
pub(crate) struct Path<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    axum::extract::Path<T>: FromRequestParts<S, Rejection = PathRejection>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(value)| Self(value)).map_err(|_| Problem::missing("resource"))
    }
}

/// Query parameters.
pub(crate) struct Query<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    axum::extract::Query<T>: FromRequestParts<S, Rejection = QueryRejection>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        read.map(|axum::extract::Query(value)| Self(value)).map_err(|_| {
            let detail =
                "a query parameter is unknown or cannot be read; the description of the API lists them";
            Problem::malformed(detail)
        })
    }
}
