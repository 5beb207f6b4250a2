//! Every no of the vault, with its status and its codes.

use http::StatusCode;
use serde_json::json;

use crate::wire::Answer;

/// Why a call is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoToken,
    UnknownToken,
    ExpiredToken,
    EarlyToken,
    WrongIssuer(String),
    WrongAudience(String),
    /// `api-version` is missing or none that the vault knows.
    ApiVersion,
    NoSuchPath,
    /// The key's name has characters that no name has.
    KeyName,
    KeyNotFound(String),
    KeyDisabled(&'static str),
    KeyExpired(&'static str),
    KeyNotYetValid(&'static str),
    /// The key is not meant for this operation.
    UseForbidden(&'static str),
    /// No role allows it; who asked for what.
    ForbiddenByRbac {
        caller: String,
        action: &'static str,
    },
    /// No access policy allows it.
    ForbiddenByPolicy {
        caller: String,
        permission: &'static str,
    },
    PurgeProtected,
    /// A key of this name can be recovered.
    Recoverable(String),
    BeingDeleted(String),
    /// The body or the query is none of this operation; what is wrong with it.
    Parameter(&'static str),
    Algorithm,
    /// The value is not base64url, too long, or nothing that this key has wrapped. One answer for all.
    Value,
    /// The seconds until there is room again.
    Throttled(u32),
    /// A failure of the vault itself.
    Failure(StatusCode),
}

impl Refusal {
    pub(super) fn answer(&self) -> Answer {
        let (status, code, inner) = self.codes();
        let mut error = json!({ "code": code, "message": self.message() });
        if let Some(inner) = inner {
            error["innererror"] = json!({ "code": inner });
        }
        Answer::json(status, &json!({ "error": error }))
    }

    fn codes(&self) -> (StatusCode, &'static str, Option<&'static str>) {
        let forbidden = |inner| (StatusCode::FORBIDDEN, "Forbidden", Some(inner));
        let conflict = |inner| (StatusCode::CONFLICT, "Conflict", Some(inner));
        match self {
            Self::NoToken
            | Self::UnknownToken
            | Self::ExpiredToken
            | Self::EarlyToken
            | Self::WrongIssuer(_)
            | Self::WrongAudience(_) => (StatusCode::UNAUTHORIZED, "Unauthorized", None),
            Self::ApiVersion | Self::KeyName | Self::Parameter(_) | Self::Algorithm | Self::Value => {
                (StatusCode::BAD_REQUEST, "BadParameter", None)
            }
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "NotFound", None),
            Self::KeyNotFound(_) => (StatusCode::NOT_FOUND, "KeyNotFound", None),
            Self::KeyDisabled(_) => forbidden("KeyDisabled"),
            Self::KeyExpired(_) => forbidden("KeyExpired"),
            Self::KeyNotYetValid(_) => forbidden("KeyNotYetValid"),
            Self::UseForbidden(_) => forbidden("KeyOperationForbidden"),
            Self::ForbiddenByRbac { .. } => forbidden("ForbiddenByRbac"),
            Self::ForbiddenByPolicy { .. } | Self::PurgeProtected => forbidden("ForbiddenByPolicy"),
            Self::Recoverable(_) => conflict("ObjectIsDeletedButRecoverable"),
            Self::BeingDeleted(_) => conflict("ObjectIsBeingDeleted"),
            Self::Throttled(_) => (StatusCode::TOO_MANY_REQUESTS, "Throttled", None),
            Self::Failure(status) => (*status, code_of(*status), None),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NoToken => "AKV10000: Request is missing a Bearer or PoP token.".to_owned(),
            Self::UnknownToken => {
                "AKV10032: Invalid issuer. The token was not signed by a key that is trusted.".to_owned()
            }
            Self::ExpiredToken => "AKV10001: The token has expired.".to_owned(),
            Self::EarlyToken => "AKV10001: The token is not valid yet.".to_owned(),
            Self::WrongIssuer(found) => format!("AKV10032: Invalid issuer. Found {found}."),
            Self::WrongAudience(found) => {
                format!("AKV10022: Invalid audience. Expected https://vault.azure.net, found: {found}.")
            }
            Self::ApiVersion => "The api-version is missing or not supported.".to_owned(),
            Self::NoSuchPath => "There is nothing at this path.".to_owned(),
            Self::KeyName => "The name of the key is not valid.".to_owned(),
            Self::KeyNotFound(name) => {
                format!("A key with (name/id) {name} was not found in this key vault.")
            }
            Self::KeyDisabled(operation) => {
                format!("Operation {operation} is not allowed on a disabled key.")
            }
            Self::KeyExpired(operation) => format!("Operation {operation} is not allowed on an expired key."),
            Self::KeyNotYetValid(operation) => {
                format!("Operation {operation} is not allowed on a key that is not yet valid.")
            }
            Self::UseForbidden(operation) => format!("Operation {operation} is not permitted on this key."),
            Self::ForbiddenByRbac { caller, action } => format!(
                "Caller is not authorized to perform action on resource. Caller: {caller}. Action: 'Microsoft.KeyVault/vaults/keys/{action}'."
            ),
            Self::ForbiddenByPolicy { caller, permission } => format!(
                "The user, group or application '{caller}' does not have keys {permission} permission on key vault."
            ),
            Self::PurgeProtected => {
                "Operation \"purge\" is not allowed because purge protection is enabled for this vault."
                    .to_owned()
            }
            Self::Recoverable(name) => format!(
                "Key {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the key can only be recovered or purged."
            ),
            Self::BeingDeleted(name) => format!("Key {name} is currently being deleted."),
            Self::Parameter(words) => (*words).to_owned(),
            Self::Algorithm => "The algorithm is not supported for this key.".to_owned(),
            Self::Value => "The value is not valid.".to_owned(),
            Self::Throttled(_) => {
                "Request was not processed because too many requests were received.".to_owned()
            }
            Self::Failure(_) => "The vault has failed.".to_owned(),
        }
    }
}

/// The code of a status that has no cause in the request.
fn code_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "BadParameter",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "KeyNotFound",
        409 => "Conflict",
        429 => "Throttled",
        503 => "ServiceUnavailable",
        _ => "InternalServerError",
    }
}
