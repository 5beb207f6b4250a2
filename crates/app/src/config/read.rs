//! Reading: the file alone first, so that a mistake is shown at its line; then the layers over it.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, FileFormat};
use toml::de::{DeTable, DeValue};

use super::environment::{PREFIX, Variables};
use super::file::File;
use super::glass::unknown_names;
use super::mistake::{Mistake, Unusable};
use super::settings::Settings;
use super::shape::{advice, unknown_name};

/// Where the configuration comes from.
pub(crate) struct Source {
    /// The file; without one there is only the environment.
    pub(crate) path: Option<PathBuf>,
    /// The environment.
    pub(crate) variables: HashMap<String, String>,
}

impl Source {
    /// A file, and the environment of this process. What is not Unicode there cannot be ours.
    pub(crate) fn file(path: Option<PathBuf>) -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            let name = name.into_string().ok().filter(|name| name.starts_with(PREFIX))?;
            Some((name, value.to_string_lossy().into_owned()))
        };
        Self { path, variables: std::env::vars_os().filter_map(text).collect() }
    }
}

/// The text of the file, with a map of where each setting stands in it.
pub(crate) struct Text {
    name: String,
    text: String,
}

impl Text {
    fn read(path: &Path) -> Result<Self, Unusable> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { name, text }),
            Err(error) => {
                let what = format!("the configuration file {name} cannot be read: {error}");
                let help = Some("name another with `--config FILE`".to_owned());
                Err(Unusable { file: None, mistakes: vec![Mistake { what, span: None, help }] })
            }
        }
    }

    /// What is wrong with the file by itself: its syntax, its names, or the type of a value.
    fn mistakes(&self) -> Vec<Mistake> {
        let Err(error) = toml::from_str::<File>(&self.text) else { return vec![] };
        let mut mistakes =
            DeTable::parse(&self.text).map_or_else(|_| vec![], |table| unknown_names(table.get_ref()));
        if unknown_name(error.message()).is_none() || mistakes.is_empty() {
            mistakes.push(Mistake { what: plain(error.message()), span: error.span(), help: None });
        }
        mistakes
    }

    /// Where the value of a setting stands; where its table begins, if it is not set.
    pub(crate) fn locate(&self, path: &[&str]) -> Option<Range<usize>> {
        let table = DeTable::parse(&self.text).ok()?;
        Self::within(table.get_ref(), path)
    }

    fn within(table: &DeTable<'_>, path: &[&str]) -> Option<Range<usize>> {
        let (step, rest) = path.split_first()?;
        let value = table.get(*step)?;
        let (value, rest) = match (value.get_ref(), rest.split_first()) {
            (DeValue::Array(items), Some((index, rest))) => (items.get(index.parse::<usize>().ok()?)?, rest),
            _ => (value, rest),
        };
        let inner = value.get_ref().as_table().and_then(|inner| Self::within(inner, rest));
        inner.or_else(|| Some(value.span()))
    }
}

/// Reads and checks the configuration whole.
pub(crate) fn read(source: &Source) -> Result<Settings, Unusable> {
    let text = source.path.as_deref().map(Text::read).transpose()?;
    let checked = checked(source, text.as_ref());
    checked.map_err(|mistakes| Unusable { file: text.map(|text| (text.name, text.text)), mistakes })
}

fn checked(source: &Source, text: Option<&Text>) -> Result<Settings, Vec<Mistake>> {
    let mut mistakes = text.map_or_else(Vec::new, Text::mistakes);
    let variables = Variables::among(source.variables.clone());
    match variables {
        Ok(variables) if mistakes.is_empty() => {
            let file =
                layered(text, &variables).map_err(|error| from_environment(text, &variables, &error))?;
            let base =
                source.path.as_deref().and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default();
            Settings::checked(file, text, &variables, &base)
        }
        Ok(_) => Err(mistakes),
        Err(more) => {
            mistakes.extend(more);
            Err(mistakes)
        }
    }
}

fn layered(text: Option<&Text>, variables: &Variables) -> Result<File, ConfigError> {
    let mut layers = Config::builder();
    if let Some(text) = text {
        layers = layers.add_source(config::File::from_str(&text.text, FileFormat::Toml));
    }
    layers.add_source(variables.clone()).build()?.try_deserialize()
}

/// A mistake that the file alone does not have comes from the environment: from each variable that, alone, spoils the
/// file.
fn from_environment(text: Option<&Text>, variables: &Variables, error: &ConfigError) -> Vec<Mistake> {
    let guilty = variables.one_by_one().filter_map(|(name, secret, alone)| {
        let said = layered(text, &alone).err()?.to_string();
        let what = format!("the environment variable `{name}` cannot be used");
        let help = match unknown_name(&said) {
            Some((unknown, known)) => {
                Some(format!("`{unknown}` is unknown; {}", advice(unknown, known.into_iter())))
            }
            None => (!secret).then(|| plain(&said)),
        };
        Some(Mistake { what, span: None, help })
    });
    let mut mistakes: Vec<Mistake> = guilty.collect();
    if mistakes.is_empty() {
        let what = format!(
            "the settings from the environment cannot be used together: {}",
            plain(&error.to_string())
        );
        mistakes.push(Mistake { what, span: None, help: None });
    }
    mistakes
}

/// What a fault about a type says, in words for people and without the value.
fn plain(said: &str) -> String {
    let types = said.strip_prefix("invalid type: ").or_else(|| said.strip_prefix("invalid value: "));
    let Some((found, expected)) = types.and_then(|types| types.rsplit_once(", expected ")) else {
        return said.to_owned();
    };
    let expected = match expected.split(" for key ").next().unwrap_or(expected) {
        "a string" | "str" | "string" => "text in quotes",
        "u32" | "u64" | "an unsigned 32 bit integer" => "a whole number that is not negative",
        "i64" | "an integer" => "a whole number",
        "a boolean" => "`true` or `false`",
        "a sequence" | "an array" => "a list",
        table if table.starts_with("struct ") => "a table",
        other => other,
    };
    let kinds = [
        ("string", "text"),
        ("integer", "a whole number"),
        ("floating", "a number with a fraction"),
        ("boolean", "`true` or `false`"),
        ("map", "a table"),
        ("sequence", "a list"),
    ];
    let found =
        kinds.iter().find(|(kind, _)| found.starts_with(kind)).map_or("something else", |(_, words)| words);
    format!("expected {expected}, found {found}")
}
