//! The control endpoints of the vault.

use http::{Method, StatusCode};
use serde::Deserialize;

use crate::control;
use crate::wire::{Answer, Call};

use super::operation::{NAMES, PERMISSIONS};
use super::{KEY_NAME, KeyVault};

pub(super) fn answer(vault: &KeyVault, name: &str, call: &Call) -> Option<Answer> {
    Some(match name {
        "key" => key(vault, call),
        "permissions" => vault.permissions().control(call),
        "audit" => vault.log().control(call),
        "settings" => control::settings(&mut *vault.settings(), call),
        _ => return None,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyChange {
    enabled: Option<bool>,
    version: Option<String>,
    denied: Option<Vec<String>>,
}

/// `POST` disables or enables the key that is always there, or one version of it, and says what nobody may do; `GET`
/// shows it.
fn key(vault: &KeyVault, call: &Call) -> Answer {
    match call.method {
        Method::GET => {}
        Method::POST => {
            if let Err(words) = change(vault, &call.body) {
                return control::refusal(StatusCode::BAD_REQUEST, &words);
            }
        }
        _ => return control::not_allowed(),
    }
    vault.settle();
    let mut shown = vault.ring().show();
    shown["denied"] = vault.permissions().show_denied();
    Answer::json(StatusCode::OK, &shown)
}

/// A wrong change changes nothing; the error says what is allowed.
fn change(vault: &KeyVault, body: &[u8]) -> Result<(), String> {
    let change: KeyChange = serde_json::from_slice(body).map_err(|error| {
        format!(
            "expected an object with \"enabled\":true|false, \"version\":\"…\" or \"denied\":[\"wrapKey\"]: {error}"
        )
    })?;
    let mut denied = change.denied.iter().flatten();
    let is_known =
        |name: &String| PERMISSIONS.iter().chain(NAMES).any(|known| known.eq_ignore_ascii_case(name));
    if !denied.all(is_known) {
        let permissions = PERMISSIONS.join(", ");
        return Err(format!("denied are permissions ({permissions}) or operations, which GET weather lists"));
    }
    let mut ring = vault.ring();
    if change.version.is_some() {
        let version = ring.find(KEY_NAME).and_then(|key| key.version(change.version.as_deref()));
        version.map_err(|_| "the key has no such version; GET shows those that it has".to_owned())?;
    }
    if let Some(enabled) = change.enabled {
        ring.set_enabled(change.version.as_deref(), enabled);
    }
    drop(ring);
    if let Some(denied) = change.denied {
        vault.deny(denied);
    }
    Ok(())
}
