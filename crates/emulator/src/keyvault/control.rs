//! The control endpoints of the vault.

use http::{Method, StatusCode};
use serde::Deserialize;

use crate::control;
use crate::wire::{Answer, Call};

use super::KeyVault;

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
            let Ok(change) = serde_json::from_slice::<KeyChange>(&call.body) else {
                let words = "expected an object with \"enabled\":true|false, \"version\":\"…\" or \"denied\":[\"wrapKey\"]";
                return control::refusal(StatusCode::BAD_REQUEST, words);
            };
            if let Some(enabled) = change.enabled {
                vault.ring().set_enabled(change.version.as_deref(), enabled);
            }
            if let Some(denied) = change.denied {
                vault.deny(denied);
            }
        }
        _ => return control::not_allowed(),
    }
    vault.settle();
    let mut shown = vault.ring().show();
    shown["denied"] = vault.permissions().show_denied();
    Answer::json(StatusCode::OK, &shown)
}
