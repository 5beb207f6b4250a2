//! How often each operation may be called in a minute.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::refusal::Refusal;
use super::route::Route;
use super::settings::Settings;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A minute begins with the first call in it.
struct Window {
    since: Timestamp,
    calls: u32,
}

/// The calls by operation and, where each token has a quota of its own, by token.
#[derive(Default)]
pub(super) struct Throttle {
    windows: HashMap<(&'static str, usize), Window>,
}

impl Throttle {
    /// Counts the call, or refuses it; one that is refused does not count.
    pub(super) fn count(
        &mut self,
        token: usize,
        route: &Route,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if !settings.quotas {
            return Ok(());
        }
        let token = if settings.quota_by_token { token } else { 0 };
        let fresh = || Window { since: now, calls: 0 };
        let window = self.windows.entry((route.operation, token)).or_insert_with(fresh);
        if now.duration_since(window.since) >= MINUTE {
            *window = fresh();
        }
        if window.calls >= limit(route, settings) {
            return Err(Refusal::Quota(route.words));
        }
        window.calls += 1;
        Ok(())
    }
}

/// The published number as it is scaled, but at least one call.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast keeps within u32")]
fn limit(route: &Route, settings: &Settings) -> u32 {
    let scaled = f64::from(route.per_minute) * settings.quota_scale;
    (scaled.round() as u32).max(1)
}
