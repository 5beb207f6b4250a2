//! What an account has beside its events: questions for surveys, tokens for mails, users, and its most engaged companies.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::books::Books;
use super::members::Members;
use super::programme::{Choice, PRESENTER, SURVEY, certificate_id};
use super::reading::Reading;
use super::refusal::Refusal;
use super::window::Window;

/// Companies are engaged by what happened in so many days, and so many are listed.
const DAYS: i64 = 90;
const MOST: usize = 100;

/// Label, token, what it stands for, and where it can be used.
const TOKENS: [(&str, &str, &str, &str); 4] = [
    ("Webcast Title", "#EVENTTITLE#", "What the event is called", "summary"),
    ("Webcast Date", "#EVENTDATE#", "When it begins", "summary"),
    ("First Name", "#FIRSTNAME#", "Who gets the mail", "email"),
    ("Audience URL", "#AUDIENCEURL#", "Where to watch", "email"),
];

const PERMISSIONS: [&str; 14] = [
    "Manage Integrations",
    "Order Services",
    "Manage Target Experience",
    "Manage Audience Console Layout",
    "Manage Users",
    "Manage Brand Settings",
    "Manage Engagement Hub(s)",
    "Account Analytics",
    "Manage Forums",
    "Workgroup Access (View and Edit all events)",
    "Manage Forums Basic",
    "Create Events",
    "Manage Go Live",
    "Event Analytics",
];

/// `GET surveylibrary`: the questions that have a code, each in German as well.
pub(super) fn survey_questions() -> Value {
    let questions = SURVEY.iter().filter_map(|question| Some((question, question.code?)));
    let shown = questions.map(|(question, code)| {
        let kind = match question.kind() {
            "singletext" => "SINGLE_TEXT",
            "multioption" => "MULTI_OPTION",
            _ => "SINGLE_OPTION",
        };
        let mut variation = json!({ "questioncode": code + 1, "question": format!("[de] {}", question.question),
                                    "languagecode": "de" });
        let mut shown = json!({ "questioncode": code, "questiontype": kind, "question": question.question });
        if !question.answers.is_empty() {
            shown["surveyanswer"] = answers(question);
            variation["surveyanswer"] = answers(question);
        }
        shown["variations"] = json!([variation]);
        shown
    });
    json!({ "surveyquestions": shown.collect::<Value>() })
}

fn answers(question: &Choice) -> Value {
    let answers = question.answers.iter().enumerate();
    answers
        .map(|(number, answer)| json!({ "answercode": Choice::code_of(number), "answer": answer }))
        .collect()
}

/// `GET tokens`: all of them, or those of one context.
pub(super) fn replacement_tokens(reading: &Reading<'_>) -> Value {
    let context = reading.get("context").filter(|context| !context.eq_ignore_ascii_case("all"));
    let known =
        TOKENS.iter().filter(|(.., of)| context.is_none_or(|context| context.eq_ignore_ascii_case(of)));
    let tokens = known.map(|(label, value, description, context)| {
        json!({ "label": label, "value": value, "description": description, "context": context })
    });
    json!({ "replacementtokens": tokens.collect::<Value>() })
}

/// `GET users`: one who may do everything, and one whose permissions are not told.
pub(super) fn users(reading: &Reading<'_>) -> Value {
    let permissions: serde_json::Map<String, Value> =
        PERMISSIONS.iter().map(|name| ((*name).to_owned(), json!(true))).collect();
    json!({ "users": [
        { "name": PRESENTER.name(), "userName": "ada", "email": PRESENTER.email, "jobTitle": PRESENTER.title,
          "type": "Platform Login", "account": "example", "lastLoginDate": "2026-11-02",
          "clientId": reading.client(), "permissions": permissions },
        { "name": "Änne Beispiel", "userName": "aenne", "email": "aenne@on24.example", "jobTitle": "Editor",
          "type": "Contributor", "account": "example", "lastLoginDate": "2026-10-19", "clientId": reading.client() },
    ] })
}

/// `GET certifications` of an event.
pub(super) fn certifications(event: i64) -> Value {
    json!({ "eventId": event, "certifications": [{
        "certificationid": certificate_id(event), "certificationname": "Certificate of attendance",
        "certificationcredit": [
            { "type": "fullcreditoption", "name": "Stayed to the end", "requiredViewingMinutes": 45,
              "requiredNumberOfPollsToAnswer": 1, "messageForPartialCreditComplete": "Well done",
              "earnedCreditForCompletion": 100 },
            { "type": "partialcreditoption1", "name": "Stayed for half of it", "requiredViewingMinutes": 25,
              "requiredNumberOfPollsToAnswer": 0, "messageForPartialCreditComplete": "Half done",
              "earnedCreditForCompletion": 50 },
        ],
    }] })
}

impl Books {
    /// `GET engagedaccount`: the companies with the most attendees, by the domain of their addresses.
    pub(super) fn engaged_accounts(&self, reading: &Reading<'_>) -> Result<Value, Refusal> {
        let window = Window::of(|_| None, reading.now, Some(DAYS))
            .map_err(|words| Refusal::Dates(words.to_owned()))?;
        let mut companies: BTreeMap<String, (usize, &str)> = BTreeMap::new();
        for event in self.shown(&Members::all(reading)) {
            for (person, came) in event.attendees(reading) {
                let recent = came.last_activity().is_some_and(|at| window.contains(at));
                let (Some(company), Some((_, domain))) =
                    (person.value("company"), person.email.rsplit_once('@'))
                else {
                    continue;
                };
                if recent {
                    companies.entry(domain.to_lowercase()).or_insert((0, company)).0 += 1;
                }
            }
        }
        let mut companies: Vec<_> = companies.into_iter().collect();
        companies.sort_by_key(|(_, (people, _))| std::cmp::Reverse(*people));
        let accounts = companies.iter().take(MOST).map(|(domain, (_, company))| {
            json!({ "name": company, "domains": [domain],
                    "profileurl": format!("https://data.on24.example/account?domain={domain}") })
        });
        Ok(json!({ "accounts": accounts.collect::<Value>() }))
    }
}
