//! What bodies and queries say. Members that are not known are ignored.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::base64url;
use crate::wire::Call;

use super::key::{Algorithm, Kind};
use super::refusal::Refusal;

const API_VERSIONS: [&str; 8] = ["2025-07-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6"];

/// How many items a page has at most, and how many tags a key.
const LONGEST_PAGE: usize = 25;
const MOST_TAGS: usize = 15;

/// What the owner of a key may allow; the last four are not carried out here.
const USES: [&str; 8] = ["encrypt", "decrypt", "wrapKey", "unwrapKey", "sign", "verify", "import", "export"];

/// Every call names an `api-version` that the vault knows.
pub(super) fn check_version(call: &Call) -> Result<(), Refusal> {
    let version = parameter(call, "api-version");
    let known = version.is_some_and(|version| API_VERSIONS.contains(&version.as_str()));
    if known { Ok(()) } else { Err(Refusal::ApiVersion) }
}

#[derive(Deserialize)]
struct Wrapping {
    alg: String,
    value: String,
}

/// The algorithm and the decoded value of a body.
pub(super) fn wrapping(call: &Call) -> Result<(Algorithm, Vec<u8>), Refusal> {
    let body: Wrapping = read(call)?;
    let algorithm = Algorithm::named(&body.alg).ok_or(Refusal::Algorithm)?;
    Ok((algorithm, base64url::decode(&body.value).ok_or(Refusal::Value)?))
}

/// What can be set of a version, at its creation and later.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) enabled: Option<bool>,
    pub(super) not_before: Option<i64>,
    pub(super) expires: Option<i64>,
    pub(super) uses: Option<Vec<String>>,
    pub(super) tags: Option<Map<String, Value>>,
}

/// The kind and the size of a new key, and the rest of what its owner wants.
pub(super) struct Order {
    pub(super) kind: Kind,
    pub(super) bits: usize,
    pub(super) changes: Changes,
}

#[derive(Deserialize)]
struct WrittenKey {
    kty: Option<String>,
    key_size: Option<u64>,
    key_ops: Option<Vec<String>>,
    attributes: Option<WrittenAttributes>,
    tags: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct WrittenAttributes {
    enabled: Option<bool>,
    nbf: Option<i64>,
    exp: Option<i64>,
}

pub(super) fn order(call: &Call) -> Result<Order, Refusal> {
    let written: WrittenKey = read(call)?;
    let kind = written.kty.as_deref().and_then(Kind::named);
    let kind = kind.ok_or(Refusal::Parameter("Only keys of type RSA and RSA-HSM are supported."))?;
    let bits = match written.key_size {
        None | Some(2048) => 2048,
        Some(3072) => 3072,
        Some(4096) => 4096,
        Some(_) => return Err(Refusal::Parameter("The key_size of an RSA key is 2048, 3072 or 4096.")),
    };
    Ok(Order { kind, bits, changes: written.changes()? })
}

/// What an update sets; without a body nothing.
pub(super) fn changes(call: &Call) -> Result<Changes, Refusal> {
    if call.body.is_empty() { Ok(Changes::default()) } else { read::<WrittenKey>(call)?.changes() }
}

impl WrittenKey {
    fn changes(self) -> Result<Changes, Refusal> {
        let uses = self.key_ops.map(|names| names.iter().map(|name| usage(name)).collect()).transpose()?;
        let is_good =
            |tags: &Map<String, Value>| tags.len() <= MOST_TAGS && tags.values().all(Value::is_string);
        if self.tags.as_ref().is_some_and(|tags| !is_good(tags)) {
            return Err(Refusal::Parameter("A key has at most 15 tags, each of them a text."));
        }
        let attributes = self.attributes.unwrap_or(WrittenAttributes { enabled: None, nbf: None, exp: None });
        if let (Some(from), Some(until)) = (attributes.nbf, attributes.exp)
            && from >= until
        {
            return Err(Refusal::Parameter("The nbf must lie before the exp."));
        }
        Ok(Changes {
            enabled: attributes.enabled,
            not_before: attributes.nbf,
            expires: attributes.exp,
            uses,
            tags: self.tags,
        })
    }
}

fn usage(name: &str) -> Result<String, Refusal> {
    let known = USES.iter().find(|known| known.eq_ignore_ascii_case(name));
    known.map(|&known| known.to_owned()).ok_or(Refusal::Parameter("A member of key_ops is not known."))
}

/// Which part of a list is wanted: how many items, and after which.
pub(super) struct Page {
    pub(super) size: usize,
    pub(super) after: Option<String>,
}

pub(super) fn page(call: &Call) -> Result<Page, Refusal> {
    let size = match parameter(call, "maxresults") {
        None => LONGEST_PAGE,
        Some(text) => {
            let size = text.parse().ok().filter(|size| (1..=LONGEST_PAGE).contains(size));
            size.ok_or(Refusal::Parameter("The maxresults lie between 1 and 25."))?
        }
    };
    let after = parameter(call, "$skiptoken").map(|token| {
        let text = base64url::decode(token).and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or(Refusal::Parameter("The $skiptoken is none that this vault gave."))
    });
    Ok(Page { size, after: after.transpose()? })
}

/// A parameter of the query, by its name in whatever letter case.
pub(super) fn parameter(call: &Call, name: &str) -> Option<String> {
    let mut parameters = call.parameters().into_iter();
    parameters.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn read<T: DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    serde_json::from_slice(&call.body)
        .map_err(|_| Refusal::Parameter("The body is not what this operation expects."))
}
