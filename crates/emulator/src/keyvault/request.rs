//! What a call to the vault asks for.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::Method;
use serde::Deserialize;

use crate::wire::Call;

use super::key::Algorithm;
use super::refusal::Refusal;

/// Padding is never written, and read where a client writes it.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const API_VERSIONS: [&str; 8] = ["2025-07-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Wrap,
    Unwrap,
    Get,
}

impl Asked {
    /// The name of the operation in call counts and weather rules.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Wrap => "wrapKey",
            Self::Unwrap => "unwrapKey",
            Self::Get => "getKey",
        }
    }
}

/// `/keys/{name}[/{version}][/wrapkey|/unwrapkey]`: doubled slashes and letter case do not matter.
pub(super) struct KeyPath {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) asked: Asked,
}

impl KeyPath {
    pub(super) fn of(call: &Call) -> Option<Self> {
        let segments: Vec<String> = call.segments().iter().map(|word| word.to_ascii_lowercase()).collect();
        let words: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ["keys", name, rest @ ..] = words.as_slice() else { return None };
        let (version, asked) = match (&call.method, rest) {
            (&Method::POST, [version @ .., "wrapkey"]) => (version, Asked::Wrap),
            (&Method::POST, [version @ .., "unwrapkey"]) => (version, Asked::Unwrap),
            (&Method::GET, version) if version != ["versions"] => (version, Asked::Get),
            _ => return None,
        };
        let version = match version {
            [] => None,
            [version] => Some((*version).to_owned()),
            _ => return None,
        };
        Some(Self { name: (*name).to_owned(), version, asked })
    }
}

/// Every call names an `api-version` that the vault knows.
pub(super) fn check_version(call: &Call) -> Result<(), Refusal> {
    let parameters = call.parameters();
    let version = parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case("api-version"));
    version
        .filter(|(_, version)| API_VERSIONS.contains(&version.as_str()))
        .map(|_| ())
        .ok_or(Refusal::ApiVersion)
}

#[derive(Deserialize)]
struct Body {
    alg: String,
    value: String,
}

/// The algorithm and the decoded value of a body; members that are not known are ignored.
pub(super) fn value(call: &Call) -> Result<(Algorithm, Vec<u8>), Refusal> {
    let body: Body = serde_json::from_slice(&call.body).map_err(|_| Refusal::Body)?;
    let algorithm = Algorithm::named(&body.alg).ok_or(Refusal::Algorithm)?;
    let value = BASE64URL.decode(&body.value).map_err(|_| Refusal::Value)?;
    Ok((algorithm, value))
}

pub(super) fn encoded(bytes: &[u8]) -> String {
    BASE64URL.encode(bytes)
}
