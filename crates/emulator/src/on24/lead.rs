//! People over all of a client's events: leads, and the profile of one of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::attendance::Attendance;
use super::books::Books;
use super::device::profile_url;
use super::event::Event;
use super::members::Members;
use super::pacific::stamp;
use super::paging::Paging;
use super::programme::{ANSWER, CALLS, HANDOUTS, OWN_WORDS, POLLS, QUESTIONS, SURVEY, call_id};
use super::reading::Reading;
use super::record::Record;
use super::refusal::Refusal;
use super::registrant::{Registrant, Standing};
use super::viewing::Viewing;

const PAGE: usize = 50;
/// The list shows so many days, unless the query says otherwise.
const DAYS: i64 = 30;
/// And never more than so many.
const MOST_DAYS: i32 = 365;

const INTERESTS: [&str; 4] = ["Integration", "Automation", "Planning", "Security"];
const SEGMENTS: [&str; 3] = ["Europe", "Decision makers", "Newcomers"];

type Visit<'a> = (&'a Event, &'a Registrant, Option<Cow<'a, Attendance>>);

/// Everything of one address.
#[derive(Default)]
struct Lead<'a> {
    visits: Vec<Visit<'a>>,
}

impl Books {
    /// `GET lead`: whoever registered or was active in that time, by address.
    pub(super) fn leads(&self, reading: &Reading<'_>) -> Result<Value, Refusal> {
        if !reading.settings.power_leads {
            return Err(Refusal::NoLeads(reading.client()));
        }
        let window = reading.window(Some(DAYS))?;
        if !window.fits_days(MOST_DAYS) {
            let words = "startDate and endDate can't be more than 365 days appart.";
            return Err(Refusal::BadQuery(words.to_owned()));
        }
        let mut leads: BTreeMap<String, Lead<'_>> = BTreeMap::new();
        for event in self.shown(&Members::all(reading)) {
            for person in event.registered(reading).filter(|person| is_lead(person)) {
                let came = person.attended(event, reading);
                let active = came.as_ref().is_some_and(|came| {
                    came.sessions().any(|(_, session)| window.touches(session.start, session.end()))
                });
                if active || window.contains(person.created) {
                    let lead = leads.entry(person.email.to_lowercase()).or_default();
                    lead.visits.push((event, person, came));
                }
            }
        }
        let page = Paging::of(reading, PAGE).cut(leads.into_values().collect(), reading)?;
        let mut envelope = reading.record();
        envelope.set("clientid", reading.client());
        page.count(&mut envelope, "totalleads");
        reading.rows(&mut envelope, "leads", page.rows.iter().map(|lead| lead.row(reading)).collect());
        Ok(envelope.into_value())
    }

    /// `GET lead/{email}`: the prospect engagement profile.
    pub(super) fn lead(&self, email: &str, reading: &Reading<'_>) -> Result<Value, Refusal> {
        let members = Members::all(reading);
        let visits = self.registered_as(email, &members, reading).filter(|(_, person)| is_lead(person));
        let visits = visits.map(|(event, person)| (event, person, person.attended(event, reading)));
        let lead = Lead { visits: visits.collect() };
        lead.latest().ok_or(Refusal::UnknownLead).map(|person| lead.profile(person, reading))
    }
}

fn is_lead(person: &Registrant) -> bool {
    person.standing != Standing::Forgotten && !person.email.is_empty()
}

impl<'a> Lead<'a> {
    fn latest(&self) -> Option<&'a Registrant> {
        self.visits.iter().map(|(_, person, _)| *person).max_by_key(|person| person.created)
    }

    fn attended(&self) -> impl Iterator<Item = (&'a Event, &'a Registrant, &Attendance)> {
        self.visits.iter().filter_map(|(event, person, came)| Some((*event, *person, came.as_deref()?)))
    }

    /// How engaged those are who attended something.
    fn level(&self) -> Option<&'static str> {
        let best = self.attended().map(|(.., came)| came.engagement.score).max()?;
        Some(match best {
            0..30 => "LOW",
            30..60 => "MEDIUM",
            _ => "HIGH",
        })
    }

    /// The level of those who attended, and the prediction for the others.
    fn insert_engagement(&self, record: &mut Record) {
        match self.level() {
            Some(level) => record.set("engagementlevel", level),
            None => record.maybe("engagementprediction", self.latest().and_then(Registrant::prediction)),
        };
    }

    fn row(&self, reading: &Reading<'_>) -> Value {
        let mut row = reading.record();
        let Some(person) = self.latest() else { return row.into_value() };
        row.set("email", person.email.as_str()).set("businessinterests", interests(person));
        self.insert_engagement(&mut row);
        row.set("userprofileurl", profile_url(person.id));
        let number = usize::try_from(person.id % 3).unwrap_or_default();
        row.set("segments", json!([SEGMENTS[number]]));
        row.into_value()
    }

    fn profile(&self, person: &Registrant, reading: &Reading<'_>) -> Value {
        let mut record = reading.record();
        for name in ["company", "email", "lastname", "firstname"] {
            record.maybe(name, person.value(name));
        }
        record.set("lifetimeactivity", self.lifetime(reading));
        record.set("businessinterests", self.interests(person));
        for name in ["jobtitle", "workphone", "notes"] {
            record.maybe(name, person.value(name));
        }
        let recent = self.attended().map(|(event, person, came)| activity(event, person, came, reading));
        record.set("recentactivities", recent.collect::<Value>());
        record.into_value()
    }

    fn lifetime(&self, reading: &Reading<'_>) -> Value {
        let sum = |of: fn(&Attendance) -> usize| self.attended().map(|(.., came)| of(came)).sum::<usize>();
        let seconds: u32 = self
            .attended()
            .map(|(.., came)| seconds(came.live.as_ref()) + seconds(came.archive.as_ref()))
            .sum();
        let minutes: u32 = self.attended().map(|(.., came)| came.cumulative_minutes()).sum();
        let mut lifetime = reading.record();
        lifetime.set("resources", sum(|came| came.engagement.downloads.len()));
        self.insert_engagement(&mut lifetime);
        lifetime.set("totalengagementminutes", minutes);
        if self.attended().next().is_some() {
            lifetime.set("totalengagementseconds", seconds);
        }
        lifetime.set("totaltouches", sum(touches)).set("webinarsattended", self.attended().count());
        lifetime.set("videoswatched", 0).set("documentsread", 0).set("webpagesviewed", 0);
        lifetime.into_value()
    }

    /// Of somebody who attended nothing none is known, and so nothing of when it was found.
    fn interests(&self, person: &Registrant) -> Value {
        match self.attended().filter_map(|(.., came)| came.last_activity()).max() {
            Some(at) => json!({ "keywords": interests(person), "lastupdated": stamp(at) }),
            None => json!({ "keywords": [] }),
        }
    }
}

fn interests(person: &Registrant) -> Value {
    let number = usize::try_from(person.id % 3).unwrap_or_default();
    json!(&INTERESTS[number..number + 2])
}

fn touches(came: &Attendance) -> usize {
    let done = &came.engagement;
    done.questions.len()
        + done.votes.len()
        + usize::from(done.opinion.is_some())
        + done.downloads.len()
        + done.clicks.len()
}

fn seconds(viewing: Option<&Viewing>) -> u32 {
    viewing.map_or(0, Viewing::seconds)
}

/// One event in a profile, with its durations in minutes and in seconds.
fn activity(event: &Event, person: &Registrant, came: &Attendance, reading: &Reading<'_>) -> Value {
    let done = &came.engagement;
    let word = |viewing: &Option<Viewing>| if viewing.is_some() { "Y" } else { "N" };
    let minutes = |viewing: &Option<Viewing>| viewing.as_ref().map_or(0, Viewing::cumulative);
    let mut record = reading.record();
    record.set("eventid", event.id).set("eventtitle", event.details.title.as_str());
    record.set("liveseconds", seconds(came.live.as_ref())).set("livetime", minutes(&came.live));
    record.set("ondemandseconds", seconds(came.archive.as_ref())).set("ondemandtime", minutes(&came.archive));
    record.set("attendedlive", word(&came.live)).set("attendedarchive", word(&came.archive));
    record.maybe("lastactivity", came.last_activity().map(stamp));
    record.set("registrationdate", stamp(person.created)).set("totalpages", 0);
    for (name, count) in [
        ("resourcesdownloaded", done.downloads.len()),
        ("askedquestions", done.questions.len()),
        ("answeredpolls", done.votes.len()),
        ("answeredsurveys", usize::from(done.opinion.is_some())),
        ("ctasaccessed", done.clicks.len()),
    ] {
        record.set(name, count);
    }
    insert_deeds(&mut record, event, came);
    record.set("eventuserid", person.id).maybe("exteventusercd", person.value("exteventusercd"));
    record.into_value()
}

fn insert_deeds(record: &mut Record, event: &Event, came: &Attendance) {
    let done = &came.engagement;
    let resources = done.downloads.iter().map(|deed| json!({ "resourcename": HANDOUTS[deed.what] }));
    record.list("resources", resources.collect());
    record.list("questions", done.questions.iter().enumerate().map(|(number, _)| question(number)).collect());
    let polls = done.votes.iter().map(|vote| {
        let poll = &POLLS[vote.poll];
        said(poll.question, &named(poll.answers, &vote.answers))
    });
    record.list("polls", polls.collect());
    let choices = SURVEY.iter().filter(|question| !question.answers.is_empty());
    let surveys = done.opinion.iter().flat_map(|opinion| {
        let chosen = choices.clone().zip(&opinion.answers).filter(|(_, answers)| !answers.is_empty());
        let chosen =
            chosen.map(|(question, answers)| said(question.question, &named(question.answers, answers)));
        let words = opinion.words.map(|words| said(SURVEY[SURVEY.len() - 1].question, OWN_WORDS[words]));
        chosen.chain(words)
    });
    record.list("surveys", surveys.collect());
    let clicks = done.clicks.iter().map(|deed| {
        json!({ "ctaid": call_id(event.id, deed.what).to_string(), "ctaname": CALLS[deed.what].0,
                "clicks": deed.times.to_string(), "date": stamp(deed.at) })
    });
    record.list("calltoactions", clicks.collect());
}

/// What has no answer yet is said to be so, unlike in the attendee.
fn question(number: usize) -> Value {
    let answer = if number.is_multiple_of(2) { ANSWER } else { "Unanswered" };
    said(QUESTIONS[number % QUESTIONS.len()], answer)
}

fn said(question: &str, answer: &str) -> Value {
    json!({ "question": question, "answer": answer })
}

fn named(answers: &[&str], chosen: &[usize]) -> String {
    chosen.iter().map(|answer| answers[*answer]).collect::<Vec<_>>().join(", ")
}
