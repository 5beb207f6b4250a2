//! `/_emulator/…`: state, weather and clock of a server. No authentication, not counted.

use http::{Method, StatusCode};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::site::Site;
use crate::wire::{Answer, Call};

const PREFIX: &str = "/_emulator/";

/// The answer to a call below `/_emulator/`; `None` when it is one for the emulated server.
pub(crate) fn answer(site: &Site, call: &Call) -> Option<Answer> {
    let name = call.path.strip_prefix(PREFIX)?.trim_end_matches('/');
    Some(match (name, &call.method) {
        ("state", &Method::GET) => Answer::json(StatusCode::OK, &state(site)),
        ("weather", method) => weather(site, method, call),
        ("clock", &Method::POST) => clock(&site.clock, &call.body),
        ("state" | "clock", _) => not_allowed(),
        _ => site.emulated.control(name, call).unwrap_or_else(|| {
            let names = [&["state", "weather", "clock"], site.emulated.controls()].concat();
            refusal(StatusCode::NOT_FOUND, &format!("there are {}", names.join(", ")))
        }),
    })
}

/// An answer that says what is wrong with a call to a control endpoint.
pub(crate) fn refusal(status: StatusCode, error: &str) -> Answer {
    Answer::json(status, &json!({ "error": error }))
}

/// The method has no meaning at this control endpoint.
pub(crate) fn not_allowed() -> Answer {
    refusal(StatusCode::METHOD_NOT_ALLOWED, "this method is not for this endpoint")
}

/// A server's own switches: `GET` shows them, `POST` replaces the members that it names, those of objects in them
/// included. A wrong one changes nothing.
pub(crate) fn settings<T>(settings: &mut T, call: &Call) -> Answer
where
    T: Serialize + DeserializeOwned,
{
    match call.method {
        Method::GET => {}
        Method::POST => match merged(settings, &call.body) {
            Ok(changed) => *settings = changed,
            Err(error) => {
                let words = format!("expected an object with some of {}: {error}", json!(settings));
                return refusal(StatusCode::BAD_REQUEST, &words);
            }
        },
        _ => return not_allowed(),
    }
    Answer::json(StatusCode::OK, &json!(settings))
}

fn merged<T: Serialize + DeserializeOwned>(settings: &T, body: &[u8]) -> serde_json::Result<T> {
    let changes: Map<String, Value> = serde_json::from_slice(body)?;
    let mut whole = serde_json::to_value(settings)?;
    merge(&mut whole, Value::Object(changes));
    serde_json::from_value(whole)
}

fn merge(into: &mut Value, changes: Value) {
    match (into, changes) {
        (Value::Object(into), Value::Object(changes)) => {
            for (name, change) in changes {
                merge(into.entry(name).or_insert(Value::Null), change);
            }
        }
        (into, change) => *into = change,
    }
}

fn state(site: &Site) -> Value {
    let mut state = site.emulated.state();
    if let Some(members) = state.as_object_mut() {
        let calls = members.remove("calls").unwrap_or_default();
        members.insert("calls".to_owned(), added(site.calls(), &calls));
    }
    state
}

/// The counts of the sockets and those of the server itself, which sees calls inside of calls.
fn added(mut counts: Map<String, Value>, more: &Value) -> Value {
    for (name, count) in more.as_object().into_iter().flatten() {
        let sum =
            counts.get(name).and_then(Value::as_u64).unwrap_or_default() + count.as_u64().unwrap_or_default();
        counts.insert(name.clone(), sum.into());
    }
    Value::Object(counts)
}

fn weather(site: &Site, method: &Method, call: &Call) -> Answer {
    let changed = match *method {
        Method::GET => Ok(()),
        Method::POST => site.weather.replace(&call.body),
        Method::DELETE => {
            site.weather.clear();
            Ok(())
        }
        _ => return not_allowed(),
    };
    match changed {
        Ok(()) => Answer::json(StatusCode::OK, &site.weather.show()),
        Err(error) => refusal(StatusCode::BAD_REQUEST, &error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance: String,
}

fn clock(clock: &Clock, body: &[u8]) -> Answer {
    match duration(body, clock.now()) {
        Ok(by) => {
            clock.advance(by);
            Answer::json(StatusCode::OK, &json!({ "now": clock.now().to_string() }))
        }
        Err(error) => refusal(StatusCode::BAD_REQUEST, error),
    }
}

/// Years and months are those that follow now.
fn duration(body: &[u8], now: Timestamp) -> Result<SignedDuration, &'static str> {
    let expected = "expected {\"advance\":\"PT2H\"}, an ISO 8601 duration";
    let Advance { advance } = serde_json::from_slice(body).map_err(|_| expected)?;
    let span: Span = advance.parse().map_err(|_| expected)?;
    let by = span.to_duration(&now.to_zoned(TimeZone::UTC)).map_err(|_| expected)?;
    if by.is_negative() {
        return Err("the clock never goes back");
    }
    now.checked_add(by).map(|_| by).map_err(|_| "the clock ends with the year 9999")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_move_the_clock() {
        let shared = Clock::new();
        for (text, hours) in [("PT2H", 2), ("P7D", 170), ("P1W", 338), ("PT0S", 338)] {
            let answer = clock(&shared, json!({ "advance": text }).to_string().as_bytes());
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(shared.ahead(), SignedDuration::from_hours(hours));
            let shown: Value = serde_json::from_slice(&answer.body).unwrap();
            assert!(shown["now"].as_str().unwrap().ends_with('Z'));
        }
    }

    #[test]
    fn a_year_goes_by_at_once() {
        let shared = Clock::new();
        assert_eq!(clock(&shared, br#"{"advance":"P1Y"}"#).status, StatusCode::OK);
        let days = shared.ahead().as_hours() / 24;
        assert!(days == 365 || days == 366, "{days}");
    }

    #[test]
    fn settings_are_merged_by_name_and_a_wrong_one_changes_nothing() {
        #[derive(Serialize, Deserialize, PartialEq, Debug)]
        #[serde(deny_unknown_fields)]
        struct Inner {
            one: u32,
            two: u32,
        }
        #[derive(Serialize, Deserialize, PartialEq, Debug)]
        #[serde(deny_unknown_fields)]
        struct Outer {
            inner: Inner,
            word: Option<String>,
        }
        let mut outer = Outer { inner: Inner { one: 1, two: 2 }, word: Some("old".to_owned()) };
        let post = |outer: &mut Outer, body| settings(outer, &Call::json(Method::POST, "/", body));
        let shown = post(&mut outer, r#"{"inner":{"two":5},"word":null}"#);
        assert_eq!(shown.body, r#"{"inner":{"one":1,"two":5},"word":null}"#);
        for wrong in [r#"{"inner":{"three":5}}"#, r#"{"word":7,"inner":{"one":9}}"#, "[]", ""] {
            let refused = post(&mut outer, wrong);
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}");
            assert!(String::from_utf8_lossy(&refused.body).contains("inner"));
        }
        assert_eq!(outer, Outer { inner: Inner { one: 1, two: 5 }, word: None });
    }

    #[test]
    fn calls_inside_of_calls_are_added_by_operation() {
        let Value::Object(counts) = json!({ "list": 2, "create": 0, "batch": 1 }) else { unreachable!() };
        let sums = json!({ "list": 5, "create": 4, "batch": 1, "other": 1 });
        assert_eq!(added(counts.clone(), &json!({ "create": 4, "list": 3, "other": 1 })), sums);
        assert_eq!(added(counts.clone(), &Value::Null), Value::Object(counts));
    }

    #[test]
    fn what_is_no_duration_or_points_back_is_refused() {
        let shared = Clock::new();
        for body in [
            r#"{"advance":"-PT2H"}"#,
            r#"{"advance":"soon"}"#,
            r#"{"advance":"P20000Y"}"#,
            r#"{"advance":"PT175000000H"}"#,
            r#"{"by":"PT1H"}"#,
            "",
        ] {
            assert_eq!(clock(&shared, body.as_bytes()).status, StatusCode::BAD_REQUEST, "{body}");
        }
        assert_eq!(shared.ahead(), SignedDuration::ZERO);
    }
}
