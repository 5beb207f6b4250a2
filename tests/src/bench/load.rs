//! The reference: the same posts by the plain HTTP client, with nothing around them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;
use uuid::Uuid;
use webinar_bridge_emulator::Ready;

use super::{now, per_second};

/// How many requests are out at the same time.
pub const IN_FLIGHT: usize = 64;

/// A client as the bridge's is: connections are kept, nothing is retried.
pub fn client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// Registers `count` people who are nobody's, with the fields that the bridge sends, and says how many a second it were.
pub async fn posts_per_second(client: &reqwest::Client, ready: &Ready, count: usize) -> f64 {
    let on24 = &ready.on24;
    let url = format!("{}/client/{}/event/{}/registrant", on24.base_url, on24.client_id, on24.event_id);
    let url: Arc<str> = format!("{url}?honorrequired=N&honorvalidation=N").into();
    let next = Arc::new(AtomicUsize::new(0));
    let began = now();
    let mut lines = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (client, url, next) = (client.clone(), Arc::clone(&url), Arc::clone(&next));
        let keys = [on24.access_token_key.clone(), on24.access_token_secret.clone()];
        lines.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return;
                }
                let request = client.post(&*url).form(&form(n));
                let request =
                    request.header("accesstokenkey", &keys[0]).header("accesstokensecret", &keys[1]);
                let answer = request.send().await.expect("an answer");
                assert!(answer.status().is_success(), "{}", answer.status());
                answer.bytes().await.expect("a whole answer");
            }
        });
    }
    while let Some(line) = lines.join_next().await {
        line.expect("a line of requests");
    }
    per_second(count, began.elapsed())
}

fn form(n: usize) -> [(&'static str, String); 8] {
    let correlation = Uuid::from_u128(n as u128);
    [
        ("email", format!("nobody.{n}@reference.example")),
        ("firstname", "Reference".to_owned()),
        ("lastname", format!("Number {n}")),
        ("company", format!("Company {}", n % 1000)),
        ("jobtitle", "Head of something".to_owned()),
        ("exteventusercd", format!("wb:{correlation}")),
        ("eventemail", "N".to_owned()),
        ("isDeleted", "N".to_owned()),
    ]
}
