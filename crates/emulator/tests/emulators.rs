//! All four servers together.

#![expect(clippy::unwrap_used, reason = "what fails in a step of a test fails the test")]

mod grant;

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grant::token;
use jiff::SignedDuration;
use serde_json::{Value, json};
use webinar_bridge_emulator::{Clock, Emulators, Options, Webinar};

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn state(http: &reqwest::Client, origin: &str) -> Value {
    http.get(format!("{origin}/_emulator/state")).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn azure_31_one_client_reaches_the_crm_and_the_vault_each_with_a_token_of_its_own() {
    let emulators =
        Emulators::start(Options { registrations: 3, ..Options::default() }, Clock::new()).await.unwrap();
    let (http, ready) = (http(), emulators.ready().clone());
    let crm_token = token(&ready, &ready.dataverse.base_url).await;
    let whoami = format!("{}/api/data/v9.2/WhoAmI", ready.dataverse.base_url);
    assert_eq!(http.get(&whoami).bearer_auth(&crm_token).send().await.unwrap().status(), 200);
    let vault_token = token(&ready, "https://vault.azure.net").await;
    assert_eq!(http.get(&whoami).bearer_auth(&vault_token).send().await.unwrap().status(), 401);

    let vault = &ready.key_vault;
    let wrap = format!("{}/keys/{}/wrapkey?api-version=2025-07-01", vault.base_url, vault.key_name);
    let body = json!({ "alg": "RSA-OAEP-256", "value": URL_SAFE_NO_PAD.encode([7; 32]) });
    let post = async |url: &str, token: &str, body: &Value| {
        http.post(url).bearer_auth(token).json(body).send().await.unwrap()
    };
    assert_eq!(post(&wrap, &crm_token, &body).await.status(), 401);
    let wrapped: Value = post(&wrap, &vault_token, &body).await.json().await.unwrap();
    let kid = wrapped["kid"].as_str().unwrap();
    let (host, path) = kid.strip_prefix("https://").unwrap().split_once('/').unwrap();
    assert_eq!(vault.base_url, format!("http://{host}"));
    assert!(path.starts_with(&format!("keys/{}/", vault.key_name)));
    let unwrap = format!("{}/{path}/unwrapkey?api-version=2025-07-01", vault.base_url);
    let body = json!({ "alg": "RSA-OAEP-256", "value": wrapped["value"] });
    let opened: Value = post(&unwrap, &vault_token, &body).await.json().await.unwrap();
    assert_eq!(opened["value"], URL_SAFE_NO_PAD.encode([7; 32]));

    emulators.set_key_enabled(false);
    assert_eq!(post(&unwrap, &vault_token, &body).await.status(), 403);
    emulators.set_key_enabled(true);
    emulators.deny_key_operations(&["unwrapKey"]);
    assert_eq!(post(&unwrap, &vault_token, &body).await.status(), 403);
    emulators.deny_key_operations(&[]);
    emulators.rotate_key().await.unwrap();
    assert_eq!(post(&unwrap, &vault_token, &body).await.status(), 200);

    let counted = |state: &Value| {
        let calls = state["calls"].as_object().unwrap().iter().filter(|(_, count)| **count != 0);
        calls.map(|(name, count)| (name.clone(), count.as_u64().unwrap())).collect::<Vec<_>>()
    };
    let tenant = state(&http, &ready.dataverse.authority).await;
    assert_eq!(counted(&tenant), [("token".to_owned(), 2)]);
    let calls = [("wrapKey".to_owned(), 2), ("unwrapKey".to_owned(), 4)];
    assert_eq!(counted(&state(&http, &vault.base_url).await), calls);
    assert_eq!(state(&http, &ready.dataverse.base_url).await["calls"]["whoami"], 2);
    emulators.stop().await;
}

#[tokio::test]
async fn one_clock_serves_all() {
    let emulators = Emulators::start(Options::default(), Clock::new()).await.unwrap();
    let (http, ready) = (http(), emulators.ready().clone());
    let origin = &ready.dataverse.base_url;
    let whoami = format!("{origin}/api/data/v9.2/WhoAmI");
    emulators.set_token_lifetime(SignedDuration::from_mins(5));
    let short = token(&ready, origin).await;
    let clock = format!("{}/_emulator/clock", ready.key_vault.base_url);
    let moved = http.post(clock).json(&json!({ "advance": "PT6M" })).send().await.unwrap();
    assert_eq!(moved.status(), 200);
    assert_eq!(http.get(&whoami).bearer_auth(short).send().await.unwrap().status(), 401);
    emulators.stop().await;
}

#[tokio::test]
async fn the_event_begins_in_seven_days_and_others_can_join_it() {
    let clock = Clock::new();
    let emulators = Emulators::start(Options::default(), clock.clone()).await.unwrap();
    let (http, on24) = (http(), emulators.ready().on24.clone());
    let event = async |id: i64| {
        let url = format!("{}/client/{}/event/{id}", on24.base_url, on24.client_id);
        let call = http.get(url).header("accesstokenkey", &on24.access_token_key);
        call.header("accesstokensecret", &on24.access_token_secret).send().await.unwrap()
    };
    let first: Value = event(on24.event_id).await.json().await.unwrap();
    let starts: jiff::Timestamp = first["goodafter"].as_str().unwrap().parse().unwrap();
    let ahead = starts.duration_since(clock.now());
    assert!((SignedDuration::from_hours(167)..=SignedDuration::from_hours(168)).contains(&ahead), "{ahead}");
    assert_eq!(first["scheduledeventduration"], 60);
    let second = emulators.add_event(Webinar::new("Another", clock.now(), 45));
    assert_eq!(event(second).await.status(), 200);
    assert!(emulators.set_event_active(second, false));
    assert_eq!(event(second).await.status(), 403);
    assert_eq!(event(second + 1).await.status(), 404);
    emulators.stop().await;
}

/// Neither the rows nor the keys of vault and tenant are made on the thread that serves: each has a blocking thread of
/// its own. Such a thread waits for the others when it begins, so that all are seen however fast the first is done.
#[test]
fn what_keeps_a_processor_busy_is_done_on_threads_of_its_own() {
    let begun = Arc::new((Mutex::new(0), Condvar::new()));
    let seen = Arc::clone(&begun);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().on_thread_start(move || {
        let (count, changed) = &*seen;
        let mut count = count.lock().unwrap();
        *count += 1;
        changed.notify_all();
        drop(changed.wait_timeout_while(count, Duration::from_secs(10), |count| *count < 3));
    });
    runtime.build().unwrap().block_on(async {
        Emulators::start(Options::default(), Clock::new()).await.unwrap().stop().await;
    });
    assert_eq!(*begun.0.lock().unwrap(), 3);
}

#[tokio::test]
async fn whoever_asks_for_no_control_endpoint_hears_which_there_are() {
    let emulators = Emulators::start(Options::default(), Clock::new()).await.unwrap();
    let (http, ready) = (http(), emulators.ready());
    for (origin, own) in [
        (ready.on24.base_url.trim_end_matches("/v2"), "attendance"),
        (&ready.dataverse.base_url, "webhooks"),
        (&ready.dataverse.authority, "clients"),
        (&ready.key_vault.base_url, "audit"),
    ] {
        let get = async |name: &str| http.get(format!("{origin}/_emulator/{name}")).send().await.unwrap();
        let refused = get("").await;
        assert_eq!(refused.status(), 404);
        let refused: Value = refused.json().await.unwrap();
        let names = refused["error"].as_str().unwrap().strip_prefix("there are ").unwrap();
        assert!(names.split(", ").any(|name| name == own), "{names}");
        for name in names.split(", ") {
            assert_ne!(get(name).await.status(), 404, "{name}");
        }
    }
    emulators.stop().await;
}

#[tokio::test]
async fn a_seed_gives_the_same_credentials_and_another_gives_others() {
    let mut blocks = Vec::new();
    for seed in [42, 42, 43] {
        let emulators = Emulators::start(Options { seed, ..Options::default() }, Clock::new()).await.unwrap();
        let mut ready = serde_json::to_value(emulators.ready()).unwrap();
        for (server, member) in [
            ("on24", "base_url"),
            ("dataverse", "base_url"),
            ("dataverse", "authority"),
            ("key_vault", "base_url"),
        ] {
            assert!(ready[server][member].take().as_str().unwrap().starts_with("http://127.0.0.1:"));
        }
        assert!(ready["on24"]["client_id"].is_i64() && ready["on24"]["event_id"].is_i64());
        blocks.push(ready);
        emulators.stop().await;
    }
    assert_eq!(blocks[0], blocks[1]);
    assert_ne!(blocks[0]["on24"], blocks[2]["on24"]);
    assert_ne!(blocks[0]["dataverse"]["client_secret"], blocks[2]["dataverse"]["client_secret"]);
}

#[tokio::test]
async fn the_debug_form_keeps_the_secrets() {
    let emulators = Emulators::start(Options::default(), Clock::new()).await.unwrap();
    let ready = emulators.ready();
    let shown = format!("{ready:?}");
    for secret in
        [&ready.on24.access_token_key, &ready.on24.access_token_secret, &ready.dataverse.client_secret]
    {
        assert!(!shown.contains(secret.as_str()));
    }
    assert!(shown.contains(&ready.on24.base_url));
    emulators.stop().await;
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = taken.local_addr().unwrap();
    let options = Options { entra: Some(address), ..Options::default() };
    let error = Emulators::start(options, Clock::new()).await.err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains("entra") && error.to_string().contains(&address.to_string()));
}

#[tokio::test]
async fn a_stopped_server_frees_its_address_though_a_call_hangs() {
    let emulators = Emulators::start(Options::default(), Clock::new()).await.unwrap();
    let (http, vault) = (http(), emulators.ready().key_vault.base_url.clone());
    let address: SocketAddr = vault.strip_prefix("http://").unwrap().parse().unwrap();
    let rules = json!({ "rules": [{ "operation": "*", "effect": "hang" }] });
    http.post(format!("{vault}/_emulator/weather")).json(&rules).send().await.unwrap();
    let hanging = tokio::spawn(http.get(format!("{vault}/keys/x")).send());
    while state(&http, &vault).await["calls"]["getKey"] != 1 {}
    emulators.stop().await;
    assert!(hanging.await.unwrap().is_err());
    let again = Options { key_vault: Some(address), ..Options::default() };
    let emulators = Emulators::start(again, Clock::new()).await.unwrap();
    assert_eq!(emulators.ready().key_vault.base_url, vault);
    emulators.stop().await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413() {
    let emulators = Emulators::start(Options::default(), Clock::new()).await.unwrap();
    let url = format!("{}/keys/x/wrapkey", emulators.ready().key_vault.base_url);
    let body = vec![b' '; 16 * 1024 * 1024 + 1];
    let outcome = http().post(url).body(body).send().await;
    assert_eq!(outcome.unwrap().status(), 413);
    emulators.stop().await;
}
