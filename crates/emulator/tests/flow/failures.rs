use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::organization::{A, Organization};

async fn weather(organization: &Organization, rule: Value) {
    let (status, shown) = organization.control(Method::POST, "weather", &json!({ "rules": [rule] })).await;
    assert_eq!(status, 200, "{shown}");
}

async fn list(organization: &Organization) -> Response {
    organization.send(Method::GET, "contacts", &[], &Value::Null).await
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn dynamics_36_a_wait_may_be_a_date_or_missing() {
    let organization = Organization::start().await;
    let quota = |variant: &str, retry: &str| json!({"operation": "list", "effect": "quota", "variant": variant, "retry_after": retry});
    weather(&organization, quota("execution_time", "date:30")).await;
    let busy = list(&organization).await;
    assert_eq!(busy.status(), 429);
    let date = header(&busy, "retry-after").unwrap().to_owned();
    assert!(date.ends_with(" GMT") && date.contains(", "), "{date}");
    assert_eq!(busy.json::<Value>().await.unwrap()["error"]["code"], "0x80072321");

    weather(&organization, quota("concurrency", "none")).await;
    let busy = list(&organization).await;
    assert_eq!((busy.status().as_u16(), header(&busy, "retry-after")), (429, None));
    assert_eq!(busy.json::<Value>().await.unwrap()["error"]["code"], "0x80072326");

    weather(&organization, quota("requests", "17")).await;
    let busy = list(&organization).await;
    assert_eq!(header(&busy, "retry-after"), Some("17"));
    assert_eq!(busy.json::<Value>().await.unwrap()["error"]["code"], "0x80072322");
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_40_every_shape_of_an_error_can_be_asked_for() {
    let organization = Organization::start().await;
    for (effect, variant, kind, part) in [
        ("status:500", "code_empty", "application/json; charset=utf-8", r#""code":"""#),
        ("status:500", "code_zero", "application/json; charset=utf-8", r#""code":"0x0""#),
        ("status:500", "inner_error", "application/json; charset=utf-8", r#""innererror":{"message":"#),
        (
            "status:500",
            "annotated",
            "application/json; charset=utf-8",
            "@Microsoft.PowerApps.CDS.ErrorDetails",
        ),
        ("status:500", "deadlock", "application/json; charset=utf-8", "Sql Number: 1205"),
        ("status:502", "gateway", "text/html", "<h1>502 Bad Gateway</h1>"),
        ("status:503", "html", "text/html", "Service Unavailable"),
    ] {
        weather(&organization, json!({"operation": "list", "effect": effect, "variant": variant})).await;
        let answer = list(&organization).await;
        assert_eq!(answer.status().as_u16().to_string(), effect.trim_start_matches("status:"));
        assert_eq!(header(&answer, "content-type"), Some(kind), "{variant}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(part), "{variant}: {text}");
    }
    weather(&organization, json!({"operation": "list", "effect": "status:500", "variant": "empty"})).await;
    let answer = list(&organization).await;
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().len()), (500, 0));
    let unknown = json!({"rules": [{"operation": "list", "effect": "status:500", "variant": "pink"}]});
    let (status, refusal) = organization.control(Method::POST, "weather", &unknown).await;
    assert_eq!(status, 400);
    for variant in ["execution_time", "code_empty", "annotated", "html"] {
        assert!(refusal["error"].as_str().unwrap().contains(variant), "{refusal}");
    }
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_7_what_is_not_applied_leaves_no_row() {
    let organization = Organization::start().await;
    let body = json!({"contactid": A, "lastname": "Lee"});
    for status in [502, 503, 504] {
        weather(&organization, json!({"operation": "create", "effect": format!("status:{status}")})).await;
        let answer = organization.send(Method::POST, "contacts", &[], &body).await;
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().len()), (status, 0));
    }
    weather(&organization, json!({"operation": "create", "effect": "reset"})).await;
    assert!(organization.try_send(Method::POST, "contacts", &body).await.is_err());
    let left = organization.get("contacts").await;
    assert_eq!(left["value"], json!([]));
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_7_what_is_applied_may_never_be_told_or_only_in_part() {
    let organization = Organization::start().await;
    let body = json!({"contactid": A, "lastname": "Lee"});
    weather(&organization, json!({"operation": "create", "effect": "drop_after_accept"})).await;
    assert!(organization.try_send(Method::POST, "contacts", &body).await.is_err());
    let row = format!("contacts({A})");
    assert_eq!(organization.get(&row).await["lastname"], "Lee");
    // A create with an id of the client's own can be repeated: the row is there already.
    weather(&organization, json!({"operation": "list", "effect": "reset", "count": 0})).await;
    assert_eq!(organization.send(Method::POST, "contacts", &[], &body).await.status(), 412);

    weather(&organization, json!({"operation": "list", "effect": "truncate"})).await;
    let text = list(&organization).await.text().await.unwrap();
    assert!(text.starts_with('{') && serde_json::from_str::<Value>(&text).is_err(), "{text}");
    weather(&organization, json!({"operation": "list", "effect": "cut"})).await;
    let cut = organization.try_send(Method::GET, "contacts", &Value::Null).await;
    let broken = match cut {
        Ok(answer) => answer.text().await.is_err(),
        Err(_) => true,
    };
    assert!(broken);
    weather(&organization, json!({"operation": "list", "effect": "delay:20ms"})).await;
    assert_eq!(list(&organization).await.status(), 200);
    organization.emulators.stop().await;
}
