//! Spans of time that filters name relative to now, such as the last seven days. Days are those of UTC.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::error::{Outcome, Refusal};
use super::value::parse_time;

/// From one moment on and before another, or everything else.
#[derive(Default)]
pub(super) struct Period {
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    pub(super) outside: bool,
}

impl Period {
    fn between(from: Timestamp, until: Timestamp) -> Self {
        Self { from: Some(from), until: Some(until), outside: false }
    }
}

/// The period that a function names; `value` is its parameter.
pub(super) fn of(function: &str, value: Option<&str>, now: Timestamp) -> Outcome<Period> {
    let unknown = || {
        Refusal::query(format!(
            "An unknown function with name 'Microsoft.Dynamics.CRM.{function}' was found."
        ))
    };
    if let Some(period) = named(function, now) {
        return Ok(period);
    }
    if let Some(unit) = function.strip_prefix("LastX") {
        let span = span(unit, value).ok_or_else(unknown)?;
        return Ok(Period::between(moved(now, -span), now));
    }
    if let Some(unit) = function.strip_prefix("NextX") {
        let span = span(unit, value).ok_or_else(unknown)?;
        return Ok(Period::between(now, moved(now, span)));
    }
    if let Some(unit) = function.strip_prefix("OlderThanX") {
        let span = span(unit, value).ok_or_else(unknown)?;
        return Ok(Period { until: Some(moved(now, -span)), ..Period::default() });
    }
    let day = value.and_then(parse_time).map(date).ok_or_else(unknown)?;
    let (start, end) = (midnight(day), midnight(later(day, 1)));
    Ok(match function {
        "On" => Period::between(start, end),
        "NotOn" => Period { outside: true, ..Period::between(start, end) },
        "OnOrAfter" => Period { from: Some(start), ..Period::default() },
        "OnOrBefore" => Period { until: Some(end), ..Period::default() },
        _ => return Err(unknown()),
    })
}

/// Periods without a parameter.
fn named(function: &str, now: Timestamp) -> Option<Period> {
    let today = date(now);
    let days =
        |first: i64, last: i64| Period::between(midnight(later(today, first)), midnight(later(today, last)));
    let monday = later(today, -i64::from(today.weekday().to_monday_zero_offset()));
    let weeks =
        |by: i64| Period::between(midnight(later(monday, 7 * by)), midnight(later(monday, 7 * by + 7)));
    let month = |by: i64| {
        let first = today.first_of_month();
        let at = |by: i64| first.saturating_add(Span::new().try_months(by).unwrap_or_default());
        Period::between(midnight(at(by)), midnight(at(by + 1)))
    };
    let year = |by: i64| {
        let first = today.first_of_year();
        let at = |by: i64| first.saturating_add(Span::new().try_years(by).unwrap_or_default());
        Period::between(midnight(at(by)), midnight(at(by + 1)))
    };
    Some(match function {
        "Today" => days(0, 1),
        "Yesterday" => days(-1, 0),
        "Tomorrow" => days(1, 2),
        "Last7Days" => days(-7, 1),
        "Next7Days" => days(0, 8),
        "LastWeek" => weeks(-1),
        "ThisWeek" => weeks(0),
        "NextWeek" => weeks(1),
        "LastMonth" => month(-1),
        "ThisMonth" => month(0),
        "NextMonth" => month(1),
        "LastYear" => year(-1),
        "ThisYear" => year(0),
        "NextYear" => year(1),
        _ => return None,
    })
}

fn span(unit: &str, value: Option<&str>) -> Option<Span> {
    let count: i64 = value?.parse().ok().filter(|count| (0..=100_000).contains(count))?;
    let span = Span::new();
    match unit {
        "Minutes" => span.try_minutes(count),
        "Hours" => span.try_hours(count),
        "Days" => span.try_days(count),
        "Weeks" => span.try_weeks(count),
        "Months" => span.try_months(count),
        "Years" => span.try_years(count),
        _ => return None,
    }
    .ok()
}

fn moved(now: Timestamp, span: Span) -> Timestamp {
    let extreme = if span.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    now.to_zoned(TimeZone::UTC).checked_add(span).map_or(extreme, |zoned| zoned.timestamp())
}

fn date(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

fn later(day: Date, days: i64) -> Date {
    day.saturating_add(SignedDuration::from_hours(24 * days))
}

fn midnight(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(function: &str, value: Option<&str>) -> String {
        let period = of(function, value, "2026-11-25T10:30:00Z".parse().unwrap()).unwrap();
        let text = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
        format!("{}..{}", text(period.from), text(period.until))
    }

    #[test]
    fn periods_follow_from_now() {
        for (function, value, expected) in [
            ("Today", None, "2026-11-25T00:00:00Z..2026-11-26T00:00:00Z"),
            ("Last7Days", None, "2026-11-18T00:00:00Z..2026-11-26T00:00:00Z"),
            ("ThisWeek", None, "2026-11-23T00:00:00Z..2026-11-30T00:00:00Z"),
            ("NextMonth", None, "2026-12-01T00:00:00Z..2027-01-01T00:00:00Z"),
            ("LastYear", None, "2025-01-01T00:00:00Z..2026-01-01T00:00:00Z"),
            ("LastXHours", Some("2"), "2026-11-25T08:30:00Z..2026-11-25T10:30:00Z"),
            ("NextXMonths", Some("1"), "2026-11-25T10:30:00Z..2026-12-25T10:30:00Z"),
            ("OlderThanXYears", Some("1"), "..2025-11-25T10:30:00Z"),
            ("OnOrAfter", Some("2026-01-02T09:00:00Z"), "2026-01-02T00:00:00Z.."),
            ("OnOrBefore", Some("2026-01-02"), "..2026-01-03T00:00:00Z"),
        ] {
            assert_eq!(shown(function, value), expected, "{function}");
        }
    }

    #[test]
    fn what_is_no_period_is_refused() {
        let now = Timestamp::UNIX_EPOCH;
        for (function, value) in [
            ("LastXDays", None),
            ("LastXDays", Some("-1")),
            ("LastXEons", Some("1")),
            ("On", Some("x")),
            ("Nothing", Some("1")),
        ] {
            assert!(of(function, value, now).is_err(), "{function}");
        }
    }

    #[test]
    fn the_ends_of_time_are_no_defect() {
        assert!(of("LastXYears", Some("19000"), Timestamp::UNIX_EPOCH).is_ok());
        assert!(of("Tomorrow", None, Timestamp::MAX).is_ok());
        assert!(of("On", Some("9999-12-30"), Timestamp::UNIX_EPOCH).is_ok());
    }
}
