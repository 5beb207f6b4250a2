//! Every fault that starts here, by its code.

use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Peer};
use webinar_bridge_domain::port::StoreError;

pub(crate) const FORBIDDEN: &str = "vault.forbidden";
pub(crate) const KEY_MISSING: &str = "vault.key_missing";
pub(crate) const KEY_DISABLED: &str = "vault.key_disabled";
pub(crate) const KEY_UNUSABLE: &str = "vault.key_unusable";

const ENVELOPE_INVALID: Code = Code::new("envelope.invalid");
const SECRET_TOO_LONG: Code = Code::new("envelope.too_long");
const PRIVACY_INVALID: Code = Code::new("privacy.invalid");
const NO_ADDRESS: Code = Code::new("privacy.no_address");
const SHELF: Code = Code::new("privacy.shelf");

/// The one answer to an envelope that does not open, whatever the reason.
pub(crate) fn envelope() -> Fault {
    invalid("open", ENVELOPE_INVALID)
}

/// A secret that no envelope is large enough for.
pub(crate) fn too_long() -> Fault {
    invalid("seal", SECRET_TOO_LONG)
}

/// The one answer to details that do not open, whatever the reason.
pub(crate) fn details() -> Fault {
    invalid("reveal", PRIVACY_INVALID)
}

/// Somebody to be sealed has no address that mail could arrive at.
pub(crate) fn no_address() -> Fault {
    invalid("conceal", NO_ADDRESS)
}

/// The cipher refused what it never refuses.
pub(crate) fn cipher(operation: &'static str) -> Fault {
    Fault::new(FaultKind::Transient, Peer::Vault, operation, Code::new("vault.cipher"))
}

/// An answer of the vault that makes no sense.
pub(crate) fn unreadable(operation: &'static str) -> Fault {
    Fault::new(FaultKind::Transient, Peer::Vault, operation, Code::new("vault.unreadable"))
}

/// A no of the vault whose reason is known.
pub(crate) fn denied(operation: &'static str, why: &'static str) -> Fault {
    let why = Code::new(why);
    Fault::new(FaultKind::Denied { why: Some(why.clone()) }, Peer::Vault, operation, why)
}

/// The data key's shelf did not give or take it.
pub(crate) fn shelf(error: &StoreError) -> Fault {
    let kind = match error {
        StoreError::Corrupt { .. } => FaultKind::Invalid { field: SHELF },
        StoreError::Unavailable(_) | StoreError::Full(_) | StoreError::Fatal(_) => FaultKind::Transient,
    };
    Fault::new(kind, Peer::Vault, "data_key", SHELF)
}

fn invalid(operation: &'static str, code: Code) -> Fault {
    Fault::new(FaultKind::Invalid { field: code.clone() }, Peer::Vault, operation, code)
}
