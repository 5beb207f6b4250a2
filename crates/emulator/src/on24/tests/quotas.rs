use super::*;

use crate::Quotas;

/// Every operation with what ON24 publishes for a minute.
const PUBLISHED: [(&str, &str, u32); 52] = [
    ("POST", "event/{event}/registrant", 1000),
    ("PATCH", "event/{event}/registrant", 1000),
    ("PATCH", "registrant/a@b.example", 30),
    ("POST", "forget", 30),
    ("POST", "forgetall", 30),
    ("POST", "event/{event}/forgetall", 30),
    ("GET", "event", 30),
    ("GET", "event/{event}", 1000),
    ("GET", "event/{event}/registrant", 100),
    ("GET", "event/{event}/attendee", 100),
    ("GET", "registrant", 100),
    ("GET", "attendee", 100),
    ("GET", "registrant/a@b.example", 100),
    ("GET", "registrant/a@b.example/allevents", 100),
    ("GET", "attendee/a@b.example", 100),
    ("GET", "attendee/a@b.example/allevents", 100),
    ("GET", "event/{event}/attendeesession", 30),
    ("GET", "event/{event}/cta", 30),
    ("GET", "event/{event}/poll", 60),
    ("GET", "event/{event}/survey", 60),
    ("GET", "event/{event}/resource", 60),
    ("GET", "event/{event}/groupchat", 60),
    ("GET", "lead", 30),
    ("GET", "lead/a@b.example", 30),
    ("GET", "event/{event}/regfield", 30),
    ("GET", "languages", 30),
    ("GET", "timezones", 30),
    ("GET", "eventtypes", 30),
    ("GET", "eventprofile", 30),
    ("GET", "eventmanager", 30),
    ("GET", "accountmanager", 30),
    ("GET", "salesrep", 30),
    ("GET", "signalrep", 30),
    ("GET", "technicalrep", 30),
    ("GET", "customaccounttag", 30),
    ("GET", "tokens", 30),
    ("GET", "users", 30),
    ("GET", "userquestions", 30),
    ("GET", "presenter", 30),
    ("GET", "engagedaccount", 30),
    ("GET", "surveylibrary", 30),
    ("GET", "event/{event}/presenter", 30),
    ("GET", "event/{event}/presenterchat", 30),
    ("GET", "event/{event}/email", 30),
    ("GET", "event/{event}/emailstatistics", 30),
    ("GET", "event/{event}/calendarreminder", 30),
    ("GET", "event/{event}/certifications", 30),
    ("GET", "", 30),
    ("POST", "event", 10),
    ("POST", "event?eventsource=7", 10),
    ("PUT", "event/{event}", 60),
    ("DELETE", "event/{event}", 30),
];

fn metered() -> Desk {
    Desk::in_centre(Centre { seed: 42, quotas: Quotas::Published, ..Centre::default() })
}

fn is_quota(answer: &(u16, Value)) -> bool {
    answer.1["message"].as_str().is_some_and(|words| words.contains("maximum number of calls"))
}

impl Desk {
    /// How many calls of a hundred more than are allowed go through.
    async fn calls_through(&self, method: &str, path: &str, allowed: u32) -> u32 {
        let path = self.path(&path.replace("{event}", &self.event.to_string()));
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut through = 0;
        for _ in 0..allowed + 100 {
            let answer = self.send(Call::bare(method.clone(), &path)).await;
            if is_quota(&answer) {
                assert_eq!(answer.0, 403);
            } else {
                through += 1;
            }
        }
        through
    }
}

#[tokio::test]
async fn on24_10_every_operation_has_its_published_number() {
    let operations: std::collections::BTreeSet<&str> = route::operations().iter().copied().collect();
    assert_eq!(operations.len(), PUBLISHED.len(), "all but the copy, and \"other\"");
    for (method, path, allowed) in PUBLISHED {
        assert_eq!(metered().calls_through(method, path, allowed).await, allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn on24_10_creating_and_copying_share_a_number_and_other_operations_do_not() {
    let desk = metered();
    assert_eq!(desk.calls_through("POST", "event", 10).await, 10);
    assert_eq!(desk.calls_through("POST", "event?eventsource=7", 10).await, 0);
    assert_eq!(desk.calls_through("POST", "forget", 30).await, 30);
    assert_eq!(desk.calls_through("POST", "forgetall", 30).await, 30);
}

#[tokio::test]
async fn on24_10_a_quota_recovers_when_its_minute_has_passed() {
    let desk = metered();
    desk.set(&json!({ "quota_scale": 0.003 }));
    let email = [("email", "ada@example.com"), ("firstname", "A"), ("lastname", "B")];
    let refused = (403, message("You have reached the maximum number of calls for this api."));
    for _ in 0..3 {
        for _ in 0..3 {
            assert_eq!(desk.post("", &email).await.0, 200);
        }
        desk.clock.advance(SignedDuration::from_secs(30));
        for _ in 0..5 {
            assert_eq!(desk.post("", &email).await, refused);
        }
        desk.clock.advance(SignedDuration::from_secs(31));
    }
    assert_eq!(desk.state()[0]["writes"], 9, "what is refused is not applied");
    assert_eq!(desk.post("", &email).await.0, 200);
    assert_eq!(desk.patch("", &email).await.0, 200, "another operation has another quota");
}

#[tokio::test]
async fn on24_10_both_wordings_and_no_header_about_it() {
    let desk = metered();
    desk.set(&json!({ "quota_scale": 0.0 }));
    for (path, words) in [
        ("event", "You have reached the maximum number of calls for this api."),
        ("languages", "You reached the maximum number of calls for this endpoint"),
    ] {
        let call = desk.signed(Call::bare(Method::GET, &desk.path(path)));
        assert_eq!(desk.on24.handle(call.clone()).await.status, StatusCode::OK, "one call is always allowed");
        let answer = desk.on24.handle(call).await;
        assert_eq!((answer.status, answer.body), (StatusCode::FORBIDDEN, message(words).to_string().into()));
        let headers: Vec<&str> = answer.headers.keys().map(http::HeaderName::as_str).collect();
        assert_eq!(headers, ["content-type"]);
    }
    let quota = |variant| desk.on24.quota("languages", Some(variant)).body;
    assert_eq!(
        quota("api"),
        message("You have reached the maximum number of calls for this api.").to_string()
    );
    assert_eq!(
        quota("endpoint"),
        message("You reached the maximum number of calls for this endpoint").to_string()
    );
}

#[tokio::test]
async fn on24_10_there_is_no_limit_unless_asked_for() {
    let desk = Desk::new();
    assert_eq!(desk.calls_through("GET", "event", 30).await, 130);
    desk.set(&json!({ "quotas": true }));
    assert_eq!(desk.calls_through("GET", "event", 30).await, 30);
    desk.set(&json!({ "quotas": false }));
    assert_eq!(desk.calls_through("GET", "event", 30).await, 130);
}

#[tokio::test]
async fn on24_10_tokens_share_a_quota_unless_told_otherwise() {
    for (by_token, expected) in [(false, 403), (true, 200)] {
        let desk = metered();
        desk.set(&json!({ "quota_by_token": by_token }));
        let (_, token) = desk.control("tokens", &json!({}));
        assert_eq!(desk.calls_through("GET", "event", 30).await, 30);
        let call = Call::bare(Method::GET, &desk.path("event"))
            .with("accesstokenkey", token["key"].as_str().unwrap())
            .with("accesstokensecret", token["secret"].as_str().unwrap());
        assert_eq!(desk.send_bare(call).await.0, expected);
    }
}

#[tokio::test]
async fn on24_10_whether_what_is_not_permitted_counts_can_be_chosen() {
    for (counts, through) in [(false, 30), (true, 0)] {
        let desk = metered();
        desk.set(&json!({ "quota_before_permission": counts }));
        let foreign = format!("/v2/client/{}/event", desk.on24.account().client_id() + 1);
        for _ in 0..30 {
            assert!(!is_quota(&desk.get(&foreign).await));
        }
        assert_eq!(is_quota(&desk.get(&foreign).await), counts);
        assert_eq!(desk.calls_through("GET", "event", 30).await, through);
    }
}
