//! Who comes to an event: when its time has passed, or when a test says so.

use http::{Method, StatusCode};
use jiff::Timestamp;
use rand::RngExt;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::people::{Person, person};
use crate::wire::{Answer, Call};
use crate::{control, seeded};

use super::attendance::{Attendance, Chance};
use super::books::Books;
use super::event::Event;
use super::registrant::{Origin, Registrant, Standing};

/// Strangers have numbers from here on, which nobody else has.
const STRANGERS: u32 = 3_000_000_000;

/// Sums over all attendees of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) attendees: usize,
    live: usize,
    archive: usize,
    live_minutes: u64,
    archive_minutes: u64,
}

impl Tally {
    /// The counters of an event; `averageliveminutes` is by person, as ON24 has it.
    pub(super) fn analytics(&self, registrants: usize) -> Value {
        let by_person = |minutes: u64, people: usize| minutes / u64::try_from(people.max(1)).unwrap_or(1);
        json!({
            "totalregistrants": registrants,
            "totalattendees": self.attendees,
            "liveattendees": self.live,
            "ondemandattendees": self.archive,
            "averageliveminutes": by_person(self.live_minutes, self.live),
            "averagearchiveminutes": by_person(self.archive_minutes, self.archive),
            "totalcumulativeliveminutes": self.live_minutes,
            "totalcumulativearchiveminutes": self.archive_minutes,
            "totalcumulativeminutes": self.live_minutes + self.archive_minutes,
        })
    }
}

impl Event {
    pub(super) fn tally(&self) -> Tally {
        self.people.iter().filter_map(Registrant::attended).fold(Tally::default(), |sum, came| Tally {
            attendees: sum.attendees + 1,
            live: sum.live + usize::from(came.live.is_some()),
            archive: sum.archive + usize::from(came.archive.is_some()),
            live_minutes: sum.live_minutes + came.live.as_ref().map_or(0, |live| live.cumulative.into()),
            archive_minutes: sum.archive_minutes
                + came.archive.as_ref().map_or(0, |archive| archive.cumulative.into()),
        })
    }

    /// People come once the event is over.
    pub(super) fn settle(&mut self, now: Timestamp, seed: u64) -> &mut Self {
        if self.ends() <= now {
            self.hold(seed);
        }
        self
    }

    /// Decides for every live registrant of whom it is not decided yet; a decision is never changed.
    fn hold(&mut self, seed: u64) {
        let undecided = |person: &Registrant| person.attendance.is_none();
        self.each_live(seed, "attendance", undecided, |event, person, generator| {
            let chance = match person.origin {
                Origin::Page => Chance::Comes,
                Origin::Api if person.created >= event.ends() => Chance::Late,
                Origin::Api => Chance::Usual,
            };
            person.attendance = Some(Attendance::draw(generator, event, chance));
        });
    }

    /// A third of the people watch on demand, some of them once more. The same seed does this only once.
    fn replay(&mut self, seed: u64) {
        if !self.replayed.insert(seed) {
            return;
        }
        let decided = |person: &Registrant| person.attendance.is_some();
        self.each_live(seed, "replay", decided, |event, person, generator| {
            if let Some(attendance) = person.attendance.as_mut().filter(|_| generator.random_ratio(1, 3)) {
                attendance.watch_more(generator, event);
            }
        });
    }

    /// What chance brings each person depends on the seed and the person alone, not on who else is there.
    fn each_live(
        &mut self,
        seed: u64,
        purpose: &str,
        wanted: fn(&Registrant) -> bool,
        decide: fn(&Self, &mut Registrant, &mut StdRng),
    ) {
        let mut people = std::mem::take(&mut self.people);
        let live = people.iter_mut().filter(|person| person.standing == Standing::Live && wanted(person));
        for person in live {
            let name = match person.email.as_str() {
                "" => person.id.to_string(),
                email => email.to_lowercase(),
            };
            let mut generator = seeded::generator(seed, &format!("on24/{purpose}/{}/{name}", self.id));
            decide(self, person, &mut generator);
        }
        self.people = people;
    }

    /// People who registered on ON24's own page; those who did already are not registered again.
    fn welcome_strangers(&mut self, seed: u64, count: u32) {
        for number in 0..count {
            let Person { first_name, last_name, email, company, job_title } =
                person(seed, STRANGERS.saturating_add(number));
            if self.position(&email).is_some() {
                continue;
            }
            let mut stranger = Registrant::new(self.next_id(), email, Origin::Page, self.created);
            stranger.fields.extend([
                ("firstname", first_name),
                ("lastname", last_name),
                ("company", company),
                ("jobtitle", job_title),
            ]);
            self.add(stranger);
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turnout {
    event_id: i64,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    strangers: u32,
    #[serde(default)]
    ondemand: bool,
}

/// `POST /_emulator/attendance`: people come now, whatever the clock says.
pub(super) fn control(books: &mut Books, call: &Call) -> Answer {
    if call.method != Method::POST {
        return control::not_allowed();
    }
    let Ok(turnout) = serde_json::from_slice::<Turnout>(&call.body) else {
        let words =
            "expected {\"event_id\":N,\"seed\":S}, and \"strangers\":N or \"ondemand\":true if wanted";
        return control::refusal(StatusCode::BAD_REQUEST, words);
    };
    let Some(event) = books.event(turnout.event_id) else {
        return control::refusal(StatusCode::NOT_FOUND, "there is no such event");
    };
    event.welcome_strangers(turnout.seed, turnout.strangers);
    event.hold(turnout.seed);
    if turnout.ondemand {
        event.replay(turnout.seed);
    }
    let Tally { attendees, live_minutes, archive_minutes, .. } = event.tally();
    Answer::json(
        StatusCode::OK,
        &json!({ "attendees": attendees, "live_minutes": live_minutes, "ondemand_minutes": archive_minutes }),
    )
}
