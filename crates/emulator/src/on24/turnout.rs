//! Who comes to an event: when its time has passed, or when a test says so.

use http::{Method, StatusCode};
use jiff::Timestamp;
use rand::RngExt;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::json;

use crate::people::{Person, person};
use crate::wire::{Answer, Call};
use crate::{control, seeded};

use super::attendance::{Attendance, Chance};
use super::books::Books;
use super::event::Event;
use super::registrant::{Origin, Registrant};

/// Strangers have numbers from here on, which nobody else has.
const STRANGERS: u32 = 3_000_000_000;
/// And those who are not even registered from here on.
const GUESTS: u32 = 3_500_000_000;
/// More of them than this are never asked in at once.
const MOST: u32 = 100_000;

impl Event {
    /// People come once the event is over.
    pub(super) fn settle(&mut self, now: Timestamp, seed: u64) -> &mut Self {
        if self.ends() <= now {
            self.hold(seed);
        }
        self.sum_up();
        self
    }

    /// Decides for everybody who may come and of whom it is not decided yet; a decision is never changed.
    fn hold(&mut self, seed: u64) {
        let undecided = std::mem::take(&mut self.undecided);
        let (come, stay): (Vec<usize>, Vec<usize>) =
            undecided.into_iter().partition(|position| self.people[*position].may_come());
        self.undecided = stay;
        self.each(&come, seed, "attendance", |event, person, generator| {
            let chance = match person.origin {
                Origin::Page | Origin::Guest => Chance::Comes,
                Origin::Api if person.created >= event.ends() => Chance::Late,
                Origin::Api => Chance::Usual,
            };
            person.attendance = Some(Box::new(Attendance::draw(generator, event, chance)));
        });
    }

    /// A third of the people watch on demand, some of them once more. The same seed does this only once.
    fn replay(&mut self, seed: u64) {
        if !self.details.has_archive || !self.replayed.insert(seed) {
            return;
        }
        let decided = |position: &usize| {
            let person = &self.people[*position];
            person.attendance.is_some() && person.may_come()
        };
        let decided: Vec<usize> = (0..self.people.len()).filter(decided).collect();
        self.each(&decided, seed, "replay", |event, person, generator| {
            if let Some(attendance) = person.attendance.as_mut().filter(|_| generator.random_ratio(1, 3)) {
                attendance.watch_more(generator, event);
            }
        });
    }

    /// What chance brings each person depends on the seed and the person alone, not on who else is there.
    fn each(
        &mut self,
        positions: &[usize],
        seed: u64,
        purpose: &str,
        decide: fn(&Self, &mut Registrant, &mut StdRng),
    ) {
        let mut people = std::mem::take(&mut self.people);
        for position in positions {
            let Some(person) = people.get_mut(*position) else { continue };
            let name = match person.email.as_str() {
                "" => person.id.to_string(),
                email => email.to_lowercase(),
            };
            let mut generator = seeded::generator(seed, &format!("on24/{purpose}/{}/{name}", self.id));
            decide(self, person, &mut generator);
        }
        self.people = people;
        if !positions.is_empty() {
            self.sums.came = None;
        }
    }

    /// People who registered on ON24's own page; those who did already are not registered again.
    fn welcome_strangers(&mut self, seed: u64, count: u32) {
        for number in 0..count {
            let stranger = self.outsider(seed, STRANGERS.saturating_add(number), Origin::Page);
            if self.position(&stranger.email).is_none() {
                let position = self.add(stranger);
                self.people[position].confirmed = true;
            }
        }
    }

    /// People who come by somebody else's link; they are attendees who are not registered.
    fn welcome_guests(&mut self, seed: u64, count: u32) {
        for number in 0..count {
            let guest = self.outsider(seed, GUESTS.saturating_add(number), Origin::Guest);
            if self.find_guest(&guest.email).is_none() {
                self.add_guest(guest);
            }
        }
    }

    fn outsider(&self, seed: u64, number: u32, origin: Origin) -> Registrant {
        let Person { first_name, last_name, email, company, job_title } = person(seed, number);
        let mut outsider = Registrant::new(self.next_id(), email, origin, self.created);
        outsider.fields.extend([
            ("firstname", first_name),
            ("lastname", last_name),
            ("company", company),
            ("jobtitle", job_title),
        ]);
        outsider
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
    guests: u32,
    #[serde(default)]
    ondemand: bool,
}

/// `POST /_emulator/attendance`: people come now, whatever the clock says.
pub(super) fn control(books: &mut Books, call: &Call) -> Answer {
    if call.method != Method::POST {
        return control::not_allowed();
    }
    let Ok(turnout) = serde_json::from_slice::<Turnout>(&call.body) else {
        let words = "expected {\"event_id\":N,\"seed\":S}, and \"strangers\":N, \"guests\":N or \"ondemand\":true if wanted";
        return control::refusal(StatusCode::BAD_REQUEST, words);
    };
    let Some(event) = books.event(turnout.event_id) else {
        return control::refusal(StatusCode::NOT_FOUND, "there is no such event");
    };
    event.welcome_strangers(turnout.seed, turnout.strangers.min(MOST));
    event.welcome_guests(turnout.seed, turnout.guests.min(MOST));
    event.hold(turnout.seed);
    if turnout.ondemand {
        event.replay(turnout.seed);
    }
    event.sum_up();
    let sums = event.sums.came.clone().unwrap_or_default();
    Answer::json(
        StatusCode::OK,
        &json!({ "attendees": sums.attendees, "live_minutes": sums.live.minutes,
                 "ondemand_minutes": sums.archive.minutes }),
    )
}
