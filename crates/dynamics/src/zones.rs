//! The CRM's codes of time zones.

use std::collections::BTreeMap;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Deserializer, de};

/// IANA names by code: what the customer added, and behind it the well-known codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeZones {
    added: BTreeMap<i64, String>,
}

impl TimeZones {
    /// The well-known codes with these before them.
    pub fn with(added: impl IntoIterator<Item = (i64, String)>) -> Self {
        Self { added: added.into_iter().collect() }
    }

    /// The rules of the zone of that code; `None` if the code is unknown.
    pub(crate) fn rules(&self, code: i64) -> Option<TimeZone> {
        let known = || KNOWN.iter().find(|(known, _)| *known == code).map(|(_, name)| *name);
        rules(self.added.get(&code).map(String::as_str).or_else(known)?)
    }
}

/// The rules of a zone by its IANA name. They come with the program, so that every machine reads an event alike.
pub(crate) fn rules(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

impl<'de> Deserialize<'de> for TimeZones {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = BTreeMap::<String, String>::deserialize(deserializer)?;
        let pairs = written.into_iter().map(|(code, name)| {
            let code = code
                .parse()
                .map_err(|_| de::Error::custom(format!("time-zone code `{code}` is not a whole number")))?;
            match rules(&name) {
                Some(_) => Ok((code, name)),
                None => Err(de::Error::custom(format!("`{name}` is not an IANA time zone"))),
            }
        });
        pairs.collect::<Result<_, _>>().map(|added| Self { added })
    }
}

const KNOWN: [(i64, &str); 79] = [
    (0, "Etc/GMT+12"),
    (1, "Pacific/Apia"),
    (2, "Pacific/Honolulu"),
    (3, "America/Anchorage"),
    (4, "America/Los_Angeles"),
    (5, "America/Tijuana"),
    (10, "America/Denver"),
    (12, "America/Mazatlan"),
    (13, "America/Mazatlan"),
    (15, "America/Phoenix"),
    (20, "America/Chicago"),
    (25, "America/Regina"),
    (29, "America/Mexico_City"),
    (30, "America/Mexico_City"),
    (33, "America/Guatemala"),
    (35, "America/New_York"),
    (40, "America/Indiana/Indianapolis"),
    (45, "America/Bogota"),
    (47, "America/Caracas"),
    (50, "America/Halifax"),
    (55, "America/La_Paz"),
    (56, "America/Santiago"),
    (60, "America/St_Johns"),
    (65, "America/Sao_Paulo"),
    (69, "America/Argentina/Buenos_Aires"),
    (70, "America/Cayenne"),
    (73, "America/Nuuk"),
    (74, "America/Montevideo"),
    (75, "Etc/GMT+2"),
    (80, "Atlantic/Azores"),
    (83, "Atlantic/Cape_Verde"),
    (84, "Africa/Casablanca"),
    (85, "Europe/London"),
    (90, "Atlantic/Reykjavik"),
    (92, "UTC"),
    (95, "Europe/Budapest"),
    (100, "Europe/Warsaw"),
    (105, "Europe/Paris"),
    (110, "Europe/Berlin"),
    (113, "Africa/Lagos"),
    (115, "Europe/Chisinau"),
    (120, "Africa/Cairo"),
    (125, "Europe/Kyiv"),
    (129, "Asia/Amman"),
    (130, "Europe/Bucharest"),
    (131, "Asia/Beirut"),
    (135, "Asia/Jerusalem"),
    (140, "Africa/Johannesburg"),
    (141, "Africa/Windhoek"),
    (145, "Europe/Moscow"),
    (150, "Asia/Riyadh"),
    (155, "Africa/Nairobi"),
    (158, "Asia/Baghdad"),
    (160, "Asia/Tehran"),
    (165, "Asia/Dubai"),
    (169, "Asia/Baku"),
    (170, "Asia/Yerevan"),
    (172, "Indian/Mauritius"),
    (173, "Asia/Tbilisi"),
    (175, "Asia/Kabul"),
    (180, "Asia/Yekaterinburg"),
    (185, "Asia/Tashkent"),
    (190, "Asia/Kolkata"),
    (193, "Asia/Kathmandu"),
    (200, "Asia/Colombo"),
    (203, "Asia/Yangon"),
    (205, "Asia/Bangkok"),
    (207, "Asia/Krasnoyarsk"),
    (210, "Asia/Shanghai"),
    (215, "Asia/Singapore"),
    (220, "Asia/Taipei"),
    (225, "Australia/Perth"),
    (230, "Asia/Seoul"),
    (235, "Asia/Tokyo"),
    (245, "Australia/Darwin"),
    (250, "Australia/Adelaide"),
    (255, "Australia/Sydney"),
    (260, "Australia/Brisbane"),
    (290, "Pacific/Auckland"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_well_known_code_has_rules() {
        for (code, name) in KNOWN {
            assert!(TimeZones::default().rules(code).is_some(), "{code} {name}");
        }
        assert!(KNOWN.is_sorted_by_key(|(code, _)| *code), "a code stands once, in its place");
    }

    #[test]
    fn what_the_customer_says_comes_first() {
        let zones = TimeZones::with([(85, "Asia/Tokyo".to_owned()), (999, "UTC".to_owned())]);
        assert_eq!(zones.rules(85).unwrap().iana_name(), Some("Asia/Tokyo"));
        assert_eq!(zones.rules(35).unwrap().iana_name(), Some("America/New_York"));
        assert!(zones.rules(999).is_some() && zones.rules(998).is_none());
        assert!(TimeZones::with([(1000, "Mars/Olympus".to_owned())]).rules(1000).is_none());
    }
}
