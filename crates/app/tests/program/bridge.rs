//! The service beside the emulators, and what people do with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::Http;
use crate::process::{Program, eventually, free_address};

/// The emulators, and the file that they wrote.
pub(crate) struct Peers {
    pub(crate) ready: Value,
    pub(crate) http: Http,
    pub(crate) folder: TempDir,
    _emulators: Program,
}

/// A person as a side has them: first name, last name, company.
pub(crate) type People = BTreeMap<String, [String; 3]>;

impl Peers {
    pub(crate) fn with(registrations: u32) -> Self {
        Self::told(registrations, &[])
    }

    /// With more flags than the number of registrations and the file.
    pub(crate) fn told(registrations: u32, flags: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("bridge.toml");
        let registrations = registrations.to_string();
        let wanted = ["--registrations", &registrations, "--write-config", file.to_str().unwrap()];
        let emulators = Program::start(&[&["emulate", "--json"], &wanted[..], flags].concat(), &[]);
        let ready = emulators.first_line();
        let http = Http::trusting(ready["ca"].as_str().map(Path::new));
        Self { ready, http, folder, _emulators: emulators }
    }

    pub(crate) fn text(&self, peer: &str, name: &str) -> &str {
        self.ready[peer][name].as_str().unwrap()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("bridge.toml")
    }

    /// Changes the file.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.config()).unwrap();
        assert!(text.contains(from), "`{from}` is not in the file");
        std::fs::write(self.config(), text.replace(from, to)).unwrap();
    }

    fn on24(&self) -> &str {
        self.text("on24", "base_url").trim_end_matches("/v2")
    }

    fn state(&self, root: &str) -> Value {
        self.http.get(&format!("{root}/_emulator/state"), "")
    }

    /// How often each operation was called, by peer.
    pub(crate) fn calls(&self) -> [Value; 4] {
        let roots = [
            self.on24(),
            self.text("dataverse", "base_url"),
            self.text("dataverse", "authority"),
            self.text("key_vault", "base_url"),
        ];
        roots.map(|root| self.state(root)["calls"].take())
    }

    /// How often each person was written to, of those who are there.
    pub(crate) fn writes(&self) -> Vec<u64> {
        let state = self.state(self.on24());
        let everybody = state["events"][0]["registrants"].as_array().unwrap();
        everybody.iter().map(|one| one["writes"].as_u64().unwrap()).collect()
    }

    pub(crate) fn on24_good_weather(&self) {
        let url = format!("{}/_emulator/weather", self.on24());
        let (status, answer) = self.http.send(Method::DELETE, &url, "", None);
        assert!((200..300).contains(&status), "{answer}");
    }

    pub(crate) fn on24_weather(&self, operation: &str, effect: &str) {
        let rule = json!({ "operation": operation, "effect": effect, "probability": 1.0, "count": null });
        let url = format!("{}/_emulator/weather", self.on24());
        let (status, answer) = self.http.send(Method::POST, &url, "", Some(&json!({ "rules": [rule] })));
        assert_eq!(status, 200, "{answer}");
    }

    /// Everybody who is live at ON24; nobody may be there twice.
    pub(crate) fn live(&self) -> People {
        let mut people = People::new();
        for one in self.state(self.on24())["events"][0]["registrants"].as_array().unwrap() {
            if one["state"] == "live" {
                let field = |name: &str| one["fields"][name].as_str().unwrap_or_default().to_owned();
                let details = ["firstname", "lastname", "company"].map(field);
                let address = one["email"].as_str().unwrap().to_lowercase();
                assert!(people.insert(address, details).is_none(), "somebody is there twice");
            }
        }
        people
    }

    /// Somebody posts a registrant past the bridge.
    pub(crate) fn on24_registrant(&self, form: &[(&str, &str)]) {
        let on24 = &self.ready["on24"];
        let path = format!("client/{}/event/{}/registrant", on24["client_id"], on24["event_id"]);
        let url = format!("{}/{path}", self.text("on24", "base_url"));
        let header = |name: &'static str, key: &str| (name, self.text("on24", key).to_owned());
        let headers = [
            header("accessTokenKey", "access_token_key"),
            header("accessTokenSecret", "access_token_secret"),
        ];
        let (status, answer) = self.http.post_form(&url, &headers, form);
        assert_eq!(status, 200, "{answer}");
    }

    /// People attend as if the webinar were over.
    pub(crate) fn people_attend(&self) {
        let url = format!("{}/_emulator/attendance", self.on24());
        let body = json!({ "event_id": self.ready["on24"]["event_id"], "seed": 3 });
        let (status, answer) = self.http.send(Method::POST, &url, "", Some(&body));
        assert_eq!(status, 200, "{answer}");
    }

    fn crm_token(&self) -> String {
        let crm = |name| self.text("dataverse", name);
        let scope = format!("{}/.default", crm("base_url"));
        let url = format!("{}/{}/oauth2/v2.0/token", crm("authority"), crm("tenant_id"));
        let answer = self.http.form(
            &url,
            &[
                ("grant_type", "client_credentials"),
                ("client_id", crm("client_id")),
                ("client_secret", crm("client_secret")),
                ("scope", &scope),
            ],
        );
        answer["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn crm_rows(&self, query: &str) -> Vec<Value> {
        let url = format!("{}/api/data/v9.2/{query}", self.text("dataverse", "base_url"));
        self.http.get(&url, &self.crm_token())["value"].as_array().unwrap().clone()
    }

    /// Everybody who is registered in the CRM.
    pub(crate) fn registered(&self) -> People {
        let rows = self.crm_rows(
            "msevtmgt_eventregistrations?$select=statecode&$expand=msevtmgt_ContactId(\
             $select=firstname,lastname,emailaddress1;$expand=parentcustomerid_account($select=name))",
        );
        let person = |row: &Value| {
            let contact = &row["msevtmgt_ContactId"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let company = text(&contact["parentcustomerid_account"]["name"]);
            let details = [text(&contact["firstname"]), text(&contact["lastname"]), company];
            (text(&contact["emailaddress1"]).to_lowercase(), details)
        };
        rows.iter().map(person).collect()
    }

    /// Changes the one event.
    pub(crate) fn change_event(&self, body: &Value) {
        let id = self.crm_rows("msevtmgt_events?$select=msevtmgt_eventid")[0]["msevtmgt_eventid"].take();
        self.crm(Method::PATCH, &format!("msevtmgt_events({})", id.as_str().unwrap()), Some(body));
    }

    /// Changes something in the CRM.
    pub(crate) fn crm(&self, method: Method, path: &str, body: Option<&Value>) {
        let url = format!("{}/api/data/v9.2/{path}", self.text("dataverse", "base_url"));
        let (status, answer) = self.http.send(method, &url, &self.crm_token(), body);
        assert!((200..300).contains(&status), "{path} {status}: {answer}");
    }

    /// Has the CRM send webhooks to this address, of changed registrations and contacts.
    pub(crate) fn sends_webhooks(&self, to: &str, header: &str, key: &str) {
        let step = |message: &str, table: &str| json!({ "message": message, "table": table });
        let steps: Vec<Value> = ["msevtmgt_eventregistration", "contact"]
            .into_iter()
            .flat_map(|table| ["Create", "Update", "Delete"].map(|message| step(message, table)))
            .collect();
        let auth = json!({ "type": "HttpHeader", "values": { header: key } });
        let body = json!({ "url": to, "auth": auth, "steps": steps });
        let url = format!("{}/_emulator/webhooks", self.text("dataverse", "base_url"));
        let (status, answer) = self.http.send(Method::POST, &url, "", Some(&body));
        assert_eq!(status, 200, "{answer}");
    }

    /// Starts the service.
    pub(crate) fn serve(&self) -> Serve<'_> {
        Serve::start(self, &self.folder.path().join("bridge.db"), [free_address(), free_address()], &[])
    }
}

/// The service.
pub(crate) struct Serve<'a> {
    peers: &'a Peers,
    pub(crate) program: Program,
    pub(crate) public: String,
    pub(crate) private: String,
}

impl<'a> Serve<'a> {
    /// Starts it with a store and two addresses that the environment names, and waits until it is ready.
    pub(crate) fn start(
        peers: &'a Peers,
        store: &Path,
        addresses: [String; 2],
        more: &[(&str, &str)],
    ) -> Self {
        let program = Self::program(peers, store, &addresses, more);
        let ready = program.logged("ready");
        let [public, private] = addresses;
        assert_eq!((&ready["public"], &ready["private"]), (&json!(public), &json!(private)));
        Self { peers, program, public: format!("http://{public}"), private: format!("http://{private}") }
    }

    /// Starts it, whatever becomes of it.
    pub(crate) fn program(
        peers: &Peers,
        store: &Path,
        addresses: &[String; 2],
        more: &[(&str, &str)],
    ) -> Program {
        let store = format!("sqlite://{}", store.display());
        let [public, private] = addresses;
        let variables = [
            ("WEBINAR_BRIDGE__STORAGE__URL", store.as_str()),
            ("WEBINAR_BRIDGE__SERVER__PUBLIC", public),
            ("WEBINAR_BRIDGE__SERVER__PRIVATE", private),
            ("WEBINAR_BRIDGE__SERVER__DRAIN", "0s"),
        ];
        Program::start(&["serve", "--config", peers.config().to_str().unwrap()], &[&variables, more].concat())
    }

    pub(crate) fn api(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let token = self.peers.ready["api_token"].as_str().unwrap();
        self.peers.http.send(method, &format!("{}/api/v1/organizations{path}", self.public), token, body)
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.api(Method::GET, path, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The one organization; it may take a moment until it is declared.
    pub(crate) fn organization(&self) -> Value {
        let mut found = Value::Null;
        eventually(|| {
            found = self.get("").as_array().and_then(|all| all.first().cloned()).unwrap_or_default();
            found.is_object()
        });
        found
    }

    /// The path of the one organization.
    pub(crate) fn home(&self) -> String {
        format!("/{}", self.organization()["id"].as_str().unwrap())
    }

    pub(crate) fn balance(&self) -> Value {
        self.get(&format!("{}/balance", self.home()))
    }

    /// Waits until so many persons are at the provider and nothing is on its way.
    #[track_caller]
    pub(crate) fn settles_at(&self, persons: u64) {
        eventually(|| {
            let balance = self.balance();
            balance["persons"]["at_provider"] == persons && balance["persons"]["on_their_way"] == 0
        });
        assert_eq!(self.balance()["adds_up"], true);
    }

    pub(crate) fn readiness(&self) -> (u16, Value) {
        let (status, text) = self.peers.http.try_text(&format!("{}/readyz", self.private)).unwrap();
        (status, serde_json::from_str(&text).unwrap())
    }
}
