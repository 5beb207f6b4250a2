//! The emulated ON24 beside the catalogue of ON24's operations, keys and types.

#![expect(clippy::unwrap_used, reason = "what fails in a step of a test fails the test")]

mod answers;
mod catalogue;
mod desk;

use std::collections::BTreeSet;

use answers::Seen;
use catalogue::{Catalogue, Mark};
use desk::Desk;
use jiff::SignedDuration;

/// Somebody with every field of a registration.
const EVERYTHING: &[(&str, &str)] = &[
    ("firstname", "Zoë"),
    ("lastname", "Example"),
    ("company", "Müller & Söhne"),
    ("jobtitle", "Head of <Tools>"),
    ("addressstreet1", "1 High Street"),
    ("addressstreet2", "Back yard"),
    ("city", "Köln"),
    ("state", "NRW"),
    ("zip", "50667"),
    ("country", "Germany"),
    ("homephone", "1234567890"),
    ("workphone", "7654321"),
    ("fax", "4567891"),
    ("jobfunction", "Engineering"),
    ("companyindustry", "Software"),
    ("companysize", "1 - 49"),
    ("partnerref", "newsletter"),
    ("std1", "1"),
    ("std2", "2"),
    ("std3", "3"),
    ("std4", "4"),
    ("std5", "5"),
    ("std6", "6"),
    ("std7", "7"),
    ("std8", "8"),
    ("std9", "9"),
    ("std10", "10"),
    ("username", "zoe"),
    ("exteventusercd", "wb:1"),
    ("other", "vegetarian"),
    ("notes", "met in May"),
    ("marketingemail", "N"),
    ("eventemail", "Y"),
    ("emailformat", "html"),
];

/// An event with everything that an event can have.
const EVENT: &[(&str, &str)] = &[
    ("title", "What's new & what's next"),
    ("eventAbstract", "An hour of news"),
    ("promotionalSummary", "<p>Join us</p>"),
    ("campaignCode", "CRM-4711"),
    ("tagCampaign", "autumn"),
    ("tagCampaign", "tools"),
    ("customAccountTag", "741"),
    ("liveDuration", "60"),
    ("eventType", "encodeonsite"),
    ("languageCd", "en"),
    ("countryCd", "UK"),
    ("timeZone", "Europe/Berlin"),
    ("hybrid", "Y"),
    ("venue", "Town hall"),
    ("address", "1 High Street"),
    ("testevent", "Y"),
];

const PEOPLE: usize = 240;

#[tokio::test]
async fn every_answer_has_the_keys_and_types_of_its_operation_and_every_key_is_in_some_answer() {
    let desk = Desk::start().await;
    let mut seen = Seen::default();
    drive(&desk, &mut seen).await;
    let catalogue = Catalogue::read();
    let mut wrong = Vec::new();
    for operation in &catalogue.operations {
        let Some(answers) = seen.of(&operation.name) else {
            wrong.push(format!("{} was never called", operation.name));
            continue;
        };
        for (key, types) in answers {
            match operation.keys.get(key) {
                None => wrong.push(format!("{}: {key} is no key of ON24", operation.name)),
                Some(known) if !types.iter().all(|kind| known.allows(kind)) => {
                    wrong.push(format!("{}: {key} is {types:?}, not {:?}", operation.name, known.types));
                }
                Some(_) => {}
            }
        }
        for (key, known) in &operation.keys {
            let is_expected = matches!(known.mark, Mark::Documented | Mark::Captured);
            if is_expected != answers.contains_key(key) {
                wrong.push(format!(
                    "{}: {key} is marked {:?}, against the answers",
                    operation.name, known.mark
                ));
            }
        }
    }
    desk.stop().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Calls every operation, with people and events that have everything.
async fn drive(desk: &Desk, seen: &mut Seen) {
    let event = create(desk, seen).await;
    let on = |rest: &str| format!("event/{event}{rest}");
    let name = |rest: &str| format!("/event/{{eventId}}{rest}");
    register(desk, seen, event).await;
    desk.control("attendance", &format!(r#"{{"event_id":{event},"seed":7,"strangers":9,"ondemand":true}}"#))
        .await;
    let window = desk.hour_of(event).await;
    desk.clock().advance(SignedDuration::from_hours(96));

    for rest in [
        "",
        "/registrant",
        "/attendee",
        "/attendeesession",
        "/poll",
        "/survey",
        "/resource",
        "/cta",
        "/groupchat",
        "/presenter",
        "/presenterchat",
        "/email",
        "/emailstatistics",
        "/calendarreminder",
        "/certifications",
        "/regfield",
    ] {
        seen.get(desk, &name(rest), &on(rest)).await;
    }
    for rest in [
        "",
        "/registrant",
        "/attendee",
        "/event",
        "/event?includesubaccounts=Y",
        "/presenter",
        "/customaccounttag",
    ] {
        seen.get(desk, rest.split('?').next().unwrap(), rest.trim_start_matches('/')).await;
    }
    for rest in [
        "accountmanager",
        "eventmanager",
        "eventprofile",
        "eventtypes",
        "languages",
        "salesrep",
        "signalrep",
        "technicalrep",
        "engagedaccount",
        "surveylibrary",
        "tokens",
        "users",
        "timezones",
    ] {
        seen.get(desk, &format!("/{rest}"), rest).await;
    }
    for list in ["registrant", "attendee", "lead"] {
        for page in 0.. {
            let answer = seen.get(desk, &format!("/{list}"), &format!("{list}?pageoffset={page}")).await;
            assert_eq!(answer["currentpage"], page);
            if Some(page + 1) >= answer["pagecount"].as_u64() {
                break;
            }
        }
    }
    seen.get(desk, "/userquestions", &format!("userquestions?{window}")).await;
    for person in 0..PEOPLE {
        let email = format!("guest{person}%40example.com");
        seen.get(desk, "/registrant/{email}", &format!("registrant/{email}")).await;
        seen.get(desk, "/registrant/{email}/allevents", &format!("registrant/{email}/allevents")).await;
        seen.get(desk, "/lead/{email}", &format!("lead/{email}")).await;
        seen.try_get(desk, "/attendee/{email}", &format!("attendee/{email}")).await;
        seen.try_get(desk, "/attendee/{email}/allevents", &format!("attendee/{email}/allevents")).await;
    }
    let stranger = desk.stranger(event).await;
    seen.get(desk, "/registrant/{email}", &format!("registrant/{stranger}")).await;
    seen.get(desk, "/registrant/{email}/allevents", &format!("registrant/{stranger}/allevents")).await;
    finish(desk, seen, event).await;
}

async fn create(desk: &Desk, seen: &mut Seen) -> i64 {
    let starts = desk.clock().now() + SignedDuration::from_hours(24);
    let starts = starts.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    let form = [EVENT, &[("liveStart", starts.as_str())]].concat();
    let made = seen.send(desk, "POST", "/event", "event", &form).await;
    let event = made["wccevent"]["eventId"].as_i64().unwrap();
    let copy = [("liveStart", starts.as_str()), ("liveDuration", "45")];
    let copied = seen.send(desk, "POST", "/event", &format!("event?eventsource={event}"), &copy).await;
    let path = format!("event/{}", copied["wccevent"]["eventId"]);
    seen.send(desk, "PUT", "/event/{eventId}", &path, &[("title", "Renamed")]).await;
    seen.send(desk, "DELETE", "/event/{eventId}", &path, &[]).await;
    event
}

async fn register(desk: &Desk, seen: &mut Seen, event: i64) {
    let path = format!("event/{event}/registrant");
    for person in 0..PEOPLE {
        let email = format!("guest{person}@example.com");
        let form = [EVERYTHING, &[("email", email.as_str())]].concat();
        let query = if person % 2 == 0 { "" } else { "?honorrequired=N&honorvalidation=N" };
        seen.send(desk, "POST", "/event/{eventId}/registrant", &format!("{path}{query}"), &form).await;
    }
    let form = [EVERYTHING, &[("email", "guest1@example.com"), ("isblocked", "Y")]].concat();
    seen.send(desk, "PATCH", "/event/{eventId}/registrant", &path, &form).await;
    // What was sent is answered, so that only a change can answer with this.
    seen.add("POST", "/event/{eventId}/registrant", &serde_json::json!({ "isblocked": "Y" }));
}

async fn finish(desk: &Desk, seen: &mut Seen, event: i64) {
    let person = "/registrant/{email}";
    seen.send(desk, "PATCH", person, "registrant/guest2%40example.com", &[("company", "Engines")]).await;
    seen.send(desk, "POST", "/forget", "forget", &[("email", "guest3@example.com,guest4@example.com")]).await;
    seen.send(desk, "POST", "/event/{eventId}/forgetall", &format!("event/{event}/forgetall"), &[]).await;
    let first = format!("event/{}/registrant", desk.event());
    let form = [EVERYTHING, &[("email", "last@example.com")]].concat();
    seen.send(desk, "POST", "/event/{eventId}/registrant", &first, &form).await;
    seen.send(desk, "POST", "/forgetall", "forgetall", &[]).await;
}

/// The date so many hours from now.
fn day(desk: &Desk, hours: i64) -> String {
    (desk.clock().now() + SignedDuration::from_hours(hours)).strftime("%Y-%m-%d").to_string()
}

#[tokio::test]
async fn every_documented_query_parameter_is_taken() {
    let desk = Desk::start().await;
    let event = desk.event();
    let form = [EVERYTHING, &[("email", "guest0@example.com")]].concat();
    desk.send("POST", &format!("event/{event}/registrant"), &form).await;
    desk.control("attendance", &format!(r#"{{"event_id":{event},"seed":7}}"#)).await;
    let children = desk.send("GET", "", &[]).await.1["subclients"][0]["id"].to_string();
    for operation in
        Catalogue::read().operations.iter().filter(|operation| operation.name.starts_with("GET "))
    {
        for parameter in &operation.takes {
            let value = match parameter.as_str() {
                "dateInterval" => "30".to_owned(),
                "dateIntervalOffset" => "1&dateInterval=30".to_owned(),
                "dateIntervalTimezone" => "Europe/Berlin&dateInterval=30".to_owned(),
                // Beyond an hour they are refused, which another test is about.
                "startdate" | "enddate" if operation.name.ends_with("userquestions") => continue,
                // Two days off, whatever the date is in Los Angeles.
                "startdate" => day(&desk, -48),
                "enddate" => day(&desk, 48),
                "pageoffset" => "0".to_owned(),
                "itemsperpage" => "10".to_owned(),
                "subaccounts" => format!("{children}&includesubaccounts=Y"),
                "datefiltermode" => "lastActivity".to_owned(),
                "userstatus" => "any".to_owned(),
                "contenttype" | "sessiontype" => "all".to_owned(),
                "eventid" => event.to_string(),
                "partnerref" => "newsletter".to_owned(),
                _ => "Y".to_owned(),
            };
            let path = operation.path(event, "guest0%40example.com");
            let separator = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{separator}{parameter}={value}");
            let (status, body) = desk.send("GET", &path, &[]).await;
            // Nobody of the sub-account's, or nobody who came: a matter of the data, not of the parameter.
            let is_nobody = status == 404 && body["message"].as_str().unwrap().ends_with("doesn't exist.");
            assert!(status == 200 || is_nobody, "{path}: {status} {body}");
        }
    }
    desk.stop().await;
}

#[tokio::test]
async fn what_the_catalogue_calls_absent_is_not_there_and_everything_else_is_listed() {
    let desk = Desk::start().await;
    let catalogue = Catalogue::read();
    for operation in &catalogue.absent {
        let (method, _) = operation.name.split_once(' ').unwrap();
        let path = operation.path(desk.event(), "guest0%40example.com");
        let (status, body) = desk.send(method, &path, &[]).await;
        assert_eq!((status, body), (404, serde_json::Value::Null), "{}", operation.name);
    }
    let all = catalogue.operations.iter().chain(&catalogue.absent);
    let names: BTreeSet<&str> = all.map(|operation| operation.name.as_str()).collect();
    assert_eq!((names.len(), catalogue.operations.len(), catalogue.absent.len()), (67, 51, 16));
    // Every operation that counts its calls is one of the catalogue, beside the one for everything else.
    assert_eq!(desk.operations().await, catalogue.operations.len() + 1);
    desk.stop().await;
}
