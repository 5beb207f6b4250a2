//! Every no of the token endpoint, with its status, its codes and its shape.

use http::StatusCode;
use http::header::{HeaderName, RETRY_AFTER};
use jiff::Timestamp;
use serde_json::json;

use crate::wire::Answer;

/// How much of what a client sent is repeated to it.
const LONGEST: usize = 256;

/// Why no token is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownTenant(String),
    /// A parameter that every request carries; a body that is no form has none.
    Missing(&'static str),
    WrongGrant(String),
    UnknownClient {
        client: String,
        tenant: String,
    },
    NoSecret,
    WrongSecret(String),
    ExpiredSecret(String),
    Assertion(AssertionFault),
    /// It is no text that could be a scope.
    MalformedScope(String),
    /// It asks for single permissions.
    NotDefault(String),
    UnknownResource {
        resource: String,
        tenant: String,
    },
    TooMany,
    /// A failure of the directory itself.
    Transient,
}

/// What is wrong with the token by which a client shows who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AssertionFault {
    Malformed,
    /// It names no certificate of the application, or one that is not valid now.
    UnknownKey {
        thumbprint: String,
        client: String,
    },
    Signature {
        thumbprint: String,
    },
    Audience,
    /// It is not valid yet, or not any more.
    Time {
        now: Timestamp,
        from: i64,
        until: i64,
    },
    Subject {
        client: String,
    },
    /// It has no id, or one that was used before.
    Id,
    ForeignIssuer(String),
    ForeignSubject(String),
    ForeignAudience(String),
    ForeignSignature,
}

impl Refusal {
    /// `trace` and `correlation` are the ids by which the vendor's support would find the call.
    pub(super) fn answer(&self, now: Timestamp, trace: &str, correlation: &str) -> Answer {
        let (code, words) = self.words();
        let (status, error) = self.kind();
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
        let answer = Answer::json(status, &body).with(HeaderName::from_static("x-ms-request-id"), trace);
        if *self == Self::TooMany { answer.with(RETRY_AFTER, "5") } else { answer }
    }

    fn kind(&self) -> (StatusCode, &'static str) {
        let (bad, unauthorized) = (StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED);
        match self {
            Self::UnknownTenant(_) | Self::Missing(_) => (bad, "invalid_request"),
            Self::WrongGrant(_) => (bad, "unsupported_grant_type"),
            Self::UnknownClient { .. } => (bad, "unauthorized_client"),
            Self::NoSecret | Self::WrongSecret(_) | Self::ExpiredSecret(_) | Self::Assertion(_) => {
                (unauthorized, "invalid_client")
            }
            Self::MalformedScope(_) | Self::NotDefault(_) => (bad, "invalid_scope"),
            Self::UnknownResource { .. } => (bad, "invalid_resource"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"),
            Self::Transient => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        }
    }

    fn words(&self) -> (u32, String) {
        match self {
            Self::UnknownTenant(tenant) => (
                90002,
                format!(
                    "Tenant '{}' not found. Check to make sure you have the correct tenant ID.",
                    cut(tenant)
                ),
            ),
            Self::Missing(name) => {
                (900_144, format!("The request body must contain the following parameter: '{name}'."))
            }
            Self::WrongGrant(grant) => {
                (70003, format!("The app requested an unsupported grant type '{}'.", cut(grant)))
            }
            Self::UnknownClient { client, tenant } => {
                let client = cut(client);
                let words = format!(
                    "Application with identifier '{client}' was not found in the directory '{tenant}'."
                );
                (700_016, words)
            }
            Self::NoSecret => {
                let words = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
                (7_000_218, words.to_owned())
            }
            Self::WrongSecret(client) => {
                let words = format!(
                    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'."
                );
                (7_000_215, words)
            }
            Self::ExpiredSecret(client) => {
                (7_000_222, format!("The provided client secret keys for app '{client}' are expired."))
            }
            Self::Assertion(fault) => fault.words(),
            Self::MalformedScope(scope) => {
                let scope = cut(scope);
                let words = format!(
                    "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."
                );
                (70011, words)
            }
            Self::NotDefault(scope) => {
                let scope = cut(scope);
                let words = format!(
                    "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
                );
                (1_002_012, words)
            }
            Self::UnknownResource { resource, tenant } => {
                let resource = cut(resource);
                (
                    500_011,
                    format!(
                        "The resource principal named {resource} was not found in the tenant named {tenant}."
                    ),
                )
            }
            Self::TooMany => {
                let words =
                    "The server terminated an operation because it encountered a client request loop.";
                (50196, words.to_owned())
            }
            Self::Transient => (90033, "A transient error has occurred. Please try again.".to_owned()),
        }
    }
}

impl AssertionFault {
    fn words(&self) -> (u32, String) {
        match self {
            Self::Malformed => (50027, "JWT token is invalid or malformed.".to_owned()),
            Self::UnknownKey { thumbprint, client } => {
                let thumbprint = cut(thumbprint);
                let words = format!(
                    "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '{thumbprint}', application '{client}']."
                );
                (700_027, words)
            }
            Self::Signature { thumbprint } => {
                let thumbprint = cut(thumbprint);
                let words = format!(
                    "Client assertion contains an invalid signature. [Reason - The key was found, but use of the key to verify the signature failed., Thumbprint of key used by client: '{thumbprint}']."
                );
                (700_027, words)
            }
            Self::Audience => {
                (700_023, "Client assertion audience claim does not match Realm issuer.".to_owned())
            }
            Self::Time { now, from, until } => {
                let time = |seconds| Timestamp::from_second(seconds).unwrap_or_default();
                let (from, until) = (time(*from), time(*until));
                let words = format!(
                    "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {from}, expiry time of assertion {until}."
                );
                (700_024, words)
            }
            Self::Subject { client } => (
                700_021,
                format!(
                    "Client assertion application identifier doesn't match 'client_id' parameter '{client}'."
                ),
            ),
            Self::Id => (
                50027,
                "JWT token is invalid or malformed: the claim 'jti' is missing or was used before."
                    .to_owned(),
            ),
            Self::ForeignIssuer(issuer) => unmatched(700_211, "issuer", issuer),
            Self::ForeignAudience(audience) => unmatched(700_212, "audience", audience),
            Self::ForeignSubject(subject) => unmatched(700_213, "subject", subject),
            Self::ForeignSignature => (50013, "Assertion failed signature validation.".to_owned()),
        }
    }
}

fn unmatched(code: u32, claim: &str, value: &str) -> (u32, String) {
    let value = cut(value);
    let words = format!(
        "No matching federated identity record found for presented assertion {claim} '{value}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion."
    );
    (code, words)
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
