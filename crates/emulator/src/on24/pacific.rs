//! Dates as ON24 writes and reads them: the time of Los Angeles, wherever the event is.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::{AmbiguousOffset, TimeZone};

static PACIFIC: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get(NAME).unwrap_or(TimeZone::UTC));

pub(super) const NAME: &str = "America/Los_Angeles";
pub(super) const DATE_FORMATS: &str = "Error, incorrect date formats.";

pub(super) fn zone() -> TimeZone {
    PACIFIC.clone()
}

/// ISO 8601 in whole seconds with the offset of that day, never `Z`.
pub(super) fn stamp(time: Timestamp) -> String {
    time.to_zoned(zone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

pub(super) fn date(time: Timestamp) -> Date {
    time.to_zoned(zone()).date()
}

/// A date (which becomes the given time of that day), a local time, or a time with its offset.
pub(super) fn instant(text: &str, of_day: Time) -> Result<Timestamp, &'static str> {
    if !text.contains('T') {
        let date = read(text, "%Y-%m-%d").and_then(|date| date.to_date());
        return local(&PACIFIC, date.map_err(|_| DATE_FORMATS)?.to_datetime(of_day));
    }
    time(text)
}

/// A local time, or a time with its offset.
pub(super) fn time(text: &str) -> Result<Timestamp, &'static str> {
    if let Ok(moment) = read(text, "%Y-%m-%dT%H:%M:%S%:z").and_then(|time| time.to_timestamp()) {
        return Ok(moment);
    }
    let time = read(text, "%Y-%m-%dT%H:%M:%S").and_then(|time| time.to_datetime());
    local(&PACIFIC, time.map_err(|_| DATE_FORMATS)?)
}

fn read(text: &str, format: &str) -> Result<strtime::BrokenDownTime, jiff::Error> {
    strtime::parse(format, text)
}

/// A time that the zone's clocks skipped is no time.
pub(super) fn local(zone: &TimeZone, time: DateTime) -> Result<Timestamp, &'static str> {
    let ambiguous = zone.to_ambiguous_timestamp(time);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => Err(DATE_FORMATS),
        _ => ambiguous.compatible().map_err(|_| DATE_FORMATS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on24_29_stamps_follow_the_clocks_of_los_angeles() {
        for (time, text) in [
            ("2026-03-08T09:59:59.9Z", "2026-03-08T01:59:59-08:00"),
            ("2026-03-08T10:00:00Z", "2026-03-08T03:00:00-07:00"),
            ("2026-11-01T08:59:59Z", "2026-11-01T01:59:59-07:00"),
            ("2026-11-01T09:00:00Z", "2026-11-01T01:00:00-08:00"),
        ] {
            assert_eq!(stamp(time.parse().unwrap()), text);
        }
    }
}
