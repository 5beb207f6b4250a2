//! The probe of a secret, and what never shows it.

use std::sync::Arc;

use crate::support::{House, clock, credentials, error, open_secret, organization};
use serde_json::json;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind};
use webinar_bridge_domain::port::{Account as _, CrmFeed as _, OpenSecret, ProbeOrder, RowsQuery};
use webinar_bridge_dynamics::{DynamicsSettings, crm};
use webinar_bridge_transport::{ClientSettings, HttpClient};
use wiremock::matchers::{body_string_contains, path_regex};
use wiremock::{Mock, ResponseTemplate};

impl House {
    async fn probe(&self, secret: OpenSecret) -> Result<(), Fault> {
        self.dynamics.probe(&ProbeOrder { organization: organization(), version: 9, secret }).await
    }
}

fn who() -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({"UserId": "u", "BusinessUnitId": "b", "OrganizationId": "o"}))
}

#[tokio::test]
async fn a_probe_shows_the_very_secret_each_time() {
    let house = House::new().await;
    house.answer(who()).await;
    for _ in 0..2 {
        house.probe(open_secret(&house.server.uri())).await.unwrap();
    }
    assert_eq!(house.tokens().await, 2, "a token of before would prove the secret of before");
    insta::assert_snapshot!(house.transcript().await);
}

#[tokio::test]
async fn a_probe_tells_what_is_wrong() {
    let house = House::new().await;
    let secret = || open_secret(&house.server.uri());
    for (answer, kind) in [
        (error(403, "0x80072560"), FaultKind::Denied { why: Some(Code::new("dataverse.not_a_member")) }),
        (ResponseTemplate::new(503), FaultKind::Transient),
        (ResponseTemplate::new(200).set_body_string("<html>"), FaultKind::Transient),
    ] {
        house.answer_once(answer).await;
        assert_eq!(house.probe(secret()).await.unwrap_err().kind, kind);
    }
    house.answer(ResponseTemplate::new(401)).await;
    assert_eq!(house.probe(secret()).await.unwrap_err().kind, FaultKind::Unauthorised { version: 9 });
}

#[tokio::test]
async fn a_secret_of_another_form_is_not_accepted_and_nobody_is_called() {
    let house = House::new().await;
    for text in ["", "{}", "plain", r#"{"client_id":"a","access_token_key":"b"}"#] {
        let fault = house.probe(OpenSecret::new(text.to_owned().into())).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unauthorised { version: 9 });
        assert_eq!(fault.code, Code::new("dataverse.bad_secret"));
    }
    assert_eq!(house.server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn the_directory_says_no_before_the_organization_is_asked() {
    let house = House::new().await;
    let no =
        json!({"error": "invalid_client", "error_description": "AADSTS7000215", "error_codes": [7_000_215]});
    let refusal = Mock::given(path_regex("/token$")).and(body_string_contains("hush"));
    refusal
        .respond_with(ResponseTemplate::new(401).set_body_json(no))
        .with_priority(1)
        .mount(&house.server)
        .await;
    let fault = house.probe(open_secret(&house.server.uri())).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthorised { version: 9 });
    assert!(!format!("{fault} {fault:?}").contains("hush"));
    assert_eq!(house.requests().await.len(), 0);
}

#[tokio::test]
async fn a_token_is_for_the_organization_alone() {
    let house = House::new().await;
    house.answer(who()).await;
    house.probe(open_secret(&format!("{}/", house.server.uri()))).await.unwrap();
    let all = house.server.received_requests().await.unwrap();
    let asked = all.iter().find(|request| request.url.path().ends_with("/token")).unwrap();
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&asked.body).into_owned().collect();
    assert!(form.contains(&("scope".to_owned(), format!("{}/.default", house.server.uri()))), "{form:?}");
}

#[tokio::test]
async fn an_organization_that_cannot_be_reached_is_transient() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = HttpClient::new(&ClientSettings::default()).unwrap();
    let secret = open_secret(&format!("http://{closed}"));
    let dynamics = crm(DynamicsSettings::default(), client, Arc::new(credentials(secret)), clock());
    let rows = RowsQuery { organization: organization(), ids: vec![organization().uuid().into()] };
    assert_eq!(dynamics.registrations(&rows).await.unwrap_err().kind, FaultKind::Transient);
}
