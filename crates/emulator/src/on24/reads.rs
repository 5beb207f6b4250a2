//! Reading registrants, and the reference lists.

use serde_json::{Value, json};

use super::account::Account;
use super::books::Books;
use super::event::Event;
use super::refusal::Refusal;
use super::registrant::{Registrant, Standing};

/// A query parameter, its name in any letter case.
pub(super) fn parameter<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Whether `userstatus` asks for somebody of this standing. `all` is the older word and leaves out the forgotten.
pub(super) fn asks_for(query: &[(String, String)], standing: Standing) -> bool {
    match parameter(query, "userstatus").unwrap_or("any").to_ascii_lowercase().as_str() {
        "deleted" => standing == Standing::Deleted,
        "forgotten" => standing == Standing::Forgotten,
        "all" => standing != Standing::Forgotten,
        _ => true,
    }
}

impl Event {
    /// Everybody at once: there is no paging here.
    pub(super) fn registrants(&self, query: &[(String, String)]) -> Value {
        let email = parameter(query, "email").map(str::to_lowercase);
        let no_show = parameter(query, "noshow").is_some_and(|value| value.eq_ignore_ascii_case("y"));
        let code = parameter(query, "partnerref");
        let listed = self.people.iter().filter(|person| {
            asks_for(query, person.standing)
                && email.as_ref().is_none_or(|email| person.email.to_lowercase() == *email)
                && code.is_none_or(|code| person.fields.get("partnerref").is_some_and(|value| value == code))
                && !(no_show && person.attended().is_some())
        });
        let records: Vec<Value> = listed.map(|person| Value::Object(person.record(self.id))).collect();
        json!({ "eventid": self.id, "totalregistrants": records.len(), "registrants": records })
    }
}

impl Books {
    /// The most recent registration with this address, or that of one event.
    pub(super) fn registrant(
        &self,
        email: &str,
        query: &[(String, String)],
        account: &Account,
    ) -> Result<Value, Refusal> {
        let only = parameter(query, "eventid");
        let events =
            self.events.values().filter(|event| only.is_none_or(|only| only.parse() == Ok(event.id)));
        let found = events.filter_map(|event| Some((event, event.find(email)?)));
        let latest: Option<(&Event, &Registrant)> = found.max_by_key(|(_, person)| person.created);
        let (event, person) = latest.ok_or_else(|| Refusal::UnknownRegistrant(email.to_owned()))?;
        let mut record = person.record(event.id);
        record.insert("clientid".to_owned(), json!(account.client_id()));
        Ok(json!({ "registrant": record }))
    }
}

pub(super) fn languages() -> Value {
    json!({ "languagecodes": [
        { "label": "English", "languagecd": "en" },
        { "label": "English (UK)", "countrycd": "UK", "languagecd": "en" },
        { "label": "German", "languagecd": "de" },
        { "label": "Portuguese", "languagecd": "pt" },
        { "label": "Chinese (Simplified)", "countrycd": "CN", "languagecd": "zh" },
    ] })
}
