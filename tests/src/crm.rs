//! Somebody who works in the emulated CRM, over its own API.

use fastrand::Rng;
use reqwest::Client;
use serde_json::{Value, json};
use webinar_bridge_emulator::DataverseReady;

/// The CRM, and who is registered in it.
pub struct Crm {
    client: Client,
    base_url: String,
    token_url: String,
    token_form: Vec<(&'static str, String)>,
    rows: Vec<Row>,
    born: u64,
}

/// One registration with its contact.
struct Row {
    registration: String,
    contact: String,
    cancelled: bool,
}

/// One write of a batch.
type Write = (String, Value);

impl Crm {
    /// Reads who is registered.
    pub async fn open(crm: &DataverseReady) -> Self {
        let token_url = format!("{}/{}/oauth2/v2.0/token", crm.authority, crm.tenant_id);
        let token_form = vec![
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", crm.client_id.clone()),
            ("client_secret", crm.client_secret.clone()),
            ("scope", format!("{}/.default", crm.base_url)),
        ];
        let client = Client::builder().no_proxy().build().expect("a client");
        let mut crm =
            Self { client, base_url: crm.base_url.clone(), token_url, token_form, rows: vec![], born: 0 };
        let query =
            "msevtmgt_eventregistrations?$select=msevtmgt_eventregistrationid,_msevtmgt_contactid_value";
        let text = |row: &Value, name: &str| row[name].as_str().expect("an id").to_owned();
        crm.rows = crm
            .read(query)
            .await
            .iter()
            .map(|row| Row {
                registration: text(row, "msevtmgt_eventregistrationid"),
                contact: text(row, "_msevtmgt_contactid_value"),
                cancelled: false,
            })
            .collect();
        crm
    }

    async fn token(&self) -> String {
        let answer = self.client.post(&self.token_url).form(&self.token_form).send().await.expect("Entra ID");
        let answer: Value = answer.json().await.expect("a token");
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// All rows of a query.
    pub async fn read(&self, query: &str) -> Vec<Value> {
        let token = self.token().await;
        let mut next = Some(format!("{}/api/data/v9.2/{query}", self.base_url));
        let mut rows = vec![];
        while let Some(url) = next {
            let answer = self.client.get(url).bearer_auth(&token).send().await.expect("Dataverse");
            let mut page: Value = answer.json().await.expect("JSON");
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
            if let Value::Array(some) = page["value"].take() {
                rows.extend(some);
            }
        }
        rows
    }

    /// People rename `n` of themselves, and some cancel or come back; how many states that makes which are wanted of ON24.
    pub async fn work(&mut self, chance: &mut Rng, n: usize) -> u64 {
        let mut writes: Vec<Write> = vec![];
        chance.shuffle(&mut self.rows);
        for row in self.rows.iter_mut().take(n) {
            if chance.u8(..100) < 15 {
                row.cancelled = !row.cancelled;
                let path = format!("msevtmgt_eventregistrations({})", row.registration);
                writes.push((path, json!({ "msevtmgt_iscanceled": row.cancelled })));
            } else if !row.cancelled {
                self.born += 1;
                let path = format!("contacts({})", row.contact);
                writes.push((path, json!({ "firstname": format!("Name {}", self.born) })));
            }
        }
        let states = u64::try_from(writes.len()).expect("few");
        self.batch(writes).await;
        states
    }

    /// The next `n` people who are still registered cancel; the ids of their registrations.
    pub async fn cancel(&mut self, n: usize) -> Vec<String> {
        let mut writes: Vec<Write> = vec![];
        let mut cancelled = vec![];
        for row in self.rows.iter_mut().filter(|row| !row.cancelled).take(n) {
            row.cancelled = true;
            let path = format!("msevtmgt_eventregistrations({})", row.registration);
            writes.push((path, json!({ "msevtmgt_iscanceled": true })));
            cancelled.push(row.registration.clone());
        }
        self.batch(writes).await;
        cancelled
    }

    async fn batch(&self, writes: Vec<Write>) {
        let token = self.token().await;
        let part = |(path, body): Write| {
            format!(
                "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
                 PATCH /api/data/v9.2/{path} HTTP/1.1\r\nContent-Type: application/json\r\nIf-Match: *\r\n\r\n{body}\r\n"
            )
        };
        let mut body: String = writes.into_iter().map(part).collect();
        body.push_str("--b--\r\n");
        let url = format!("{}/api/data/v9.2/$batch", self.base_url);
        let request = self.client.post(url).bearer_auth(token).body(body);
        let request = request.header("content-type", "multipart/mixed; boundary=b");
        let answer = request.send().await.expect("Dataverse");
        assert!(answer.status().is_success(), "the batch is taken: {}", answer.status());
    }
}
