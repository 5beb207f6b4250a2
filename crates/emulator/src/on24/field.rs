//! The fields of a registration.

use std::borrow::Cow;

use super::form::{Form, yes_or_no};

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
pub(super) fn kept<'a>(field: &Field, value: &Cow<'a, str>) -> Option<Cow<'a, str>> {
    if value.is_empty() || !PHONES.contains(&field.name) {
        return Some(value.clone());
    }
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        0..7 => None,
        7 => Some(format!("{}-{}", &digits[..3], &digits[3..]).into()),
        10 => Some(format!("({})-{}-{}", &digits[..3], &digits[3..6], &digits[6..]).into()),
        _ => Some(digits.into()),
    }
}

/// The fields of a registration as they will be kept, by name.
pub(super) type Fields<'a> = Vec<(&'static str, Cow<'a, str>)>;

impl<'a> Form<'a> {
    /// The fields of a registration that the form carries, as they will be kept.
    pub(super) fn fields(&self, limits: Limits) -> Result<Fields<'a>, ()> {
        let sent = FIELDS.iter().filter_map(|field| Some((field, self.value(field.name)?)));
        sent.map(|(field, value)| {
            let wrong_flag = is_flag(field) && !value.is_empty() && yes_or_no(value).is_err();
            let value = if wrong_flag { None } else { limits.fitted(field, value) };
            let kept = value.and_then(|value| kept(field, &value));
            kept.map(|kept| (field.name, kept)).ok_or(())
        })
        .collect()
    }

    /// The same where nothing is validated: what cannot be kept is left out.
    pub(super) fn loose_fields(&self, limits: Limits) -> Fields<'a> {
        let sent = FIELDS.iter().filter_map(|field| Some((field, self.value(field.name)?)));
        let kept = sent.filter_map(|(field, value)| {
            let value = limits.fitted(field, value)?;
            let value = kept(field, &value).unwrap_or(value);
            (!is_flag(field) || yes_or_no(&value).is_ok()).then_some((field.name, value))
        });
        kept.collect()
    }
}

/// How long values may be, and whether longer ones are cut, as telephone numbers always are.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) of: fn(&Field) -> usize,
    pub(super) cuts: bool,
}

impl Limits {
    fn fitted<'a>(self, field: &Field, value: &Cow<'a, str>) -> Option<Cow<'a, str>> {
        let limit = (self.of)(field);
        let cuts = self.cuts || PHONES.contains(&field.name);
        match value.char_indices().nth(limit) {
            None => Some(value.clone()),
            // An address that is cut is another one.
            Some((end, _)) if cuts && field.name != "email" => {
                Some(value.get(..end).unwrap_or_default().to_owned().into())
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(value: &str) -> Option<Cow<'_, str>> {
        let workphone = FIELDS.iter().find(|field| field.name == "workphone").unwrap();
        kept(workphone, &value.into())
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
