//! Every no of the token endpoint, with its status, its codes and its shape.

use http::StatusCode;
use http::header::RETRY_AFTER;
use jiff::Timestamp;
use serde_json::json;

use crate::wire::Answer;

/// Why no token is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownTenant,
    /// A parameter that every request carries; a body that is no form has none.
    Missing(&'static str),
    WrongGrant,
    UnknownClient,
    NoSecret,
    WrongSecret,
    WrongScope,
    UnknownResource,
    TooMany,
}

impl Refusal {
    /// `trace` and `correlation` are the ids by which the vendor's support would find the call.
    pub(super) fn answer(self, now: Timestamp, trace: &str, correlation: &str) -> Answer {
        let (status, code, error, words) = self.parts();
        let time = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let description = format!(
            "AADSTS{code}: {words} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}"
        );
        let body = json!({
            "error": error,
            "error_description": description,
            "error_codes": [code],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        });
        let answer = Answer::json(status, &body);
        if self == Self::TooMany { answer.with(RETRY_AFTER, "5") } else { answer }
    }

    fn parts(self) -> (StatusCode, u32, &'static str, String) {
        let (bad, unauthorized) = (StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED);
        match self {
            Self::UnknownTenant => (bad, 90002, "invalid_request", "The tenant was not found.".to_owned()),
            Self::Missing(name) => {
                let words = format!("The request body must contain the following parameter: '{name}'.");
                (bad, 900_144, "invalid_request", words)
            }
            Self::WrongGrant => {
                (bad, 70003, "unsupported_grant_type", "The grant type is not supported.".to_owned())
            }
            Self::UnknownClient => (
                bad,
                700_016,
                "unauthorized_client",
                "The application was not found in the tenant.".to_owned(),
            ),
            Self::NoSecret => {
                let words = "The request body must contain 'client_assertion' or 'client_secret'.";
                (unauthorized, 7_000_218, "invalid_client", words.to_owned())
            }
            Self::WrongSecret => {
                (unauthorized, 7_000_215, "invalid_client", "Invalid client secret provided.".to_owned())
            }
            Self::WrongScope => (bad, 70011, "invalid_scope", "The scope is not valid.".to_owned()),
            Self::UnknownResource => {
                (bad, 500_011, "invalid_resource", "The resource principal was not found.".to_owned())
            }
            Self::TooMany => {
                let words = "The client sends the same request too often.".to_owned();
                (StatusCode::TOO_MANY_REQUESTS, 50196, "temporarily_unavailable", words)
            }
        }
    }
}
