//! The attendee of the reads: no names, times in Pacific time, and nothing for what did not happen.

use serde_json::{Value, json};

use super::attendance::Attendance;
use super::device::{Device, profile_url};
use super::engagement::{Engagement, Opinion, Vote};
use super::event::Event;
use super::pacific::stamp;
use super::programme::{
    ANSWER, CALLS, Choice, HANDOUTS, OWN_WORDS, POLLS, PRESENTER, QUESTIONS, SURVEY, call_id, handout_id,
    poll_id, poll_question_id, question_id, survey_id, survey_question_id,
};
use super::record::{Missing, Record};
use super::registrant::{RecordKind, Registrant};
use super::viewing::Viewing;
use super::widget;

/// What ON24 leaves out when only that is asked for which it knows at once.
pub(super) const WAREHOUSE: [&str; 11] = [
    "engagementscore",
    "firstliveactivity",
    "lastliveactivity",
    "firstarchiveactivity",
    "lastarchiveactivity",
    "askedquestions",
    "resourcesdownloaded",
    "answeredpolls",
    "answeredsurveys",
    "cumulativeliveminutes",
    "cumulativearchiveminutes",
];

impl Registrant {
    pub(super) fn attendee(
        &self,
        event: &Event,
        attendance: &Attendance,
        missing: Missing,
        kind: RecordKind,
    ) -> Record {
        let mut record = Record::new(missing);
        self.insert_identity(&mut record, event, kind);
        record.set("engagementscore", f64::from(attendance.engagement.score) / 10.0);
        insert_viewing(&mut record, "live", attendance.live.as_ref());
        insert_viewing(&mut record, "archive", attendance.archive.as_ref());
        insert_counts(&mut record, &attendance.engagement);
        record.set("launchmode", Device::of(self.id).place);
        insert_lists(&mut record, event, self.id, &attendance.engagement);
        widget::insert(&mut record, event.id, event.starts, &attendance.engagement);
        self.insert_source(&mut record, event);
        if kind == RecordKind::OfEvent {
            record.set("attendeesessions", attendance.sessions().count());
        }
        record
    }

    fn insert_identity(&self, record: &mut Record, event: &Event, kind: RecordKind) {
        record.maybe("email", self.value("email"));
        if kind != RecordKind::OfEvent {
            record.set("clientid", event.client).set("eventid", event.id);
        }
        record.set("eventuserid", self.id);
        record.maybe("exteventusercd", self.value("exteventusercd"));
        record.set("userstatus", self.standing.user_status());
        record.set("isblocked", if self.is_blocked() { "Y" } else { "N" });
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.value("isblocked").is_some_and(|flag| flag.eq_ignore_ascii_case("y"))
    }

    fn insert_source(&self, record: &mut Record, event: &Event) {
        let code = event.details.campaign_code.as_deref();
        record.set("userprofileurl", profile_url(self.id));
        record.maybe("campaigncode", code).maybe("sourcecampaigncode", code);
        record.set("sourceeventid", event.id);
        let partner = self.value("partnerref");
        record.maybe("partnerref", partner).maybe("attendancepartnerref", partner);
    }
}

/// The counters are zero for a mode that was not used; its times are left out.
fn insert_viewing(record: &mut Record, mode: &str, viewing: Option<&Viewing>) {
    record.set(&format!("{mode}minutes"), viewing.map_or(0, Viewing::minutes));
    record.set(&format!("cumulative{mode}minutes"), viewing.map_or(0, Viewing::cumulative));
    record.set(&format!("{mode}mediaplayerminutes"), viewing.map_or(0, Viewing::media));
    record.set(&format!("{mode}viewed"), viewing.map_or(0, Viewing::launches));
    record.maybe(&format!("first{mode}activity"), viewing.map(|viewing| stamp(viewing.first())));
    record.maybe(&format!("last{mode}activity"), viewing.map(|viewing| stamp(viewing.last())));
}

fn insert_counts(record: &mut Record, done: &Engagement) {
    for (name, count) in [
        ("askedquestions", done.questions.len()),
        ("resourcesdownloaded", done.downloads.len()),
        ("answeredpolls", done.votes.len()),
        ("answeredsurveys", usize::from(done.opinion.is_some())),
        ("answeredsurveyquestions", done.survey_answers()),
    ] {
        record.set(name, count);
    }
}

fn insert_lists(record: &mut Record, event: &Event, person: i64, done: &Engagement) {
    record.list("questions", questions(person, done));
    record.list("polls", done.votes.iter().map(|vote| poll(event.id, vote)).collect());
    record.list("surveys", done.opinion.iter().map(|opinion| survey(event.id, opinion)).collect());
    let downloads = done.downloads.iter().map(|deed| {
        json!({ "resourceid": handout_id(event.id, deed.what), "resourceviewed": HANDOUTS[deed.what],
                "resourceviewedtimestamp": stamp(deed.at) })
    });
    record.list("resources", downloads.collect());
    // Numbers are texts here, unlike in the event's own list.
    let clicks = done.clicks.iter().map(|deed| {
        let (name, _, action) = CALLS[deed.what];
        json!({ "ctaid": call_id(event.id, deed.what).to_string(), "ctaname": name,
                "clicks": deed.times.to_string(), "action": action, "date": stamp(deed.at) })
    });
    record.list("calltoactions", clicks.collect());
}

/// ON24 does not document `foldername`, but it occurs.
fn questions(person: i64, done: &Engagement) -> Vec<Value> {
    let asked = done.questions.iter().enumerate();
    asked
        .map(|(number, at)| {
            let mut question = question(person, number, *at);
            question["foldername"] = json!("Inbox");
            question
        })
        .collect()
}

/// Every other question is answered; there is no key for an answer that was not given.
pub(super) fn question(person: i64, number: usize, at: jiff::Timestamp) -> Value {
    let content = QUESTIONS[number % QUESTIONS.len()];
    let mut question = json!({ "questionid": question_id(person, number), "createtimestamp": stamp(at),
                               "content": content });
    if number.is_multiple_of(2) {
        question["answer"] = json!({ "createtimestamp": stamp(at), "content": ANSWER,
            "presenterid": PRESENTER.id, "presentername": PRESENTER.name(), "privacy": "Private" });
    }
    question
}

fn poll(event: i64, vote: &Vote) -> Value {
    let poll = &POLLS[vote.poll];
    json!({ "pollid": poll_id(event, vote.poll), "pollsubmittedtimestamp": stamp(vote.at),
            "pollquestionid": poll_question_id(event, vote.poll), "pollquestion": poll.question,
            "pollanswers": chosen(poll, &vote.answers), "pollanswersdetail": details(poll, &vote.answers) })
}

fn survey(event: i64, opinion: &Opinion) -> Value {
    let choices = SURVEY.iter().enumerate().filter(|(_, question)| !question.answers.is_empty());
    let chosen = choices.zip(&opinion.answers).filter(|(_, answers)| !answers.is_empty());
    let mut questions: Vec<Value> = chosen
        .map(|((number, question), answers)| {
            survey_question(
                event,
                number,
                question,
                &self::chosen(question, answers),
                details(question, answers),
            )
        })
        .collect();
    if let Some(words) = opinion.words.map(|words| OWN_WORDS[words]) {
        let number = SURVEY.len() - 1;
        let detail = json!([{ "answercode": Choice::code_of(0), "answer": words }]);
        questions.push(survey_question(event, number, &SURVEY[number], &json!([words]), detail));
    }
    json!({ "surveyid": survey_id(event), "surveysubmittedtimestamp": stamp(opinion.at),
            "surveyquestions": questions })
}

/// The code of a question is a text here, unlike in the event's own list.
fn survey_question(event: i64, number: usize, question: &Choice, answers: &Value, details: Value) -> Value {
    let mut shown = json!({ "surveyquestionid": survey_question_id(event, number),
                            "surveyquestion": question.question });
    if let Some(code) = question.code {
        shown["questioncode"] = json!(code.to_string());
        shown["primaryquestioncode"] = json!(code.to_string());
    }
    shown["surveyanswers"] = answers.clone();
    shown["surveyanswersdetail"] = details;
    shown
}

fn chosen(question: &Choice, answers: &[usize]) -> Value {
    answers.iter().map(|answer| json!(question.answers[*answer])).collect()
}

fn details(question: &Choice, answers: &[usize]) -> Value {
    let detail = |answer: &usize| json!({ "answercode": Choice::code_of(*answer), "answer": question.answers[*answer] });
    answers.iter().map(detail).collect()
}
