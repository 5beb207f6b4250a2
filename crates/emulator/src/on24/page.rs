//! The registration page of an event: which fields it shows, which it requires, and the options of its lists.

use super::countries::COUNTRIES;
use super::field::FIELDS;
use super::form::Form;

/// What every page shows.
const USUAL: [&str; 6] = ["firstname", "lastname", "email", "company", "jobtitle", "country"];

#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub(super) fields: Vec<PageField>,
}

#[derive(Clone, Debug)]
pub(super) struct PageField {
    /// That of the form field.
    pub(super) name: &'static str,
    pub(super) required: bool,
    /// What can be chosen; empty where anything can be typed.
    pub(super) options: Vec<String>,
}

impl Page {
    /// A page with the usual fields and those that are named here; names that no registration has are left out.
    pub(super) fn new(required: &[String]) -> Self {
        let mut page = Self { fields: Vec::new() };
        for name in USUAL {
            page.field(name);
        }
        page.list("country", COUNTRIES.iter().map(|&country| country.to_owned()).collect());
        page.require(required);
        page
    }

    /// Requires these fields and no others.
    pub(super) fn require(&mut self, names: &[String]) {
        for field in &mut self.fields {
            field.required = false;
        }
        for name in names {
            if let Some(field) = self.field(name) {
                field.required = true;
            }
        }
    }

    /// Gives a field a list of options; an empty one lets anything be typed.
    pub(super) fn list(&mut self, name: &str, options: Vec<String>) {
        if let Some(field) = self.field(name) {
            field.options = options;
        }
    }

    /// The field of that name, which is put on the page if it is not there.
    fn field(&mut self, name: &str) -> Option<&mut PageField> {
        let known = FIELDS.iter().find(|field| field.name.eq_ignore_ascii_case(name))?.name;
        let position = self.fields.iter().position(|field| field.name == known).unwrap_or_else(|| {
            self.fields.push(PageField { name: known, required: false, options: Vec::new() });
            self.fields.len() - 1
        });
        self.fields.get_mut(position)
    }

    /// Whether the form leaves out a field that is required.
    pub(super) fn misses(&self, form: &Form<'_>) -> bool {
        self.fields.iter().any(|field| field.required && form.filled(field.name).is_none())
    }

    /// Whether the form takes away the value of a field that is required.
    pub(super) fn is_emptied(&self, form: &Form<'_>) -> bool {
        let required = self.fields.iter().filter(|field| field.required);
        required.into_iter().any(|field| form.get(field.name).is_some_and(|value| value.trim().is_empty()))
    }

    /// Whether the form has a value that is none of its field's options.
    pub(super) fn disallows(&self, form: &Form<'_>) -> bool {
        let lists = self.fields.iter().filter(|field| !field.options.is_empty());
        lists.into_iter().any(|field| {
            form.filled(field.name).is_some_and(|value| !field.options.iter().any(|option| option == value))
        })
    }
}
