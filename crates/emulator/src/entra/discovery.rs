//! The documents by which clients find the endpoints and the keys.

use serde_json::{Value, json};

use super::issuer::provider;

/// Names that stand for more than one tenant.
const COMMON: [&str; 3] = ["common", "organizations", "consumers"];

/// Whether documents are served for this tenant: the one that there is, or one that stands for all.
pub(super) fn is_known(tenant: &str, ours: &str) -> bool {
    tenant.eq_ignore_ascii_case(ours) || COMMON.contains(&tenant.to_ascii_lowercase().as_str())
}

/// What `/.well-known/openid-configuration` says, below the origin that was called.
pub(super) fn configuration(origin: &str, tenant: &str, version: Version) -> Value {
    let named = if COMMON.contains(&tenant.to_ascii_lowercase().as_str()) { "{tenantid}" } else { tenant };
    let (issuer, oauth, keys) = match version {
        Version::One => (provider(named), "oauth2", "discovery/keys"),
        Version::Two => (format!("{origin}/{named}/v2.0"), "oauth2/v2.0", "discovery/v2.0/keys"),
    };
    json!({
        "token_endpoint": format!("{origin}/{tenant}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{origin}/{tenant}/{keys}"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer,
        "request_uri_parameter_supported": false,
        "authorization_endpoint": format!("{origin}/{tenant}/{oauth}/authorize"),
        "device_authorization_endpoint": format!("{origin}/{tenant}/{oauth}/devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{origin}/{tenant}/{oauth}/logout"),
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nbf", "tid", "ver", "appid", "appidacr", "oid", "uti"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": "graph.microsoft.com",
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// What clients ask for before they trust an authority: under which names it is known, and where its document is.
pub(super) fn instance(origin: &str, authorization_endpoint: &str) -> Value {
    let path = authorization_endpoint.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let tenant = path.and_then(|(_, path)| path.split('/').next()).filter(|tenant| !tenant.is_empty());
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    json!({
        "tenant_discovery_endpoint":
            format!("{origin}/{}/v2.0/.well-known/openid-configuration", tenant.unwrap_or("common")),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
    })
}
