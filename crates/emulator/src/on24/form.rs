//! The names and values that a body or a query carries.

use std::borrow::Cow;

use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use crate::wire::Call;

use super::multipart;

/// More fields than any form of ON24's; later ones are not looked at, because each look at a form goes through them.
const MOST: usize = 1000;

/// Pairs in the order in which they came; names count in any letter case.
#[derive(Debug, Default)]
pub(super) struct Form<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Form<'a> {
    /// The fields of a body. One that is no form has none; `json` lets the members of an object be fields, too.
    pub(super) fn read(call: &'a Call, json: bool) -> Self {
        let kind = call.header(CONTENT_TYPE.as_str()).unwrap_or_default().trim_start();
        if begins(kind, "application/x-www-form-urlencoded") {
            Self::urlencoded(&call.body)
        } else if begins(kind, "multipart/form-data") {
            Self { pairs: multipart::fields(kind, &call.body).take(MOST).collect() }
        } else if json && begins(kind, "application/json") {
            Self::members(&call.body)
        } else {
            Self::default()
        }
    }

    fn members(body: &[u8]) -> Self {
        let members: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let texts = members.into_iter().filter_map(|(name, value)| match value {
            Value::String(text) => Some((name.into(), text.into())),
            Value::Number(number) => Some((name.into(), number.to_string().into())),
            _ => None,
        });
        Self { pairs: texts.take(MOST).collect() }
    }

    /// The parameters of the query.
    pub(super) fn query(call: &'a Call) -> Self {
        Self::urlencoded(call.query.as_bytes())
    }

    fn urlencoded(text: &'a [u8]) -> Self {
        Self { pairs: form_urlencoded::parse(text).take(MOST).collect() }
    }

    /// The value; of a repeated name the last.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.value(name).map(AsRef::as_ref)
    }

    pub(super) fn value(&self, name: &str) -> Option<&Cow<'a, str>> {
        self.pairs.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every value of a name that may be repeated.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.pairs.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_ref())
    }

    /// The value, unless it is missing or blank.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.trim().is_empty())
    }

    /// The value of a yes-or-no field; `Err` is any other value.
    pub(super) fn yes_or_no(&self, name: &str) -> Result<Option<bool>, ()> {
        self.get(name).map_or(Ok(None), |value| yes_or_no(value).map(Some))
    }
}

/// Whether the text begins with this, in any letter case.
fn begins(text: &str, with: &str) -> bool {
    text.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with))
}

/// `Y` is yes, `N` is no, in either letter case.
pub(super) fn yes_or_no(value: &str) -> Result<bool, ()> {
    match value {
        "Y" | "y" => Ok(true),
        "N" | "n" => Ok(false),
        _ => Err(()),
    }
}
