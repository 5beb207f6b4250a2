//! `docs/emulators/settings.md` lists every switch of the emulators with its default, and no other.

use std::collections::BTreeMap;

use serde_json::Value;
use webinar_bridge_emulator::{Clock, Emulators, Options};
use webinar_bridge_tests::sources::root;

/// The switches of one server, by dotted name.
type Switches = BTreeMap<String, Value>;

fn flattened(prefix: &str, value: &Value, into: &mut Switches) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let dot = if prefix.is_empty() { "" } else { "." };
                flattened(&format!("{prefix}{dot}{name}"), value, into);
            }
        }
        value => drop(into.insert(prefix.to_owned(), value.clone())),
    }
}

/// What the page says, by section.
fn page(text: &str) -> BTreeMap<String, Switches> {
    let (mut sections, mut section) = (BTreeMap::<String, Switches>::new(), String::new());
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut section);
        }
        let mut quoted = line.strip_prefix("| `").into_iter().flat_map(|row| row.split('`').step_by(2));
        if let (Some(name), Some(default)) = (quoted.next(), quoted.next()) {
            let default = serde_json::from_str(default).unwrap_or_else(|error| panic!("{line}: {error}"));
            sections.entry(section.clone()).or_default().insert(name.to_owned(), default);
        }
    }
    sections
}

#[tokio::test]
async fn the_page_has_every_switch_with_its_default_and_no_other() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let emulators = Emulators::start(Options::default(), Clock::new()).await.expect("the emulators start");
    let text = std::fs::read_to_string(root().join("docs/emulators/settings.md")).expect("the page");
    let mut page = page(&text);
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let ready = emulators.ready();
    for (section, origin) in [
        ("ON24", ready.on24.base_url.trim_end_matches("/v2")),
        ("Dataverse", &ready.dataverse.base_url),
        ("Entra ID", &ready.dataverse.authority),
        ("Key Vault", &ready.key_vault.base_url),
    ] {
        let answer = http.get(format!("{origin}/_emulator/settings")).send().await.expect("an answer");
        let mut shown = Switches::new();
        flattened("", &answer.json().await.expect("JSON"), &mut shown);
        assert_eq!(page.remove(section), Some(shown), "{section}");
    }
    assert!(page.is_empty(), "there are no other servers: {page:?}");
    emulators.stop().await;
}

#[test]
fn a_wrong_default_would_be_seen() {
    let page = page("## A\n\n| Switch | Default | |\n|---|---|---|\n| `a.b` | `[\"x\"]` | one `c` |\n");
    let mut shown = Switches::new();
    flattened("", &serde_json::json!({ "a": { "b": ["x"] } }), &mut shown);
    assert_eq!(page["A"], shown);
}
