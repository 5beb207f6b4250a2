//! Values of the CRM as values of the domain: times, texts, codes.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize as _;
use serde::de::IntoDeserializer;
use serde::de::value::Error;
use webinar_bridge_domain::fault::Code;
use webinar_bridge_domain::time::{SignedDuration, Timestamp, later, whole_micros};

use crate::config::{Events, named};
use crate::dto::Row;
use crate::zones::{TimeZones, rules};

/// When an event takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) starts: Timestamp,
    pub(crate) ends: Timestamp,
}

/// Why nobody can tell when an event takes place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoTimes {
    /// It has no start yet.
    Open,
    /// A time is not a time.
    Unreadable,
    /// Its time zone is unknown; the code names it.
    UnknownZone(Code),
}

/// When an event takes place.
///
/// Start and end are what a clock on the wall shows in the event's zone, whatever the `Z` behind them says. A clock
/// time that does not exist, or exists twice, is read as Windows and calendars do: after the gap, and the first of
/// the two. When the zone is unknown or missing, the copies in UTC are taken.
pub(crate) fn times(row: &Row, events: &Events, zones: &TimeZones) -> Result<Times, NoTimes> {
    let code = named(&events.time_zone).and_then(|column| row.number(column));
    if let Some(zone) = code.and_then(|code| zones.rules(code)) {
        return on_the_wall(row, events, &zone);
    }
    if let Some(starts) = utc(row, &events.start_utc)? {
        return Ok(times_from(starts, utc(row, &events.end_utc)?, events));
    }
    match (code, rules(&events.zone_if_none)) {
        (None, Some(zone)) => on_the_wall(row, events, &zone),
        (code, _) if clock(row, &events.start)?.is_some() => Err(NoTimes::UnknownZone(zone_code(code))),
        _ => Err(NoTimes::Open),
    }
}

fn on_the_wall(row: &Row, events: &Events, zone: &TimeZone) -> Result<Times, NoTimes> {
    let instant = |clock: DateTime| {
        let zoned = zone.to_ambiguous_zoned(clock).compatible();
        zoned.map(|zoned| zoned.timestamp()).map_err(|_| NoTimes::Unreadable)
    };
    let starts = instant(clock(row, &events.start)?.ok_or(NoTimes::Open)?)?;
    let ends = clock(row, &events.end)?.map(instant).transpose()?;
    Ok(times_from(starts, ends, events))
}

/// An end before the start is a mistake that the CRM allows: the event then ends as it begins.
fn times_from(starts: Timestamp, ends: Option<Timestamp>, events: &Events) -> Times {
    let assumed = SignedDuration::from_mins(i64::from(events.minutes_if_open));
    let ends = ends.unwrap_or_else(|| later(starts, assumed));
    Times { starts: whole_micros(starts), ends: whole_micros(ends.max(starts)) }
}

/// What the clock on the wall shows.
fn clock(row: &Row, column: &str) -> Result<Option<DateTime>, NoTimes> {
    let Some(text) = row.text(column) else { return Ok(None) };
    let instant = text.parse::<Timestamp>().map(|instant| TimeZone::UTC.to_datetime(instant));
    instant.or_else(|_| text.parse()).map(Some).map_err(|_| NoTimes::Unreadable)
}

fn utc(row: &Row, column: &str) -> Result<Option<Timestamp>, NoTimes> {
    let text = named(column).and_then(|column| row.text(column));
    text.map(|text| text.parse().map_err(|_| NoTimes::Unreadable)).transpose()
}

/// `dataverse.time_zone.<code>`, so that whoever reads it knows what to add to the settings.
fn zone_code(code: Option<i64>) -> Code {
    let name =
        code.map_or_else(|| "dataverse.time_zone".to_owned(), |code| format!("dataverse.time_zone.{code}"));
    Code::deserialize(IntoDeserializer::<Error>::into_deserializer(name))
        .unwrap_or_else(|_| Code::new("dataverse.time_zone"))
}

/// An instant as the Web API takes it: UTC, whole seconds.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// As much of a text as a column of `length` characters takes; the platform counts UTF-16 units.
pub(crate) fn shortened(text: &str, length: u32) -> &str {
    let mut units = 0;
    let fits = |&(_, c): &(usize, char)| {
        units += c.len_utf16();
        units <= length as usize
    };
    let end = text.char_indices().take_while(fits).last().map_or(0, |(at, c)| at + c.len_utf8());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row(value: Value) -> Row {
        serde_json::from_value(value).unwrap()
    }

    fn read(value: Value) -> Result<(String, String), NoTimes> {
        let times = times(&row(value), &Events::default(), &TimeZones::default())?;
        Ok((times.starts.to_string(), times.ends.to_string()))
    }

    fn at(zone: i64, start: &str, end: &str) -> Result<(String, String), NoTimes> {
        read(json!({
            "msevtmgt_eventtimezone": zone, "msevtmgt_eventstartdate": start, "msevtmgt_eventenddate": end,
        }))
    }

    fn pair(starts: &str, ends: &str) -> (String, String) {
        (starts.to_owned(), ends.to_owned())
    }

    /// Code, wall clock of start and end, the same in UTC. London: winter, summer, the gap of March, the fold of
    /// October; New York changes on other days than Europe; the others: midnight, half an hour, parts of a second.
    const CLOCKS: &str = "
        85  2026-01-15T09:00:00Z 2026-01-15T10:00:00Z   2026-01-15T09:00:00Z 2026-01-15T10:00:00Z
        85  2026-07-15T09:00:00Z 2026-07-15T10:00:00Z   2026-07-15T08:00:00Z 2026-07-15T09:00:00Z
        85  2026-03-29T01:30:00Z 2026-03-29T03:00:00Z   2026-03-29T01:30:00Z 2026-03-29T02:00:00Z
        85  2026-10-25T01:30:00Z 2026-10-25T02:30:00Z   2026-10-25T00:30:00Z 2026-10-25T02:30:00Z
        35  2026-03-10T09:00:00Z 2026-03-10T10:00:00Z   2026-03-10T13:00:00Z 2026-03-10T14:00:00Z
        35  2026-03-08T02:30:00Z 2026-03-08T04:00:00Z   2026-03-08T07:30:00Z 2026-03-08T08:00:00Z
        35  2026-11-01T01:30:00Z 2026-11-01T02:30:00Z   2026-11-01T05:30:00Z 2026-11-01T07:30:00Z
        4   2026-12-31T23:30:00Z 2027-01-01T00:30:00Z   2027-01-01T07:30:00Z 2027-01-01T08:30:00Z
        110 2026-07-01T00:00:00Z 2026-07-01T01:00:00Z   2026-06-30T22:00:00Z 2026-06-30T23:00:00Z
        190 2026-05-01T12:00:00Z 2026-05-01T13:00:00Z   2026-05-01T06:30:00Z 2026-05-01T07:30:00Z
        92  2026-05-01T12:00:00Z 2026-05-01T13:00:00Z   2026-05-01T12:00:00Z 2026-05-01T13:00:00Z
        35  2026-07-15T09:00:00  2026-07-15T10:00:00.5  2026-07-15T13:00:00Z 2026-07-15T14:00:00.5Z";

    #[test]
    fn the_wall_clock_follows_summer_time() {
        for line in CLOCKS.trim().lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [zone, start, end, starts, ends] = words[..] else { panic!("{line}") };
            assert_eq!(at(zone.parse().unwrap(), start, end).unwrap(), pair(starts, ends), "{line}");
        }
    }

    #[test]
    fn what_is_missing_is_assumed_and_what_is_wrong_is_not() {
        let start = "2026-07-15T09:00:00Z";
        let open = json!({"msevtmgt_eventtimezone": 92, "msevtmgt_eventstartdate": start});
        assert_eq!(read(open).unwrap(), pair(start, "2026-07-15T10:00:00Z"), "an hour, as the setting says");
        assert_eq!(
            at(92, start, "2026-07-15T08:00:00Z").unwrap(),
            pair(start, start),
            "an end before the start"
        );
        assert_eq!(read(json!({"msevtmgt_eventtimezone": 92})), Err(NoTimes::Open));
        assert_eq!(read(json!({})), Err(NoTimes::Open));
        assert_eq!(at(92, "tomorrow", start), Err(NoTimes::Unreadable));
        assert_eq!(at(92, start, "2026-13-01T00:00:00Z"), Err(NoTimes::Unreadable));
    }

    #[test]
    fn an_unknown_zone_falls_back_to_the_copies_in_utc() {
        let row = |zone: Value| {
            json!({
                "msevtmgt_eventtimezone": zone,
                "msevtmgt_eventstartdate": "2026-07-15T09:00:00Z",
                "msevtmgt_eventenddate": "2026-07-15T10:00:00Z",
                "msevtmgt_portalspecificeventstartdate": "2026-07-15T16:00:00Z",
                "msevtmgt_portalspecificeventenddate": "2026-07-15T17:00:00Z",
            })
        };
        for zone in [json!(9999), json!(null)] {
            assert_eq!(read(row(zone)).unwrap(), pair("2026-07-15T16:00:00Z", "2026-07-15T17:00:00Z"));
        }
        assert_eq!(read(row(json!(92))).unwrap(), pair("2026-07-15T09:00:00Z", "2026-07-15T10:00:00Z"));
        let Err(NoTimes::UnknownZone(code)) = at(9999, "2026-07-15T09:00:00Z", "2026-07-15T10:00:00Z") else {
            panic!("an unknown zone without copies has no times");
        };
        assert_eq!(code.as_str(), "dataverse.time_zone.9999");
        let none = json!({"msevtmgt_eventstartdate": "2026-07-15T09:00:00Z"});
        assert_eq!(
            read(none).unwrap(),
            pair("2026-07-15T09:00:00Z", "2026-07-15T10:00:00Z"),
            "the zone of the setting"
        );
    }

    #[test]
    fn instants_are_written_in_whole_seconds() {
        let at: Timestamp = "2026-11-20T09:00:07.999999Z".parse().unwrap();
        assert_eq!(seconds(at), "2026-11-20T09:00:07Z");
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(shortened("Zoë", 2), "Zo");
        assert_eq!(shortened("Zoë", 3), "Zoë");
        assert_eq!(shortened("a😀b", 2), "a", "a character of two units is not cut in half");
        assert_eq!(shortened("a😀b", 3), "a😀");
        assert_eq!((shortened("", 5), shortened("abc", 0)), ("", ""));
    }
}
