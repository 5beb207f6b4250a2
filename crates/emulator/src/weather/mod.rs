//! What goes wrong on purpose, and how often.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use jiff::{SignedDuration, SpanRelativeTo};
use rand::RngExt;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::seeded;

const EFFECTS: &str = "status:N (N from 200 to 599), quota, drop_after_accept, hang, reset, delay:TIME (such as 800ms or 2s), garbage";

/// What happens to a request that a rule hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Not applied; answered with this status.
    Status(StatusCode),
    /// Not applied; answered in the vendor's words for "too many calls".
    Quota,
    /// Applied; the connection closes without an answer.
    DropAfterAccept,
    /// Not applied; silence until the client gives up.
    Hang,
    /// Not applied; the connection closes.
    Reset,
    /// Applied after that time, whether or not the client still waits; then answered as usual.
    Delay(Duration),
    /// Applied; answered 200 with a body that is not JSON.
    Garbage,
}

impl Effect {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("status", number)) => {
                let number = number.parse().ok().filter(|number| (200..600).contains(number))?;
                StatusCode::from_u16(number).ok().map(Self::Status)
            }
            Some(("delay", time)) => {
                let span: jiff::Span = time.parse().ok()?;
                let time: SignedDuration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
                time.try_into().ok().map(Self::Delay)
            }
            Some(_) => None,
            None => Self::plain(text),
        }
    }

    fn plain(text: &str) -> Option<Self> {
        Some(match text {
            "quota" => Self::Quota,
            "drop_after_accept" => Self::DropAfterAccept,
            "hang" => Self::Hang,
            "reset" => Self::Reset,
            "garbage" => Self::Garbage,
            _ => return None,
        })
    }
}

/// The rules of one server. The first that hits decides; chance is seeded, so that a run repeats.
pub(crate) struct Weather {
    operations: &'static [&'static str],
    sky: Mutex<Sky>,
}

struct Sky {
    rules: Vec<Rule>,
    generator: StdRng,
}

struct Rule {
    written: WrittenRule,
    effect: Effect,
    hits: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forecast {
    rules: Vec<WrittenRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    operation: String,
    effect: String,
    #[serde(default = "always")]
    probability: f64,
    #[serde(default)]
    count: Option<u64>,
}

fn always() -> f64 {
    1.0
}

impl Weather {
    /// Fair weather. `name` tells the chance of one server from that of another with the same seed.
    pub(crate) fn new(operations: &'static [&'static str], seed: u64, name: &str) -> Self {
        let generator = seeded::generator(seed, &format!("weather/{name}"));
        Self { operations, sky: Mutex::new(Sky { rules: Vec::new(), generator }) }
    }

    /// What happens to the next request of this operation; `None` is fair weather.
    pub(crate) fn strike(&self, operation: &str) -> Option<Effect> {
        let Sky { rules, generator } = &mut *self.sky();
        let hit = rules.iter_mut().find(|rule| rule.applies(operation) && rule.falls(generator))?;
        hit.hits += 1;
        Some(hit.effect)
    }

    /// Replaces the rules. On an error, which says what is allowed, they stay as they were.
    pub(crate) fn replace(&self, body: &[u8]) -> Result<(), String> {
        let forecast: Forecast = serde_json::from_slice(body).map_err(|error| {
            format!(
                "expected {{\"rules\":[{{\"operation\",\"effect\",\"probability\",\"count\"}}]}}: {error}"
            )
        })?;
        let rules = forecast.rules.into_iter().map(|rule| self.admit(rule)).collect::<Result<_, _>>()?;
        self.sky().rules = rules;
        Ok(())
    }

    pub(crate) fn clear(&self) {
        self.sky().rules.clear();
    }

    /// The rules as they were written, how often each has hit, and the names of the operations.
    pub(crate) fn show(&self) -> Value {
        let rules: Vec<Value> = self.sky().rules.iter().map(Rule::show).collect();
        json!({ "operations": self.operations, "rules": rules })
    }

    fn admit(&self, written: WrittenRule) -> Result<Rule, String> {
        if written.operation != "*" && !self.operations.contains(&written.operation.as_str()) {
            return Err(format!("unknown operation; allowed are * and {}", self.operations.join(", ")));
        }
        if !(0.0..=1.0).contains(&written.probability) {
            return Err("probability must lie between 0 and 1".to_owned());
        }
        let effect =
            Effect::parse(&written.effect).ok_or_else(|| format!("unknown effect; allowed are {EFFECTS}"))?;
        Ok(Rule { written, effect, hits: 0 })
    }

    fn sky(&self) -> MutexGuard<'_, Sky> {
        self.sky.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule {
    fn applies(&self, operation: &str) -> bool {
        let left = self.written.count.is_none_or(|count| self.hits < count);
        left && (self.written.operation == "*" || self.written.operation == operation)
    }

    fn falls(&self, generator: &mut StdRng) -> bool {
        generator.random_bool(self.written.probability)
    }

    fn show(&self) -> Value {
        let WrittenRule { operation, effect, probability, count } = &self.written;
        json!({ "operation": operation, "effect": effect, "probability": probability, "count": count,
                "hits": self.hits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weather(seed: u64, rules: &Value) -> Weather {
        let weather = Weather::new(&["register", "other"], seed, "test");
        weather.replace(json!({ "rules": rules }).to_string().as_bytes()).unwrap();
        weather
    }

    #[test]
    fn every_effect_is_read() {
        let effects = [
            ("status:503", Effect::Status(StatusCode::SERVICE_UNAVAILABLE)),
            ("quota", Effect::Quota),
            ("drop_after_accept", Effect::DropAfterAccept),
            ("hang", Effect::Hang),
            ("reset", Effect::Reset),
            ("delay:800ms", Effect::Delay(Duration::from_millis(800))),
            ("delay:2s", Effect::Delay(Duration::from_secs(2))),
            ("garbage", Effect::Garbage),
        ];
        for (text, effect) in effects {
            assert_eq!(
                weather(1, &json!([{ "operation": "register", "effect": text }])).strike("register"),
                Some(effect)
            );
        }
    }

    #[test]
    fn the_first_rule_that_hits_wins_and_a_count_runs_out() {
        let weather = weather(
            1,
            &json!([{ "operation": "register", "effect": "reset", "count": 2 }, { "operation": "*", "effect": "quota" }]),
        );
        let struck: Vec<_> = (0..3).map(|_| weather.strike("register").unwrap()).collect();
        assert_eq!(struck, [Effect::Reset, Effect::Reset, Effect::Quota]);
        assert_eq!(weather.strike("other"), Some(Effect::Quota));
        assert_eq!(weather.show()["rules"][0]["hits"], 2);
        weather.clear();
        assert_eq!(weather.strike("other"), None);
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
    fn refusals_say_what_is_allowed_and_leave_the_rules() {
        let weather = weather(1, &json!([{ "operation": "*", "effect": "quota" }]));
        let refused =
            |rule: Value| weather.replace(json!({ "rules": [rule] }).to_string().as_bytes()).unwrap_err();
        assert!(refused(json!({ "operation": "fly", "effect": "quota" })).contains("register, other"));
        for effect in ["snow", "status:99", "status:abc", "delay:soon", "delay:-2s", "reset:1"] {
            assert!(
                refused(json!({ "operation": "*", "effect": effect })).contains("drop_after_accept"),
                "{effect}"
            );
        }
        assert!(
            refused(json!({ "operation": "*", "effect": "quota", "probability": 1.5 })).contains("0 and 1")
        );
        assert!(refused(json!({ "operation": "*", "effect": "quota", "chance": 1 })).contains("probability"));
        assert!(weather.replace(b"rain").is_err());
        assert_eq!(weather.strike("other"), Some(Effect::Quota));
    }
}
