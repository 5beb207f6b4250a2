use super::*;

#[tokio::test]
async fn on24_08_unknown_and_inactive_events_in_their_wordings() {
    let desk = Desk::new();
    let call = async |method: &str, path: &str| {
        desk.send(Call::bare(Method::from_bytes(method.as_bytes()).unwrap(), &desk.path(path))).await
    };
    for path in ["", "/registrant", "/attendee", "/attendeesession", "/poll", "/survey", "/resource", "/cta"]
    {
        for event in ["1", "99999999999999999999", "x"] {
            let unknown = message(&format!("The event {event} doesn't exist."));
            assert_eq!(call("GET", &format!("event/{event}{path}")).await, (404, unknown));
        }
    }
    let regfield = message("The event id is not found under this client account");
    assert_eq!(call("GET", "event/1/regfield").await, (404, regfield));
    let delete = message("Event not found for this client or its children");
    assert_eq!(call("DELETE", "event/1").await, (404, delete));
    assert_eq!(call("POST", "event/1/forgetall").await, (404, message("The event 1 doesn't exist.")));

    let (status, body) = desk.control("event", &json!({ "event_id": desk.event, "active": false }));
    assert_eq!((status, &body["active"]), (200, &json!(false)));
    let event = desk.event;
    for path in ["", "/registrant", "/attendee", "/attendeesession", "/poll", "/survey", "/resource"] {
        let inactive = message(&format!("The event {event} is inactive."));
        assert_eq!(call("GET", &format!("event/{event}{path}")).await, (403, inactive), "{path}");
    }
    let inactive = message(&format!("The event id {event} is inactive."));
    for (method, path) in
        [("GET", "cta"), ("GET", "groupchat"), ("POST", "registrant"), ("PATCH", "registrant")]
    {
        assert_eq!(call(method, &format!("event/{event}/{path}")).await, (403, inactive.clone()), "{path}");
    }
    assert_eq!(call("POST", &format!("event/{event}/forgetall")).await.0, 200);
}

#[tokio::test]
async fn on24_08_another_client_s_event_is_unknown() {
    let home = Desk::new();
    let away = Desk::in_centre(Centre { seed: 7, ..Centre::default() });
    let path = home.path(&format!("event/{}/registrant", away.event));
    let unknown = message(&format!("The event {} doesn't exist.", away.event));
    assert_eq!(home.get(&path).await, (404, unknown));
}

#[tokio::test]
async fn the_event_endpoint_refuses_what_it_does_not_understand() {
    let desk = Desk::new();
    assert_eq!(desk.control("event", &json!({ "event_id": 1 })).0, 404);
    assert_eq!(desk.control("event", &json!({ "active": true })).0, 400);
    assert_eq!(desk.control("event", &json!({ "event_id": desk.event, "open": true })).0, 400);
    assert_eq!(desk.control("event", &json!({ "event_id": desk.event, "client_id": 5 })).0, 400);
    let child = desk.on24.account().client_id() + 103;
    let (status, body) = desk.control("event", &json!({ "event_id": desk.event, "client_id": child }));
    assert_eq!((status, &body["client_id"]), (200, &json!(child)));
    let get = desk.on24.control("event", &Call::bare(Method::GET, "/_emulator/event")).unwrap();
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
}

/// One thing after the other is put right; each call is refused for the next.
#[tokio::test]
async fn on24_09_checks_come_in_their_order() {
    let desk = Desk::new();
    desk.set(&json!({ "quotas": true, "quota_scale": 0.001 }));
    let client = desk.on24.account().client_id();
    let path =
        |client: i64, event: i64, query: &str| format!("/v2/client/{client}/event/{event}/registrant{query}");
    let call = |path: &str, fields: &[(&str, &str)]| Call::form(Method::PATCH, path, &form(fields));
    let blank = [("email", "")];
    let foreign = path(client + 1, 1, "?honorrequired=x");
    let words = |answer: (u16, Value)| (answer.0, answer.1["message"].as_str().unwrap().to_owned());
    let said = |status: u16, text: &str| (status, text.to_owned());
    assert_eq!(
        words(desk.send_bare(call(&foreign, &blank)).await),
        said(401, "Header must contain both accessTokenKey and accessTokenSecret.")
    );
    let wrong = call(&foreign, &blank).with("accesstokenkey", "A").with("accesstokensecret", "b");
    assert_eq!(
        words(desk.send_bare(wrong).await),
        said(401, "AccessTokenKey and AccessTokenSecret are wrong or invalid.")
    );
    let key = desk.on24.account().token_key();
    desk.control("tokens", &json!({ "key": key, "enabled": false }));
    assert_eq!(words(desk.send(call(&foreign, &blank)).await), said(401, deactivated()));
    desk.control("tokens", &json!({ "key": key, "enabled": true }));
    assert_eq!(
        words(desk.send(call(&foreign, &blank)).await),
        said(403, "You do not have permission to perform the requested operation.")
    );
    let unknown = path(7, 1, "?honorrequired=x");
    assert_eq!(words(desk.send(call(&unknown, &blank)).await), said(404, "The client 7 doesn't exist."));
    assert_eq!(
        words(desk.send(call(&unknown, &blank)).await),
        said(403, "You have reached the maximum number of calls for this api.")
    );
    desk.set(&json!({ "quotas": false }));
    let nowhere = path(client, 1, "?honorrequired=x");
    desk.control("account", &json!({ "state": "inactive" }));
    let inactive = format!("The client id {client} is inactive.");
    assert_eq!(words(desk.send(call(&nowhere, &blank)).await), said(403, &inactive));
    desk.control("account", &json!({ "state": "active" }));
    assert_eq!(words(desk.send(call(&nowhere, &blank)).await), said(404, "The event 1 doesn't exist."));
    assert!(desk.on24.set_event_active(desk.event, false));
    let inactive = format!("The event id {} is inactive.", desk.event);
    assert_eq!(words(desk.patch("?honorrequired=x", &blank).await), said(403, &inactive));
    assert!(desk.on24.set_event_active(desk.event, true));
    let parameter = said(400, "Invalid value for the honorrequired parameter.");
    assert_eq!(words(desk.patch("?honorrequired=x", &blank).await), parameter);
    assert_eq!(words(desk.patch("", &blank).await), said(400, "The email parameter value is blank."));
}

fn deactivated() -> &'static str {
    "AccessTokenKey and AccessTokenSecret are deactivated."
}

#[tokio::test]
async fn on24_11_a_refusal_is_an_object_with_a_message_alone() {
    let desk = Desk::new();
    let call = Call::bare(Method::GET, &desk.path("event"));
    let answer = desk.on24.handle(call).await;
    assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(
        answer.body,
        r#"{"message":"Header must contain both accessTokenKey and accessTokenSecret."}"#
    );
    let failure = desk.on24.failure(StatusCode::BAD_GATEWAY, None);
    assert_eq!(
        (failure.status, failure.body),
        (StatusCode::BAD_GATEWAY, r#"{"message":"Bad Gateway"}"#.into())
    );
}

#[tokio::test]
async fn on24_21_anything_else_is_not_found() {
    let desk = Desk::new();
    let event = desk.event;
    for (method, path) in [
        (Method::GET, format!("/wcc/api{}", desk.path("event"))),
        (Method::GET, desk.path("question")),
        (Method::GET, "/v2".to_owned()),
        (Method::DELETE, desk.event_path("registrant/a%40b.example")),
        (Method::DELETE, desk.event_path("registrant")),
        (Method::PATCH, desk.path(&format!("event/{event}"))),
    ] {
        let call = Call::bare(method, &path);
        assert_eq!(desk.on24.operation(&call), "other", "{path}");
        assert!(desk.on24.handle(desk.signed(call.clone())).await.headers.is_empty(), "{path}");
        assert_eq!(desk.send(call).await, (404, Value::Null), "{path}");
    }
}

#[tokio::test]
async fn on24_21_by_switch_a_wrong_method_is_405_with_those_that_are_right() {
    let desk = Desk::new();
    desk.set(&json!({ "wrong_method_status": 405 }));
    for (method, path, allowed) in [
        (Method::DELETE, desk.event_path("registrant"), "GET, POST, PATCH"),
        (Method::PATCH, desk.path(&format!("event/{}", desk.event)), "GET, PUT, DELETE"),
        (Method::DELETE, desk.path("registrant/a%40b.example"), "GET, PATCH"),
        (Method::OPTIONS, desk.path("forget"), "POST"),
    ] {
        let call = Call::bare(method, &path);
        assert_eq!(desk.on24.operation(&call), "other");
        let answer = desk.on24.handle(call).await;
        assert_eq!(
            (answer.status.as_u16(), answer.headers["allow"].to_str().unwrap()),
            (405, allowed),
            "{path}"
        );
    }
    for path in ["question", "event/7/registrant/a%40b.example", "a/b/c/d/e/f/g/h/i/j"] {
        assert_eq!(
            desk.send(Call::bare(Method::DELETE, &desk.path(path))).await,
            (404, Value::Null),
            "{path}"
        );
    }
}

#[tokio::test]
async fn calls_are_known_by_their_operations() {
    let desk = Desk::new();
    for (method, rest, operation) in [
        (Method::POST, "event/7/registrant", "register"),
        (Method::PATCH, "event/7/registrant", "amend"),
        (Method::POST, "forget", "forget"),
        (Method::GET, "event/7/registrant", "registrants"),
        (Method::GET, "registrant/a%2Fb%40c.example", "registrant"),
        (Method::GET, "event/7/attendee", "attendees"),
        (Method::GET, "attendee/a%40c.example", "attendee"),
        (Method::GET, "event?dateInterval=1", "events"),
        (Method::GET, "event/7", "event"),
        (Method::GET, "languages", "languages"),
        (Method::PATCH, "registrant/a%40c.example", "amend_everywhere"),
        (Method::POST, "forgetall", "forget_everybody"),
        (Method::POST, "event/7/forgetall", "forget_event"),
        (Method::GET, "", "subclients"),
        (Method::GET, "registrant/a%40c.example/allevents", "registrant_events"),
        (Method::POST, "event?eventsource=7", "create_event"),
        (Method::PUT, "event/7", "update_event"),
        (Method::DELETE, "event/7", "delete_event"),
    ] {
        assert_eq!(desk.on24.operation(&Call::bare(method, &desk.path(rest))), operation);
        assert!(desk.on24.operations().contains(&operation));
    }
}

#[tokio::test]
async fn on24_15_required_fields_are_asked_for_unless_told_otherwise() {
    let desk = Desk::new();
    let refused = (400, message(&Settings::default().required_text));
    let whole = [("firstname", "Ada"), ("lastname", "Lovelace"), ("email", "ada@example.com")];
    for left_out in 0..3 {
        let mut fields = whole.to_vec();
        fields.remove(left_out);
        assert_eq!(desk.post("", &fields).await, refused);
        assert_eq!(desk.post("?honorRequired=Y", &fields).await, refused);
    }
    assert_eq!(
        desk.post("", &[("firstname", " "), ("lastname", "L"), ("email", "a@b.example")]).await,
        refused
    );
    assert!(desk.state().is_empty());
    assert_eq!(desk.post("?honorrequired=N", &[]).await.0, 200);
    assert_eq!(desk.post("?HONORREQUIRED=N", &[("email", "bare@example.com")]).await.0, 200);
    assert_eq!(desk.state().len(), 2);
    desk.on24.set_settings(Settings { required_text: "Fill it in!".to_owned(), ..Settings::default() });
    assert_eq!(desk.post("", &[]).await, (400, message("Fill it in!")));
    desk.set(&json!({ "required_status": 403 }));
    assert_eq!(desk.post("", &[]).await, (403, message("Fill it in!")));
    assert_eq!(desk.control("settings", &json!({ "required_status": 500 })).0, 400);
    desk.control("event", &json!({ "event_id": desk.event, "required": ["std3"] }));
    assert_eq!(desk.post("", &[("email", "std@example.com")]).await.0, 403);
    assert_eq!(desk.post("", &[("email", "std@example.com"), ("std3", "x")]).await.0, 200);
}

#[tokio::test]
async fn on24_16_a_value_must_be_an_option_of_its_list() {
    let desk = Desk::new();
    let mut webinar = Webinar::new("Lists", desk.clock.now() + SignedDuration::from_hours(1), 30);
    webinar.options = vec![("JobTitle".to_owned(), vec!["Manager".to_owned(), "R&D".to_owned()])];
    let desk = Desk { event: desk.on24.add_event(webinar), ..desk };
    let refused = (400, message(&Settings::default().field_text));
    let with = |name, value| person("ada@example.com", name, value);
    for (name, value) in
        [("jobtitle", "manager"), ("jobtitle", "Poet"), ("country", "DE"), ("country", "Atlantis")]
    {
        assert_eq!(desk.post("", &with(name, value)).await, refused, "{value}");
        assert_eq!(desk.post("?honorvalidation=Y&honorrequired=N", &with(name, value)).await, refused);
    }
    for (name, value) in
        [("jobtitle", "R&D"), ("jobtitle", ""), ("country", "Germany"), ("country", "United States")]
    {
        assert_eq!(desk.post("", &with(name, value)).await.0, 200, "{value}");
    }
    assert_eq!(desk.post("?honorvalidation=N", &with("jobtitle", "Poet")).await.0, 200);
    assert_eq!(desk.patch("?honorrequired=N", &with("jobtitle", "Writer")).await, refused);
    assert_eq!(desk.patch("?honorvalidation=N", &with("country", "Elsewhere")).await.0, 200);
    let person = desk.registrants("").await.remove(0);
    assert_eq!((&person["jobtitle"], &person["country"]), (&json!("Poet"), &json!("Elsewhere")));
    desk.control("event", &json!({ "event_id": desk.event, "options": { "jobtitle": [], "std1": ["One"] } }));
    assert_eq!(desk.post("", &with("jobtitle", "Anything")).await.0, 200);
    assert_eq!(desk.post("", &with("std1", "Two")).await, refused);
    desk.set(&json!({ "field_status": 422, "field_text": "No such option." }));
    assert_eq!(desk.post("", &with("std1", "Two")).await, (422, message("No such option.")));
}

#[tokio::test]
async fn on24_16_only_y_and_n_are_values_of_the_honor_parameters() {
    let desk = Desk::new();
    desk.register("ada@example.com").await;
    let fields = [("firstname", "Ada"), ("lastname", "Lovelace"), ("email", "ada@example.com")];
    for name in ["honorrequired", "honorvalidation"] {
        let refused = (400, message(&format!("Invalid value for the {name} parameter.")));
        for value in ["true", "", "yes"] {
            assert_eq!(desk.post(&format!("?{name}={value}"), &fields).await, refused);
            assert_eq!(desk.patch(&format!("?{name}={value}"), &fields).await, refused);
        }
        assert_eq!(desk.post(&format!("?{name}=Y"), &fields).await.0, 200);
        assert_eq!(desk.patch(&format!("?{name}=N"), &fields).await.0, 200);
    }
}

#[tokio::test]
async fn on24_18_amending_needs_a_registered_address() {
    let desk = Desk::new();
    assert_eq!(desk.patch("", &[]).await, (400, message("The email parameter is missing.")));
    assert_eq!(
        desk.patch("", &[("email", " ")]).await,
        (400, message("The email parameter value is blank."))
    );
    let unknown = (403, message("The email provided was not found."));
    assert_eq!(desk.patch("", &[("email", "nobody@example.com")]).await, unknown);
    desk.register("ada@example.com").await;
    let refused = (400, message("Invalid value for the inBlocked parameter."));
    for value in ["maybe", "true", ""] {
        let answer = desk.patch("", &[("email", "ada@example.com"), ("isBlocked", value)]).await;
        assert_eq!(answer, refused);
    }
    assert_eq!(desk.state()[0]["writes"], 1);
}

#[tokio::test]
async fn by_switch_long_values_are_cut() {
    let desk = Desk::new();
    desk.set(&json!({ "cuts_long_values": true }));
    let (status, echo) = desk.post("", &person("ada@example.com", "company", &"ü".repeat(101))).await;
    assert_eq!((status, &echo["company"]), (200, &json!("ü".repeat(100))));
    let (_, echo) = desk.post("", &person("ada@example.com", "firstname", &"a".repeat(60))).await;
    assert_eq!(echo["firstname"], "a".repeat(50));
    let (_, echo) = desk.patch("", &[("email", "ada@example.com"), ("firstname", &"a".repeat(160))]).await;
    assert_eq!(echo["firstname"], "a".repeat(100));
    let long = format!("{}@example.com", "a".repeat(89));
    assert_eq!(desk.post("", &person(&long, "company", "C")).await.0, 400, "an address is never cut");
}

fn person<'a>(email: &'a str, name: &'a str, value: &'a str) -> [(&'a str, &'a str); 4] {
    [("firstname", "A"), ("lastname", "B"), ("email", email), (name, value)]
}

#[tokio::test]
async fn values_are_refused_beyond_their_limits() {
    let desk = Desk::new();
    let refused = (400, message(&Settings::default().field_text));
    let fits = "ß".repeat(50);
    let (email, long_email) =
        (format!("{}@example.com", "a".repeat(88)), format!("{}@example.com", "a".repeat(89)));
    assert_eq!(desk.post("", &person(&email, "company", &"ü".repeat(100))).await.0, 200);
    assert_eq!(desk.post("", &person(&email, "firstname", &fits)).await.0, 200);
    for (name, value) in [
        ("firstname", format!("{fits}s")),
        ("company", "c".repeat(101)),
        ("std10", "c".repeat(101)),
        ("email", long_email),
        ("marketingemail", "yes".to_owned()),
        ("eventemail", "X".to_owned()),
        ("workphone", "12345".to_owned()),
        ("isDeleted", "true".to_owned()),
    ] {
        assert_eq!(desk.post("", &person(&email, name, &value)).await, refused, "{name}");
    }
    let (status, echo) = desk.post("", &person(&email, "workphone", &"7".repeat(101))).await;
    assert_eq!((status, &echo["workphone"]), (200, &json!("7".repeat(100))), "telephone numbers are cut");
    assert_eq!(desk.patch("", &[("email", &email), ("firstname", &format!("{fits}{fits}"))]).await.0, 200);
    assert_eq!(desk.patch("", &[("email", &email), ("firstname", &format!("{fits}{fits}s"))]).await, refused);
}

#[tokio::test]
async fn blocked_domains_are_refused() {
    let desk = Desk::new();
    let refused = (400, message("The email domain is not allowed for this event."));
    let with = |email| [("firstname", "A"), ("lastname", "B"), ("email", email)];
    assert_eq!(desk.post("?honorrequired=N", &with("eve@Blocked.Example")).await, refused);
    assert_eq!(desk.post("", &with("eve@notblocked.example")).await.0, 200);
    let settings = r#"{"blocked_domains":["example.com"]}"#;
    let changed = desk.on24.control("settings", &Call::json(Method::POST, "/_emulator/settings", settings));
    assert_eq!(changed.unwrap().status, StatusCode::OK);
    assert_eq!(desk.post("", &with("eve@example.com")).await, refused);
    assert_eq!(desk.post("", &with("eve@blocked.example")).await.0, 200);
    let unknown =
        desk.on24.control("settings", &Call::json(Method::POST, "/_emulator/settings", r#"{"x":1}"#));
    assert_eq!(unknown.unwrap().status, StatusCode::BAD_REQUEST);
}
