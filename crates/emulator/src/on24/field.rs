//! The fields of a registration, and the form that carries them.

use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;

use crate::wire::Call;

/// A field and its greatest length in characters when a registrant is created and when one is changed.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) on_post: usize,
    pub(super) on_patch: usize,
}

const fn field(name: &'static str) -> Field {
    Field { name, on_post: 100, on_patch: 100 }
}

const fn short_at_first(name: &'static str) -> Field {
    Field { name, on_post: 50, on_patch: 100 }
}

const fn flag(name: &'static str) -> Field {
    Field { name, on_post: 1, on_patch: 1 }
}

/// In the order in which answers carry them.
pub(super) const FIELDS: &[Field] = &[
    short_at_first("firstname"),
    short_at_first("lastname"),
    field("email"),
    field("company"),
    field("jobtitle"),
    field("addressstreet1"),
    field("addressstreet2"),
    field("city"),
    field("state"),
    field("zip"),
    field("country"),
    field("homephone"),
    field("workphone"),
    field("fax"),
    field("jobfunction"),
    field("companyindustry"),
    field("companysize"),
    field("partnerref"),
    field("std1"),
    field("std2"),
    field("std3"),
    field("std4"),
    field("std5"),
    field("std6"),
    field("std7"),
    field("std8"),
    field("std9"),
    field("std10"),
    field("username"),
    field("exteventusercd"),
    field("other"),
    field("notes"),
    flag("marketingemail"),
    flag("eventemail"),
    flag("isblocked"),
    field("emailformat"),
];

const PHONES: [&str; 3] = ["homephone", "workphone", "fax"];

/// Whether the field takes `Y` and `N` only.
pub(super) fn is_flag(field: &Field) -> bool {
    field.on_post == 1
}

/// The value as ON24 keeps it. Of a telephone number only the digits stay, and the usual lengths are set in
/// groups; `None` is a number with fewer than seven.
pub(super) fn kept(field: &Field, value: &str) -> Option<String> {
    if !PHONES.contains(&field.name) || value.is_empty() {
        return Some(value.to_owned());
    }
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        0..7 => None,
        7 => Some(format!("{}-{}", &digits[..3], &digits[3..])),
        10 => Some(format!("({})-{}-{}", &digits[..3], &digits[3..6], &digits[6..])),
        _ => Some(digits),
    }
}

/// The pairs of a form body, by field name in lower case; of repeated names the last.
#[derive(Debug, Default)]
pub(super) struct Form {
    pairs: BTreeMap<String, String>,
}

impl Form {
    /// A body that is not URL-encoded has no fields.
    pub(super) fn read(call: &Call) -> Self {
        let kind = call.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        if !kind.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
            return Self::default();
        }
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&call.body).unwrap_or_default();
        Self { pairs: pairs.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.get(name).map(String::as_str)
    }

    /// The value, unless it is missing or blank.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.trim().is_empty())
    }

    /// The value of a yes-or-no field; `Err` is any other value.
    pub(super) fn yes_or_no(&self, name: &str) -> Result<Option<bool>, ()> {
        self.get(name).map_or(Ok(None), |value| yes_or_no(value).map(Some))
    }

    /// The fields of a registration that the form carries, as they will be kept.
    pub(super) fn fields(&self, limit: fn(&Field) -> usize) -> Result<Vec<(&'static str, String)>, ()> {
        let sent = FIELDS.iter().filter_map(|field| Some((field, self.get(field.name)?)));
        sent.map(|(field, value)| {
            let wrong_flag = is_flag(field) && !value.is_empty() && yes_or_no(value).is_err();
            let kept = kept(field, value).filter(|_| value.chars().count() <= limit(field) && !wrong_flag);
            kept.map(|kept| (field.name, kept)).ok_or(())
        })
        .collect()
    }
}

/// `Y` is yes, `N` is no, in either letter case.
pub(super) fn yes_or_no(value: &str) -> Result<bool, ()> {
    match value {
        "Y" | "y" => Ok(true),
        "N" | "n" => Ok(false),
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(value: &str) -> Option<String> {
        let workphone = FIELDS.iter().find(|field| field.name == "workphone").unwrap();
        kept(workphone, value)
    }

    #[test]
    fn telephone_numbers_are_set_in_groups() {
        assert_eq!(phone("765 4321").as_deref(), Some("765-4321"));
        assert_eq!(phone("123.456.7890").as_deref(), Some("(123)-456-7890"));
        assert_eq!(phone("+49 30 1234567").as_deref(), Some("49301234567"));
        assert_eq!(phone("12345"), None);
        assert_eq!(phone("").as_deref(), Some(""));
    }
}
