use super::*;

#[tokio::test]
async fn both_headers_are_needed_and_must_be_right() {
    let desk = Desk::new();
    let account = desk.on24.account();
    let call = Call::bare(Method::GET, &desk.event_path("registrant"));
    let missing = message("Header must contain both accessTokenKey and accessTokenSecret.");
    assert_eq!(desk.send_bare(call.clone()).await, (401, missing.clone()));
    let half = call.clone().with("accesstokenkey", account.token_key());
    assert_eq!(desk.send_bare(half.clone()).await, (401, missing));
    let wrong = message("AccessTokenKey and AccessTokenSecret are wrong or invalid.");
    assert_eq!(desk.send_bare(half.clone().with("accesstokensecret", "abc")).await, (401, wrong));
    assert_eq!(desk.send_bare(half.with("accesstokensecret", account.token_secret())).await.0, 200);
}

#[tokio::test]
async fn forget_and_languages_say_it_in_other_words() {
    let desk = Desk::new();
    let wrong = message("The access token secret or access token key was not found");
    for call in [
        Call::form(Method::POST, &desk.path("forget"), "email=a%40b.example"),
        Call::bare(Method::GET, &desk.path("languages")),
    ] {
        let call = call.with("accesstokenkey", "A").with("accesstokensecret", "b");
        assert_eq!(desk.send_bare(call).await, (401, wrong.clone()));
    }
    assert_eq!(
        desk.on24.quota("forget", None).body,
        r#"{"message":"You reached the maximum number of calls for this endpoint"}"#
    );
    let quota = desk.on24.quota("register", None);
    assert_eq!(quota.status, StatusCode::FORBIDDEN);
    assert_eq!(quota.body, r#"{"message":"You have reached the maximum number of calls for this api."}"#);
}

#[tokio::test]
async fn other_clients_are_forbidden_or_unknown() {
    let desk = Desk::new();
    let client = desk.on24.account().client_id();
    let forbidden = message("You do not have permission to perform the requested operation.");
    assert_eq!(desk.get(&format!("/v2/client/{}/event", client + 1)).await, (403, forbidden));
    let languages = format!("/v2/client/{}/languages", client + 1);
    assert_eq!(
        desk.get(&languages).await,
        (
            403,
            message(
                "The client id is not an Elite user/The adminId can not perform operations under client clientId"
            )
        )
    );
    assert_eq!(desk.get("/v2/client/7/event").await, (404, message("The client 7 doesn't exist.")));
    assert_eq!(desk.get("/v2/client/x/event").await.0, 404);
}

#[tokio::test]
async fn checks_come_in_their_order() {
    let desk = Desk::new();
    let client = desk.on24.account().client_id();
    let bad = form(&[("email", "")]);
    let nobody = format!("/v2/client/{}/event/1/registrant?honorrequired=x", client + 1);
    assert_eq!(desk.send_bare(Call::form(Method::PATCH, &nobody, &bad)).await.0, 401);
    assert_eq!(desk.send(Call::form(Method::PATCH, &nobody, &bad)).await.0, 403);
    let unknown = desk.path("event/1/registrant?honorrequired=x");
    let answer = desk.send(Call::form(Method::PATCH, &unknown, &bad)).await;
    assert_eq!(answer, (404, message("The event 1 doesn't exist.")));
    assert!(desk.on24.set_event_active(desk.event, false));
    let inactive = (403, message(&format!("The event id {} is inactive.", desk.event)));
    assert_eq!(desk.patch("?honorrequired=x", &[("email", "")]).await, inactive);
    assert!(desk.on24.set_event_active(desk.event, true));
    let parameter = (400, message("Invalid value for the honorrequired parameter."));
    assert_eq!(desk.patch("?honorrequired=x", &[("email", "")]).await, parameter);
    assert_eq!(desk.patch("", &[("email", "")]).await.0, 400);
}

#[tokio::test]
async fn anything_else_is_not_found() {
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
        assert_eq!(desk.send(call).await, (404, Value::Null), "{path}");
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
    ] {
        assert_eq!(desk.on24.operation(&Call::bare(method, &desk.path(rest))), operation);
        assert!(desk.on24.operations().contains(&operation));
    }
}

#[tokio::test]
async fn required_fields_are_asked_for_unless_told_otherwise() {
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
}

#[tokio::test]
async fn only_y_and_n_are_values_of_the_honor_parameters() {
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
async fn a_json_body_has_no_fields() {
    let desk = Desk::new();
    let body = json!({ "firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.com" }).to_string();
    let path = desk.event_path("registrant");
    let refused = message(&Settings::default().required_text);
    assert_eq!(desk.send(Call::json(Method::POST, &path, &body)).await, (400, refused));
    let refused = message("The email parameter is missing.");
    assert_eq!(desk.send(Call::json(Method::PATCH, &path, &body)).await, (400, refused));
}

#[tokio::test]
async fn amending_needs_a_registered_address() {
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
    assert_eq!(desk.patch("", &[("email", "ada@example.com"), ("isBlocked", "maybe")]).await, refused);
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
