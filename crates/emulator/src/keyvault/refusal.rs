//! Every no of the vault, with its status and its codes.

use http::StatusCode;
use serde_json::json;

use crate::wire::Answer;

/// Why a call is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoToken,
    UnknownToken,
    ExpiredToken,
    WrongAudience,
    /// `api-version` is missing or none that the vault knows.
    ApiVersion,
    NoSuchPath,
    /// The key's name has characters that no name has.
    KeyName,
    KeyNotFound,
    KeyDisabled,
    Denied,
    /// The body is no request of this operation.
    Body,
    Algorithm,
    /// The value is not base64url, too long, or nothing that this key has wrapped. One answer for all.
    Value,
    Throttled,
    /// A failure of the vault itself.
    Failure(StatusCode),
}

impl Refusal {
    pub(super) fn answer(self) -> Answer {
        let (status, code, inner, message) = self.parts();
        let mut error = json!({ "code": code, "message": message });
        if let Some(inner) = inner {
            error["innererror"] = json!({ "code": inner });
        }
        Answer::json(status, &json!({ "error": error }))
    }

    fn parts(self) -> (StatusCode, &'static str, Option<&'static str>, &'static str) {
        let unauthorized = |message| (StatusCode::UNAUTHORIZED, "Unauthorized", None, message);
        let bad = |message| (StatusCode::BAD_REQUEST, "BadParameter", None, message);
        let forbidden = |inner, message| (StatusCode::FORBIDDEN, "Forbidden", Some(inner), message);
        match self {
            Self::NoToken => unauthorized("AKV10000: the request carries no bearer token."),
            Self::UnknownToken => unauthorized("AKV10032: the token is not of an issuer that is trusted."),
            Self::ExpiredToken => unauthorized("AKV10001: the token has expired."),
            Self::WrongAudience => unauthorized("AKV10022: the audience of the token is wrong."),
            Self::ApiVersion => bad("The api-version is missing or not supported."),
            Self::KeyName => bad("The name of the key is not valid."),
            Self::Body => bad("The body is not what this operation expects."),
            Self::Algorithm => bad("The algorithm is not supported for this key."),
            Self::Value => bad("The value is not valid."),
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "NotFound", None, "There is nothing at this path."),
            Self::KeyNotFound => {
                (StatusCode::NOT_FOUND, "KeyNotFound", None, "The key was not found in this vault.")
            }
            Self::KeyDisabled => forbidden("KeyDisabled", "The key is disabled."),
            Self::Denied => forbidden("ForbiddenByRbac", "The caller may not do this with the key."),
            Self::Throttled => {
                (StatusCode::TOO_MANY_REQUESTS, "Throttled", None, "There were too many requests; try later.")
            }
            Self::Failure(status) => (status, "InternalServerError", None, "The vault has failed."),
        }
    }
}
