//! What a cell can hold. An empty cell is the absence of a value.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::schema::TableId;

/// One value of a row. It holds personal data, so it has no `Debug`.
#[derive(Clone, PartialEq)]
pub(super) enum Value {
    Text(Box<str>),
    /// Whole numbers of every kind: integers, choices, states, row versions.
    Number(i64),
    Decimal(f64),
    Flag(bool),
    /// Whole seconds. A wall clock is kept as if it were UTC, which is how it travels, too.
    Time(Timestamp),
    Id(Uuid),
    Link(TableId, Uuid),
}

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// The order of two values of one kind; `None` when they cannot be compared.
    /// Texts compare without case, as the database's collation does.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(folded(a).cmp(&folded(b))),
            (Self::Number(a), Self::Number(b)) => Some(a.cmp(b)),
            (Self::Flag(a), Self::Flag(b)) => Some(a.cmp(b)),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (Self::Number(_) | Self::Decimal(_), Self::Number(_) | Self::Decimal(_)) => {
                self.real()?.partial_cmp(&other.real()?)
            }
            (Self::Id(a) | Self::Link(_, a), Self::Id(b) | Self::Link(_, b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "an approximate comparison of mixed numbers is meant")]
    fn real(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number as f64),
            Self::Decimal(number) => Some(*number),
            _ => None,
        }
    }

    /// The id, when it is one or leads to one.
    pub(super) fn id(&self) -> Option<Uuid> {
        match self {
            Self::Id(id) | Self::Link(_, id) => Some(*id),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// A text as it is compared: without case.
pub(super) fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// Reads a date or date-time of the wire into whole seconds; a missing offset means UTC.
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    let time = text.parse::<Timestamp>().ok().or_else(|| {
        text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    Timestamp::from_second(time.as_second()).ok()
}

/// Reads a wall clock, as if it were UTC. An offset says nothing about it and is passed over.
pub(super) fn parse_wall_clock(text: &str) -> Option<Timestamp> {
    let (date, clock) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let end = clock.find(['Z', 'z', '+', '-']).unwrap_or(clock.len());
    let bare = if clock.is_empty() { date.to_owned() } else { format!("{date}T{}", &clock[..end]) };
    parse_time(text).and(parse_time(&bare))
}

/// A time as the wire shows it, in whole seconds and ending in `Z`.
pub(super) fn print_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_lose_their_fraction_and_their_offset() {
        let shown = |text: &str| parse_time(text).map(print_time);
        assert_eq!(shown("2026-11-20T09:00:00.750+02:00").as_deref(), Some("2026-11-20T07:00:00Z"));
        assert_eq!(shown("2026-11-20T09:00:00").as_deref(), Some("2026-11-20T09:00:00Z"));
        assert_eq!(shown("2026-11-20").as_deref(), Some("2026-11-20T00:00:00Z"));
        assert!(shown("tomorrow").is_none());
    }

    #[test]
    fn wall_clocks_keep_what_they_show() {
        let shown = |text: &str| parse_wall_clock(text).map(print_time);
        for text in ["2026-11-20T09:00:00Z", "2026-11-20T09:00:00.5+02:00", "2026-11-20T09:00:00-05:00"] {
            assert_eq!(shown(text).as_deref(), Some("2026-11-20T09:00:00Z"), "{text}");
        }
        assert_eq!(shown("2026-11-20").as_deref(), Some("2026-11-20T00:00:00Z"));
        assert!(shown("soon").is_none() && shown("2026-11-20Tx").is_none());
    }

    #[test]
    fn texts_compare_without_case_and_kinds_do_not_mix() {
        assert!(Value::text("ANNA").compare(&Value::text("anna")) == Some(Ordering::Equal));
        assert!(Value::Number(2).compare(&Value::Decimal(1.5)) == Some(Ordering::Greater));
        assert!(Value::Number(2).compare(&Value::text("2")).is_none());
    }
}
