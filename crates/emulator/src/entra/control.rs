//! The control endpoints of the tenant: settings, clients, issuers that vouch for them, tokens made to measure.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::control;
use crate::wire::{Answer, Call};

use super::certificate::Certificate;
use super::directory::{Application, Federation, ForeignKey, Secret};
use super::identity;
use super::issuer::{Issuer, Proof};

pub(super) fn answer(issuer: &Issuer, name: &str, call: &Call) -> Option<Answer> {
    Some(match name {
        "settings" => control::settings(&mut *issuer.settings(), call),
        "clients" => clients(issuer, call),
        "issuers" => issuers(issuer, call),
        "token" => token(issuer, call),
        "identity" => environment(issuer, call),
        _ => return None,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    client_id: Option<uuid::Uuid>,
    secrets: Option<Vec<Secret>>,
    certificates: Option<Vec<String>>,
    federated: Option<Vec<Federation>>,
}

/// `POST` registers an application, or replaces what is named of one; `DELETE` forgets one; `GET` shows all. Secrets
/// are shown only when they are drawn here.
fn clients(issuer: &Issuer, call: &Call) -> Answer {
    match call.method {
        Method::GET => {
            let directory = issuer.directory();
            let shown: Vec<_> = directory.applications().map(shown).collect();
            Answer::json(StatusCode::OK, &json!({ "clients": shown }))
        }
        Method::POST => match serde_json::from_slice(&call.body) {
            Ok(registration) => register(issuer, registration),
            Err(error) => refuse(&format!(
                "expected {{\"client_id\":UUID,\"secrets\":[{{\"secret\",\"expires\"}}],\"certificates\":[PEM],\
                 \"federated\":[{{\"issuer\",\"subject\",\"audience\"}}]}}, none of them required: {error}"
            )),
        },
        Method::DELETE => match serde_json::from_slice(&call.body) {
            Ok(Registration { client_id: Some(id), .. }) if issuer.directory().remove(&id.to_string()) => {
                Answer::empty(StatusCode::NO_CONTENT)
            }
            _ => refuse("expected {\"client_id\":UUID} of a client that there is"),
        },
        _ => control::not_allowed(),
    }
}

fn register(issuer: &Issuer, registration: Registration) -> Answer {
    let id = registration.client_id.map(|id| id.to_string());
    let known = id.as_ref().and_then(|id| issuer.directory().application(id).cloned());
    let is_new = known.is_none();
    let mut application = known.unwrap_or_else(|| issuer.newcomer(id));
    if let Some(texts) = registration.certificates {
        let certificates: Option<_> = texts.iter().map(|text| Certificate::from_pem(text)).collect();
        let Some(certificates) = certificates else {
            return refuse("a certificate is no PEM text with an RSA key of at most 4096 bits");
        };
        application.certificates = certificates;
    }
    if let Some(federations) = registration.federated {
        application.federations = federations;
    }
    let mut answer = json!({});
    match registration.secrets {
        Some(secrets) => application.secrets = secrets,
        None if is_new && application.certificates.is_empty() && application.federations.is_empty() => {
            let secret = issuer.draw_secret();
            answer["client_secret"] = json!(secret);
            application.secrets = vec![Secret { secret, expires: None }];
        }
        None => {}
    }
    answer["client_id"] = json!(application.client_id);
    answer["object_id"] = json!(application.object_id);
    if issuer.directory().register(application) {
        Answer::json(StatusCode::OK, &answer)
    } else {
        refuse("there are too many clients")
    }
}

fn shown(application: &Application) -> Value {
    let expiry = |secret: &Secret| json!({ "expires": secret.expires.map(|time| time.to_string()) });
    let expiries: Vec<_> = application.secrets.iter().map(expiry).collect();
    let certificates: Vec<_> = application.certificates.iter().map(|known| &known.sha256).collect();
    json!({ "client_id": application.client_id, "object_id": application.object_id, "secrets": expiries,
            "certificates": certificates, "federated": application.federations })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trusted {
    issuer: String,
    keys: Option<Vec<ForeignKey>>,
}

/// `POST` makes the keys of an issuer known that may vouch for clients: those that are given as JSON Web Keys, or else
/// the one that signs the tokens of `token`. `GET` shows all.
fn issuers(issuer: &Issuer, call: &Call) -> Answer {
    match call.method {
        Method::GET => {}
        Method::POST => {
            let own = || serde_json::from_value(issuer.key()?.public()).ok().map(|key| vec![key]);
            let trusted = serde_json::from_slice::<Trusted>(&call.body);
            let known = trusted.is_ok_and(|trusted| {
                let keys = trusted.keys.or_else(own).unwrap_or_default();
                issuer.directory().trust(&trusted.issuer, &keys)
            });
            if !known {
                return refuse(
                    "expected {\"issuer\":URL,\"keys\":[{\"kid\",\"n\",\"e\"}]} with RSA keys, or without keys",
                );
            }
        }
        _ => return control::not_allowed(),
    }
    let directory = issuer.directory();
    let shown: Vec<_> =
        directory.issuers().map(|(name, keys)| json!({ "issuer": name, "keys": keys })).collect();
    Answer::json(StatusCode::OK, &json!({ "issuers": shown }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[serde(default)]
    claims: Map<String, Value>,
    #[serde(default)]
    forged: bool,
}

/// `POST` makes a token with these claims in place of those that the first client would get for the vault; `null`
/// takes a claim away, `forged` spoils the signature.
fn token(issuer: &Issuer, call: &Call) -> Answer {
    if call.method != Method::POST {
        return control::not_allowed();
    }
    let Ok(order) = serde_json::from_slice::<Order>(&call.body) else {
        return refuse("expected {\"claims\":{…},\"forged\":true|false}");
    };
    let now = issuer.now().as_second();
    let seeded = issuer.directory().application(issuer.client_id()).cloned();
    let seeded = seeded.unwrap_or_else(|| issuer.newcomer(Some(issuer.client_id().to_owned())));
    let mut claims = issuer.claims(&seeded, "https://vault.azure.net", Proof::Secret, (now, now + 3599));
    if let Some(members) = claims.as_object_mut() {
        members.extend(order.claims);
        members.retain(|_, value| !value.is_null());
    }
    match issuer.key().and_then(|key| key.sign(&claims)) {
        Some(token) => {
            let token = if order.forged { spoilt(&token) } else { token };
            Answer::json(StatusCode::OK, &json!({ "access_token": token }))
        }
        None => refuse("no token can be signed"),
    }
}

/// Another character where the signature begins.
fn spoilt(token: &str) -> String {
    let Some((signed, signature)) = token.rsplit_once('.') else { return token.to_owned() };
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    let rest: String = signature.chars().skip(1).collect();
    format!("{signed}.{other}{rest}")
}

/// What Service Fabric would put into the environment of a program, as far as the server knows it.
fn environment(issuer: &Issuer, call: &Call) -> Answer {
    if call.method != Method::GET {
        return control::not_allowed();
    }
    let origin = call.origin().unwrap_or_default();
    let host = origin.split_once("://").map_or("localhost", |(_, host)| host);
    let scheme = if issuer.thumbprint().is_some() { "https" } else { "http" };
    let body = json!({
        "IDENTITY_ENDPOINT": format!("{scheme}://{host}{}", identity::PATH),
        "IDENTITY_HEADER": issuer.identity_header(),
        "IDENTITY_API_VERSION": identity::FABRIC_VERSIONS[0],
        "IDENTITY_SERVER_THUMBPRINT": issuer.thumbprint(),
        "client_id": issuer.identity().client_id,
        "object_id": issuer.identity().object_id,
    });
    Answer::json(StatusCode::OK, &body)
}

fn refuse(words: &str) -> Answer {
    control::refusal(StatusCode::BAD_REQUEST, words)
}
