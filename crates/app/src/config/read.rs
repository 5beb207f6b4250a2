//! Reading: the file alone first, so that a mistake is shown at its line; then the layers over it.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use config::{Config, Environment, FileFormat};

use super::environment;
use super::file::{File, SECRETS};
use super::mistake::{Mistake, Unusable};
use super::settings::Settings;

/// Where the configuration comes from.
pub(crate) struct Source {
    /// The file; without one there is only the environment.
    pub(crate) path: Option<PathBuf>,
    /// The environment.
    pub(crate) variables: HashMap<String, String>,
}

impl Source {
    /// A file, and the environment of this process.
    pub(crate) fn file(path: Option<PathBuf>) -> Self {
        Self { path, variables: std::env::vars().collect() }
    }
}

/// The text of the file, with a map of where each setting stands in it.
pub(crate) struct Text {
    name: String,
    text: String,
}

impl Text {
    fn unusable(self, mistakes: Vec<Mistake>) -> Unusable {
        Unusable { file: Some((self.name, self.text)), mistakes }
    }

    /// Where the value of a setting stands; where its table begins, if it is not set.
    pub(crate) fn locate(&self, path: &[&str]) -> Option<Range<usize>> {
        let table = toml::de::DeTable::parse(&self.text).ok()?;
        let mut span = None;
        let mut here = table.get_ref();
        for (i, step) in path.iter().enumerate() {
            let Some(value) = here.get(*step) else { break };
            span = Some(value.span());
            match value.get_ref() {
                toml::de::DeValue::Table(inner) => here = inner,
                toml::de::DeValue::Array(items) => {
                    let index: usize = path.get(i + 1).and_then(|index| index.parse().ok())?;
                    let item = items.get(index)?;
                    span = Some(item.span());
                    let toml::de::DeValue::Table(inner) = item.get_ref() else { return span };
                    return Self::within(inner, path.get(i + 2..)?).or(span);
                }
                _ => return span,
            }
        }
        span
    }

    fn within(table: &toml::de::DeTable<'_>, path: &[&str]) -> Option<Range<usize>> {
        let value = table.get(*path.first()?)?;
        match value.get_ref() {
            toml::de::DeValue::Table(inner) => Self::within(inner, &path[1..]).or_else(|| Some(value.span())),
            _ => Some(value.span()),
        }
    }
}

/// Reads and checks the configuration whole.
pub(crate) fn read(source: &Source) -> Result<Settings, Unusable> {
    let text = source.path.as_deref().map(text_of).transpose()?;
    if let Some(text) = &text
        && let Err(error) = toml::from_str::<File>(&text.text)
    {
        let mistake = at_the_line(&text.text, &error);
        let text = Text { name: text.name.clone(), text: text.text.clone() };
        return Err(text.unusable(vec![mistake]));
    }
    let named = |mistakes| Unusable { file: None, mistakes };
    let variables = source.variables.clone().into_iter();
    let variables = environment::settings(variables).map_err(named)?;
    let file = layered(text.as_ref(), variables).map_err(|mistake| named(vec![mistake]))?;
    let base = source.path.as_deref().and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default();
    Settings::checked(file, text.as_ref(), &base).map_err(|mistakes| match text {
        Some(text) => text.unusable(mistakes),
        None => named(mistakes),
    })
}

fn text_of(path: &Path) -> Result<Text, Unusable> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Text { name, text }),
        Err(error) => {
            let what = format!("the configuration file {name} cannot be read: {error}");
            let help = Some("name another with `--config FILE`".to_owned());
            Err(Unusable { file: None, mistakes: vec![Mistake { what, span: None, help }] })
        }
    }
}

fn layered(text: Option<&Text>, variables: HashMap<String, String>) -> Result<File, Mistake> {
    let mut layers = Config::builder();
    if let Some(text) = text {
        layers = layers.add_source(config::File::from_str(&text.text, FileFormat::Toml));
    }
    let names: Vec<String> = variables.keys().cloned().collect();
    let environment = Environment::default().separator("__").source(Some(variables));
    let merged = layers.add_source(environment).build();
    merged.and_then(Config::try_deserialize::<File>).map_err(|error| from_environment(&error, &names))
}

/// A mistake that the file alone does not have comes from the environment.
fn from_environment(error: &config::ConfigError, names: &[String]) -> Mistake {
    let said = error.to_string();
    let guilty = |name: &&String| {
        let last = name.rsplit("__").next().unwrap_or(name);
        said.contains(&name.replace("__", ".")) || said.contains(&format!("`{last}`"))
    };
    let variable = names.iter().find(guilty).map(|name| environment::variable(&[name]));
    let what = match &variable {
        Some(variable) => format!("the environment variable `{variable}` cannot be used"),
        None => "a setting from the environment cannot be used".to_owned(),
    };
    let secret = names.iter().find(guilty).is_some_and(|name| SECRETS.iter().any(|s| name.ends_with(s)));
    Mistake { what, span: None, help: (!secret).then_some(said) }
}

fn at_the_line(text: &str, error: &toml::de::Error) -> Mistake {
    let span = error.span();
    let line = span.clone().and_then(|span| text.get(..span.start)).map_or("", |before| {
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("")
    });
    let secret = SECRETS.iter().any(|name| line.contains(name));
    let said = error.message();
    let what = if secret && !said.starts_with("unknown field") {
        "a secret must be text in quotes".to_owned()
    } else {
        said.to_owned()
    };
    let help = suggestion(said).map(|name| format!("did you mean `{name}`?"));
    Mistake { what, span, help }
}

/// The known name that is nearest to an unknown one, if one is near.
fn suggestion(said: &str) -> Option<&str> {
    let rest = said.strip_prefix("unknown field `")?;
    let (unknown, known) = rest.split_once('`')?;
    let names = known.split('`').skip(1).step_by(2);
    let nearest = names.map(|name| (distance(unknown, name), name)).min()?;
    (nearest.0 <= unknown.len() / 3 + 1).then_some(nearest.1)
}

/// How many letters differ, at the least, between two words (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (corner + usize::from(x != *y)).min(above + 1).min(row[j] + 1);
            corner = above;
        }
    }
    row[b.len()]
}
