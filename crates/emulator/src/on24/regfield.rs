//! The fields of an event's registration page, as the reference list has them.

use serde_json::{Value, json};

use super::event::Event;
use super::page::PageField;

/// Form fields whose ids have underscores here, and captions.
const NAMES: [(&str, &str, &str); 16] = [
    ("firstname", "firstname", "First Name"),
    ("lastname", "lastname", "Last Name"),
    ("email", "email", "Email"),
    ("company", "company", "Company"),
    ("jobtitle", "job_title", "Title"),
    ("jobfunction", "job_function", "Job Function"),
    ("addressstreet1", "address_street1", "Address 1"),
    ("addressstreet2", "address_street2", "Address 2"),
    ("city", "city", "City"),
    ("state", "state", "State"),
    ("zip", "zip", "Zip"),
    ("country", "country", "Country"),
    ("homephone", "home_phone", "Home Phone"),
    ("workphone", "work_phone", "Work Phone"),
    ("companyindustry", "company_industry", "Industry"),
    ("companysize", "company_size", "Company Size"),
];

impl Event {
    pub(super) fn registration_fields(&self) -> Value {
        json!({ "registrationfields": self.page.fields.iter().map(shown).collect::<Value>() })
    }
}

fn shown(field: &PageField) -> Value {
    let named = NAMES.iter().find(|(name, ..)| *name == field.name);
    let (id, caption) = named.map_or((field.name, field.name), |(_, id, caption)| (id, caption));
    let mut shown = json!({ "fieldid": id, "fieldcaption": caption,
        "fieldtype": if field.options.is_empty() { "textbox" } else { "listbox" },
        "validationtype": if field.name == "email" { "email" } else { "none" },
        "required": if field.required { "Y" } else { "N" } });
    if !field.options.is_empty() {
        shown["options"] = json!(field.options);
    }
    shown
}
