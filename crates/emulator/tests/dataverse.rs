//! The Web API over a socket, as a client meets it.

#![expect(clippy::unwrap_used, reason = "what fails in a step of a test fails the test")]

mod grant;

use grant::token;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use webinar_bridge_emulator::{Clock, Emulators, Options};

/// A client whose every request carries a token and the headers that the platform asks for.
async fn client(emulators: &Emulators) -> reqwest::Client {
    client_of(emulators, &emulators.ready().dataverse.base_url).await
}

/// Such a client that knows the organization by this origin.
async fn client_of(emulators: &Emulators, resource: &str) -> reqwest::Client {
    let bearer = format!("Bearer {}", token(emulators.ready(), resource).await);
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_str(&bearer).unwrap());
    headers.insert("if-none-match", HeaderValue::from_static("null"));
    headers.insert("odata-maxversion", HeaderValue::from_static("4.0"));
    reqwest::Client::builder().no_proxy().default_headers(headers).build().unwrap()
}

async fn page(client: &reqwest::Client, url: &str) -> Value {
    let prefer = "odata.track-changes,odata.maxpagesize=2";
    let answer = client.get(url).header("prefer", prefer).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_client_lists_registrations_and_follows_their_changes() {
    let options = Options { registrations: 5, ..Options::default() };
    let emulators = Emulators::start(options, Clock::new()).await.unwrap();
    let (client, origin) = (client(&emulators).await, emulators.ready().dataverse.base_url.clone());
    let root = format!("{origin}/api/data/v9.2");
    let set = format!("{root}/msevtmgt_eventregistrations");
    let (mut url, mut ids) = (format!("{set}?$select=msevtmgt_name"), Vec::new());
    let delta = loop {
        let page = page(&client, &url).await;
        ids.extend(
            page["value"].as_array().unwrap().iter().map(|row| row["msevtmgt_eventregistrationid"].clone()),
        );
        match page["@odata.nextLink"].as_str() {
            Some(next) => next.clone_into(&mut url),
            None => break page["@odata.deltaLink"].as_str().unwrap().to_owned(),
        }
    };
    assert_eq!(ids.len(), 5);
    assert!(delta.starts_with(&origin) && url.starts_with(&origin));

    let id = ids[3].as_str().unwrap();
    let change = client.patch(format!("{set}({id})")).header("if-match", "*");
    let changed = change.json(&json!({ "msevtmgt_iscanceled": true })).send().await.unwrap();
    assert_eq!(changed.status(), 204);
    assert_eq!(changed.headers()["odata-entityid"], format!("{set}({id})"));
    let news = page(&client, &delta).await;
    assert_eq!(news["value"].as_array().unwrap().len(), 1);
    assert_eq!(news["value"][0]["msevtmgt_eventregistrationid"], id);
    emulators.stop().await;
}

#[tokio::test]
async fn a_failed_batch_still_tells_what_was_done() {
    let emulators = Emulators::start(Options::default(), Clock::new()).await.unwrap();
    let (client, origin) = (client(&emulators).await, emulators.ready().dataverse.base_url.clone());
    let part = |request: &str, body: &str| {
        format!("--b\r\nContent-Type: application/http\r\n\r\n{request} HTTP/1.1\r\n\r\n{body}\r\n")
    };
    let body = [
        part("POST contacts", r#"{"lastname":"Lee"}"#),
        part("POST contacts", r#"{"lastname":5}"#),
        part("POST contacts", r#"{"lastname":"Ray"}"#),
        "--b--\r\n".to_owned(),
    ];
    let call = client.post(format!("{origin}/api/data/v9.2/$batch")).body(body.concat());
    let answer = call.header(CONTENT_TYPE, "multipart/mixed; boundary=\"b\"").send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(
        answer.headers()[CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("multipart/mixed; boundary=batchresponse_")
    );
    let text = answer.text().await.unwrap();
    assert_eq!((text.matches("HTTP/1.1 204").count(), text.matches("HTTP/1.1 400").count()), (1, 1));
    let state: Value =
        client.get(format!("{origin}/_emulator/state")).send().await.unwrap().json().await.unwrap();
    let (tables, calls) = (&state["tables"], &state["calls"]);
    assert_eq!((&tables["contacts"], &calls["batch"], &calls["create"]), (&json!(1), &json!(1), &json!(2)));
    let direct =
        client.post(format!("{origin}/api/data/v9.2/contacts")).json(&json!({})).send().await.unwrap();
    assert_eq!(direct.status(), 204);
    let state: Value =
        client.get(format!("{origin}/_emulator/state")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&state["calls"]["create"], &state["calls"]["list"]), (&json!(3), &json!(0)));
    emulators.stop().await;
}

/// Passes bytes on to a server and says by which origin.
async fn proxy(server: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let server = server.strip_prefix("http://").unwrap().to_owned();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    origin
}

#[tokio::test]
async fn a_client_behind_a_proxy_never_hears_of_the_server_itself() {
    let options = Options { registrations: 3, ..Options::default() };
    let emulators = Emulators::start(options, Clock::new()).await.unwrap();
    let server = emulators.ready().dataverse.base_url.clone();
    let origin = proxy(&server).await;
    let client = client_of(&emulators, &origin).await;
    let mut url = format!("{origin}/api/data/v9.2/msevtmgt_eventregistrations");
    let mut pages = 0;
    while !url.contains("$deltatoken") {
        let page = page(&client, &url).await;
        assert!(!page.to_string().contains(&server), "{page}");
        let link = page["@odata.nextLink"].as_str().or(page["@odata.deltaLink"].as_str());
        link.unwrap().clone_into(&mut url);
        assert!(url.starts_with(&origin));
        pages += 1;
    }
    assert_eq!(pages, 2);
    let direct = client.get(format!("{server}/api/data/v9.2/WhoAmI")).send().await.unwrap();
    assert_eq!(direct.status(), 401);
    emulators.stop().await;
}

#[tokio::test]
async fn the_event_is_called_the_same_on_both_sides() {
    let emulators = Emulators::start(Options::default(), Clock::new()).await.unwrap();
    let ready = emulators.ready();
    let (client, on24) = (client(&emulators).await, &ready.on24);
    let url = format!("{}/api/data/v9.2/msevtmgt_events", ready.dataverse.base_url);
    let crm: Value = client.get(url).send().await.unwrap().json().await.unwrap();
    let url = format!("{}/client/{}/event/{}", on24.base_url, on24.client_id, on24.event_id);
    let call = client.get(url).header("accesstokenkey", &on24.access_token_key);
    let call = call.header("accesstokensecret", &on24.access_token_secret);
    let webinar: Value = call.send().await.unwrap().json().await.unwrap();
    assert!(webinar["eventname"].is_string());
    assert_eq!(crm["value"][0]["msevtmgt_name"], webinar["eventname"]);
    assert_eq!(crm["value"][0]["msevtmgt_webinarid"], on24.event_id.to_string());
    emulators.stop().await;
}

#[tokio::test]
async fn the_weather_speaks_as_the_platform_does() {
    let emulators = Emulators::start(Options::default(), Clock::new()).await.unwrap();
    let (client, origin) = (client(&emulators).await, emulators.ready().dataverse.base_url.clone());
    let rules = json!({ "rules": [{ "operation": "list", "effect": "quota", "count": 1 }] });
    let set = client.post(format!("{origin}/_emulator/weather")).json(&rules).send().await.unwrap();
    assert_eq!(set.status(), 200);
    let list = || client.get(format!("{origin}/api/data/v9.2/contacts")).send();
    let busy = list().await.unwrap();
    assert_eq!((busy.status().as_u16(), busy.headers()["retry-after"].to_str().unwrap()), (429, "1"));
    assert_eq!(busy.json::<Value>().await.unwrap()["error"]["code"], "0x80072322");
    assert_eq!(list().await.unwrap().status(), 200);
    emulators.stop().await;
}
