use async_trait::async_trait;
use http::StatusCode;
use jiff::SignedDuration;

use super::dress::RetryAfter;
use super::*;
use crate::wire::{Answer, Call};

/// A server with two operations and one shape of its own.
struct Hut;

#[async_trait]
impl Emulated for Hut {
    fn operations(&self) -> &'static [&'static str] {
        &["register", "other"]
    }
    fn operation(&self, _: &Call) -> &'static str {
        "other"
    }
    async fn handle(&self, _: Call) -> Answer {
        Answer::empty(StatusCode::OK)
    }
    fn variants(&self) -> &'static [&'static str] {
        &["odd"]
    }
    fn quota(&self, _: &str, _: Option<&str>) -> Answer {
        Answer::empty(StatusCode::TOO_MANY_REQUESTS)
    }
    fn state(&self) -> Value {
        json!({})
    }
}

fn over(clock: &Clock, seed: u64, rules: &Value) -> Weather {
    let weather = Weather::new(&Hut, clock.clone(), seed, "test");
    weather.replace(json!({ "rules": rules }).to_string().as_bytes()).unwrap();
    weather
}

fn weather(seed: u64, rules: &Value) -> Weather {
    over(&Clock::new(), seed, rules)
}

fn struck(weather: &Weather, operation: &str) -> Option<Effect> {
    weather.strike(operation).map(|strike| strike.effect)
}

#[test]
fn the_first_rule_that_hits_wins_and_a_count_runs_out() {
    let weather = weather(
        1,
        &json!([{ "operation": "register", "effect": "reset", "count": 2 }, { "operation": "*", "effect": "quota" }]),
    );
    let effects: Vec<_> = (0..3).map(|_| struck(&weather, "register").unwrap()).collect();
    assert_eq!(effects, [Effect::Reset, Effect::Reset, Effect::Quota]);
    assert_eq!(struck(&weather, "other"), Some(Effect::Quota));
    assert_eq!(weather.show()["rules"][0]["hits"], 2);
    weather.clear();
    assert_eq!(struck(&weather, "other"), None);
}

#[test]
fn chance_keeps_to_its_probability_and_repeats_with_its_seed() {
    let rules = json!([{ "operation": "*", "effect": "quota", "probability": 0.05 }]);
    let run = |seed| {
        let weather = weather(seed, &rules);
        (0..4000).map(|_| weather.strike("other").is_some()).collect::<Vec<_>>()
    };
    let hits = run(7).into_iter().filter(|hit| *hit).count();
    assert!((140..=260).contains(&hits), "{hits} of 4000");
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn a_rule_holds_from_after_for_so_long_on_the_emulators_clock() {
    let clock = Clock::new();
    let weather =
        over(&clock, 1, &json!([{ "operation": "*", "effect": "reset", "after": "PT10M", "for": "1h" }]));
    let mut seen = Vec::new();
    for minutes in [0, 9, 2, 57, 5] {
        clock.advance(SignedDuration::from_mins(minutes));
        seen.push(weather.strike("other").is_some());
    }
    assert_eq!(seen, [false, false, true, true, false]);
    assert_eq!(weather.show()["rules"][0]["for"], "1h");
}

#[test]
fn a_refusal_carries_its_shape_and_when_to_come_again() {
    let rules =
        json!([{ "operation": "*", "effect": "status:503", "variant": "odd", "retry_after": "date:5" }]);
    let strike = weather(1, &rules).strike("other").unwrap();
    assert_eq!(strike.variant.as_deref(), Some("odd"));
    assert_eq!(strike.retry_after, Some(RetryAfter::Date(5)));
}

#[test]
fn refusals_say_what_is_allowed_and_leave_the_rules() {
    let weather = weather(1, &json!([{ "operation": "*", "effect": "quota" }]));
    let refused =
        |rule: Value| weather.replace(json!({ "rules": [rule] }).to_string().as_bytes()).unwrap_err();
    assert!(refused(json!({ "operation": "fly", "effect": "quota" })).contains("register, other"));
    assert!(refused(json!({ "operation": "*", "effect": "snow" })).contains("drop_after_accept"));
    for (member, value, words) in [
        ("probability", json!(1.5), "0 and 1"),
        ("chance", json!(1), "probability"),
        ("after", json!("soon"), "PT10M"),
        ("for", json!("-PT1M"), "PT10M"),
        ("variant", json!("strange"), "html, xml, odd"),
        ("retry_after", json!("soon"), "date:SECONDS"),
    ] {
        let mut rule = json!({ "operation": "*", "effect": "quota" });
        rule[member] = value;
        let error = refused(rule);
        assert!(error.contains(words), "{member}: {error}");
    }
    let misplaced = json!({ "operation": "*", "effect": "hang", "variant": "html" });
    assert!(refused(misplaced).contains("status:N and quota"));
    assert!(weather.replace(b"rain").is_err());
    assert_eq!(struck(&weather, "other"), Some(Effect::Quota));
}
