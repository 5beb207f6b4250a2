//! The service-protection limits of one user on one web server: requests and execution time within a sliding window,
//! and requests under way at once.
//!
//! How long a client is told to wait is this server's own rule, as the platform names none: until the window has room
//! again, and longer by a fixed time for each request that comes before the wait is over.

use std::collections::VecDeque;

use http::StatusCode;
use http::header::{HeaderName, RETRY_AFTER};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Refusal;
use crate::wire::Answer;

/// How much a user may do, and what requests cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitRules {
    /// Whether the limits hold.
    pub(super) enforced: bool,
    /// Requests that may begin within a window.
    pub(super) requests: u32,
    /// Execution time that may be spent within a window.
    pub(super) execution_ms: u64,
    /// Requests that may be under way at once.
    pub(super) concurrent: u32,
    /// The length of the sliding window.
    pub(super) window_s: u32,
    /// How much longer the wait becomes with each request that comes before it is over.
    pub(super) extension_s: u32,
    /// What a request costs of the execution time, however fast this server is.
    pub(super) cost_read_ms: u64,
    pub(super) cost_list_ms: u64,
    pub(super) cost_write_ms: u64,
    /// What each further row costs that one write changes, as in `CreateMultiple` or a cascade.
    pub(super) cost_row_ms: u64,
}

impl Default for LimitRules {
    fn default() -> Self {
        Self {
            enforced: false,
            requests: 6000,
            execution_ms: 1_200_000,
            concurrent: 52,
            window_s: 300,
            extension_s: 5,
            cost_read_ms: 20,
            cost_list_ms: 80,
            cost_write_ms: 120,
            cost_row_ms: 30,
        }
    }
}

impl LimitRules {
    /// What is wrong with the values, in words for whoever set them.
    pub(super) fn mistake(&self) -> Option<String> {
        (self.requests > 1_000_000 || self.window_s == 0)
            .then(|| "limits.requests is at most 1000000, limits.window_s at least 1".to_owned())
    }

    fn window_ms(&self) -> i64 {
        i64::from(self.window_s) * 1000
    }
}

/// The limit that was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Facet {
    Requests,
    Execution,
    Concurrency,
}

impl Facet {
    /// By its name as a variant of weather.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "requests" => Self::Requests,
            "execution_time" => Self::Execution,
            "concurrency" => Self::Concurrency,
            _ => return None,
        })
    }

    /// The 429 in the platform's words.
    pub(super) fn answer(self, rules: &LimitRules, wait_s: i64) -> Answer {
        let window = rules.window_s;
        let (code, message) = match self {
            Self::Requests => (
                "0x80072322",
                format!(
                    "Number of requests exceeded the limit of {} over time window of {window} seconds.",
                    rules.requests
                ),
            ),
            Self::Execution => (
                "0x80072321",
                format!(
                    "Combined execution time of incoming requests exceeded limit of {}  milliseconds over time window \
                     of {window} seconds. Decrease number of concurrent requests or reduce the duration of requests \
                     and try again later.",
                    grouped(rules.execution_ms)
                ),
            ),
            Self::Concurrency => (
                "0x80072326",
                format!("Number of concurrent requests exceeded the limit of {}.", rules.concurrent),
            ),
        };
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, code, message)
            .answer()
            .with(RETRY_AFTER, &wait_s.to_string())
    }
}

/// A request that was let in, and what it cost.
struct Entry {
    at_ms: i64,
    cost_ms: u64,
}

/// A wait that was imposed.
struct Ban {
    facet: Facet,
    until_ms: i64,
    /// How many requests were refused without a pause as long as they were told to make.
    strikes: i64,
}

/// What a user has done lately.
#[derive(Default)]
pub(super) struct Limits {
    entries: VecDeque<Entry>,
    spent_ms: u64,
    flying: u32,
    ban: Option<Ban>,
}

impl Limits {
    /// Lets a request in and counts it as under way, or says which limit it meets and for how many seconds.
    pub(super) fn enter(&mut self, rules: &LimitRules, now: Timestamp) -> Result<(), (Facet, i64)> {
        let now = now.as_millisecond();
        self.slide(rules, now);
        if let Some(facet) = self.met(rules, now) {
            return Err((facet, self.refuse(facet, rules, now)));
        }
        self.entries.push_back(Entry { at_ms: now, cost_ms: 0 });
        self.flying = self.flying.saturating_add(1);
        Ok(())
    }

    /// A request is no longer under way.
    pub(super) fn leave(&mut self) {
        self.flying = self.flying.saturating_sub(1);
    }

    /// Charges execution time to a request of the present.
    pub(super) fn charge(&mut self, cost_ms: u64) {
        if let Some(entry) = self.entries.back_mut() {
            entry.cost_ms = entry.cost_ms.saturating_add(cost_ms);
            self.spent_ms = self.spent_ms.saturating_add(cost_ms);
        }
    }

    /// What is left of the window's two rules, as the headers of an answer tell it.
    pub(super) fn left(&mut self, rules: &LimitRules, now: Timestamp) -> (u32, u64) {
        self.slide(rules, now.as_millisecond());
        let used = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        (rules.requests.saturating_sub(used), rules.execution_ms.saturating_sub(self.spent_ms))
    }

    /// Forgets all but the requests that are under way.
    pub(super) fn forget(&mut self) {
        *self = Self { flying: self.flying, ..Self::default() };
    }

    fn slide(&mut self, rules: &LimitRules, now: i64) {
        while self.entries.front().is_some_and(|entry| entry.at_ms <= now - rules.window_ms()) {
            if let Some(entry) = self.entries.pop_front() {
                self.spent_ms = self.spent_ms.saturating_sub(entry.cost_ms);
            }
        }
    }

    fn met(&self, rules: &LimitRules, now: i64) -> Option<Facet> {
        // A wait for room under way ends with the room; the waits for the window hold for every request.
        let banned = self.ban.as_ref().filter(|ban| now < ban.until_ms && ban.facet != Facet::Concurrency);
        if let Some(ban) = banned {
            return Some(ban.facet);
        }
        if self.entries.len() >= usize::try_from(rules.requests).unwrap_or(usize::MAX) {
            return Some(Facet::Requests);
        }
        if self.spent_ms >= rules.execution_ms {
            return Some(Facet::Execution);
        }
        (self.flying >= rules.concurrent).then_some(Facet::Concurrency)
    }

    /// Imposes a wait, in whole seconds: longer than the last if that was not kept.
    fn refuse(&mut self, facet: Facet, rules: &LimitRules, now: i64) -> i64 {
        let strikes = match &self.ban {
            Some(ban) if now < ban.until_ms && ban.facet == facet => ban.strikes.saturating_add(1),
            _ => 0,
        };
        let extension = (i64::from(rules.extension_s) * 1000).saturating_mul(strikes);
        let wait = self.room_in(facet, rules, now).saturating_add(extension);
        let wait_s = wait.clamp(1000, rules.window_ms().max(1000)).saturating_add(999) / 1000;
        self.ban = Some(Ban { facet, until_ms: now.saturating_add(wait_s * 1000), strikes });
        wait_s
    }

    /// How long it takes until a request has room again, if nothing else comes.
    fn room_in(&self, facet: Facet, rules: &LimitRules, now: i64) -> i64 {
        let leaves = |entry: &Entry| entry.at_ms.saturating_add(rules.window_ms()) - now;
        match facet {
            Facet::Concurrency => 1000,
            Facet::Requests => {
                let over = self.entries.len().saturating_sub(usize::try_from(rules.requests).unwrap_or(0));
                self.entries.get(over).map_or(1000, leaves)
            }
            Facet::Execution => {
                let mut left = self.spent_ms;
                let enough = self.entries.iter().find(|entry| {
                    left = left.saturating_sub(entry.cost_ms);
                    left < rules.execution_ms
                });
                enough.map_or(1000, leaves)
            }
        }
    }
}

const BURST: HeaderName = HeaderName::from_static("x-ms-ratelimit-burst-remaining-xrm-requests");
const TIME: HeaderName = HeaderName::from_static("x-ms-ratelimit-time-remaining-xrm-requests");

/// Puts what is left onto an answer: requests, and seconds as `1,200.00`.
pub(super) fn tell(answer: Answer, (requests, execution_ms): (u32, u64)) -> Answer {
    let time = format!("{}.{:02}", grouped(execution_ms / 1000), execution_ms % 1000 / 10);
    answer.with(BURST, &requests.to_string()).with(TIME, &time)
}

/// A number with a comma after each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
