use reqwest::Method;
use serde_json::{Value, json};

use super::listener::Listener;
use super::organization::{A, Organization, entry, keys};

/// The ids of a message and of its filter for a table, looked up as tools do it.
async fn message(organization: &Organization, name: &str, table: &str) -> (String, String) {
    let found = organization.get(&format!("sdkmessages?$select=sdkmessageid&$filter=name eq '{name}'")).await;
    let message = found["value"][0]["sdkmessageid"].as_str().unwrap().to_owned();
    let filter = format!("_sdkmessageid_value eq {message} and primaryobjecttypecode eq '{table}'");
    let found =
        organization.get(&format!("sdkmessagefilters?$select=sdkmessagefilterid&$filter={filter}")).await;
    (message, found["value"][0]["sdkmessagefilterid"].as_str().unwrap().to_owned())
}

fn endpoint(url: &str, kind: i64, value: &str) -> Value {
    json!({"name": "Test", "contract": 8, "url": url, "authtype": kind, "authvalue": value})
}

async fn step(
    organization: &Organization,
    endpoint: &str,
    name: &str,
    more: Value,
) -> Result<String, (u16, Value)> {
    let (message, filter) = message(organization, name, "contact").await;
    let mut body = json!({"name": format!("Test: {name} of contact"), "mode": 1, "stage": 40, "rank": 1,
        "supporteddeployment": 0, "asyncautodelete": true, "canusereadonlyconnection": false,
        "eventhandler_serviceendpoint@odata.bind": format!("/serviceendpoints({endpoint})"),
        "sdkmessageid@odata.bind": format!("/sdkmessages({message})"),
        "sdkmessagefilterid@odata.bind": format!("/sdkmessagefilters({filter})")});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    made(organization, "sdkmessageprocessingsteps", &body).await
}

async fn made(organization: &Organization, set: &str, body: &Value) -> Result<String, (u16, Value)> {
    let answer = organization.send(Method::POST, set, &[], body).await;
    if answer.status() != 204 {
        return Err((answer.status().as_u16(), answer.json().await.unwrap()));
    }
    let url = answer.headers()["odata-entityid"].to_str().unwrap();
    Ok(url.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned())
}

#[tokio::test]
async fn dynamics_41_webhooks_are_registered_in_the_platform_s_tables() {
    let (organization, mut listener) = (Organization::start().await, Listener::start().await);
    let secret = r#"<settings><setting name="x-bridge-key" value="s3cret" /></settings>"#;
    let endpoint =
        organization.post("serviceendpoints", endpoint(&format!("{}/a", listener.origin), 5, secret)).await;
    let filtering = json!({"filteringattributes": "firstname,lastname"});
    let step = step(&organization, &endpoint, "Update", filtering).await.unwrap();
    let image = json!({"name": "was", "entityalias": "was", "imagetype": 0, "messagepropertyname": "Target",
        "attributes": "lastname", "sdkmessageprocessingstepid@odata.bind": format!("/sdkmessageprocessingsteps({step})")});
    made(&organization, "sdkmessageprocessingstepimages", &image).await.unwrap();

    organization.post("contacts", json!({"contactid": A, "lastname": "Lee"})).await;
    let row = format!("contacts({A})");
    // Not one of the filtering attributes.
    organization.patch(&row, json!({"jobtitle": "Chief"})).await;
    organization.patch(&row, json!({"lastname": "Ray"})).await;
    let received = listener.next().await;
    assert_eq!(received.header("x-bridge-key"), Some("s3cret"));
    let context = received.context();
    let target = entry(&context["InputParameters"], "Target").unwrap();
    assert!(keys(&target["Attributes"]).contains(&"lastname"));
    let was = entry(&context["PreEntityImages"], "was").unwrap();
    assert_eq!(entry(&was["Attributes"], "lastname").unwrap(), "Lee");
    let owner = json!({"Id": step, "KeyAttributes": [], "LogicalName": "sdkmessageprocessingstep", "Name": null,
        "RowVersion": null});
    assert_eq!(context["OwningExtension"], owner);

    // The way back from the endpoint to its steps.
    let steps = organization
        .get(&format!("serviceendpoints({endpoint})/serviceendpoint_sdkmessageprocessingstep"))
        .await;
    assert_eq!(steps["value"][0]["sdkmessageprocessingstepid"], step);

    // A step that is disabled hears nothing; nor does one whose endpoint is gone.
    let registered = format!("sdkmessageprocessingsteps({step})");
    organization.patch(&registered, json!({"statecode": 1, "statuscode": 2})).await;
    organization.patch(&row, json!({"lastname": "Kay"})).await;
    organization.patch(&registered, json!({"statecode": 0, "statuscode": 1})).await;
    organization.patch(&row, json!({"lastname": "May"})).await;
    let context = listener.next().await.context();
    let target = entry(&context["InputParameters"], "Target").unwrap();
    assert_eq!(entry(&target["Attributes"], "lastname").unwrap(), "May");
    organization.delete(&format!("serviceendpoints({endpoint})")).await;
    let (_, shown) = organization.control(Method::GET, "webhooks", &Value::Null).await;
    assert_eq!(shown["steps"], json!([]));
    assert_eq!(organization.get("sdkmessageprocessingsteps").await["value"], json!([]));
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_a_credential_is_never_given_back() {
    let organization = Organization::start().await;
    let id =
        organization.post("serviceendpoints", endpoint("http://127.0.0.1:9/?k=t0ken", 4, "s3cret")).await;
    let shown = organization.get("serviceendpoints?$filter=contract eq 8").await;
    assert_eq!((&shown["value"][0]["name"], &shown["value"][0]["authtype"]), (&json!("Test"), &json!(4)));
    assert!(shown["value"][0]["authvalue"].is_null());
    let column =
        organization.send(Method::GET, &format!("serviceendpoints({id})/authvalue"), &[], &Value::Null).await;
    assert_eq!(column.status(), 204);
    step(&organization, &id, "Create", json!({})).await.unwrap();
    let own = r#"<fetch><entity name="serviceendpoint"><attribute name="authvalue"/></entity></fetch>"#;
    let linked = r#"<fetch><entity name="sdkmessageprocessingstep"><attribute name="name"/><link-entity
        name="serviceendpoint" from="serviceendpointid" to="eventhandler" alias="e"><attribute name="name"/><attribute
        name="authvalue"/></link-entity></entity></fetch>"#;
    let sql = "SELECT authvalue FROM serviceendpoint";
    for (set, option, text) in [
        ("serviceendpoints", "fetchXml", own),
        ("sdkmessageprocessingsteps", "fetchXml", linked),
        ("serviceendpoints", "sql", sql),
    ] {
        let text = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
        let found = organization.get(&format!("{set}?{option}={text}")).await;
        assert_eq!(found["value"].as_array().unwrap().len(), 1, "{found}");
        assert!(!found.to_string().contains("s3cret"), "{found}");
    }
    let (_, control) = organization.control(Method::GET, "webhooks", &Value::Null).await;
    assert_eq!(
        (&control["steps"][0]["auth"], &control["steps"][0]["url"]),
        (&json!("WebhookKey"), &json!("http://127.0.0.1:9/"))
    );
    assert!(!format!("{shown}{control}").contains("s3cret") && !control.to_string().contains("t0ken"));
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_there_are_three_ways_to_show_a_secret() {
    let (organization, mut listener) = (Organization::start().await, Listener::start().await);
    let url = format!("{}/hook?fixed=1", listener.origin);
    let steps = json!([{"message": "Create", "table": "contact"}]);
    for (auth, query, header) in [
        (json!({"type": "WebhookKey", "value": "a b&c"}), "fixed=1&code=a%20b%26c", None),
        (
            json!({"type": "HttpQueryString", "values": {"k/1": "v=1", "l": "2"}}),
            "fixed=1&k%2F1=v%3D1&l=2",
            None,
        ),
        (json!({"type": "HttpHeader", "values": {"X-Key": "va/lue"}}), "fixed=1", Some("va/lue")),
    ] {
        organization.register(json!({"url": url, "auth": auth, "steps": steps})).await;
        organization.post("contacts", json!({"lastname": "Lee"})).await;
        let received = listener.next().await;
        assert_eq!(received.uri.query(), Some(query));
        assert_eq!(received.header("x-key"), header);
        assert_eq!(organization.control(Method::DELETE, "webhooks", &Value::Null).await.0, 200);
    }
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_an_endpoint_outside_of_this_machine_is_refused() {
    let organization = Organization::start().await;
    let (status, refusal) =
        made(&organization, "serviceendpoints", &endpoint("https://example.com/hook", 4, "k"))
            .await
            .unwrap_err();
    assert_eq!((status, &refusal["error"]["code"]), (400, &json!("0x80040203")));
    assert!(refusal["error"]["message"].as_str().unwrap().contains("of its own machine only"), "{refusal}");
    let registration =
        json!({"url": "http://10.0.0.1/", "steps": [{"message": "Create", "table": "contact"}]});
    let (status, refusal) = organization.control(Method::POST, "webhooks", &registration).await;
    assert_eq!(status, 400);
    assert!(refusal["error"].as_str().unwrap().contains("of its own machine only"), "{refusal}");
    // Nor can one be moved there.
    let id = organization.post("serviceendpoints", endpoint("http://127.0.0.1:9/", 4, "k")).await;
    let away = json!({"url": "https://example.com/"});
    let moved = organization.send(Method::PATCH, &format!("serviceendpoints({id})"), &[], &away).await;
    assert_eq!(moved.status(), 400);
    assert_eq!(organization.get("serviceendpoints").await["value"][0]["url"], "http://127.0.0.1:9/");
    organization.settings(json!({"webhooks": {"published_ports_only": true}})).await;
    let (_, refusal) = made(&organization, "serviceendpoints", &endpoint("http://127.0.0.1:8080/", 4, "k"))
        .await
        .unwrap_err();
    assert!(
        refusal["error"]["message"].as_str().unwrap().contains("port 80 for HTTP and port 443 for HTTPS")
    );
    organization.post("serviceendpoints", endpoint("http://127.0.0.1/", 4, "k")).await;
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_what_cannot_be_sent_is_not_registered() {
    let organization = Organization::start().await;
    for wrong in [
        json!({"name": "x", "contract": 2, "url": "http://127.0.0.1:9/", "authtype": 4}),
        json!({"name": "x", "contract": 8, "url": "http://127.0.0.1:9/", "authtype": 1, "authvalue": "k"}),
        json!({"name": "x", "contract": 8, "url": "http://127.0.0.1:9/", "authtype": 5, "authvalue": "k"}),
        json!({"name": "x", "contract": 8, "authtype": 4, "authvalue": "k"}),
    ] {
        assert_eq!(made(&organization, "serviceendpoints", &wrong).await.unwrap_err().0, 400, "{wrong}");
    }
    let id = organization.post("serviceendpoints", endpoint("http://127.0.0.1:9/", 4, "k")).await;
    for wrong in [
        json!({"stage": 20}),
        json!({"stage": 10, "mode": 0}),
        json!({"filteringattributes": "nickname"}),
        json!({"sdkmessageid@odata.bind": null}),
        json!({"eventhandler_serviceendpoint@odata.bind": null}),
    ] {
        assert_eq!(step(&organization, &id, "Update", wrong.clone()).await.unwrap_err().0, 400, "{wrong}");
    }
    let create = step(&organization, &id, "Create", json!({})).await.unwrap();
    let image = |kind: i64, property: &str| {
        json!({"name": "i", "entityalias": "i", "imagetype": kind, "messagepropertyname": property,
            "sdkmessageprocessingstepid@odata.bind": format!("/sdkmessageprocessingsteps({create})")})
    };
    for (kind, property, words) in [
        (1, "Target", "Message property name 'Target' is not valid on message Create."),
        (0, "Id", "PreImage is not supported for message Create."),
    ] {
        let set = "sdkmessageprocessingstepimages";
        let (status, refusal) = made(&organization, set, &image(kind, property)).await.unwrap_err();
        assert_eq!((status, &refusal["error"]["message"]), (400, &json!(words)));
    }
    made(&organization, "sdkmessageprocessingstepimages", &image(1, "Id")).await.unwrap();
    organization.emulators.stop().await;
}

#[tokio::test]
async fn the_control_endpoint_says_what_it_expects_and_leaves_nothing_half_done() {
    let organization = Organization::start().await;
    for wrong in [
        json!({}),
        json!([]),
        json!({"url": "http://127.0.0.1:9/", "steps": [{"message": "Fly", "table": "contact"}]}),
        json!({"url": "http://127.0.0.1:9/", "steps": [{"message": "Create", "table": "nobody"}]}),
        json!({"url": "http://127.0.0.1:9/", "steps": [{"message": "Create", "table": "contact", "stage": 1}]}),
        json!({"url": "http://127.0.0.1:9/", "auth": {"type": "Basic"}, "steps": []}),
    ] {
        let (status, refusal) = organization.control(Method::POST, "webhooks", &wrong).await;
        assert_eq!(status, 400, "{wrong}");
        assert!(refusal["error"].is_string());
    }
    assert_eq!(organization.get("serviceendpoints").await["value"], json!([]));
    assert_eq!(organization.control(Method::PUT, "webhooks", &Value::Null).await.0, 405);
    organization.emulators.stop().await;
}
