//! One rule: which calls it hits, when, how often, and with what.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::{Value, json};

use super::dress::{DRESSES, RetryAfter};
use super::effect::{EFFECTS, Effect, duration};

/// A rule as it is posted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRule {
    operation: String,
    effect: String,
    #[serde(default = "always")]
    probability: f64,
    #[serde(default)]
    count: Option<u64>,
    #[serde(default)]
    after: Option<String>,
    #[serde(default, rename = "for")]
    lasting: Option<String>,
    #[serde(default)]
    variant: Option<String>,
    #[serde(default)]
    retry_after: Option<String>,
}

fn always() -> f64 {
    1.0
}

/// What a server's rules can name.
#[derive(Clone, Copy)]
pub(super) struct Vocabulary {
    pub(super) operations: &'static [&'static str],
    /// Beside `DRESSES`.
    pub(super) variants: &'static [&'static str],
}

/// A rule that has been understood.
pub(super) struct Rule {
    written: WrittenRule,
    strike: Strike,
    from: Timestamp,
    until: Timestamp,
    hits: u64,
}

/// What a rule does to the call that it hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) effect: Effect,
    pub(crate) variant: Option<String>,
    pub(crate) retry_after: Option<RetryAfter>,
}

impl Rule {
    /// An error says what is allowed. The window of time begins to count now.
    pub(super) fn admit(written: WrittenRule, words: Vocabulary, now: Timestamp) -> Result<Self, String> {
        if written.operation != "*" && !words.operations.contains(&written.operation.as_str()) {
            return Err(format!("unknown operation; allowed are * and {}", words.operations.join(", ")));
        }
        if !(0.0..=1.0).contains(&written.probability) {
            return Err("probability must lie between 0 and 1".to_owned());
        }
        let strike = Strike::admit(&written, words)?;
        let from = later(now, written.after.as_deref(), "after")?.unwrap_or(now);
        let until = later(from, written.lasting.as_deref(), "for")?.unwrap_or(Timestamp::MAX);
        Ok(Self { written, strike, from, until, hits: 0 })
    }

    /// The strike, if the rule is for this call and chance wants it.
    pub(super) fn strike(
        &mut self,
        operation: &str,
        now: Timestamp,
        generator: &mut StdRng,
    ) -> Option<Strike> {
        if !self.applies(operation, now) || !generator.random_bool(self.written.probability) {
            return None;
        }
        self.hits += 1;
        Some(self.strike.clone())
    }

    fn applies(&self, operation: &str, now: Timestamp) -> bool {
        self.written.count.is_none_or(|count| self.hits < count)
            && (self.written.operation == "*" || self.written.operation == operation)
            && (self.from..self.until).contains(&now)
    }

    pub(super) fn show(&self) -> Value {
        let WrittenRule { operation, effect, probability, count, after, lasting, variant, retry_after } =
            &self.written;
        let mut shown =
            json!({ "operation": operation, "effect": effect, "probability": probability, "count": count });
        let optional =
            [("after", after), ("for", lasting), ("variant", variant), ("retry_after", retry_after)];
        for (name, value) in optional.into_iter().filter(|(_, value)| value.is_some()) {
            shown[name] = json!(value);
        }
        shown["hits"] = self.hits.into();
        shown
    }
}

impl Strike {
    fn admit(written: &WrittenRule, words: Vocabulary) -> Result<Self, String> {
        let effect =
            Effect::parse(&written.effect).ok_or_else(|| format!("unknown effect; allowed are {EFFECTS}"))?;
        if (written.variant.is_some() || written.retry_after.is_some()) && !effect.refuses() {
            return Err("variant and retry_after belong to the effects status:N and quota".to_owned());
        }
        let known = |variant: &str| DRESSES.contains(&variant) || words.variants.contains(&variant);
        if written.variant.as_deref().is_some_and(|variant| !known(variant)) {
            let allowed = [DRESSES, words.variants].concat().join(", ");
            return Err(format!("unknown variant; allowed are {allowed}"));
        }
        let retry_after = written.retry_after.as_deref().map(|text| {
            RetryAfter::parse(text).ok_or("retry_after must be none, a number of seconds, or date:SECONDS")
        });
        Ok(Self { effect, variant: written.variant.clone(), retry_after: retry_after.transpose()? })
    }
}

fn later(time: Timestamp, by: Option<&str>, name: &str) -> Result<Option<Timestamp>, String> {
    let Some(text) = by else { return Ok(None) };
    let by: Option<SignedDuration> = duration(text).filter(|by| !by.is_negative());
    let by = by.ok_or_else(|| format!("{name} must be a length of time, such as PT10M or 10m"))?;
    Ok(Some(time.saturating_add(by).unwrap_or(Timestamp::MAX)))
}
