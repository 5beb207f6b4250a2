//! What each refusal of ON24 means. It has no codes, so its words are matched: in lower case and in part, because
//! they vary in wording, in full stops and even in status between endpoints.

use webinar_bridge_transport::StatusCode;

use crate::said::{Said, folded};

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Too many calls; when to come back is not said.
    Quota,
    /// The account or its token may not do this, and this is why.
    Denied(&'static str),
    /// The event is not there, or switched off.
    EventGone(&'static str),
    /// Nobody of that address is there.
    NobodyThere,
    /// Somebody who is not there cannot be deleted (or restored).
    NobodyToDelete,
    /// The event has started.
    Started,
    /// The request is not as ON24 wants it: our own mistake.
    Mistake(&'static str),
    /// ON24's word on the person.
    Personal,
}

struct Line {
    statuses: &'static [u16],
    /// All of them occur.
    words: &'static [&'static str],
    means: Meaning,
}

const fn line(statuses: &'static [u16], words: &'static [&'static str], means: Meaning) -> Line {
    Line { statuses, words, means }
}

use Meaning::{Denied, EventGone, Mistake, NobodyThere, NobodyToDelete, Personal, Quota, Started};

/// From the particular to the general; the first line that fits counts. Documented statuses contradict each other for
/// some texts, so lines are generous with them, but only where a wrong guess could do no harm: a wait that stops an
/// account is believed of 403 alone.
const LINES: &[Line] = &[
    line(&[403], &["maximum number of calls"], Quota),
    line(&[401, 403], &["not have permission"], Denied("on24.permission")),
    line(&[401, 403], &["don't have permission"], Denied("on24.permission")),
    line(&[401, 403], &["don't have access to this client"], Denied("on24.permission")),
    line(&[403], &["not an elite user"], Denied("on24.tier")),
    line(&[403], &["can not perform operations under client"], Denied("on24.tier")),
    line(&[403], &["not enabled for client"], Denied("on24.feature_off")),
    line(&[403], &["global client account", "not allowed"], Denied("on24.permission")),
    line(&[403], &["ability to delete this event"], Denied("on24.permission")),
    line(&[403], &["contract", "expired"], Denied("on24.contract_expired")),
    line(&[403], &["client id", "inactive"], Denied("on24.client_inactive")),
    line(&[400, 403, 404], &["the client ", "doesn't exist"], Denied("on24.unknown_client")),
    line(&[403], &["the event ", "is inactive"], EventGone("on24.event_inactive")),
    line(&[400, 403, 404], &["the event ", "doesn't exist"], EventGone("on24.unknown_event")),
    line(&[403, 404], &["not found under this client"], EventGone("on24.unknown_event")),
    line(&[403, 404], &["event not found"], EventGone("on24.unknown_event")),
    line(&[410], &["already been deleted"], EventGone("on24.event_deleted")),
    line(&[400, 403, 404], &["email provided was not found"], NobodyThere),
    line(&[403, 404], &["no registrant was found"], NobodyThere),
    line(&[403, 404], &["no lead data was found"], NobodyThere),
    line(&[403, 404], &["the registrant ", "doesn't exist"], NobodyThere),
    line(&[403, 404], &["the attendant ", "doesn't exist"], NobodyThere),
    line(&[400, 412], &["soft delete the registrant"], NobodyToDelete),
    line(&[400], &["matches other regist"], Personal),
    line(&[400], &["email parameter"], Mistake("on24.email_missing")),
    line(&[400], &["honorrequired parameter"], Mistake("on24.honorrequired")),
    line(&[400], &["honorvalidation"], Mistake("on24.honorvalidation")),
    line(&[400], &["inblocked"], Mistake("on24.isblocked")),
    line(&[400], &["isblocked"], Mistake("on24.isblocked")),
    line(&[400], &["incorrect date formats"], Mistake("on24.dates")),
    line(&[400], &["end date is before start date"], Mistake("on24.dates")),
    line(&[400], &["invalid date format"], Mistake("on24.dates")),
    line(&[400], &["can't be more than 365 days"], Mistake("on24.dates")),
    line(&[400], &["dateinter"], Mistake("on24.dates")),
    line(&[400], &["date filters cannot be sent"], Mistake("on24.dates")),
    line(&[400], &["invalid pageoffset"], Mistake("on24.page")),
    line(&[400], &["includesubaccounts"], Mistake("on24.subaccounts")),
    line(&[400], &["excludesubaccounts"], Mistake("on24.subaccounts")),
    line(&[400], &["exceeded the maximum number of user"], Mistake("on24.too_many_to_forget")),
    line(&[400], &["webinar was not created"], Mistake("on24.webinar")),
    line(&[412], &["does not meet criteria for deletion"], Mistake("on24.webinar_not_deletable")),
];

/// Nobody is deleted or restored once the event has started. ON24 does not document in which words it says so; these
/// are what it can be expected to say of an event, with any of the statuses that it uses for a no.
const STARTED: &[&str] = &[
    "has started",
    "already started",
    "has begun",
    "already begun",
    "after the event start",
    "once the event",
    "in progress",
    "is live",
    "has ended",
    "already ended",
    "is over",
    "already taken place",
];

const STARTED_STATUSES: &[u16] = &[400, 403, 409, 412];

const EVENTS: &[&str] = &["event", "webinar", "webcast"];

/// What the refusal means; `None`: the words are unknown.
///
/// A message may repeat what was sent. Words that the person's own values contain prove nothing, or somebody named
/// after a quota could stop the account.
pub(crate) fn meaning(status: StatusCode, said: &Said, own: &[&str]) -> Option<Meaning> {
    let text = said.folded();
    let own: Vec<String> = own.iter().map(|value| folded(value)).collect();
    let says = |words: &str| text.contains(words) && !own.iter().any(|value| value.contains(words.trim()));
    let fits =
        |line: &&Line| line.statuses.contains(&status.as_u16()) && line.words.iter().all(|words| says(words));
    let started = || {
        STARTED_STATUSES.contains(&status.as_u16())
            && said.is_message()
            && EVENTS.iter().any(|word| text.contains(word))
            && STARTED.iter().any(|words| says(words))
    };
    LINES.iter().find(fits).map(|line| line.means).or_else(|| started().then_some(Started))
}

/// Which of the ways in which a token is not accepted it was.
pub(crate) fn unauthorised(said: &Said) -> &'static str {
    let text = said.folded();
    if text.contains("deactivated") {
        "on24.token_deactivated"
    } else if text.contains("admin id") && text.contains("inactive") {
        "on24.login_inactive"
    } else {
        "on24.bad_token"
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use webinar_bridge_transport::{Answer, HeaderMap};

    use super::*;

    /// Every documented message.
    const CATALOGUE: &[(u16, &str, Option<Meaning>)] = &[
        (
            401,
            "You do not have permission to perform the requested operation.",
            Some(Denied("on24.permission")),
        ),
        (
            403,
            "You do not have permission to perform the requested operation.",
            Some(Denied("on24.permission")),
        ),
        (403, "You have reached the maximum number of calls for this api.", Some(Quota)),
        (403, "You reached the maximum number of calls for this endpoint", Some(Quota)),
        (403, "You don't have access to this client id", Some(Denied("on24.permission"))),
        (403, "The client id 10422 is inactive.", Some(Denied("on24.client_inactive"))),
        (403, "Client contract with id 10422 is expired.", Some(Denied("on24.contract_expired"))),
        (403, "The event 77 is inactive.", Some(EventGone("on24.event_inactive"))),
        (403, "The event id 77 is inactive.", Some(EventGone("on24.event_inactive"))),
        (403, "The email provided was not found.", Some(NobodyThere)),
        (
            403,
            "The client id is not an Elite user/The adminId can not perform operations under client clientId",
            Some(Denied("on24.tier")),
        ),
        (403, "Power Leads report is not enabled for client 10422.", Some(Denied("on24.feature_off"))),
        (
            403,
            "Creating an event in a Global Client Account is not allowed.",
            Some(Denied("on24.permission")),
        ),
        (
            403,
            "Copying an event into a Global Client Account is not allowed.",
            Some(Denied("on24.permission")),
        ),
        (403, "You don't have ability to delete this event", Some(Denied("on24.permission"))),
        (404, "The client 10422 doesn't exist.", Some(Denied("on24.unknown_client"))),
        (400, "The client 10422 doesn't exist.", Some(Denied("on24.unknown_client"))),
        (404, "The event 77 doesn't exist.", Some(EventGone("on24.unknown_event"))),
        (404, "The event id is not found under this client account", Some(EventGone("on24.unknown_event"))),
        (404, "Event not found for this client or its children", Some(EventGone("on24.unknown_event"))),
        (404, "No registrant was found for that email address", Some(NobodyThere)),
        (404, "No registrant was found for that email address and eventId combination", Some(NobodyThere)),
        (404, "The registrant ada@example.com doesn't exist.", Some(NobodyThere)),
        (404, "The attendant ada@example.com doesn't exist.", Some(NobodyThere)),
        (404, "No lead data was found for that email address", Some(NobodyThere)),
        (400, "Error, incorrect date formats.", Some(Mistake("on24.dates"))),
        (400, "Error, end date is before start date.", Some(Mistake("on24.dates"))),
        (
            400,
            "Invalid Date format for params startdate and enddate. Incorrect timezone value provided.",
            Some(Mistake("on24.dates")),
        ),
        (400, "startDate and endDate can't be more than 365 days appart.", Some(Mistake("on24.dates"))),
        (400, "Invalid pageOffset, range must be between 0 and 4.", Some(Mistake("on24.page"))),
        (
            400,
            "dateInterval is required when passing dateInterfalOffset or dateIntervalTimezone.",
            Some(Mistake("on24.dates")),
        ),
        (400, "Invalid dateIntervalTimezone.", Some(Mistake("on24.dates"))),
        (400, "dateInterval range must be between 1 and 180 inclusive.", Some(Mistake("on24.dates"))),
        (400, "dateIntervalOffset must be a number.", Some(Mistake("on24.dates"))),
        (400, "Start/End date filters cannot be sent with Interval filters.", Some(Mistake("on24.dates"))),
        (
            400,
            "You have to set includesubaccounts='Y' in order to filter by subaccounts.",
            Some(Mistake("on24.subaccounts")),
        ),
        (
            400,
            "You have to set excludesubaccounts='N' in order to filter by subaccounts.",
            Some(Mistake("on24.subaccounts")),
        ),
        (400, "The email parameter is missing.", Some(Mistake("on24.email_missing"))),
        (400, "The email parameter value is blank.", Some(Mistake("on24.email_missing"))),
        (400, "Invalid value for the honorrequired parameter.", Some(Mistake("on24.honorrequired"))),
        (400, "Invalid value for the honorvalidation parameter.", Some(Mistake("on24.honorvalidation"))),
        (400, "Invalid value for the inBlocked parameter.", Some(Mistake("on24.isblocked"))),
        (400, "New email address matches other registant's email address", Some(Personal)),
        (
            400,
            "You have exceeded the maximum number of user to be deleted (100,000)",
            Some(Mistake("on24.too_many_to_forget")),
        ),
        (400, "Webinar was not created due to errors in the parameters", Some(Mistake("on24.webinar"))),
        (410, "Event has already been deleted", Some(EventGone("on24.event_deleted"))),
        (412, "Event does not meet criteria for deletion", Some(Mistake("on24.webinar_not_deletable"))),
        (412, "You're trying to soft delete the registrant you're creating.", Some(NobodyToDelete)),
        // Not documented.
        (403, "The event has already started.", Some(Started)),
        (400, "Registrants cannot be deleted once the event has begun", Some(Started)),
        (412, "The webcast is in progress", Some(Started)),
        // Known words with a status that they cannot come with.
        (400, "You have reached the maximum number of calls for this api.", None),
        (404, "The event has already started.", None),
        // Unknown words.
        (400, "A required registration field is missing.", None),
        (400, "Country is not valid.", None),
        (403, "Go away", None),
        (403, "", None),
        (409, "Conflict of interests", None),
        (403, "A deletion is in progress", None),
    ];

    fn said(body: &str) -> (Answer, Said) {
        let answer = Answer {
            status: StatusCode::BAD_REQUEST,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec().into(),
        };
        let said = Said::hear(&answer);
        (answer, said)
    }

    fn means(status: u16, body: &str, own: &[&str]) -> Option<Meaning> {
        meaning(StatusCode::from_u16(status).unwrap(), &said(body).1, own)
    }

    #[test]
    fn every_line_of_the_catalogue_is_understood() {
        for (status, text, expected) in CATALOGUE {
            assert_eq!(
                means(*status, &json!({ "message": text }).to_string(), &[]),
                *expected,
                "{status} {text}"
            );
        }
    }

    #[test]
    fn letter_case_full_stops_tails_and_coats_do_not_matter() {
        for (status, text, expected) in CATALOGUE {
            let mangled = [
                json!({ "message": text.to_uppercase() }).to_string(),
                json!({ "message": text.trim_end_matches('.') }).to_string(),
                json!({ "message": format!("  {text} Please contact support.") }).to_string(),
                json!({ "message": text.replace('\'', "\u{2019}").replace(' ', "  ") }).to_string(),
                json!({ "status": *status, "error": { "Message": text } }).to_string(),
                (*text).to_owned(),
                format!("<error><message>{text}</message></error>"),
            ];
            for body in mangled {
                assert_eq!(means(*status, &body, &[]), *expected, "{status} {body}");
            }
            let page =
                format!("<html><body><h1>Error</h1><p>{}</p></body></html>", text.replace('\'', "&#39;"));
            let expected = expected.filter(|expected| *expected != Started);
            assert_eq!(
                means(*status, &page, &[]),
                expected,
                "a page is nobody's word on an event's start: {page}"
            );
        }
    }

    #[test]
    fn every_line_is_on_some_page_of_the_catalogue() {
        let known_only_to_us = ["don't have permission", "isblocked"];
        for line in LINES.iter().filter(|line| !known_only_to_us.contains(&line.words[0])) {
            let met = CATALOGUE.iter().any(|(status, text, _)| {
                let text = folded(text);
                line.statuses.contains(status) && line.words.iter().all(|words| text.contains(words))
            });
            assert!(met, "{:?}", line.words);
        }
    }

    #[test]
    fn nobody_is_named_after_a_quota() {
        let body = json!({ "message": "Value 'Maximum Number Of Calls' is not allowed." }).to_string();
        assert_eq!(means(403, &body, &["Ada", "maximum number of calls"]), None);
        assert_eq!(means(403, &body, &["Ada"]), Some(Quota));
        let body = json!({ "message": "The client Event Over GmbH is over" }).to_string();
        assert_eq!(means(403, &body, &["The webinar is over GmbH"]), None);
    }

    #[test]
    fn a_token_that_is_not_accepted_says_why() {
        let table = [
            ("Header must contain both accessTokenKey and accessTokenSecret.", "on24.bad_token"),
            ("AccessTokenKey and AccessTokenSecret are wrong or invalid.", "on24.bad_token"),
            ("AccessTokenKey and AccessTokenSecret are deactivated.", "on24.token_deactivated"),
            ("The access token secret or access token key was not found", "on24.bad_token"),
            ("The admin id 9 is inactive.", "on24.login_inactive"),
            ("", "on24.bad_token"),
        ];
        for (text, code) in table {
            assert_eq!(unauthorised(&said(text).1), code, "{text}");
            assert_eq!(means(401, text, &[]), None, "{text}");
        }
    }
}
