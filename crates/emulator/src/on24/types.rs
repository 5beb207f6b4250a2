//! The kinds of events, in ON24's three vocabularies, and its languages.

use serde_json::{Value, json};

/// The kind that is fed by encoders of one's own.
pub(super) const BROADCAST: &str = "encodeonsite";

/// The value that creating takes, the label of the reads, and the code that creating answers with.
const KINDS: [(&str, &str, &str); 6] = [
    ("fav", "Live Video and Audio", "webcam"),
    ("simulive", "Simu-live", "simulive"),
    ("sim2live", "Sim-2-live", "sim2live"),
    (BROADCAST, "Broadcast Video", "encoder"),
    ("ondemand", "On Demand", "ondemand"),
    ("forum", "forum", "forum"),
];

/// Language, country and label. Only these pairs have a country.
const LANGUAGES: [(&str, Option<&str>, &str); 21] = [
    ("ar", None, "Arabic"),
    ("zh", Some("CN"), "Chinese (Simplified)"),
    ("zh", Some("TW"), "Chinese (Traditional)"),
    ("cs", None, "Czech"),
    ("da", None, "Danish"),
    ("nl", None, "Dutch"),
    ("en", None, "English"),
    ("en", Some("UK"), "English (UK)"),
    ("fi", None, "Finnish"),
    ("fr", None, "French"),
    ("de", None, "German"),
    ("he", None, "Hebrew"),
    ("it", None, "Italian"),
    ("ja", None, "Japanese"),
    ("ko", None, "Korean"),
    ("no", None, "Norwegian"),
    ("pl", None, "Polish"),
    ("pt", None, "Portuguese"),
    ("ru", None, "Russian"),
    ("es", None, "Spanish"),
    ("tr", None, "Turkish"),
];

pub(super) fn is_kind(value: &str) -> bool {
    KINDS.iter().any(|(known, ..)| *known == value)
}

pub(super) fn label(value: &str) -> &'static str {
    KINDS.iter().find(|(known, ..)| *known == value).map_or("Live Video and Audio", |(_, label, _)| label)
}

pub(super) fn code(value: &str) -> &'static str {
    KINDS.iter().find(|(known, ..)| *known == value).map_or("webcam", |(.., code)| code)
}

/// Whether ON24 has the language, with this country or without one.
pub(super) fn is_language(language: &str, country: Option<&str>) -> bool {
    LANGUAGES.iter().any(|(known, with, _)| *known == language && *with == country)
}

pub(super) fn list() -> Value {
    let kinds = KINDS.iter().map(|(value, label, _)| json!({ "label": label, "value": value }));
    json!({ "eventtypes": kinds.collect::<Value>() })
}

pub(super) fn languages() -> Value {
    let languages = LANGUAGES.iter().map(|(language, country, label)| {
        let mut shown = json!({ "label": label });
        if let Some(country) = country {
            shown["countrycd"] = json!(country);
        }
        shown["languagecd"] = json!(language);
        shown
    });
    json!({ "languagecodes": languages.collect::<Value>() })
}
