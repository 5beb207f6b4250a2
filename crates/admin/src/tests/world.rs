//! A bridge over a store in memory, and a caller who looks at every answer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Peer};
use webinar_bridge_domain::flow::{Keyholder, Policies, Ports};
use webinar_bridge_domain::integration::TermsVersion;
use webinar_bridge_domain::memory::{ManualClock, MemoryStore, PlainPrivacy, PlainVault, SeededEntropy};
use webinar_bridge_domain::port::{
    Account, CrmTable, MockAttendanceSource, MockCrmAnswers, MockCrmFeed, MockCrmMetrics, MockOrganizations,
    MockRegistrar, OpenSecret, ProbeOrder, SchemaReport, Silence, StoreError,
};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};

use crate::{
    Admin, CrmSecret, Meters, ProviderSecret, Readiness, Secrets, Terms, Token, TokenGate, Webhooks,
};

/// What no answer may ever show.
pub(super) const KEY: &str = "canary-key-5d1f";
pub(super) const SECRET: &str = "canary-secret-9b2e";
pub(super) const CLIENT_SECRET: &str = "canary-client-secret-77aa";
pub(super) const TOKEN: &str = "canary-token-0123456789abcdefghij";

/// The address that the operator configured.
pub(super) const BASE_URL: &str = "https://api.on24.test/v2";

/// An id that no organization has.
pub(super) const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// An account at a peer: it accepts, unless told otherwise.
#[derive(Default)]
pub(super) struct Gatekeeper {
    next: Mutex<VecDeque<Fault>>,
    probes: AtomicUsize,
    /// While this is held, probes wait.
    pub(super) door: tokio::sync::Mutex<()>,
}

impl Gatekeeper {
    /// The next probe ends with this.
    pub(super) fn says(&self, fault: Fault) {
        self.next.lock().unwrap().push_back(fault);
    }

    pub(super) fn probes(&self) -> usize {
        self.probes.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Account for Gatekeeper {
    async fn probe(&self, order: &ProbeOrder) -> Result<(), Fault> {
        assert!(order.secret.reveal().expose_secret().contains("canary"), "the secret that was entered");
        self.probes.fetch_add(1, Ordering::SeqCst);
        let _through = self.door.lock().await;
        self.next.lock().unwrap().pop_front().map_or(Ok(()), Err)
    }
}

/// Writes secrets down as text; takes no other address than the configured one.
struct Writer;

impl Secrets for Writer {
    fn provider(&self, entered: &ProviderSecret) -> Result<OpenSecret, String> {
        if entered.base_url.as_deref().is_some_and(|url| url != BASE_URL) {
            return Err("`base_url` is another than the configured one".to_owned());
        }
        let parts = [entered.access_token_key.expose_secret(), entered.access_token_secret.expose_secret()];
        Ok(OpenSecret::new(SecretString::from(format!("{} {}", entered.client_id, parts.join(" ")))))
    }

    fn crm(&self, entered: &CrmSecret) -> Result<OpenSecret, String> {
        Ok(OpenSecret::new(SecretString::from(entered.client_secret.expose_secret().to_owned())))
    }
}

pub(super) struct World {
    pub(super) clock: ManualClock,
    pub(super) store: MemoryStore,
    pub(super) provider: Arc<Gatekeeper>,
    pub(super) crm: Arc<Gatekeeper>,
    pub(super) admin: Admin,
    /// Made with the first request; what is changed in `admin` is changed before.
    router: OnceLock<Router>,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that it is a problem document of that status and code, and gives its detail.
    #[track_caller]
    pub(super) fn problem(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code);
        assert_eq!(problem["type"], format!("urn:webinar-bridge:problem:{code}"));
        assert_eq!(problem["trace_id"], self.header("x-trace-id"));
        assert_eq!(self.header("x-trace-id").len(), 32);
        assert_eq!(self.header("www-authenticate") == "Bearer", status == 401);
        assert_eq!(self.header("retry-after") == "5", status == 503);
        let keys: Vec<&String> = problem.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["type", "title", "status", "detail", "code", "trace_id"]);
        problem["detail"].as_str().unwrap().to_owned()
    }
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// A world with other ports than the usual.
    pub(super) async fn with(change: impl FnOnce(&mut Ports)) -> Self {
        let clock = ManualClock::at(at("2026-07-01T10:00:00Z"));
        let store = MemoryStore::new();
        let (provider, crm) = (Arc::<Gatekeeper>::default(), Arc::<Gatekeeper>::default());
        let mut ports = ports(&clock, &store, &provider, &crm);
        change(&mut ports);
        let policies = Policies { terms: TermsVersion(3), ..Policies::default() };
        let keyholder = Keyholder::new(
            ports.credentials.clone(),
            ports.vault.clone(),
            ports.clock.clone(),
            ports.entropy.clone(),
            Arc::new(policies.clone()),
        );
        let day = Some(SignedDuration::from_hours(24));
        let gate = TokenGate::new(Arc::new(store.clone()), Arc::new(clock.clone()), day);
        gate.admit(&token(TOKEN)).await.unwrap();
        let admin = Admin {
            bridge: Bridge::new(ports, Arc::new(keyholder), policies),
            gate,
            terms: Arc::new(Terms { version: TermsVersion(3), text: "Be kind.".to_owned() }),
            secrets: Arc::new(Writer),
            webhooks: Arc::new(webhooks()),
            meters: Meters::new("0.0.0"),
            readiness: Readiness::default(),
            open_house: false,
        };
        Self { clock, store, provider, crm, admin, router: OnceLock::new() }
    }

    /// A world whose organizations cannot be read.
    pub(super) async fn without_store() -> Self {
        Self::with(|ports| {
            let gone = || StoreError::Unavailable("disk /var/lib/secret-place".to_owned());
            let mut organizations = MockOrganizations::new();
            organizations.expect_load().returning(move |_| Err(gone()));
            organizations.expect_list().returning(move || Err(gone()));
            organizations.expect_save().returning(move |_| Err(gone()));
            ports.organizations = Arc::new(organizations);
        })
        .await
    }

    /// A world that panics over organizations.
    pub(super) async fn that_panics() -> Self {
        Self::with(|ports| ports.organizations = Arc::new(MockOrganizations::new())).await
    }

    /// Sends a request to the public router, and looks at what every answer must have and must not show.
    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let router = self.router.get_or_init(|| crate::public(&self.admin)).clone();
        look_at(router.oneshot(request).await.unwrap()).await
    }

    /// Sends a request to the private router.
    pub(super) async fn ask(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        look_at(crate::private(&self.admin).oneshot(request).await.unwrap()).await
    }

    pub(super) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(|body| ("application/json", body.to_string()));
        self.send(request(method, path, body)).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// Makes an organization known, and answers its path.
    pub(super) async fn organization(&self, name: &str) -> String {
        let made = self.post("/api/v1/organizations", &json!({ "name": name })).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        made.header("location").to_owned()
    }

    pub(super) async fn accept_terms(&self, organization: &str) {
        let accepted = self.post(&format!("{organization}/terms"), &json!({ "version": 3 })).await;
        assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.text);
    }
}

fn ports(
    clock: &ManualClock,
    store: &MemoryStore,
    provider: &Arc<Gatekeeper>,
    crm: &Arc<Gatekeeper>,
) -> Ports {
    let mut feed = MockCrmFeed::new();
    feed.expect_inspect().returning(|_| Ok(SchemaReport::default()));
    let shared = Arc::new(store.clone());
    Ports {
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SeededEntropy::new(7)),
        feed: Arc::new(feed),
        answers: Arc::new(MockCrmAnswers::new()),
        check_ins: Arc::new(MockCrmMetrics::new()),
        crm_account: crm.clone(),
        registrar: Arc::new(MockRegistrar::new()),
        attendance: Arc::new(MockAttendanceSource::new()),
        provider_account: provider.clone(),
        vault: Arc::new(PlainVault),
        privacy: Arc::new(PlainPrivacy),
        intake: shared.clone(),
        worklist: shared.clone(),
        books: shared.clone(),
        ledger: shared.clone(),
        organizations: shared.clone(),
        credentials: shared.clone(),
        webinars: shared.clone(),
        brakes: shared.clone(),
        endpoints: shared.clone(),
        tasks: shared.clone(),
        gates: shared.clone(),
        key_shelf: shared.clone(),
        chronicle: shared,
        bell: Arc::new(Silence),
    }
}

/// Webhooks of two tables.
fn webhooks() -> Webhooks {
    let tables = [("registration", CrmTable::Registrations), ("contact", CrmTable::Contacts)];
    let tables = tables.map(|(name, table)| (name.to_owned(), table)).into();
    Webhooks { header: "x-test-key".to_owned(), tables }
}

/// What holds for every answer, whatever was asked.
async fn look_at(response: axum::response::Response) -> Answer {
    let printed = format!("{response:?}");
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let cookie = header::SET_COOKIE;
    for canary in [KEY, SECRET, CLIENT_SECRET, TOKEN] {
        assert!(!text.contains(canary), "a body shows {canary}");
        assert!(!printed.contains(canary), "debug output shows {canary}");
        let mut headers = parts.headers.iter().filter(|(name, _)| **name != cookie);
        assert!(
            !headers.any(|(_, value)| value.to_str().unwrap().contains(canary)),
            "a header shows {canary}"
        );
    }
    let answer = Answer { status: parts.status, headers: parts.headers, text };
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("strict-transport-security").starts_with("max-age=31536000"));
    answer
}

/// A request of somebody with a good token.
pub(super) fn request(method: Method, path: &str, body: Option<(&str, String)>) -> Request<Body> {
    let request =
        Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    match body {
        Some((media, body)) => request.header(header::CONTENT_TYPE, media).body(Body::from(body)).unwrap(),
        None => request.body(Body::empty()).unwrap(),
    }
}

pub(super) fn token(text: &str) -> Token {
    Token::configured(SecretString::from(text)).unwrap()
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn on24() -> Value {
    json!({ "client_id": 22355, "access_token_key": KEY, "access_token_secret": SECRET })
}

pub(super) fn dataverse() -> Value {
    json!({ "base_url": "https://contoso.crm4.dynamics.com", "tenant_id": "t", "client_id": "c", "client_secret": CLIENT_SECRET })
}

pub(super) fn fault(kind: FaultKind, peer: Peer, code: &'static str) -> Fault {
    Fault::new(kind, peer, "probe", Code::new(code))
}
