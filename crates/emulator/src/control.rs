//! `/_emulator/…`: state, weather and clock of a server. No authentication, not counted.

use http::{Method, StatusCode};
use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::Deserialize;
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
            refusal(
                StatusCode::NOT_FOUND,
                "there is state, weather, clock, and what this server has of its own",
            )
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
    match duration(body) {
        Ok(by) => {
            clock.advance(by);
            Answer::json(StatusCode::OK, &json!({ "now": clock.now().to_string() }))
        }
        Err(error) => refusal(StatusCode::BAD_REQUEST, error),
    }
}

fn duration(body: &[u8]) -> Result<SignedDuration, &'static str> {
    let expected =
        "expected {\"advance\":\"PT2H\"}, an ISO 8601 duration in weeks, days, hours, minutes, seconds";
    let Advance { advance } = serde_json::from_slice(body).map_err(|_| expected)?;
    let span: Span = advance.parse().map_err(|_| expected)?;
    let by = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| expected)?;
    if by.is_negative() { Err("the clock never goes back") } else { Ok(by) }
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
            r#"{"advance":"P1M"}"#,
            r#"{"by":"PT1H"}"#,
            "",
        ] {
            assert_eq!(clock(&shared, body.as_bytes()).status, StatusCode::BAD_REQUEST, "{body}");
        }
        assert_eq!(shared.ahead(), SignedDuration::ZERO);
    }
}
