use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::listener::{Listener, Reply};
use super::organization::{A, Organization, entry};

async fn hearing(message: &str) -> (Organization, Listener) {
    let (organization, listener) = (Organization::start().await, Listener::start().await);
    organization.hear(&listener.origin, message).await;
    (organization, listener)
}

fn outcomes(log: &[Value]) -> Vec<Value> {
    log.iter().map(|attempt| attempt["outcome"].clone()).collect()
}

#[tokio::test]
async fn dynamics_41_the_headers_say_what_happened_where() {
    let (organization, mut listener) = hearing("Create").await;
    let correlation = "11111111-2222-4333-8444-555555555555";
    let headers = [("x-ms-correlation-request-id", correlation)];
    let path = "contacts?tag=bridge%20import";
    let made = organization.send(Method::POST, path, &headers, &json!({"lastname": "Lee"})).await;
    assert_eq!(made.status(), 204);
    let received = listener.next().await;
    let domain = organization.origin.strip_prefix("http://").unwrap();
    assert_eq!(received.header("x-ms-dynamics-organization"), Some(domain));
    assert_eq!(received.header("x-ms-dynamics-entity-name"), Some("contact"));
    assert_eq!(received.header("x-ms-dynamics-request-name"), Some("Create"));
    assert_eq!(received.header("x-ms-correlation-request-id"), Some(correlation));
    assert_eq!(received.header("content-type"), Some("application/json; charset=utf-8"));
    let context = received.context();
    assert_eq!(context["CorrelationId"], correlation);
    assert_eq!(entry(&context["SharedVariables"], "tag").unwrap(), "bridge import");
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_a_gateway_s_failure_is_granted_exactly_one_more_attempt() {
    let (organization, mut listener) = hearing("Create").await;
    for status in [502, 503, 504] {
        listener.reply(&[Reply::Status(status), Reply::Status(status)]);
        organization.post("contacts", json!({"lastname": "Lee"})).await;
        let (first, second) = (listener.next().await, listener.next().await);
        assert_eq!(first.text, second.text, "{status}");
    }
    listener.reply(&[Reply::Status(503), Reply::Status(200)]);
    organization.post("contacts", json!({"lastname": "Ray"})).await;
    let log = organization.deliveries(8).await;
    assert_eq!(outcomes(&log), [502, 502, 503, 503, 504, 504, 503, 200].map(Value::from));
    let attempts: Vec<_> = log.iter().map(|attempt| attempt["attempt"].as_i64().unwrap()).collect();
    assert_eq!(attempts, [1, 2, 1, 2, 1, 2, 1, 2]);
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_other_failures_are_not_tried_again() {
    let (organization, mut listener) = hearing("Create").await;
    organization.settings(json!({"webhooks": {"parallelism": 1}})).await;
    let statuses = [500, 429, 400, 401, 404, 301, 501, 505];
    for status in statuses {
        listener.reply(&[Reply::Status(status)]);
        organization.post("contacts", json!({"lastname": "Lee"})).await;
        listener.next().await;
    }
    let log = organization.deliveries(statuses.len()).await;
    assert_eq!(outcomes(&log), statuses.map(Value::from));
    assert!(!listener.has_more());
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_an_endpoint_has_its_time_and_no_more() {
    let (organization, mut listener) = hearing("Create").await;
    let (_, shown) = organization.control(Method::GET, "settings", &Value::Null).await;
    assert_eq!(shown["webhooks"]["timeout_ms"], 60_000);
    organization.settings(json!({"webhooks": {"timeout_ms": 50}})).await;
    listener.reply(&[Reply::Silence]);
    organization.post("contacts", json!({"lastname": "Lee"})).await;
    listener.next().await;
    let log = organization.deliveries(1).await;
    assert_eq!(outcomes(&log), ["timed out"]);
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_a_broken_connection_is_tried_again_only_where_that_is_wanted() {
    let (organization, mut listener) = hearing("Create").await;
    listener.reply(&[Reply::Reset]);
    organization.post("contacts", json!({"lastname": "Lee"})).await;
    listener.next().await;
    assert_eq!(outcomes(&organization.deliveries(1).await), ["failed"]);
    organization.settings(json!({"webhooks": {"retry_network_failure": true}})).await;
    listener.reply(&[Reply::Reset, Reply::Reset]);
    organization.post("contacts", json!({"lastname": "Lee"})).await;
    let log = organization.deliveries(3).await;
    assert_eq!(outcomes(&log), ["failed", "failed", "failed"]);
    assert_eq!(log[2]["attempt"], 2);
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_a_delivery_can_come_twice() {
    let (organization, mut listener) = hearing("Create").await;
    organization.settings(json!({"webhooks": {"duplicates": 1.0}})).await;
    organization.post("contacts", json!({"lastname": "Lee"})).await;
    let (first, second) = (listener.next().await, listener.next().await);
    assert_eq!(first.text, second.text);
    assert_eq!(outcomes(&organization.deliveries(2).await), [200, 200].map(Value::from));
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_a_delivery_can_be_overtaken() {
    let (organization, mut listener) = hearing("Update").await;
    organization.post("contacts", json!({"contactid": A, "lastname": "Lee"})).await;
    let title = |text: &str| json!({ "jobtitle": text });
    let row = format!("contacts({A})");
    organization.settings(json!({"webhooks": {"overtaken": 1.0, "parallelism": 1}})).await;
    organization.patch(&row, title("first")).await;
    organization.settings(json!({"webhooks": {"overtaken": 0.0}})).await;
    organization.patch(&row, title("second")).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let context = listener.next().await.context();
        let target = entry(&context["InputParameters"], "Target").unwrap();
        told.push(entry(&target["Attributes"], "jobtitle").unwrap().clone());
    }
    assert_eq!(told, ["second", "first"]);
    // What nothing comes after is not held for ever.
    organization.settings(json!({"webhooks": {"overtaken": 1.0}})).await;
    organization.patch(&row, title("third")).await;
    listener.next().await;
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_rows_are_told_in_order_by_one_sender() {
    let (organization, mut listener) = hearing("Update").await;
    organization.settings(json!({"webhooks": {"parallelism": 1}})).await;
    organization.post("contacts", json!({"contactid": A, "lastname": "Lee"})).await;
    for number in 0..20 {
        organization.patch(&format!("contacts({A})"), json!({"jobtitle": number.to_string()})).await;
    }
    for number in 0..20 {
        let context = listener.next().await.context();
        let target = entry(&context["InputParameters"], "Target").unwrap();
        assert_eq!(entry(&target["Attributes"], "jobtitle").unwrap(), &json!(number.to_string()));
    }
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_what_is_refused_or_taken_back_is_not_told() {
    let (organization, mut listener) = hearing("Create").await;
    let refused = organization.send(Method::POST, "contacts", &[], &json!({"lastname": 5})).await;
    assert_eq!(refused.status(), 400);
    organization.post("contacts", json!({"lastname": "Ray"})).await;
    let context = listener.next().await.context();
    let target = entry(&context["InputParameters"], "Target").unwrap();
    assert_eq!(entry(&target["Attributes"], "lastname").unwrap(), "Ray");
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_a_client_may_bypass_the_steps_of_the_customer() {
    let (organization, mut listener) = hearing("Create").await;
    let post = |headers: [(&'static str, &'static str); 1], name: &str| {
        let body = json!({ "lastname": name });
        let organization = &organization;
        async move { organization.send(Method::POST, "contacts", &headers, &body).await.status().as_u16() }
    };
    assert_eq!(post([("MSCRM.BypassBusinessLogicExecution", "CustomSync,CustomAsync")], "one").await, 204);
    assert_eq!(post([("MSCRM.BypassCustomPluginExecution", "true")], "two").await, 204);
    let context = listener.next().await.context();
    let target = entry(&context["InputParameters"], "Target").unwrap();
    assert_eq!(entry(&target["Attributes"], "lastname").unwrap(), "two");
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_a_failed_delivery_leaves_a_system_job() {
    let (organization, mut listener) = hearing("Create").await;
    listener.reply(&[Reply::Status(500)]);
    organization.post("contacts", json!({"lastname": "Lee"})).await;
    let context = listener.next().await.context();
    // What went well leaves none, for a step that says so.
    organization.post("contacts", json!({"lastname": "Ray"})).await;
    listener.next().await;
    organization.deliveries(2).await;
    let step = context["OwningExtension"]["Id"].as_str().unwrap();
    let failed = format!("statuscode eq 31 and _owningextensionid_value eq {step}");
    let url = format!("asyncoperations?$filter={failed}&$orderby=completedon desc");
    let jobs = loop {
        let jobs = organization.get(&url).await["value"].as_array().unwrap().clone();
        if !jobs.is_empty() {
            break jobs;
        }
    };
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0]["asyncoperationid"], context["OperationId"]);
    assert_eq!((&jobs[0]["statecode"], &jobs[0]["operationtype"]), (&json!(3), &json!(1)));
    assert_eq!(
        (&jobs[0]["messagename"], &jobs[0]["primaryentitytype"]),
        (&json!("Create"), &json!("contact"))
    );
    assert!(jobs[0]["message"].as_str().unwrap().contains("status 500"), "{}", jobs[0]);
    assert_eq!(organization.get("asyncoperations").await["value"].as_array().unwrap().len(), 1);
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_a_flood_is_bounded_and_what_is_lost_is_counted() {
    let (organization, mut listener) = hearing("Create").await;
    organization.settings(json!({"webhooks": {"parallelism": 1}})).await;
    listener.reply(&[Reply::Silence]);
    organization.post("contacts", json!({"lastname": "Lee"})).await;
    listener.next().await;
    let row = json!({"@odata.type": "Microsoft.Dynamics.CRM.contact", "lastname": "Ray"});
    let targets = json!({"Targets": vec![row; 5_500]});
    for _ in 0..2 {
        let path = "contacts/Microsoft.Dynamics.CRM.CreateMultiple";
        assert_eq!(organization.send(Method::POST, path, &[], &targets).await.status(), 200);
    }
    let (_, shown) = organization.control(Method::GET, "webhooks", &Value::Null).await;
    // One may have been taken from the queue and wait for its turn.
    let waiting = shown["waiting"].as_u64().unwrap();
    assert!(waiting == 10_000 || waiting == 9_999, "{waiting}");
    let lost = shown["lost"].as_u64().unwrap();
    assert!((999..=1_001).contains(&lost), "{lost}");
    let (_, cleared) = organization.control(Method::DELETE, "webhooks", &Value::Null).await;
    assert_eq!(
        (&cleared["waiting"], &cleared["lost"], &cleared["steps"]),
        (&json!(0), &json!(0), &json!([]))
    );
    organization.emulators.stop().await;
}

#[tokio::test]
async fn deliveries_end_with_the_server() {
    let (organization, mut listener) = hearing("Create").await;
    listener.reply(&[Reply::Silence; 3]);
    for _ in 0..3 {
        organization.post("contacts", json!({"lastname": "Lee"})).await;
        listener.next().await;
    }
    tokio::time::timeout(Duration::from_secs(10), organization.emulators.stop()).await.unwrap();
}

#[tokio::test]
async fn dynamics_41_an_endpoint_may_speak_tls_with_a_certificate_of_its_own() {
    let (organization, mut listener) = (Organization::start().await, Listener::start_with_tls().await);
    assert!(listener.origin.starts_with("https://127.0.0.1:"));
    organization.hear(&format!("{}/hook", listener.origin), "Create").await;
    organization.post("contacts", json!({"lastname": "Lee"})).await;
    assert_eq!(listener.next().await.context()["MessageName"], "Create");
    let port = listener.origin.rsplit_once(':').unwrap().1;
    organization.hear(&format!("https://localhost:{port}/other"), "Delete").await;
    organization.post("contacts", json!({"contactid": A, "lastname": "Lee"})).await;
    listener.next().await;
    organization.delete(&format!("contacts({A})")).await;
    assert_eq!(listener.next().await.uri.path(), "/other");
    organization.emulators.stop().await;
}
