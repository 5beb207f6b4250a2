//! Dates as ON24 writes and reads them: the time of Los Angeles, wherever the event is.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::reads::parameter;

static PACIFIC: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("America/Los_Angeles").unwrap_or(TimeZone::UTC));

const DATE_FORMATS: &str = "Error, incorrect date formats.";

/// ISO 8601 in whole seconds with the offset of that day, never `Z`.
pub(super) fn stamp(time: Timestamp) -> String {
    time.to_zoned(PACIFIC.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The time between two instants, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    from: Timestamp,
    until: Timestamp,
}

impl Window {
    pub(super) fn contains(&self, time: Timestamp) -> bool {
        (self.from..=self.until).contains(&time)
    }

    pub(super) fn last_days(days: i64, now: Timestamp) -> Self {
        Self { from: now - SignedDuration::from_hours(24 * days), until: now }
    }

    /// What `startdate` and `enddate`, or `dateInterval` and its kin, ask for; `None` when none is given.
    pub(super) fn of(query: &[(String, String)], now: Timestamp) -> Result<Option<Self>, &'static str> {
        let bounds = (parameter(query, "startdate"), parameter(query, "enddate"));
        let interval = parameter(query, "dateinterval");
        let (offset, zone) =
            (parameter(query, "dateintervaloffset"), parameter(query, "dateintervaltimezone"));
        match (bounds, interval) {
            ((None, None), Some(days)) => Self::interval(days, offset, zone, now).map(Some),
            (_, Some(_)) => Err("Start/End date filters cannot be sent with Interval filters."),
            _ if offset.is_some() || zone.is_some() => {
                Err("dateInterval is required when passing dateInterfalOffset or dateIntervalTimezone.")
            }
            ((None, None), None) => Ok(None),
            ((from, until), None) => Self::bounds(from, until, now).map(Some),
        }
    }

    /// A missing start is 90 days before the end; a missing end is now.
    fn bounds(from: Option<&str>, until: Option<&str>, now: Timestamp) -> Result<Self, &'static str> {
        let until = until.map_or(Ok(now), |text| instant(text, Time::constant(23, 59, 59, 0)))?;
        let from =
            from.map_or(Ok(Self::last_days(90, until).from), |text| instant(text, Time::midnight()))?;
        if until < from { Err("Error, end date is before start date.") } else { Ok(Self { from, until }) }
    }

    fn interval(
        days: &str,
        offset: Option<&str>,
        zone: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, &'static str> {
        let zone =
            zone.map_or(Ok(PACIFIC.clone()), TimeZone::get).map_err(|_| "Invalid dateIntervalTimezone.")?;
        let days: i64 = days
            .parse()
            .ok()
            .filter(|days| (1..=180).contains(days))
            .ok_or("dateInterval range must be between 1 and 180 inclusive.")?;
        let back: i32 = offset.unwrap_or("0").parse().map_err(|_| "dateIntervalOffset must be a number.")?;
        let last = now.to_zoned(zone.clone()).date().checked_sub(back.days()).map_err(|_| DATE_FORMATS)?;
        let first = last.checked_sub(days.days()).map_err(|_| DATE_FORMATS)?;
        let until = local(&zone, last.to_datetime(Time::constant(23, 59, 59, 0)))?;
        Ok(Self { from: local(&zone, first.to_datetime(Time::midnight()))?, until: until.min(now) })
    }
}

/// A date (which becomes the given time of that day), a local time, or a time with its offset.
fn instant(text: &str, time: Time) -> Result<Timestamp, &'static str> {
    if !text.contains('T') {
        let date: Date = text.parse().map_err(|_| DATE_FORMATS)?;
        return local(&PACIFIC, date.to_datetime(time));
    }
    if let Ok(instant) = text.parse() {
        return Ok(instant);
    }
    local(&PACIFIC, text.parse().map_err(|_| DATE_FORMATS)?)
}

/// A time that the zone's clocks skipped is no time.
fn local(zone: &TimeZone, time: DateTime) -> Result<Timestamp, &'static str> {
    let ambiguous = zone.to_ambiguous_timestamp(time);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => Err(DATE_FORMATS),
        _ => ambiguous.compatible().map_err(|_| DATE_FORMATS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(query: &str) -> Result<Option<Window>, &'static str> {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        let query: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
        Window::of(&query, now)
    }

    fn contains(query: &str, time: &str) -> bool {
        window(query).unwrap().unwrap().contains(time.parse().unwrap())
    }

    #[test]
    fn stamps_follow_the_clocks_of_los_angeles() {
        for (time, text) in [
            ("2026-03-08T09:59:59.9Z", "2026-03-08T01:59:59-08:00"),
            ("2026-03-08T10:00:00Z", "2026-03-08T03:00:00-07:00"),
            ("2026-11-01T08:59:59Z", "2026-11-01T01:59:59-07:00"),
            ("2026-11-01T09:00:00Z", "2026-11-01T01:00:00-08:00"),
        ] {
            assert_eq!(stamp(time.parse().unwrap()), text);
        }
    }

    #[test]
    fn dates_are_pacific_days_to_their_last_second() {
        let day = "startDate=2026-07-01&enddate=2026-07-01";
        assert!(contains(day, "2026-07-01T07:00:00Z") && contains(day, "2026-07-02T06:59:59Z"));
        assert!(!contains(day, "2026-07-01T06:59:59Z") && !contains(day, "2026-07-02T07:00:00Z"));
        let hour = "startdate=2026-07-01T10:00:00&enddate=2026-07-01T20:00:00%2B02:00";
        assert!(contains(hour, "2026-07-01T17:00:00Z") && contains(hour, "2026-07-01T18:00:00Z"));
    }

    #[test]
    fn an_interval_begins_with_a_day() {
        assert!(contains("dateInterval=1", "2026-11-19T08:00:00Z"));
        assert!(!contains("dateInterval=1", "2026-11-19T07:59:59Z"));
        let earlier = "dateInterval=1&dateIntervalOffset=4";
        assert!(contains(earlier, "2026-11-16T12:00:00Z") && !contains(earlier, "2026-11-17T12:00:00Z"));
    }

    #[test]
    fn wrong_dates_and_mixtures_are_refused() {
        for (query, words) in [
            ("startdate=tomorrow", "incorrect date formats"),
            ("startdate=2020-03-08T02:15:00", "incorrect date formats"),
            ("startdate=2026-07-02&enddate=2026-07-01", "before start date"),
            ("dateInterval=181", "between 1 and 180"),
            ("dateInterval=2&dateIntervalOffset=x", "must be a number"),
            ("dateInterval=2&dateIntervalTimezone=Mars/Base", "Invalid dateIntervalTimezone"),
            ("dateIntervalOffset=2", "is required"),
            ("dateInterval=2&startdate=2026-07-02", "cannot be sent"),
        ] {
            assert!(window(query).unwrap_err().contains(words), "{query}");
        }
        assert_eq!(window("page=3"), Ok(None));
    }
}
