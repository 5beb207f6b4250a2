use core::cmp::Reverse;

use serde_json::Value;
use webinar_bridge_domain::registration::Words;
use webinar_bridge_transport::Answer;

/// More of a body than this says nothing new, in bytes.
const ENOUGH: usize = 16 << 10;

/// Members that may hold the message. `message` is the documented one.
const MEMBERS: [&str; 5] = ["message", "errormessage", "error", "detail", "description"];

/// What ON24 said with a refusal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    text: String,
    /// Whether it is a message, rather than a page that something on the way put in its place.
    is_message: bool,
}

impl Said {
    /// The message of the documented object, of plain text or of XML; of a page in HTML its text.
    pub(crate) fn hear(answer: &Answer) -> Self {
        let head = &answer.body[..answer.body.len().min(ENOUGH)];
        let body = String::from_utf8_lossy(head);
        let body = body.trim_start_matches('\u{feff}').trim();
        let (text, is_message) = if let Ok(json) = serde_json::from_slice::<Value>(&answer.body) {
            (message(&json).unwrap_or_default(), true)
        } else if body.starts_with('<') {
            marked_up(body)
        } else {
            (body.to_owned(), !body.starts_with(['{', '[']))
        };
        let text = unescaped(&text).split_whitespace().collect::<Vec<_>>().join(" ");
        let reason = answer.status.canonical_reason().unwrap_or_default();
        let says_nothing = text.trim_end_matches('.').eq_ignore_ascii_case(reason);
        Self { is_message: is_message && !text.is_empty() && !says_nothing, text }
    }

    /// The text as it is compared: in lower case, with straight apostrophes.
    pub(crate) fn folded(&self) -> String {
        folded(&self.text)
    }

    /// The message for people, without what the order told of the person. `None`: it was no message.
    pub(crate) fn words(&self, own: &[&str]) -> Option<Words> {
        self.is_message.then(|| Words::new(&scrubbed(&self.text, own)))
    }

    pub(crate) const fn is_message(&self) -> bool {
        self.is_message
    }
}

pub(crate) fn folded(text: &str) -> String {
    text.to_lowercase().replace(['\u{2019}', '\u{2018}', '`'], "'")
}

fn message(json: &Value) -> Option<String> {
    match json {
        Value::String(text) => Some(text.clone()),
        Value::Object(members) => MEMBERS.iter().find_map(|wanted| {
            let (_, value) = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
            message(value)
        }),
        _ => None,
    }
}

fn marked_up(body: &str) -> (String, bool) {
    let lower = body.to_ascii_lowercase();
    let is_page = ["<html", "<!doctype html", "<head", "<body"].iter().any(|tag| lower.contains(tag));
    let inner = lower
        .find("<message>")
        .zip(lower.find("</message>"))
        .and_then(|(from, to)| body.get(from + "<message>".len()..to));
    (without_tags(inner.unwrap_or(body)), !is_page)
}

fn without_tags(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '<' => depth += 1,
            '>' if depth > 0 => {
                depth -= 1;
                bare.push(' ');
            }
            _ if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    bare
}

fn unescaped(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (escape, character)| text.replace(escape, character))
}

/// Takes the person's own values out, and whatever looks like an address.
///
/// A short value in plain letters is taken out only as a word of its own: somebody called Li must not cost every
/// "client" its middle.
fn scrubbed(text: &str, own: &[&str]) -> String {
    let mut own: Vec<&str> = own.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).collect();
    own.sort_by_key(|value| Reverse(value.len()));
    let clean = own.iter().fold(text.to_owned(), |text, value| without(&text, value));
    let words = clean.split(' ').map(|word| if is_address(word) { "[address]" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn without(text: &str, value: &str) -> String {
    let text: Vec<char> = text.chars().collect();
    let value: Vec<char> = value.chars().collect();
    let anywhere = value.len() >= 4 || !value.iter().all(char::is_ascii);
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let end = at + value.len();
        let found = text.get(at..end).is_some_and(|part| same(part, &value));
        let alone = |index: Option<usize>| {
            index.and_then(|index| text.get(index)).is_none_or(|neighbour| !neighbour.is_alphanumeric())
        };
        if found && (anywhere || (alone(at.checked_sub(1)) && alone(Some(end)))) {
            kept.push('…');
            at = end;
        } else {
            kept.push(text[at]);
            at += 1;
        }
    }
    kept
}

fn same(one: &[char], other: &[char]) -> bool {
    one.iter().zip(other).all(|(one, other)| one == other || one.to_lowercase().eq(other.to_lowercase()))
}

fn is_address(word: &str) -> bool {
    word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

#[cfg(test)]
mod tests {
    use webinar_bridge_transport::{HeaderMap, StatusCode};

    use super::*;

    fn heard(status: u16, body: &str) -> Said {
        Said::hear(&Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec().into(),
        })
    }

    #[test]
    fn a_message_comes_in_many_coats() {
        let table = [
            (r#"{"message": "Title is  not\n valid."}"#, "Title is not valid.", true),
            (r#"{"Message": "Title"}"#, "Title", true),
            (r#"{"error": {"message": "Title"}}"#, "Title", true),
            (r#""Title""#, "Title", true),
            ("Title is not valid", "Title is not valid", true),
            ("\u{feff}Title", "Title", true),
            ("<error><message>Title &amp; more</message></error>", "Title & more", true),
            ("<?xml version=\"1.0\"?><error>Title</error>", "Title", true),
            ("<html><title>502</title><body>Oops</body></html>", "502 Oops", false),
            ("<!DOCTYPE html><p>Title", "Title", false),
            (r#"{"code": 3}"#, "", false),
            (r#"{"message": "#, "{\"message\":", false),
            ("", "", false),
            ("Bad Request", "Bad Request", false),
            (r#"{"message": "bad request."}"#, "bad request.", false),
        ];
        for (body, text, is_message) in table {
            assert_eq!(heard(400, body), Said { text: text.to_owned(), is_message }, "{body}");
        }
    }

    #[test]
    fn apostrophes_and_letter_case_do_not_matter() {
        assert_eq!(heard(404, "The Event 5 Doesn\u{2019}t exist.").folded(), "the event 5 doesn't exist.");
    }

    #[test]
    fn words_do_not_tell_who_it_is() {
        let table = [
            ("The email ADA@example.com is blocked", &["ada@example.com"][..], "The email … is blocked"),
            ("Other address: bob@x.io!", &[], "Other address: [address]"),
            ("Lovelace is no option for jobtitle", &["Lovelace"], "… is no option for jobtitle"),
            ("client Li, of Li & Co", &["Li"], "client …, of … & Co"),
            ("値田中は", &["田中"], "値…は"),
            ("Müller & Söhne GmbH", &["MÜLLER & SÖHNE", "Müller"], "… GmbH"),
            ("Nothing to take out", &["", "  "], "Nothing to take out"),
        ];
        for (text, own, expected) in table {
            let words = heard(400, text).words(own).unwrap();
            assert_eq!(words.to_string(), expected);
        }
    }

    #[test]
    fn odd_bodies_are_heard_without_harm() {
        let deep = "[".repeat(100_000);
        let open = "<".repeat(100_000);
        let close = ">".repeat(100_000);
        for body in [deep.as_str(), &open, &close, "</message><message>", "\u{0}\u{1}", "&", "&amp", "@"] {
            let _ = heard(400, body).words(&["&", "@"]);
        }
        let cut = Answer {
            status: StatusCode::BAD_REQUEST,
            headers: HeaderMap::new(),
            body: [b"ab\xff\xfe".repeat(5000), vec![0xe3]].concat().into(),
        };
        assert!(Said::hear(&cut).is_message());
    }
}
