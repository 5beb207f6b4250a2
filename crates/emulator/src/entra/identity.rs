//! The identity of a machine or of a Service Fabric application: tokens for whoever can reach the endpoint.

use http::StatusCode;
use http::header::HeaderName;
use serde_json::{Value, json};

use crate::wire::{Answer, Call};

use super::issuer::{Grant, Issuer, Proof};
use super::settings::Seconds;

/// Where both kinds answer.
pub(super) const PATH: &str = "/metadata/identity/oauth2/token";

/// The versions of Service Fabric's endpoint; the first is the one that programs are told of.
pub(super) const FABRIC_VERSIONS: [&str; 2] = ["2020-05-01", "2019-07-01-preview"];
const MACHINE_VERSIONS: [&str; 5] = ["2018-02-01", "2019-08-01", "2019-08-15", "2021-02-01", "2021-12-13"];

const SECRET: &str = "secret";
const METADATA: &str = "metadata";

/// Whether a call is one for Service Fabric's endpoint: it has a header of its own, and versions of its own.
pub(super) fn is_fabric(call: &Call) -> bool {
    call.header(SECRET).is_some()
        || (call.header(METADATA).is_none()
            && parameter(call, "api-version")
                .is_some_and(|version| FABRIC_VERSIONS.contains(&version.as_str())))
}

/// What the endpoint of Service Fabric answers. `correlation` is the id that a failure carries.
pub(super) fn fabric(issuer: &Issuer, call: &Call, correlation: &str) -> Answer {
    let outcome = fabric_grant(issuer, call);
    match outcome {
        Ok((grant, resource)) => Answer::json(StatusCode::OK, &fabric_body(issuer, &grant, &resource)),
        Err((status, code, message)) => {
            let error = json!({ "correlationId": correlation, "code": code, "message": message });
            Answer::json(status, &json!({ "error": error }))
        }
    }
}

fn fabric_grant(issuer: &Issuer, call: &Call) -> Result<(Grant, String), (StatusCode, &'static str, String)> {
    let bad = |code, message: &str| (StatusCode::BAD_REQUEST, code, message.to_owned());
    let Some(secret) = call.header(SECRET) else {
        return Err(bad("SecretHeaderNotFound", "Secret is not found in the request headers."));
    };
    if secret != issuer.identity_header() {
        let message = "Managed identity not found for the specified application host.".to_owned();
        return Err((StatusCode::NOT_FOUND, "ManagedIdentityNotFound", message));
    }
    let version = parameter(call, "api-version").unwrap_or_default();
    if !FABRIC_VERSIONS.contains(&version.as_str()) {
        let version: String = version.chars().take(64).collect();
        let message = format!(
            "The api-version '{version}' is not supported. Supported version is '{}'.",
            FABRIC_VERSIONS[1]
        );
        return Err(bad("InvalidApiVersion", &message));
    }
    let Some(resource) = parameter(call, "resource").filter(|resource| !resource.is_empty()) else {
        let message = "The parameter 'resource' should not be null or empty string.";
        return Err(bad("ArgumentNullOrEmpty", message));
    };
    let failed = || {
        let message = "An internal error occurred.".to_owned();
        (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message)
    };
    if resource.ends_with('/') && issuer.settings().fabric_slash_fails {
        return Err(failed());
    }
    let grant = issuer.grant(issuer.identity(), &resource, Proof::Assertion).ok_or_else(failed)?;
    Ok((grant, resource))
}

fn fabric_body(issuer: &Issuer, grant: &Grant, resource: &str) -> Value {
    let expires = match issuer.settings().fabric_expires_on {
        Seconds::Number => json!(grant.expires),
        Seconds::Text => json!(grant.expires.to_string()),
    };
    json!({ "token_type": "Bearer", "access_token": grant.token, "expires_on": expires, "resource": resource })
}

/// What the endpoint of a virtual machine answers.
pub(super) fn machine(issuer: &Issuer, call: &Call) -> Answer {
    match machine_grant(issuer, call) {
        Ok((grant, resource)) => Answer::json(StatusCode::OK, &machine_body(issuer, &grant, &resource)),
        Err((error, words)) => {
            let body = json!({ "error": error, "error_description": words });
            Answer::json(StatusCode::BAD_REQUEST, &body)
        }
    }
}

fn machine_grant(issuer: &Issuer, call: &Call) -> Result<(Grant, String), (&'static str, &'static str)> {
    let metadata = call.header(METADATA).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if !metadata || call.header("x-forwarded-for").is_some() {
        return Err(("bad_request_102", "Required metadata header not specified"));
    }
    let invalid = |words| ("invalid_request", words);
    let version = parameter(call, "api-version");
    let version = version.ok_or(invalid("Required query variable 'api-version' is missing"))?;
    if !MACHINE_VERSIONS.contains(&version.as_str()) {
        return Err(invalid("The api-version is invalid."));
    }
    let resource = parameter(call, "resource").filter(|resource| !resource.is_empty());
    let resource = resource.ok_or(invalid("Required query variable 'resource' is missing"))?;
    let identity = issuer.identity();
    let is_other =
        |name: &str, own: &str| parameter(call, name).is_some_and(|id| !id.eq_ignore_ascii_case(own));
    let by_path = ["mi_res_id", "msi_res_id"].iter().any(|name| parameter(call, name).is_some());
    if by_path || is_other("client_id", &identity.client_id) || is_other("object_id", &identity.object_id) {
        return Err(invalid("Identity not found"));
    }
    let grant = issuer.grant(identity, &resource, Proof::Assertion);
    let unknown = ("invalid_resource", "AADSTS500011: The resource principal was not found in the tenant.");
    grant.map(|grant| (grant, resource)).ok_or(unknown)
}

/// Every number is written as a text here.
fn machine_body(issuer: &Issuer, grant: &Grant, resource: &str) -> Value {
    json!({
        "access_token": grant.token,
        "client_id": issuer.identity().client_id,
        "expires_in": (grant.expires - grant.issued).to_string(),
        "expires_on": grant.expires.to_string(),
        "ext_expires_in": (grant.expires - grant.issued).to_string(),
        "not_before": grant.issued.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    })
}

/// Too many calls, as each of the two kinds says it.
pub(super) fn too_many(is_fabric: bool, correlation: &str) -> Answer {
    let body = if is_fabric {
        json!({ "error": { "correlationId": correlation, "code": "TooManyRequests", "message": "Too many requests." } })
    } else {
        json!({ "error": "too_many_requests", "error_description": "Too many requests" })
    };
    Answer::json(StatusCode::TOO_MANY_REQUESTS, &body).with(HeaderName::from_static("retry-after"), "5")
}

fn parameter(call: &Call, name: &str) -> Option<String> {
    call.parameters().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}
