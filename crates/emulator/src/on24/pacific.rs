//! Dates as ON24 writes and reads them: the time of Los Angeles, wherever the event is.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::{AmbiguousOffset, TimeZone};

static PACIFIC: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get(NAME).unwrap_or(TimeZone::UTC));

pub(super) const NAME: &str = "America/Los_Angeles";
/// The longest form of a time in a query; the others are its beginnings of these lengths.
const LIKE: &[u8] = b"0000-00-00T00:00:00+00:00";
const LENGTHS: [usize; 3] = [10, 19, LIKE.len()];

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
        let date = read(text, "%Y-%m-%d").and_then(|date| date.to_date().ok());
        return local(&PACIFIC, date.ok_or(DATE_FORMATS)?.to_datetime(of_day));
    }
    time(text)
}

/// Whether the text is a time with its offset.
pub(super) fn has_offset(text: &str) -> bool {
    with_offset(text).is_some()
}

fn with_offset(text: &str) -> Option<Timestamp> {
    read(text, "%Y-%m-%dT%H:%M:%S%:z")?.to_timestamp().ok()
}

/// A local time, or a time with its offset.
pub(super) fn time(text: &str) -> Result<Timestamp, &'static str> {
    if let Some(moment) = with_offset(text) {
        return Ok(moment);
    }
    let time = read(text, "%Y-%m-%dT%H:%M:%S").and_then(|time| time.to_datetime().ok());
    local(&PACIFIC, time.ok_or(DATE_FORMATS)?)
}

/// Every number has all of its digits, which `strtime` does not ask for.
fn read(text: &str, format: &str) -> Option<strtime::BrokenDownTime> {
    let fits = |(byte, like): (u8, &u8)| match like {
        b'0' => byte.is_ascii_digit(),
        b'+' => matches!(byte, b'+' | b'-'),
        mark => byte == *mark,
    };
    let is_whole = LENGTHS.contains(&text.len()) && text.bytes().zip(LIKE).all(fits);
    is_whole.then(|| strtime::parse(format, text).ok()).flatten()
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
