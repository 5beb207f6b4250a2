//! An account at a server that answers whatever it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use webinar_bridge_domain::credential::{CredentialSlot, Purpose};
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Missing, Peer};
use webinar_bridge_domain::id::{OrganizationId, ProviderEventId};
use webinar_bridge_domain::metrics::PageMark;
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{
    AttendanceQuery, Clock, CredentialProvider, OpenSecret, PersonOrder, ProbeOrder, RegisterOrder,
    RegistrantQuery, Versioned,
};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};
use webinar_bridge_on24::{On24, On24Settings, provider, secret};
use webinar_bridge_transport::{ClientSettings, HttpClient};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) const VERSION: u64 = 7;
pub(crate) const EVENT: &str = "2008859";
pub(crate) const CORRELATION: &str = "wb:5b0f2a53";

pub(crate) struct HandClock(Mutex<Timestamp>);

impl HandClock {
    pub(crate) fn advance(&self, minutes: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_mins(minutes);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// One organization's secret; the others have none.
struct OneSecret(OpenSecret);

#[async_trait]
impl CredentialProvider for OneSecret {
    async fn current(&self, slot: &CredentialSlot) -> Result<Versioned, Fault> {
        if *slot == (CredentialSlot { organization: organization(), purpose: Purpose::Provider }) {
            return Ok(Versioned { version: VERSION, secret: self.0.clone() });
        }
        let gone = FaultKind::Gone { what: Missing::Credential };
        Err(Fault::new(gone, Peer::Vault, "current", Code::new("test.no_credential")))
    }
}

pub(crate) struct Stage {
    pub(crate) server: MockServer,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) on24: On24,
}

impl Stage {
    pub(crate) async fn open() -> Self {
        Self::with(&On24Settings::default()).await
    }

    pub(crate) async fn with(settings: &On24Settings) -> Self {
        let server = MockServer::start().await;
        let secret = secret_at(&format!("{}/v2", server.uri()));
        Self::over(server, settings, secret)
    }

    pub(crate) fn over(server: MockServer, settings: &On24Settings, secret: OpenSecret) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = HttpClient::new(&ClientSettings::default()).unwrap();
        let clock = Arc::new(HandClock(Mutex::new(Timestamp::UNIX_EPOCH)));
        let on24 = provider(settings, client, Arc::new(OneSecret(secret)), clock.clone());
        Self { server, clock, on24 }
    }

    /// From here on it answers like this, whatever is asked.
    pub(crate) async fn answers(&self, status: u16, body: impl AsRef<[u8]>) {
        self.server.reset().await;
        let answer = ResponseTemplate::new(status).set_body_bytes(body.as_ref());
        Mock::given(any()).respond_with(answer).mount(&self.server).await;
    }

    /// The message of a refusal, in the documented object.
    pub(crate) async fn refuses(&self, status: u16, message: &str) {
        self.answers(status, serde_json::json!({ "message": message }).to_string()).await;
    }

    /// What it was asked since the last answer was set.
    pub(crate) async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }

    /// The only thing it was asked since then.
    pub(crate) async fn request(&self) -> Request {
        let requests = self.requests().await;
        let [request] = requests.try_into().expect("one request");
        request
    }

    pub(crate) fn probe(&self) -> ProbeOrder {
        let secret = secret_at(&format!("{}/v2", self.server.uri()));
        ProbeOrder { organization: organization(), version: 9, secret }
    }
}

fn secret_at(base: &str) -> OpenSecret {
    secret(base, "10422", "0123456789ABCDEF", "5ec4e7")
}

pub(crate) fn organization() -> OrganizationId {
    "018f0000-0000-7000-8000-000000000001".parse::<uuid::Uuid>().unwrap().into()
}

pub(crate) fn ada() -> Details {
    Details {
        address: Address::new("Ada+Web@Example.com"),
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
        company: "Engines & Söhne".into(),
        job_title: String::new(),
        more: BTreeMap::new(),
    }
}

pub(crate) fn order(details: Details) -> RegisterOrder {
    RegisterOrder {
        organization: organization(),
        event: ProviderEventId::new(EVENT),
        details,
        correlation: CORRELATION.into(),
    }
}

pub(crate) fn person(typed: &str) -> PersonOrder {
    PersonOrder {
        organization: organization(),
        event: ProviderEventId::new(EVENT),
        address: Address::new(typed),
    }
}

pub(crate) fn registrants() -> RegistrantQuery {
    RegistrantQuery { organization: organization(), event: ProviderEventId::new(EVENT), page: None }
}

pub(crate) fn attendance() -> AttendanceQuery {
    AttendanceQuery {
        organization: organization(),
        event: ProviderEventId::new(EVENT),
        page: PageMark::FIRST,
    }
}
