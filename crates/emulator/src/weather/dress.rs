//! How a refusal of the weather looks, beside what it means.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};

use crate::wire::Answer;

/// The shapes that every server has: what a gateway, a proxy or a careless page before it may answer.
pub(crate) const DRESSES: &[&str] = &["empty", "text", "html", "xml"];

/// The answer with a body of that shape; any other name leaves it as it is.
pub(crate) fn dressed(mut answer: Answer, dress: &str) -> Answer {
    let words = answer.status.canonical_reason().unwrap_or("Error");
    let number = answer.status.as_u16();
    let (kind, body) = match dress {
        "empty" => return Answer { body: Bytes::new(), ..undressed(answer) },
        "text" => ("text/plain; charset=utf-8", words.to_owned()),
        "html" => (
            "text/html",
            format!("<html><head><title>{number} {words}</title></head><body><h1>{words}</h1></body></html>"),
        ),
        "xml" => {
            ("application/xml", format!("<?xml version=\"1.0\"?><error><message>{words}</message></error>"))
        }
        _ => return answer,
    };
    answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Answer { body: Bytes::from(body), ..answer }
}

fn undressed(mut answer: Answer) -> Answer {
    answer.headers.remove(CONTENT_TYPE);
    answer
}

/// What a refusal says of the time after which to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    /// Nothing, even if the vendor would say it.
    Silent,
    Seconds(u32),
    /// The date that is so many seconds ahead on the emulators' clock.
    Date(u32),
}

impl RetryAfter {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("date", seconds)) => seconds.parse().ok().map(Self::Date),
            Some(_) => None,
            None if text == "none" => Some(Self::Silent),
            None => text.parse().ok().map(Self::Seconds),
        }
    }

    pub(crate) fn on(self, mut answer: Answer, now: Timestamp) -> Answer {
        answer.headers.remove(RETRY_AFTER);
        match self {
            Self::Silent => answer,
            Self::Seconds(seconds) => answer.with(RETRY_AFTER, &seconds.to_string()),
            Self::Date(seconds) => answer.with(RETRY_AFTER, &http_date(now, seconds)),
        }
    }
}

fn http_date(now: Timestamp, seconds: u32) -> String {
    let then = now.saturating_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX);
    then.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The status and body of a gateway that has no idea.
pub(crate) fn gateway_page() -> Answer {
    let page = "<html><body>The page is on its way.</body></html>";
    let mut answer = Answer { body: Bytes::from_static(page.as_bytes()), ..Answer::empty(StatusCode::OK) };
    answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    answer
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal() -> Answer {
        Answer::json(StatusCode::BAD_GATEWAY, &json!({ "message": "no" })).with(RETRY_AFTER, "7")
    }

    #[test]
    fn every_dress_has_its_type_and_keeps_the_status() {
        for (dress, kind, body) in [
            ("empty", None, ""),
            ("text", Some("text/plain; charset=utf-8"), "Bad Gateway"),
            ("html", Some("text/html"), "<h1>Bad Gateway</h1>"),
            ("xml", Some("application/xml"), "<message>Bad Gateway</message>"),
            ("other", Some("application/json; charset=utf-8"), "no"),
        ] {
            let answer = dressed(refusal(), dress);
            let shown = answer.headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap());
            assert_eq!((answer.status, shown), (StatusCode::BAD_GATEWAY, kind));
            let text = String::from_utf8(answer.body.to_vec()).unwrap();
            assert!(text.contains(body) && text.is_empty() == body.is_empty(), "{dress}: {text}");
        }
    }

    #[test]
    fn the_time_to_come_again_is_said_in_seconds_as_a_date_or_not_at_all() {
        let now = "2026-11-20T23:59:50Z".parse().unwrap();
        let said = |text| {
            let answer = RetryAfter::parse(text).unwrap().on(refusal(), now);
            answer.headers.get(RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(said("none"), None);
        assert_eq!(said("12").as_deref(), Some("12"));
        assert_eq!(said("date:12").as_deref(), Some("Sat, 21 Nov 2026 00:00:02 GMT"));
        for text in ["soon", "-1", "date:", "date:soon", "in:5"] {
            assert_eq!(RetryAfter::parse(text), None, "{text}");
        }
    }
}
