//! What ON24 answers, read leniently: a value that is absent, null or empty is none; numbers come as digits too;
//! unknown members are passed over; a row that is no object costs nobody else theirs.

use core::fmt;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use webinar_bridge_domain::time::{Timestamp, whole_micros};

/// One object: its members by name in lower case.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Record(BTreeMap<String, Field>);

#[derive(Debug, PartialEq)]
enum Field {
    None,
    Text(String),
    /// A list, of which only the length counts.
    Items(u32),
}

impl Record {
    /// The value as text; `None` if it is absent or blank.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Field::Text(text) => Some(text.as_str()).filter(|text| !text.trim().is_empty()),
            Field::None | Field::Items(_) => None,
        }
    }

    /// The value as a whole number, rounded down and not below zero.
    pub(crate) fn count(&self, name: &str) -> Option<u32> {
        let text = self.text(name)?.trim();
        text.parse().ok().or_else(|| text.parse().ok().filter(|number: &f64| number.is_finite()).map(whole))
    }

    /// The value as an instant; its offset is believed, and one without is none.
    pub(crate) fn instant(&self, name: &str) -> Option<Timestamp> {
        self.text(name)?.trim().parse().ok().map(whole_micros)
    }

    /// How many items the list has.
    pub(crate) fn items(&self, name: &str) -> u32 {
        match self.0.get(name) {
            Some(Field::Items(count)) => *count,
            _ => 0,
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is meant")]
const fn whole(number: f64) -> u32 {
    number as u32
}

/// A list of people, and whether it is the whole of it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Envelope {
    rows: Option<Rows>,
    total: Option<u32>,
}

#[derive(Debug, Default, PartialEq)]
struct Rows {
    records: Vec<Record>,
    /// How many were no objects.
    others: usize,
}

/// A list that could be read.
#[derive(Debug, PartialEq)]
pub(crate) struct Roster {
    pub(crate) records: Vec<Record>,
    /// Whether nobody is missing from it, as far as the answer itself tells.
    pub(crate) is_whole: bool,
}

impl Envelope {
    /// The list. `None`: this is no list of ON24's, or it says that there are people and shows none.
    ///
    /// That is not pedantry: an answer that is merely strange would otherwise read as "nobody came".
    pub(crate) fn roster(self) -> Option<Roster> {
        match (self.rows, self.total) {
            (None, Some(0)) => Some(Roster { records: Vec::new(), is_whole: true }),
            (None, _) => None,
            (Some(rows), total) => {
                let all = total.is_none_or(|total| rows.records.len() >= total as usize);
                Some(Roster { is_whole: rows.others == 0 && all, records: rows.records })
            }
        }
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
        let mut record = Record::default();
        while let Some(name) = map.next_key::<String>()? {
            record.0.insert(name.to_ascii_lowercase(), map.next_value()?);
        }
        Ok(record)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E: Error>(self) -> Result<Field, E> {
        Ok(Field::None)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Field, E> {
        Ok(Field::Text(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Field, E> {
        Ok(Field::Text(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Field, E> {
        Ok(Field::Text(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Field, E> {
        Ok(Field::Text(value.to_string()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Field, E> {
        Ok(Field::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Field, A::Error> {
        let mut count = 0_u32;
        while items.next_element::<IgnoredAny>()?.is_some() {
            count = count.saturating_add(1);
        }
        Ok(Field::Items(count))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::None)
    }
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.to_ascii_lowercase().as_str() {
                "registrants" | "attendees" | "events" => envelope.rows = map.next_value::<Listed>()?.0,
                "totalregistrants" | "totalattendees" | "totalevents" => {
                    let total = Record([(String::new(), map.next_value()?)].into());
                    envelope.total = total.count("");
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(envelope)
    }
}

/// A list, where null, an empty text or anything else that is no list stands for an absent one.
struct Listed(Option<Rows>);

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListedVisitor)
    }
}

struct ListedVisitor;

impl<'de> Visitor<'de> for ListedVisitor {
    type Value = Listed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<Listed, E> {
        Ok(Listed(None))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Listed, E> {
        Ok(Listed(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Listed, A::Error> {
        let mut rows = Rows::default();
        while let Some(row) = items.next_element::<Row>()? {
            match row.0 {
                Some(record) => rows.records.push(record),
                None => rows.others += 1,
            }
        }
        Ok(Listed(Some(rows)))
    }
}

/// One item of a list; `None` if it is no object.
struct Row(Option<Record>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E: Error>(self) -> Result<Row, E> {
        Ok(Row(None))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Row, E> {
        Ok(Row(None))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Row, E> {
        Ok(Row(None))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Row, E> {
        Ok(Row(None))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Row, E> {
        Ok(Row(None))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Row, E> {
        Ok(Row(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Row, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Row(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Row, A::Error> {
        RecordVisitor.visit_map(map).map(|record| Row(Some(record)))
    }
}

/// The answer to a call that forgets people.
#[derive(Debug, Deserialize)]
pub(crate) struct Forgotten {
    pub(crate) deletedregistrants: Deleted,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Deleted {
    pub(crate) eventuserids: Vec<IgnoredAny>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever a list looks like, people are read from it or not; nobody is made up.
    #[test]
    fn no_list_makes_people_up() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/list");
        let words =
            ["registrants", "attendees", "totalregistrants", "eventuserid", "email", "userstatus", "null"];
        let target = webinar_bridge_contract::fuzz::Target { corpus: &corpus, words: &words };
        target.hammer(|body| {
            let envelope = serde_json::from_slice::<Envelope>(body).ok();
            let Some(roster) = envelope.and_then(Envelope::roster) else { return "no list" };
            let registrants: Vec<_> =
                roster.records.iter().filter_map(crate::translate::registrant).collect();
            let attendees = roster.records.iter().filter_map(crate::translate::attendee).count();
            assert!(registrants.len() <= roster.records.len() && attendees <= roster.records.len());
            let wiped = |one: &&webinar_bridge_domain::port::Registrant| {
                one.details.address.as_typed().trim().to_ascii_lowercase().ends_with("-deleted")
            };
            assert!(!registrants.iter().filter(wiped).any(|one| one.live), "the forgotten are live");
            match (roster.is_whole, registrants.is_empty()) {
                (true, true) => "a whole list of nobody",
                (true, false) => "a whole list",
                (false, _) => "a list that is not whole",
            }
        });
    }

    fn record(json: &str) -> Record {
        serde_json::from_str(json).unwrap()
    }

    fn roster(json: &str) -> Option<Roster> {
        serde_json::from_str::<Envelope>(json).ok()?.roster()
    }

    #[test]
    fn absent_null_and_empty_are_none() {
        for json in [r"{}", r#"{"a":null}"#, r#"{"a":""}"#, r#"{"a":"  "}"#, r#"{"a":{}}"#, r#"{"a":[]}"#] {
            let record = record(json);
            assert_eq!((record.text("a"), record.count("a"), record.items("a")), (None, None, 0), "{json}");
            assert_eq!(record.instant("a"), None);
        }
    }

    #[test]
    fn numbers_come_as_numbers_or_digits() {
        let table = [
            ("7", Some(7)),
            ("\"7\"", Some(7)),
            ("\" 7 \"", Some(7)),
            ("7.9", Some(7)),
            ("\"7.9\"", Some(7)),
            ("-3", Some(0)),
            ("1e99", Some(u32::MAX)),
            ("99999999999999999999", Some(u32::MAX)),
            ("\"NaN\"", None),
            ("\"inf\"", None),
            ("\"many\"", None),
            ("true", None),
        ];
        for (value, expected) in table {
            assert_eq!(record(&format!("{{\"a\":{value}}}")).count("a"), expected, "{value}");
        }
        assert_eq!(record(r#"{"EventUserId":150148905}"#).text("eventuserid"), Some("150148905"));
        assert_eq!(record(r#"{"eventuserid":"150148905"}"#).text("eventuserid"), Some("150148905"));
    }

    #[test]
    fn instants_go_by_their_offset() {
        let at = |text: &str| record(&format!("{{\"a\":\"{text}\"}}")).instant("a").map(|at| at.to_string());
        assert_eq!(at("2018-03-21T02:24:47-07:00").as_deref(), Some("2018-03-21T09:24:47Z"));
        assert_eq!(at("2018-01-21T02:24:47-08:00").as_deref(), Some("2018-01-21T10:24:47Z"));
        assert_eq!(at("2018-01-21T02:24:47Z").as_deref(), Some("2018-01-21T02:24:47Z"));
        for wrong in ["2018-01-21T02:24:47", "2018-01-21", "yesterday", "2018-13-41T00:00:00-08:00"] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn of_lists_within_rows_only_the_length_counts() {
        let row =
            record(r#"{"calltoactions":[{"ctaid":"1"},{"ctaid":2},null],"polls":{"a":[1]},"tags":"x"}"#);
        assert_eq!((row.items("calltoactions"), row.items("polls"), row.items("tags")), (3, 0, 0));
    }

    #[test]
    fn a_list_is_whole_if_nobody_is_missing() {
        let len = |json: &str| roster(json).map(|roster| (roster.records.len(), roster.is_whole));
        let table = [
            (r#"{"totalregistrants":0}"#, Some((0, true))),
            (r#"{"totalregistrants":"0","registrants":null}"#, Some((0, true))),
            (r#"{"totalregistrants":0,"registrants":""}"#, Some((0, true))),
            (r#"{"totalregistrants":0,"registrants":[]}"#, Some((0, true))),
            (r#"{"registrants":[{"a":1}]}"#, Some((1, true))),
            (r#"{"eventid":5,"totalattendees":1,"attendees":[{"a":1}],"new":{"x":[]}}"#, Some((1, true))),
            (r#"{"totalattendees":3,"attendees":[{"a":1}]}"#, Some((1, false))),
            (r#"{"totalattendees":2,"attendees":[{"a":1},null,"x",7,[1],true]}"#, Some((1, false))),
            (r#"{"totalattendees":2}"#, None),
            (r#"{"totalattendees":2,"attendees":null}"#, None),
            (r#"{"message":"Hello"}"#, None),
            ("{}", None),
            ("[]", None),
            ("null", None),
            ("<html>", None),
            (r#"{"attendees":[{"a":1}"#, None),
        ];
        for (json, expected) in table {
            assert_eq!(len(json), expected, "{json}");
        }
    }
}
