use super::*;

#[tokio::test]
async fn on24_02_both_headers_are_needed_and_must_be_right() {
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
async fn on24_03_erasure_and_helpers_say_it_in_other_words() {
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
async fn on24_05_other_clients_are_forbidden_or_unknown() {
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
async fn on24_01_everything_stands_below_v2_client() {
    let desk = Desk::new();
    let client = desk.on24.account().client_id();
    for path in [
        format!("/wcc/api/v2/client/{client}/event"),
        format!("/client/{client}/event"),
        format!("/v1/client/{client}/event"),
        format!("/v2/clients/{client}/event"),
        format!("/v2/event/{client}"),
    ] {
        assert_eq!(desk.get(&path).await, (404, Value::Null), "{path}");
    }
    assert_eq!(desk.get(&desk.path("event")).await.0, 200);
}

#[tokio::test]
async fn on24_02_letter_case_does_not_matter_in_header_names_and_does_in_values() {
    let desk = Desk::new();
    let account = desk.on24.account();
    let call = Call::bare(Method::GET, &desk.path("languages"));
    let typed = |key: &str, value: &str| {
        let name = http::HeaderName::from_bytes(key.as_bytes()).unwrap();
        (name, http::HeaderValue::from_str(value).unwrap())
    };
    let mut shouted = call.clone();
    shouted.headers.extend([
        typed("ACCESSTOKENKEY", account.token_key()),
        typed("AccessTokenSecret", account.token_secret()),
    ]);
    assert_eq!(desk.send_bare(shouted).await.0, 200);
    let missing = (401, message("Header must contain both accessTokenKey and accessTokenSecret."));
    let blank = call.clone().with("accesstokenkey", "").with("accesstokensecret", account.token_secret());
    assert_eq!(desk.send_bare(blank).await, missing);
    let secret_alone = call.clone().with("accesstokensecret", account.token_secret());
    assert_eq!(desk.send_bare(secret_alone).await, missing);
    let lower = call.with("accesstokenkey", &account.token_key().to_lowercase());
    assert_eq!(desk.send_bare(lower.with("accesstokensecret", account.token_secret())).await.0, 401);
}

/// Every operation, with how a wrong token, a foreign client and a quota are put there.
const WORDINGS: [(&str, &str, &str, [&str; 3]); 10] = [
    ("POST", "event/7/registrant", "register", USUAL),
    ("GET", "event", "events", USUAL),
    ("POST", "event/7/forgetall", "forget_event", USUAL),
    ("GET", "customaccounttag", "account_tags", USUAL),
    ("POST", "forget", "forget", DESK),
    ("POST", "forgetall", "forget_everybody", DESK),
    ("PATCH", "registrant/a%40b.example", "amend_everywhere", DESK),
    ("DELETE", "event/7", "delete_event", DESK),
    ("GET", "languages", "languages", HELPER),
    ("GET", "event/7/regfield", "registration_fields", HELPER),
];
const USUAL: [&str; 3] = [
    "AccessTokenKey and AccessTokenSecret are wrong or invalid.",
    "You do not have permission to perform the requested operation.",
    "You have reached the maximum number of calls for this api.",
];
const DESK: [&str; 3] = [
    "The access token secret or access token key was not found",
    "You don't have access to this client id",
    "You reached the maximum number of calls for this endpoint",
];
const HELPER: [&str; 3] = [
    "The access token secret or access token key was not found",
    "The client id is not an Elite user/The adminId can not perform operations under client clientId",
    "You reached the maximum number of calls for this endpoint",
];

#[tokio::test]
async fn on24_03_each_endpoint_has_its_wording() {
    let desk = Desk::new();
    for (method, path, operation, [wrong_token, not_permitted, quota]) in WORDINGS {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let call = Call::bare(method.clone(), &desk.path(path));
        assert_eq!(desk.on24.operation(&call), operation);
        let stranger = call.with("accesstokenkey", "A").with("accesstokensecret", "b");
        assert_eq!(desk.send_bare(stranger).await, (401, message(wrong_token)), "{path}");
        let foreign = format!("/v2/client/{}/{path}", desk.on24.account().client_id() + 1);
        assert_eq!(desk.send(Call::bare(method, &foreign)).await, (403, message(not_permitted)), "{path}");
        assert_eq!(desk.on24.quota(operation, None).body, message(quota).to_string());
    }
}

fn deactivated() -> (u16, Value) {
    (401, message("AccessTokenKey and AccessTokenSecret are deactivated."))
}

#[tokio::test]
async fn on24_04_sixty_idle_days_end_a_token_until_it_is_enabled_by_hand() {
    let desk = Desk::new();
    let path = desk.path("languages");
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let hour = SignedDuration::from_hours(1);
    for _ in 0..3 {
        desk.clock.advance(days(60) - hour);
        assert_eq!(desk.get(&path).await.0, 200, "every call begins the count anew");
    }
    desk.clock.advance(days(60));
    assert_eq!(desk.get(&path).await, deactivated());
    assert_eq!(desk.get(&desk.event_path("registrant")).await, deactivated());
    desk.clock.advance(hour);
    assert_eq!(desk.get(&path).await, deactivated(), "calls do not wake it");
    let key = desk.on24.account().token_key();
    let (status, token) = desk.control("tokens", &json!({ "key": key, "enabled": true }));
    assert_eq!((status, &token["enabled"]), (200, &json!(true)));
    assert_eq!(desk.get(&path).await.0, 200);
    desk.set(&json!({ "idle_days": 0 }));
    desk.clock.advance(days(4000));
    assert_eq!(desk.get(&path).await.0, 200, "by switch a token never ends");
}

#[tokio::test]
async fn on24_04_whether_a_refused_call_keeps_a_token_alive_can_be_chosen() {
    for (counts, alive) in [(true, 200), (false, 401)] {
        let desk = Desk::new();
        desk.set(&json!({ "refused_call_is_use": counts }));
        let foreign = format!("/v2/client/{}/event", desk.on24.account().client_id() + 1);
        desk.clock.advance(SignedDuration::from_hours(24 * 59));
        assert_eq!(desk.get(&foreign).await.0, 403);
        desk.clock.advance(SignedDuration::from_hours(24 * 2));
        assert_eq!(desk.get(&desk.path("languages")).await.0, alive);
    }
}

#[tokio::test]
async fn on24_04_a_token_is_disabled_by_hand_and_with_its_login() {
    let desk = Desk::new();
    let key = desk.on24.account().token_key();
    desk.control("tokens", &json!({ "key": key, "enabled": false }));
    assert_eq!(desk.get(&desk.path("languages")).await, deactivated());
    let (_, token) = desk.control("tokens", &json!({ "key": key, "enabled": true, "admin_active": false }));
    let inactive = message(&format!("The admin id {} is inactive.", token["admin_id"]));
    assert_eq!(desk.get(&desk.path("languages")).await, (401, inactive));
    desk.control("tokens", &json!({ "key": key, "admin_active": true }));
    assert_eq!(desk.get(&desk.path("languages")).await.0, 200);
}

#[tokio::test]
async fn on24_05_permission_can_be_refused_with_401() {
    let desk = Desk::new();
    desk.set(&json!({ "permission_status": 401 }));
    let foreign = format!("/v2/client/{}/event", desk.on24.account().client_id() + 1);
    let refused = message("You do not have permission to perform the requested operation.");
    assert_eq!(desk.get(&foreign).await, (401, refused));
    assert_eq!(desk.control("settings", &json!({ "permission_status": 200 })).0, 400);
    let (_, tree) = desk.get(&format!("/v2/client/{}", desk.on24.account().client_id())).await;
    let child = &tree["subclients"][0]["id"];
    assert_eq!(desk.get(&format!("/v2/client/{child}/event")).await.0, 401, "a child has tokens of its own");
}

#[tokio::test]
async fn on24_06_a_token_is_kept_to_its_groups_and_operations() {
    let desk = Desk::new();
    let (status, token) = desk.control("tokens", &json!({ "permits": ["event_analytics", "languages"] }));
    assert_eq!((status, &token["permits"]), (200, &json!(["event_analytics", "languages"])));
    let text = |name: &str| token[name].as_str().unwrap().to_owned();
    let send = async |method: Method, path: &str| {
        let call = Call::bare(method, path).with("accesstokenkey", &text("key"));
        desk.send_bare(call.with("accesstokensecret", &text("secret"))).await
    };
    assert_eq!(send(Method::GET, &desk.event_path("registrant")).await.0, 200);
    assert_eq!(send(Method::GET, &desk.path("languages")).await.0, 200);
    let refused = (403, message("You do not have permission to perform the requested operation."));
    assert_eq!(send(Method::POST, &desk.event_path("registrant")).await, refused);
    assert_eq!(send(Method::GET, &desk.path("event")).await, refused);
    assert_eq!(send(Method::POST, &desk.path("event")).await, refused);
    assert_eq!(send(Method::GET, &desk.path("timezones")).await, (403, message(HELPER[1])));
    assert_eq!(send(Method::POST, &desk.path("forget")).await, (403, message(DESK[1])));
    assert_eq!(desk.get(&desk.path("event")).await.0, 200, "the other token may still do everything");
    desk.control("tokens", &json!({ "key": token["key"], "permits": ["all"] }));
    assert_eq!(send(Method::GET, &desk.path("event")).await.0, 200);
}

#[tokio::test]
async fn on24_06_the_tokens_endpoint_refuses_what_it_does_not_understand() {
    let desk = Desk::new();
    let (status, body) = desk.control("tokens", &json!({ "permits": ["flying"] }));
    assert_eq!(status, 400);
    assert!(body["error"].as_str().unwrap().contains("account_analytics") && desk.tokens() == 1);
    assert_eq!(desk.control("tokens", &json!({ "key": "unknown" })).0, 404);
    assert_eq!(desk.control("tokens", &json!({ "enable": true })).0, 400);
    assert_eq!(desk.control("tokens", &json!([])).0, 400);
    let put = desk.on24.control("tokens", &Call::bare(Method::PUT, "/_emulator/tokens")).unwrap();
    assert_eq!(put.status, StatusCode::METHOD_NOT_ALLOWED);
    for _ in 1..1000 {
        assert_eq!(desk.control("tokens", &json!({})).0, 200);
    }
    assert_eq!((desk.control("tokens", &json!({})).0, desk.tokens()), (409, 1000));
}

#[tokio::test]
async fn on24_07_unknown_inactive_and_expired_clients() {
    let desk = Desk::new();
    let client = desk.on24.account().client_id();
    assert_eq!(desk.get("/v2/client/7/event").await, (404, message("The client 7 doesn't exist.")));
    assert_eq!(desk.get("/v2/client/x%22/event").await, (404, message("The client x\" doesn't exist.")));
    desk.set(&json!({ "unknown_client_status": 400 }));
    assert_eq!(desk.get("/v2/client/7/event").await, (400, message("The client 7 doesn't exist.")));
    for (state, words) in [
        ("inactive", format!("The client id {client} is inactive.")),
        ("expired", format!("Client contract with id {client} is expired.")),
    ] {
        assert_eq!(desk.control("account", &json!({ "state": state })).0, 200);
        for path in [desk.path("event"), desk.path("languages"), desk.event_path("registrant")] {
            assert_eq!(desk.get(&path).await, (403, message(&words)));
        }
        assert_eq!(desk.post("", &[("email", "ada@example.com")]).await, (403, message(&words)));
    }
    assert!(desk.state().is_empty());
    desk.control("account", &json!({ "state": "active", "elite": false }));
    assert_eq!(desk.get(&desk.path("languages")).await, (403, message(HELPER[1])));
    assert_eq!(desk.get(&desk.path("event")).await.0, 200);
    assert_eq!(desk.control("account", &json!({ "state": "asleep" })).0, 400);
}

#[tokio::test]
async fn the_client_shows_the_tree_below_it() {
    let desk = Desk::new();
    let client = desk.on24.account().client_id();
    let (status, tree) = desk.get(&format!("/v2/client/{client}")).await;
    let leaf = |number: i64, name: &str| json!({ "id": client + number, "name": name });
    let nested = json!({ "id": client + 102, "name": "Example Field",
                         "subclients": [leaf(103, "Example Events North")] });
    let whole =
        json!({ "clientname": "Example Events", "subclients": [leaf(101, "Example Marketing"), nested] });
    assert_eq!((status, tree), (200, whole));
}

#[tokio::test]
async fn the_data_centres_share_no_id_and_no_token() {
    let home = Desk::new();
    let away = Desk::in_centre(Centre { seed: 42, region: Region::Europe, ..Centre::default() });
    let (here, there) = (home.on24.account(), away.on24.account());
    assert_ne!(here.client_id(), there.client_id());
    assert_ne!(home.event, away.event);
    let call = Call::bare(Method::GET, &away.path("languages"));
    assert_eq!(home.get(&away.path("languages")).await.0, 404);
    let visiting =
        call.with("accesstokenkey", here.token_key()).with("accesstokensecret", here.token_secret());
    assert_eq!(away.send_bare(visiting).await.0, 401);
    away.register("ada@example.com").await;
    assert!(home.state().is_empty());
    let minted = |desk: &Desk| desk.control("tokens", &json!({})).1["key"].clone();
    assert_ne!(minted(&home), minted(&away));
}
