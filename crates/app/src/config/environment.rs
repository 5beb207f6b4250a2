//! Settings from the environment: `WEBINAR_BRIDGE__SECTION__KEY`, and `…_FILE` for what is read from a file.

use std::collections::HashMap;

use super::mistake::Mistake;

/// What the names of all variables begin with.
pub(crate) const PREFIX: &str = "WEBINAR_BRIDGE__";

/// The settings among these variables, by the name of the setting, such as `storage__url`. A variable that ends with
/// `_FILE` stands for the text of the file that it names, without the line break at its end.
pub(crate) fn settings(
    variables: impl Iterator<Item = (String, String)>,
) -> Result<HashMap<String, String>, Vec<Mistake>> {
    let (mut found, mut mistakes) = (HashMap::new(), vec![]);
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let (key, value) = match rest.strip_suffix("_FILE").filter(|key| *key != "HTTP__CA") {
            None => (rest, value),
            Some(key) => match std::fs::read_to_string(&value) {
                Ok(text) => (key, text.trim_end_matches(['\r', '\n']).to_owned()),
                Err(error) => {
                    let what = format!("the file that `{name}` names cannot be read: {error}");
                    mistakes.push(Mistake { what, span: None, help: None });
                    continue;
                }
            },
        };
        if found.insert(key.to_ascii_lowercase(), value).is_some() {
            let what = format!("`{PREFIX}{key}` and `{PREFIX}{key}_FILE` are both set");
            mistakes.push(Mistake { what, span: None, help: Some("set one of them".to_owned()) });
        }
    }
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
}

/// The variable that sets `path`, such as `["storage", "url"]`.
pub(crate) fn variable(path: &[&str]) -> String {
    format!("{PREFIX}{}", path.join("__").to_ascii_uppercase())
}
