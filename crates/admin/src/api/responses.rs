//! What routes can answer beside their own. A route names the groups that it can really answer.

use utoipa::IntoResponses;

use crate::problem::Problem;

/// What goes wrong on any route that needs a token.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the variants are read by the derive, for the description of the API")]
pub(crate) enum Guarded {
    /// No token, or not a good one.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorised(Problem),
    /// A fault of the bridge.
    #[response(status = 500, content_type = "application/problem+json")]
    Unexpected(Problem),
    /// The store, or something else that this leans on, is not available.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// What goes wrong beside that where the path names something.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the variants are read by the derive, for the description of the API")]
pub(crate) enum Named {
    /// There is no such resource.
    #[response(status = 404, content_type = "application/problem+json")]
    Missing(Problem),
}

/// What goes wrong beside that where the query has parameters.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the variants are read by the derive, for the description of the API")]
pub(crate) enum Asked {
    /// A query parameter is unknown, or cannot be read.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
}

/// What goes wrong beside that where a body is sent.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the variants are read by the derive, for the description of the API")]
pub(crate) enum Written {
    /// The body is not well-formed JSON.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body is not sent as JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(Problem),
    /// The body does not say what is needed.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
}

/// What goes wrong beside that where the present state decides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the variants are read by the derive, for the description of the API")]
pub(crate) enum Contested {
    /// The request does not fit the present state.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
}
