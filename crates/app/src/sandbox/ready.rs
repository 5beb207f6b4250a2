//! What is printed when everything listens: a block for people, a line for programs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use uuid::Uuid;
use webinar_bridge_emulator::{On24Ready, Ready};

use super::configuration::Written;

/// What the sandbox adds to the emulators.
pub(crate) struct Stage {
    pub(crate) console: String,
    pub(crate) api_token: String,
    pub(crate) organization: Uuid,
    pub(crate) store: String,
    pub(crate) config: PathBuf,
}

fn on24(ready: &On24Ready) -> Value {
    json!({
        "base_url": ready.base_url,
        "client_id": ready.client_id,
        "access_token_key": ready.access_token_key,
        "access_token_secret": ready.access_token_secret,
        "event_id": ready.event_id,
    })
}

fn peers(ready: &Ready) -> Value {
    let mut peers = json!({
        "on24": on24(&ready.on24),
        "dataverse": {
            "base_url": ready.dataverse.base_url,
            "authority": ready.dataverse.authority,
            "tenant_id": ready.dataverse.tenant_id,
            "client_id": ready.dataverse.client_id,
            "client_secret": ready.dataverse.client_secret,
        },
        "key_vault": { "base_url": ready.key_vault.base_url, "key_name": ready.key_vault.key_name },
    });
    if let Some(eu) = &ready.on24_eu {
        peers["on24_eu"] = on24(eu);
    }
    peers
}

pub(crate) fn sandbox_line(ready: &Ready, stage: &Stage) -> Value {
    let mut line = json!({
        "kind": "ready",
        "console": stage.console,
        "api_token": stage.api_token,
        "organization": stage.organization,
        "store": stage.store,
    });
    merge(&mut line, peers(ready));
    line["config"] = json!(stage.config);
    line
}

/// The emulators alone, as they are shown.
pub(crate) struct Emulated<'a> {
    pub(crate) ready: &'a Ready,
    /// Whom a client must trust, where TLS is spoken.
    pub(crate) ca: Option<&'a Path>,
    pub(crate) written: Option<&'a Written>,
}

fn merge(line: &mut Value, more: Value) {
    if let (Value::Object(line), Value::Object(more)) = (line, more) {
        line.extend(more);
    }
}

/// One line each.
fn addresses(ready: &Ready) -> String {
    let eu = ready.on24_eu.as_ref().map(|eu| ("ON24 EU", &eu.base_url));
    let lines = [("ON24", &ready.on24.base_url)].into_iter().chain(eu).chain([
        ("Dataverse", &ready.dataverse.base_url),
        ("Entra ID", &ready.dataverse.authority),
        ("Key Vault", &ready.key_vault.base_url),
    ]);
    lines.map(|(name, address)| line(name, address)).collect()
}

fn line(name: &str, value: impl std::fmt::Display) -> String {
    format!("  {name:10}{value}\n")
}

pub(crate) fn sandbox_block(ready: &Ready, stage: &Stage) -> String {
    let ours = [line("API token", &stage.api_token), line("Console", &stage.console)];
    format!("{}{}  The console is open to read while the story runs.", addresses(ready), ours.concat())
}

impl Emulated<'_> {
    pub(crate) fn line(&self) -> Value {
        let mut line = json!({ "kind": "ready" });
        merge(&mut line, peers(self.ready));
        if let Some(ca) = self.ca {
            line["ca"] = json!(ca);
        }
        if let Some(written) = self.written {
            line["config"] = json!(written.path);
            line["api_token"] = json!(written.token);
        }
        line
    }

    pub(crate) fn block(&self) -> String {
        let (ready, crm) = (self.ready, &self.ready.dataverse);
        let mut block = format!("{}\n{}", addresses(ready), account("ON24", &ready.on24));
        if let Some(eu) = &ready.on24_eu {
            block.push_str(&account("ON24 EU", eu));
        }
        block.push_str("  Dataverse and Key Vault\n");
        block.push_str(&credential("tenant id", &crm.tenant_id));
        block.push_str(&credential("client id", &crm.client_id));
        block.push_str(&credential("client secret", &crm.client_secret));
        block.push_str(&credential("key name", &ready.key_vault.key_name));
        block.push_str("  All of it is made up, none of it is secret.\n\n");
        if let Some(ca) = self.ca {
            let trust = format!("  Clients must trust the authority in\n    {}\n\n", ca.display());
            block.push_str(&trust);
        }
        block.push_str(&self.controls());
        if let Some(written) = self.written {
            block.push_str(&next(written));
        }
        block.push_str("Ready. Press Ctrl-C to end.\n");
        block
    }

    /// A command that works as it is printed tells more of the control endpoints than words.
    fn controls(&self) -> String {
        let trusting = self.ca.map_or_else(String::new, |ca| format!("--cacert {} ", pasted(ca)));
        let origin = self.ready.on24.base_url.trim_end_matches("/v2");
        format!(
            "  Weather, clock and state of each server are below /_emulator/:\n    curl {trusting}{origin}/_emulator/state\n\n"
        )
    }
}

/// A path as a shell takes it for one word.
fn pasted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+".contains(letter);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

fn account(name: &str, on24: &On24Ready) -> String {
    let lines = [
        credential("client id", on24.client_id),
        credential("event id", on24.event_id),
        credential("access token key", &on24.access_token_key),
        credential("access token secret", &on24.access_token_secret),
    ];
    format!("  {name}\n{}", lines.concat())
}

fn credential(name: &str, value: impl std::fmt::Display) -> String {
    format!("    {name:20}  {value}\n")
}

fn next(written: &Written) -> String {
    format!(
        "  Wrote {}. In another terminal:\n    webinar-bridge serve --config {}\n\
         \x20 Its log names the console's address; sign in with\n    {}\n\n",
        written.path.display(),
        pasted(&written.path),
        written.token
    )
}
