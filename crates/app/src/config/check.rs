//! Checking: what is wrong is collected, so that all of it is told at once, each mistake where it was made.

use std::net::SocketAddr;

use jiff::SignedDuration;
use url::Url;

use super::environment::{Variables, variable};
use super::mistake::Mistake;
use super::read::Text;

/// Collects what is wrong.
pub(super) struct Check<'a> {
    text: Option<&'a Text>,
    variables: &'a Variables,
    mistakes: Vec<Mistake>,
}

impl<'a> Check<'a> {
    pub(super) const fn new(text: Option<&'a Text>, variables: &'a Variables) -> Self {
        Self { text, variables, mistakes: vec![] }
    }

    pub(super) fn mistakes(self) -> Vec<Mistake> {
        self.mistakes
    }

    /// A mistake in the setting at `path`, in the environment if that made it, or else in the file.
    pub(super) fn mistake(&mut self, path: &[&str], what: impl Into<String>, help: Option<String>) {
        let what = what.into();
        let mistake = if let Some(name) = self.variables.made(path) {
            Mistake { what: format!("{what}, set by `{name}`"), span: None, help }
        } else {
            Mistake { what, span: self.text.and_then(|text| text.locate(path)), help }
        };
        self.mistakes.push(mistake);
    }

    pub(super) fn needed<T>(&mut self, path: &[&str], value: Option<T>) -> Option<T> {
        if value.is_none() {
            let help = format!("set it in the file, or as `{}`", variable(path));
            self.mistake(path, format!("`{}` is missing", name(path)), Some(help));
        }
        value
    }

    pub(super) fn address(&mut self, path: &[&str], value: Option<&str>, default: &str) -> SocketAddr {
        let given = value.unwrap_or(default);
        given.parse().unwrap_or_else(|_| {
            let what = format!("`{}` must be an address with a port", name(path));
            self.mistake(path, what, Some("for example `127.0.0.1:8080`".to_owned()));
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    pub(super) fn url(&mut self, path: &[&str], value: Option<String>) -> Option<Url> {
        let given = value?;
        let url =
            Url::parse(&given).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if url.is_none() {
            let what = format!("`{}` must be an http or https address", name(path));
            self.mistake(path, what, Some("for example `https://contoso.crm4.dynamics.com`".to_owned()));
        }
        url
    }

    pub(super) fn duration(
        &mut self,
        path: &[&str],
        value: Option<SignedDuration>,
    ) -> Option<SignedDuration> {
        if value.is_some_and(|time| time.is_negative()) {
            self.mistake(path, format!("`{}` must not be negative", name(path)), None);
        }
        value
    }
}

/// The setting as people write it: without the places in lists.
fn name(path: &[&str]) -> String {
    let steps = path.iter().filter(|step| step.parse::<usize>().is_err()).copied();
    steps.collect::<Vec<_>>().join(".")
}
