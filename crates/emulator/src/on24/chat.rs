//! What was written while an event went on: chats, questions, and who presented.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::attendee::question;
use super::books::Books;
use super::event::Event;
use super::helpers::presenter;
use super::members::Members;
use super::pacific::stamp;
use super::programme::{PRESENTER, chat_id};
use super::reading::Reading;
use super::refusal::Refusal;
use super::registrant::Registrant;

const MESSAGE: &str = "Hello from Köln & thank you!";
const GREETING: &str = "Welcome, everybody.";

impl Event {
    /// `GET groupchat`: the attendees' messages, after the presenter's greeting.
    pub(super) fn group_chat(&self, reading: &Reading<'_>) -> Value {
        let mut messages = Vec::new();
        let mut writers = 0;
        for (person, came) in self.attendees(reading) {
            writers += usize::from(!came.engagement.chat.is_empty());
            messages.extend(came.engagement.chat.iter().map(|at| (*at, message(person, *at, reading))));
        }
        messages.sort_by_key(|(at, _)| *at);
        let greeting = json!({ "createtimestamp": stamp(self.starts), "presenterid": PRESENTER.id,
            "email": PRESENTER.email, "firstname": PRESENTER.first_name, "lastname": PRESENTER.last_name,
            "chatmessage": GREETING });
        let greeting = self.has_started(reading.now).then_some(greeting);
        let shown: Vec<Value> =
            greeting.into_iter().chain(messages.into_iter().map(|(_, said)| said)).collect();
        let mut chat = reading.record();
        chat.set("groupchatid", chat_id(self.id)).set("groupchatname", "Group Chat 1");
        chat.set("uniqueviews", writers).set("totalviews", writers).list("chatmessages", shown);
        json!({ "eventid": self.id, "groupchats": [chat.into_value()] })
    }

    /// `GET presenterchat`: what presenters wrote to each other; nothing before the event.
    pub(super) fn presenter_chat(&self, reading: &Reading<'_>) -> Value {
        let mut said = presenter();
        said["chatid"] = json!(chat_id(self.id) + 1);
        said["createtimestamp"] = json!(stamp(self.starts));
        said["content"] = json!("Can you hear me?");
        let said = if self.has_started(reading.now) { vec![said] } else { Vec::new() };
        json!({ "eventid": self.id, "presenterchats": said })
    }

    /// `GET presenter`: nobody before the event.
    pub(super) fn presenters(&self, reading: &Reading<'_>) -> Value {
        json!({ "eventpresenters": self.presences(reading) })
    }

    fn presences(&self, reading: &Reading<'_>) -> Vec<Value> {
        let mut presence = presenter();
        presence["starttime"] = json!(stamp(self.live_starts()));
        presence["endtime"] = json!(stamp(self.ends()));
        presence["ispracticesession"] = json!("N");
        if self.ends() <= reading.now { vec![presence] } else { Vec::new() }
    }
}

fn message(person: &Registrant, at: Timestamp, reading: &Reading<'_>) -> Value {
    let mut message = reading.record();
    message.set("createtimestamp", stamp(at)).set("eventuserid", person.id);
    for name in ["email", "firstname", "lastname"] {
        message.maybe(name, person.value(name));
    }
    message.set("chatmessage", MESSAGE);
    message.into_value()
}

impl Books {
    /// `GET userquestions`: those of the last five minutes, or of an hour at most. They are known at once.
    pub(super) fn questions(&self, reading: &Reading<'_>) -> Result<Value, Refusal> {
        let members = Members::all_unless_excluded(reading)?;
        let window = reading.window_of_minutes(5)?;
        if window.until.duration_since(window.from) > SignedDuration::from_hours(1) {
            let words = "the startDate and endDate are more than 1 hour apart.";
            return Err(Refusal::BadQuery(words.to_owned()));
        }
        let domains = reading.get("emailfilter").map(str::to_lowercase);
        let wanted = |person: &Registrant| {
            let domain = person.email.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
            domains.as_ref().is_none_or(|domains| domains.split(',').any(|wanted| wanted.trim() == domain))
        };
        let mut asked = Vec::new();
        for event in self.shown(&members) {
            for person in event.people.iter().filter(|person| wanted(person)) {
                let questions = person.attendance.iter().flat_map(|came| &came.engagement.questions);
                let in_time = questions.enumerate().filter(|(_, at)| window.contains(**at));
                asked.extend(in_time.map(|(number, at)| (*at, asked_by(event, person, number, *at))));
            }
        }
        asked.sort_by_key(|(at, _)| *at);
        let mut envelope = reading.record();
        reading.rows(&mut envelope, "questions", asked.into_iter().map(|(_, question)| question).collect());
        Ok(envelope.into_value())
    }

    /// `GET presenter` of a client.
    pub(super) fn presenters(&self, reading: &Reading<'_>) -> Result<Value, Refusal> {
        let members = Members::all_unless_excluded(reading)?;
        let window = reading.window(None)?;
        let mut rows = Vec::new();
        for event in self.shown(&members).filter(|event| window.contains(event.live_starts())) {
            for mut row in event.presences(reading) {
                row["eventid"] = json!(event.id);
                row["clientid"] = json!(event.client);
                row["sessionid"] = json!(1);
                row["eventtitle"] = json!(event.details.title);
                rows.push(row);
            }
        }
        let mut envelope = reading.record();
        reading.rows(&mut envelope, "eventpresenters", rows);
        Ok(envelope.into_value())
    }
}

fn asked_by(event: &Event, person: &Registrant, number: usize, at: Timestamp) -> Value {
    let mut asked = question(person.id, number, at);
    asked["eventid"] = json!(event.id);
    asked["clientid"] = json!(event.client);
    asked["eventuserid"] = json!(person.id);
    for name in ["firstname", "lastname", "email", "exteventusercd"] {
        if let Some(value) = person.value(name) {
            asked[name] = json!(value);
        }
    }
    asked
}
