//! An emulated organization, written and read past the adapter.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde_json::{Value, json};
use uuid::Uuid;
use webinar_bridge_contract::world::{CrmCompany, CrmContact, CrmRegistrationRow};
use webinar_bridge_domain::fault::Peer;
use webinar_bridge_domain::id::{ProviderEventId, WebinarId};
use webinar_bridge_domain::port::CrmWebinar;
use webinar_bridge_domain::time::{SignedDuration, Timestamp};
use webinar_bridge_dynamics::Access;
use webinar_bridge_emulator::{Clock, Emulators, Options};
use webinar_bridge_transport::{Answer, ClientSettings, Exchange, HttpClient, Method};

const CALL: Exchange = Exchange::read(Peer::Crm, "test");
/// The CRM's code of New York, where the tests' events take place.
const NEW_YORK: (i64, &str) = (35, "America/New_York");

pub(crate) struct Organization {
    emulators: Emulators,
    client: HttpClient,
    token: String,
    configuration: String,
}

impl Organization {
    pub(crate) async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let emulators = Emulators::start(Options::default(), Clock::new()).await.unwrap();
        let client = HttpClient::new(&ClientSettings::default()).unwrap();
        let token = token(&client, &emulators).await;
        let mut organization = Self { emulators, client, token, configuration: String::new() };
        let configurations = organization.rows("msevtmgt_webinarconfigurations").await;
        let id = configurations[0]["msevtmgt_webinarconfigurationid"].as_str().unwrap();
        id.clone_into(&mut organization.configuration);
        organization
    }

    pub(crate) fn clock(&self) -> Clock {
        self.emulators.clock().clone()
    }

    pub(crate) fn access(&self) -> Access {
        let ready = &self.emulators.ready().dataverse;
        Access {
            base_url: ready.base_url.parse().unwrap(),
            authority: ready.authority.parse().unwrap(),
            tenant_id: ready.tenant_id.clone(),
            client_id: ready.client_id.clone(),
            client_secret: ready.client_secret.clone().into(),
        }
    }

    /// Moves the clock on; tokens that end meanwhile are no hindrance.
    pub(crate) async fn advance(&mut self, by: SignedDuration) {
        self.emulators.clock().advance(by);
        self.token = token(&self.client, &self.emulators).await;
    }

    /// Makes every call have this effect; `None` is fair weather.
    pub(crate) async fn weather(&self, effect: Option<&str>) {
        let rules: Vec<Value> =
            effect.iter().map(|effect| json!({"operation": "*", "effect": effect})).collect();
        let body = json!({"rules": rules}).to_string();
        let url = format!("{}/_emulator/weather", self.emulators.ready().dataverse.base_url);
        let request = self.client.request(Method::POST, url.parse().unwrap()).body(body);
        assert!(self.client.send(request, &CALL).await.unwrap().status.is_success());
    }

    pub(crate) async fn write_webinar(&self, id: WebinarId, webinar: &CrmWebinar) {
        let body = json!({
            "msevtmgt_name": webinar.title,
            "msevtmgt_eventstartdate": wall_clock(webinar.starts),
            "msevtmgt_eventenddate": wall_clock(webinar.ends),
            "msevtmgt_eventtimezone": NEW_YORK.0,
            "msevtmgt_eventformat": if webinar.ours { 100_000_003 } else { 100_000_001 },
            "msevtmgt_publishstatus": if webinar.cancelled { 100_000_004 } else { 100_000_003 },
            "msevtmgt_webinarid": webinar.event.as_ref().map(ProviderEventId::as_str),
            "msevtmgt_WebinarConfigurationId@odata.bind":
                format!("/msevtmgt_webinarconfigurations({})", self.configuration),
        });
        self.patch("msevtmgt_events", id.uuid(), &body).await;
    }

    pub(crate) async fn write_company(&self, company: &CrmCompany) {
        self.patch("accounts", company.id.uuid(), &json!({"name": company.name})).await;
    }

    pub(crate) async fn write_contact(&self, contact: &CrmContact) {
        let text = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
        let body = json!({
            "firstname": text(&contact.first_name),
            "lastname": text(&contact.last_name),
            "emailaddress1": text(&contact.address),
            "jobtitle": text(&contact.job_title),
            "parentcustomerid_account@odata.bind": contact.company.map(|id| format!("/accounts({id})")),
        });
        self.patch("contacts", contact.id.uuid(), &body).await;
    }

    pub(crate) async fn write_registration(&self, row: &CrmRegistrationRow) {
        let body = json!({
            "msevtmgt_name": "R-1",
            "msevtmgt_iscanceled": row.cancelled,
            "msevtmgt_EventId@odata.bind": format!("/msevtmgt_events({})", row.event),
            "msevtmgt_ContactId@odata.bind": format!("/contacts({})", row.contact),
        });
        self.patch("msevtmgt_eventregistrations", row.id.uuid(), &body).await;
    }

    pub(crate) async fn delete(&self, set: &str, id: Uuid) {
        assert!(self.call(Method::DELETE, &format!("{set}({id})"), None).await.status.is_success());
    }

    /// A row; `None` if it is not there.
    pub(crate) async fn row(&self, set: &str, id: Uuid) -> Option<Value> {
        let answer = self.call(Method::GET, &format!("{set}({id})"), None).await;
        answer.status.is_success().then(|| answer.json().unwrap())
    }

    pub(crate) async fn rows(&self, set: &str) -> Vec<Value> {
        let list: Value = self.call(Method::GET, set, None).await.json().unwrap();
        list["value"].as_array().unwrap().clone()
    }

    async fn patch(&self, set: &str, id: Uuid, body: &Value) {
        let answer = self.call(Method::PATCH, &format!("{set}({id})"), Some(body)).await;
        assert!(answer.status.is_success(), "{set}: {}", String::from_utf8_lossy(&answer.body));
    }

    async fn call(&self, method: Method, resource: &str, body: Option<&Value>) -> Answer {
        let url = format!("{}/api/data/v9.2/{resource}", self.emulators.ready().dataverse.base_url);
        let mut request = self.client.request(method, url.parse().unwrap()).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        self.client.send(request, &CALL).await.unwrap()
    }
}

async fn token(client: &HttpClient, emulators: &Emulators) -> String {
    let ready = &emulators.ready().dataverse;
    let url = format!("{}/{}/oauth2/v2.0/token", ready.authority, ready.tenant_id);
    let scope = format!("{}/.default", ready.base_url);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &ready.client_id),
        ("client_secret", &ready.client_secret),
        ("scope", &scope),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = client.request(Method::POST, url.parse().unwrap());
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body);
    let granted: Value = client.send(request, &CALL).await.unwrap().json().unwrap();
    granted["access_token"].as_str().unwrap().to_owned()
}

fn wall_clock(at: Timestamp) -> String {
    let zone: TimeZone = TimeZoneDatabase::bundled().get(NEW_YORK.1).unwrap();
    zone.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
