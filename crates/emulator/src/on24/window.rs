//! The span of time that a read asks for.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::pacific::{self, DATE_FORMATS, instant};
use super::zones;

pub(super) const BACKWARDS: &str = "Error, end date is before start date.";

/// The time between two instants, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

impl Window {
    pub(super) fn contains(&self, time: Timestamp) -> bool {
        (self.from..=self.until).contains(&time)
    }

    /// Whether a part of the time between the two lies within.
    pub(super) fn touches(&self, from: Timestamp, until: Timestamp) -> bool {
        from <= self.until && self.from <= until
    }

    /// Whether it spans no more than so many calendar months, to the day.
    pub(super) fn fits_months(&self, months: i32) -> bool {
        let (from, until) = (pacific::date(self.from), pacific::date(self.until));
        from.checked_add(months.months()).map_or(true, |last| until <= last)
    }

    /// Whether it spans no more than so many days, to the day.
    pub(super) fn fits_days(&self, days: i32) -> bool {
        let (from, until) = (pacific::date(self.from), pacific::date(self.until));
        from.checked_add(days.days()).map_or(true, |last| until <= last)
    }

    /// What `startdate` and `enddate`, or `dateInterval` and its kin, ask for. Without a start it begins so many days
    /// ago, or with the beginning of time; without an end it ends now, or never when there is no start either and
    /// no number of days.
    pub(super) fn of<'a>(
        get: impl Fn(&str) -> Option<&'a str>,
        now: Timestamp,
        days: Option<i64>,
    ) -> Result<Self, &'static str> {
        let bounds = (get("startdate"), get("enddate"));
        let (offset, zone) = (get("dateintervaloffset"), get("dateintervaltimezone"));
        match (bounds, get("dateinterval")) {
            ((None, None), Some(days)) => Self::interval(days, offset, zone, now),
            (_, Some(_)) => Err("Start/End date filters cannot be sent with Interval filters."),
            _ if offset.is_some() || zone.is_some() => {
                Err("dateInterval is required when passing dateInterfalOffset or dateIntervalTimezone.")
            }
            ((None, None), None) if days.is_none() => {
                Ok(Self { from: Timestamp::MIN, until: Timestamp::MAX })
            }
            ((from, until), None) => Self::bounds(from, until, now, days),
        }
    }

    fn bounds(
        from: Option<&str>,
        until: Option<&str>,
        now: Timestamp,
        days: Option<i64>,
    ) -> Result<Self, &'static str> {
        let until = until.map_or(Ok(now), |text| instant(text, Time::constant(23, 59, 59, 0)))?;
        let earliest = days.map_or(Timestamp::MIN, |days| days_before(now, days));
        let from = from.map_or(Ok(earliest), |text| instant(text, Time::midnight()))?;
        if until < from { Err(BACKWARDS) } else { Ok(Self { from, until }) }
    }

    /// The day of the zone that is today, or so many days before, and so many days before that one; today ends now.
    fn interval(
        days: &str,
        offset: Option<&str>,
        zone: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, &'static str> {
        let zone = zone.map_or(Some(pacific::zone()), zones::find).ok_or("Invalid dateIntervalTimezone.")?;
        let days: i32 = days
            .trim()
            .parse()
            .ok()
            .filter(|days| (1..=180).contains(days))
            .ok_or("dateInterval range must be between 1 and 180 inclusive.")?;
        let back = offset.unwrap_or("0").trim().parse::<i16>();
        let back = back.map_err(|_| "dateIntervalOffset must be a number.")?;
        let last = now.to_zoned(zone.clone()).date().checked_sub(back.days()).map_err(|_| DATE_FORMATS)?;
        let first = last.checked_sub(days.days()).map_err(|_| DATE_FORMATS)?;
        // Some zones skip midnight when summer begins: their day begins an hour later.
        let at = |date: Date, time| zone.to_timestamp(date.to_datetime(time)).map_err(|_| DATE_FORMATS);
        let until = at(last, Time::constant(23, 59, 59, 0))?;
        let from = at(first, Time::midnight())?;
        Ok(Self { from, until: if back == 0 { until.min(now) } else { until } })
    }
}

fn days_before(now: Timestamp, days: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-20T12:00:00Z";

    fn window(query: &str, days: Option<i64>) -> Result<Window, &'static str> {
        let query: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
        let get = |name: &str| {
            let found = query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        Window::of(get, NOW.parse().unwrap(), days)
    }

    fn contains(query: &str, time: &str) -> bool {
        window(query, Some(30)).unwrap().contains(time.parse().unwrap())
    }

    #[test]
    fn on24_28_dates_are_pacific_days_to_their_last_second() {
        let day = "startDate=2026-07-01&enddate=2026-07-01";
        assert!(contains(day, "2026-07-01T07:00:00Z") && contains(day, "2026-07-02T06:59:59Z"));
        assert!(!contains(day, "2026-07-01T06:59:59Z") && !contains(day, "2026-07-02T07:00:00Z"));
        let hour = "startdate=2026-07-01T10:00:00&enddate=2026-07-01T20:00:00%2B02:00";
        assert!(contains(hour, "2026-07-01T17:00:00Z") && contains(hour, "2026-07-01T18:00:00Z"));
        assert!(!contains(hour, "2026-07-01T16:59:59Z") && !contains(hour, "2026-07-01T18:00:01Z"));
    }

    #[test]
    fn on24_28_an_interval_begins_with_a_day_of_its_zone() {
        assert!(contains("dateInterval=1", "2026-11-19T08:00:00Z"));
        assert!(!contains("dateInterval=1", "2026-11-19T07:59:59Z"));
        let cairo: Timestamp = "2026-04-25T12:00:00Z".parse().unwrap();
        let query = |name: &str| match name {
            "dateinterval" => Some("1"),
            "dateintervaltimezone" => Some("Africa/Cairo"),
            _ => None,
        };
        let day = Window::of(query, cairo, None).unwrap();
        assert_eq!(day.from, "2026-04-23T22:00:00Z".parse().unwrap(), "midnight was skipped");
        let earlier = "dateInterval=1&dateIntervalOffset=4";
        assert!(contains(earlier, "2026-11-16T12:00:00Z") && !contains(earlier, "2026-11-17T12:00:00Z"));
        let berlin = "dateInterval=1&dateIntervalTimezone=Europe/Berlin";
        assert!(contains(berlin, "2026-11-18T23:00:00Z") && !contains(berlin, "2026-11-18T22:59:59Z"));
        assert!(window("dateInterval=180&dateIntervalTimezone=SystemV/PST8", None).is_ok());
    }

    #[test]
    fn on24_28_wrong_dates_and_mixtures_are_refused_in_their_words() {
        for (query, words) in [
            ("startdate=tomorrow", DATE_FORMATS),
            ("startdate=2026-7-1", DATE_FORMATS),
            ("startdate= 2026-07-01", DATE_FORMATS),
            ("startdate=%2B026-07-01", DATE_FORMATS),
            ("startdate=2026-07-01T9:00:00", DATE_FORMATS),
            ("startdate=2026-07-01T10:00", DATE_FORMATS),
            ("startdate=2026-07-01T10:00:00Z", DATE_FORMATS),
            ("startdate=2026-07-01T10:00:00+02:00", DATE_FORMATS),
            ("startdate=2020-03-08T02:15:00", DATE_FORMATS),
            ("startdate=2026-07-02&enddate=2026-07-01", "Error, end date is before start date."),
            ("dateInterval=181", "dateInterval range must be between 1 and 180 inclusive."),
            ("dateInterval=0", "dateInterval range must be between 1 and 180 inclusive."),
            ("dateInterval=2&dateIntervalOffset=x", "dateIntervalOffset must be a number."),
            ("dateInterval=2&dateIntervalTimezone=Mars/Base", "Invalid dateIntervalTimezone."),
            (
                "dateIntervalOffset=2",
                "dateInterval is required when passing dateInterfalOffset or dateIntervalTimezone.",
            ),
            (
                "dateIntervalTimezone=Europe/Berlin",
                "dateInterval is required when passing dateInterfalOffset or dateIntervalTimezone.",
            ),
            (
                "dateInterval=2&startdate=2026-07-02",
                "Start/End date filters cannot be sent with Interval filters.",
            ),
        ] {
            assert_eq!(window(query, Some(90)), Err(words), "{query}");
        }
    }

    #[test]
    fn on24_27_without_dates_it_is_the_last_days_or_all_time() {
        let thirty = window("page=3", Some(30)).unwrap();
        assert_eq!(thirty.until, NOW.parse().unwrap());
        assert_eq!(thirty.from, "2026-10-21T12:00:00Z".parse().unwrap());
        let all = window("", None).unwrap();
        assert!(all.contains(Timestamp::MIN) && all.contains(Timestamp::MAX));
        let since = window("startdate=2026-11-01", None).unwrap();
        assert_eq!(since.until, NOW.parse().unwrap());
        assert_eq!(window("enddate=2026-11-01", None).unwrap().from, Timestamp::MIN);
    }

    #[test]
    fn on24_27_spans_are_measured_in_days() {
        let half_a_year = window("startdate=2026-01-15&enddate=2026-07-15", None).unwrap();
        assert!(half_a_year.fits_months(6) && half_a_year.fits_days(365));
        assert!(!window("startdate=2026-01-15&enddate=2026-07-16", None).unwrap().fits_months(6));
        assert!(window("startdate=2025-01-15&enddate=2026-01-15", None).unwrap().fits_days(365));
        assert!(!window("startdate=2025-01-15&enddate=2026-01-16", None).unwrap().fits_days(365));
    }
}
