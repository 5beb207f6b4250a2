//! What goes wrong on purpose, and how often.

mod dress;
mod effect;
mod rule;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use dress::{DRESSES, RetryAfter, dressed, gateway_page};
pub(crate) use effect::Effect;
pub(crate) use rule::Strike;
use rule::{Rule, Vocabulary, WrittenRule};

use crate::clock::Clock;
use crate::emulated::Emulated;
use crate::seeded;

/// The rules of one server. The first that hits decides; chance is seeded, so that a run repeats.
pub(crate) struct Weather {
    clock: Clock,
    words: Vocabulary,
    sky: Mutex<Sky>,
}

struct Sky {
    rules: Vec<Rule>,
    generator: StdRng,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forecast {
    rules: Vec<WrittenRule>,
}

impl Weather {
    /// Fair weather. `name` tells the chance of one server from that of another with the same seed.
    pub(crate) fn new(emulated: &dyn Emulated, clock: Clock, seed: u64, name: &str) -> Self {
        let words = Vocabulary { operations: emulated.operations(), variants: emulated.variants() };
        let generator = seeded::generator(seed, &format!("weather/{name}"));
        Self { clock, words, sky: Mutex::new(Sky { rules: Vec::new(), generator }) }
    }

    /// What happens to the next request of this operation; `None` is fair weather.
    pub(crate) fn strike(&self, operation: &str) -> Option<Strike> {
        let Sky { rules, generator } = &mut *self.sky();
        if rules.is_empty() {
            return None;
        }
        let now = self.clock.now();
        rules.iter_mut().find_map(|rule| rule.strike(operation, now, generator))
    }

    /// Replaces the rules. On an error, which says what is allowed, they stay as they were.
    pub(crate) fn replace(&self, body: &[u8]) -> Result<(), String> {
        let forecast: Forecast = serde_json::from_slice(body).map_err(|error| {
            format!(
                "expected {{\"rules\":[{{\"operation\",\"effect\",\"probability\",\"count\",\"after\",\"for\",\
                 \"variant\",\"retry_after\"}}]}}: {error}"
            )
        })?;
        let now = self.clock.now();
        let rules = forecast.rules.into_iter().map(|rule| Rule::admit(rule, self.words, now));
        let rules = rules.collect::<Result<_, _>>()?;
        self.sky().rules = rules;
        Ok(())
    }

    pub(crate) fn clear(&self) {
        self.sky().rules.clear();
    }

    /// The rules as they were written, how often each has hit, and the names that rules can use.
    pub(crate) fn show(&self) -> Value {
        let rules: Vec<Value> = self.sky().rules.iter().map(Rule::show).collect();
        let variants = [DRESSES, self.words.variants].concat();
        json!({ "operations": self.words.operations, "variants": variants, "rules": rules })
    }

    fn sky(&self) -> MutexGuard<'_, Sky> {
        self.sky.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
