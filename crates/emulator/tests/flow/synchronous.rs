use reqwest::Method;
use serde_json::{Value, json};

use super::listener::{Listener, Reply};
use super::organization::{A, Organization, entry, keys};

async fn agreeing(message: &str, stage: i64) -> (Organization, Listener) {
    let (organization, listener) = (Organization::start().await, Listener::start().await);
    let step = json!({"message": message, "table": "contact", "synchronous": true, "stage": stage});
    organization.register(json!({"url": listener.origin, "steps": [step]})).await;
    (organization, listener)
}

async fn contacts(organization: &Organization) -> usize {
    organization.get("contacts").await["value"].as_array().unwrap().len()
}

#[tokio::test]
async fn dynamics_41_a_synchronous_step_that_fails_undoes_the_write() {
    let (organization, mut listener) = agreeing("Create", 40).await;
    listener.reply(&[Reply::Status(500), Reply::Status(503), Reply::Status(503)]);
    for words in ["status 500", "status 503"] {
        let refused = organization.send(Method::POST, "contacts", &[], &json!({"lastname": "Lee"})).await;
        assert_eq!(refused.status(), 400);
        let error = refused.json::<Value>().await.unwrap()["error"].clone();
        assert_eq!(error["code"], "0x80040265");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
        assert_eq!(contacts(&organization).await, 0);
    }
    // One call for the first, two for the second: a gateway's failure is granted one more.
    for _ in 0..3 {
        listener.next().await;
    }
    organization.post("contacts", json!({"contactid": A, "lastname": "Lee"})).await;
    let context = listener.next().await.context();
    assert_eq!((&context["Mode"], &context["IsInTransaction"]), (&json!(0), &json!(true)));
    assert!(context["RequestId"].is_string() && context["ParentContext"].is_null());
    assert_eq!(context["PostEntityImages"], json!([]));
    assert_eq!(contacts(&organization).await, 1);
    assert!(!listener.has_more());
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_a_step_before_the_operation_sees_what_was_asked_for() {
    let (organization, mut listener) = agreeing("Create", 20).await;
    organization.post("contacts", json!({"contactid": A, "firstname": "Ada", "lastname": "Lee"})).await;
    let context = listener.next().await.context();
    assert_eq!((&context["Stage"], &context["OutputParameters"]), (&json!(20), &json!([])));
    let target = entry(&context["InputParameters"], "Target").unwrap();
    let mut names = keys(&target["Attributes"]);
    names.sort_unstable();
    assert_eq!(names, ["contactid", "firstname", "lastname"]);
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_in_a_batch_the_step_decides_about_each_part() {
    let (organization, mut listener) = agreeing("Create", 40).await;
    listener.reply(&[Reply::Status(200), Reply::Status(400), Reply::Status(200)]);
    let part = |name: &str| {
        let body = json!({ "lastname": name });
        format!("--b\r\nContent-Type: application/http\r\n\r\nPOST contacts HTTP/1.1\r\n\r\n{body}\r\n")
    };
    let body = format!("{}{}{}--b--\r\n", part("one"), part("two"), part("three"));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = organization.token();
    let call = client.post(format!("{}/api/data/v9.2/$batch", organization.origin)).body(body);
    let call = call.header("content-type", "multipart/mixed; boundary=b").header("authorization", token);
    let answer = call.header("prefer", "odata.continue-on-error").send().await.unwrap();
    let text = answer.text().await.unwrap();
    assert_eq!(
        (text.matches("HTTP/1.1 204").count(), text.matches("HTTP/1.1 400").count()),
        (2, 1),
        "{text}"
    );
    let mut told = Vec::new();
    for _ in 0..3 {
        let context = listener.next().await.context();
        let target = entry(&context["InputParameters"], "Target").unwrap();
        told.push(entry(&target["Attributes"], "lastname").unwrap().clone());
    }
    assert_eq!(told, ["one", "two", "three"]);
    assert!(!listener.has_more());
    let kept = organization.get("contacts?$select=lastname&$orderby=lastname").await;
    let kept: Vec<&Value> = kept["value"].as_array().unwrap().iter().map(|row| &row["lastname"]).collect();
    assert_eq!(kept, ["one", "three"]);
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_a_trial_leaves_no_trace() {
    let (organization, mut listener) = agreeing("Create", 40).await;
    let plain = organization.post("accounts", json!({"name": "x"})).await;
    let version = |row: Value| row["versionnumber"].as_i64().unwrap();
    let before = version(organization.get(&format!("accounts({plain})")).await);
    organization.post("contacts", json!({"contactid": A, "lastname": "Lee"})).await;
    listener.next().await;
    let row = organization.get(&format!("contacts({A})")).await;
    assert_eq!(version(row), before + 1);
    let bypass = [("MSCRM.BypassBusinessLogicExecution", "CustomSync")];
    let made = organization.send(Method::POST, "contacts", &bypass, &json!({"lastname": "Ray"})).await;
    assert_eq!(made.status(), 204);
    assert!(!listener.has_more());
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_the_row_has_the_id_that_the_step_was_told_whatever_is_filed_meanwhile() {
    let (organization, mut slow) = agreeing("Create", 40).await;
    let mut quick = Listener::start().await;
    quick.reply(&[Reply::Later(500)]);
    let step = json!({"message": "Update", "table": "account"});
    organization.register(json!({"url": quick.origin, "steps": [step]})).await;
    let account = organization.post("accounts", json!({"name": "x"})).await;
    organization.patch(&format!("accounts({account})"), json!({"name": "y"})).await;
    quick.next().await;
    slow.reply(&[Reply::Later(200)]);
    let made = organization.post("contacts", json!({"lastname": "Poe"}));
    let told = async {
        let told = slow.next().await.context()["PrimaryEntityId"].as_str().unwrap().to_owned();
        // The failed delivery leaves a system job among the rows while the step is being asked.
        quick.release();
        while organization.get("asyncoperations").await["value"].as_array().unwrap().is_empty() {}
        slow.release();
        told
    };
    let (made, told) = tokio::join!(made, told);
    assert_eq!(made, told);
    organization.emulators.stop().await;
}
