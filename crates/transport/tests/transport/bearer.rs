//! Tokens: fetched once, kept, renewed early.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde_json::json;
use webinar_bridge_domain::fault::FaultKind;
use webinar_bridge_domain::port::Clock;
use webinar_bridge_domain::time::{SignedDuration, Timestamp};
use webinar_bridge_transport::{Bearer, TokenOrder};
use wiremock::matchers::{body_string, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::peer;

struct HandClock(Mutex<Timestamp>);

impl HandClock {
    fn advance(&self, minutes: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_mins(minutes);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct Directory {
    server: MockServer,
    clock: Arc<HandClock>,
    bearer: Arc<Bearer>,
}

impl Directory {
    async fn open() -> Self {
        let clock = Arc::new(HandClock(Mutex::new(Timestamp::UNIX_EPOCH)));
        let bearer = Arc::new(Bearer::new(peer::client(), clock.clone()));
        Self { server: MockServer::start().await, clock, bearer }
    }

    /// From here on it answers like this.
    async fn says(&self, answer: ResponseTemplate) {
        self.server.reset().await;
        Mock::given(method("POST")).respond_with(answer).mount(&self.server).await;
    }

    async fn grants(&self, token: &str) {
        let body = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token});
        self.says(ResponseTemplate::new(200).set_body_json(body)).await;
    }

    fn order(&self, secret: &str) -> TokenOrder {
        TokenOrder {
            authority: self.server.uri().parse().unwrap(),
            tenant: "contoso.example".to_owned(),
            client_id: "app".to_owned(),
            client_secret: secret.into(),
            version: 3,
            scope: "https://org.crm.dynamics.com/.default".to_owned(),
        }
    }

    async fn token(&self) -> String {
        self.bearer.token(&self.order("s")).await.unwrap().expose_secret().to_owned()
    }

    async fn calls(&self) -> usize {
        self.server.received_requests().await.unwrap().len()
    }
}

#[tokio::test]
async fn the_order_is_a_form() {
    let directory = Directory::open().await;
    Mock::given(method("POST"))
        .and(path("/contoso.example/oauth2/v2.0/token"))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(body_string(
            "grant_type=client_credentials&client_id=app&client_secret=s%2B%26+%C3%A9\
             &scope=https%3A%2F%2Forg.crm.dynamics.com%2F.default",
        ))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(json!({"expires_in": "3599", "access_token": "t"})),
        )
        .expect(1)
        .mount(&directory.server)
        .await;
    let token = directory.bearer.token(&directory.order("s+& é")).await.unwrap();
    assert_eq!(token.expose_secret(), "t");
}

#[tokio::test]
async fn many_ask_and_one_call_goes_out() {
    let directory = Directory::open().await;
    let body = json!({"expires_in": 3599, "access_token": "one"});
    let slow = ResponseTemplate::new(200).set_body_json(body).set_delay(Duration::from_millis(50));
    directory.says(slow).await;
    let tokens = futures::future::join_all((0..20).map(|_| directory.token())).await;
    assert!(tokens.iter().all(|token| token == "one"));
    assert_eq!(directory.calls().await, 1);
}

#[tokio::test]
async fn those_who_wait_share_a_fault_too() {
    let directory = Directory::open().await;
    let no = json!({"error": "invalid_client", "error_codes": [7_000_222]});
    let slow = ResponseTemplate::new(401).set_body_json(no).set_delay(Duration::from_millis(50));
    directory.says(slow).await;
    let order = directory.order("s");
    let faults = futures::future::join_all((0..20).map(|_| directory.bearer.token(&order))).await;
    for fault in faults {
        let fault = fault.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unauthorised { version: 3 });
        assert_eq!(fault.code.as_str(), "entra.secret_expired");
    }
    assert_eq!(directory.calls().await, 1);
    assert!(directory.bearer.token(&order).await.is_err());
    assert_eq!(directory.calls().await, 2, "who asks later asks anew");
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_early() {
    let directory = Directory::open().await;
    directory.grants("one").await;
    assert_eq!(directory.token().await, "one");
    directory.grants("two").await;
    directory.clock.advance(54);
    assert_eq!(directory.token().await, "one");
    directory.clock.advance(1);
    assert_eq!(directory.token().await, "two");
}

#[tokio::test]
async fn a_good_token_outlives_a_directory_that_is_down() {
    let directory = Directory::open().await;
    directory.grants("one").await;
    directory.token().await;
    directory.says(ResponseTemplate::new(500)).await;
    directory.clock.advance(56);
    for _ in 0..5 {
        assert_eq!(directory.token().await, "one");
    }
    assert_eq!(directory.calls().await, 1, "a renewal that failed is not tried again at once");
    directory.clock.advance(1);
    assert_eq!(directory.token().await, "one");
    assert_eq!(directory.calls().await, 2);
    directory.clock.advance(3);
    let fault = directory.bearer.token(&directory.order("s")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Transient, "the token has ended");
}

#[tokio::test]
async fn a_token_that_was_not_accepted_is_dropped() {
    let directory = Directory::open().await;
    directory.grants("one").await;
    directory.token().await;
    directory.grants("two").await;
    directory.bearer.forget(&directory.order("s"));
    assert_eq!(directory.token().await, "two");
}

#[tokio::test]
async fn another_secret_earns_its_own_token() {
    let directory = Directory::open().await;
    directory.grants("one").await;
    directory.token().await;
    directory.says(ResponseTemplate::new(401).set_body_json(json!({"error": "invalid_client"}))).await;
    assert!(directory.bearer.token(&directory.order("wrong")).await.is_err());
    assert!(directory.bearer.token(&TokenOrder { version: 4, ..directory.order("s") }).await.is_err());
    assert_eq!(directory.token().await, "one");
}

#[tokio::test]
async fn nothing_of_it_prints() {
    let directory = Directory::open().await;
    directory.grants("hidden-token").await;
    directory.bearer.token(&directory.order("hidden-secret")).await.unwrap();
    let printed = format!("{:?} {:?}", directory.bearer, directory.order("hidden-secret"));
    assert!(!printed.contains("hidden"), "{printed}");
}
