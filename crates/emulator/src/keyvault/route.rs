//! Which operation a call is, and about what.

use http::Method;

use crate::wire::Call;

use super::key::Use;
use super::operation::Operation;
use super::refusal::Refusal;

/// An operation with the key and the version that the path names; either may be empty.
pub(super) struct Route {
    pub(super) operation: Operation,
    pub(super) name: String,
    pub(super) version: Option<String>,
}

impl Route {
    /// Doubled slashes, a slash at the end and the letter case of all but the key's name do not matter.
    pub(super) fn of(call: &Call) -> Option<Self> {
        let segments = call.segments();
        let lower: Vec<String> = segments.iter().map(|word| word.to_ascii_lowercase()).collect();
        let words: Vec<&str> = lower.iter().map(String::as_str).collect();
        let (operation, version) = match words.as_slice() {
            ["keys"] if call.method == Method::GET => (Operation::ListKeys, None),
            ["deletedkeys"] if call.method == Method::GET => (Operation::ListDeleted, None),
            ["keys", _, rest @ ..] => of_key(&call.method, rest)?,
            ["deletedkeys", _, rest @ ..] => (of_deleted(&call.method, rest)?, None),
            _ => return None,
        };
        let name = segments.get(1).cloned().unwrap_or_default();
        Some(Self { operation, name, version: version.map(str::to_owned) })
    }

    /// Every key has a name of letters, digits and hyphens.
    pub(super) fn check_name(&self) -> Result<(), Refusal> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let is_list = matches!(self.operation, Operation::ListKeys | Operation::ListDeleted);
        let is_good = (1..=127).contains(&self.name.len()) && self.name.chars().all(is_name);
        if is_list || is_good { Ok(()) } else { Err(Refusal::KeyName) }
    }
}

fn of_key<'a>(method: &Method, rest: &[&'a str]) -> Option<(Operation, Option<&'a str>)> {
    Some(match (method, rest) {
        (&Method::POST, ["create"]) => (Operation::Create, None),
        (&Method::POST, ["rotate"]) => (Operation::Rotate, None),
        (&Method::GET, ["versions"]) => (Operation::ListVersions, None),
        (&Method::GET, ["rotationpolicy"]) => (Operation::GetPolicy, None),
        (&Method::PUT, ["rotationpolicy"]) => (Operation::SetPolicy, None),
        (&Method::POST, [word]) => (Operation::Use(used(word)?), None),
        (&Method::POST, [version, word]) => (Operation::Use(used(word)?), Some(version)),
        (&Method::GET, []) => (Operation::Get, None),
        (&Method::GET, [version]) => (Operation::Get, Some(version)),
        (&Method::PATCH, []) => (Operation::Update, None),
        (&Method::PATCH, [version]) => (Operation::Update, Some(version)),
        (&Method::DELETE, []) => (Operation::Delete, None),
        _ => return None,
    })
}

fn of_deleted(method: &Method, rest: &[&str]) -> Option<Operation> {
    match (method, rest) {
        (&Method::GET, []) => Some(Operation::GetDeleted),
        (&Method::DELETE, []) => Some(Operation::Purge),
        (&Method::POST, ["recover"]) => Some(Operation::Recover),
        _ => None,
    }
}

fn used(word: &str) -> Option<Use> {
    match word {
        "wrapkey" => Some(Use::Wrap),
        "unwrapkey" => Some(Use::Unwrap),
        "encrypt" => Some(Use::Encrypt),
        "decrypt" => Some(Use::Decrypt),
        _ => None,
    }
}
