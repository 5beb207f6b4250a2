//! What every route can answer beside its own.

use utoipa::IntoResponses;

use crate::problem::Problem;

/// What goes wrong on any route that needs a token.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the variants are read by the derive, for the description of the API")]
pub(crate) enum Guarded {
    /// No token, or not a good one.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorised(#[to_schema] Problem),
    /// There is no such resource.
    #[response(status = 404, content_type = "application/problem+json")]
    Missing(#[to_schema] Problem),
    /// The query cannot be read.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(#[to_schema] Problem),
    /// The store is not available.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Problem),
}

/// What goes wrong beside that where a body is sent.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the variants are read by the derive, for the description of the API")]
pub(crate) enum Written {
    /// The request does not fit the present state.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(#[to_schema] Problem),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] Problem),
    /// The body is not JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(#[to_schema] Problem),
    /// The body does not say what is needed.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(#[to_schema] Problem),
}
