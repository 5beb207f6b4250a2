//! The time zones that ON24 knows.

use std::sync::LazyLock;

use jiff::civil::date;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use serde_json::{Value, json};

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Names of an older standard, with hours west of Greenwich and the place that has their summer time.
const OLD: [(&str, i8, Option<&str>); 13] = [
    ("SystemV/HST10", -10, None),
    ("SystemV/YST9", -9, None),
    ("SystemV/YST9YDT", -9, Some("America/Anchorage")),
    ("SystemV/PST8", -8, None),
    ("SystemV/PST8PDT", -8, Some("America/Los_Angeles")),
    ("SystemV/MST7", -7, None),
    ("SystemV/MST7MDT", -7, Some("America/Denver")),
    ("SystemV/CST6", -6, None),
    ("SystemV/CST6CDT", -6, Some("America/Chicago")),
    ("SystemV/EST5", -5, None),
    ("SystemV/EST5EDT", -5, Some("America/New_York")),
    ("SystemV/AST4", -4, None),
    ("SystemV/AST4ADT", -4, Some("America/Halifax")),
];

struct Zone {
    name: String,
    clock: TimeZone,
    /// Seconds east of Greenwich in winter.
    standard: i32,
}

/// By their offset, then by name.
static ZONES: LazyLock<Vec<Zone>> = LazyLock::new(|| {
    let known = DATABASE.available().map(|name| name.as_str().to_owned()).filter(|name| is_place(name));
    let known = known.filter_map(|name| Some((DATABASE.get(&name).ok()?, name)));
    let old =
        OLD.iter().filter_map(|(name, hours, place)| Some((old_zone(*hours, *place)?, (*name).to_owned())));
    let mut zones: Vec<Zone> =
        known.chain(old).map(|(clock, name)| Zone { standard: standard(&clock), name, clock }).collect();
    zones.sort_by(|one, other| (one.standard, &one.name).cmp(&(other.standard, &other.name)));
    zones
});

/// The zone of that name, in its letter case.
pub(super) fn find(name: &str) -> Option<TimeZone> {
    ZONES.iter().find(|zone| zone.name == name.trim()).map(|zone| zone.clock.clone())
}

/// The body of `GET timezones`.
pub(super) fn list() -> Value {
    let zones = ZONES.iter().map(|zone| {
        json!({ "label": format!("({}) {}", greenwich(zone.standard), zone.name), "value": zone.name })
    });
    json!({ "timezones": zones.collect::<Value>() })
}

/// Abbreviations without summer time are not in the list.
fn is_place(name: &str) -> bool {
    name.contains('/') || ["GMT", "UTC", "PST8PDT", "MST7MDT", "CST6CDT", "EST5EDT"].contains(&name)
}

fn old_zone(hours: i8, place: Option<&str>) -> Option<TimeZone> {
    match place {
        Some(place) => DATABASE.get(place).ok(),
        None => Some(TimeZone::fixed(Offset::constant(hours))),
    }
}

/// The smaller of the offsets in January and in July.
fn standard(zone: &TimeZone) -> i32 {
    let offset = |month: i8| {
        let noon = date(2026, month, 1).at(12, 0, 0, 0).to_zoned(TimeZone::UTC);
        noon.map_or(0, |noon| zone.to_offset(noon.timestamp()).seconds())
    };
    offset(1).min(offset(7))
}

fn greenwich(seconds: i32) -> String {
    match seconds {
        0 => "GMT".to_owned(),
        east => {
            let sign = if east < 0 { '-' } else { '+' };
            let minutes = east.abs() / 60;
            format!("GMT {sign}{}:{:02}", minutes / 60, minutes % 60)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_older_names_are_listed_by_their_winter_time() {
        let list = list();
        let zones = list["timezones"].as_array().unwrap();
        assert!((550..700).contains(&zones.len()), "{}", zones.len());
        for (label, value) in [
            ("(GMT -8:00) America/Los_Angeles", "America/Los_Angeles"),
            ("(GMT -8:00) US/Pacific", "US/Pacific"),
            ("(GMT -8:00) SystemV/PST8PDT", "SystemV/PST8PDT"),
            ("(GMT +5:30) Asia/Kolkata", "Asia/Kolkata"),
            ("(GMT) Europe/London", "Europe/London"),
            ("(GMT -9:30) Pacific/Marquesas", "Pacific/Marquesas"),
        ] {
            assert!(zones.contains(&json!({ "label": label, "value": value })), "{value}");
        }
        let hours: Vec<&str> = zones.iter().map(|zone| zone["label"].as_str().unwrap()).collect();
        assert!(hours[0].starts_with("(GMT -12:00)") && hours[zones.len() - 1].starts_with("(GMT +14:00)"));
    }

    #[test]
    fn a_zone_is_found_by_its_name_only() {
        assert!(find("Europe/Berlin").is_some() && find("SystemV/MST7").is_some());
        assert!(find("europe/berlin").is_none() && find("Mars/Base").is_none() && find("").is_none());
    }
}
