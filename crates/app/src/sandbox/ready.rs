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

fn addresses(ready: &Ready) -> String {
    format!(
        "  ON24        {:36} Dataverse   {}\n  Entra ID    {:36} Key Vault   {}\n",
        ready.on24.base_url, ready.dataverse.base_url, ready.dataverse.authority, ready.key_vault.base_url
    )
}

pub(crate) fn sandbox_block(ready: &Ready, stage: &Stage) -> String {
    format!(
        "{}  Ready       Console  {}\n              API token {} (sandbox only, not secret)",
        addresses(ready),
        stage.console,
        stage.api_token
    )
}

pub(crate) fn emulate_block(ready: &Ready, written: Option<&Written>) -> String {
    let on24 = &ready.on24;
    let crm = &ready.dataverse;
    let mut block = format!(
        "{}\n  ON24        client {}, event {}\n              accessTokenKey {}\n              accessTokenSecret {}\n\
         \x20 Dataverse   tenant {}, client {}, secret {}\n  Key Vault   key {}\n\
         \x20 (all of it made up, none of it secret)\n\n",
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
        block.push_str(&format!(
            "  Wrote {0}\n  Next  webinar-bridge serve --config {0}\n\n",
            written.path.display()
        ));
    }
    block.push_str("Ready. Press Ctrl-C to end.\n");
    block
}
