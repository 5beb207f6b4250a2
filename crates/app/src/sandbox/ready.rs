//! What is printed when everything listens: a block for people, a line for programs.

use std::path::PathBuf;

use serde_json::{Value, json};
use uuid::Uuid;
use webinar_bridge_emulator::Ready;

use super::configuration::Written;

/// What the sandbox adds to the emulators.
pub(crate) struct Stage {
    pub(crate) console: String,
    pub(crate) api_token: String,
    pub(crate) organization: Uuid,
    pub(crate) store: String,
    pub(crate) config: PathBuf,
}

fn peers(ready: &Ready) -> Value {
    json!({
        "on24": {
            "base_url": ready.on24.base_url,
            "client_id": ready.on24.client_id,
            "access_token_key": ready.on24.access_token_key,
            "access_token_secret": ready.on24.access_token_secret,
            "event_id": ready.on24.event_id,
        },
        "dataverse": {
            "base_url": ready.dataverse.base_url,
            "authority": ready.dataverse.authority,
            "tenant_id": ready.dataverse.tenant_id,
            "client_id": ready.dataverse.client_id,
            "client_secret": ready.dataverse.client_secret,
        },
        "key_vault": { "base_url": ready.key_vault.base_url, "key_name": ready.key_vault.key_name },
    })
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

pub(crate) fn emulate_line(ready: &Ready, written: Option<&Written>) -> Value {
    let mut line = json!({ "kind": "ready" });
    merge(&mut line, peers(ready));
    if let Some(written) = written {
        line["config"] = json!(written.path);
        line["api_token"] = json!(written.token);
    }
    line
}

fn merge(line: &mut Value, more: Value) {
    if let (Value::Object(line), Value::Object(more)) = (line, more) {
        line.extend(more);
    }
}

/// One line each, so that the longest, a token, still fits into 80 columns.
fn addresses(ready: &Ready) -> String {
    let lines = [
        ("ON24", &ready.on24.base_url),
        ("Dataverse", &ready.dataverse.base_url),
        ("Entra ID", &ready.dataverse.authority),
        ("Key Vault", &ready.key_vault.base_url),
    ];
    lines.into_iter().map(|(name, address)| line(name, address)).collect()
}

fn line(name: &str, value: impl std::fmt::Display) -> String {
    format!("  {name:10}{value}\n")
}

pub(crate) fn sandbox_block(ready: &Ready, stage: &Stage) -> String {
    let ours = [line("API token", &stage.api_token), line("Console", &stage.console)];
    format!("{}{}  The console is open to read while the story runs.", addresses(ready), ours.concat())
}

pub(crate) fn emulate_block(ready: &Ready, written: Option<&Written>) -> String {
    let (on24, crm) = (&ready.on24, &ready.dataverse);
    let mut block = format!(
        "{}\n  ON24\n    client id             {}\n    event id              {}\n    access token key      {}\n\
         \x20   access token secret   {}\n  Dataverse and Key Vault\n    tenant id             {}\n\
         \x20   client id             {}\n    client secret         {}\n    key name              {}\n\
         \x20 All of it is made up, none of it is secret.\n\n",
        addresses(ready),
        on24.client_id,
        on24.event_id,
        on24.access_token_key,
        on24.access_token_secret,
        crm.tenant_id,
        crm.client_id,
        crm.client_secret,
        ready.key_vault.key_name,
    );
    if let Some(written) = written {
        let path = written.path.display();
        let next = format!(
            "  Wrote {path}. In another terminal:\n    webinar-bridge serve --config {path}\n\
             \x20 Its log names the console's address; sign in with\n    {}\n\n",
            written.token
        );
        block.push_str(&next);
    }
    block.push_str("Ready. Press Ctrl-C to end.\n");
    block
}
