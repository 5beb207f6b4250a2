//! Reading attendees: no names, times in Pacific time, and nothing for what did not happen.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::attendance::{Attendance, Viewing};
use super::books::Books;
use super::event::Event;
use super::pacific::stamp;
use super::reads::asks_for;
use super::refusal::Refusal;
use super::registrant::Registrant;

const QUESTIONS: [&str; 2] =
    ["Will the slides be sent round?", "Does this work for teams in several countries?"];
const POLLS: [&str; 2] = ["What is your greatest challenge?", "When do you plan to begin?"];
const CHOICES: [[&str; 3]; 2] =
    [["Time & people", "Budget", "Data"], ["This year", "Next year", "Not at all"]];

impl Event {
    /// Everybody who came, at once: there is no paging here.
    pub(super) fn attendees(&self, query: &[(String, String)]) -> Value {
        let came = self.people.iter().filter(|person| asks_for(query, person.standing));
        let records: Vec<Value> = came
            .filter_map(|person| Some(Value::Object(self.attendee(person, person.attended()?))))
            .collect();
        json!({ "eventid": self.id, "totalattendees": records.len(), "attendees": records })
    }

    fn attendee(&self, person: &Registrant, attendance: &Attendance) -> Map<String, Value> {
        let mut record = identity(person);
        record.insert("engagementscore".to_owned(), json!(f64::from(attendance.score) / 10.0));
        insert_viewing(&mut record, "live", attendance.live.as_ref());
        insert_viewing(&mut record, "archive", attendance.archive.as_ref());
        for (name, count) in [
            ("askedquestions", attendance.questions.len()),
            ("resourcesdownloaded", attendance.downloads.len()),
            ("answeredpolls", attendance.votes.len()),
            ("answeredsurveys", 0),
        ] {
            record.insert(name.to_owned(), json!(count));
        }
        record.insert("launchmode".to_owned(), json!("Watching remote"));
        record.insert("sourceeventid".to_owned(), json!(self.id));
        for (name, list) in [
            ("questions", questions(person.id, attendance)),
            ("polls", polls(self.id, attendance)),
            ("resources", resources(self.id, attendance)),
        ] {
            if !list.is_empty() {
                record.insert(name.to_owned(), Value::Array(list));
            }
        }
        record
    }
}

impl Books {
    /// The most recent attendance of this address, bare.
    pub(super) fn attendee(&self, email: &str, account: &Account) -> Result<Value, Refusal> {
        let came = self.events.values().filter_map(|event| {
            let person = event.find(email)?;
            Some((event, person, person.attended()?))
        });
        let (event, person, attendance) = came
            .max_by_key(|(event, ..)| event.starts)
            .ok_or_else(|| Refusal::UnknownAttendee(email.to_owned()))?;
        let mut record = event.attendee(person, attendance);
        record.insert("clientid".to_owned(), json!(account.client_id()));
        record.insert("eventid".to_owned(), json!(event.id));
        Ok(Value::Object(record))
    }
}

fn identity(person: &Registrant) -> Map<String, Value> {
    let mut record = Map::new();
    if !person.email.is_empty() {
        record.insert("email".to_owned(), json!(person.email));
    }
    record.insert("eventuserid".to_owned(), json!(person.id));
    for name in ["exteventusercd", "partnerref"] {
        if let Some(value) = person.fields.get(name) {
            record.insert(name.to_owned(), json!(value));
        }
    }
    record.insert("userstatus".to_owned(), json!(person.standing.user_status()));
    let blocked = person.fields.get("isblocked").map_or("N", String::as_str);
    record.insert("isblocked".to_owned(), json!(blocked.to_ascii_uppercase()));
    record
}

/// The counters are zero for a mode that was not used; its times are left out.
fn insert_viewing(record: &mut Map<String, Value>, mode: &str, viewing: Option<&Viewing>) {
    let (minutes, cumulative, launches) =
        viewing.map_or((0, 0, 0), |viewing| (viewing.minutes, viewing.cumulative, viewing.launches));
    record.insert(format!("{mode}minutes"), json!(minutes));
    record.insert(format!("cumulative{mode}minutes"), json!(cumulative));
    record.insert(format!("{mode}viewed"), json!(launches));
    if let Some(viewing) = viewing {
        record.insert(format!("first{mode}activity"), json!(stamp(viewing.first)));
        record.insert(format!("last{mode}activity"), json!(stamp(viewing.last)));
    }
}

fn questions(person: i64, attendance: &Attendance) -> Vec<Value> {
    let asked = attendance.questions.iter().zip(QUESTIONS).enumerate();
    asked
        .map(|(number, (time, content))| {
            let mut question = json!({ "questionid": person % 1_000_000 * 10 + i64::from(number > 0),
                                       "createtimestamp": stamp(*time), "content": content });
            if number % 2 == 0 {
                question["answer"] = json!({ "createtimestamp": stamp(*time), "content": "Yes, tomorrow.",
                    "presenterid": 2_223_110, "presentername": "Ada Example", "privacy": "Private" });
            }
            question
        })
        .collect()
}

fn polls(event: i64, attendance: &Attendance) -> Vec<Value> {
    let vote = |(poll, time, choice): &(usize, jiff::Timestamp, usize)| {
        let answer = CHOICES[*poll][*choice];
        let id = event * 10 + i64::from(*poll > 0);
        json!({ "pollid": id, "pollsubmittedtimestamp": stamp(*time), "pollquestionid": id + 5,
                "pollquestion": POLLS[*poll], "pollanswers": [answer],
                "pollanswersdetail": [{ "answercode": format!("choice{}", choice + 1), "answer": answer }] })
    };
    attendance.votes.iter().map(vote).collect()
}

fn resources(event: i64, attendance: &Attendance) -> Vec<Value> {
    let fetched = |time: &jiff::Timestamp| json!({ "resourceid": event * 3, "resourceviewed": "Slides & notes", "resourceviewedtimestamp": stamp(*time) });
    attendance.downloads.iter().map(fetched).collect()
}
