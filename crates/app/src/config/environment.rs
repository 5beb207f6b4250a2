//! Settings from the environment: `WEBINAR_BRIDGE__SECTION__KEY`, and `…_FILE` for what is read from a file.

use std::collections::BTreeMap;

use config::{Config, ConfigError, File, FileFormat, Map, Source, Value, ValueKind};

use super::file::SECRETS;
use super::mistake::Mistake;

/// What the names of all variables begin with.
pub(crate) const PREFIX: &str = "WEBINAR_BRIDGE__";

/// The settings that the environment makes, by their path, such as `["storage", "url"]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables(BTreeMap<Vec<String>, Variable>);

/// One of them.
#[derive(Clone)]
struct Variable {
    name: String,
    value: String,
}

impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Variables {
    /// Those among all variables. One that ends with `_FILE` stands for the text of the file that it names, without the
    /// line break at its end.
    pub(crate) fn among(all: impl IntoIterator<Item = (String, String)>) -> Result<Self, Vec<Mistake>> {
        let (mut found, mut mistakes) = (BTreeMap::<_, Variable>::new(), vec![]);
        let all: BTreeMap<String, String> = all.into_iter().collect();
        for (name, value) in all {
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
            let path = key.to_ascii_lowercase().split("__").map(str::to_owned).collect();
            if let Some(first) = found.insert(path, Variable { name: name.clone(), value }) {
                let what = format!("`{}` and `{name}` are both set", first.name);
                mistakes.push(Mistake { what, span: None, help: Some("set one of them".to_owned()) });
            }
        }
        if mistakes.is_empty() { Ok(Self(found)) } else { Err(mistakes) }
    }

    /// The variable that made this setting, or the table that it is in.
    pub(crate) fn made(&self, path: &[&str]) -> Option<&str> {
        let begins =
            |made: &Vec<String>| made.len() <= path.len() && made.iter().zip(path).all(|(a, b)| a == b);
        self.0.iter().find(|(made, _)| begins(made)).map(|(_, variable)| variable.name.as_str())
    }

    /// Each alone, with its name, and whether it sets a secret.
    pub(crate) fn one_by_one(&self) -> impl Iterator<Item = (&str, bool, Self)> {
        self.0.iter().map(|(path, variable)| {
            let alone = Self(BTreeMap::from([(path.clone(), variable.clone())]));
            (variable.name.as_str(), is_secret(path), alone)
        })
    }
}

fn is_secret(path: &[String]) -> bool {
    path.iter().any(|step| SECRETS.contains(&step.as_str()))
}

impl Source for Variables {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let layer = self.0.iter().map(|(path, variable)| (expression(path), value(path, variable)));
        Ok(layer.collect())
    }
}

/// The path as the layers know it: `organization[0].name`.
fn expression(path: &[String]) -> String {
    let step = |(n, step): (usize, &String)| match step.as_bytes() {
        [] => ".".to_owned(),
        digits if n > 0 && digits.iter().all(u8::is_ascii_digit) => format!("[{step}]"),
        _ if n > 0 => format!(".{step}"),
        _ => step.clone(),
    };
    path.iter().enumerate().map(step).collect()
}

/// The value: text, whatever it looks like; only a list or a table in TOML's brackets is read as one.
fn value(path: &[String], variable: &Variable) -> Value {
    let origin = Some(&variable.name);
    let text = variable.value.as_str();
    let bracketed = [('[', ']'), ('{', '}')].iter().any(|(a, b)| text.starts_with(*a) && text.ends_with(*b));
    if bracketed && !is_secret(path) {
        let file = File::from_str(&format!("value = {text}"), FileFormat::Toml);
        let read = Config::builder().add_source(file).build();
        if let Ok(value) = read.and_then(|read| read.get::<Value>("value")) {
            return Value::new(origin, value.kind);
        }
    }
    Value::new(origin, ValueKind::String(text.to_owned()))
}

/// The variable that sets `path`, such as `["storage", "url"]`.
pub(crate) fn variable(path: &[&str]) -> String {
    format!("{PREFIX}{}", path.join("__").to_ascii_uppercase())
}
