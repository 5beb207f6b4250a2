//! What the benchmarks share. Each measures against a reference of its own run.

pub mod backlog;
pub mod crowd;
pub mod load;
pub mod peer;
pub mod process;
pub mod site;
pub mod usual;
pub mod watch;

use std::time::{Duration, Instant};

/// The machine's stopwatch.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
pub fn now() -> Instant {
    Instant::now()
}

/// So many in that time, a second.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
pub fn per_second(count: usize, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

/// The time that so many in a hundred stayed within, in milliseconds. `times` in rising order.
pub fn percentile_ms(times: &[Duration], percent: usize) -> f64 {
    times.get(times.len().saturating_sub(1) * percent / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

/// With so many digits after the point, for a line that people read.
pub fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// The one in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
