//! Weather, counts and clock over real sockets.

#![expect(clippy::unwrap_used, reason = "what fails in a step of a test fails the test")]

mod client;

use std::io::ErrorKind;
use std::time::Duration;

use client::{Client, Reply};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn weather(client: &Client, rules: Value) {
    let reply = client.control("POST", "weather", &json!({ "rules": rules })).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
}

fn register(effect: &str) -> Value {
    json!([{ "operation": "register", "effect": effect }])
}

#[tokio::test]
async fn what_is_not_applied_leaves_no_trace() {
    let client = Client::start().await;
    for effect in ["reset", "status:503", "quota", "hang"] {
        weather(&client, register(effect)).await;
        let patience = Duration::from_millis(if effect == "hang" { 100 } else { 10_000 });
        let outcome = client.try_register("ada@example.com", patience).await;
        match effect {
            "reset" => assert!(!outcome.unwrap_err().is_timeout()),
            "hang" => assert!(outcome.unwrap_err().is_timeout()),
            "quota" => {
                let Reply { status, body } = outcome.unwrap();
                assert_eq!(status, 403);
                assert!(body["message"].as_str().unwrap().contains("maximum number of calls"));
            }
            _ => assert_eq!(outcome.unwrap().status, 503),
        }
        assert_eq!(client.people().await, Vec::<Value>::new(), "{effect}");
    }
    assert_eq!(client.calls("register").await, 4);
    client.stop().await;
}

/// A client sees how a connection ends: that it was reset, or that it is just over.
#[tokio::test]
async fn a_reset_is_one_and_a_drop_is_none() {
    let client = Client::start().await;
    let on24 = client.emulators.ready().on24.clone();
    let address = on24.base_url.strip_prefix("http://").unwrap().strip_suffix("/v2").unwrap().to_owned();
    let request = format!(
        "GET /v2/client/{}/event HTTP/1.1\r\nhost: {address}\r\naccesstokenkey: {}\r\naccesstokensecret: {}\r\n\r\n",
        on24.client_id, on24.access_token_key, on24.access_token_secret
    );
    for (effect, end) in [("reset", Err(ErrorKind::ConnectionReset)), ("drop_after_accept", Ok(0))] {
        weather(&client, json!([{ "operation": "*", "effect": effect }])).await;
        let mut line = TcpStream::connect(&address).await.unwrap();
        line.write_all(request.as_bytes()).await.unwrap();
        let read = line.read(&mut [0; 64]).await.map_err(|error| error.kind());
        assert_eq!(read, end, "{effect}");
    }
    client.stop().await;
}

#[tokio::test]
async fn what_is_applied_counts_though_nobody_is_told() {
    let client = Client::start().await;
    weather(&client, register("drop_after_accept")).await;
    let dropped = client.try_register("ada@example.com", Duration::from_secs(10)).await;
    assert!(!dropped.unwrap_err().is_timeout());
    assert_eq!(client.people().await[0]["writes"], 1);

    weather(&client, register("garbage")).await;
    let garbage = client.try_register("ada@example.com", Duration::from_secs(10)).await.unwrap();
    assert_eq!((garbage.status, garbage.body), (200, Value::Null));
    assert_eq!(client.people().await[0]["writes"], 2);
    client.stop().await;
}

#[tokio::test]
async fn a_delayed_call_is_answered_late_or_lands_when_nobody_waits() {
    let client = Client::start().await;
    weather(&client, register("delay:50ms")).await;
    let late = client.try_register("ada@example.com", Duration::from_secs(10)).await.unwrap();
    assert_eq!(late.status, 200);
    weather(&client, register("delay:1s")).await;
    let given_up = client.try_register("ada@example.com", Duration::from_millis(250)).await;
    assert!(given_up.unwrap_err().is_timeout());
    assert_eq!(client.people().await[0]["writes"], 1);
    let landed = async { while client.people().await[0]["writes"] != 2 {} };
    tokio::time::timeout(Duration::from_secs(10), landed).await.expect("the call lands in the end");
    client.stop().await;
}

#[tokio::test]
async fn a_late_call_lands_on_the_emulators_clock_when_nobody_waits_any_more() {
    let client = Client::start().await;
    weather(&client, register("late:PT1H")).await;
    let given_up = client.try_register("ada@example.com", Duration::from_millis(100)).await;
    assert!(given_up.unwrap_err().is_timeout());
    client.control("POST", "clock", &json!({ "advance": "PT59M" })).await;
    assert_eq!(client.people().await, Vec::<Value>::new());
    client.control("POST", "clock", &json!({ "advance": "PT2M" })).await;
    let landed = async { while client.people().await.is_empty() {} };
    tokio::time::timeout(Duration::from_secs(10), landed).await.expect("the call lands in the end");
    client.stop().await;
}

#[tokio::test]
async fn bodies_are_halved_broken_off_or_mislabelled_though_the_call_counts() {
    let client = Client::start().await;
    weather(&client, register("truncate")).await;
    let halved = client.raw_register("ada@example.com").await.unwrap();
    assert_eq!(halved.status, 200);
    assert!(halved.text.starts_with('{') && serde_json::from_str::<Value>(&halved.text).is_err());
    weather(&client, register("wrong_type")).await;
    let mislabelled = client.raw_register("ada@example.com").await.unwrap();
    assert_eq!(mislabelled.kind, "text/html");
    assert!(serde_json::from_str::<Value>(&mislabelled.text).is_ok());
    weather(&client, register("cut")).await;
    let broken = client.raw_register("ada@example.com").await.unwrap_err();
    assert!(broken.is_body() || broken.is_decode(), "the head comes, the body does not: {broken:?}");
    assert_eq!(client.people().await[0]["writes"], 3);
    client.stop().await;
}

#[tokio::test]
async fn a_refusal_has_any_shape_and_says_when_to_come_again() {
    let client = Client::start().await;
    for (variant, kind, begins) in [
        ("html", "text/html", "<html>"),
        ("xml", "application/xml", "<?xml"),
        ("text", "text/plain; charset=utf-8", "Bad Gateway"),
        ("empty", "", ""),
    ] {
        let rule = json!([{ "operation": "register", "effect": "status:502", "variant": variant, "retry_after": "9" }]);
        weather(&client, rule).await;
        let shown = client.raw_register("ada@example.com").await.unwrap();
        assert_eq!((shown.status, shown.kind.as_str(), shown.retry_after.as_str()), (502, kind, "9"));
        assert!(shown.text.starts_with(begins) && shown.text.is_empty() == begins.is_empty(), "{variant}");
    }
    assert_eq!(client.people().await, Vec::<Value>::new());
    client.stop().await;
}

/// Everything that ON24, or what stands before it, may do to a call, by one dial.
#[tokio::test]
async fn on24_11_faults_of_every_shape() {
    let client = Client::start().await;
    let words = "You have reached the maximum number of calls for this";
    for (rule, status, kind, body) in [
        (
            json!({ "effect": "status:500" }),
            500,
            "application/json; charset=utf-8",
            r#"{"message":"Internal Server Error"}"#,
        ),
        (
            json!({ "effect": "status:429" }),
            429,
            "application/json; charset=utf-8",
            r#"{"message":"Too Many Requests"}"#,
        ),
        (json!({ "effect": "quota" }), 403, "application/json; charset=utf-8", words),
        (
            json!({ "effect": "quota", "variant": "endpoint" }),
            403,
            "application/json; charset=utf-8",
            "this endpoint",
        ),
        (
            json!({ "effect": "status:400", "variant": "text" }),
            400,
            "text/plain; charset=utf-8",
            "Bad Request",
        ),
        (json!({ "effect": "status:503", "variant": "empty" }), 503, "", ""),
        (json!({ "effect": "status:502", "variant": "html" }), 502, "text/html", "<h1>Bad Gateway</h1>"),
        (json!({ "effect": "status:500", "variant": "xml" }), 500, "application/xml", "<?xml"),
        (json!({ "effect": "truncate" }), 200, "application/json; charset=utf-8", r#"{"firstname":"#),
        (json!({ "effect": "delay:20ms" }), 200, "application/json; charset=utf-8", "eventuserid"),
    ] {
        let mut rule = rule;
        rule["operation"] = json!("register");
        weather(&client, json!([rule])).await;
        let shown = client.raw_register("ada@example.com").await.unwrap();
        assert_eq!(
            (shown.status, shown.kind.as_str(), shown.retry_after.as_str()),
            (status, kind, ""),
            "{rule}"
        );
        assert!(
            shown.text.contains(body) && shown.text.is_empty() == body.is_empty(),
            "{rule}: {}",
            shown.text
        );
    }
    weather(&client, register("reset")).await;
    assert!(!client.raw_register("ada@example.com").await.unwrap_err().is_timeout());
    assert_eq!(client.people().await[0]["writes"], 2, "cut short and late answers count, refusals do not");
    client.stop().await;
}

#[tokio::test]
async fn rules_go_in_order_run_out_and_are_cleared() {
    let client = Client::start().await;
    weather(
        &client,
        json!([
            { "operation": "amend", "effect": "status:500" },
            { "operation": "register", "effect": "status:501", "count": 1 },
            { "operation": "*", "effect": "status:502", "count": 1 },
        ]),
    )
    .await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(client.try_register("ada@example.com", Duration::from_secs(10)).await.unwrap().status);
    }
    assert_eq!(statuses, [501, 502, 200]);
    let shown = client.control("GET", "weather", &Value::Null).await.body;
    assert_eq!((&shown["rules"][1]["hits"], &shown["rules"][0]["count"]), (&json!(1), &Value::Null));
    assert!(shown["operations"].as_array().unwrap().contains(&json!("register")));
    let cleared = client.control("DELETE", "weather", &Value::Null).await;
    assert_eq!((cleared.status, &cleared.body["rules"]), (200, &json!([])));
    client.stop().await;
}

#[tokio::test]
async fn probability_repeats_with_the_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let client = Client::start().await;
        weather(&client, json!([{ "operation": "*", "effect": "status:503", "probability": 0.5 }])).await;
        let mut run = Vec::new();
        for _ in 0..40 {
            run.push(client.try_register("ada@example.com", Duration::from_secs(10)).await.unwrap().status);
        }
        client.stop().await;
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&200) && runs[0].contains(&503));
}

#[tokio::test]
async fn control_endpoints_refuse_in_words_and_are_not_counted() {
    let client = Client::start().await;
    let wrong = client
        .control("POST", "weather", &json!({ "rules": [{ "operation": "x", "effect": "quota" }] }))
        .await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.body["error"].as_str().unwrap().contains("register"));
    assert_eq!(client.control("POST", "clock", &json!({ "advance": "-PT2H" })).await.status, 400);
    assert_eq!(client.control("PUT", "state", &Value::Null).await.status, 405);
    assert_eq!(client.control("GET", "nothing", &Value::Null).await.status, 404);
    let before = client.emulators.clock().now();
    let moved = client.control("POST", "clock", &json!({ "advance": "PT2H" })).await.body;
    let now: jiff::Timestamp = moved["now"].as_str().unwrap().parse().unwrap();
    assert!(now.duration_since(before) >= jiff::SignedDuration::from_hours(2));
    let calls = client.control("GET", "state", &Value::Null).await.body["calls"].clone();
    assert!(calls.as_object().unwrap().values().all(|count| count == 0), "{calls}");
    assert!(calls.get("other").is_some());
    client.stop().await;
}
