use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use webinar_bridge_emulator::{Options, Quotas};

use super::organization::{A, Organization};

async fn whoami(organization: &Organization) -> Response {
    organization.send(Method::GET, "WhoAmI", &[], &Value::Null).await
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

async fn code(answer: Response) -> Value {
    answer.json::<Value>().await.unwrap()["error"]["code"].clone()
}

async fn weather(organization: &Organization, rules: Value) {
    let (status, shown) = organization.control(Method::POST, "weather", &json!({ "rules": rules })).await;
    assert_eq!(status, 200, "{shown}");
}

/// Waits until so many calls of an operation have come in.
async fn arrived(organization: &Organization, operation: &str, count: u64) {
    loop {
        let (_, state) = organization.control(Method::GET, "state", &Value::Null).await;
        if state["calls"][operation].as_u64().unwrap() >= count {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn dynamics_36_published_quotas_are_dataverse_s_limits() {
    let organization =
        Organization::start_with(Options { quotas: Quotas::Published, ..Options::default() }).await;
    let (_, settings) = organization.control(Method::GET, "settings", &Value::Null).await;
    let limits = &settings["limits"];
    let told =
        ["enforced", "requests", "execution_ms", "concurrent", "window_s"].map(|name| limits[name].clone());
    assert_eq!(told, [json!(true), json!(6000), json!(1_200_000), json!(52), json!(300)]);
    organization.settings(json!({"limits": {"requests": 2}})).await;
    assert_eq!(header(&whoami(&organization).await, "x-ms-ratelimit-burst-remaining-xrm-requests"), "1");
    assert_eq!(header(&whoami(&organization).await, "x-ms-ratelimit-burst-remaining-xrm-requests"), "0");
    let busy = whoami(&organization).await;
    assert_eq!((busy.status().as_u16(), header(&busy, "x-ms-dop-hint")), (429, "16"));
    assert!(header(&busy, "set-cookie").starts_with("ARRAffinity="));
    let wait: i64 = header(&busy, "retry-after").parse().unwrap();
    assert_eq!(code(busy).await, "0x80072322");
    organization.emulators.clock().advance(jiff::SignedDuration::from_secs(wait));
    assert_eq!(whoami(&organization).await.status(), 200);
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_36_without_quotas_there_are_no_limits() {
    let organization = Organization::start().await;
    organization.settings(json!({"limits": {"requests": 1, "concurrent": 0, "execution_ms": 0}})).await;
    for _ in 0..3 {
        assert_eq!(whoami(&organization).await.status(), 200);
    }
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_38_a_request_counts_until_it_is_answered_or_given_up() {
    let organization = Organization::start().await;
    organization.settings(json!({"limits": {"enforced": true, "concurrent": 2}})).await;
    weather(&organization, json!([{"operation": "list", "effect": "hang"}])).await;
    {
        let hanging = async { tokio::join!(list(&organization), list(&organization)) };
        tokio::pin!(hanging);
        tokio::select! {
            _ = &mut hanging => unreachable!("nobody answers"),
            () = arrived(&organization, "list", 2) => {}
        }
        let busy = whoami(&organization).await;
        assert_eq!((busy.status().as_u16(), header(&busy, "retry-after")), (429, "1"));
        assert_eq!(code(busy).await, "0x80072326");
        // The connections close here.
    }
    loop {
        if whoami(&organization).await.status() == 200 {
            break;
        }
        tokio::task::yield_now().await;
    }
    organization.emulators.stop().await;
}

async fn list(organization: &Organization) -> Response {
    organization.send(Method::GET, "contacts", &[], &Value::Null).await
}

#[tokio::test]
async fn dynamics_38_two_updates_of_one_row_at_once_meet_in_a_deadlock() {
    let organization = Organization::start().await;
    organization.settings(json!({"deadlock_ms": 0})).await;
    organization.post("contacts", json!({"contactid": A, "lastname": "Lee"})).await;
    weather(&organization, json!([{"operation": "update", "effect": "hang", "count": 1}])).await;
    let row = format!("contacts({A})");
    let update = |name: &'static str| {
        let (organization, row) = (&organization, &row);
        async move { organization.send(Method::PATCH, row, &[], &json!({ "lastname": name })).await }
    };
    {
        let first = update("first");
        tokio::pin!(first);
        tokio::select! {
            _ = &mut first => unreachable!("nobody answers"),
            () = arrived(&organization, "update", 1) => {}
        }
        let second = update("second").await;
        assert_eq!(second.status(), 500);
        let error = second.json::<Value>().await.unwrap()["error"].clone();
        assert_eq!(error["code"], "0x80044150");
        assert!(error["message"].as_str().unwrap().ends_with("Sql Number: 1205"), "{error}");
        assert_eq!(organization.get(&row).await["lastname"], "Lee");
    }
    // The victim may try again, once the other is gone.
    while update("third").await.status() != 204 {
        tokio::task::yield_now().await;
    }
    assert_eq!(organization.get(&row).await["lastname"], "third");
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_36_a_delayed_request_counts_though_its_client_has_gone() {
    let organization = Organization::start().await;
    organization.settings(json!({"limits": {"enforced": true, "concurrent": 1}})).await;
    weather(&organization, json!([{"operation": "list", "effect": "delay:2s"}])).await;
    tokio::select! {
        _ = list(&organization) => unreachable!("it is delayed"),
        () = arrived(&organization, "list", 1) => {}
    }
    let busy = whoami(&organization).await;
    assert_eq!(busy.status(), 429);
    tokio::time::timeout(Duration::from_secs(20), async {
        while whoami(&organization).await.status() != 200 {}
    })
    .await
    .unwrap();
    organization.emulators.stop().await;
}
