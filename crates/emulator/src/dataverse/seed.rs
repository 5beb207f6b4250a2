//! The rows that an organization starts with.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::deed;
use super::error::Outcome;
use super::schema::TableId;
use super::store::Store;
use super::value::Value;
use super::write::Changes;
use crate::people::{Person, person};

/// What an organization is seeded with.
#[expect(clippy::struct_field_names, reason = "the seed of chance is called so everywhere")]
pub(crate) struct Seed {
    /// Decides every id and every person.
    pub(crate) seed: u64,
    /// How many contacts stand beside those of the registrations.
    pub(crate) contacts: u32,
    /// How many registrations the event has, each with a contact and an account of its own.
    pub(crate) registrations: u32,
    /// What the event is called, in at most 100 characters.
    pub(crate) title: String,
    /// The provider's id of the webinar.
    pub(crate) provider_event_id: String,
    pub(crate) event_starts: Timestamp,
    pub(crate) event_minutes: u32,
    /// The server's own origin, such as `http://127.0.0.1:41002`: an audience of its tokens, and the start of absolute
    /// URLs where a request does not say by which origin it came.
    pub(crate) origin: String,
}

/// The people of contacts without a registration start here, so that they are others than those of registrations.
const FIRST_CONTACT: u32 = 1_000_000;
/// Dataverse's code of the time zone of London.
const LONDON: i64 = 85;
const WEBINAR: i64 = 100_000_002;
const LIVE: i64 = 100_000_003;

/// An id that follows from the seed and from what it stands for.
pub(super) fn id(seed: u64, thing: &str) -> Uuid {
    Uuid::new_v5(&Uuid::from_u64_pair(0x5ee0_0d47_a9e2_5c31, seed), thing.as_bytes())
}

/// Puts the rows in. A row that does not fit is a defect of the seed and is left out.
pub(super) fn plant(store: &mut Store, seed: &Seed, now: Timestamp) {
    let mut plot = Plot { store, seed: seed.seed, now };
    let planted = plot.all(seed);
    let planted = planted.and_then(|()| super::webhook::plant(store, now));
    debug_assert!(planted.is_ok(), "a seeded row was refused");
    drop(store.settle());
}

struct Plot<'a> {
    store: &'a mut Store,
    seed: u64,
    now: Timestamp,
}

/// A cell to fill: the column's logical name and its value.
type Cell = (&'static str, Value);

/// A row that others can name.
#[derive(Clone, Copy)]
struct Planted(TableId, Uuid);

impl From<Planted> for Value {
    fn from(Planted(table, id): Planted) -> Self {
        Self::Link(table, id)
    }
}

impl Plot<'_> {
    fn all(&mut self, seed: &Seed) -> Outcome<()> {
        self.row("systemuser", deed::USER, vec![("fullname", Value::text("# Application user"))])?;
        let configuration = self.webinar_set_up()?;
        let event = self.event(seed, configuration)?;
        for index in 0..seed.registrations {
            let someone = person(self.seed, index);
            let account = self.account(&format!("registration/{index}"), &someone)?;
            let contact = self.contact(&format!("registration/{index}"), &someone, account)?;
            self.registration(index, contact, event)?;
        }
        let mut account = None;
        for index in 0..seed.contacts {
            let someone = person(self.seed, FIRST_CONTACT.saturating_add(index));
            // Of three contacts, one has an account of its own and two share one.
            let shared = account.filter(|_| index % 3 == 2);
            let own = match shared {
                Some(shared) => shared,
                None => self.account(&format!("contact/{index}"), &someone)?,
            };
            account = Some(own);
            self.contact(&format!("contact/{index}"), &someone, own)?;
        }
        Ok(())
    }

    fn webinar_set_up(&mut self) -> Outcome<Planted> {
        let provider = vec![
            ("msevtmgt_name", Value::text("On24")),
            ("msevtmgt_isdefaultprovider", Value::Flag(true)),
            ("msevtmgt_maxdurationinminutes", Value::Number(480)),
        ];
        let provider = self.row("msevtmgt_webinarprovider", id(self.seed, "provider"), provider)?;
        let configuration = vec![
            ("msevtmgt_name", Value::text("ON24 webinars")),
            ("msevtmgt_webinarproviderid", provider.into()),
        ];
        let kind = vec![
            ("msevtmgt_name", Value::text("Live video")),
            ("msevtmgt_value", Value::text("video")),
            ("msevtmgt_webinarproviderid", provider.into()),
        ];
        self.row("msevtmgt_webinartype", id(self.seed, "type"), kind)?;
        self.row("msevtmgt_webinarconfiguration", id(self.seed, "configuration"), configuration)
    }

    fn event(&mut self, seed: &Seed, configuration: Planted) -> Outcome<Planted> {
        let starts = seed.event_starts;
        let ends = starts
            .saturating_add(SignedDuration::from_mins(i64::from(seed.event_minutes)))
            .unwrap_or(Timestamp::MAX);
        let cells = vec![
            ("msevtmgt_name", Value::text(&seed.title)),
            ("msevtmgt_eventstartdate", Value::Time(wall_clock(starts))),
            ("msevtmgt_eventenddate", Value::Time(wall_clock(ends))),
            ("msevtmgt_eventtimezone", Value::Number(LONDON)),
            ("msevtmgt_portalspecificeventstartdate", Value::Time(whole(starts))),
            ("msevtmgt_portalspecificeventenddate", Value::Time(whole(ends))),
            ("msevtmgt_eventformat", Value::Number(WEBINAR)),
            ("msevtmgt_publishstatus", Value::Number(LIVE)),
            ("msevtmgt_webinarid", Value::text(&seed.provider_event_id)),
            ("msevtmgt_webinarconfigurationid", configuration.into()),
        ];
        self.row("msevtmgt_event", id(self.seed, "event"), cells)
    }

    fn account(&mut self, of: &str, person: &Person) -> Outcome<Planted> {
        let cells = vec![("name", Value::text(&person.company))];
        self.row("account", id(self.seed, &format!("account/{of}")), cells)
    }

    fn contact(&mut self, of: &str, person: &Person, account: Planted) -> Outcome<Planted> {
        let cells = vec![
            ("firstname", Value::text(&person.first_name)),
            ("lastname", Value::text(&person.last_name)),
            ("emailaddress1", Value::text(&person.email)),
            ("jobtitle", Value::text(&person.job_title)),
            ("parentcustomerid", account.into()),
        ];
        self.row("contact", id(self.seed, &format!("contact/{of}")), cells)
    }

    fn registration(&mut self, index: u32, contact: Planted, event: Planted) -> Outcome<Planted> {
        let cells = vec![
            ("msevtmgt_name", Value::text(&format!("REG-{:06}", index + 1))),
            ("msevtmgt_contactid", contact.into()),
            ("msevtmgt_eventid", event.into()),
        ];
        self.row("msevtmgt_eventregistration", id(self.seed, &format!("registration/{index}")), cells)
    }

    /// Makes a row and gives the link to it.
    fn row(&mut self, table: &'static str, id: Uuid, cells: Vec<Cell>) -> Outcome<Planted> {
        let place = self.table(table);
        let shape = self.store.table(place);
        let cells = cells.into_iter();
        let cells = cells.filter_map(|(name, value)| Some((shape.column(name)?, Some(value)))).collect();
        deed::create(self.store, place, Changes { id: Some(id), cells }, self.now)?;
        // Seeding is not taken back.
        drop(self.store.settle());
        Ok(Planted(place, id))
    }

    fn table(&self, logical: &str) -> TableId {
        self.store.schema.by_logical(logical).unwrap_or(TableId(0))
    }
}

fn whole(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// What clocks in London show at that moment, written as if it were UTC.
fn wall_clock(time: Timestamp) -> Timestamp {
    let london = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    let shown = time.to_zoned(london).datetime();
    let shown = shown.to_zoned(TimeZone::UTC).map_or(time, |zoned| zoned.timestamp());
    whole(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_minds_daylight_saving() {
        let shown = |text: &str| wall_clock(text.parse().unwrap()).to_string();
        assert_eq!(shown("2026-07-01T09:00:00Z"), "2026-07-01T10:00:00Z");
        assert_eq!(shown("2026-12-01T09:00:00Z"), "2026-12-01T09:00:00Z");
    }
}
