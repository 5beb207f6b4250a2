//! A directory that gives out tokens, an organization that answers as it is told, and the adapter in front of both.

use std::fmt::Write as _;
use std::sync::Arc;

use uuid::Uuid;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{Clock, MockClock, MockCredentialProvider, OpenSecret, Versioned};
use webinar_bridge_domain::time::Timestamp;
use webinar_bridge_dynamics::{Access, Dynamics, DynamicsSettings, crm, secret};
use webinar_bridge_transport::{ClientSettings, HttpClient};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) const ROOT: &str = "/api/data/v9.2/";

pub(crate) struct House {
    pub(crate) server: MockServer,
    pub(crate) dynamics: Dynamics,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(DynamicsSettings::default()).await
    }

    pub(crate) async fn with(settings: DynamicsSettings) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = MockServer::start().await;
        let token = serde_json::json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "t0ken"});
        Mock::given(method("POST"))
            .and(path("/tenant/oauth2/v2.0/token"))
            .respond_with(ResponseTemplate::new(200).set_body_json(token))
            .mount(&server)
            .await;
        let client = HttpClient::new(&ClientSettings::default()).unwrap();
        let dynamics = crm(settings, client, Arc::new(credentials(open_secret(&server.uri()))), clock());
        Self { server, dynamics }
    }

    /// Answers everything but tokens like this.
    pub(crate) async fn answer(&self, answer: ResponseTemplate) {
        Mock::given(wiremock::matchers::path_regex("^/api/")).respond_with(answer).mount(&self.server).await;
    }

    /// Answers like this once; what was said before and after holds otherwise.
    pub(crate) async fn answer_once(&self, answer: ResponseTemplate) {
        let once = Mock::given(wiremock::matchers::path_regex("^/api/")).respond_with(answer);
        once.up_to_n_times(1).with_priority(1).mount(&self.server).await;
    }

    /// The requests to the organization, without those for tokens.
    pub(crate) async fn requests(&self) -> Vec<Request> {
        let all = self.server.received_requests().await.unwrap();
        all.into_iter().filter(|request| request.url.path().starts_with("/api/")).collect()
    }

    /// How many tokens were fetched.
    pub(crate) async fn tokens(&self) -> usize {
        let all = self.server.received_requests().await.unwrap();
        all.iter().filter(|request| request.url.path().ends_with("/token")).count()
    }

    /// The requests as they went over the wire, without what differs from run to run.
    pub(crate) async fn transcript(&self) -> String {
        let mut text = String::new();
        for request in self.requests().await {
            write(&mut text, &request);
        }
        text
    }

    /// A link into the organization.
    pub(crate) fn link(&self, rest: &str) -> String {
        format!("{}{ROOT}{rest}", self.server.uri())
    }
}

fn write(text: &mut String, request: &Request) {
    let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    writeln!(text, "{} {}{query}", request.method, request.url.path()).unwrap();
    let mut headers: Vec<String> = request
        .headers
        .iter()
        .filter(|(name, _)| {
            !["host", "content-length", "user-agent", "accept-encoding"].contains(&name.as_str())
        })
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    writeln!(text, "{}\n\n{}", headers.join("\n"), String::from_utf8_lossy(&request.body)).unwrap();
}

pub(crate) fn organization() -> OrganizationId {
    Uuid::from_u128(0xa).into()
}

pub(crate) fn open_secret(address: &str) -> OpenSecret {
    secret(&Access {
        base_url: address.parse().unwrap(),
        authority: address.parse().unwrap(),
        tenant_id: "tenant".into(),
        client_id: "client".into(),
        client_secret: "hush".into(),
    })
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    let mut clock = MockClock::new();
    clock.expect_now().return_const("2026-11-20T09:00:00Z".parse::<Timestamp>().unwrap());
    Arc::new(clock)
}

pub(crate) fn credentials(secret: OpenSecret) -> MockCredentialProvider {
    let mut credentials = MockCredentialProvider::new();
    credentials.expect_current().returning(move |_| Ok(Versioned { version: 3, secret: secret.clone() }));
    credentials
}

pub(crate) fn error(status: u16, code: &str) -> ResponseTemplate {
    let body = serde_json::json!({"error": {"code": code, "message": "ada@example.com is wrong"}});
    ResponseTemplate::new(status).set_body_json(body)
}
